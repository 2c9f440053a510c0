# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Modules that are run by ``python -m`` to renew files of this repository: what they say to whom asks wrongly."""

import runpy
from pathlib import Path

import pytest

pytestmark = pytest.mark.filterwarnings('ignore:.*found in sys.modules')  # it may have been imported by another test


@pytest.mark.parametrize(
    ('module', 'arguments', 'says'),
    [
        ('sim.sdf', [], 'arguments are required: seed, file'),
        ('sim.sdf', ['abc', 'a.sdf'], "argument seed: invalid int value: 'abc'"),
        ('sim.sdf', ['-5', 'a.sdf'], 'the seed is -5, but must be 0 or more'),
        ('sim.sdf', ['1', 'full.md/a.sdf'], "File exists: 'full.md'"),
        ('ros.write_parameters', [], 'arguments are required: FILE'),
        ('ros.write_parameters', ['nowhere/a.yaml'], "No such file or directory: 'nowhere/a.yaml'"),
        ('ros.write_parameters', ['full.md/a.yaml'], "Not a directory: 'full.md/a.yaml'"),
    ],
)
def test_generators_say_what_is_wrong(tmp_path, monkeypatch, capsys, module, arguments, says):
    monkeypatch.chdir(tmp_path)
    Path('full.md').write_text('words')
    monkeypatch.setattr('sys.argv', [module, *arguments])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f'robobrain_ros.{module}', run_name='__main__')
    assert ended.value.code == 2
    assert says in capsys.readouterr().err
    assert [path.read_text() for path in tmp_path.iterdir()] == ['words']


@pytest.mark.parametrize('module', ['sim.sdf', 'ros.write_parameters'])
def test_generators_help(tmp_path, monkeypatch, capsys, module):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr('sys.argv', [module, '--help'])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f'robobrain_ros.{module}', run_name='__main__')
    assert ended.value.code == 0
    assert f'usage: python -m robobrain_ros.{module}' in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
