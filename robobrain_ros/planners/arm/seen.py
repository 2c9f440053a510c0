# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What stands on a table, read from depth: where each thing is, how high, and along which lines fingers fit around it.

No shapes are known but one: what is round in every direction is completed to a ball, because its back is hidden.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.clearance import Arm, Capsule, Thing, outside

CELL_M = 0.005
"""Cells in which points that touch make one thing; things nearer to each other than two cells are one."""
LEAST_M, MOST_M = 0.005, 0.3
"""Heights above the table between which points belong to things: noise is below, what hangs above is beyond."""
LEAST_POINTS = 30
"""What fewer points show is left out."""
BASE_M, BESIDE_M = 0.15, 0.03
"""What is this near to the robot's base, seen from above, or to its arm, belongs to the robot."""
TOP_M = 0.008
"""Points this near below the highest ones show the upper side: its middle is the thing's."""
FINGERS_M = 0.045
"""Fingers reach this far down from the upper end: what is wide only further below is none of their business."""
LINES = 24
"""Directions that are measured, over half a turn."""
BALL_M = 0.002
"""A thing whose points miss a sphere by less, on an average, is a ball."""


@dataclass(frozen=True)
class Seen:
    """A thing on the table as a camera sees it."""

    thing: Thing
    directions: tuple[tuple[float, float], ...]
    """(yaw, width) along which fingers may close, the narrowest first; yaw in radians, width in metres."""
    points: Array
    """(k, 3): what is seen of it, in the world, metres."""

    def distance(self, point: ArrayLike) -> float:
        """Return the distance from a point of the world to the thing, metres.

        A point below its upper end and within its outline, seen from above, is in it, where nothing is seen too: the
        flat middle of a plate is as low as the table's noise.
        """
        return self.distances(point)[0]

    def distances(self, point: ArrayLike) -> tuple[float, float]:
        """Return the distance to the thing, and that to what is seen of it, metres."""
        x, y, z = map(float, np.asarray(point, dtype=float))
        to_seen = float(np.linalg.norm(self.points - [x, y, z], axis=1).min())
        outline = cv2.convexHull(self.points[:, :2].astype(np.float32))
        inside = cv2.pointPolygonTest(outline, (x, y), False) >= 0
        return (min(max(z - self.thing.height, 0.0), to_seen) if inside else to_seen), to_seen


def things_seen(
    points: Array, table: tuple[float, float], arm: Arm, angles: Array, hand: Iterable[Capsule]
) -> tuple[Seen, ...]:
    """Return what stands on a table, without the robot.

    :param points: (k, 3): what a depth camera sees, in the world, metres; without NaN
    :param table: half of the table's width and half of its depth, metres; its middle is the world's origin
    :param angles: (n,) where the arm is, radians
    :param hand: what it takes up now
    """
    x, y, z = points.T
    half_width, half_depth = table
    on_it = (np.abs(x) < half_width) & (np.abs(y) < half_depth) & (z > LEAST_M) & (z < MOST_M)
    beyond_base = np.hypot(x - arm.chain.base[0], y - arm.chain.base[1]) > BASE_M
    points = outside(points[on_it & beyond_base], (*arm.capsules, *hand), arm.chain.links(angles), BESIDE_M)
    size = [2 + int(2 * half / CELL_M) for half in table]
    cells = ((points[:, :2] + table) / CELL_M).astype(int)
    taken = np.zeros(size, dtype=np.uint8)
    taken[cells[:, 0], cells[:, 1]] = 1
    _, labels = cv2.connectedComponents(taken, connectivity=8)
    label_of = labels[cells[:, 0], cells[:, 1]]
    groups = (points[label_of == label] for label in np.unique(label_of))
    return tuple(_describe(group, number) for number, group in enumerate(groups) if len(group) >= LEAST_POINTS)


def at(seen: Sequence[Seen], point: ArrayLike) -> Seen:
    """Return the thing that a point of the world, metres, is on or nearest to.

    :raises ValueError: nothing stands on the table
    """
    if not seen:
        raise ValueError(f'nothing stands on the table near {np.round(np.asarray(point, dtype=float), 3).tolist()}')
    return min(seen, key=lambda one: one.distances(point))


def _describe(points: Array, number: int) -> Seen:
    """Measure a thing."""
    name = f'thing {number + 1}'
    top = float(np.quantile(points[:, 2], 0.99))
    ball = _sphere(points, top)
    if ball is not None:
        (x, y, _), radius = ball
        turns = np.linspace(0, np.pi, LINES, endpoint=False)
        lines = tuple((float(turn), 2 * radius) for turn in turns)
        return Seen(Thing(name, x, y, radius, top), lines, points)
    upper = points[points[:, 2] > top - TOP_M]
    x, y = ((upper[:, :2].min(axis=0) + upper[:, :2].max(axis=0)) / 2).tolist()
    gripped = points[points[:, 2] > top - FINGERS_M]
    turns = np.linspace(0, np.pi, LINES, endpoint=False)
    along = (gripped[:, :2] - [x, y]) @ np.stack([np.cos(turns), np.sin(turns)])
    # Twice the longer side: fingers close on the middle, and it has to fit between them whole.
    widths = 2 * np.abs(along).max(axis=0)
    order = np.argsort(widths, kind='stable')
    radius = float(np.hypot(*(points[:, :2] - [x, y]).T).max())
    return Seen(Thing(name, x, y, radius, top), tuple((float(turns[k]), float(widths[k])) for k in order), points)


def _sphere(points: Array, top: float) -> tuple[tuple[float, float, float], float] | None:
    """Return middle and radius of the ball that points lie on; None if they lie on none that stands on the table."""
    matrix = np.concatenate([2 * points, np.ones((len(points), 1))], axis=1)
    (x, y, z, rest), *_ = np.linalg.lstsq(matrix, (points**2).sum(axis=1), rcond=None)
    square = rest + x * x + y * y + z * z
    if square <= 0:
        return None
    radius = float(np.sqrt(square))
    misses = np.abs(np.linalg.norm(points - [x, y, z], axis=1) - radius)
    stands = abs(top - 2 * radius) < 2 * BALL_M
    return ((float(x), float(y), float(z)), radius) if stands and misses.mean() < BALL_M else None
