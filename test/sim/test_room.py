# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The robot's room: MuJoCo agrees with the plan, and the camera sees what is where it is said to be."""

import math

import numpy as np
import pytest

from robobrain_ros.planners.goto.grid import INSCRIBED, UNKNOWN
from robobrain_ros.sim.room import Room
from robobrain_ros.sim.room_plan import RADIUS_M, START_M, Pose, draw_room

SEEDS = range(20)


def test_the_robot_begins_in_free_space_and_no_two_things_are_alike():
    for seed in SEEDS:
        plan = draw_room(seed, 320, 240)
        grid = plan.grid()
        here = int(grid.values_at(grid.cells_of(np.array([plan.robot.x, plan.robot.y]))))
        assert UNKNOWN < here < INSCRIBED, seed
        assert len(plan.things) == sum(len(table.layout.items) for table in plan.tables) >= 4
        table = plan.tables[0].pose
        assert START_M[0] - 0.01 < math.dist((table.x, table.y), (plan.robot.x, plan.robot.y)) < START_M[1] + 0.01


def test_a_seed_gives_one_room_and_another_seed_another():
    assert draw_room(3, 320, 240).robot == draw_room(3, 640, 480).robot != draw_room(4, 320, 240).robot
    with pytest.raises(ValueError, match='seed -1 is negative'):
        draw_room(-1, 320, 240)


def test_in_free_cells_the_robot_touches_nothing_and_in_lethal_ones_it_does():
    rng = np.random.default_rng(5)
    room = Room(5, 64, 48)
    grid = room.plan.grid()
    corners = rng.uniform(0, 1, (300, 2))  # anywhere in a cell
    for free in (True, False):
        cells = np.argwhere((grid.cells > UNKNOWN) & ((grid.cells < INSCRIBED) if free else (grid.cells == 100)))
        for cell, corner in zip(rng.choice(cells, 300), corners, strict=True):
            x, y = grid.centres_of(cell) + (corner - 0.5) * grid.resolution
            room._least_gap_m = math.inf
            room.move(Pose(float(x), float(y)))
            gap = room.judge(next(iter(room.plan.things))).least_gap_m
            assert gap > 0 if free else gap < 0, (x, y, gap)


def test_the_narrowest_gap_of_the_way_stays_in_the_verdict():
    room = Room(2, 64, 48)
    name = next(iter(room.plan.things))
    begin, table = room.pose, room.plan.tables[0].box
    assert room.judge(name).least_gap_m > 0
    x, y = table.pose.out(np.array([0.0, -table.half[1] - RADIUS_M + 0.02]))
    room.move(Pose(float(x), float(y)))
    room.move(begin)
    assert room.judge(name).least_gap_m == pytest.approx(-0.02, abs=0.005)


def test_distance_and_direction_of_a_verdict():
    room = Room(2, 64, 48)
    name, (x, y, _) = next(iter(room.plan.things.items()))
    room.move(Pose(float(x) - 0.6, float(y) - 0.8, math.pi / 2))
    verdict = room.judge(name)
    assert verdict.distance_m == pytest.approx(1.0)
    assert verdict.off_rad == pytest.approx(math.atan2(0.6, 0.8))


def test_what_the_camera_sees_lies_where_the_plan_says_also_after_a_drive():
    room = Room(1, 320, 240)
    for turn in (0.0, 0.15):
        pose = room.plan.robot
        room.move(Pose(pose.x + 0.1 * math.cos(pose.yaw), pose.y + 0.1 * math.sin(pose.yaw), pose.yaw + turn))
        _, depth = room.render()
        seen = room.seen()
        assert len(seen) >= 3
        for name, (u, v) in seen.items():
            z = depth[round(v), round(u)]
            place = room.view.to_world(room.view.deproject(u, v, z))
            # a pixel of its front: not farther from its middle than its own size
            assert np.linalg.norm(place - room.plan.things[name]) < 0.09, name
