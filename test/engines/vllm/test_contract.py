# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""vLLM behind a wall: only engines/vllm knows its insides, one table says which, and the installed vLLM has them."""

import ast
import re
from pathlib import Path

import pytest
from repository import PACKAGE

from robobrain_ros.engines.vllm import contract
from robobrain_ros.engines.vllm.assumptions import TABLE, Assumed

WALL = PACKAGE / 'engines' / 'vllm'
INSIDES = re.compile(r'VLLM_\w|vllm_dist|(?<![\w.])vllm(\.\w+)+$')
"""How a string names vLLM's insides: a variable, a file, a module."""
OUTSIDE = {
    'engines/processes.py': {'/dev/shm/vllm_dist_'},
    'commands/doctor.py': {'left out by VLLM_PLUGINS'},
}
"""Names that others than engines/vllm may have: what to remove when an engine was killed, and what to tell people."""


def insides(source: str) -> set[str]:
    """The imports of vLLM and the strings that name its insides, but for docstrings."""
    found = set()
    tree = ast.parse(source)
    words = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.name for one in node.names if one.name.split('.')[0] == 'vllm'}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module.split('.')[0] == 'vllm':
            found.add(node.module)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in words:
            found |= {node.value} if INSIDES.search(node.value) else set()
    return found


def test_only_engines_vllm_knows_vllms_insides():
    known = {
        path.relative_to(PACKAGE).as_posix(): found
        for path in PACKAGE.rglob('*.py')
        if WALL not in path.parents and (found := insides(path.read_text()))
    }
    assert known == OUTSIDE


@pytest.mark.parametrize(
    'source',
    [
        'import vllm',
        'def f():\n    from vllm.v1 import engine',
        "importlib.import_module('vllm.v1.engine')",
        "os.environ['VLLM_HOST_IP']",
    ],
)
def test_the_wall_would_see_it(source):
    assert len(insides(source)) == 1


def test_the_wall_lets_our_own_names_and_words_pass():
    own = "from robobrain_ros.engines.vllm import compat\nimport_module('robobrain_ros.engines.vllm.compat')"
    assert insides(f'"""Reads VLLM_HOST_IP, see vllm.envs"""\n{own}\nprint("vLLM\'s server")') == set()


def imported(path: Path) -> set[tuple[str, str]]:
    """(module, name) of what a file of engines/vllm takes from vLLM."""
    return {
        (node.module, name.name)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split('.')[0] == 'vllm'
        for name in node.names
    }


def test_everything_that_is_imported_of_vllm_is_in_the_table():
    names = {entry.name.partition(':')[::2] for entry in TABLE}
    listed = {(module, path.split('.')[0]) for module, path in names} | {
        tuple(module.rsplit('.', 1)) for module, _ in names if '.' in module
    }
    missing = {
        (path.relative_to(WALL).as_posix(), *one)
        for path in WALL.rglob('*.py')
        for one in imported(path)
        if one not in listed
    }
    assert missing == set()


def test_what_uses_an_entry_is_there():
    for entry in TABLE:
        for place in entry.used_by.split(', '):
            assert (WALL / place).exists(), f'{entry.name} is used by {place}'


@pytest.fixture(scope='module')
def vllm():
    return pytest.importorskip('vllm')


def test_the_installed_vllm_has_what_is_assumed(vllm):
    assert contract.gone() == []


def test_a_name_that_is_gone_is_named(vllm, monkeypatch):
    from vllm.v1.engine.async_llm import AsyncLLM

    monkeypatch.delattr(AsyncLLM, 'abort')
    client, method = contract.gone()
    assert 'attribute abort is gone' in client
    assert method.startswith('vllm.v1.engine.async_llm:AsyncLLM.abort: abort is gone (vLLM ')
    assert method.endswith('called by embedded.py)')


def test_a_parameter_that_is_gone_is_named(vllm, monkeypatch):
    from vllm.model_executor.models.qwen3 import Qwen3DecoderLayer

    monkeypatch.setattr(Qwen3DecoderLayer, 'forward', lambda self, positions, hidden_states: None)
    (said,) = contract.gone()
    assert 'Qwen3DecoderLayer.forward: parameter residual is gone' in said


def test_a_type_that_has_changed_is_named(vllm):
    wrong = Assumed('vllm.logprobs:Logprob', 'embedded.py', 'read', has=('logprob:Tensor',))
    (said,) = contract.gone([wrong])
    assert 'attribute logprob is float, not Tensor' in said


@pytest.mark.parametrize(
    ('name', 'has', 'says'),
    [
        ('vllm.no_such_module:X', (), 'the module cannot be imported'),
        ('vllm.model_executor.layers.layernorm:RMSNorm', ('variance',), 'attribute variance is gone'),
        ('vllm.envs:environment_variables', ('VLLM_NO_SUCH',), 'attribute VLLM_NO_SUCH is gone'),
    ],
)
def test_whatever_is_gone_is_named(vllm, name, has, says):
    (said,) = contract.gone([Assumed(name, 'x.py', 'read', has=has)])
    assert said.startswith(f'{name}: {says}')


def test_what_holds_for_some_versions_is_checked_there_only(vllm):
    only = Assumed('vllm.no_such_module:X', 'x.py', 'read', versions=('0.25.', '0.26.'))
    assert contract.gone([only], version='0.32.0') == []
    assert len(contract.gone([only], version='0.25.1')) == 1


def test_the_command_says_what_is_gone(vllm, monkeypatch, capsys):
    assert contract.main() == 0
    assert 'hold for vLLM' in capsys.readouterr().out
    monkeypatch.setattr(contract, 'gone', lambda: ['this is gone'])
    assert contract.main() == 1
    assert capsys.readouterr().out == 'this is gone\n'
