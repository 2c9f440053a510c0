"""Gazebo, played by a stand-in that forks as the real one does, ends with what started it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

import pytest
from repository import ROOT

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
