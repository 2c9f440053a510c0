"""For which lengths of a prompt vLLM is to record CUDA graphs: those that requests with one camera image have."""

from robobrain_ros.engines.base import EngineConfig
from robobrain_ros.engines.images import ImageLimits

TEXT_TOKENS = 192
"""Of the longest usual question with its chat format; longer ones are computed without graphs, kernel by kernel."""
FINE = 16
"""Tokens between two recorded lengths; a prompt is padded to the next one."""
COARSE = 8
"""Lengths below that of the largest image: this many, for cameras with smaller images."""


def lengths(config: EngineConfig) -> list[int]:
    """Tokens of a step, ascending, for ``cudagraph_capture_sizes``.

    By default vLLM (0.20 - 0.33) records no step of more than twice ``max_num_seqs`` tokens, so that the whole prompt
    of a request is launched kernel by kernel.
    """
    limits = ImageLimits.read(config.model, config.max_pixels)
    image = limits.max_pixels // limits.factor**2
    answers = [2**power for power in range(config.max_num_seqs.bit_length())]
    coarse = range(_up(image / COARSE), _up(image + 1), _up(image / COARSE))
    fine = range(_up(image + 1), image + TEXT_TOKENS + 1, FINE)
    return sorted({*answers, config.max_num_seqs, *coarse, *fine})


def _up(tokens: float) -> int:
    """To a multiple of FINE."""
    return FINE * -int(-tokens // FINE)
