# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Gazebo, played by a stand-in that forks as the real one does, ends with what started it."""

import json
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import ModuleType, SimpleNamespace

import pytest
from repository import ROOT

from robobrain_ros.ros.end_launch import DIES_WITH_PARENT, end_launch
from robobrain_ros.sim import gazebo

BIN = ROOT / 'test' / 'fixtures' / 'bin'
WORLD = ROOT / 'worlds' / 'tabletop.sdf'
LAUNCH = """
import json, subprocess, sys
children = [subprocess.Popen(command) for command in json.loads(sys.argv[1])]
for child in children:
    child.wait()
"""
"""As ros2 launch: it starts processes and waits for them."""


@pytest.fixture(autouse=True)
def stand_in(monkeypatch):
    monkeypatch.setenv('PATH', f'{BIN}{os.pathsep}{os.environ["PATH"]}')


@contextmanager
def started(commands: Sequence[Sequence[str]], number: int) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """A launch with these commands, and the pid of each process that has said its name; it ends all that is left."""
    command = [sys.executable, '-c', LAUNCH, json.dumps(commands)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launch:
        pids: dict[str, int] = {}
        try:
            for _ in range(number):
                name, digits, _ = launch.stdout.readline().split(maxsplit=2)
                pids[name] = int(digits)
            yield launch, pids
        finally:
            launch.kill()
            for pid in pids.values():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize('headless', [True, False])
@pytest.mark.parametrize('how', [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_nothing_is_left_when_the_launch_is_killed(headless, how):
    commands = list(gazebo.commands(WORLD, headless).values())
    with started(commands, len(commands)) as (launch, pids):
        assert set(pids) == ({'server'} if headless else {'server', 'window'})
        launch.send_signal(how)
        launch.communicate(timeout=10)  # returns when the last process that can write is gone


def test_what_gz_forks_would_be_left():
    """Why server and window are started by themselves: this is ``gz sim`` alone, and shows that the tests can fail."""
    with started([['gz', 'sim', '-r', str(WORLD)]], 2) as (launch, _):
        launch.kill()
        with pytest.raises(subprocess.TimeoutExpired):
            launch.communicate(timeout=1)


class Recorded:
    """Stands in for any class of launch, of which there is no wheel: keeps what it is made with."""

    def __init__(self, *args, **given):
        self.args, self.given = args, given

    def perform(self, context):
        """What a LaunchConfiguration stands for."""
        return context.values[self.args[0]]


class Recorder(ModuleType):
    """Stands in for a module of launch: has every class."""

    def __getattr__(self, name):
        if name.startswith('__'):
            raise AttributeError(name)
        setattr(self, name, type(name, (Recorded,), {}))
        return getattr(self, name)


@pytest.fixture
def launch_file(monkeypatch, tmp_path):
    """What launch/gazebo.launch.py defines, on a computer where ros_gz_bridge is installed."""
    for name in ('', '.action', '.actions', '.launch_description_sources', '.substitutions'):
        monkeypatch.setitem(sys.modules, f'launch{name}', Recorder(f'launch{name}'))
    monkeypatch.setitem(sys.modules, 'launch_ros.actions', Recorder('launch_ros.actions'))
    for package in ('ros_gz_bridge', 'robobrain_ros'):
        marker = tmp_path / 'share' / 'ament_index' / 'resource_index' / 'packages' / package
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
        (tmp_path / 'share' / package).mkdir()
    monkeypatch.setenv('AMENT_PREFIX_PATH', str(tmp_path))
    return runpy.run_path(str(ROOT / 'launch' / 'gazebo.launch.py'))


@pytest.mark.parametrize('headless', ['true', 'false'])
def test_the_launch_file_starts_gazebo_so_that_all_ends_with_it(launch_file, headless):
    context = SimpleNamespace(values={'world': str(WORLD), 'headless': headless})
    actions = launch_file['start_gazebo'](context)
    started = [action.given for action in actions if type(action).__name__ == 'ExecuteProcess']
    assert {given['name']: given['cmd'] for given in started} == gazebo.commands(WORLD, headless == 'true')
    assert {given['on_exit'] for given in started} == {end_launch}
    nodes = [action.given for action in actions if type(action).__name__ == 'Node']
    assert {given['exec_name'] for given in nodes} == {'parameter_bridge', 'static_transform_publisher'}
    assert {given['prefix'] for given in nodes} == {DIES_WITH_PARENT}
    assert len(started) + len(nodes) == len(actions)


def test_without_gazebo_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    with pytest.raises(RuntimeError, match='apt install ros-'):
        gazebo.commands(WORLD, headless=True)


def test_plugins_of_ros_packages_are_found(monkeypatch):
    monkeypatch.delenv(gazebo.PLUGIN_PATH, raising=False)
    monkeypatch.setenv('LD_LIBRARY_PATH', '/opt/ros/jazzy/lib')
    assert gazebo.environment() == {gazebo.PLUGIN_PATH: '/opt/ros/jazzy/lib'}
    monkeypatch.setenv(gazebo.PLUGIN_PATH, '/mine')
    assert gazebo.environment() == {gazebo.PLUGIN_PATH: '/mine:/opt/ros/jazzy/lib'}
