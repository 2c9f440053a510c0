# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto drives by Nav2's real action type; brain and Nav2 are played by stand-ins."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nav2_stand_in
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseWithCovarianceStamped
from goto_fixtures import act, go, states, told
from nav_msgs.msg import MapMetaData, OccupancyGrid
from ros_helpers import SOON, until
from std_msgs.msg import Header, String

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.goto.driving import Navigator, _failure
from robobrain_ros.planners.goto.hearing import LATCHED
from robobrain_ros.planners.status import ARRIVED, FAILED

pytest_plugins = ('nav2_stand_in', 'goto_fixtures')
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


def test_it_drives_there(goto, stand_in):
    pose = go(goto, stand_in)
    assert (pose.header.frame_id, pose.pose.position.x) == ('map', pytest.approx(4.15, abs=0.1))
    assert not goto.settled
    stand_in.finish('succeed')
    assert 'at (4.' in told(goto, ARRIVED)['message']
    assert states(goto) == ['ASKING', 'DRIVING', 'ARRIVED']
    until(lambda: goto.settled, 'end')


def test_what_nav2_says_is_told(goto, stand_in):
    go(goto, stand_in)
    stand_in.finish('abort', 208, 'no valid path')
    values = told(goto, FAILED)
    assert (values['code'], values['number'], values['recovery']) == ('NAVIGATION_FAILED', '208', 'RETRY')
    assert values['message'] == 'Nav2 gave the drive up with error 208: no valid path'


def test_a_drive_that_another_node_takes_over_is_told(goto, stand_in):
    go(goto, stand_in)
    stand_in.finish('abort')
    values = told(goto, FAILED)
    assert values['message'].endswith('was it sent elsewhere by another node?')
    assert 'number' not in values


def test_cancelling_stops_the_robot(goto, stand_in):
    go(goto, stand_in)
    act(goto, goto.cancel)
    assert told(goto, FAILED)['code'] == 'CANCELLED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')


def test_a_drive_that_is_cancelled_before_nav2_has_accepted_it_stops(goto, stand_in, monkeypatch):
    drive = goto._navigator.drive

    def cancelled_at_once(*arguments):
        goal = drive(*arguments)
        goto.executor.create_task(goto.cancel)
        return goal

    monkeypatch.setattr(goto._navigator, 'drive', cancelled_at_once)
    act(goto, lambda: goto.go('the table'))
    assert told(goto, FAILED)['code'] == 'CANCELLED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')


def test_a_new_instruction_stops_the_drive_and_begins_another(goto, stand_in):
    go(goto, stand_in)
    stand_in.places = [(5.0, 8.0)]
    go(goto, stand_in, 'the plant')
    assert told(goto, FAILED)['code'] == 'PREEMPTED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end of the first drive in Nav2')
    stand_in.finish('succeed')
    told(goto, ARRIVED, 'the plant')


def test_nav2_may_refuse(goto, stand_in):
    stand_in.accepts = False
    act(goto, lambda: goto.go('the table'))
    assert told(goto, FAILED)['code'] == 'NOT_ACTIVE'


def test_a_cancel_in_nav2_is_told(goto, stand_in):
    go(goto, stand_in)
    goal: Any = goto._under_way
    until(lambda: goal._handle, 'reply of Nav2')
    act(goto, goal._cancel)  # by another client of the action, in effect
    assert told(goto, FAILED)['message'] == 'the drive was cancelled in Nav2, not from here'


def test_the_second_place_is_taken_where_the_first_cannot_be_reached(goto, stand_in):
    stand_in.places = [(50.0, 50.0), (5.0, 5.0)]
    assert go(goto, stand_in).pose.position.x == pytest.approx(4.15, abs=0.1)
    stand_in.finish('succeed')


def test_nav2_that_is_gone_is_named(goto, stand_in, monkeypatch):
    go(goto, stand_in)
    monkeypatch.setattr(goto._navigator._navigate, 'server_is_ready', lambda: False)
    values = told(goto, FAILED)
    assert (values['code'], values['recovery']) == ('NO_NAV2', 'WAIT')
    act(goto, lambda: goto.go('the plant'))
    assert told(goto, FAILED, 'the plant')['code'] == 'NO_NAV2'
    until(lambda: stand_in.ends == {'canceled': 1}, 'the cancel, in case it is there all the same')


def test_a_hundred_drives_leave_nothing_behind(goto, stand_in):
    entities = len(list(goto.timers)), len(list(goto.clients))
    for number in range(100):
        go(goto, stand_in, str(number))
        stand_in.finish('succeed')
        told(goto, ARRIVED, str(number))
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


def test_humble_s_result_has_no_error_code():
    assert _failure(GoalStatus.STATUS_ABORTED, SimpleNamespace()).number == 0


def test_without_nav2_msgs_the_topic_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'nav2_msgs', None)
    monkeypatch.setitem(sys.modules, 'nav2_msgs.action', None)
    with pytest.raises(BadRequest, match=r"drive is 'action', but nav2_msgs is not installed .*set it to 'topic'"):
        Navigator(SimpleNamespace())
