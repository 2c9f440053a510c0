# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which steps vLLM is to record as CUDA graphs: those of requests with one camera image, and with eight small ones."""

import json
from typing import Any

from robobrain_ros.engines.vllm.config import MAX_IMAGES, EngineConfig
from robobrain_ros.engines.vllm.image_processor import ImageLimits

TEXT_TOKENS = 192
"""Length of the longest usual question with its chat format; longer ones are computed kernel by kernel."""
FINE = 16
"""Tokens between two recorded lengths; a prompt is padded to the next one."""
COARSE = 8
"""Lengths below that of the largest image: this many, for cameras with smaller images."""
SMALL_IMAGE = 80
"""Tokens of an image of 320x240, of which the task progress shows eight at a time."""
COMPARISON = range(576, 1537, 64)
"""Lengths of its requests: their text has some 730 tokens, and what stays the same in an episode is cached."""
FIRST_RUNNER = {'VLLM_USE_V2_MODEL_RUNNER': '0'}
"""Makes vLLM take the first of its model runners."""


def compilation(config: EngineConfig) -> dict[str, Any]:
    """Choose the graphs: those of the language model, and two of the vision tower: the largest image, eight small ones.

    By default vLLM records none of the tower; told to, eight or so, whose sizes are powers of two. Smaller images are
    padded to the next size, and cost what that costs. On one H100 the 8B's first token of eight images of 320x240 came
    after 56 ms with these graphs and after 88 ms without (docs/performance.md).

    :returns: vLLM's ``compilation_config``
    """
    recorded: dict[str, Any] = {'cudagraph_capture_sizes': lengths(config)}
    if _has_tower_graphs(config):
        recorded |= {
            'cudagraph_mm_encoder': True,
            'encoder_cudagraph_token_budgets': sorted({_image_tokens(config), MAX_IMAGES * SMALL_IMAGE}),
            'encoder_cudagraph_max_vision_items_per_batch': MAX_IMAGES,
        }
    return recorded


def environment(config: EngineConfig, version: str) -> dict[str, str]:
    """Choose the model runner, by variables for the engine's process.

    The second one, which vLLM 0.25 takes by default, leaves the vision tower's graphs out without a word; those of
    later versions (seen in 0.32) record them.

    :param version: vLLM's; empty if it is unknown
    :returns: variables by name; none where vLLM's own choice is right
    """
    if not version or not _has_tower_graphs(config):
        return {}
    first_two = tuple(int(part) for part in version.split('.')[:2])
    return FIRST_RUNNER if first_two < (0, 27) else {}


def lengths(config: EngineConfig) -> list[int]:
    """Choose how many tokens a recorded step has.

    By default vLLM (0.20 - 0.33) records no step of more than twice ``max_num_seqs`` tokens, so that the whole prompt
    of a request is launched kernel by kernel.

    :returns: tokens, ascending, for ``cudagraph_capture_sizes``
    """
    image = _image_tokens(config)
    answers = [2**power for power in range(config.max_num_seqs.bit_length())]
    coarse = range(_up(image / COARSE), _up(image + 1), _up(image / COARSE))
    fine = range(_up(image + 1), image + TEXT_TOKENS + 1, FINE)
    compared = [length for length in COMPARISON if _has_tower_graphs(config) and length <= config.max_model_len]
    return sorted({*answers, config.max_num_seqs, *coarse, *fine, *compared})


def _has_tower_graphs(config: EngineConfig) -> bool:
    """Whether the vision tower has graphs: vLLM has them for more models, but only RoboBrain 2.5 was measured."""
    model_type: object = json.loads((config.model / 'config.json').read_text()).get('model_type')
    return model_type == 'qwen3_vl'


def _image_tokens(config: EngineConfig) -> int:
    """How many tokens the largest image takes."""
    limits = ImageLimits.read(config.model, config.max_pixels)
    return limits.max_pixels // limits.factor**2


def _up(tokens: float) -> int:
    """Round up to a multiple of FINE."""
    return FINE * -int(-tokens // FINE)
