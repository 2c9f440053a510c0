# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How exactly a position is known: a covariance in metres, from pixels and depth that are not exact."""

import numpy as np

from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.transform import Transform

Covariance = tuple[float, ...]
"""Nine numbers, row by row: of (x, y, z), square metres."""


def covariance(
    camera: CameraModel, pixel: tuple[float, float], depth: float, spread: tuple[float, float], depth_spread: float
) -> Covariance:
    """Propagate standard deviations of a pixel and of its depth to the point that it shows, to first order.

    One pixel moves the point across the view by depth / focal length; the lens distortion of this step is neglected. A
    change of depth moves the point along the ray of the pixel.

    :param pixel: (u, v), column and row
    :param depth: along the optical axis, metres
    :param spread: standard deviations of u and v, pixels
    :param depth_spread: standard deviation of the depth, metres
    :returns: that of the point, in the camera's optical frame
    :raises ValueError: if the distortion model maps no direction in front to the pixel
    """
    across = np.array([depth / camera.fx, 0, 0]) * spread[0]
    down = np.array([-depth * camera.skew / (camera.fx * camera.fy), depth / camera.fy, 0]) * spread[1]
    along = np.array(camera.ray(*pixel)) * depth_spread
    motions = np.stack((across, down, along))
    return _flat(motions.T @ motions)


def rotated(matrix: Covariance, transform: Transform) -> Covariance:
    """Return the covariance of the same point in another frame.

    :param transform: from the frame that it is in
    """
    rotation = np.array(transform.rotation)
    return _flat(rotation @ np.reshape(matrix, (3, 3)) @ rotation.T)


def _flat(matrix: np.ndarray) -> Covariance:
    return tuple(float(value) for value in np.ravel(matrix))
