# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A room drawn from a seed: walls, two tables with things on them, boxes on the floor, and a robot. Numbers only.

All is in the frame ``map``: z is up, the floor is at 0, and one corner of the room is the origin; metres, radians.
"""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.planners.goto.grid import INSCRIBED, LETHAL, UNKNOWN, Grid
from robobrain_ros.sim.layout import Array, Item, Layout, draw

TABLE_M, WALL_M, THICK_M = 0.7, 2.2, 0.1
"""Heights of table tops and of walls, thickness of walls."""
RADIUS_M = 0.25
"""Radius of the robot, which is round."""
CELL_M = 0.05
CLEAR_M = RADIUS_M + 1.5 * CELL_M
"""From an obstacle's cell to the nearest one where the robot's middle may be, wherever in the cells both are."""
INFLATION_M = 0.6
"""Cells so near to an obstacle cost something."""
MARGIN_M = 0.3
"""The map goes on for so much behind the walls, and knows nothing there."""
START_M = (1.5, 2.1)
"""From the robot to the middle of the table that it looks at."""
LOOK_RAD = math.radians(6)
"""It looks past the table's middle by so much at most."""


@dataclass(frozen=True)
class Pose:
    """Where a robot or a table is on the floor plan."""

    x: float
    y: float
    yaw: float = 0.0

    def out(self, points: Array) -> Array:
        """Turn points (..., 2 or 3) of its own frame into those of ``map``."""
        cosine, sine = math.cos(self.yaw), math.sin(self.yaw)
        moved = np.array(points, dtype=float)
        x, y = moved[..., 0].copy(), moved[..., 1].copy()
        moved[..., 0], moved[..., 1] = self.x + cosine * x - sine * y, self.y + sine * x + cosine * y
        return moved


@dataclass(frozen=True)
class Box:
    """Something that stands on the floor, a rectangle in the plan."""

    pose: Pose
    half: tuple[float, float]
    """Half of its length and half of its width."""
    height: float

    def holds(self, points: Array, margin: float = 0.0) -> NDArray[np.bool_]:
        """Whether points (..., 2) lie inside its outline, or nearer to it than ``margin``, corners taken as square."""
        cosine, sine = math.cos(self.pose.yaw), math.sin(self.pose.yaw)
        x, y = points[..., 0] - self.pose.x, points[..., 1] - self.pose.y
        along, across = cosine * x + sine * y, cosine * y - sine * x
        inside: NDArray[np.bool_] = (np.abs(along) <= self.half[0] + margin) & (np.abs(across) <= self.half[1] + margin)
        return inside


@dataclass(frozen=True)
class Table:
    """A table top of ``sim/layout.py`` at a place in the room."""

    pose: Pose
    layout: Layout

    @property
    def box(self) -> Box:
        """What it takes up, from the floor to its surface."""
        return Box(self.pose, self.layout.table, TABLE_M)

    def middle(self, item: Item) -> Array:
        """Where the middle of a thing on it is, in ``map``."""
        return self.pose.out(item.centre) + [0.0, 0.0, TABLE_M]


@dataclass(frozen=True)
class Plan:
    """What is where in a room, in the beginning."""

    size: tuple[float, float]
    """Inside of the walls."""
    tables: tuple[Table, Table]
    """The robot looks at the first one. No two things in the room share colour and shape."""
    boxes: tuple[Box, ...]
    """Low enough to be looked over."""
    robot: Pose

    @property
    def walls(self) -> tuple[Box, ...]:
        """The four walls."""
        return walls(self.size)

    @property
    def things(self) -> dict[str, Array]:
        """The middles of all things by their names, such as ``red mug``."""
        return {
            f'{item.colour} {item.shape}': table.middle(item) for table in self.tables for item in table.layout.items
        }

    def grid(self) -> Grid:
        """Return costs around the robot's middle as Nav2's inflated global costmap has them; exact, as no sensor is."""
        return costs(self.size, [*self.walls, *self.boxes, *(table.box for table in self.tables)])


