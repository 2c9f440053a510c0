# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An engine for long questions, many at a time, made so that every stack sees the same pixels."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robobrain_ros import checkpoints
from robobrain_ros.brain.loading import engine_for
from robobrain_ros.engines.base import Engine
from robobrain_ros.engines.vllm import memory_check
from robobrain_ros.engines.vllm.config import MAX_IMAGES, EngineConfig
from robobrain_ros.engines.vllm.launch import runs_on_cpu
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency import json_files
from robobrain_ros.tasks.profiles import Profile

MAX_PIXELS = 2_097_152
"""Larger images are scaled down to this by every stack; the sets' own are smaller, with few exceptions."""
PIXELS_A_TOKEN = 32 * 32
WORDS = 2048
"""Tokens for a question's words."""
TYPICAL = 2048
"""Tokens of a question with its images and its answer, where many are in flight."""
PATIENCE_S = 300.0
"""A server that sends nothing for so long has failed; FlagEvalMM waits as long."""


def make(
    model: str | Path,
    *,
    concurrency: int,
    max_tokens: int,
    options: Mapping[str, Any] | None = None,
) -> tuple[Engine, Profile]:
    """Make an engine, which does not run yet, and find out how its model is asked. Blocks for seconds.

    A server is sent images without loss, since they went through JPEG already. A model that is loaded here gets
    memory for its longest question, and for ``concurrency`` ordinary ones.

    :param model: directory of a checkpoint, ``tiny``, or the address of a server
    :param concurrency: so many questions are in flight at a time
    :param max_tokens: of an answer
    :param options: more of ``engine_for``'s, such as ``quantization``; larger images are made ``max_pixels``
    :raises BadRequest: for a directory without a model, an option that does not exist, and an answer too long for it
    :raises EngineDead: if a server does not answer
    """
    more = {'max_pixels': MAX_PIXELS} | dict(options or {})
    if '://' in str(model):
        return engine_for(model, 'auto', {'image_format': 'png', 'timeout_s': PATIENCE_S} | more)
    directory = checkpoints.directory(model)
    room = _room(directory, concurrency, max_tokens, more['max_pixels'])
    return engine_for(directory, 'auto', {'max_num_seqs': concurrency} | room | more)


def _room(model: Path, concurrency: int, max_tokens: int, max_pixels: int) -> dict[str, int]:
    """Return the longest question in tokens, and the memory for the KV cache."""
    on_cpu = runs_on_cpu(EngineConfig(model))
    config = json_files.read(model / 'config.json')
    known = config.get('text_config', config).get('max_position_embeddings')
    longest = WORDS + max_tokens + MAX_IMAGES * max_pixels // PIXELS_A_TOKEN
    if isinstance(known, int):
        if max_tokens >= known:
            raise BadRequest(f'max_tokens is {max_tokens!r}, but the model takes {known} tokens, question and answer')
        longest = min(longest, known)
    tokens = longest + (concurrency - 1) * TYPICAL
    wanted = tokens * memory_check.kv_token_bytes(model, on_cpu)
    least = memory_check.DEFAULT_KV['cpu' if on_cpu else 'cuda']
    return {'max_model_len': longest, 'kv_cache_mb': -(-max(wanted, least) // memory_check.MIB)}
