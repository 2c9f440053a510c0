# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What /diagnostics says: engine, cameras and requests, and progress while the engine starts."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.clock import Clock, ClockType

from robobrain_ros.answer import Answer
from robobrain_ros.engines.base import EngineState, Health
from robobrain_ros.ros.camera.camera_input import CameraStatus
from robobrain_ros.ros.camera.settings import CameraSettings
from robobrain_ros.ros.diagnostics import DEMONSTRATION, Diagnostics
from robobrain_ros.tasks.profiles import PROFILES

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


class FakeNode:
    """Keeps what is published; ``tick`` is the timer."""

    def __init__(self):
        self.sent: list[DiagnosticArray] = []
        self.logged: list[str] = []

    def create_publisher(self, kind, topic, depth):
        assert (kind, topic) == (DiagnosticArray, '/diagnostics')
        return SimpleNamespace(publish=self.sent.append)

    def create_timer(self, period, callback, clock):
        assert clock.clock_type is ClockType.STEADY_TIME, 'also where /clock stands still'
        self.period, self.tick = period, callback

    def get_clock(self):
        return Clock(clock_type=ClockType.ROS_TIME)

    def get_fully_qualified_name(self):
        return '/arm/robobrain'

    def get_logger(self):
        return SimpleNamespace(warning=self.logged.append, info=self.logged.append)


class Rig:
    def __init__(self):
        self.node = FakeNode()
        self.profile = PROFILES['robobrain-2.5']
        self.diagnostics = Diagnostics(self.node)

    def said(self) -> dict[str, DiagnosticStatus]:
        """The statuses of the next message, by name."""
        self.node.sent.clear()
        self.node.tick()
        return {status.name: status for status in self.node.sent[-1].status}

    def engine(self, state, **health) -> DiagnosticStatus:
        self.diagnostics.brain = SimpleNamespace(  # type: ignore[assignment]
            health=lambda: Health(state, **health), model='RoboBrain', pipeline=SimpleNamespace(profile=self.profile)
        )
        return self.said()['/arm/robobrain: engine']


@pytest.fixture
def rig():
    return Rig()


def values(status: DiagnosticStatus) -> dict[str, str]:
    return {item.key: item.value for item in status.values}


def camera(name='', **fields):
    """A CameraInput as far as diagnostics look."""
    status = CameraStatus(
        topic='/front/image',
        subscribed=True,
        publishers='/driver (reliable)',
        received=60,
        unused=41,
        rate_hz=29.94,
        age_s=0.0421,
        silent_s=0.02,
        depth_received=58,
        has_camera_info=True,
    )
    status = SimpleNamespace(**{**vars(status), **fields})  # type: ignore[assignment]
    return SimpleNamespace(settings=CameraSettings(name), status=lambda: status)


def test_an_unconfigured_node_says_nothing_once_a_second(rig):
    assert rig.node.period == 1.0
    assert rig.said() == {}
    assert rig.node.sent[-1].header.stamp.sec > 0


@pytest.mark.parametrize(
    ('state', 'level'),
    [(EngineState.READY, OK), (EngineState.STARTING, WARN), (EngineState.STOPPED, WARN), (EngineState.DEAD, ERROR)],
)
def test_the_engine_s_state(rig, state, level):
    status = rig.engine(state, in_flight=2)
    assert (status.level, status.message) == (level, state.value)
    assert (values(status)['state'], values(status)['requests in flight']) == (state.value, '2')


def test_a_dead_engine_says_why(rig):
    status = rig.engine(EngineState.DEAD, error='killed by signal 9')
    assert (status.level, status.message) == (ERROR, 'killed by signal 9')


def test_memory_of_the_engine_s_processes(rig):
    with subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE) as child:
        found = values(rig.engine(EngineState.READY, pids=(os.getpid(), child.pid)))
        child.communicate(b'\n')
    assert found['processes'] == '2'
    assert int(found['memory of the engine (MiB)']) >= int(found['memory of the node (MiB)']) > 10
    gone = values(rig.engine(EngineState.READY, pids=(child.pid,)))
    assert gone['memory of the engine (MiB)'] == '0'


