# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Rigid motions between frames, metres."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Transform:
    """A rigid motion: coordinates in one frame to coordinates in another, metres."""

    translation: tuple[float, float, float]
    rotation: tuple[tuple[float, float, float], ...]
    """Three rows of a rotation matrix."""

    @classmethod
    def from_quaternion(
        cls, translation: tuple[float, float, float], quaternion: tuple[float, float, float, float]
    ) -> 'Transform':
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

    def apply(self, point: tuple[float, float, float]) -> tuple[float, float, float]:
        """Move a point.

        :param point: (x, y, z) in the one frame, metres
        :returns: (x, y, z) in the other frame, metres
        """
        x, y, z = (
            sum(factor * value for factor, value in zip(row, point, strict=True)) + shift
            for row, shift in zip(self.rotation, self.translation, strict=True)
        )
        return x, y, z
