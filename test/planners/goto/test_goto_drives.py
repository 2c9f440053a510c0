# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto drives by Nav2's real action type; brain and Nav2 are played by stand-ins."""

import functools
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nav2_stand_in
import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point, PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import MapMetaData, OccupancyGrid
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from robobrain_ros.action import Query
from robobrain_ros.msg import Answer, Target
from ros_helpers import SOON, own_domain, ros, spinning, until
from std_msgs.msg import Header, String

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.goto import telling
from robobrain_ros.planners.goto.driving import Navigator, _failure
from robobrain_ros.planners.goto.grid import Grid
from robobrain_ros.planners.goto.hearing import LATCHED
from robobrain_ros.planners.goto.node import GotoNode

pytest_plugins = ('nav2_stand_in',)
pytestmark = [pytest.mark.ros, pytest.mark.timeout(300), pytest.mark.usefixtures('nav2_msgs')]  # the build comes first
HASHES = {
    'NavigateToPose_Goal': '22a9dffbd6733011220460bd52edbc7843c8fc86282d40bc7ad3ca176a9dec10',
    'NavigateToPose_Result': 'ddbff7fc6d1e51d774d5defdb8398a57cb23fa8709355002d676408bb4860b85',
    'NavigateToPose_SendGoal': 'a4fcb3bee1bf32e21a0e541a943b221aa0826996e2c98f079b47022b256f48b5',
    'FollowObject': '4d6e71c4308e19ff8ab8d1a2f48ff27f8d1e24456280c3d0f716893f76b5494d',
}
"""Of Nav2's build of 2026-11-27: the same in Jazzy (f4108e5b1) and Lyrical (aa3dab8da)."""


@pytest.mark.parametrize('name', HASHES)
def test_the_types_are_those_of_nav2_on_the_wire(name):
    import nav2_msgs

    share = Path(nav2_msgs.__path__[0]).parents[3] / 'share'
    described = json.loads((share / 'nav2_msgs' / 'action' / f'{name.partition("_")[0]}.json').read_text())
    hashes = {entry['type_name']: entry['hash_string'] for entry in described['type_hashes']}
    assert hashes[f'nav2_msgs/action/{name}'] == f'RIHS01_{HASHES[name]}'


def test_it_is_built_once():
    if 'nav2_test' in sys.modules['nav2_msgs'].__file__:
        before = (nav2_stand_in.built() / 'complete').stat().st_mtime_ns
        assert (nav2_stand_in.built() / 'complete').stat().st_mtime_ns == before


class StandIn(Node):
    """Brain and Nav2 in one: an answer at once, and a drive that goes on until the test ends it."""

    def __init__(self, context):
        from nav2_msgs.action import FollowObject, NavigateToPose

        super().__init__('stand_in', context=context)
        self.places = [(5.0, 5.0)]
        self.accepts, self.asked = True, 0
        self.driving: dict[bytes, Future] = {}
        self.poses: list[PoseStamped] = []
        self.ends: Counter[str] = Counter()
        self.query = ActionServer(self, Query, 'robobrain/query', self._answer)
        self.topics: list[str] = []
        self.servers = [
            ActionServer(
                self,
                kind,
                name,
                functools.partial(self._drive, kind),
                goal_callback=lambda goal: GoalResponse.ACCEPT if self.accepts else GoalResponse.REJECT,
                cancel_callback=self._cancel,
            )
            for kind, name in ((NavigateToPose, 'navigate_to_pose'), (FollowObject, 'follow_object'))
        ]

    def _answer(self, handle):
        targets = [Target(status=Target.STATUS_OK, position=Point(x=x, y=y)) for x, y in self.places]
        handle.succeed()
        self.asked += 1
        header = Header(stamp=self.get_clock().now().to_msg())
        return Query.Result(success=True, answer=Answer(targets=targets, header=header))

    async def _drive(self, kind, handle):
        end = self.driving[bytes(handle.goal_id.uuid)] = Future(executor=self.executor)
        if hasattr(handle.request, 'pose'):
            self.poses.append(handle.request.pose)
        else:
            self.topics.append(handle.request.pose_topic)
        name, number, words = await end
        getattr(handle, name)()
        self.ends[name] += 1
        return kind.Result(error_code=number, error_msg=words)

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
            until(node._navigator._navigate.server_is_ready, 'Nav2')
            until(node._navigator._follow.server_is_ready, 'the following server of Nav2')
            yield node
        node.destroy_node()


