# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The simulated arm's controller: what it does with trajectories, good ones and others, and its node over DDS."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from builtin_interfaces.msg import Time as Stamp
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from ros_helpers import own_domain, ros, spinning, until
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray, Header
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint
from visualization_msgs.msg import MarkerArray

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.arm.chain import Chain
from robobrain_ros.sim.arm import HOME
from robobrain_ros.sim.arm_controller import CLOSED_RAD, SimulatedArm
from robobrain_ros.sim.arm_model import JOINTS
from robobrain_ros.sim.joint_controller import JointController, Waypoint
from robobrain_ros.sim.world_state import from_markers

CHAIN = Chain(
    ('a', 'b'), np.stack([np.eye(4)] * 2), np.eye(3)[:2], np.eye(4), np.array([-3.0, -1.0]), np.array([3.0, 1.0])
)


def controller() -> JointController:
    return JointController(CHAIN, np.zeros(2))


def test_a_trajectory_is_followed_through_its_points_and_held_at_its_end():
    one = controller()
    one.take(['b', 'a'], [Waypoint(1, [0.5, 1.0], [0.2, 0.4]), Waypoint(2, [0.6, 1.4], [0.0, 0.0])], 10.0, 10.0)
    assert one.ends() == 12
    passed = np.array([one.at(time) for time in (10, 11, 12, 99)])
    assert np.allclose(passed[:, 0], [[0.0, 0.0], [1.0, 0.5], [1.4, 0.6], [1.4, 0.6]])
    assert np.allclose(passed[:, 1], [[0.0, 0.0], [0.4, 0.2], [0.0, 0.0], [0.0, 0.0]])
    times = np.arange(10, 12, 0.001).tolist()
    places = np.array([one.at(time)[0] for time in times])
    speeds = np.array([one.at(time)[1] for time in times])
    assert np.allclose(np.gradient(places, times, axis=0)[1:-1], speeds[1:-1], atol=0.01)


def test_without_velocities_joints_turn_evenly():
    one = controller()
    one.take(['a', 'b'], [Waypoint(2, [1.0, 0.5])], 0.0, 0.0)
    assert np.allclose(np.array(one.at(0.5)), [[0.25, 0.125], [0.5, 0.25]])


def test_a_new_trajectory_begins_where_the_joints_should_be_with_their_speed():
    one = controller()
    one.take(['a', 'b'], [Waypoint(2, [1.0, 0.5])], 0.0, 0.0)
    place, speed = one.at(1.0)
    one.take(['a', 'b'], [Waypoint(0.5, [0.6, 0.3], [0.0, 0.0])], 1.0, 1.0)
    assert np.allclose(np.array(one.at(1.0)), np.array([place, speed]))
    assert np.allclose(one.at(1.5)[0], [0.6, 0.3])


def test_one_that_began_in_the_past_is_joined_and_one_in_the_future_waits():
    one = controller()
    points = [Waypoint(1, [0.5, 0.0]), Waypoint(2, [1.0, 0.0])]
    one.take(['a', 'b'], points, 10.0, 8.5)
    assert np.allclose(one.at(10.5)[0], [1.0, 0])
    later = controller()
    later.take(['a', 'b'], [Waypoint(0, [0, 0]), *points], 10.0, 12.0)
    assert np.allclose(later.at(11.9)[0], [0, 0])
    assert np.allclose(later.at(13)[0], [0.5, 0])


@pytest.mark.parametrize(
    ('names', 'points', 'said'),
    [
        ([], [], r"are \[\], but must be \['a', 'b'\]"),
        (['a', 'c'], [Waypoint(1, [0, 0])], "'c'"),
        (['a', 'b', 'b'], [Waypoint(1, [0, 0, 0])], "'b', 'b'"),
        (['a', 'b'], [], 'has no points'),
        (['a', 'b'], [Waypoint(1, [0])], 'has 1 positions, but must have 2'),
        (['a', 'b'], [Waypoint(1, [])], 'has 0 positions'),
        (['a', 'b'], [Waypoint(1, [0, 0], [0])], 'has 1 velocities'),
        (['a', 'b'], [Waypoint(1, [math.nan, 0])], 'nan'),
        (['a', 'b'], [Waypoint(1, [0, 0], [0, math.inf])], 'inf'),
        (['a', 'b'], [Waypoint(1, [0, 1.5])], r'turns b to 1.50 rad, but its limits are -1.00 .. 1.00'),
        (['a', 'b'], [Waypoint(0.1, [1, 0])], 'a would turn at 5.0 rad/s'),
        (['a', 'b'], [Waypoint(1, [0.1, 0]), Waypoint(1, [0.2, 0])], 'point 1 is at 1 s, but must come after 1 s'),
        (['a', 'b'], [Waypoint(1, [0.1, 0], [0.1, 0])], 'the last point has velocities'),
        (['a', 'b'], [Waypoint(-1, [0.1, 0])], 'ends 1.00 s in the past'),
        (['a', 'b'], [Waypoint(1, [0, 0], [9, 0]), Waypoint(2, [0, 0])], 'a would be at 6.57 rad/s, but 4.8 is'),
        (
            ['a', 'b'],
            [Waypoint(4, [0, 0], [0, 3]), Waypoint(8, [0, 0], [0, 0])],
            'b would be at .* rad, beyond its limits',
        ),
        (['wrong'] * 10_000, [Waypoint(1, [0, 0])], r"are \['wrong', .* and 9988 more, but must be"),
    ],
)
def test_what_cannot_be_followed_is_refused_and_changes_nothing(names, points, said):
    one = controller()
    one.take(['a', 'b'], [Waypoint(1, [1.0, 0.0])], 0.0, 0.0)
    with pytest.raises(BadRequest, match=said):
        one.take(names, points, 0.5, 0.5)
    assert np.allclose(one.at(1)[0], [1, 0])