def draw_room(seed: int, width: int, height: int) -> Plan:
    """Return the room of a seed; the image's size decides only what of the things fits into a picture of their table.

    :raises ValueError: a negative seed, or an image size that no table top fits into
    """
    if seed < 0:
        raise ValueError(f'seed {seed} is negative; use 0, 1, 2 ...')
    first, second = draw(2 * seed, width, height), draw(2 * seed + 1, width, height)
    names = {(item.colour, item.shape) for item in first.items}
    second = replace(second, items=tuple(item for item in second.items if (item.colour, item.shape) not in names))
    rng = np.random.default_rng(seed)
    while True:
        size = (float(rng.uniform(5.5, 7.5)), float(rng.uniform(5.0, 6.5)))
        tables = (Table(_place(rng, size, 1.3), first), Table(_place(rng, size, 1.0), second))
        apart = math.dist((tables[0].pose.x, tables[0].pose.y), (tables[1].pose.x, tables[1].pose.y))
        boxes = tuple(_box(rng, size) for _ in range(rng.integers(2, 6)))
        robot = _before(rng, tables[0])
        plan = Plan(size, tables, boxes, robot)
        clear = all(box.holds(np.array(_outline(table.box)), 0.1).sum() == 0 for box in boxes for table in tables)
        grid = plan.grid()
        here = int(grid.values_at(grid.cells_of(np.array([robot.x, robot.y]))))
        if apart > 2.2 and clear and UNKNOWN < here < INSCRIBED:
            return plan


def walls(size: tuple[float, float]) -> tuple[Box, ...]:
    """Return the walls of a room, whose inside has the given size."""
    (wide, deep), half = size, THICK_M / 2
    return (
        Box(Pose(wide / 2, -half), (wide / 2 + THICK_M, half), WALL_M),
        Box(Pose(wide / 2, deep + half), (wide / 2 + THICK_M, half), WALL_M),
        Box(Pose(-half, deep / 2), (half, deep / 2), WALL_M),
        Box(Pose(wide + half, deep / 2), (half, deep / 2), WALL_M),
    )


def costs(size: tuple[float, float], boxes: list[Box]) -> Grid:
    """Return an inflated map of a room: 100 where a box is, 99 where the robot would touch it, less around, then 0."""
    shape = tuple(math.ceil((length + 2 * MARGIN_M) / CELL_M) for length in (size[1], size[0]))
    grid = Grid(np.zeros(shape, np.int8), CELL_M, -MARGIN_M, -MARGIN_M)
    centres = grid.centres_of(np.moveaxis(np.indices(shape), 0, -1))
    lethal = np.any([box.holds(centres, CELL_M / math.sqrt(2)) for box in boxes], axis=0)
    away = cv2.distanceTransform((~lethal).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) * CELL_M
    share = np.clip((INFLATION_M - away) / (INFLATION_M - CLEAR_M), 0, 1)
    cells = np.where(away < CLEAR_M, INSCRIBED, np.round(share * (INSCRIBED - 1)))
    cells[lethal] = LETHAL
    inside = (centres > -THICK_M).all(axis=-1) & (centres < np.array(size) + THICK_M).all(axis=-1)
    cells[~inside & ~lethal] = UNKNOWN
    grid.cells[:] = cells
    return grid


def _place(rng: np.random.Generator, size: tuple[float, float], margin: float) -> Pose:
    x, y = (float(rng.uniform(margin, length - margin)) for length in size)
    return Pose(x, y, float(rng.uniform(-math.pi, math.pi)))


def _box(rng: np.random.Generator, size: tuple[float, float]) -> Box:
    half = (float(rng.uniform(0.12, 0.3)), float(rng.uniform(0.12, 0.3)))
    return Box(_place(rng, size, 0.4), half, float(rng.uniform(0.2, 0.5)))


def _before(rng: np.random.Generator, table: Table) -> Pose:
    """Draw a place at one of the long sides of a table, from which the robot looks at it."""
    away, angle = rng.uniform(*START_M), table.pose.yaw - math.pi / 2 + rng.uniform(-0.5, 0.5)
    x, y = table.pose.x + away * math.cos(angle), table.pose.y + away * math.sin(angle)
    return Pose(float(x), float(y), float(angle + math.pi + rng.uniform(-LOOK_RAD, LOOK_RAD)))


def _outline(box: Box) -> list[Array]:
    """Return points all along the outline and inside of a box, 5 cm apart."""
    along, across = (np.linspace(-half, half, math.ceil(2 * half / 0.05) + 1) for half in box.half)
    return list(box.pose.out(np.stack(np.meshgrid(along, across), axis=-1).reshape(-1, 2)))
