# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A base that drives: the path that it takes over a map, and where it is on it from one moment to the next."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from robobrain_ros.planners.goto.grid import Array, Grid
from robobrain_ros.planners.goto.ways import ways
from robobrain_ros.sim.room_plan import Pose

NEIGHBOURS = tuple((row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if row or column)
TURN_RAD_M = 2.5
"""It turns by so many radians in the time in which it would go one metre."""


class NoPath(Exception):
    """Through free cells, no path leads there; the message says from where to where."""


def path(grid: Grid, start: Pose, goal: Pose) -> list[tuple[float, float]]:
    """Find a short path through free cells, with as few corners as it can have.

    :param grid: costs around the base's middle
    :returns: corners, the first one where the base is, the last one at the goal; metres, in the map's frame
    :raises NoPath: if there is none, or one of its ends is not in a free cell
    """
    ends = [tuple(map(int, grid.cells_of(np.array(end)))) for end in ((start.x, start.y), (goal.x, goal.y))]
    free, shape = grid.free, grid.cells.shape
    for (row, column), pose in zip(ends, (start, goal), strict=True):
        if not (0 <= row < shape[0] and 0 <= column < shape[1] and free[row, column]):
            raise NoPath(f'({pose.x:.2f}, {pose.y:.2f}) is not in a free cell of the map')
    first, last = ends
    wanted = np.zeros(shape, bool)
    wanted[first] = True
    lengths = ways(free, np.array([last]), wanted)
    if not math.isfinite(lengths[first]):
        raise NoPath(
            f'no path leads from ({start.x:.2f}, {start.y:.2f}) to ({goal.x:.2f}, {goal.y:.2f}) through free cells'
        )
    cells = [first]
    while cells[-1] != last:
        cells.append(_next(free, lengths, cells[-1]))
    middle = [tuple(map(float, place)) for place in grid.centres_of(np.array(cells[1:-1]).reshape(-1, 2))]
    places = [(start.x, start.y), *((x, y) for x, y in middle), (goal.x, goal.y)]
    return _straightened(grid, places)


def drive(pose: Pose, corners: Sequence[tuple[float, float]], yaw: float, step_m: float) -> Iterator[Pose]:
    """Go along a path: turn towards each corner, go there, and turn at the end.

    :param pose: where the base is
    :param corners: of the path, in the frame of the pose
    :param yaw: direction at the end
    :param step_m: how far it goes between two poses
    :returns: pose after pose, the last one at the end
    """
    for x, y in corners:
        far = math.hypot(x - pose.x, y - pose.y)
        if far < 1e-6:
            continue
        begin = Pose(pose.x, pose.y, math.atan2(y - pose.y, x - pose.x))
        yield from _turned(pose, begin.yaw, step_m)
        steps = math.ceil(far / step_m)
        for step in range(1, steps + 1):
            share = step / steps
            pose = Pose(begin.x + share * (x - begin.x), begin.y + share * (y - begin.y), begin.yaw)
            yield pose
    yield from _turned(pose, yaw, step_m)


def _turned(pose: Pose, yaw: float, step_m: float) -> Iterator[Pose]:
    turn = math.remainder(yaw - pose.yaw, 2 * math.pi)
    steps = math.ceil(abs(turn) / (step_m * TURN_RAD_M))
    for step in range(1, steps + 1):
        yield Pose(pose.x, pose.y, pose.yaw + turn * step / steps)


def _next(free: Array, lengths: Array, cell: tuple[int, ...]) -> tuple[int, ...]:
    """Return the neighbour of a cell that is nearest to the goal, without cutting a corner."""
    row, column = cell
    near = [
        (row + down, column + right)
        for down, right in NEIGHBOURS
        if 0 <= row + down < free.shape[0] and 0 <= column + right < free.shape[1]
        if free[row + down, column] and free[row, column + right]
    ]
    return min(near, key=lambda neighbour: float(lengths[neighbour]))


def _straightened(grid: Grid, places: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Leave out places, from the first one on, where a straight line through free cells leads farther."""
    corners, here = [places[0]], 0
    while here < len(places) - 1:
        here = next(
            there
            for there in range(len(places) - 1, here, -1)
            if there == here + 1 or _clear(grid, places[here], places[there])
        )
        corners.append(places[here])
    return corners


def _clear(grid: Grid, here: tuple[float, float], there: tuple[float, float]) -> bool:
    ends = np.array([here, there])
    count = math.ceil(float(np.linalg.norm(ends[1] - ends[0])) / grid.resolution * 4) + 1
    share = np.linspace(0, 1, count)[:, None]
    cells = grid.cells_of(ends[0] * (1 - share) + ends[1] * share)
    return bool(grid.free[tuple(cells.T)].all())
