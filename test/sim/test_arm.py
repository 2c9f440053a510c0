# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The simulated arm carries things by contact and friction: with true positions always, with wrong ones never."""

from dataclasses import replace

import numpy as np
import pytest

from robobrain_ros.planners.arm.reach import Unreachable
from robobrain_ros.planners.arm.skills import grasps, transfer
from robobrain_ros.planners.arm.trajectory import timed
from robobrain_ros.sim.arm import HOME, ArmWorld
from robobrain_ros.sim.arm_episodes import (
    carry,
    directions_of,
    goal_of,
    moved,
    place_on,
    thing_of,
    told_by_camera,
    told_by_truth,
)
from robobrain_ros.sim.arm_model import ARM
from robobrain_ros.sim.layout import draw
from robobrain_ros.sim.questions import MOVABLE
from robobrain_ros.sim.world import Body, State

SEEDS = (0, 1, 3, 4, 6, 11)
"""Cylinder on cube, mug in bowl, cylinder on cube, ball on plate, mug on plate, mug on cube."""


def world_of(seed: int) -> ArmWorld:
    return ArmWorld(draw(seed, 320, 240))


def shifted(state: State, x: float) -> State:
    return replace(state, bodies=tuple(replace(b, position=b.position + [x, 0, 0]) for b in state.bodies))


@pytest.mark.parametrize('seed', SEEDS)
def test_with_true_positions_the_thing_gets_there_and_nothing_else_moves(seed):
    world = world_of(seed)
    goal = goal_of(seed, world.state())
    assert goal is not None
    carried = carry(world, goal, told_by_truth(world.state(), goal))
    assert (carried.success, carried.why) == (True, '')
    assert carried.pushed_m < 0.01
    assert 3 < carried.seconds < 15
    assert world.state().held == ''


@pytest.mark.parametrize('seed', [3, 6])
def test_by_what_the_depth_camera_sees_the_thing_gets_there(seed):
    world = ArmWorld(draw(seed, 640, 480))
    goal = goal_of(seed, world.state())
    assert goal is not None
    carried = carry(world, goal, told_by_camera(world, goal))
    assert (carried.success, carried.why) == (True, '')
    assert carried.pushed_m < 0.01


def test_on_its_way_the_arm_touches_nothing_but_what_it_carries():
    world = world_of(4)
    goal = goal_of(4, world.state())
    assert goal is not None
    model, touched = world._model, set()
    bodies = [model.body(number).name for number in range(model.nbody)]
    step = world.step

    def watched() -> None:
        step()
        for pair in np.unique(model.geom_bodyid[world._data.contact.geom], axis=0):
            names = [bodies[body] for body in pair]
            if any(name.startswith(ARM) for name in names):
                touched.add(next((name for name in names if not name.startswith(ARM)), 'itself'))

    world.step = watched
    assert carry(world, goal, told_by_truth(world.state(), goal)).success
    index = [body.name for body in world.state().bodies].index(goal.what)
    assert touched == {f'item{index}'}


def test_with_wrong_positions_it_does_not():
    world = world_of(3)
    start = world.state()
    goal = goal_of(3, start)
    assert goal is not None
    carried = carry(world, goal, told_by_truth(shifted(start, 0.06), goal))
    assert not carried.success
    assert carried.why == 'it slipped out of the hand'


def test_without_friction_nothing_is_lifted():
    world = world_of(0)
    world._model.geom_friction[:] = 1e-4
    goal = goal_of(0, world.state())
    assert goal is not None
    before = world.state().body(goal.what).position[2]
    carried = carry(world, goal, told_by_truth(world.state(), goal))
    assert not carried.success
    assert carried.why == 'it slipped out of the hand'
    assert world.state().body(goal.what).position[2] < before + 0.01


def test_what_stands_still_stays_and_the_arm_holds_its_place():
    world = world_of(2)
    before = world.state()
    world.hold(1.0)
    after = world.state()
    for body in before.bodies:
        assert np.linalg.norm(after.body(body.name).position - body.position) < 0.001
        assert abs(body.position[2]) < 0.001
    assert np.allclose(world.angles, HOME, atol=1e-3)


def test_the_arm_follows_a_trajectory_within_a_millimetre():
    world = world_of(2)
    end = HOME + [0.4, 0.3, -0.2, 0.1, 0.2, 0.5]
    world.follow(timed(np.array([HOME, end]), world.arm.speeds, world.arm.accelerations))
    misses = world.arm.chain.pose(world.angles)[:3, 3] - world.arm.chain.pose(end)[:3, 3]
    assert np.linalg.norm(misses) < 0.001
    assert np.allclose(world.state().gripper, world.arm.chain.pose(world.angles)[:3, 3], atol=1e-6)


def test_what_is_out_of_reach_is_said_before_anything_moves():
    world = world_of(3)
    start = world.state()
    goal = goal_of(3, start)
    assert goal is not None
    carried = carry(world, goal, told_by_truth(shifted(start, 0.9), goal))
    assert carried.why.startswith(f'with the {goal.what} above the {goal.where}: (')
    assert carried.why.endswith('m from the shoulder')
    assert carried.seconds == 0
    assert np.allclose(world.angles, HOME, atol=1e-3)


def test_a_thing_that_is_walled_in_is_refused():
    world = world_of(3)
    state = world.state()
    what = next(body for body in state.bodies if body.item.shape == 'cylinder')
    where = next(body for body in state.bodies if body is not what)
    thing = thing_of(what)
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    far = thing.radius + 0.025
    wall = [replace(thing, name='wall', x=thing.x + far * c, y=thing.y + far * s, radius=0.015)
            for c, s in zip(np.cos(angles), np.sin(angles), strict=True)]  # fmt: skip
    with pytest.raises(Unreachable, match=f'^at the {what.name}: the (finger|hand) and the wall'):
        transfer(world.arm, world.angles, thing, None, place_on(what, where), thing_of(where), wall)


def test_what_is_wider_than_the_hand_is_refused():
    world = world_of(1)
    bowl = next(body for body in world.state().bodies if body.item.shape == 'bowl')
    with pytest.raises(Unreachable, match=f'the {bowl.name} is too wide for the hand, which opens to 8.5 cm'):
        transfer(world.arm, HOME, thing_of(bowl), None, np.zeros(3), thing_of(bowl), [])


def test_a_grasp_is_high_enough_for_tips_and_palm():
    for seed in range(20):
        for item in draw(seed, 320, 240).items:
            if item.shape in MOVABLE:
                thing = thing_of(Body(item, np.array([item.x, item.y, 0.0])))
                for grasp in grasps(thing, directions_of(item)):
                    assert grasp.width < grasp.release <= grasp.opening <= 0.085
                    assert 0.015 < grasp.height < item.height + 0.001
                    assert item.height - grasp.height <= 0.0301


def test_told_positions_are_off_by_what_is_asked_for():
    world = world_of(2)
    state = world.state()
    rng = np.random.default_rng(0)
    errors = [
        one.position - other.position
        for _ in range(200)
        for one, other in zip(moved(state, 0.01, rng).bodies, state.bodies, strict=True)
    ]
    assert np.allclose(np.std(errors, axis=0)[:2], 0.01, rtol=0.1)
    assert np.array(errors)[:, 2].max() == 0
