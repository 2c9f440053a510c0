# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain monitor`` and ``robobrain remember`` against a real node over DDS, whose engine answers by a script."""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import nullcontext

import pytest
from node_worlds import PICTURE, up
from rclpy.parameter import Parameter
from repository import ROOT
from ros_helpers import SOON, until
from scripted_engine import Gate

from robobrain_ros.brain import image_files
from robobrain_ros.cli import main
from robobrain_ros.commands import running_node
from robobrain_ros.commands.monitor_line import ProgressLine

pytest_plugins = ('node_fixtures', 'node_worlds')
pytestmark = pytest.mark.ros
TASK = 'put the red cube on the plate'
DONE = ['<score>+100%</score>']


@pytest.fixture
def active(world, pictures, tmp_path):
    world.directory = tmp_path / 'kept'
    values = {'monitor.directory': str(world.directory), 'monitor.period_s': 0.1}
    world.node.set_parameters([Parameter(name, value=value) for name, value in values.items()])
    up(world)
    until(lambda: world.answer('the mug').error_code == 0, 'a first answer')
    return world


def run(world, command: str, *arguments: str) -> int:
    return main([command, '--node', world.name, *arguments])


def test_progress_goes_to_stderr_and_the_outcome_to_stdout(active, saboteur, capfd):
    saboteur.engines[-1].script = DONE
    assert run(active, 'monitor', TASK) == 0
    out, err = capfd.readouterr()
    assert out == 'SUCCEEDED: progress is 1.00, at least 0.95, by the last 3 samples\n'
    shown = re.findall(r'^ +[0-9.]+ s  (.*)$', err, re.MULTILINE)
    assert shown[0].startswith('  0 %')
    assert '100 %  hop +1.00, incremental +1.00, forward +1.00' in shown


def test_json_has_all_samples_then_the_result(active, saboteur, capfd):
    saboteur.engines[-1].script = ['<score>0%</score>']
    assert run(active, 'monitor', TASK, '--json', '--stall', '0.5', '--hold', '1', '--mode', 'forward') == 1
    *samples, result = map(json.loads, capfd.readouterr().out.splitlines())
    assert (result['outcome'], result['code'], result['invalid']) == ('STALLED', 'OK', 0)
    assert len(samples) <= result['samples']
    assert samples[-1] | {'image_stamp': ''} == {
        'image_stamp': '',
        'camera': '',
        'progress': 0.0,
        'hop': None,
        'incremental': None,
        'forward': 0.0,
        'backward': None,
        'weight': None,
        'code': 'OK',
        'message': '',
    }


def test_what_was_remembered_is_the_goal(active, saboteur, capfd, tmp_path):
    assert run(active, 'remember', 'put_cube') == 0
    assert capfd.readouterr().out == f'{active.directory}/put_cube.goal.png\n'
    file = tmp_path / 'begin.png'
    image_files.write(file, PICTURE // 2)
    assert run(active, 'remember', '--start', '--image', str(file), 'put_cube') == 0
    assert (image_files.read(active.directory / 'put_cube.start.png') == PICTURE // 2).all()
    saboteur.engines[-1].script = ['<score>0%</score>']
    options = ('--mode', 'backward', '--start', 'put_cube')
    assert run(active, 'monitor', TASK, '--goal', 'put_cube', *options) == 0
    assert run(active, 'monitor', TASK, '--goal', str(file), *options) == 0
    assert capfd.readouterr().out.count('SUCCEEDED') == 2


def test_what_the_node_refuses_is_said(active, capfd):
    assert run(active, 'monitor', TASK, '--goal', 'never_seen') == 1
    assert "NOT_MONITORED (BAD_REQUEST): no goal image is kept as 'never_seen'" in capfd.readouterr().out
    assert run(active, 'remember', '../x') == 1
    assert capfd.readouterr().err.splitlines()[-1].startswith("robobrain remember: name is '../x', but must be")


def test_ctrl_c_ends_the_watch_in_the_node(active, saboteur):
    engine = saboteur.engines[-1]
    engine.script = [Gate()]
    command = [sys.executable, '-m', 'robobrain_ros.cli', 'monitor', '--node', active.name, TASK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            until(lambda: engine.running, 'the request in the engine')
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=SOON)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert 'Traceback' not in err
    assert out == ''
    until(lambda: not engine.running, 'the end of the request')
    until(lambda: active.logged('monitor outcome=CANCELLED'), 'the end in the log')


def test_a_node_that_is_not_active_says_so(world, capfd):
    assert run(world, 'monitor', TASK) == 1
    said = capfd.readouterr().err.splitlines()[-1]
    assert said.endswith(f'{world.name} rejected the goal, because it was not active; it is unconfigured now')


@pytest.mark.parametrize(
    ('arguments', 'code', 'says'),
    [
        (('monitor', TASK, '--node', '/a b'), 1, "--node is '/a b', but must be the full name of a node"),
        (('monitor', TASK, '--hold', '4294967299'), 1, '--hold is 4294967299, but must be at most 100'),
        (('monitor', TASK, '--stall', '4294967301'), 1, '4.29497e+09 s is no duration in ROS'),
        (('monitor', TASK, '--period', '1e300'), 1, '1e+300 s is no duration in ROS'),
        (('monitor', TASK, '--timeout', '1e9'), 1, '--timeout is 1e+09, but must be at most 86400 seconds'),
        (('monitor', TASK, '--goal', 'missing.png'), 1, "'missing.png' is no file"),
        (('monitor', TASK, '--period', '0'), 2, "'0' must be a number above 0"),
        (('monitor', TASK, '--mode', 'sideways'), 2, "invalid choice: 'sideways'"),
        (('monitor',), 2, 'TASK'),
        (('remember', 'a', '--image', 'missing.png'), 1, "'missing.png' is no file"),
    ],
)
def test_mistakes_are_found_before_the_node_is_asked(arguments, code, says, capfd, monkeypatch):
    monkeypatch.delattr(running_node, 'Client')
    with nullcontext() if code == 1 else pytest.raises(SystemExit, match=str(code)):
        assert main([*arguments]) == code
    out, err = capfd.readouterr()
    assert out == ''
    assert says in err


def test_a_terminal_gets_a_bar_that_stays_where_nothing_is_known(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: True)
    monkeypatch.setitem(os.environ, 'COLUMNS', '100')
    with ProgressLine('the task') as line:
        assert line._live is not None
        line.show(1.0, 0.5, {'hop': 0.25, 'forward': float('nan')})
        task = line._live.tasks[0]
        line.show(1.5, 0.5, {'hop': 0.25, 'forward': float('nan')}, 'a mode has no score')
        assert task.fields['figures'] == ' 50 %  hop +0.25, a mode has no score'
        line.show(2.0, float('nan'), {}, 'the engine is dead')
        assert (task.completed, task.fields['figures']) == (0.5, '  ? %  the engine is dead')
    capsys.readouterr()
