# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto drives by Nav2's real action type; brain and Nav2 are played by stand-ins."""

import json
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nav2_stand_in
import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point, PoseStamped
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from robobrain_ros.action import Query
from robobrain_ros.msg import Answer, Target
from ros_helpers import own_domain, ros, spinning, until

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.goto import telling
from robobrain_ros.planners.goto.driving import Navigator, _failure
from robobrain_ros.planners.goto.grid import Grid
from robobrain_ros.planners.goto.node import GotoNode

pytest_plugins = ('nav2_stand_in',)
pytestmark = [pytest.mark.ros, pytest.mark.timeout(300), pytest.mark.usefixtures('nav2_msgs')]  # the build comes first
HASHES = {
    'Goal': '22a9dffbd6733011220460bd52edbc7843c8fc86282d40bc7ad3ca176a9dec10',
    'Result': 'ddbff7fc6d1e51d774d5defdb8398a57cb23fa8709355002d676408bb4860b85',
    'SendGoal': 'a4fcb3bee1bf32e21a0e541a943b221aa0826996e2c98f079b47022b256f48b5',
}
"""Of Nav2's build of 2026-11-27: the same in Jazzy (f4108e5b1) and Lyrical (aa3dab8da)."""


def test_the_types_are_those_of_nav2_on_the_wire():
    import nav2_msgs

    share = Path(nav2_msgs.__file__).parents[4] / 'share'
    described = json.loads((share / 'nav2_msgs' / 'action' / 'NavigateToPose.json').read_text())
    hashes = {entry['type_name']: entry['hash_string'] for entry in described['type_hashes']}
    for part, digest in HASHES.items():
        assert hashes[f'nav2_msgs/action/NavigateToPose_{part}'] == f'RIHS01_{digest}'


def test_it_is_built_once():
    if 'nav2_test' in sys.modules['nav2_msgs'].__file__:
        before = (nav2_stand_in.built() / 'complete').stat().st_mtime_ns
        assert (nav2_stand_in.built() / 'complete').stat().st_mtime_ns == before


class StandIn(Node):
    """Brain and Nav2 in one: an answer at once, and a drive that goes on until the test ends it."""

    def __init__(self, context):
        from nav2_msgs.action import NavigateToPose

        super().__init__('stand_in', context=context)
        self.result = NavigateToPose.Result
        self.places = [(5.0, 5.0)]
        self.accepts = True
        self.driving: dict[bytes, Future] = {}
        self.poses: list[PoseStamped] = []
        self.ends: Counter[str] = Counter()
        self.query = ActionServer(self, Query, 'robobrain/query', self._answer)
        self.navigate = ActionServer(
            self,
            NavigateToPose,
            'navigate_to_pose',
            self._drive,
            goal_callback=lambda goal: GoalResponse.ACCEPT if self.accepts else GoalResponse.REJECT,
            cancel_callback=self._cancel,
        )

    def _answer(self, handle):
        targets = [Target(status=Target.STATUS_OK, position=Point(x=x, y=y)) for x, y in self.places]
        handle.succeed()
        return Query.Result(success=True, answer=Answer(targets=targets))

    async def _drive(self, handle):
        end = self.driving[bytes(handle.goal_id.uuid)] = Future(executor=self.executor)
        self.poses.append(handle.request.pose)
        name, number, words = await end
        getattr(handle, name)()
        self.ends[name] += 1
        return self.result(error_code=number, error_msg=words)

    def _cancel(self, handle):
        self.finish('canceled', handle=bytes(handle.goal_id.uuid))
        return CancelResponse.ACCEPT

    def finish(self, name, number=0, words='', handle=None):
        """End the newest drive, or the one of a handle."""
        handle = handle or list(self.driving)[-1]
        self.driving[handle].set_result((name, number, words))
        self.executor.wake()


@pytest.fixture(scope='module')
def stand_in(nav2_msgs):
    with own_domain(), ros() as context:
        node = StandIn(context)
        with spinning(node):
            yield node
        node.destroy_node()


@pytest.fixture(scope='module')
def node(stand_in):
    """The node, at the west of an empty room with a table in its middle."""
    cells = np.zeros((100, 100), np.int8)
    cells[46:54, 46:54] = 100
    overrides = [Parameter(name, value=value) for name, value in {'robot_pose': 'topic', 'drive': 'action'}.items()]
    with ros() as context:
        node: Any = GotoNode(context=context, parameter_overrides=overrides)
        node._costmap = SimpleNamespace(grid=lambda max_age_s: Grid(cells, 0.1))
        node._robot = SimpleNamespace(place=lambda: (1.0, 5.0))
        with spinning(node):
            until(node._query.server_is_ready, 'brain')
            until(node._navigator._client.server_is_ready, 'Nav2')
            yield node
        node.destroy_node()


@pytest.fixture
def goto(node, stand_in):
    """The node, with nothing under way; ``told`` is what it tells."""
    stand_in.places, stand_in.accepts = [(5.0, 5.0)], True
    for kept in (stand_in.driving, stand_in.poses, stand_in.ends):
        kept.clear()
    node.told = []
    node._status = SimpleNamespace(publish=node.told.append)
    yield node
    act(node, node.cancel)
    until(lambda: stand_in.ends.total() == len(stand_in.driving), 'end of all drives')


def act(goto, *calls):
    """Make calls one right after the other, in the node's executor."""
    until(goto.executor.create_task(lambda: [call() for call in calls]).done, 'calls')


