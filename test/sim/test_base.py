# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The base's way over a map: free all along, short, and ended where and how it should."""

import math
from itertools import pairwise

import numpy as np
import pytest

from robobrain_ros.planners.goto.grid import Grid
from robobrain_ros.sim.base import NoPath, drive, path
from robobrain_ros.sim.room_plan import Pose


def a_wall(gap=True):
    """A room of 4 x 4 m with a wall across the middle, which is open in the north."""
    cells = np.zeros((40, 40), np.int8)
    cells[: 36 if gap else 40, 19:21] = 100
    return Grid(cells, 0.1)


def test_a_path_goes_round_a_wall_with_few_corners():
    start, goal = Pose(0.55, 0.55), Pose(3.45, 0.55)
    corners = path(a_wall(), start, goal)
    assert corners[0] == (start.x, start.y)
    assert corners[-1] == (goal.x, goal.y)
    assert len(corners) <= 5
    length = sum(math.dist(a, b) for a, b in pairwise(corners))
    shortest = 2 * math.dist((0.55, 0.55), (1.85, 3.65)) + 0.3
    assert shortest - 0.1 < length < shortest * 1.1


def test_all_along_the_drive_the_map_is_free():
    grid, rng, drives = a_wall(), np.random.default_rng(1), 0
    grid.cells[rng.uniform(size=grid.cells.shape) < 0.08] = 100
    while drives < 40:
        places = [Pose(*map(float, rng.uniform((0.05, 0.05, -3), (3.95, 3.95, 3)))) for _ in range(2)]
        if not all(grid.free[tuple(grid.cells_of(np.array([p.x, p.y])))] for p in places):
            continue
        try:
            corners = path(grid, *places)
        except NoPath:
            continue
        drives += 1
        poses = list(drive(places[0], corners, places[1].yaw, 0.02))
        free = grid.free[tuple(grid.cells_of(np.array([[pose.x, pose.y] for pose in poses])).T)]
        # between samples of the straight parts, a corner of a cell may be cut by a fraction of it
        assert free.mean() > 0.98
        steps = [math.dist((a.x, a.y), (b.x, b.y)) for a, b in pairwise([places[0], *poses])]
        assert max(steps) < 0.0201
        assert (poses[-1].x, poses[-1].y) == pytest.approx((places[1].x, places[1].y))
        assert math.cos(poses[-1].yaw - places[1].yaw) == pytest.approx(1)


def test_who_is_there_already_only_turns():
    poses = list(drive(Pose(1, 1, 3.0), [(1, 1), (1, 1)], -3.0, 0.05))
    assert {(pose.x, pose.y) for pose in poses} == {(1, 1)}
    assert poses[-1].yaw == pytest.approx(3.0 + 2 * math.pi - 6.0)
    assert not list(drive(Pose(1, 1, 3.0), [(1, 1)], 3.0, 0.05))


@pytest.mark.parametrize(
    ('goal', 'words'),
    [
        (Pose(1.95, 1.0), r'\(1.95, 1.00\) is not in a free cell'),
        (Pose(9.0, 1.0), r'\(9.00, 1.00\) is not in a free cell'),
        (Pose(3.0, 1.0), r'no path leads from \(1.00, 1.00\) to \(3.00, 1.00\)'),
    ],
)
def test_where_no_path_leads_it_says_so(goal, words):
    with pytest.raises(NoPath, match=words):
        path(a_wall(gap=False), Pose(1.0, 1.0), goal)