@pytest.fixture
def goto(node, stand_in):
    """The node, with nothing under way; ``told`` is what it tells."""
    stand_in.places, stand_in.accepts = [(5.0, 5.0)], True
    for kept in (stand_in.driving, stand_in.poses, stand_in.topics, stand_in.ends):
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
    assert not goto.settled
    stand_in.finish('succeed')
    assert 'at (4.' in told(goto, telling.ARRIVED)['message']
    assert states(goto) == ['ASKING', 'DRIVING', 'ARRIVED']
    until(lambda: goto.settled, 'end')


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
    goal: Any = goto._under_way
    until(lambda: goal._handle, 'reply of Nav2')
    act(goto, goal._cancel)  # by another client of the action, in effect
    assert told(goto, telling.FAILED)['message'] == 'the drive was cancelled in Nav2, not from here'


def test_the_second_place_is_taken_where_the_first_cannot_be_reached(goto, stand_in):
    stand_in.places = [(50.0, 50.0), (5.0, 5.0)]
    assert go(goto, stand_in).pose.position.x == pytest.approx(4.15, abs=0.1)
    stand_in.finish('succeed')


def test_nav2_that_is_gone_is_named(goto, stand_in, monkeypatch):
    go(goto, stand_in)
    monkeypatch.setattr(goto._navigator._navigate, 'server_is_ready', lambda: False)
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


def test_ctrl_c_stops_the_robot(goto, stand_in):
    environment = os.environ | nav2_stand_in.for_children()
    options = ('__node:=other', 'robot_pose:=topic', 'drive:=action', 'max_costmap_age_s:=0.0')
    arguments = [word for option in options for word in ('-r' if '__' in option else '-p', option)]
    command = [sys.executable, '-m', 'robobrain_ros.planners.goto.node', '--ros-args', *arguments]
    said = stand_in.create_publisher(String, 'other/instruction', 5)
    costmap = stand_in.create_publisher(OccupancyGrid, 'global_costmap/costmap', LATCHED)
    robot = stand_in.create_publisher(PoseWithCovarianceStamped, 'amcl_pose', LATCHED)
    info = MapMetaData(resolution=0.125, width=80, height=80)
    costmap.publish(OccupancyGrid(header=Header(frame_id='map'), info=info, data=[0] * 6400))
    robot.publish(PoseWithCovarianceStamped(header=Header(frame_id='map')))
    process = subprocess.Popen(command, env=environment)
    try:
        until(lambda: said.get_subscription_count() and robot.get_subscription_count() > 1, 'the program')
        for _ in range(10):  # its discovery of the actions, and the latched messages, may come later
            said.publish(String(data='the table'))
            time.sleep(0.3)
            if stand_in.poses:
                break
        until(lambda: stand_in.poses, 'drive')
        process.send_signal(signal.SIGINT)
        assert process.wait(SOON) == 0
    finally:
        process.kill()
    until(lambda: stand_in.ends.total() == len(stand_in.driving), 'end of all drives')
    assert set(stand_in.ends) == {'canceled'}


