# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Orientations of poses: conventions, frames, ways, and what happens where a surface is not known."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robobrain_ros.answer import PointStatus, Target
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.locate import Located, Scene
from robobrain_ros.geometry.orientation import PoseOrientation, oriented
from robobrain_ros.geometry.transform import Transform, quaternion

SIZE = (640, 480)
CAMERA = CameraModel(*SIZE, fx=600, fy=600, cx=320, cy=240)
HALF = math.sqrt(0.5)
DESK = Transform.from_quaternion((0.0, 0.0, 1.0), (-HALF, HALF, 0.0, 0.0))
"""A camera 1 m above the origin that looks down; the image's right is the frame's -y, its top the frame's x."""
FLAT = Scene(SIZE, CAMERA, np.full(SIZE[::-1], 1.0, np.float32))
KINDS = [PoseOrientation.SURFACE, PoseOrientation.RAY, PoseOrientation.DOWN]


def at(u, v, depth=1.0):
    return Target((u, v), status=PointStatus.OK, position=CAMERA.deproject(u, v, depth))


def axes(target):
    """Rows: where x, y and z of the target's orientation point."""
    return np.array(Transform.from_quaternion((0, 0, 0), target.orientation).rotation).T


def turned(*targets, how=PoseOrientation.SURFACE, scene=FLAT, transform=None, way=False):
    return oriented(Located(targets, ()), scene, how, transform, way)


@given(st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 1e-3))
def test_a_quaternion_comes_back_from_its_rotation(numbers):
    expected = np.array(numbers) / math.hypot(*numbers)
    found = np.array(quaternion(Transform.from_quaternion((0, 0, 0), numbers).rotation))
    assert abs(found @ expected) == pytest.approx(1)
    assert found @ found == pytest.approx(1)
    assert found[3] >= 0


@pytest.mark.parametrize('turn', [(1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (HALF, HALF, 0, 0)])
def test_half_turns_are_exact(turn):
    assert quaternion(Transform.from_quaternion((0, 0, 0), turn).rotation) == pytest.approx(turn)


@pytest.mark.parametrize('how', [PoseOrientation.SURFACE, PoseOrientation.RAY])
def test_in_the_middle_of_a_flat_view_it_is_the_camera_s_own(how):
    (target,) = turned(at(320, 240), how=how).targets
    assert target.orientation == pytest.approx((0, 0, 0, 1), abs=1e-6)


def test_z_goes_along_the_line_of_sight_or_into_the_surface():
    beside = at(600, 100)
    assert axes(*turned(beside, how=PoseOrientation.RAY).targets)[2] == pytest.approx(
        np.array(beside.position) / np.linalg.norm(beside.position)
    )
    assert axes(*turned(beside).targets)[2] == pytest.approx((0, 0, 1), abs=1e-6)


@pytest.mark.parametrize('how', KINDS)
def test_from_above_a_tool_points_down_and_turns_with_the_image(how):
    moved = replace(at(320, 240), position=DESK.apply((0, 0, 1)))
    found = axes(*turned(moved, how=how, transform=DESK).targets)
    assert found == pytest.approx(np.array([(0, -1, 0), (-1, 0, 0), (0, 0, -1)]), abs=1e-6)


tilts = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 0.1)


@given(st.sampled_from(KINDS), tilts, st.floats(0, 639), st.floats(0, 479))
def test_it_is_a_rotation_whose_x_keeps_to_the_image_s_right(how, turn, u, v):
    transform = Transform.from_quaternion((1, 2, 3), turn)
    (target,) = turned(at(u, v), how=how, transform=transform).targets
    found = axes(target)
    assert found @ found.T == pytest.approx(np.eye(3), abs=1e-6)
    assert np.linalg.det(found) == pytest.approx(1)
    right, down = (np.array(transform.rotation) @ axis for axis in ((1.0, 0, 0), (0, 1.0, 0)))
    assert found[0] @ right > 0.19 or abs(found[0] @ down) < 1e-6
    if how is PoseOrientation.DOWN:
        assert found[2] == pytest.approx((0, 0, -1), abs=1e-6)


def test_down_means_nothing_in_the_camera_s_own_frame():
    with pytest.raises(BrainError) as caught:
        turned(at(320, 240), how=PoseOrientation.DOWN)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert "'down'" in str(caught.value)
    assert 'target_frame' in str(caught.value)


def test_without_a_surface_the_line_of_sight_stands_in_and_the_reason_is_given():
    scene = Scene(SIZE, CAMERA, np.zeros(SIZE[::-1], np.float32))
    found = turned(at(500, 300), at(100, 100), scene=scene)
    by_ray = turned(at(500, 300), at(100, 100), how=PoseOrientation.RAY)
    assert found.targets == by_ray.targets
    assert len(found.reasons) == 2
    assert all('line of sight' in reason and 'no depth at pixel' in reason for reason in found.reasons)
    assert by_ray.reasons == ()


def test_all_along_a_way_the_tool_stands_as_it_arrives():
    depth = np.full(SIZE[::-1], 1.0, np.float32)
    slope = 1 / (1 + 0.5 * (np.arange(640) - 320) / 600)  # another surface on the right
    depth[:, 320:] = slope[320:]
    scene = Scene(SIZE, CAMERA, depth)
    found = turned(at(100, 240), at(300, 240, 0.8), at(500, 240), scene=scene, way=True).targets
    assert len({target.orientation for target in found}) == 1
    assert axes(found[0])[2] == pytest.approx(np.array((0.5, 0, 1)) / math.hypot(0.5, 1), abs=1e-3)


def test_targets_without_position_and_requests_without_orientation_stay_as_they_are():
    lost = Target((320, 240))
    assert turned(lost, at(320, 240)).targets[0] == lost
    assert turned(lost, way=True).targets == (lost,)
    assert turned(at(320, 240), how=PoseOrientation.NONE).targets == (at(320, 240),)
