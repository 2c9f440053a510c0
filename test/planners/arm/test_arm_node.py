# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The node robobrain_arm: alone, with a mover that the test holds in its hand; and over DDS with the simulated arm."""

import functools
import math
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, PointStamped
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from robobrain_ros.msg import Plan, PlanStep, Target
from ros_helpers import own_domain, ros, spinning, until
from sensor_msgs.msg import JointState
from std_msgs.msg import Empty, Header
from visualization_msgs.msg import MarkerArray

from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.arm.clearance import OPEN_M
from robobrain_ros.planners.arm.node import ArmNode
from robobrain_ros.planners.arm.planning import HOVER_M
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.status import DONE, FAILED, MOVING, PLANNING
from robobrain_ros.sim.arm import HOME
from robobrain_ros.sim.arm_controller import SimulatedArm
from robobrain_ros.sim.arm_episodes import goal_of
from robobrain_ros.sim.world_state import from_markers

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=20, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def target(place):
    x, y, z = map(float, place)
    return Target(status=Target.STATUS_OK, position=Point(x=x, y=y, z=z))


def carrying(request_id, what, where, places, frame='world', **put):
    fields = {'status': PlanStep.GROUNDED}
    steps = [
        PlanStep(action='grasp', object=what, description=f'grasp {what}', targets=[target(places[0])], **fields),
        PlanStep(
            action='place', object=what, destination=where, description='place it', targets=[target(places[1])],
            **(fields | put),
        ),
    ]  # fmt: skip
    return Plan(position_frame=frame, request_id=request_id, instruction=request_id, steps=steps)


def box(x, y, size=0.04):
    """Points on the top and the sides of a cube."""
    axis = np.arange(-size / 2, size / 2 + 0.001, 0.002)
    across, along = (grid.ravel() for grid in np.meshgrid(axis, axis))
    top = np.stack([x + across, y + along, np.full(len(across), size)], axis=1)
    sides = [np.stack([x + sign * size / 2 + 0 * across, y + across, along + size / 2], axis=1) for sign in (-1, 1)]
    return np.concatenate([top, *sides])


def values_of(message):
    return {pair.key: pair.value for pair in message.values} | {'message': message.message}


class Hand:
    """A mover that does what the test says: what it was told, and how it ends."""

    def __init__(self, joints):
        self.joints, self.told, self.held = joints, [], 0

    def move_to(self, stop, path, done, failed):
        self.told.append((stop.name, path[-1], done, failed))

    def grip(self, opening, done, failed):
        self.joints.width = max(opening, self.joints.between)
        self.told.append(('grip', opening, done, failed))

    def hold(self):
        self.held += 1


@pytest.fixture
def alone():
    """The node, before it a table with a cube on the left and one on the right; ``told`` is what it tells."""
    with own_domain(), ros() as context:
        overrides = [Parameter('camera_pose', value='topic'), Parameter('brain', value='')]
        hands = []
        joints: Any = SimpleNamespace(state=lambda: (HOME, np.zeros(6)), width=0.085, between=0.039)
        joints.opening = lambda: joints.width
        node: Any = ArmNode(
            lambda *_: hands.append(Hand(joints)) or hands[0], context=context, parameter_overrides=overrides
        )
        node._joints = joints
        points = np.concatenate([box(-0.15, 0.0), box(0.15, 0.0, 0.06)])
        node._sight.close()
        node._sight = SimpleNamespace(to_frame=node._sight.to_frame, points=lambda since: points, close=lambda: None)
        heard = []
        node._status = SimpleNamespace(publish=lambda message: heard.append(values_of(message)))
        with spinning(node) as executor:
            run = lambda *calls: until(executor.create_task(lambda: [call() for call in calls]).done, 'calls')  # noqa: E731
            yield SimpleNamespace(node=node, hand=hands[0], joints=joints, told=heard, run=run)
        node.destroy_node()


PLACES = (-0.15, 0.0, 0.03), (0.15, 0.0, 0.06)


def states(alone):
    return [values['state'] for values in alone.told]


def go(alone, plan):
    alone.run(lambda: alone.node.carry_out(plan))


