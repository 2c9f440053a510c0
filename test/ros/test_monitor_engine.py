# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Action ~/monitor on the real node with the real (tiny) engine: beside questions, through an engine's death."""

import os
import signal
import time

import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from node_fixtures import idle
from robobrain_ros.action import Monitor
from robobrain_ros.msg import Answer
from ros_helpers import SOON, until

from robobrain_ros.engines.base import EngineState
from robobrain_ros.ros.client import NoReply

pytest_plugins = ('node_fixtures',)
pytestmark = [
    pytest.mark.ros,
    pytest.mark.engine,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
TASK = 'put the yellow ball on the red plate'
LONGEST = {'hold': 100, 'period': Duration(nanosec=100_000_000)}
"""No outcome before the test is over."""


@pytest.fixture(autouse=True)
def scores(active, parameters):
    """Whatever the checkpoint has learned, its answers have the form of a score."""
    parameters(guided_decoding=True)


def test_samples_come_while_questions_are_answered(active, client):
    with client.monitor(TASK, SOON, modes=['forward'], **LONGEST) as watch:
        feedback = iter(watch)
        seen = [next(feedback) for _ in range(4)]
        assert client.query('pointing', 'the red plate').error_code == Answer.OK
        seen += [next(feedback) for _ in range(4)]
    samples = [one.sample for one in seen]
    assert [one.samples for one in seen] == [*range(1, 9)]
    assert all(sample.valid for sample in samples), [sample.error_message for sample in samples]
    assert samples[0].value == 0
    assert all(0 <= sample.value <= 1 for sample in samples)
    assert all(sample.step_ms > 0 for sample in samples[1:])
    stamps = [sample.header.stamp.sec * 10**9 + sample.header.stamp.nanosec for sample in samples]
    assert stamps == sorted(set(stamps))
    assert watch.result is not None
    assert watch.result.outcome == Monitor.Result.CANCELLED, 'leaving the block has ended it'
    until(lambda: idle(active), 'idle engine')


def test_what_the_camera_shows_is_the_goal(active, client, parameters, tmp_path):
    parameters(**{'monitor.directory': str(tmp_path)})
    assert client.remember('now') == str(tmp_path / 'now.goal.png')
    with client.monitor(TASK, SOON, goal_name='now', start_name='', **LONGEST) as watch:
        feedback = iter(watch)
        first, second = next(feedback).sample, next(feedback).sample
    assert first.value == 0
    assert all(0 <= getattr(second, mode) <= 1 for mode in ('incremental', 'forward', 'backward'))
    assert 0 <= second.weight <= 1


def test_it_outlives_the_engine(active, client):
    with client.monitor(TASK, 100, **LONGEST) as watch:
        feedback = iter(watch)
        assert next(feedback).sample.valid
        for pid in active._brain.engine.health().pids:
            os.kill(pid, signal.SIGKILL)
        dead = next(one.sample for one in feedback if not one.sample.valid)
        assert dead.error_code in (Answer.ENGINE_DEAD, Answer.ENGINE_FAILED), dead.error_message
        back = next(one.sample for one in feedback if one.sample.valid)
        assert back.step_ms > 0
    until(lambda: active._brain.health().state is EngineState.READY, 'warm engine')


def test_a_watch_that_is_left_by_an_error_is_ended_in_the_node(active, client):
    watch = client.monitor(TASK, SOON, **LONGEST)

    def leave() -> None:
        with watch:
            for _ in watch:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        leave()
    assert watch.result is not None
    assert watch.result.outcome == Monitor.Result.CANCELLED
    until(lambda: idle(active), 'idle engine')


def test_the_time_limit_is_the_nodes(active, client):
    begin = time.monotonic()
    with client.monitor(TASK, 1.0, **LONGEST) as watch:
        heard = list(watch)
    assert 1 <= time.monotonic() - begin < SOON
    assert heard
    assert watch.result is not None
    assert (watch.result.outcome, watch.result.error_code) == (Monitor.Result.TIMEOUT, Answer.TIMEOUT)


def test_a_client_of_no_node_hears_so(client):
    client.name, name = '/nowhere', client.name
    try:
        with pytest.raises(NoReply, match=r'action /nowhere/monitor'):
            client.monitor(TASK)
    finally:
        client.name = name


def test_the_status_of_an_outcome_that_is_no_success_is_aborted(active, client):
    with client.monitor(TASK, 0.5, **LONGEST) as watch:
        list(watch)
        assert watch._ended.result().status == GoalStatus.STATUS_ABORTED