def told(goto, state, instruction='the table'):
    def found():
        for message in list(goto.told):
            values = {pair.key: pair.value for pair in message.values} | {'message': message.message}
            if (values['state'], values['instruction']) == (state, instruction):
                return values
        return None

    return until(found, f'{state} of {instruction!r}')


def go(goto, stand_in, instruction='the table'):
    """Begin a drive, and wait until Nav2 has it."""
    count = len(stand_in.poses)
    act(goto, lambda: goto.go(instruction))
    until(lambda: len(stand_in.poses) > count, 'drive')
    assert told(goto, telling.DRIVING, instruction)
    return stand_in.poses[-1]


def states(goto):
    return [next(pair.value for pair in message.values if pair.key == 'state') for message in goto.told]


def test_it_drives_there(goto, stand_in):
    pose = go(goto, stand_in)
    assert (pose.header.frame_id, pose.pose.position.x) == ('map', pytest.approx(4.15, abs=0.1))
    assert goto.busy
    stand_in.finish('succeed')
    assert 'at (4.' in told(goto, telling.ARRIVED)['message']
    assert states(goto) == ['ASKING', 'DRIVING', 'ARRIVED']
    assert not goto.busy


def test_what_nav2_says_is_told(goto, stand_in):
    go(goto, stand_in)
    stand_in.finish('abort', 208, 'no valid path')
    values = told(goto, telling.FAILED)
    assert (values['code'], values['number'], values['recovery']) == ('NAVIGATION_FAILED', '208', 'RETRY')
    assert values['message'] == 'Nav2 gave the drive up with error 208: no valid path'


def test_a_drive_that_another_node_takes_over_is_told(goto, stand_in):
    go(goto, stand_in)
    stand_in.finish('abort')
    values = told(goto, telling.FAILED)
    assert values['message'].endswith('was it sent elsewhere by another node?')
    assert 'number' not in values


def test_cancelling_stops_the_robot(goto, stand_in):
    go(goto, stand_in)
    act(goto, goto.cancel)
    assert told(goto, telling.FAILED)['code'] == 'CANCELLED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')


def test_a_drive_that_is_cancelled_before_nav2_has_accepted_it_stops(goto, stand_in, monkeypatch):
    drive = goto._navigator.drive

    def cancelled_at_once(*arguments):
        goal = drive(*arguments)
        goto.executor.create_task(goto.cancel)
        return goal

    monkeypatch.setattr(goto._navigator, 'drive', cancelled_at_once)
    act(goto, lambda: goto.go('the table'))
    assert told(goto, telling.FAILED)['code'] == 'CANCELLED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')


def test_a_new_instruction_stops_the_drive_and_begins_another(goto, stand_in):
    go(goto, stand_in)
    stand_in.places = [(5.0, 8.0)]
    go(goto, stand_in, 'the plant')
    assert told(goto, telling.FAILED)['code'] == 'PREEMPTED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end of the first drive in Nav2')
    stand_in.finish('succeed')
    told(goto, telling.ARRIVED, 'the plant')


def test_nav2_may_refuse(goto, stand_in):
    stand_in.accepts = False
    act(goto, lambda: goto.go('the table'))
    assert told(goto, telling.FAILED)['code'] == 'NOT_ACTIVE'


def test_a_cancel_in_nav2_is_told(goto, stand_in):
    go(goto, stand_in)
    goal = goto._under_way
    act(goto, goal._cancel)  # by another client of the action, in effect
    assert told(goto, telling.FAILED)['message'] == 'the drive was cancelled in Nav2, not from here'


def test_the_second_place_is_taken_where_the_first_cannot_be_reached(goto, stand_in):
    stand_in.places = [(50.0, 50.0), (5.0, 5.0)]
    assert go(goto, stand_in).pose.position.x == pytest.approx(4.15, abs=0.1)
    stand_in.finish('succeed')


def test_nav2_that_is_gone_is_named(goto, stand_in, monkeypatch):
    go(goto, stand_in)
    monkeypatch.setattr(goto._navigator._client, 'server_is_ready', lambda: False)
    values = told(goto, telling.FAILED)
    assert (values['code'], values['recovery']) == ('NO_NAV2', 'WAIT')
    act(goto, lambda: goto.go('the plant'))
    assert told(goto, telling.FAILED, 'the plant')['code'] == 'NO_NAV2'
    until(lambda: stand_in.ends == {'canceled': 1}, 'the cancel, in case it is there all the same')


def test_a_hundred_drives_leave_nothing_behind(goto, stand_in):
    entities = len(list(goto.timers)), len(list(goto.clients))
    for number in range(100):
        go(goto, stand_in, str(number))
        stand_in.finish('succeed')
        told(goto, telling.ARRIVED, str(number))
        goto.told.clear()
    assert (len(list(goto.timers)), len(list(goto.clients))) == entities


def test_humble_s_result_has_no_error_code():
    assert _failure(GoalStatus.STATUS_ABORTED, SimpleNamespace()).number == 0


def test_without_nav2_msgs_the_topic_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'nav2_msgs', None)
    monkeypatch.setitem(sys.modules, 'nav2_msgs.action', None)
    with pytest.raises(BadRequest, match=r"drive is 'action', but nav2_msgs is not installed .*set it to 'topic'"):
        Navigator(SimpleNamespace())