def test_a_camera_that_works(rig):
    rig.diagnostics.cameras = {'': camera()}
    status = rig.said()['/arm/robobrain: camera']
    assert (status.level, status.message) == (OK, '29.9 Hz')
    assert values(status) == {
        'topic': '/front/image',
        'publishers': '/driver (reliable)',
        'received': '60',
        'replaced unused': '41',
        'rate (Hz)': '29.9',
        'age (s)': '0.042',
        'depth images received': '58',
        'camera_info received': 'True',
    }


@pytest.mark.parametrize(
    ('fields', 'level', 'says'),
    [
        ({'rate_hz': 0.0}, WARN, "no images on '/front/image'"),
        ({'rate_hz': 0.0, 'subscribed': False}, OK, 'not subscribed'),
        ({'age_s': float('inf'), 'received': 0, 'rate_hz': 0.0, 'publishers': ''}, WARN, 'no images'),
    ],
)
def test_a_camera_without_images(rig, fields, level, says):
    rig.diagnostics.cameras = {'front': camera('front', **fields)}
    status = rig.said()['/arm/robobrain: camera front']
    assert status.level == level
    assert says in status.message


def test_the_model_is_named(rig):
    rig.engine(EngineState.READY)
    status = rig.said()['/arm/robobrain: model']
    assert (status.level, status.message) == (OK, 'RoboBrain')


def test_the_demonstration_checkpoint_is_a_warning(rig):
    rig.profile = PROFILES['robobrain-tiny']
    rig.engine(EngineState.READY)
    status = rig.said()['/arm/robobrain: model']
    assert (status.level, status.message) == (WARN, DEMONSTRATION)


def test_silence_is_logged_once_a_gap(rig):
    """By topic, so that each camera has its own gaps."""

    def after(front: float, wrist: float) -> list[str]:
        rig.node.logged.clear()
        rig.diagnostics.cameras = {
            name: camera(name, topic=f'/{name}/image', silent_s=silent)
            for name, silent in (('front', front), ('wrist', wrist))
        }
        rig.said()
        return list(rig.node.logged)

    assert after(4.9, 0.1) == []
    assert after(5.9, 0.1) == ["no image on '/front/image' for 6 s; its publishers: /driver (reliable)"]
    assert after(6.9, 5.0) == ["no image on '/wrist/image' for 5 s; its publishers: /driver (reliable)"]
    assert after(0.2, 6.0) == ["images on '/front/image' are back"]
    assert after(5.0, 7.0) == ["no image on '/front/image' for 5 s; its publishers: /driver (reliable)"]


def test_silence_of_a_camera_that_is_no_longer_subscribed_ends_without_a_word(rig):
    rig.diagnostics.cameras = {'': camera(silent_s=9.0, publishers='')}
    rig.said()
    assert rig.node.logged == ["no image on '/front/image' for 9 s; its publishers: none"]
    rig.diagnostics.cameras = {'': camera(silent_s=0.0, subscribed=False)}
    rig.said()
    assert len(rig.node.logged) == 1


def test_each_camera_has_a_status(rig):
    rig.diagnostics.cameras = {'front': camera('front'), 'wrist': camera('wrist', rate_hz=0.0)}
    said = rig.said()
    assert {name: status.level for name, status in said.items()} == {
        '/arm/robobrain: camera front': OK,
        '/arm/robobrain: camera wrist': WARN,
    }


def test_requests_are_counted_also_across_a_cleanup(rig):
    rig.diagnostics.tally.add(Answer('pointing', 'the mug'))
    for _ in range(2):
        rig.engine(EngineState.READY)
        assert values(rig.said()['/arm/robobrain: requests'])['requests OK'] == '1'
        rig.diagnostics.brain = None
        assert rig.said() == {}


def test_progress_is_said_at_once(rig):
    """The executor's thread configures and does not come round to the timer."""
    for text in ('loading vLLM', 'starting the engine'):
        rig.diagnostics.progress(text)
    assert [(s.name, s.level, s.message) for array in rig.node.sent for s in array.status] == [
        ('/arm/robobrain: engine', WARN, 'loading vLLM'),
        ('/arm/robobrain: engine', WARN, 'starting the engine'),
    ]
