# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The simulated camera's geometry against hand-made cases."""

import math

import numpy as np
import pytest

from robobrain_ros.sim.view import View


@pytest.fixture
def view() -> View:
    return View.looking_at([0.02, 0.01, 0.0], [0.2, -0.7, 0.6], math.radians(3), math.radians(50), (640, 480))


def test_axes_are_right_handed_and_point_right_down_forward(view):
    assert view.rotation.T @ view.rotation == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(view.rotation) == pytest.approx(1)
    right, down, forward = view.rotation.T
    assert right[0] > 0.8  # it stands in front of the table and looks along +y
    assert down[2] < -0.5
    assert forward[1] > 0.5
    assert forward[2] < 0


def test_positive_roll_turns_the_camera_counterclockwise(view):
    assert view.rotation[2, 0] > 0  # its right side goes up


def test_target_is_on_the_optical_axis_at_the_image_centre(view):
    u, v, depth = view.project([0.02, 0.01, 0.0])
    assert (u, v) == pytest.approx((319.5, 239.5))
    assert depth == pytest.approx(np.linalg.norm([0.18, -0.71, 0.6]))


def test_field_of_view_reaches_to_the_outer_edges_of_the_outer_pixels(view):
    top = view.deproject(319.5, -0.5, 1.0)
    bottom = view.deproject(319.5, 479.5, 1.0)
    assert math.degrees(math.atan(-top[1]) + math.atan(bottom[1])) == pytest.approx(50)


def test_depth_is_along_the_axis_not_along_the_ray(view):
    assert view.deproject(0, 0, 2.0)[2] == 2.0
    assert np.linalg.norm(view.deproject(0, 0, 2.0)) > 2.1


def test_a_point_to_the_right_and_below_has_larger_pixels(view):
    u, v, _ = view.project(view.to_world([0.1, 0.2, 1.0]))
    assert (u, v) == pytest.approx((319.5 + 0.1 * view.focal, 239.5 + 0.2 * view.focal))


def test_project_and_deproject_are_inverse(view):
    rng = np.random.default_rng(0)
    points = rng.uniform([-0.5, -0.4, 0], [0.5, 0.4, 0.3], (100, 3))
    u, v, depth = view.project(points).T
    assert (depth > 0).all()
    assert view.to_world(view.deproject(u, v, depth)) == pytest.approx(points, abs=1e-12)
    assert view.deproject(u, v, depth) == pytest.approx(view.to_camera(points), abs=1e-12)


def test_intrinsics_agree_with_project(view):
    point = view.to_camera([0.1, 0.1, 0.1])
    pixel = view.k @ point / point[2]
    assert pixel[:2] == pytest.approx(view.project([0.1, 0.1, 0.1])[:2])
