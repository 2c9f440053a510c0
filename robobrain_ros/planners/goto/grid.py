# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A map of costs as Nav2 publishes it, in plain NumPy: which cell is where, and where a robot's middle may stand."""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from robobrain_ros.errors import BadRequest

Array: TypeAlias = 'np.ndarray[Any, np.dtype[Any]]'

UNKNOWN = -1
"""Value of a cell that no sensor has seen."""
INSCRIBED = 99
"""Least value where a robot whose middle is in the cell touches an obstacle for certain (nav_msgs/OccupancyGrid)."""
LETHAL = 100
"""Value of a cell that holds an obstacle."""


@dataclass(frozen=True)
class Grid:
    """A rectangle of square cells in the plane of a fixed frame, metres.

    :param cells: rows x columns, int8: -1 unknown, 0 free, 1 .. 98 dear, 99 and 100 impossible; row 0 is at the origin
    :param resolution: side of a cell, metres
    :param x: of the corner of cell (0, 0), in the frame
    :param y: of that corner
    :param yaw: from the frame's x axis to the direction of the columns, radians
    :raises BadRequest: for a map without cells, or a resolution that is none
    """

    cells: Array
    resolution: float
    x: float = 0.0
    y: float = 0.0
    yaw: float = 0.0

    def __post_init__(self) -> None:
        if self.cells.ndim != 2 or not self.cells.size:
            raise BadRequest(f'the map has the shape {self.cells.shape}, but must have rows and columns')
        if not (self.resolution > 0 and math.isfinite(self.resolution + self.x + self.y + self.yaw)):
            raise BadRequest(
                f'the map has a resolution of {self.resolution} m and its corner at ({self.x}, {self.y}, {self.yaw}), '
                'but these must be finite, and the resolution more than 0'
            )

    @property
    def free(self) -> Array:
        """Where the robot's middle may be: known, and no obstacle within its inscribed radius; rows x columns, bool."""
        return (self.cells > UNKNOWN) & (self.cells < INSCRIBED)

    def cells_of(self, points: Array) -> Array:
        """Find the cells of points; they may lie outside of the map.

        :param points: ... x 2, metres, in the frame
        :returns: ... x 2, row and column, int
        """
        east, north = points[..., 0] - self.x, points[..., 1] - self.y
        cosine, sine = math.cos(self.yaw), math.sin(self.yaw)
        along = np.stack([cosine * north - sine * east, cosine * east + sine * north], axis=-1)
        return np.floor(along / self.resolution).astype(np.int64)

    def centres_of(self, cells: Array) -> Array:
        """Find the middles of cells.

        :param cells: ... x 2, row and column
        :returns: ... x 2, metres, in the frame
        """
        along = (cells + 0.5) * self.resolution
        cosine, sine = math.cos(self.yaw), math.sin(self.yaw)
        east = cosine * along[..., 1] - sine * along[..., 0]
        north = sine * along[..., 1] + cosine * along[..., 0]
        return np.stack([east + self.x, north + self.y], axis=-1)

    def values_at(self, cells: Array) -> Array:
        """Read cells; those outside of the map are unknown.

        :param cells: ... x 2, row and column
        :returns: the values
        """
        limits = np.array(self.cells.shape)
        inside = ((cells >= 0) & (cells < limits)).all(axis=-1)
        row, column = np.moveaxis(np.clip(cells, 0, limits - 1), -1, 0)
        return np.where(inside, self.cells[row, column], UNKNOWN)

    def around(self, x: float, y: float, reach_m: float) -> tuple[Array, Array]:
        """Find the cells near a point; parts of the circle that lie outside of the map are left out.

        :param reach_m: how far their middles may be from it, metres
        :returns: n x 2, row and column, and n distances, metres
        """
        middle = self.cells_of(np.array([x, y]))
        span = math.ceil(reach_m / self.resolution) + 1
        (top, left), (bottom, right) = (np.clip(middle + offset, 0, self.cells.shape) for offset in (-span, span + 1))
        cells: Array = np.mgrid[top:bottom, left:right].reshape(2, -1).T
        far = np.linalg.norm(self.centres_of(cells) - (x, y), axis=-1)
        return cells[far <= reach_m], far[far <= reach_m]
