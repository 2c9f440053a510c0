# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How exactly a position is known: covariances against what random pixels and depths give."""

import numpy as np
import pytest

from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.geometry.uncertainty import covariance, rotated

CAMERA = CameraModel(640, 480, 600.0, 580.0, 320.0, 240.0, skew=30.0)


@pytest.mark.parametrize('pixel', [(320.0, 240.0), (20.0, 460.0)])
def test_it_is_the_covariance_of_random_pixels_and_depths(pixel):
    rng = np.random.default_rng(1)
    drawn = rng.normal((*pixel, 0.8), (3.0, 1.0, 0.01), (20_000, 3))
    points = np.array([CAMERA.deproject(*one) for one in drawn])
    found = np.reshape(covariance(CAMERA, pixel, 0.8, (3.0, 1.0), 0.01), (3, 3))
    assert found == pytest.approx(np.cov(points.T), rel=0.05, abs=5e-7)


def test_it_turns_with_the_frame():
    transform = Transform.from_quaternion((1.0, 2.0, 3.0), (0.1, 0.5, -0.3, 0.8))
    rng = np.random.default_rng(2)
    points = rng.multivariate_normal((0, 0, 1), np.diag((1.0, 4.0, 0.25)), 20_000)
    moved = np.array([transform.apply(tuple(point)) for point in points])
    found = rotated((1.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.25), transform)
    assert np.reshape(found, (3, 3)) == pytest.approx(np.cov(moved.T), rel=0.05, abs=0.06)
