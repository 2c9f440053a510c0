# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which versions go together: what `robobrain doctor` and the node's first lines in the log say of them."""

import logging
import sys
from dataclasses import replace

import pytest
from repository import ROOT

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands import doctor
from robobrain_ros.engines.vllm import stacks
from robobrain_ros.engines.vllm.stacks import Stack
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros import banner
from robobrain_ros.ros.parameters import PARAMETERS

GOOD = Stack(
    python='3.12.3',
    driver='570.158.01',
    cuda='13.0',
    torch='2.11.0',
    triton='3.6.0',
    triton_package='3.6.0',
    torch_triton='3.6.0',
    flag_gems='5.0.2',
    vllm='0.25.1',
    gpus=1,
)
"""What ./run --gpu installs."""
FLAGTREE = replace(GOOD, flagtree='0.6.2a1', triton_package='')
VALUES = {parameter.name: parameter.default for parameter in PARAMETERS} | {'model': 'tiny'}


def faults(stack, environ=None):
    return [(fault.fatal, fault.words) for fault in stack.faults(environ or {}, found=lambda name: name)]


@pytest.mark.parametrize('stack', [Stack(), GOOD, FLAGTREE, replace(GOOD, flagcx='0.13.0', gpus=2)])
def test_what_goes_together_has_no_fault(stack):
    assert faults(stack) == []


def test_everything_is_named():
    assert str(FLAGTREE) == (
        'Python 3.12.3, NVIDIA driver 570.158.01, CUDA 13.0, torch 2.11.0, FlagTree 0.6.2a1 (Triton 3.6.0), '
        'FlagGems 5.0.2, vLLM 0.25.1, vllm-plugin-FL none, FlagCX none (not applicable: it connects several GPUs)'
    )
    assert 'Triton 3.6.0' in str(GOOD)
    assert str(replace(GOOD, gpus=4, flagcx='0.13.0')).endswith('FlagCX 0.13.0')


def test_triton_and_flagtree_in_one_folder():
    ((fatal, words),) = faults(replace(FLAGTREE, triton_package='3.6.0'))
    assert not fatal
    assert 'FlagTree 0.6.2a1 and Triton 3.6.0 are both installed' in words


def test_a_flagtree_without_its_triton():
    ((fatal, words),) = faults(replace(FLAGTREE, triton=''))
    assert fatal
    assert 'no module triton' in words


def test_a_flagtree_of_another_triton_than_torch_requires():
    ((fatal, words),) = faults(replace(FLAGTREE, flagtree='0.4.0+3.5', triton='3.5.0'))
    assert not fatal
    assert 'torch 2.11.0 requires Triton 3.6.0, but triton is 3.5.0' in words


@pytest.mark.parametrize(
    ('plugin', 'vllm', 'fatal'),
    [
        ('0.1.0', '0.13.0', False),
        ('0.1.0+vllm0.13.0', '0.13.0', False),
        ('0.2.0', '0.20.2', False),
        ('0.2.0', '0.25.1', True),
        ('0.1.0', '0.25.1', True),
        ('0.9.0+vllm0.28.0', '0.28.0', False),
        ('0.9.0+vllm0.28.0', '0.25.1', True),
        ('0.2.0', '', True),
    ],
)
def test_a_plugin_runs_with_its_own_vllm_only(plugin, vllm, fatal):
    found = [words for bad, words in faults(replace(GOOD, plugin=plugin, vllm=vllm)) if bad]
    assert bool(found) == fatal
    assert all(f'vllm-plugin-FL {plugin} is made for vLLM' in words for words in found)


@pytest.mark.parametrize('plugin', ['0.0.0', '1.0.0'])
def test_a_plugin_that_nobody_has_listed_is_a_warning(plugin):
    ((fatal, words),) = faults(replace(GOOD, plugin=plugin))
    assert not fatal
    assert f'nobody has listed which vLLM vllm-plugin-FL {plugin} is made for' in words


@pytest.mark.parametrize('chosen', ['', 'robobrain', 'other,robobrain'])
def test_a_plugin_that_is_left_out_disturbs_nobody(chosen):
    assert faults(replace(GOOD, plugin='0.2.0'), {'VLLM_PLUGINS': chosen}) == []


