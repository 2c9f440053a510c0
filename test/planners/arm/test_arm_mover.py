# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What moves the arm by topics, and what hears its joints: messages that cannot be, and controllers that end."""

import math
import re
import time
from types import SimpleNamespace

import numpy as np
import pytest
from sensor_msgs.msg import JointState

from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.arm.clearance import OPEN_M
from robobrain_ros.planners.arm.description import UR5E_2F85, read_arm
from robobrain_ros.planners.arm.joints import Joints
from robobrain_ros.planners.arm.mover import TopicMover
from robobrain_ros.planners.arm.reach import Stop
from robobrain_ros.planners.failure import Failure

ARM = read_arm(UR5E_2F85, np.eye(4))
NAMES = list(ARM.chain.names)
HOME = ARM.home.tolist()
STOP = Stop('above the cube', np.eye(4), ())


class Wires:
    """As much of a node as the mover uses; ``sent`` is what it has published on each topic."""

    def __init__(self):
        self.sent, self.listeners, self.hear, self.look = {}, 1, lambda message: None, lambda: None

    def create_subscription(self, kind, name, hear, depth):
        self.hear = hear
        return SimpleNamespace(topic_name=f'/{name}')

    def create_publisher(self, kind, name, depth):
        sent = self.sent[name] = []
        return SimpleNamespace(
            publish=sent.append, get_subscription_count=lambda: self.listeners, topic_name=f'/{name}'
        )

    def create_timer(self, period, look, clock):
        self.look = look


@pytest.fixture
def robot():
    node = Wires()
    joints = Joints(node, ARM.chain, 'knuckle', 0.8, 3.0)
    mover = TopicMover(node, ARM, joints, 0.5, 0.8, 0.01, 0.2)
    failures = []
    return SimpleNamespace(
        node=node, joints=joints, mover=mover, failures=failures, failed=failures.append, done=lambda: None
    )


def state(angles=HOME, velocities=(), names=NAMES):
    return JointState(name=list(names), position=list(angles), velocity=list(velocities))


def moves_to(robot, by=0.1):
    robot.mover.move_to(STOP, np.array([HOME, np.add(HOME, by)]), robot.done, robot.failed)


def trajectories(robot):
    return robot.node.sent[topics.TRAJECTORY]


@pytest.mark.parametrize('wrong', [math.nan, math.inf, -math.inf, 1e300])
def test_an_angle_that_cannot_be_is_no_state_and_is_quoted(robot, wrong):
    robot.node.hear(state([wrong, *HOME[1:]]))
    with pytest.raises(Failure, match=f'/joint_states; .* {NAMES[0]} is at {re.escape(str(wrong))} rad') as caught:
        robot.joints.state()
    assert caught.value.code == 'NO_ARM'
    robot.mover.hold()
    assert not trajectories(robot)
    robot.node.hear(state())
    assert robot.joints.state()[0].tolist() == HOME


@pytest.mark.parametrize('wrong', [math.nan, math.inf, 1e300])
def test_a_hold_is_possible_where_velocities_are_not_told(robot, wrong):
    robot.node.hear(state(velocities=[wrong] * 6))
    robot.mover.hold()
    (told,) = trajectories(robot)
    assert np.allclose(told.points[0].positions, HOME)


def test_a_hold_after_a_velocity_beyond_all_speeds_ends_near(robot):
    robot.node.hear(state(velocities=[90.0] * 6))
    robot.mover.hold()
    (told,) = trajectories(robot)
    assert told.points[0].time_from_start.sec < 5


def test_a_hand_that_tells_no_number_is_not_told(robot):
    robot.node.hear(state([*HOME, math.nan], names=[*NAMES, 'knuckle']))
    assert robot.joints.opening() is None
    robot.node.hear(state([*HOME, 0.0], names=[*NAMES, 'knuckle']))
    assert robot.joints.opening() == OPEN_M


def test_wrong_names_and_lengths_are_no_state(robot):
    for message in (
        JointState(),
        state(names=NAMES[:5], angles=HOME[:5]),
        state(HOME[:5]),
        state(names=[name.upper() for name in NAMES]),
    ):
        robot.node.hear(message)
    with pytest.raises(Failure, match='no state of the joints'):
        robot.joints.state()
    robot.node.hear(state([0.5, *reversed(HOME)], names=['other', *reversed(NAMES)]))
    assert robot.joints.state()[0].tolist() == HOME


def test_a_way_is_not_begun_from_elsewhere(robot):
    robot.node.hear(state(np.add(HOME, [0, 0, 0.3, 0, 0, 0])))
    moves_to(robot)
    (failure,) = robot.failures
    assert failure.code == 'ARM_STOPPED'
    assert f'{NAMES[2]} is 0.300 rad away' in str(failure)
    assert not trajectories(robot)


def test_a_way_is_not_begun_by_an_arm_that_is_silent(robot):
    moves_to(robot)
    assert [failure.code for failure in robot.failures] == ['NO_ARM']
    assert not trajectories(robot)


def test_nothing_is_told_to_a_hand_that_does_not_listen(robot):
    robot.node.hear(state())
    robot.node.listeners = 0
    robot.mover.grip(0.0, robot.done, robot.failed)
    assert 'nobody listens on /gripper_controller/commands' in str(robot.failures[0])
    assert not robot.node.sent[topics.GRIPPER]


def test_an_arm_that_stands_still_on_its_way_is_given_up_and_held(robot):
    robot.node.hear(state())
    moves_to(robot, 0.02)
    for _ in range(400):
        robot.node.hear(state())
        robot.node.look()
        if robot.failures:
            break
        time.sleep(0.01)
    assert [failure.code for failure in robot.failures] == ['ARM_STOPPED']
    assert len(trajectories(robot)) == 2
