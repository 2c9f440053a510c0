"""What `robobrain doctor` finds out."""

import json
import os
import shutil
from importlib.util import find_spec

import pytest

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands import doctor, machine


@pytest.fixture
def model(tmp_path):
    """A copy of the tiny checkpoint that may be spoilt."""
    for file in TINY_MODEL.iterdir():
        shutil.copyfile(file, tmp_path / file.name)
    return tmp_path


def bad(model) -> str:
    return '\n'.join(words for grade, _, words in doctor.check_model(model) if grade == doctor.BAD)


def test_the_tiny_checkpoint_lacks_nothing(model):
    assert bad(model) == ''


@pytest.mark.parametrize('text', ['[', '[]', '"x"', '{}', '{"num_attention_heads": 0}', '[' * 100000])
def test_a_config_that_describes_no_model(model, text):
    (model / 'config.json').write_text(text)
    assert 'config.json' in bad(model)


def test_weights_that_are_none(model):
    (model / 'model.safetensors').write_text('<html>404 not found</html>')
    assert 'safetensors' in bad(model)


def test_lost_shards_are_named(model):
    shards = {'a': 'model.safetensors', 'b': 'model-2.safetensors', 'c': 'model-2.safetensors'}
    index = model / 'model.safetensors.index.json'
    index.write_text(json.dumps({'weight_map': shards}))
    assert bad(model).startswith('model-2.safetensors missing')
    shutil.copyfile(model / 'model.safetensors', model / 'model-2.safetensors')
    assert bad(model) == ''


@pytest.mark.parametrize('text', ['[', '[]', '{}', '{"weight_map": [1]}', '{"weight_map": {"a": 1}}'])
def test_a_broken_index_of_shards(model, text):
    (model / 'model.safetensors.index.json').write_text(text)
    assert 'model.safetensors.index.json' in bad(model)


@pytest.mark.parametrize(
    ('script', 'says'),
    [
        ('#!/bin/sh\nexec sleep 60\n', 'does not end within 0.2 s'),
        ('#!/nowhere/sh\n', 'cannot be started'),
        ('#!/bin/sh\necho no driver >&2; exit 9\n', 'nvidia-smi fails: no driver'),
    ],
)
@pytest.mark.timeout(30)
def test_an_nvidia_smi_that_does_not_work(tmp_path, monkeypatch, script, says):
    (tmp_path / 'nvidia-smi').write_text(script)
    (tmp_path / 'nvidia-smi').chmod(0o755)
    monkeypatch.setenv('PATH', f'{tmp_path}{os.pathsep}{os.environ["PATH"]}')
    monkeypatch.setattr(machine, 'NVIDIA_SMI_S', 0.2 if 'sleep' in script else 20.0)
    (finding,) = machine.gpu()
    assert finding[0] == machine.NOTE
    assert says in finding[2]


def test_what_is_optional_is_told_with_how_to_get_it(monkeypatch):
    absent = ('mujoco', 'rosbags', 'tf2_ros')
    monkeypatch.setattr(doctor.importlib.util, 'find_spec', lambda name: None if name in absent else find_spec(name))
    findings = {what: (grade, words) for grade, what, words in [*doctor._packages(), *doctor._ros()]}
    for name, way in (
        ('mujoco', 'pip install mujoco pyopengl'),
        ('rosbags', 'pip install'),
        ('tf2_ros', 'apt install'),
    ):
        assert findings[name][0] == doctor.NOTE
        assert way in findings[name][1]
