# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What is recorded as CUDA graphs covers what requests have, with little padding."""

import json
import os
import subprocess
import sys
from itertools import pairwise

import pytest

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.processes import Family
from robobrain_ros.engines.vllm import launch
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.cuda_graphs import FINE, FIRST_RUNNER, TEXT_TOKENS, compilation, environment, lengths
from robobrain_ros.engines.vllm.flaggems import Choice

LIMITS = {'size': {'shortest_edge': 65536, 'longest_edge': 640 * 480}, 'patch_size': 16, 'merge_size': 2}


@pytest.fixture
def model(tmp_path):
    """Files of a model that sees from 64 to 300 tokens in an image."""
    (tmp_path / 'config.json').write_text(json.dumps({'model_type': 'qwen3_vl'}))
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(LIMITS))
    return tmp_path


def make_older(model):
    """RoboBrain 2.0 is a Qwen2.5-VL."""
    (model / 'config.json').write_text(json.dumps({'model_type': 'qwen2_5_vl'}))


@pytest.mark.parametrize('max_num_seqs', [1, 3, 8, 100])
@pytest.mark.parametrize(('pixels', 'image'), [(320 * 256, 80), (66000, 64), (10**6, 300)])
def test_lengths_cover_answers_and_prompts(pixels, image, max_num_seqs, model):
    found = lengths(EngineConfig(model, max_pixels=pixels, max_num_seqs=max_num_seqs))
    assert found == sorted(set(found))
    assert {1, max_num_seqs} <= set(found)
    assert found[-1] >= max(image + TEXT_TOKENS - FINE, 8 * 80 + 730), 'also of a request with eight small images'
    for text in range(1, TEXT_TOKENS - FINE):
        padded = min(length for length in found if length >= image + text)
        assert padded - (image + text) < FINE
    below = [length for length in found if 16 <= length <= image + FINE]
    assert all(after - before <= image / 4 for before, after in pairwise(below))
    assert len(found) < 60


def test_the_vision_tower_is_recorded_for_the_largest_image_and_for_eight_small_ones(model):
    made = compilation(EngineConfig(model, max_pixels=640 * 480))
    assert made['cudagraph_mm_encoder']
    assert made['encoder_cudagraph_token_budgets'] == [300, 640]
    assert made['encoder_cudagraph_max_vision_items_per_batch'] == 8
    make_older(model)
    assert compilation(EngineConfig(model)).keys() == {'cudagraph_capture_sizes'}


def test_vllm_takes_what_is_to_be_recorded():
    config = pytest.importorskip('vllm.config')
    made = compilation(EngineConfig(TINY_MODEL))
    taken = config.CompilationConfig(**made)
    assert {name: getattr(taken, name) for name in made} == made


@pytest.mark.parametrize(
    ('version', 'first'), [('0.25.1+cu129', True), ('0.26.0', True), ('0.27.0rc1', False), ('', False)]
)
def test_where_the_second_model_runner_has_no_such_graphs_the_first_runs(version, first, model, tmp_path, monkeypatch):
    monkeypatch.setattr(launch, 'installed_version', lambda name: version)
    monkeypatch.setattr(launch.memory_check, 'memory', lambda device, gpus: (2**36, 2**37))
    how = launch.launch(EngineConfig(TINY_MODEL, cache_directory=''), str(tmp_path), Choice('off'), on_cpu=False)
    assert how.environment.get('VLLM_USE_V2_MODEL_RUNNER') == ('0' if first else None)
    assert how.arguments['compilation_config']['cudagraph_mm_encoder']
    make_older(model)
    assert environment(EngineConfig(model), version) == {}


def test_the_choice_reaches_the_engine_s_process_and_only_that():
    family = Family()
    ask = 'import os; print(os.environ["VLLM_USE_V2_MODEL_RUNNER"])'
    try:
        with family.adopt(FIRST_RUNNER):
            told = subprocess.run([sys.executable, '-c', ask], capture_output=True, text=True, timeout=60)
    finally:
        family.close()
    assert told.stdout == '0\n'
    assert 'VLLM_USE_V2_MODEL_RUNNER' not in os.environ