def test_a_path_to_flagcx_without_its_library(tmp_path):
    environ = {'FLAGCX_PATH': str(tmp_path)}
    ((fatal, words),) = faults(GOOD, environ)
    assert not fatal
    assert f"FLAGCX_PATH is '{tmp_path}'" in words
    (tmp_path / 'build/lib').mkdir(parents=True)
    (tmp_path / 'build/lib/libflagcx.so').touch()
    assert faults(GOOD, environ) == []


@pytest.mark.parametrize(('vllm', 'known'), [('0.24.9', False), ('0.25.0', True), ('0.33.0', True), ('0.34.0', False)])
def test_a_vllm_that_the_engine_is_not_made_for(vllm, known):
    assert (faults(replace(GOOD, vllm=vllm)) == []) == known


def test_versions_are_read_from_files_without_an_import(tmp_path, monkeypatch):
    """Of packages as the wheels lay them out."""
    for name, file, text in (
        (
            'torch',
            'version.py',
            "from typing import Optional\n__version__ = '2.11.0+cu130'\ncuda: Optional[str] = '13.0'\n",
        ),
        ('triton', '__init__.py', "raise SystemExit\n__version__ = '3.6.0'\n"),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / '__init__.py').write_text('raise SystemExit\n')
        (tmp_path / name / file).write_text(text)
    for name, version, more in (
        ('torch', '2.11.0', 'Requires-Dist: triton==3.6.0; platform_system == "Linux"\n'),
        ('flagtree', '0.6.2a1', ''),
        ('vllm_plugin_fl', '0.2.0', ''),
    ):
        folder = tmp_path / f'{name}-{version}.dist-info'
        folder.mkdir()
        (folder / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}')
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ('torch', 'triton'):
        monkeypatch.delitem(sys.modules, name, raising=False)
    found = stacks.read()
    assert (found.cuda, found.triton, found.torch_triton) == ('13.0', '3.6.0', '3.6.0')
    assert (found.flagtree, found.plugin) == ('0.6.2a1', '0.2.0')


def test_requirements_for_gpus_go_together():
    pinned = (ROOT / 'requirements' / 'gpu.txt').read_text().split('vllm==')[1].split()[0]
    assert faults(replace(GOOD, vllm=pinned)) == []


def test_the_doctor_tells_them(monkeypatch):
    monkeypatch.delenv('VLLM_PLUGINS', raising=False)
    monkeypatch.setattr(doctor.flaggems, 'enabled_by_plugin', lambda environ: True)
    monkeypatch.setattr(stacks, 'enabled_by_plugin', lambda environ, found: True)
    found = list(doctor.stack(replace(FLAGTREE, plugin='0.2.0')))
    assert (doctor.GOOD, 'FlagTree', '0.6.2a1 (Triton 3.6.0)') in found
    assert [what for grade, what, _ in found if grade == doctor.BAD] == ['vllm_fl']
    assert 'it enables FlagGems, this package does not once more' in str(found)


def test_the_node_names_versions_and_model(caplog, monkeypatch):
    monkeypatch.setattr(stacks, 'read', lambda: replace(FLAGTREE, triton_package='3.6.0'))
    with caplog.at_level(logging.INFO):
        banner.tell(VALUES, logging.getLogger('robobrain'))
    first, second, warning = caplog.records
    assert 'FlagTree 0.6.2a1' in first.getMessage()
    assert str(TINY_MODEL) in second.getMessage()
    assert warning.levelno == logging.WARNING


def test_the_node_refuses_what_cannot_work(monkeypatch):
    monkeypatch.setattr(stacks, 'read', lambda: replace(FLAGTREE, triton=''))
    with pytest.raises(BadRequest, match='no module triton'):
        banner.tell(VALUES, logging.getLogger('robobrain'))


def test_a_node_whose_model_runs_on_a_server_needs_no_versions(caplog, monkeypatch):
    monkeypatch.setattr(stacks, 'read', lambda: pytest.fail('nothing of this host counts'))
    with caplog.at_level(logging.INFO):
        banner.tell(VALUES | {'model': 'http://127.0.0.1:9010'}, logging.getLogger('robobrain'))
    assert 'runs on a server' in caplog.text
