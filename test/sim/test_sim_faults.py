# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.
"""Faults of the simulated world: each leads to the state that it should, once, and the same for the same seed."""

import math

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from test_sim_world import body

from robobrain_ros.sim.faults import NEAR_M, PUSH_M, Fault, FaultyWorld
from robobrain_ros.sim.world import GRASP_M, State
from robobrain_ros.sim.world_state import from_markers, to_markers

HIGH = (0.0, 0.0, 0.3)
CUBE, BALL, PLATE = (-0.1, 0.0, 0.03), (-0.1, 0.12, 0.03), (0.15, 0.0, 0.04)
NAME, OTHER, SUPPORT = 'red cube', 'blue ball', 'green plate'


def start(*others):
    bodies = (body('cube', -0.1), *others, body('plate', 0.15, colour='green', radius=0.07, height=0.012))
    return State(bodies, np.array(HIGH))


@pytest.fixture(scope='module', params=list(Fault))
def every(request):
    return FaultyWorld(7, fault=request.param)


def world_with(fault, *others):
    world = FaultyWorld(7, fault=fault)
    world.state = start(*(others or [body('ball', -0.1, 0.12, colour='blue')]))
    return world


def take(world):
    world.move(CUBE)
    world.close()


def put(world):
    """As a planner does: take, carry, let go."""
    world.begin()
    take(world)
    for place in ((-0.1, 0, 0.2), (0.15, 0, 0.2), PLATE):
        world.move(place)
    world.open()


@pytest.mark.parametrize('fault', list(Fault))
def test_the_first_attempt_fails_and_the_second_succeeds(fault):
    world = world_with(fault)
    assert world.state.fault == ''
    put(world)
    assert not world.state.rests_on(NAME, SUPPORT)
    assert world.state.fault == fault.value
    before = world.state.body(NAME).position
    world.begin()
    world.move(before + [0, 0, 0.03])
    world.close()
    assert world.state.held == NAME
    world.move((-0.1, 0.0, 0.2))
    world.move(PLATE)
    world.open()
    assert world.state.rests_on(NAME, SUPPORT)
    assert world.state.fault == fault.value


def test_what_slips_cannot_be_held_until_the_next_plan_begins():
    world = world_with(Fault.SLIP)
    for _ in range(3):
        take(world)
        assert world.state.held == ''
    np.testing.assert_allclose(world.state.body(NAME).position, [-0.1, 0, 0])
    world.begin()
    take(world)
    assert world.state.held == NAME


def test_what_is_pushed_is_out_of_reach_on_free_ground_in_sight():
    world = world_with(Fault.PUSH)
    take(world)
    thing = world.state.body(NAME)
    assert world.state.held == ''
    assert PUSH_M[0] - 1e-9 <= math.dist(thing.position[:2], CUBE[:2]) <= PUSH_M[1] + 1e-9
    assert thing.grip_distance(world.state.gripper) > GRASP_M
    assert thing.position[2] == 0
    for other in (OTHER, SUPPORT):
        apart = math.dist(thing.position[:2], world.state.body(other).position[:2])
        assert apart > thing.item.radius + world.state.body(other).item.radius
    u, v, _ = world.view.project(thing.position)
    assert 0 < u < world.width
    assert 0 < v < world.height


def test_what_is_dropped_lies_on_the_table_between():
    world = world_with(Fault.DROP)
    world.begin()
    take(world)
    world.move((-0.1, 0, 0.2))
    assert world.state.held == NAME, 'nothing falls while it is lifted'
    world.move((0.15, 0, 0.2))
    x, y, z = world.state.body(NAME).position
    assert (world.state.held, y, z) == ('', 0, 0)
    assert -0.1 < x < 0.15 - 0.07
    np.testing.assert_allclose(world.state.gripper, (0.15, 0, 0.2))


def test_the_wrong_thing_is_taken_and_put():
    world = world_with(Fault.WRONG)
    take(world)
    assert world.state.held == OTHER
    np.testing.assert_allclose(world.state.body(NAME).position, [-0.1, 0, 0])
    world.move(PLATE)
    world.open()
    assert world.state.rests_on(OTHER, SUPPORT)


@pytest.mark.parametrize('others', [(body('ball', -0.1, NEAR_M + 0.01),), (body('bowl', -0.1, 0.12, colour='blue'),)])
def test_there_is_no_wrong_grasp_where_nothing_else_is_near(others):
    world = world_with(Fault.WRONG, *others)
    put(world)
    assert world.state.rests_on(NAME, SUPPORT)
    assert world.state.fault == ''


def test_nothing_is_pushed_or_dropped_where_there_is_no_room():
    ring = [
        body('bowl', -0.1 + 0.09 * math.cos(angle), 0.09 * math.sin(angle), colour='blue', radius=0.06)
        for angle in np.linspace(0, 2 * math.pi, 12)
    ]
    for fault in (Fault.PUSH, Fault.DROP):
        world = world_with(fault, *ring)
        take(world)
        world.move((0.0, 0.0, 0.2))
        assert (world.state.held, world.state.fault) == (NAME, '')


def test_closing_around_nothing_is_no_occasion(every):
    every.state = start(body('ball', -0.1, 0.12, colour='blue'))
    every.move((0.0, -0.1, 0.2))
    every.close()
    every.move((0.1, -0.1, 0.2))
    assert (every.state.held, every.state.fault) == ('', '')


def test_the_same_seed_gives_the_same_fault():
    ends = [world_with(Fault.PUSH) for _ in range(2)]
    for world in ends:
        put(world)
    first, second = (world.state.body(NAME).position for world in ends)
    np.testing.assert_array_equal(first, second)


def test_the_judge_is_told_what_went_wrong():
    world = world_with(Fault.SLIP)
    put(world)
    told = from_markers(to_markers(world.state, Time()))
    assert (told.fault, told.moving) == ('slip', False)
    world.set_moving(True)
    told = from_markers(to_markers(world.state, Time()))
    assert (told.fault, told.moving) == ('slip', True)