def end(alone, number):
    """Wait for the mover's next order, and end it well."""
    until(lambda: len(alone.hand.told) > number, 'an order')
    alone.run(alone.hand.told[number][2])


def carry(alone):
    go(alone, carrying('first', 'cube', 'box', PLACES))
    until(lambda: alone.hand.told, 'the first motion')


class TestAlone:
    def test_it_hovers_approaches_closes_lifts_places_retreats_and_goes_home(self, alone):
        carry(alone)
        for number in range(11):
            alone.joints.between = 0.039 if number < 8 else 0.0
            end(alone, number)
        until(lambda: states(alone)[-1] == DONE, 'the end')
        names = [order[0] for order in alone.hand.told]
        assert names == [
            'above the cube', 'grip', 'at the cube', 'grip', 'with the cube above its place',
            'with the cube above the box', 'with the cube at the box', 'grip', 'above the box again', 'home', 'grip',
        ]  # fmt: skip
        assert {values['request_id'] for values in alone.told} == {'first'}
        assert states(alone)[:2] == [PLANNING, MOVING]
        assert [values['holds'] for values in alone.told][-1] == ''
        assert 'cube' in {values['holds'] for values in alone.told}

    @pytest.mark.parametrize(
        ('plan', 'code', 'said'),
        [
            (
                carrying('far', 'cube', 'bin', [PLACES[0], (1.3, -0.8, 0.1)]),
                'NOT_FOUND',
                'step 2: where the bin should be, (1.30, -0.80, 0.10) m, the depth image shows nothing, and the table',
            ),
            (carrying('far', 'cup', 'box', [(0.0, -0.25, 0.0), PLACES[1]]), 'NOT_FOUND', 'where the cup should be'),
            (
                carrying('f', 'cube', 'box', PLACES, status=PlanStep.FAILED, error_code=13, error_message='unseen'),
                'NOT_FOUND',
                'unseen',
            ),
            (carrying('frame', 'cube', 'box', PLACES, frame='camera'), 'NO_TF', 'no pose of the camera has come'),
            (carrying('frame', 'cube', 'box', PLACES, frame=''), 'NO_DEPTH', 'position_frame is empty'),
        ],
    )
    def test_what_cannot_be_done_is_told_before_anything_moves(self, alone, plan, code, said):
        go(alone, plan)
        until(lambda: FAILED in states(alone), 'the failure')
        assert alone.told[-1]['code'] == code
        assert said in alone.told[-1]['message']
        assert not alone.hand.told

    def test_it_goes_to_above_a_point_or_says_why_not(self, alone):
        reach = lambda x, frame='world': PointStamped(header=Header(frame_id=frame), point=Point(x=x, y=0.1, z=0.02))  # noqa: E731
        alone.run(lambda: alone.node.reach(reach(math.nan)))
        assert (alone.told[-1]['state'], alone.told[-1]['code']) == (FAILED, 'BAD_REQUEST')
        alone.run(lambda: alone.node.reach(reach(0.1, 'camera')))
        assert alone.told[-1]['code'] == 'NO_TF'
        alone.run(lambda: alone.node.reach(reach(1.6)))
        until(lambda: alone.told[-1].get('code') == 'UNREACHABLE', 'the failure')
        assert 'above (1.60, 0.10, 0.02) m' in alone.told[-1]['message']
        assert not alone.hand.told
        alone.run(lambda: alone.node.reach(reach(0.1)))
        end(alone, 0)
        until(lambda: states(alone)[-1] == DONE, 'the end')
        pose = alone.node._arm.chain.pose(alone.hand.told[0][1])
        assert np.allclose(pose[:3, 3], [0.1, 0.1, 0.06 + HOVER_M], atol=0.003)
        assert np.allclose(pose[:3, 2], [0, 0, -1], atol=0.01)

    def test_a_hand_that_does_not_open_ends_the_plan_and_still_holds(self, alone):
        carry(alone)
        for number in range(8):
            alone.joints.between = 0.039
            if number == 7:
                alone.joints.width = 0.039
            end(alone, number)
        until(lambda: states(alone)[-1] == FAILED, 'the end')
        assert alone.told[-1]['code'] == 'ARM_STOPPED'
        assert 'step 2: the hand has not let go of the cube' in alone.told[-1]['message']
        assert alone.told[-1]['holds'] == 'cube'

    def test_nothing_is_planned_while_the_arm_moves(self, alone):
        alone.joints.state = lambda: (HOME, np.full(6, 0.5))
        go(alone, carrying('first', 'cube', 'box', PLACES))
        until(lambda: alone.node._waiting, 'waiting')
        assert states(alone) == [PLANNING]
        alone.joints.state = lambda: (HOME, np.zeros(6))
        until(lambda: alone.hand.told, 'the first motion')

    def test_a_defect_of_the_search_ends_the_plan_and_the_next_one_is_taken(self, alone):
        alone.joints.state = lambda: (np.zeros(5), np.zeros(6))
        go(alone, carrying('first', 'cube', 'box', PLACES))
        until(lambda: states(alone)[-1] == FAILED, 'the end')
        assert alone.told[-1]['code'] == 'INTERNAL'
        alone.joints.state = lambda: (HOME, np.zeros(6))
        carry(alone)

    def test_a_cancel_holds_at_once_and_the_rest_is_not_done(self, alone):
        carry(alone)
        alone.run(alone.node.cancel)
        assert alone.hand.held == 1
        assert (alone.told[-1]['state'], alone.told[-1]['code']) == (FAILED, 'CANCELLED')
        time.sleep(0.2)
        assert len(alone.hand.told) == 1

    def test_a_cancel_while_it_plans_means_that_nothing_moves(self, alone):
        plan = carrying('first', 'cube', 'box', PLACES)
        alone.run(functools.partial(alone.node.carry_out, plan), alone.node.cancel)
        until(lambda: FAILED in states(alone), 'the end')
        alone.node._pool.submit(lambda: None).result(30)
        time.sleep(0.2)
        assert not alone.hand.told

    def test_a_second_plan_is_refused_while_one_is_under_way_and_taken_after_it(self, alone):
        carry(alone)
        go(alone, carrying('second', 'cube', 'box', PLACES))
        refused = alone.told[-1]
        assert (refused['state'], refused['code'], refused['request_id']) == (FAILED, 'BUSY', 'second')
        end(alone, 0)
        until(lambda: len(alone.hand.told) == 2, 'the first plan going on')
        alone.run(alone.node.cancel)
        go(alone, carrying('third', 'cube', 'box', PLACES))
        until(lambda: alone.told[-1]['state'] == MOVING and alone.told[-1]['request_id'] == 'third', 'the third')

    def test_a_hand_that_closes_on_nothing_is_noticed_and_the_arm_goes_out_of_the_way(self, alone):
        carry(alone)
        alone.joints.between = 0.0
        for number in range(8):
            end(alone, number)
        until(lambda: FAILED in states(alone), 'the end')
        assert (alone.told[-1]['code'], alone.told[-1]['recovery']) == ('GRASP_FAILED', 'RETRY')
        assert [order[0] for order in alone.hand.told[4:]] == ['at the cube, up again', 'grip', 'home', 'grip']

    def test_what_falls_on_the_way_is_noticed(self, alone):
        carry(alone)
        for number in range(4):
            end(alone, number)
        until(lambda: len(alone.hand.told) == 5, 'the lift')
        alone.joints.width = 0.019
        for number in range(4, 7):
            end(alone, number)
        until(lambda: FAILED in states(alone), 'the end')
        assert alone.told[-1]['code'] == 'DROPPED'

    def test_what_the_mover_fails_at_ends_the_plan(self, alone):
        carry(alone)
        alone.run(lambda: alone.hand.told[0][3](Failure('ARM_STOPPED', 'above the cube: stopped')))
        assert (alone.told[-1]['state'], alone.told[-1]['code']) == (FAILED, 'ARM_STOPPED')

    def test_what_is_held_after_a_cancel_may_be_let_go(self, alone):
        carry(alone)
        for number in range(4):
            end(alone, number)
        until(lambda: len(alone.hand.told) == 5, 'the lift')
        alone.run(alone.node.cancel)
        assert alone.told[-1]['holds'] == 'cube'
        go(alone, carrying('second', 'cube', 'box', PLACES))
        until(lambda: alone.told[-1]['request_id'] == 'second' and alone.told[-1]['state'] == FAILED, 'the refusal')
        assert 'the hand holds the cube' in alone.told[-1]['message']
        alone.run(alone.node.release)
        assert alone.hand.told[-1][:2] == ('grip', OPEN_M)
        go(alone, carrying('third', 'cube', 'box', PLACES))
        until(lambda: alone.told[-1]['request_id'] == 'third' and alone.told[-1]['state'] == MOVING, 'the third')


