# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where the simulated camera stands and how it maps space to pixels: an ideal pinhole, without MuJoCo and ROS."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

OPTICAL_FRAME, WORLD_FRAME = 'camera_color_optical_frame', 'world'
"""Names of the two frames in ROS."""


@dataclass(frozen=True)
class View:
    """A pinhole camera with square pixels and no distortion.

    Its optical frame has x right, y down and z forward (REP-103); the world has z up and its origin in the middle of
    the table's surface. Pixel (0, 0) is the *centre* of the top left pixel, so the image reaches from -0.5 to
    width - 0.5 and the optical axis meets it at ((width - 1) / 2, (height - 1) / 2).
    """

    width: int
    height: int
    fovy: float
    """Vertical field of view in radians, from the upper edge of the first row to the lower edge of the last."""
    rotation: Array
    """3x3, optical frame to world: its columns are the camera's right, down and forward in the world."""
    position: Array
    """The optical centre in the world, metres."""

    @classmethod
    def looking_at(
        cls, target: ArrayLike, position: ArrayLike, roll: float, fovy: float, size: tuple[int, int]
    ) -> 'View':
        """Return a camera at ``position`` that has ``target`` on its axis; ``roll`` and ``fovy`` in radians."""
        position = np.asarray(position, dtype=float)
        forward = np.asarray(target, dtype=float) - position
        forward /= np.linalg.norm(forward)
        level = np.cross(forward, [0.0, 0.0, 1.0])
        level /= np.linalg.norm(level)
        up = np.cross(level, forward)
        right = level * math.cos(roll) + up * math.sin(roll)
        rotation = np.stack([right, np.cross(forward, right), forward], axis=1)
        return cls(*size, fovy, rotation, position)

    @property
    def focal(self) -> float:
        """Focal length in pixels, in x as in y."""
        return self.height / 2 / math.tan(self.fovy / 2)

    @property
    def k(self) -> Array:
        """The 3x3 intrinsic matrix, as in sensor_msgs/CameraInfo."""
        return np.array([[self.focal, 0, (self.width - 1) / 2], [0, self.focal, (self.height - 1) / 2], [0, 0, 1]])

    def to_camera(self, points: ArrayLike) -> Array:
        """Turn points of the world (..., 3) into those of the optical frame (..., 3), metres."""
        return (np.asarray(points, dtype=float) - self.position) @ self.rotation

    def to_world(self, points: ArrayLike) -> Array:
        """Turn points of the optical frame (..., 3) into those of the world (..., 3), metres."""
        return np.asarray(points, dtype=float) @ self.rotation.T + self.position

    def project(self, points: ArrayLike) -> Array:
        """Project points of the world (..., 3), metres, to (..., 3): u and v in pixels, depth along the axis in metres.

        A point behind the camera has a negative depth and a pixel that means nothing.
        """
        homogeneous = self.to_camera(points) @ self.k.T
        depth = homogeneous[..., 2:]
        return np.concatenate([homogeneous[..., :2] / depth, depth], axis=-1)

    def deproject(self, u: ArrayLike, v: ArrayLike, depth: ArrayLike) -> Array:
        """Turn pixels with their depth along the optical axis, metres, into points (..., 3) of the optical frame."""
        u, v, depth = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (u, v, depth)))
        rays = np.stack([u, v, np.ones_like(u)], axis=-1) @ np.linalg.inv(self.k).T
        points: Array = rays * depth[..., None]
        return points
