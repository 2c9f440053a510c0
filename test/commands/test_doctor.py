# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What `robobrain doctor` finds out."""

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec

import pytest

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands import doctor, machine
from robobrain_ros.weights import safetensors_header
from robobrain_ros.weights.folder import ModelFolder
from robobrain_ros.weights.manifest import Manifest


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
    tensors = safetensors_header.tensors(ModelFolder(model), 'model.safetensors')
    index = model / 'model.safetensors.index.json'
    index.write_text(json.dumps({'weight_map': dict.fromkeys(tensors, 'model-2.safetensors')}))
    assert bad(model).startswith('model-2.safetensors is missing')
    (model / 'model.safetensors').rename(model / 'model-2.safetensors')
    assert bad(model) == ''


def test_the_origin_of_the_weights_is_told(model):
    def origin() -> str:
        return next(words for _, what, words in doctor.check_model(model) if what == 'origin')

    assert 'unknown' in origin()
    Manifest('modelscope', 'FlagRelease/RoboBrain2.5-8B-FlagOS', 'master', '', ()).write(model)
    assert origin().startswith('FlagRelease/RoboBrain2.5-8B-FlagOS, master, from ModelScope, sha256 e3b0c442')


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


def test_a_bare_machine_is_told_what_setup_would_do(tmp_path):
    command = [sys.executable, '-I', '-S', machine.__file__, '--environment', tmp_path / '.venv', '--missing', 'g++']
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stderr == ''
    assert done.returncode == 1
    assert './run setup installs g++' in done.stdout
    assert '.venv is not there: ./run setup makes it' in done.stdout
    assert 'UDP to 127.0.0.1 arrives' in done.stdout


def test_a_loopback_that_is_down_is_missing(tmp_path):
    """In a network of its own, in which nobody has switched the loopback on."""
    alone = ('unshare', '--net', '--map-root-user')
    if not shutil.which('unshare') or subprocess.run([*alone, 'true'], capture_output=True).returncode:
        pytest.skip('this host does not give away networks')  # needs user namespaces, which containers may forbid
    code = f'import runpy; m = runpy.run_path({machine.__file__!r}); m["show"](m["network"]())'
    done = subprocess.run([*alone, sys.executable, '-I', '-S', '-c', code], capture_output=True, text=True, timeout=60)
    lines = {line.split()[1]: line for line in done.stdout.splitlines()}
    assert lines['loopback'].startswith('MISSING')
    assert lines['multicast'].startswith('note')


@pytest.mark.parametrize(
    ('name', 'value', 'says'),
    [
        ('ROS_DOMAIN_ID', '233', "ROS_DOMAIN_ID is '233'"),
        ('ROS_DOMAIN_ID', '-1', "ROS_DOMAIN_ID is '-1'"),
        ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'localhost', "is 'localhost', but must be one of SUBNET, LOCALHOST"),
    ],
)
def test_variables_with_which_no_node_is_found(monkeypatch, name, value, says):
    monkeypatch.setenv(name, value)
    assert [says in words for grade, _, words in machine.discovery() if grade == machine.BAD] == [True]


def test_discovery_that_is_off_is_told(monkeypatch):
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'OFF')
    assert 'do not find each other' in ' '.join(
        words for grade, _, words in machine.discovery() if grade == machine.NOTE
    )
