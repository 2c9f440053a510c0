# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Points in space from a depth image, as a camera with any lens sees them."""

import cv2
import numpy as np

from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.planners.arm.chain import Array

NODES = 24
"""Rays are calculated on a grid of so many along each side of the image; those between are interpolated."""


def cloud(depth_m: np.ndarray, camera: CameraModel, pose: Transform) -> Array:
    """Return the points (k, 3) that a depth image shows, metres; takes some 20 ms.

    :param depth_m: (height, width) along the optical axis, metres; NaN where nothing is known
    :param camera: of an image with the same field of view; its size may differ
    :param pose: from the optical frame to the frame that the points are wanted in
    :raises ValueError: if the lens maps no direction to a corner of the image
    """
    height, width = depth_m.shape
    across, down = np.linspace(0, camera.width - 1, NODES), np.linspace(0, camera.height - 1, NODES)
    grid = np.array([[camera.ray(u, v)[:2] for u in across.tolist()] for v in down.tolist()], dtype=np.float32)
    rows, columns = np.nonzero(np.isfinite(depth_m))
    map_x, map_y = np.meshgrid(
        np.linspace(0, NODES - 1, width, dtype=np.float32), np.linspace(0, NODES - 1, height, dtype=np.float32)
    )
    rays = cv2.remap(grid, map_x, map_y, cv2.INTER_LINEAR)
    z = depth_m[rows, columns].astype(float)
    seen = np.concatenate([rays[rows, columns] * z[:, None], z[:, None]], axis=1)
    points: Array = seen @ np.array(pose.rotation).T + np.array(pose.translation)
    return points