@pytest.fixture(scope='module')
def table():
    """The node and the simulated arm, each in a context of its own, and a user who hears both."""
    with own_domain(), ros() as context, ros() as other, ros() as third:
        sizes = {'seed': 4, 'width': 320, 'height': 240, 'speed': 3.0}
        arm = SimulatedArm(context=context, parameter_overrides=[Parameter(k, value=v) for k, v in sizes.items()])
        given = {'camera_pose': 'topic', 'patience_s': 30.0, 'speed': 1.0}
        node = ArmNode(context=other, parameter_overrides=[Parameter(k, value=v) for k, v in given.items()])
        user = Node('user', context=third)
        heard = SimpleNamespace(node=node, objects=[], told=[], joints=[])
        user.create_subscription(MarkerArray, 'objects', heard.objects.append, LATCHED)
        user.create_subscription(JointState, topics.JOINT_STATES, heard.joints.append, 10)
        user.create_subscription(
            DiagnosticStatus, 'robobrain_arm/status', lambda message: heard.told.append(values_of(message)), LATCHED
        )
        heard.plan = user.create_publisher(Plan, 'robobrain/plan', 5)
        heard.cancel = user.create_publisher(Empty, 'robobrain_arm/cancel', 5)
        with spinning(arm) as executor, spinning(node), spinning(user):
            until(lambda: heard.plan.get_subscription_count() and heard.cancel.get_subscription_count(), 'the node')
            until(lambda: heard.objects and heard.joints, 'the arm')
            until(lambda: node._mover._trajectory.get_subscription_count(), 'the controller')
            yield heard
            until(executor.create_task(arm.destroy_node).done, 'end of the arm')
        node.destroy_node()
        user.destroy_node()


