"""What the package asks of a vision-language engine: the Engine protocol and the values that cross it."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol

import numpy as np

from robobrain_ros.engines.vllm import caches
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.tasks.base import Guide

QUANTIZATIONS = ('none', 'fp8')
DTYPES = ('auto', 'float32', 'bfloat16', 'float16')
DECODE_KERNELS = ('auto', 'off')


class EngineDead(BrainError):
    """The engine process died: every request in flight is lost, and a new start is needed."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.ENGINE_DEAD, message)


class EngineRefused(BrainError):
    """The engine refused this one request (prompt too long, bad grammar ...) and lives on."""

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.ENGINE_FAILED, message)


@dataclass(frozen=True)
class EngineConfig:
    """How to run a model; the defaults serve the tiny checkpoint on a CPU and the 8B on a GPU.

    :param model: directory with the Hugging Face files of a Qwen-VL model
    :param device: ``cpu``, ``cuda``, or ``auto`` (what the installed torch offers)
    :param dtype: ``auto`` is float32 on a CPU (bfloat16 is four times slower there) and the model's own on a GPU
    :param max_model_len: longest prompt plus answer, tokens
    :param max_num_seqs: most requests that are computed at a time
    :param max_pixels: larger images are scaled down to this before the model sees them; one token is 32x32 pixels
    :param kv_cache_mb: memory for the KV cache, MiB; 0 takes 256 on a CPU and 1024 on a GPU
    :param stall_s: an engine that brings no token for this long is given up as dead, seconds
    :param quantization: ``fp8`` halves the weights of the language model's layers as they are loaded (GPU);
        ``none`` leaves them as they are on disk
    :param decode_kernels: ``auto`` makes single tokens by this package's own kernels, where they were measured to be
        faster (decode_layer.py); ``off`` leaves them to vLLM's
    :param tensor_parallel_size: GPUs that share the model; on a CPU processes, each on ``OMP_NUM_THREADS`` cores
    :param cache_directory: where a GPU's compiled kernels are kept between starts; empty: each library's own place
    :param flaggems: operators to take from FlagGems (GPU)
    """

    model: Path
    device: str = 'auto'
    dtype: str = 'auto'
    max_model_len: int = 4096
    max_num_seqs: int = 8
    max_pixels: int = 640 * 480
    kv_cache_mb: int = 0
    stall_s: float = 30.0
    quantization: str = 'none'
    decode_kernels: str = 'auto'
    tensor_parallel_size: int = 1
    cache_directory: str = caches.DEFAULT
    flaggems: FlagGemsSettings = field(default_factory=FlagGemsSettings)

    def __post_init__(self) -> None:
        if self.device not in ('auto', 'cpu', 'cuda'):
            raise BadRequest(f"device is {self.device!r}, but must be 'auto', 'cpu' or 'cuda'")
        if self.quantization not in QUANTIZATIONS:
            raise BadRequest(f"quantization is {self.quantization!r}, but must be 'none' or 'fp8'")
        if not (self.model / 'config.json').is_file():
            raise BadRequest(
                f"model is '{self.model}', but that is no directory with a model's config.json in it",
            )


@dataclass(frozen=True)
class Generation:
    """One request to the engine.

    :param text: what the user says, after the image; the engine puts it into the model's chat template
    :param image: RGB, height x width x 3, uint8
    :param max_tokens: the answer is cut after this many tokens
    :param request_id: unique among the requests in flight
    :param stop: the answer ends with the first of these that it contains, included
    :param guide: grammar that the answer must follow, or None
    :param reply_prefix: what the model's answer begins with; given, not generated, and not in the deltas
    :param temperature: 0 is greedy, and repeatable
    """

    text: str
    image: np.ndarray
    max_tokens: int
    request_id: str
    stop: Sequence[str] = ()
    guide: Guide | None = None
    reply_prefix: str = ''
    temperature: float = 0.0


@dataclass(frozen=True)
class Delta:
    """A piece of an answer as it is generated; the last one has a ``finish_reason``.

    The first delta of every request is empty (no tokens): it says that preparation is over and the engine has begun.
    """

    text: str = ''
    tokens: int = 0
    finish_reason: str = ''
    """``stop``, ``length`` or ``abort``; empty while the answer goes on."""


class EngineState(Enum):
    """The life of an engine."""

    STOPPED = 'stopped'
    STARTING = 'starting'
    READY = 'ready'
    DEAD = 'dead'


@dataclass(frozen=True)
class Health:
    """An engine's state at one moment."""

    state: EngineState
    in_flight: int = 0
    pids: tuple[int, ...] = ()
    """The processes that the engine runs beside this one."""
    error: str = ''
    """Why the state is DEAD."""
    details: Mapping[str, str] = field(default_factory=dict)
    """More to know, by name, for people."""


class Engine(Protocol):
    """A running model. All coroutines belong to one event loop: the one that ``start`` ran in."""

    async def start(self, report: Callable[[str], None]) -> None:
        """Load the model; takes seconds to minutes. ``report`` hears what is going on, in words.

        Cancelling it ends all that it has begun, before it returns.

        :raises EngineDead: if the model cannot be loaded
        """

    async def warm_up(self, generations: Sequence[Generation]) -> list[float]:
        """Run every given request to its end, one after the other; returns how many milliseconds each took."""

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """(width, height) at which the model sees an image of this size, pixels."""

    def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        """Stream the answer. Cancelling the task that iterates aborts the request in the engine.

        :raises EngineDead: if the engine dies meanwhile
        :raises EngineRefused: if the engine does not take the request
        """

    async def abort(self, request_id: str) -> None:
        """End a request; its stream finishes with reason ``abort``. Unknown ids are ignored."""

    def health(self) -> Health:
        """The engine's state now; does not block, and may be called from any thread."""

    async def close(self) -> None:
        """End the engine with all its processes and give back its memory; any number of times.

        Requests in flight end with reason ``abort``. While ``start`` runs, cancel that instead.
        """
