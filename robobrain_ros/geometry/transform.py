# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Rigid motions between frames, metres."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Vector: TypeAlias = tuple[float, float, float]
"""(x, y, z)."""
Quaternion: TypeAlias = tuple[float, float, float, float]
"""(x, y, z, w), as ROS orders it."""


@dataclass(frozen=True)
class Transform:
    """A rigid motion: coordinates in one frame to coordinates in another, metres."""

    translation: Vector
    rotation: tuple[Vector, ...]
    """Three rows of a rotation matrix."""

    @classmethod
    def from_quaternion(cls, translation: Vector, quaternion: Quaternion) -> 'Transform':
        """Make a motion from a translation and a quaternion.

        :param translation: (x, y, z), metres
        :param quaternion: (x, y, z, w), as ROS orders it; of any length but zero
        :raises ValueError: for a quaternion that is no rotation
        """
        norm = math.hypot(*quaternion)
        if not norm > 0 or not math.isfinite(norm):
            raise ValueError(f'the quaternion {quaternion} is no rotation')
        x, y, z, w = (value / norm for value in quaternion)
        rows = (
            (1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)),
            (2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)),
            (2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)),
        )
        return cls(translation, rows)

    def apply(self, point: Vector) -> Vector:
        """Move a point.

        :param point: (x, y, z) in the one frame, metres
        :returns: (x, y, z) in the other frame, metres
        """
        x, y, z = (
            sum(factor * value for factor, value in zip(row, point, strict=True)) + shift
            for row, shift in zip(self.rotation, self.translation, strict=True)
        )
        return x, y, z


def quaternion(rotation: Sequence[Vector]) -> Quaternion:
    """Write a rotation as a unit quaternion.

    :param rotation: three rows of a rotation matrix
    :returns: (x, y, z, w), as ROS orders it, w not negative
    """
    (xx, xy, xz), (yx, yy, yz), (zx, zy, zz) = rotation
    # four times the products of the quaternion's numbers with x, y, z and w: the longest row is the exactest
    rows = (
        (1 + xx - yy - zz, xy + yx, xz + zx, zy - yz),
        (xy + yx, 1 - xx + yy - zz, yz + zy, xz - zx),
        (xz + zx, yz + zy, 1 - xx - yy + zz, yx - xy),
        (zy - yz, xz - zx, yx - xy, 1 + xx + yy + zz),
    )
    row = max(rows, key=lambda numbers: math.hypot(*numbers))
    x, y, z, w = (math.copysign(1, row[3]) * number / math.hypot(*row) for number in row)
    return x, y, z, w
