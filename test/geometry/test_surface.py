# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Normals of surfaces from depth: planes with noise and holes, small things on a table, and what is no plane."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.locate import Scene
from robobrain_ros.geometry.surface import surface_normal

SIZE = (640, 480)
CAMERA = CameraModel(*SIZE, fx=600, fy=610, cx=322, cy=236)
BARREL = CameraModel(*SIZE, fx=400, fy=400, cx=320, cy=240, model='plumb_bob', distortion=(-0.25, 0.06, 0.001, 0.002))


def rays_of(camera, size=SIZE):
    """(x, y, 1) of every depth pixel, by OpenCV where the camera has a lens."""
    u, v = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    seen = np.stack(((u + 0.5) * SIZE[0] / size[0] - 0.5, (v + 0.5) * SIZE[1] / size[1] - 0.5), axis=-1)
    matrix = np.array(((camera.fx, 0, camera.cx), (0, camera.fy, camera.cy), (0, 0, 1)))
    lens, exact = np.array(camera.distortion or (0.0,) * 4), (cv2.TERM_CRITERIA_COUNT, 50, 0)
    flat = cv2.undistortPoints(seen.reshape(-1, 1, 2), matrix, lens, criteria=exact)
    return np.column_stack((flat[:, 0], np.ones(len(flat)))).reshape(size[1], size[0], 3)


def plane(rays, normal, through):
    """Depth of the plane; NaN where a ray does not meet it in front."""
    with np.errstate(divide='ignore'):
        depth = (np.dot(normal, through)) / (rays @ normal)
    return np.where(depth > 0, depth, np.nan)


def tilted(ray, tilt, towards):
    """A unit vector that far from a ray, radians."""
    ray = np.array(ray) / np.linalg.norm(ray)
    side = np.cross(ray, (0, 1, 0))
    side /= np.linalg.norm(side)
    return math.cos(tilt) * ray + math.sin(tilt) * (math.cos(towards) * side + math.sin(towards) * np.cross(ray, side))


def degrees(one, other):
    return math.degrees(math.acos(min(1.0, float(np.dot(one, other)))))


RAYS = rays_of(CAMERA)


@given(
    st.floats(0.3, 2.0),
    st.floats(0, math.radians(60)),
    st.floats(0, 2 * math.pi),
    st.integers(20, 619),
    st.integers(20, 459),
    st.integers(0, 1000),
)
@settings(max_examples=40, deadline=None)
def test_planes_with_2_mm_of_noise_and_holes_are_known_within_two_degrees(distance, tilt, towards, u, v, seed):
    ray = np.array(CAMERA.ray(u, v))
    normal = tilted(ray, tilt, towards)
    depth = plane(RAYS, normal, ray * distance)
    chance = np.random.default_rng(seed)
    depth += chance.normal(0, 0.002, depth.shape)
    depth[chance.random(depth.shape) < 0.3] = np.nan
    depth[v - 4 : v + 20, u + 3 : u + 10] = 0
    found = surface_normal(Scene(SIZE, CAMERA, depth.astype(np.float32)), (u, v))
    assert math.hypot(*found) == pytest.approx(1)
    assert degrees(found, normal) < 2


@pytest.mark.parametrize('camera', [CAMERA, BARREL])
@pytest.mark.parametrize('size', [SIZE, (320, 240)])
@pytest.mark.parametrize('pixel', [(320.0, 240.0), (40.0, 30.0), (600.5, 20.25), (2.0, 477.0)])
def test_lenses_depth_sizes_and_the_image_s_rim_are_taken_into_account(camera, size, pixel):
    normal = tilted(camera.ray(*pixel), 0.5, 1.0)
    depth = plane(rays_of(camera, size), normal, np.array(camera.ray(*pixel)) * 0.7)
    found = surface_normal(Scene(SIZE, camera, depth.astype(np.float32)), pixel)
    assert degrees(found, normal) < (1.0 if camera.distortion else 0.05)


