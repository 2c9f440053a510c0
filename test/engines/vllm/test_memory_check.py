# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The pre-flight: what an engine needs, what is free, and the sentence when that does not fit."""

import json

import pytest

from robobrain_ros.engines.vllm import memory_check
from robobrain_ros.errors import BrainError

EIGHT_B = {
    'model_type': 'qwen3_vl',
    'text_config': {'num_hidden_layers': 36, 'num_attention_heads': 32, 'num_key_value_heads': 8, 'head_dim': 128},
    'vision_config': {'hidden_size': 1152},
}
GIB = 2**30


@pytest.fixture
def model(tmp_path):
    (tmp_path / 'config.json').write_text(json.dumps(EIGHT_B))
    with open(tmp_path / 'model.safetensors', 'wb') as file:
        file.truncate(16724 * memory_check.MIB)  # a sparse file
    return tmp_path


def check(model, available, monkeypatch, kv_cache=GIB, max_model_len=4096):
    monkeypatch.setattr(memory_check, 'memory', lambda device, gpus: (available, 24 * GIB))
    return memory_check.check(model, 'cuda', kv_cache, 640 * 480, max_model_len, float32=False)


def test_a_token_of_the_8b_takes_144_kib(model):
    assert memory_check.kv_token_bytes(model, float32=False) == 144 * 1024
    assert memory_check.kv_token_bytes(model, float32=True) == 288 * 1024


def test_the_8b_was_measured(model):
    """20054 MiB on an H200; the estimate may be a little high, never low."""
    total = memory_check.need(model, 'cuda', GIB, 640 * 480, float32=False).total / memory_check.MIB
    assert 20054 <= total <= 20054 * 1.05


def test_it_fits_on_24_gib_and_not_on_16(model, monkeypatch):
    assert 0.78 < check(model, 23 * GIB, monkeypatch) < 0.83
    with pytest.raises(
        BrainError, match=r'needs 19\.\d GiB \(weights 16\.3 GiB.*15\.0 GiB are free on cuda.*kv_cache_mb'
    ):
        check(model, 15 * GIB, monkeypatch)


def test_the_longest_request_must_fit_into_the_cache(model, monkeypatch):
    with pytest.raises(
        BrainError, match=r'max_model_len 32768 tokens takes 4608 MiB.*there are 1024.*raise kv_cache_mb'
    ):
        check(model, 100 * GIB, monkeypatch, max_model_len=32768)


def test_free_main_memory_is_read(model):
    free, total = memory_check.memory('cpu')
    assert GIB / 4 < free < total < 2**50


def test_what_cannot_be_measured_is_not_refused(model, monkeypatch):
    monkeypatch.setenv('PATH', '')
    assert memory_check.check(model, 'cuda', GIB, 640 * 480, 4096, float32=False) == 1.0


def test_fp8_halves_the_matrices_of_the_language_model(tmp_path):
    (tmp_path / 'config.json').write_text(json.dumps(EIGHT_B))
    shapes = {
        'model.language_model.layers.0.mlp.up_proj.weight': [64, 32],
        'model.language_model.layers.0.input_layernorm.weight': [32],
        'model.language_model.embed_tokens.weight': [100, 32],
        'model.visual.blocks.0.attn.qkv.weight': [96, 32],
        'lm_head.weight': [100, 32],
    }
    header, end = {'__metadata__': {'format': 'pt'}}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * shape[0] * (shape[1] if len(shape) > 1 else 1)
        header[name] = {'dtype': 'BF16', 'shape': shape, 'data_offsets': [begin, end]}  # type: ignore[dict-item]
    text = json.dumps(header).encode()
    (tmp_path / 'model.safetensors').write_bytes(len(text).to_bytes(8, 'little') + text + bytes(end))
    assert memory_check.fp8_saves(tmp_path) == 64 * 32
    whole, halved = (memory_check.need(tmp_path, 'cuda', GIB, 640 * 480, False, fp8).weights for fp8 in (False, True))
    assert whole - halved == 64 * 32


def test_gpus_share_weights_and_cache(model):
    one, two = (memory_check.need(model, 'cuda', GIB, 640 * 480, False, ranks=ranks) for ranks in (1, 2))
    assert (two.weights, two.kv_cache, two.overhead) == (one.weights // 2, one.kv_cache // 2, one.overhead)
    assert memory_check.indivisible_heads(model, 2) == 0
    assert memory_check.indivisible_heads(model, 3) == 32


def test_ranks_on_a_cpu_share_its_memory(model):
    one, two = (memory_check.need(model, 'cpu', GIB, 640 * 480, True, ranks=ranks) for ranks in (1, 2))
    assert (two.weights, two.kv_cache) == (one.weights, one.kv_cache)
    assert two.total - one.total == one.vision + one.overhead


def test_each_rank_keeps_a_key_value_head_at_least(model):
    assert memory_check.kv_token_bytes(model, False, ranks=8) == memory_check.kv_token_bytes(model, False)
    assert memory_check.kv_token_bytes(model, False, ranks=16) == 2 * memory_check.kv_token_bytes(model, False)


@pytest.mark.parametrize(('shown', 'asked'), [('', '0,1'), ('3,1,2', '3,1'), ('GPU-a,GPU-b', 'GPU-a,GPU-b')])
def test_the_fullest_of_the_gpus_counts(shown, asked, monkeypatch, tmp_path):
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', shown)
    program = tmp_path / 'nvidia-smi'
    program.write_text(f'#!/bin/sh\n[ "$1 $2" = "-i {asked}" ] || exit 1\necho "70000, 81559"\necho "30000, 81559"\n')
    program.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path))
    assert memory_check.memory('cuda', 2) == (30000 * memory_check.MIB, 81559 * memory_check.MIB)


def test_presets_say_what_fits(model, monkeypatch):
    assert memory_check.preset(model, 24, False, 640 * 480, 4096)[0]
    fits, words = memory_check.preset(model, 16, False, 640 * 480, 4096)
    assert not fits
    assert 'too many' in words
    monkeypatch.setattr(memory_check, 'fp8_saves', lambda path: 6600 * memory_check.MIB)
    fits, words = memory_check.preset(model, 16, True, 640 * 480, 4096)
    assert fits
    assert 'quantization:=fp8' in words
    assert '4096 takes 576 MiB' in words


def test_the_check_counts_all_ranks(model, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(memory_check, 'memory', lambda device, gpus: (asked.append(gpus) or 80 * GIB, 80 * GIB))
    whole = memory_check.check(model, 'cuda', 4 * GIB, 640 * 480, 4096, False)
    part = memory_check.check(model, 'cuda', 4 * GIB, 640 * 480, 4096, False, ranks=2)
    assert asked == [1, 2]
    assert 0.4 < part / whole < 0.8
    with pytest.raises(BrainError, match='takes 1152 MiB of KV cache, but there are 1024'):
        memory_check.check(model, 'cuda', GIB, 640 * 480, 4096, False, ranks=16)


@pytest.mark.parametrize(
    ('found', 'method'),
    [({}, ''), ({'quantization_config': None}, ''), ({'quantization_config': {'quant_method': 'fp8'}}, 'fp8')],
)
def test_files_that_are_quantized_already_are_known(found, method, tmp_path):
    (tmp_path / 'config.json').write_text(json.dumps(found))
    assert memory_check.quantized(tmp_path) == method
