# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a closed terminal, a kill or Ctrl-C leave of the commands: nothing, neither processes nor domains."""

import os
import signal
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM

import cv2
import pytest
from bag_helpers import write_camera_bag
from commands import Command, commands
from rcl_interfaces.srv import ListParameters
from rclpy.node import Node
from ros_helpers import own_domain, ros, until

from robobrain_ros.ros.client import Client
from robobrain_ros.sim.scene import TableTop

pytestmark = [pytest.mark.ros, pytest.mark.engine, pytest.mark.timeout(300)]

START_S = 240.0
END_S = 20.0
"""Deadline of what takes 3 s on an idle host, and 5 s after SIGKILL."""
ENGINE = 'multiprocessing.spawn'
"""In the command line of an engine's process."""
LISTING = '/list_parameters'


def engine_starts(command: Command) -> bool:
    return command.runs(ENGINE) > 0


def node_starts(command: Command) -> bool:
    return command.runs('ros.node') > 0


def camera_is_recorded(command: Command) -> bool:
    return any(path.stat().st_size > 10**6 for path in Path(command.folder).glob('bag/*.mcap'))


def two_measure(command: Command) -> bool:
    return command.runs(ENGINE) >= 2


def send(command: Command, number: signal.Signals) -> None:
    """As often as an impatient user would."""
    for _ in range(3):
        command.process.send_signal(number)


def check_end(command: Command, number: signal.Signals) -> None:
    """All of the command has ended, or does soon, as the signal asked for."""
    assert command.is_gone(END_S), command.living()
    if number == signal.SIGKILL:
        assert command.process.wait() == -number
        return
    assert command.process.wait() == 128 + number
    assert command.said().count('robobrain: ended by') == 1
    assert 'Traceback' not in command.said()


@pytest.mark.parametrize(
    ('arguments', 'stage', 'numbers'),
    [
        ('ask --image ../table.png --output answer.png pointing', engine_starts, (SIGKILL, SIGINT)),
        ('demo', engine_starts, (SIGHUP, SIGKILL)),
        ('bag record --seconds 60 --output bag', camera_is_recorded, (SIGHUP, SIGKILL)),
        ('bag replay ../recorded --output answers.jsonl', node_starts, (SIGHUP, SIGKILL)),
        ('bench engine --paths engine', engine_starts, (SIGKILL,)),
        ('bench node --paths node', node_starts, (SIGHUP, SIGKILL)),
        ('bench transport --requests 1', two_measure, (SIGHUP, SIGKILL)),
    ],
    ids=lambda value: ' '.join(value.split()[:2]) if isinstance(value, str) else '',
)
def test_nothing_outlives_the_command(tmp_path, arguments, stage, numbers):
    cv2.imwrite(str(tmp_path / 'table.png'), TableTop(7).render()[0])
    write_camera_bag(tmp_path / 'recorded', 'mcap')
    with commands(tmp_path, len(numbers), *arguments.split()) as started:
        for command, number in zip(started, numbers, strict=True):
            command.reaches(stage, START_S)
            send(command, number)
        for command, number in zip(started, numbers, strict=True):
            check_end(command, number)


def test_up_can_be_inspected_and_ends_when_it_is_killed(tmp_path):
    with own_domain(), ros() as context, commands(tmp_path, 1, 'up', '--sim') as (command,):
        command.reaches(lambda command: 'The node is active' in command.said(), START_S)
        client = Client(Node('inspector', context=context))
        services: set[str] = set()

        def are_known() -> bool:
            services.clear()  # the node of bring-up goes
            services.update(name for name, _ in client.node.get_service_names_and_types() if name.endswith(LISTING))
            known = {f'/robobrain{LISTING}', f'/simulated_camera{LISTING}'} <= services
            return known and f'/robobrain_up{LISTING}' not in services

        until(are_known, 'discovery')
        for service in services - {f'/inspector{LISTING}'}:  # this one has nobody to spin it
            assert client.call(ListParameters, service, ListParameters.Request(), 10.0).result.names, service
        client.close()
        client.node.destroy_node()
        send(command, SIGKILL)
        check_end(command, SIGKILL)


def test_up_goes_on_under_nohup(tmp_path):
    before = signal.signal(SIGHUP, signal.SIG_IGN)  # what nohup does
    try:
        with own_domain(), commands(tmp_path, 1, 'up', '--sim') as (command,):
            command.reaches(lambda command: command.runs('sim.camera') and command.runs('ros.node'), START_S)
            os.killpg(command.process.pid, SIGHUP)
            command.reaches(lambda command: 'loading vLLM' in command.said(), START_S)
            send(command, SIGTERM)
            check_end(command, SIGTERM)
    finally:
        signal.signal(SIGHUP, before)
