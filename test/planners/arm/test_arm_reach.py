# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Paths of the simulated UR5e: clear of table and things as MuJoCo sees them, straight, or refused with the reason."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from robobrain_ros.planners.arm import ik
from robobrain_ros.planners.arm.clearance import OPEN_M, Capsule, Thing, clearance, hand
from robobrain_ros.planners.arm.reach import JUMP_RAD, Stop, Unreachable, reach
from robobrain_ros.planners.arm.skills import pointing_down
from robobrain_ros.sim.arm import arm_of
from robobrain_ros.sim.arm_model import ARM, JOINTS, arm_model
from robobrain_ros.sim.layout import Item, draw

LAYOUT = draw(1, 320, 240)
MODEL = arm_model(LAYOUT)
UR5E = arm_of(MODEL)
OPEN = hand(OPEN_M)


def standing(item: Item) -> Thing:
    radius = max(item.reach, item.grip_gap + 0.006)
    return Thing(f'{item.colour} {item.shape}', item.x, item.y, radius, item.height + 0.003)


THINGS = tuple(standing(item) for item in LAYOUT.items)


def near(angles: np.ndarray, hand_now: tuple[Capsule, ...], things: Sequence[Thing]) -> tuple[float, str]:
    return clearance((*UR5E.capsules, *hand_now), UR5E.chain.links(angles), things)


def elbow_up(x: float) -> np.ndarray:
    """The hand down on (x, 0, 0.05), the rest of the arm as far from the table as it can be."""
    found = ik.solutions(UR5E.chain, pointing_down(x, 0.0, 0.05, 0.0), UR5E.home)
    return max((angles[None] for angles in found), key=lambda angles: near(angles, (), ())[0])


def touching(angles: np.ndarray) -> bool:
    """Whether the arm touches the table or a thing in MuJoCo."""
    import mujoco

    data = mujoco.MjData(MODEL)
    data.qpos[[MODEL.joint(f'{ARM}{name}').qposadr[0] for name in JOINTS]] = angles
    mujoco.mj_forward(MODEL, data)
    for contact in data.contact:
        names = [MODEL.body(MODEL.geom_bodyid[geom]).name for geom in (contact.geom1, contact.geom2)]
        geoms = [MODEL.geom(geom).name for geom in (contact.geom1, contact.geom2)]
        moving = [name.startswith(ARM) and 'base' not in name and 'shoulder' not in name for name in names]
        if any(moving) and ('table' in geoms or any(name.startswith('item') for name in names)):
            return True
    return False


def test_what_is_called_clear_touches_nothing_in_mujoco():
    rng = np.random.default_rng(4)
    low, high = UR5E.chain.lower / 2, UR5E.chain.upper / 2
    over = np.array([1.57, -1.2, 1.6, -2.0, -1.57, 0])
    counts = {(True, True): 0, (True, False): 0, (False, True): 0, (False, False): 0}
    for number in range(400):
        angles = over + rng.normal(0, 0.5, 6) if number % 2 else rng.uniform(low, high)
        gap, between = near(angles[None], OPEN, THINGS)
        clear, touches = gap > 0, touching(angles)
        counts[clear, touches] += 1
        assert not (clear and touches), f'{angles}: {between} are {gap:.3f} m apart'
    assert counts[True, False] > 50
    assert counts[False, True] > 50
    assert (
        counts[False, False] < 100
    )  # too near, and no contact in MuJoCo: beside the table, mostly, and a bit around it


def test_a_thing_in_the_way_is_named():
    angles = elbow_up(0.1)
    alone, _ = near(angles, OPEN, [])
    gap, between = near(angles, OPEN, [Thing('red mug', 0.17, 0.0, 0.04, 0.1)])
    assert alone > 0.01
    assert gap < 0
    assert between == 'the finger and the red mug'


def test_a_carried_thing_takes_up_room():
    ball = Thing('red ball', 0.0, 0.0, 0.03, 0.06)
    angles = elbow_up(0.0)
    empty, _ = near(angles, hand(0.06), [])
    full, between = near(angles, hand(0.06, ball, grip=0.055), [])
    assert full < empty
    assert between == 'the red ball and the table'


@pytest.mark.parametrize('x', [-0.3, 0.0, 0.3])
@pytest.mark.parametrize('y', [-0.24, 0.0, 0.22])
def test_a_straight_way_down_and_over(x, y):
    places = [(x, y, 0.25), (x, y, 0.03), (x, y, 0.25), (-x, 0.1, 0.25)]
    stops = [Stop(f'place {n}', pointing_down(*place, 0.4), OPEN) for n, place in enumerate(places)]
    paths = reach(UR5E, UR5E.home, stops)
    assert np.allclose(paths[0][0], UR5E.home)
    for number, path in enumerate(paths):
        assert UR5E.chain.within(path).all()
        assert np.abs(np.diff(path, axis=0)).max() < JUMP_RAD
        assert np.abs(ik.misses(stops[number].pose, UR5E.chain.pose(path[-1]))).max() < ik.ANGLE_RAD
        if number:
            assert np.array_equal(path[0], paths[number - 1][-1])
            line = np.array(places[number]) - places[number - 1]
            offsets = UR5E.chain.pose(path)[:, :3, 3] - places[number - 1]
            beside = np.linalg.norm(np.cross(offsets, line), axis=1) / np.linalg.norm(line)
            assert beside.max() < 2e-4
            assert UR5E.chain.pose(path)[:, 2, 2].max() < -0.999999


def test_what_is_too_far_away_is_refused_before_anything_moves():
    stops = [
        Stop('above the red cube', pointing_down(0.0, 0.0, 0.2, 0.0), OPEN),
        Stop('above the blue bowl', pointing_down(0.9, -0.5, 0.2, 0.0), OPEN),
    ]
    with pytest.raises(
        Unreachable, match=r'^above the blue bowl: \(0\.90, -0\.50, 0\.20\) m is out of reach'
    ) as caught:
        reach(UR5E, UR5E.home, stops)
    assert caught.value.index == 1
    with pytest.raises(
        Unreachable, match=r'is 3\.\d+ m from the shoulder, and the arm with its hand is no longer than 1\.46'
    ):
        reach(UR5E, UR5E.home, [Stop('far', pointing_down(3.0, 0.0, 0.2, 0.0), OPEN)])


def test_a_pose_that_only_its_direction_rules_out_says_so():
    place = pointing_down(0.0, -0.36, 0.1, 0.0)
    place[:3, 3] = 0.0, 0.5 - 0.97, 0.16
    with pytest.raises(Unreachable, match='is within reach, but not with the hand pointing that way'):
        reach(UR5E, UR5E.home, [Stop('the edge', place, OPEN)])


def test_a_way_into_the_table_or_a_thing_is_refused():
    above = Stop('above', pointing_down(0.0, 0.0, 0.2, 0.0), OPEN)
    with pytest.raises(Unreachable, match=r'^too deep: the finger and the table would be \d\.\d cm into each other'):
        reach(UR5E, UR5E.home, [above, Stop('too deep', pointing_down(0.0, 0.0, -0.01, 0.0), OPEN)])
    wall = (Thing('green cylinder', 0.15, 0.0, 0.03, 0.12),)
    through = [replace(above, pose=pointing_down(x, 0.0, 0.06, 0.0), name=f'at {x}', avoid=wall) for x in (0.0, 0.3)]
    with pytest.raises(Unreachable, match=r'^at 0\.3: the (hand|finger) and the green cylinder') as caught:
        reach(UR5E, UR5E.home, through)
    assert caught.value.index == 1
    assert math.isclose(through[1].pose[0, 3], 0.3)
