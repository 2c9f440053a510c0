# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""vLLM's door to this package: who gets its model class, who does not, and why."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
from repository import ROOT

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm import plugin


@pytest.fixture
def host(monkeypatch):
    """A host on which the plugin works."""
    monkeypatch.setattr(plugin, 'installed_version', lambda name: '0.25.1')
    known = {(plugin.GROUP, plugin.NAME): [EntryPoint(plugin.NAME, 'module:register', plugin.GROUP)]}
    monkeypatch.setattr(plugin, 'entry_points', lambda group, name: known.get((group, name), []))
    monkeypatch.delenv('VLLM_PLUGINS', raising=False)
    return known


def test_an_engine_asks_for_the_architecture(host):
    assert plugin.arguments(TINY_MODEL, wanted=True) == {
        'additional_config': {'vllm_decodes': ''},
        'hf_overrides': {'architectures': [plugin.ARCHITECTURE]},
    }


def test_the_worker_is_told_why_an_engine_does_not(host):
    told = {'additional_config': {'vllm_decodes': 'decode_kernels is off'}}
    assert plugin.arguments(TINY_MODEL, wanted=False) == told


def test_what_stands_in_its_way_is_said(host, monkeypatch, tmp_path):
    (tmp_path / 'config.json').write_text(json.dumps({'architectures': ['LlamaForCausalLM']}))
    assert plugin.obstacle(tmp_path) == 'LlamaForCausalLM has no layers of Qwen3-VL'
    monkeypatch.setenv('VLLM_PLUGINS', 'fl,other')
    assert plugin.obstacle(TINY_MODEL) == "VLLM_PLUGINS is 'fl,other', which leaves out 'robobrain'"
    monkeypatch.setenv('VLLM_PLUGINS', 'fl,robobrain')
    assert plugin.obstacle(TINY_MODEL) == ''
    host.clear()
    assert "plugin 'robobrain' for vLLM is not installed" in plugin.obstacle(TINY_MODEL)
    monkeypatch.setattr(plugin, 'installed_version', lambda name: '0.32.0')
    assert plugin.obstacle(TINY_MODEL) == 'made for vLLM 0.25.x, not for 0.32.0'


FRESH = """
import sys
from vllm.plugins import load_general_plugins
from vllm import ModelRegistry
before = {name: str(model) for name, model in ModelRegistry.models.items()}
load_general_plugins()
from robobrain_ros.engines.vllm import plugin
plugin.register()
after = {name: str(model) for name, model in ModelRegistry.models.items()}
assert {name: after[name] for name in before} == before, 'models of others are as before'
assert set(after) - set(before) == {plugin.ARCHITECTURE}
heavy = [name for name in sys.modules if name.startswith('robobrain_ros.engines.vllm.worker')]
assert heavy == [], heavy
from robobrain_ros.engines.vllm.worker.decoding_model import DecodingModel
from vllm.model_executor.models.qwen3_vl import Qwen3VLForConditionalGeneration
assert ModelRegistry.models[plugin.ARCHITECTURE].load_model_cls() is DecodingModel
assert issubclass(DecodingModel, Qwen3VLForConditionalGeneration)
assert 'robobrain_ros.engines.vllm.worker.decode_layer' not in sys.modules
from vllm.model_executor.models.registry import _ModelInfo
ours, theirs = (vars(_ModelInfo.from_model_cls(kind)) for kind in (DecodingModel, Qwen3VLForConditionalGeneration))
assert {name for name in ours if ours[name] != theirs[name]} == {'architecture'}, (ours, theirs)
print('fine')
"""


def test_vllm_finds_it_and_nothing_else_changes(tmp_path):
    """In a process of its own, with an environment in which the plugin is installed."""
    pytest.importorskip('vllm')
    folder = tmp_path / 'plugin_of_this_test-1.0.dist-info'
    folder.mkdir()
    (folder / 'METADATA').write_text('Metadata-Version: 2.1\nName: plugin_of_this_test\nVersion: 1.0\n')
    (folder / 'entry_points.txt').write_text(
        f'[{plugin.GROUP}]\n{plugin.NAME} = {plugin.register.__module__}:{plugin.register.__name__}\n'
    )
    code = f'import sys; sys.path.insert(0, {str(tmp_path)!r})\n{FRESH}'
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=110)
    assert (done.returncode, done.stdout.strip().splitlines()[-1:]) == (0, ['fine']), done.stdout + done.stderr


def test_pip_and_colcon_install_the_same_entry_point():
    declared = f"'{plugin.GROUP}': ['{plugin.NAME} = {plugin.__name__}:{plugin.register.__name__}']"
    assert declared in (ROOT / 'setup.py').read_text()
    cmake = (ROOT / 'CMakeLists.txt').read_text()
    assert f'[{plugin.GROUP}]\\n{plugin.NAME} = {plugin.__name__}:{plugin.register.__name__}\\n' in cmake