def ask(table, request_id):
    """Publish the plan of the table's goal with its true places."""
    state = from_markers(table.objects[-1])
    goal = goal_of(4, state)
    bodies = state.body(goal.what), state.body(goal.where)
    table.plan.publish(
        carrying(request_id, goal.what, goal.where, [body.position + [0, 0, body.item.height / 2] for body in bodies])
    )
    return goal


def last(table, request_id):
    return next((values for values in reversed(table.told) if values['request_id'] == request_id), {'state': ''})


class TestWithTheSimulatedArm:
    def test_a_cancel_in_the_middle_of_a_motion_holds_the_arm_there(self, table):
        ask(table, 'cancelled')
        until(lambda: np.abs(table.joints[-1].velocity[:6]).max() > 0.2, 'motion', 60)
        table.cancel.publish(Empty())
        until(lambda: last(table, 'cancelled')['state'] == FAILED, 'the end')
        assert last(table, 'cancelled')['code'] == 'CANCELLED'
        until(lambda: np.abs(table.joints[-1].velocity[:6]).max() < 0.01, 'rest')
        place, count = np.array(table.joints[-1].position), len(table.joints)
        until(lambda: len(table.joints) > count + 30, 'more states')
        assert np.allclose(table.joints[-1].position, place, atol=0.01)

    def test_a_plan_by_what_the_camera_sees_is_carried_out_and_the_judge_sees_it(self, table):
        goal = ask(table, 'whole')
        until(lambda: last(table, 'whole')['state'] in (DONE, FAILED), 'the end', 120)
        assert last(table, 'whole')['state'] == DONE, last(table, 'whole')
        until(lambda: not from_markers(table.objects[-1]).moving, 'rest')
        assert from_markers(table.objects[-1]).rests_on(goal.what, goal.where)
        assert np.allclose(table.joints[-1].position[:6], HOME, atol=0.02)
