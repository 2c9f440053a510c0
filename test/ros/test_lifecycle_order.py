# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node's life in any order, any number of times, with failures in between; the engine answers by a script."""

import random
import threading
from typing import Any

import pytest
from lifecycle_msgs.msg import Transition
from node_worlds import up
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer
from ros_helpers import until

from robobrain_ros.engines.base import EngineDead
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE

pytestmark = [
    pytest.mark.ros,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
pytest_plugins = ('node_fixtures', 'node_worlds')

SHUTDOWN = {
    'unconfigured': Transition.TRANSITION_UNCONFIGURED_SHUTDOWN,
    'inactive': Transition.TRANSITION_INACTIVE_SHUTDOWN,
    'active': Transition.TRANSITION_ACTIVE_SHUTDOWN,
}
WAYS = {
    ('unconfigured', CONFIGURE): 'inactive',
    ('inactive', ACTIVATE): 'active',
    ('active', DEACTIVATE): 'inactive',
    ('inactive', CLEANUP): 'unconfigured',
}


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize(
    'world', [{'cameras': ['', 'wrist'], 'preemption': 'newest_wins'}], indirect=True, ids=['two cameras']
)
def test_any_order(world, pictures, saboteur, seed):
    """50 steps each: right ones, wrong ones, failing ones, and requests by all ways all the time."""
    dice = random.Random(seed)
    before, threads = world.entities(), set(threading.enumerate())
    state, defects = 'unconfigured', []
    faults = {
        ('unconfigured', CONFIGURE): ('start',),
        ('inactive', ACTIVATE): ('camera',),
        ('active', DEACTIVATE): ('camera close',),
        ('inactive', CLEANUP): ('close',),
    }
    for step in range(50):
        world.request(dice.choice(['the cup', 'hang', '', 'dance: wildly']))
        if world.goals[-1].handle and dice.random() < 0.3:
            world.goals[-1].handle.cancel_goal_async()
        right = [number for was, number in WAYS if was == state]
        number = dice.choice(right) if dice.random() < 0.7 else dice.choice([CONFIGURE, ACTIVATE, DEACTIVATE, CLEANUP])
        after = WAYS.get((state, number))
        if after and dice.random() < 0.25:
            (place,) = faults[state, number]
            text = f'sabotage {seed}.{step}'
            expected: Exception = EngineDead(text) if place == 'start' else BadRequest(text)
            fault = dice.choice([expected, RuntimeError(text)]) if place in ('start', 'camera') else RuntimeError(text)
            saboteur.plan(place, fault)
            assert not world.transition(number)
            assert saboteur.fault is None
            defects.append((text, isinstance(fault, RuntimeError)))
            if isinstance(fault, RuntimeError):
                state = 'unconfigured'
        else:
            assert world.transition(number) == bool(after)
            state = after or state
        assert world.client.state() == state
        if state == 'active':  # the requests before may come late and take its place
            until(lambda: world.answer('the cup').error_code == Answer.OK, 'answer')
        if state == 'unconfigured':
            assert world.entities() == before
            assert all(engine.closed for engine in saboteur.engines)
    assert len(defects) > 3
    world.transition(SHUTDOWN[state])
    world.request('the cup')
    assert world.client.state() == 'finalized'
    assert world.entities() == before
    assert {'NOT_ACTIVE', 'rejected'} <= set(world.ends())
    until(lambda: set(threading.enumerate()) <= threads, 'end of all threads')
    for text, by_defect in defects:
        until(lambda text=text: world.logged(text), f'{text!r} in the log')
        heard = next(log.msg for log in world.ears.log if text in log.msg)
        assert ('Traceback' in heard) == by_defect


def test_a_defect_while_a_request_is_answered_ends_it_with_internal(world, pictures, monkeypatch):
    up(world)
    assert world.answer('the cup').error_code == Answer.OK

    def poses(*_: object) -> None:
        raise ArithmeticError('seventeen')

    with monkeypatch.context() as patch:
        patch.setattr('robobrain_ros.ros.outputs.messages.poses', poses)
        world.request('the cup')
        world.ends()
    result, reply = world.goals[-1].end()[1], world.replies[-1].result()
    for end in (result, reply):
        assert (end.success, end.error_code) == (False, Answer.INTERNAL)
        assert 'ArithmeticError: seventeen' in end.error_message
    until(lambda: world.logged('Traceback'), 'traceback')
    until(lambda: [a for a in world.ears.heard['answer'] if a.error_code == Answer.INTERNAL], 'answer on the topic')
    assert world.answer('the cup').error_code == Answer.OK


def test_a_thousand_parameters_are_set_while_requests_run(world, pictures):
    up(world)
    dice = random.Random(3)
    good = {
        'timeout_s': lambda: dice.uniform(1, 100),
        'preemption': lambda: dice.choice(['queue', 'newest_wins', 'reject']),
        'queue_size': lambda: dice.randrange(20),
        'depth_window_px': lambda: 2 * dice.randrange(10) + 1,
        'guided_decoding': lambda: dice.random() < 0.5,
    }
    bad = {'model': '/elsewhere', 'queue_size': -1, 'timeout_s': 'soon', 'preemption': 'newest', 'unheard_of': 1}
    deleted = ParameterMessage(name='timeout_s', value=ParameterValue(type=ParameterType.PARAMETER_NOT_SET))
    asked: list[tuple[bool, Any]] = []
    for number in range(1000):
        kind = dice.random()
        if kind < 0.8:
            name = dice.choice(list(good))
            parameter = Parameter(name, value=good[name]()).to_parameter_msg()
        elif kind < 0.95:
            name = dice.choice(list(bad))
            parameter = Parameter(name, value=bad[name]).to_parameter_msg()
        else:
            parameter = deleted
        reply = world.set_parameters.call_async(SetParameters.Request(parameters=[parameter]))
        asked.append((kind < 0.8, reply))
        if number % 20 == 0:
            world.request(dice.choice(['the cup', 'the mug', 'hang']))
        if number >= 8:  # services keep ten requests
            until(asked[-8][1].done, 'reply')
    for fine, reply in asked:
        until(reply.done, 'reply')
        (result,) = reply.result().results
        assert result.successful == fine, result.reason
        assert fine or result.reason
    assert world.transition(DEACTIVATE)
    world.ends()
    assert world.transition(ACTIVATE)
    assert world.answer('the cup').error_code == Answer.OK