# --- following ------------------------------------------------------------------------------------
@pytest.fixture
def follow(goto, stand_in):
    """Begins to follow, and waits until Nav2 does; the places that are published meanwhile are in ``published``."""

    def begin():
        act(goto, lambda: goto.go('the dog'))
        told(goto, telling.FOLLOWING, 'the dog')
        until(lambda: stand_in.topics == ['/robobrain_goto/object_pose'], 'FollowObject')

    goto.set_parameters([Parameter('follow_s', value=0.05), Parameter('lost_s', value=0.4)])
    begin.published = []
    goto._object_pose = SimpleNamespace(
        publish=begin.published.append, topic_name=goto._object_pose.topic_name, real=goto._object_pose
    )
    yield begin
    goto._object_pose = goto._object_pose.real
    goto.set_parameters([Parameter('follow_s', value=0.0)])


def places(follow):
    return [(pose.pose.position.x, pose.pose.position.y) for pose in list(follow.published)]


def test_it_tells_again_and_again_where_the_thing_is(goto, stand_in, follow):
    follow()
    until(lambda: len(follow.published) > 2, 'places')
    stand_in.places = [(6.0, 5.0)]
    until(lambda: places(follow)[-1] == (6.0, 5.0), 'the new place')
    first, second = follow.published[:2]
    assert first.header.frame_id == 'map'
    assert (second.header.stamp.sec, second.header.stamp.nanosec) > (first.header.stamp.sec, first.header.stamp.nanosec)
    assert states(goto) == ['ASKING', 'FOLLOWING']
    assert not stand_in.poses


def test_cancelling_stops_to_follow(goto, stand_in, follow):
    follow()
    act(goto, goto.cancel)
    assert told(goto, telling.FAILED, 'the dog')['code'] == 'CANCELLED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')
    until(lambda: goto.settled, 'end of all questions')
    count = len(follow.published)
    act(goto, lambda: goto.go('the dog'))
    until(lambda: states(goto) == ['ASKING', 'FOLLOWING', 'FAILED', 'ASKING', 'FOLLOWING'], 'the same once more')
    assert len(follow.published) > count


def test_what_is_lost_is_not_followed_any_more(goto, stand_in, follow):
    follow()
    stand_in.places = []
    values = told(goto, telling.FAILED, 'the dog')
    assert (values['code'], values['recovery']) == ('NOT_FOUND', 'LOOK_ELSEWHERE')
    assert 'not seen for 0.' in values['message']
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')
    assert set(places(follow)) == {(5.0, 5.0)}, 'never an old place as a new one'


def test_what_is_missing_for_a_moment_is_followed_on(goto, stand_in, follow):
    goto.set_parameters([Parameter('lost_s', value=60.0)])
    follow()
    stand_in.places = []
    asked = stand_in.asked
    until(lambda: stand_in.asked > asked + 3, 'questions')
    stand_in.places = [(7.0, 5.0)]
    until(lambda: places(follow)[-1] == (7.0, 5.0), 'the thing again')
    assert not goto.settled


@pytest.mark.parametrize(('end', 'state'), [(('succeed',), 'FOLLOWED'), (('abort', 902, 'no detection'), 'FAILED')])
def test_nav2_may_end_it(goto, stand_in, follow, end, state):
    follow()
    stand_in.finish(*end)
    values = told(goto, state, 'the dog')
    assert values.get('number') == (str(end[1]) if end[1:] else None)
    until(lambda: goto.settled, 'end')
    until(lambda: not list(goto.timers), 'no timer that asks again')


def test_a_nav2_without_following_says_so(goto, follow, monkeypatch):
    monkeypatch.setattr(goto._navigator, '_follow', None)
    act(goto, lambda: goto.go('the dog'))
    assert told(goto, telling.FAILED, 'the dog')['code'] == 'NO_FOLLOWING'
    until(lambda: goto.settled, 'end')


def test_humble_s_result_has_no_error_code():
    assert _failure(GoalStatus.STATUS_ABORTED, SimpleNamespace()).number == 0


def test_without_nav2_msgs_the_topic_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'nav2_msgs', None)
    monkeypatch.setitem(sys.modules, 'nav2_msgs.action', None)
    with pytest.raises(BadRequest, match=r"drive is 'action', but nav2_msgs is not installed .*set it to 'topic'"):
        Navigator(SimpleNamespace())
