# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Commands that run apart have a ROS domain of their own each, also when they start at the same time."""

import os
import socket
import subprocess
import sys

import pytest
from commands import Command
from ros_helpers import own_domain
from sensor_msgs.msg import Image

from robobrain_ros.bags.recording import Recording, decoded
from robobrain_ros.commands import local_stack
from robobrain_ros.commands.local_stack import isolate

SOON = 60.0
ISOLATED = """
import os, sys
from robobrain_ros.commands.local_stack import isolate
sys.stdin.readline()
isolate()
print(os.environ['ROS_DOMAIN_ID'], flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def domains(monkeypatch):
    """Two domains that nobody else uses, and this process has not taken one yet."""
    monkeypatch.setattr(local_stack, 'DOMAINS', range(233, 235))  # their ports are beyond those of DOMAINS: up to 65909
    monkeypatch.setattr(local_stack, '_ports', lambda domain: [65000 + 100 * (domain - 233) + n for n in range(5)])
    taken: dict[int, socket.socket] = {}
    monkeypatch.setattr(local_stack, '_reserved', taken)
    for name in ('ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE'):
        monkeypatch.setenv(name, '')
    yield local_stack.DOMAINS
    for held in taken.values():
        held.close()


def udp(port: int) -> socket.socket:
    taken = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    taken.bind(('', port))
    return taken


def test_one_in_which_a_program_is_is_not_taken(domains):
    """Whichever program of that domain it is: the first may have ended."""
    with udp(65003):
        isolate()
    assert os.environ['ROS_DOMAIN_ID'] == '234'
    assert os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] == 'LOCALHOST'


def test_a_process_keeps_the_one_that_it_has(domains):
    isolate()
    first = os.environ['ROS_DOMAIN_ID']
    os.environ['ROS_DOMAIN_ID'] = '0'
    isolate()
    assert os.environ['ROS_DOMAIN_ID'] == first


def test_when_all_are_taken_it_says_so(domains):
    with udp(65000), udp(65104), pytest.raises(RuntimeError, match=r'all of the ROS domains 233 - 234.*are in use'):
        isolate()


def test_the_real_ports():
    assert local_stack._ports(215)[:3] == [61150, 61160, 61162]  # RTPS 2.2, 9.6.1: 7400 + 250 * domain
    assert max(local_stack._ports(local_stack.DOMAINS[-1])) < 2**16


def start() -> subprocess.Popen:
    return subprocess.Popen([sys.executable, '-c', ISOLATED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go(process: subprocess.Popen) -> None:
    process.stdin.write('\n')
    process.stdin.flush()


@pytest.mark.timeout(SOON)
def test_processes_that_start_at_once_have_different_ones_until_they_end():
    processes = [start() for _ in range(6)]
    try:
        for process in processes:
            go(process)
        found = [int(process.stdout.readline()) for process in processes]
        assert len(set(found)) == len(found)
        assert set(found) <= set(local_stack.DOMAINS)
        for process in processes:
            process.kill()
            process.wait()
        assert local_stack._reserve(found[0])
    finally:
        for process in processes:
            process.kill()
            process.communicate()
        for held in local_stack._reserved.values():
            held.close()
        local_stack._reserved.clear()


@pytest.mark.ros
@pytest.mark.timeout(120)
def test_two_commands_at_once_do_not_see_each_other_s_camera(tmp_path):
    with own_domain():
        both = [Command(tmp_path, 'bag', 'record', '--seconds', '2', '--seed', seed) for seed in '78']
        try:
            for command in both:
                assert command.process.wait(SOON) == 0, command.said()
        finally:
            for command in both:
                command.kill()
    seen = []
    for command in both:
        messages = Recording(command.folder / 'tabletop_bag').messages(['/image'])
        seen.append({bytes(decoded(message, Image).data) for message in messages})
    assert [len(pictures) for pictures in seen] == [1, 1]  # nothing moves on either table
    assert seen[0] != seen[1]
