"""The pre-flight: what an engine needs, what is free, and the sentence when that does not fit."""

import json

import pytest

from robobrain_ros.engines import memory
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
        file.truncate(16724 * memory.MIB)  # a sparse file
    return tmp_path


def check(model, available, monkeypatch, kv_cache=GIB, max_model_len=4096):
    monkeypatch.setattr(memory, 'memory', lambda device: (available, 24 * GIB))
    return memory.check(model, 'cuda', kv_cache, 640 * 480, max_model_len, float32=False)


def test_a_token_of_the_8b_takes_144_kib(model):
    assert memory.kv_token_bytes(model, float32=False) == 144 * 1024
    assert memory.kv_token_bytes(model, float32=True) == 288 * 1024


def test_the_8b_was_measured(model):
    """19182 MiB on an H200; the estimate may be a little high, never low."""
    total = memory.need(model, 'cuda', GIB, 640 * 480, float32=False).total / memory.MIB
    assert 19182 <= total <= 19182 * 1.05


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
    free, total = memory.memory('cpu')
    assert GIB / 4 < free < total < 2**50


def test_what_cannot_be_measured_is_not_refused(model, monkeypatch):
    monkeypatch.setenv('PATH', '')
    assert memory.check(model, 'cuda', GIB, 640 * 480, 4096, float32=False) == 1.0
