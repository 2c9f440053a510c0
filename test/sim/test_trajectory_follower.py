# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the gripper does with targets, trajectories and plans."""

import numpy as np
import pytest
from geometry_msgs.msg import Point, PointStamped, PoseStamped
from nav_msgs.msg import Path
from robobrain_ros.msg import Plan, PlanStep, Target
from ros_helpers import own_domain, ros
from std_msgs.msg import Header
from test_sim_world import body

from robobrain_ros.sim.camera_messages import OPTICAL_FRAME, WORLD_FRAME
from robobrain_ros.sim.trajectory_follower import PARKING, TrajectoryFollower
from robobrain_ros.sim.world import State, World

HIGH = (0.0, 0.0, 0.3)
CUBE, PLATE = (0.0, 0.0, 0.03), (0.3, 0.0, 0.08)
PARKED = PARKING[0]


@pytest.fixture(scope='module')
def follower():
    world = World(7)
    with own_domain(), ros() as context:
        node = TrajectoryFollower('/robobrain', lambda: world, context=context)
        node.world = world
        yield node
        node.destroy_node()


@pytest.fixture
def world(follower):
    follower.world.state = State((body('cube'), body('plate', 0.3, radius=0.07, colour='blue')), np.array(HIGH))
    return follower.world


def point(place):
    x, y, z = map(float, place)
    return Point(x=x, y=y, z=z)


def path(*places, frame=WORLD_FRAME):
    message = Path(header=Header(frame_id=frame))
    for place in places:
        pose = PoseStamped()
        pose.pose.position = point(place)
        message.poses.append(pose)
    return message


def step(action, *places, status=PlanStep.GROUNDED, unknown=()):
    waypoints = [
        Target(status=Target.STATUS_NO_DEPTH if index in unknown else Target.STATUS_OK, position=point(place))
        for index, place in enumerate(places)
    ]
    return PlanStep(action=action, description=f'{action} it', status=status, waypoints=waypoints)


def plan(*steps):
    return Plan(position_frame=WORLD_FRAME, steps=steps)


def where(world, name='red cube'):
    return tuple(world.state.body(name).position.round(6))


def test_it_goes_to_a_target_in_the_camera_s_frame(follower, world):
    seen = world.view.to_camera([0.1, 0.2, 0.05])
    follower._on_target(PointStamped(header=Header(frame_id=OPTICAL_FRAME), point=point(seen)))
    np.testing.assert_allclose(world.state.gripper, [0.1, 0.2, 0.05])
    assert world.state.held == ''


def test_a_trajectory_carries_and_lets_go_at_its_end(follower, world):
    follower._on_trajectory(path(HIGH, CUBE, (0, 0, 0.2), PLATE))
    assert (world.state.held, where(world)) == ('', (0.3, 0.0, 0.005))
    assert world.state.rests_on('red cube', 'blue plate')


def test_a_trajectory_that_ends_at_a_thing_holds_it(follower, world):
    follower._on_trajectory(path(HIGH, CUBE))
    assert world.state.held == 'red cube'


def test_the_first_waypoint_is_where_the_gripper_is_already(follower, world):
    follower._on_trajectory(path(CUBE, HIGH))
    assert (world.state.held, where(world)) == ('', (0.0, 0.0, 0.0))


def test_other_frames_and_empty_paths_move_nothing(follower, world):
    follower._on_trajectory(path(HIGH, CUBE, frame='map'))
    follower._on_trajectory(path(frame='map'))
    follower._on_trajectory(path())
    assert tuple(world.state.gripper) == HIGH


def test_a_mission_s_verbs_open_the_hand(follower, world):
    follower._on_plan(plan(step('move', HIGH, CUBE), step('lift'), step('move', HIGH, (0.3, 0, 0.2))))
    assert world.state.held == 'red cube'
    follower._on_plan(plan(step('place', HIGH, CUBE, PLATE)))
    assert world.state.rests_on('red cube', 'blue plate')
    follower._on_plan(plan(step('pick', HIGH, (0.3, 0, 0.04)), step('put', HIGH, (0.3, 0, 0.04), (0.1, 0.1, 0.1))))
    assert (world.state.held, where(world)) == ('', (0.1, 0.1, 0.0))


@pytest.mark.parametrize(
    'bad',
    [
        step('place', status=PlanStep.FAILED),
        step('lift', status=PlanStep.PLANNED),
        step('move', HIGH, PLATE, unknown=(1,)),
    ],
)
def test_it_stops_before_a_step_without_a_known_way(follower, world, bad):
    follower._on_plan(plan(step('pick', HIGH, CUBE), bad, step('place', HIGH, PLATE)))
    assert (world.state.held, tuple(world.state.gripper)) == ('red cube', CUBE)


