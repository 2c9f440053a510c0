# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which steps vLLM is to record as CUDA graphs: those that requests with one camera image have."""

import json
from typing import Any

from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.image_processor import ImageLimits

TEXT_TOKENS = 192
"""Length of the longest usual question with its chat format; longer ones are computed kernel by kernel."""
FINE = 16
"""Tokens between two recorded lengths; a prompt is padded to the next one."""
COARSE = 8
"""Lengths below that of the largest image: this many, for cameras with smaller images."""
FIRST_RUNNER = {'VLLM_USE_V2_MODEL_RUNNER': '0'}
"""Makes vLLM take the first of its model runners."""


def compilation(config: EngineConfig) -> dict[str, Any]:
    """Choose the graphs: the language model's, and one of the vision tower, for the largest image.

    By default vLLM records none of the tower; told to, eight or so, whose sizes are powers of two. Smaller images are
    padded to the one size, and cost what the largest costs.

    :returns: vLLM's ``compilation_config``
    """
    recorded: dict[str, Any] = {'cudagraph_capture_sizes': lengths(config)}
    if _has_tower_graphs(config):
        recorded |= {
            'cudagraph_mm_encoder': True,
            'encoder_cudagraph_token_budgets': [_image_tokens(config)],
            'encoder_cudagraph_max_vision_items_per_batch': 1,
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
    return sorted({*answers, config.max_num_seqs, *coarse, *fine})


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
