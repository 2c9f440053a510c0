# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What killed DDS participants leave in /dev/shm is removed; what living ones have stays."""

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ros_helpers import own_domain

from robobrain_ros.ros import shared_memory

OLD = time.time() - 3600


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(shared_memory, 'FOLDER', tmp_path)
    return tmp_path


def segment(folder: Path, name: str, when: float = OLD) -> Path:
    """A segment and its lock, made at that time."""
    path = folder / name
    for file in (path, path.with_name(f'{name}_el')):
        file.touch()
        os.utime(file, (when, when))
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize('kind', ['fastdds', 'fastrtps'])
def test_leftovers_are_removed_and_nothing_else(folder, kind):
    segment(folder, f'{kind}_0123456789abcdef')
    young = segment(folder, f'{kind}_1123456789abcdef', time.time())
    used = segment(folder, f'{kind}_2123456789abcdef')
    others = [segment(folder, name) for name in (f'{kind}_port7411', 'psm_0123456789abcdef', f'{kind}_x')]
    with used.with_name(f'{used.name}_el').open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shared_memory.remove_leftovers()
    assert names(folder) == {name for path in (young, used, *others) for name in (path.name, f'{path.name}_el')}


def test_a_leftover_without_its_segment_is_removed(folder):
    segment(folder, 'fastdds_0123456789abcdef').unlink()
    shared_memory.remove_leftovers()
    assert names(folder) == set()


PARTICIPANT = """
import rclpy, sys
rclpy.init()
node = rclpy.create_node('sharer')
print('there', flush=True)
sys.stdin.readline()
"""


@pytest.mark.ros
def test_a_killed_participant_s_memory_comes_back():
    with own_domain():
        first, second = (
            subprocess.Popen([sys.executable, '-c', PARTICIPANT], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for _ in range(2)
        )
        try:
            assert first.stdout.readline() == second.stdout.readline() == b'there\n'
            of_first, of_second = shared_memory.of([first.pid]), shared_memory.of([second.pid])
            assert of_first
            first.kill()
            first.wait()
            shared_memory.remove(of_first | of_second)
            assert not any(path.exists() for path in of_first - of_second)
            assert all(path.exists() for path in shared_memory.of([second.pid]) - of_first)
            assert of_second - of_first
        finally:
            for process in (first, second):
                process.kill()
                process.communicate()
            shared_memory.remove(of_first | of_second)


def test_processes_that_are_gone_use_nothing():
    process = subprocess.Popen([sys.executable, '-c', ''])
    process.wait()
    assert shared_memory.of([process.pid]) == set()