def test_on_the_way_it_leaves_out_a_step_that_was_not_found_but_it_begins_with_none(follower, world):
    lost = step('move', status=PlanStep.FAILED)
    follower._on_plan(plan(lost, step('pick', HIGH, CUBE)))
    assert tuple(world.state.gripper) == PARKED
    assert where(world) == (0.0, 0.0, 0.0)
    follower._on_plan(plan(step('pick', HIGH, CUBE), lost, step('place', HIGH, PLATE)))
    assert world.state.rests_on('red cube', 'blue plate')


def test_a_plan_that_takes_something_begins_with_an_empty_gripper(follower, world):
    follower._on_plan(plan(step('move', HIGH, (0.3, 0, 0.1)), step('pick', HIGH, (0.3, 0, 0.02))))
    assert world.state.held == 'blue plate'
    follower._on_plan(plan(step('move', HIGH, CUBE), step('grasp'), step('place', HIGH, PLATE)))
    assert world.state.rests_on('red cube', 'blue plate')


@pytest.fixture
def slow(follower, world):
    """A follower that stays for a minute at each waypoint; ``_act`` is what its timer calls."""
    node = TrajectoryFollower('/robobrain', lambda: follower.world, 60.0, context=follower.context)
    yield node
    node.destroy_node()


def test_it_stays_at_each_waypoint(slow, world):
    slow._on_plan(plan(step('move', HIGH, CUBE), step('place', CUBE, (0, 0, 0.2), PLATE)))
    assert tuple(world.state.gripper) == HIGH
    seen = []
    for _ in range(7):
        slow._act()
        seen.append((tuple(world.state.gripper), world.state.held, world.state.moving))
    held, on_way = 'red cube', ((0, 0, 0.2), 'red cube', True)
    ends = [(PLATE, '', True), (PARKED, '', True), (PARKED, '', False)]
    assert seen == [(HIGH, '', True), (CUBE, held, True), (CUBE, held, True), on_way, *ends]
    assert world.state.rests_on('red cube', 'blue plate')


def test_what_is_carried_does_not_go_back_to_where_the_way_begins(slow, world):
    way = (HIGH, CUBE, (0, 0, 0.2), (0.3, 0, 0.2), PLATE)
    slow._on_plan(plan(step('move', HIGH, CUBE), step('move', *way), step('place', *way)))
    seen = []
    for _ in range(8):
        slow._act()
        seen.append(tuple(world.state.gripper))
    assert seen == [HIGH, CUBE, *way[1:], PLATE, PARKED]
    assert world.state.rests_on('red cube', 'blue plate')


def test_a_way_that_ends_where_it_begins_is_not_gone_twice(follower, world):
    again = (PLATE, HIGH, CUBE, (0, 0, 0.2), (0.3, 0, 0.2), np.array(PLATE) + [0.005, 0, 0])
    world.move(PLATE)
    visited = []
    move, world.move = world.move, lambda place: (visited.append(tuple(place)), move(place))
    try:
        follower._on_plan(plan(step('move', PLATE, CUBE), step('move', *again), step('place', *again)))
    finally:
        del world.move
    assert visited[-3:] == [tuple(again[-1]), tuple(again[-1]), PARKED]
    assert world.state.rests_on('red cube', 'blue plate')


def test_it_parks_in_another_place_when_the_next_plan_ends(follower, world):
    parked = []
    for _ in range(3):
        follower._on_plan(plan(step('pick', HIGH, (0.1, 0.1, 0.1))))
        parked.append(tuple(world.state.gripper))
    assert parked == [PARKING[0], PARKING[2], PARKING[0]]


def test_what_comes_later_takes_the_place_of_what_is_under_way(slow, world):
    slow._on_trajectory(path(HIGH, CUBE, PLATE))
    slow._act()
    slow._on_target(PointStamped(header=Header(frame_id=WORLD_FRAME), point=point((0.1, 0.2, 0.1))))
    for _ in range(3):
        slow._act()
    assert tuple(world.state.gripper) == (0.1, 0.2, 0.1)
    assert world.state.held == ''


def test_in_a_new_world_it_stops(slow, follower, world):
    slow._on_trajectory(path(HIGH, CUBE, PLATE))
    slow._act()
    follower.world = new = World(8)
    before = new.state
    try:
        slow._act()
        assert new.state is before
        assert tuple(world.state.gripper) == HIGH
    finally:
        follower.world = world


def test_targets_in_an_unknown_frame_move_nothing(follower, world):
    follower._on_target(PointStamped(header=Header(frame_id='map'), point=point(CUBE)))
    assert tuple(world.state.gripper) == HIGH
