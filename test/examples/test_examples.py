# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The programs in examples/ do what they say, with the real engine."""

import ast
import asyncio
import inspect
import json
import os
import runpy
import subprocess
import sys
from types import CodeType

import pytest
from repository import ROOT

import robobrain_ros as rb

EXAMPLES = ROOT / 'examples'
IN_PROCESS = ('ask_a_picture.py', 'depth_to_metres.py', 'mission.py')
ELSEWHERE = ('fetch_tree.py', 'moveit_pick.py', 'notebook.ipynb', 'ros_client.py')
"""The notebook is run below, those with ROS where there is a node: test_query, test_asking_leaves, test_moveit_pick."""


def test_every_example_is_run_by_a_test():
    assert {path.name for path in EXAMPLES.iterdir() if path.suffix in ('.py', '.ipynb')} == {*IN_PROCESS, *ELSEWHERE}


@pytest.fixture
def loaded(tiny_brain, monkeypatch, tmp_path):
    """``Brain.load`` gives the one engine of the test session, which nobody closes."""
    monkeypatch.setattr(rb.Brain, 'load', lambda *_, **options: tiny_brain)
    monkeypatch.setattr(tiny_brain, 'close', lambda: None)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(name, monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', [name, *arguments])
    runpy.run_path(str(EXAMPLES / name), run_name='__main__')


@pytest.mark.engine
def test_ask_a_picture(loaded, monkeypatch, capsys):
    run('ask_a_picture.py', monkeypatch)
    out = capsys.readouterr().out
    assert 'target at pixel (5' in out  # the red mug stands at the right
    assert 'yellow ball' in out
    assert (loaded / 'answer.png').stat().st_size > 10_000


@pytest.mark.engine
def test_depth_to_metres(loaded, monkeypatch, capsys):
    run('depth_to_metres.py', monkeypatch)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert sum(' m (its middle: ' in line for line in lines) >= 4


@pytest.mark.engine
def test_mission(loaded, monkeypatch, capsys):
    run('mission.py', monkeypatch)
    out = capsys.readouterr().out
    assert '1. ' in out
    assert 'at pixel' in out
    assert 'waypoints' in out


@pytest.mark.engine
def test_the_notebook(loaded, monkeypatch):
    """Cell by cell in one namespace; cells may await, as in Jupyter."""
    monkeypatch.chdir(EXAMPLES)
    cells = json.loads((EXAMPLES / 'notebook.ipynb').read_text())['cells']
    names: dict[str, object] = {}
    for cell in cells:
        if cell['cell_type'] == 'code':
            code = compile(''.join(cell['source']), 'cell', 'exec', flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            if code.co_flags & inspect.CO_COROUTINE:
                asyncio.run(awaited(code, names))
            else:
                exec(code, names)
    assert names['answer']._repr_html_().startswith('<table>')
    assert [one.success for one in names['answers']] == [True, True]


async def awaited(code: CodeType, names: dict[str, object]) -> None:
    await eval(code, names)


@pytest.mark.engine
def test_a_plain_script_needs_no_guard(tmp_path):
    """Its own process, and no ``if __name__ == '__main__'``: starting the engine must not run the script again."""
    script = tmp_path / 'script.py'
    script.write_text(
        'import robobrain_ros as rb\n'
        'print("begin", flush=True)\n'
        'with rb.Brain.load() as brain:\n'
        f'    print(brain.ask("the red mug", {str(EXAMPLES / "table.jpg")!r}).code.name, flush=True)\n'
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=110, env=os.environ)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line in ('begin', 'OK')] == ['begin', 'OK']
