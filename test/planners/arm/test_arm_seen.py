# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What stands on a table, read from depth: bodies of known size, and the simulated table top with the arm."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robobrain_ros.planners.arm.clearance import OPEN_M, hand, outside
from robobrain_ros.planners.arm.seen import at, things_seen
from robobrain_ros.sim.arm import ArmWorld
from robobrain_ros.sim.arm_episodes import thing_of
from robobrain_ros.sim.layout import draw
from robobrain_ros.sim.questions import MOVABLE

WORLD = ArmWorld(draw(0, 320, 240))
RAISED = np.array([1.57, -1.57, 0.0, -1.57, -1.57, 0.0])
TABLE = (0.4, 0.3)


def see(points: np.ndarray):
    return things_seen(points, TABLE, WORLD.arm, RAISED, hand(OPEN_M))


def block(x: float, y: float, yaw: float, sizes: tuple[float, float, float]) -> np.ndarray:
    """Points on the top and the four sides, 2 mm apart."""
    half_x, half_y, height = sizes[0] / 2, sizes[1] / 2, sizes[2]
    grid = [np.arange(-half, half + 1e-9, 0.002) for half in (half_x, half_y)]
    top = np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)
    levels = np.arange(0.002, height, 0.002)
    edge = top[(np.abs(top[:, 0]) > half_x - 0.001) | (np.abs(top[:, 1]) > half_y - 0.001)]
    flat = np.concatenate([np.column_stack([top, np.full(len(top), height)]),
                           *(np.column_stack([edge, np.full(len(edge), z)]) for z in levels)])  # fmt: skip
    c, s = math.cos(yaw), math.sin(yaw)
    flat[:, :2] = flat[:, :2] @ [[c, s], [-s, c]] + [x, y]
    return flat


def half_ball(x: float, y: float, radius: float, rng: np.random.Generator) -> np.ndarray:
    """Points on what a camera at 40 degrees above the horizon, in front, sees of a ball."""
    normals = rng.normal(size=(4000, 3))
    normals /= np.linalg.norm(normals, axis=1)[:, None]
    normals = normals[normals @ [0, -math.cos(math.radians(40)), math.sin(math.radians(40))] > 0.05]
    return normals * radius + [x, y, radius]


@settings(max_examples=40, deadline=None)
@given(st.floats(-0.2, 0.2), st.floats(-0.2, 0.1), st.floats(0, math.pi), st.floats(0.02, 0.07), st.floats(0.02, 0.1))
def test_a_block_is_measured_across_its_shorter_side(x, y, yaw, width, height):
    (seen,) = see(block(x, y, yaw, (width, 1.6 * width, height)))
    assert math.hypot(seen.thing.x - x, seen.thing.y - y) < 0.003
    assert abs(seen.thing.height - height) < 0.003
    assert abs(seen.thing.radius - 0.8 * math.hypot(width, width / 1.6)) < 0.2 * width
    turn, across = seen.directions[0]
    assert abs((turn - yaw + math.pi / 2) % math.pi - math.pi / 2) < math.radians(8)
    assert -0.003 < across - width < 0.14 * 1.6 * width + 0.003
    assert seen.directions[0][1] <= seen.directions[-1][1]


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.2, 0.2), st.floats(-0.2, 0.1), st.floats(0.015, 0.045))
def test_the_hidden_half_of_a_ball_is_completed(x, y, radius):
    (seen,) = see(half_ball(x, y, radius, np.random.default_rng(0)))
    assert math.hypot(seen.thing.x - x, seen.thing.y - y) < 1e-3
    assert abs(seen.thing.radius - radius) < 1e-3
    assert np.allclose([width for _, width in seen.directions], 2 * radius, atol=2e-3)


def test_things_apart_are_two_and_a_point_chooses_one():
    first, second = block(0.0, 0.0, 0.3, (0.05, 0.05, 0.05)), block(0.1, 0.0, 0.3, (0.04, 0.04, 0.09))
    seen = see(np.concatenate([first, second]))
    assert len(seen) == 2
    assert at(seen, [0.01, 0.0, 0.05]).thing.height == pytest.approx(0.05, abs=0.002)
    assert at(seen, [0.09, 0.01, 0.02]).thing.height == pytest.approx(0.09, abs=0.002)


def test_the_middle_of_a_plate_is_the_plate_though_only_its_rim_is_higher_than_noise():
    turns = np.linspace(0, 2 * math.pi, 400)
    rims = [np.column_stack([0.07 * np.cos(turns), 0.07 * np.sin(turns), np.full(400, z)]) for z in (0.008, 0.012)]
    beside = block(0.1, 0.0, 0.0, (0.04, 0.04, 0.06))
    seen = see(np.concatenate([*rims, beside]))
    plate = at(seen, [0.03, 0.0, 0.004])
    assert plate.thing.radius == pytest.approx(0.07, abs=0.001)
    assert plate.distance([0.03, 0.0, 0.004]) == 0
    assert plate.distance([0.0, 0.0, 0.052]) == pytest.approx(0.04, abs=0.001)
    assert at(seen, [0.1, 0.0, 0.05]).thing.height == pytest.approx(0.06, abs=0.002)
    assert plate.distance([0.0, -0.1, 0.012]) == pytest.approx(0.03, abs=0.001)


def test_of_two_outlines_that_overlap_a_point_chooses_what_is_seen_there():
    turns = np.linspace(0, math.pi, 200)
    bow = np.column_stack([0.08 * np.cos(turns), 0.08 * np.sin(turns), np.full(200, 0.02)])
    seen = see(np.concatenate([bow, bow + [0, 0, 0.004], block(0.0, 0.03, 0.0, (0.03, 0.03, 0.02))]))
    assert len(seen) == 2
    assert at(seen, [0.0, 0.03, 0.02]).thing.radius < 0.03


def test_nothing_on_the_table_is_said():
    rng = np.random.default_rng(0)
    bare = np.column_stack([rng.uniform(-0.4, 0.4, (5000, 2)), rng.normal(0, 0.001, 5000)])
    assert see(bare) == ()
    with pytest.raises(ValueError, match=r'nothing stands on the table near \[0\.1, 0\.2, 0\.03\]'):
        at((), [0.1, 0.2, 0.03])


def test_what_belongs_to_the_arm_is_left_out():
    links = WORLD.arm.chain.links(WORLD.arm.home)
    tool = links[-1, :3, 3]
    points = np.array([tool, tool - [0, 0, 0.02], tool + [0.2, -0.2, 0]])
    assert np.array_equal(outside(points, hand(OPEN_M), links, 0.05), points[2:])


@pytest.mark.parametrize('seed', range(6))
def test_what_the_simulated_camera_sees_is_where_it_is(seed):
    world = ArmWorld(draw(seed, 640, 480))
    seen = things_seen(world.cloud(), world.table, world.arm, world.angles, hand(OPEN_M))
    for body in world.state().bodies:
        true, item = thing_of(body), body.item
        found = at(seen, body.position + [0, 0, item.height / 2])
        assert math.hypot(found.thing.x - true.x, found.thing.y - true.y) < 0.004
        assert abs(found.thing.height - true.height) < 0.004
        if item.shape in MOVABLE:
            assert abs(found.directions[0][1] - 2 * item.radius) < 0.005