def box_on_table(looking_down, yaw, distance, noise):
    """Depth of a 4 cm cube on a table, and the direction into both."""
    into = np.array((0, math.cos(looking_down), math.sin(looking_down)))
    across = np.cross((1.0, 0, 0), into)
    side = math.cos(yaw) * np.array((1.0, 0, 0)) + math.sin(yaw) * across
    axes, middle = np.stack((side, np.cross(into, side), into)), np.array((0, 0, distance))
    along, start = RAYS @ axes.T, axes @ -middle
    ends = (np.array([-0.02, 0.02])[:, None, None, None] - start) / np.where(along == 0, 1e-12, along)
    enters, leaves = ends.min(axis=0).max(axis=-1), ends.max(axis=0).min(axis=-1)
    table = plane(RAYS, into, middle + 0.02 * into)
    depth = np.where((enters < leaves) & (enters > 0), enters, table)
    return depth + np.random.default_rng(5).normal(0, noise, depth.shape), into, middle - 0.02 * into, axes


@pytest.mark.parametrize('distance', [0.5, 0.7, 1.0])
@pytest.mark.parametrize('looking_down', [0.6, 0.9, 1.3])
@pytest.mark.parametrize(('yaw', 'off'), [(0.1, (0, 0)), (0.8, (0.008, 0.0)), (1.2, (-0.008, 0.008))])
def test_the_top_of_a_cube_is_not_mixed_with_its_sides_and_the_table(distance, looking_down, yaw, off):
    depth, into, top, axes = box_on_table(looking_down, yaw, distance, noise=0.001)
    pixel = CAMERA.project(top + off[0] * axes[0] + off[1] * axes[1])
    assert degrees(surface_normal(Scene(SIZE, CAMERA, depth), pixel), into) < 5


def test_the_front_of_a_cube_is_seen_as_such():
    depth, into, top, axes = box_on_table(0.5, 0.0, 0.6, noise=0.001)
    front = top + 0.02 * into + 0.02 * -axes[1] if axes[1] @ (0, 0, 1) > 0 else top + 0.02 * into + 0.02 * axes[1]
    away = axes[1] * np.sign(axes[1] @ (0, 0, 1))
    assert degrees(surface_normal(Scene(SIZE, CAMERA, depth), CAMERA.project(front)), away) < 5


def test_the_same_depth_gives_the_same_normal():
    depth, _, top, _ = box_on_table(0.8, 0.3, 0.6, noise=0.003)
    scene = Scene(SIZE, CAMERA, depth)
    assert surface_normal(scene, CAMERA.project(top)) == surface_normal(scene, CAMERA.project(top))


def sparse():
    depth = np.zeros((480, 640), np.float32)
    depth[238:243, 318:323] = 1
    return depth


@pytest.mark.parametrize(
    ('depth', 'words'),
    [
        (np.zeros((480, 640), np.float32), 'there is no depth at pixel (320, 240)'),
        (sparse(), '25 of 1009 depth pixels around pixel (320, 240) are valid'),
        (np.where(np.arange(480)[:, None] == 240, 1.0, np.nan) * np.ones(640), 'depth pixels'),
        (np.random.default_rng(1).uniform(0.5, 3, (480, 640)), 'no plane fits the depth around pixel (320, 240)'),
        (np.ones((480, 480)), 'another aspect ratio'),
        (None, 'no depth image came'),
    ],
)
def test_what_is_no_plane_is_said_so(depth, words):
    with pytest.raises(ValueError) as caught:
        surface_normal(Scene(SIZE, CAMERA, depth), (320, 240))
    assert words in str(caught.value)


STRANGE = [0.0, -1.0, 1e-40, 1e-3, 0.6, 1.0, 1e38, math.inf, math.nan]


@given(
    st.lists(st.sampled_from([*STRANGE, *[0.5] * 20]), min_size=48, max_size=48),
    st.tuples(st.floats(-1, 640), st.floats(-1, 480)),
)
@pytest.mark.filterwarnings('error')
@settings(deadline=None)
def test_strange_depth_gives_a_unit_vector_away_from_the_camera_or_a_reason(numbers, pixel):
    depth = np.kron(np.array(numbers, np.float32).reshape(6, 8), np.ones((10, 10), np.float32))
    try:
        normal = surface_normal(Scene(SIZE, CAMERA, depth), pixel)
    except ValueError:
        return
    assert math.hypot(*normal) == pytest.approx(1)
    assert np.dot(normal, CAMERA.ray(*pixel)) > 0


def test_without_a_camera_nothing_is_known():
    with pytest.raises(ValueError, match='no camera_info'):
        surface_normal(Scene(SIZE, None, np.ones((480, 640))), (320, 240))
