# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where a robot should stand to be in front of something: a free place that it can reach, facing it."""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.goto.grid import INSCRIBED, LETHAL, UNKNOWN, Array, Grid
from robobrain_ros.planners.goto.ways import ways

LEAVE_M = 0.5
"""A robot whose own cell is not free may begin at the nearest free one within this, metres."""
FARTHER = 3.0
"""A metre farther from the target than the stand-off has to spare more than three metres of way."""
DEAR_M = 0.3
"""A place beside an obstacle (98) has to be so much nearer than one in the open (0), metres of way."""


class Reason(Enum):
    """Why there is no place to stand."""

    OUTSIDE = 'OUTSIDE'
    """All places in front of the target, or the robot, lie outside of the map."""
    OCCUPIED = 'OCCUPIED'
    """Obstacles, or what is too near to them, take up the places that the map knows."""
    UNKNOWN = 'UNKNOWN'
    """No sensor has seen the places."""
    HIDDEN = 'HIDDEN'
    """From all free places, something else stands in front of the target, such as a wall."""
    UNREACHABLE = 'UNREACHABLE'
    """The robot cannot get to any of the free places."""
    ROBOT_BLOCKED = 'ROBOT_BLOCKED'
    """The robot is not in free space, nor near it."""


class NoApproach(Exception):
    """There is no place to stand in front of a target.

    :param reason: the kind of obstacle
    :param message: a sentence with figures, which says what could be changed
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Approach:
    """A pose of the robot in front of a target; metres and radians in the map's frame."""

    x: float
    y: float
    yaw: float
    """Towards the target."""
    distance_m: float
    """From there to the target."""
    way_m: float
    """Length of the way to there, at most 11 % too short."""


def approach(
    target: tuple[float, float],
    robot: tuple[float, float],
    grid: Grid,
    standoff_m: float,
    max_standoff_m: float,
) -> Approach:
    """Choose a pose in front of a target: free, reachable, with nothing else in between, soon to be reached.

    The pose is the middle of a cell. Of those that will do, it is the one with the shortest way, where it pays to go a
    little farther for a place that is nearer to the stand-off and not beside an obstacle. Through unknown cells no way
    leads. Takes some 10 to 30 ms for 200 x 200 cells, and a second for 2000 x 2000.

    :param target: x and y in the map's frame, metres; obstacles may be around it, such as the table that it is on
    :param robot: x and y of the robot's middle, metres
    :param grid: costs around the robot's middle; inflated by its radius, as Nav2's global costmap is
    :param standoff_m: least distance from the pose to the target, metres
    :param max_standoff_m: greatest distance, metres
    :raises NoApproach: if there is none, with the reason
    :raises BadRequest: for values that cannot be
    """
    if not 0 < standoff_m <= max_standoff_m < math.inf:
        raise BadRequest(
            f'standoff_m is {standoff_m} and max_standoff_m is {max_standoff_m}, '
            'but standoff_m must be more than 0, and max_standoff_m not less'
        )
    for name, place in (('target', target), ('robot', robot)):
        if not all(map(math.isfinite, place)):
            raise BadRequest(f'the {name} is at {place}, but must be at a place: two finite numbers')
    places, distances = _free_places(target, grid, standoff_m, max_standoff_m)
    seen = _seen_from(grid, places, target)
    if not seen.any():
        raise NoApproach(
            Reason.HIDDEN,
            f'from each of the {len(places)} free places in front of {_at(target)}, another obstacle stands before it',
        )
    places, distances = places[seen], distances[seen]
    wanted = np.zeros(grid.cells.shape, bool)
    wanted[tuple(places.T)] = True
    lengths = ways(grid.free, _start(robot, grid), wanted)[tuple(places.T)] * grid.resolution
    if np.isinf(lengths).all():
        raise NoApproach(
            Reason.UNREACHABLE,
            f'{len(places)} places in front of {_at(target)} are free, but no way through free and known cells leads '
            f'there from {_at(robot)}',
        )
    dear = grid.values_at(places) / INSCRIBED * DEAR_M
    best = int(np.argmin(lengths + FARTHER * (distances - standoff_m) + dear))
    x, y = map(float, grid.centres_of(places[best]))
    return Approach(x, y, math.atan2(target[1] - y, target[0] - x), float(distances[best]), float(lengths[best]))


def _free_places(target: tuple[float, float], grid: Grid, nearest: float, farthest: float) -> tuple[Array, Array]:
    """Find the free cells whose distances from the target are right, and these distances."""
    places, distances = grid.around(*target, farthest)
    places, distances = places[distances >= nearest], distances[distances >= nearest]
    between = f'{nearest:g} .. {farthest:g} m from {_at(target)}'
    if not len(places):
        raise NoApproach(Reason.OUTSIDE, f'no cell of the map lies {between}: the target is outside of the map')
    values = grid.values_at(places)
    free = (values > UNKNOWN) & (values < INSCRIBED)
    if not free.any():
        unknown = int(np.count_nonzero(values == UNKNOWN))
        counts = f'of {len(places)} cells {between}, {unknown} are unknown, and obstacles block {len(places) - unknown}'
        if unknown == len(places):
            raise NoApproach(Reason.UNKNOWN, f'{counts}: look there first')
        raise NoApproach(
            Reason.OCCUPIED,
            f'{counts}: max_standoff_m must be more than half the thing that holds the target and the inflation',
        )
    return places[free], distances[free]


def _seen_from(grid: Grid, places: Array, target: tuple[float, float]) -> Array:
    """Whether the first obstacle on the straight line from each place is the one that holds the target.

    It is, unless known space for a robot lies behind it, still before the target. A wall that the thing leans on is
    one with it.
    """
    centres = grid.centres_of(places)
    far = float(np.linalg.norm(centres - target, axis=1).max())
    fractions = np.linspace(0.0, 1.0, math.ceil(far / grid.resolution * 2) + 1)[:, None]
    lines = centres[:, None] * (1 - fractions) + np.array(target) * fractions
    values = grid.values_at(grid.cells_of(lines))
    behind = np.logical_or.accumulate(values >= LETHAL, axis=1)
    hidden: Array = np.any(behind & (values > UNKNOWN) & (values < INSCRIBED), axis=1)
    return ~hidden


def _start(robot: tuple[float, float], grid: Grid) -> Array:
    """Find the cell where the robot's way begins: its own, or the nearest free one; 1 x 2, row and column."""
    cell = grid.cells_of(np.array(robot))
    if ((cell < 0) | (cell >= grid.cells.shape)).any():
        raise NoApproach(Reason.OUTSIDE, f'the robot at {_at(robot)} is outside of the map')
    near, distances = grid.around(*robot, LEAVE_M)
    near, distances = np.concatenate([cell[None], near]), np.concatenate([[0.0], distances])
    free = grid.free[tuple(near.T)]
    if not free.any():
        raise NoApproach(
            Reason.ROBOT_BLOCKED,
            f'the robot at {_at(robot)} is in a cell of value {grid.cells[tuple(cell)]}, and no free cell is within '
            f'{LEAVE_M:g} m',
        )
    nearest: Array = near[free][[np.argmin(distances[free])]]
    return nearest


def _at(place: tuple[float, float]) -> str:
    return f'({place[0]:.2f}, {place[1]:.2f})'