@pytest.fixture(scope='module')
def arm():
    """The node, and one that speaks to it; ``joints``, ``images`` and ``objects`` are what it hears."""
    with own_domain(), ros() as context, ros() as other:
        node = SimulatedArm(context=context, parameter_overrides=[])
        user = Node('user', context=other)
        heard = SimpleNamespace(node=node, user=user, joints=[], images=[], objects=[])
        latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        user.create_subscription(JointState, topics.JOINT_STATES, heard.joints.append, 10)
        user.create_subscription(Image, 'image', heard.images.append, 1)
        user.create_subscription(MarkerArray, 'objects', heard.objects.append, latched)
        heard.trajectory = user.create_publisher(JointTrajectory, topics.TRAJECTORY, 5)
        heard.gripper = user.create_publisher(Float64MultiArray, topics.GRIPPER, 5)
        with spinning(node) as executor, spinning(user):
            until(lambda: heard.joints and heard.objects and heard.images, 'the first messages')
            until(lambda: heard.trajectory.get_subscription_count() and heard.gripper.get_subscription_count(), 'ears')
            yield heard
            until(executor.create_task(node.destroy_node).done, 'end of the node')
        user.destroy_node()


def turn(heard, radians, seconds):
    goal = HOME.copy()
    goal[0] += radians
    time = Duration(seconds=seconds).to_msg()
    point = JointTrajectoryPoint(positions=goal.tolist(), velocities=[0.0] * 6, time_from_start=time)
    heard.trajectory.publish(JointTrajectory(joint_names=list(JOINTS), points=[point]))
    return goal


def angles(heard):
    return np.array(heard.joints[-1].position)


@pytest.mark.ros
class TestOverDds:
    def test_the_arm_goes_where_the_trajectory_says_and_the_judge_sees_it_move(self, arm):
        assert arm.joints[-1].name[:6] == list(JOINTS)
        assert np.allclose(angles(arm), [*HOME, 0.0], atol=0.02)
        goal = turn(arm, 0.3, 1.0)
        until(lambda: any(from_markers(array).moving for array in arm.objects), 'motion')
        until(lambda: np.allclose(angles(arm)[:6], goal, atol=0.005), 'arrival')
        until(lambda: not from_markers(arm.objects[-1]).moving, 'rest')

    def test_the_hand_closes(self, arm):
        arm.gripper.publish(Float64MultiArray(data=[CLOSED_RAD]))
        until(lambda: angles(arm)[6] > 0.75, 'a closed hand')
        arm.gripper.publish(Float64MultiArray(data=[0.0]))
        until(lambda: angles(arm)[6] < 0.05, 'an open hand')

    def test_garbage_moves_nothing_and_the_arm_still_hears(self, arm, monkeypatch):
        lines: list[str] = []
        monkeypatch.setattr(arm.node, 'get_logger', lambda: SimpleNamespace(error=lines.append))
        until(lambda: not from_markers(arm.objects[-1]).moving, 'rest')
        before = angles(arm)
        arm.trajectory.publish(JointTrajectory())
        arm.gripper.publish(Float64MultiArray(data=[math.nan]))
        arm.gripper.publish(Float64MultiArray(data=[0.1, 0.2]))
        arm.gripper.publish(Float64MultiArray(data=[0.1] * 1000))
        point = JointTrajectoryPoint(positions=HOME.tolist(), time_from_start=Duration(seconds=1).to_msg())
        early = Header(stamp=Stamp(sec=-5))
        arm.trajectory.publish(JointTrajectory(header=early, joint_names=list(JOINTS), points=[point]))
        until(lambda: len(lines) == 5, 'five refusals')
        assert any('it is 1000 numbers, but must be one angle' in line for line in lines)
        assert any('its stamp is -5 s, 0 ns, but must not be negative' in line for line in lines)
        assert any('a trajectory is refused: the joints are []' in line for line in lines)
        assert any('[nan], but must be one angle, 0 .. 0.8 rad' in line for line in lines)
        assert np.allclose(angles(arm), before, atol=1e-3)
        monkeypatch.undo()
        goal = turn(arm, 0.0, 1.0)
        until(lambda: np.allclose(angles(arm)[:6], goal, atol=0.005), 'arrival')

    def test_a_trajectory_of_the_far_future_is_forgotten_with_the_next_one(self, arm):
        until(lambda: not from_markers(arm.objects[-1]).moving, 'rest')
        turn(arm, 0.1, 1e6)
        until(lambda: from_markers(arm.objects[-1]).moving, 'the long way')
        goal = turn(arm, 0.0, 1.0)
        until(lambda: np.allclose(angles(arm)[:6], goal, atol=0.005), 'arrival')
        until(lambda: not from_markers(arm.objects[-1]).moving, 'rest again')

    def test_another_seed_is_another_table_with_the_arm_at_home(self, arm):
        turn(arm, 0.2, 1.0)
        until(lambda: angles(arm)[0] > HOME[0] + 0.1, 'motion')
        names = {body.name for body in from_markers(arm.objects[-1]).bodies}
        seed = arm.node.get_parameter('seed').__class__('seed', value=5)
        assert until(arm.node.executor.create_task(arm.node.set_parameters, [seed]).result, 'the table')[0].successful
        until(lambda: {body.name for body in from_markers(arm.objects[-1]).bodies} != names, 'other things')
        stamp = arm.objects[-1].markers[0].header.stamp
        until(lambda: arm.images[-1].header.stamp.sec > stamp.sec, 'a later image')
        assert np.allclose(angles(arm)[:6], HOME, atol=0.02)
