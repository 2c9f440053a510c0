# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Cameras against the formulas of their lenses, which are written out here."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robobrain_ros.geometry.camera_model import CameraModel

K = (500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0)
D = {
    'plumb_bob': (-0.28, 0.09, 0.001, -0.0007, -0.01),
    'rational_polynomial': (0.45, -0.12, 0.0004, -0.0003, -0.02, 0.8, -0.05, -0.01),
    'equidistant': (0.02, -0.01, 0.004, -0.001),
}


def lens(model, d, x, y):
    """Distorted normalised coordinates of the direction (x, y, 1): the ground truth."""
    if model == 'equidistant':
        r = math.hypot(x, y)
        theta = math.atan(r)
        bent = theta * (1 + sum(k * theta ** (2 * i) for i, k in enumerate(d, 1)))
        return (x * bent / r, y * bent / r) if r > 0 else (x, y)
    k1, k2, p1, p2, k3, k4, k5, k6 = (*d, 0.0, 0.0, 0.0, 0.0)[:8]
    r2 = x * x + y * y
    radial = (1 + k1 * r2 + k2 * r2**2 + k3 * r2**3) / (1 + k4 * r2 + k5 * r2**2 + k6 * r2**3)
    return (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x), y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y)


def random_camera(model, rng):
    """Width, height, K and D of a camera of that kind as it could be bought."""
    width, height = int(rng.integers(320, 2000)), int(rng.integers(240, 1500))
    focal = width * rng.uniform(0.35, 0.6) if model == 'equidistant' else width * rng.uniform(0.7, 1.5)
    cx, cy = width * rng.uniform(0.45, 0.55), height * rng.uniform(0.45, 0.55)
    k = (focal, 0, cx, 0, focal * rng.uniform(0.97, 1.03), cy, 0, 0, 1)
    return width, height, k, [c * rng.uniform(0.2, 1.2) for c in D[model]]


@pytest.mark.parametrize('model', D)
def test_random_cameras_and_points(model):
    rng = np.random.default_rng(3)
    worst_metres = worst_pixels = 0.0
    seen = 0
    for _ in range(40):
        width, height, k, d = random_camera(model, rng)
        camera = CameraModel.from_calibration(width=width, height=height, k=k, d=d, model=model)
        for _ in range(25):
            z = rng.uniform(0.2, 5)
            reach = 1.2 if model == 'equidistant' else 0.6
            point = np.array([rng.uniform(-reach, reach) * z, rng.uniform(-reach, reach) * z, z])
            x, y = lens(model, d, *(point[:2] / z))
            u, v = k[0] * x + k[2], k[4] * y + k[5]
            if not (-0.5 <= u <= width - 0.5 and -0.5 <= v <= height - 0.5):
                continue
            seen += 1
            worst_pixels = max(worst_pixels, math.dist(camera.project(point), (u, v)))  # type: ignore[arg-type]
            worst_metres = max(worst_metres, math.dist(camera.deproject(u, v, z), point))
    assert seen > 400
    assert worst_pixels < 1e-6
    assert worst_metres < 1e-6


def test_without_distortion_the_ray_is_exact():
    for d in ((), (0.0,) * 5):
        camera = CameraModel.from_calibration(width=640, height=480, k=K, d=d, model='plumb_bob')
        assert camera.distortion == ()
        assert camera.ray(320, 240) == (0, 0, 1)
        assert camera.ray(820, -270) == (1, -1, 1)
        assert camera.deproject(420, 291, 2) == (0.4, 0.2, 2)
        assert camera.project((0.4, 0.2, 2)) == (420, 291)


@pytest.mark.parametrize('model', ['equidistant', 'none', 'None', 'Brown Conrady', '', 'inverse_brown_conrady'])
@pytest.mark.parametrize('d', [(), (0.0,) * 4, (0.0,) * 5])
def test_with_zeros_any_name_is_an_ideal_pinhole(model, d):
    """The convention of image_geometry's PinholeCameraModel."""
    camera = CameraModel.from_calibration(width=640, height=480, k=K, d=d, model=model)
    assert camera == CameraModel.from_calibration(width=640, height=480, k=K)


@pytest.mark.parametrize(
    ('name', 'd', 'model', 'same'),
    [
        ('plumb_bob', (*D['plumb_bob'], 0, 0, 0), 'plumb_bob', D['plumb_bob']),
        ('rational_polynomial', (*D['plumb_bob'], 0, 0, 0), 'plumb_bob', D['plumb_bob']),
        ('plumb_bob', D['rational_polynomial'], 'rational_polynomial', D['rational_polynomial']),
        ('fisheye', D['equidistant'], 'equidistant', D['equidistant']),
        ('Kannala-Brandt4', D['equidistant'], 'equidistant', D['equidistant']),
        ('Brown Conrady', D['plumb_bob'], 'plumb_bob', D['plumb_bob']),
        ('equidistant', (*D['equidistant'], 0), 'equidistant', D['equidistant']),
    ],
)
def test_what_drivers_write_means_one_of_three_models(name, d, model, same):
    """Zeros at the end say nothing, and several names mean the same."""
    written, meant = (
        CameraModel.from_calibration(width=640, height=480, k=K, d=numbers, model=called)
        for called, numbers in ((name, d), (model, same))
    )
    for u, v in ((0, 0), (639, 0), (320, 240), (100, 400)):
        assert written.ray(u, v) == pytest.approx(meant.ray(u, v))


def test_skew_moves_columns():
    k = (500, 4, 320, 0, 500, 240, 0, 0, 1)
    camera = CameraModel.from_calibration(width=640, height=480, k=k)
    assert camera.project((0.2, 0.5, 1)) == pytest.approx((320 + 500 * 0.2 + 4 * 0.5, 240 + 500 * 0.5))
    np.testing.assert_allclose(camera.deproject(*camera.project((0.2, 0.5, 2)), 2), (0.2, 0.5, 2))
    half = CameraModel.from_calibration(width=640, height=480, k=k, binning=(2, 2))
    np.testing.assert_allclose(half.ray(100, 100), camera.ray(200.5, 200.5))


@given(
    x=st.integers(0, 300),
    y=st.integers(0, 200),
    w=st.integers(20, 300),
    h=st.integers(20, 250),
    bx=st.integers(1, 4),
    by=st.integers(1, 4),
    u=st.floats(-0.5, 10),
    v=st.floats(-0.5, 10),
    model=st.sampled_from(sorted(D)),
)
@settings(deadline=None, max_examples=100)
def test_region_and_binning(x, y, w, h, bx, by, u, v, model):
    """A pixel of the cropped, binned image looks where the middle of the full pixels that it combines looks."""
    calibration = {'width': 640, 'height': 480, 'k': K, 'd': D[model], 'model': model}
    full = CameraModel.from_calibration(**calibration)
    part = CameraModel.from_calibration(**calibration, binning=(bx, by), roi=(x, y, w, h))
    assert (part.width, part.height) == (w // bx, h // by)
    full_u, full_v = x + u * bx + (bx - 1) / 2, y + v * by + (by - 1) / 2
    np.testing.assert_allclose(part.ray(u, v), full.ray(full_u, full_v), atol=1e-7)
    np.testing.assert_allclose(part.project(full.deproject(full_u, full_v, 2)), (u, v), atol=1e-5)


def test_binning_of_zero_and_a_region_of_zeros_mean_none():
    kinds = [{}, {'binning': (0, 0)}, {'binning': (1, 1)}, {'roi': (0, 0, 0, 0)}, {'roi': (0, 0, 640, 480)}]
    assert len({CameraModel.from_calibration(width=640, height=480, k=K, **kind) for kind in kinds}) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize('model', D)
@given(u=st.floats(-0.5, 639.5), v=st.floats(-0.5, 479.5), z=st.floats(0.01, 100))
@settings(deadline=None, max_examples=60)
def test_back_and_forth(model, u, v, z):
    camera = CameraModel.from_calibration(width=640, height=480, k=K, d=D[model], model=model)
    point = camera.deproject(u, v, z)
    assert point[2] == z
    np.testing.assert_allclose(camera.project(point), (u, v), atol=1e-3)


def test_a_pixel_beyond_the_lens_is_refused():
    """r (1 - r^2) has its maximum at 0.385: no direction reaches 0.6, and the fold behind the maximum is not taken."""
    camera = CameraModel.from_calibration(width=640, height=480, k=K, d=(-1, 0, 0, 0, 0), model='plumb_bob')
    assert camera.ray(320 + 500 * 0.3 * (1 - 0.09), 240)[0] == pytest.approx(0.3)
    with pytest.raises(ValueError, match='no inverse'):
        camera.ray(620, 240)


def test_a_fisheye_pixel_that_looks_sideways_is_refused():
    k = (500, 0, 1000, 0, 500, 1000, 0, 0, 1)
    camera = CameraModel.from_calibration(width=2000, height=2000, k=k, d=[1e-9, 0, 0, 0], model='equidistant')
    assert camera.ray(1000 + 500 * 1.5, 1000)[0] == pytest.approx(math.tan(1.5), rel=1e-4)
    for theta in (1.571, 1.7, 1.99):
        with pytest.raises(ValueError, match='no inverse'):
            camera.ray(1000 + 500 * theta, 1000)


def test_pixels_depths_and_points_that_make_no_sense():
    camera = CameraModel.from_calibration(width=640, height=480, k=K)
    for z in (0, -1, math.nan, math.inf):
        with pytest.raises(ValueError, match='depth'):
            camera.deproject(1, 1, z)
        with pytest.raises(ValueError, match='point'):
            camera.project((0.1, 0.1, z))
    for u, v in ((math.nan, 0), (0, math.inf)):
        with pytest.raises(ValueError, match='pixel'):
            camera.ray(u, v)


def matrix(**changes):
    values = list(K)
    for name, value in changes.items():
        values[{'fx': 0, 'skew': 1, 'cx': 2, 'fy': 4, 'last': 8}[name]] = value
    return values


@pytest.mark.parametrize(
    ('fields', 'words'),
    [
        ({'k': [0.0] * 9}, 'not calibrated'),
        ({'k': matrix(fx=0)}, 'fx 0'),
        ({'k': matrix(fy=-5)}, 'fy -5'),
        ({'k': matrix(cx=math.nan)}, 'cx nan'),
        ({'k': matrix(fx=0.78, fy=1.04, cx=0.5)}, 'fx 0.78, fy 1.04 do not fit .*640x480.*in pixels'),  # parts of it
        ({'k': matrix(fx=3.6, fy=3.6)}, 'fx 3.6'),  # millimetres
        ({'k': matrix(fy=5)}, 'fy 5'),
        ({'k': matrix(fx=1500, fy=1500, cx=960)}, 'cx 960, cy 240, outside of 640x480.*another image size'),
        ({'k': matrix(cx=-80)}, 'cx -80'),
        ({'k': matrix(last=0)}, 'expected .fx'),
        ({'k': [1.0] * 4}, '4 numbers'),
        ({'width': 0}, '0x480'),
        ({'height': -1}, '640x-1'),
        ({'model': 'fisheye62', 'd': [0.1] * 6}, "'fisheye62'.*plumb_bob"),
        ({'model': '', 'd': [0.1] * 5}, "''"),
        ({'model': 'inverse_brown_conrady', 'd': [0.1] * 5}, 'plumb_bob.*rational_polynomial'),
        ({'model': 'plumb_bob', 'd': [0.1] * 3}, '4, 5, 8, 12, 14'),
        ({'model': 'equidistant', 'd': [0.1] * 5}, 'has 4 coefficients'),
        ({'model': 'rational_polynomial', 'd': [0.1] * 15}, '4, 5, 8, 12, 14'),
        ({'d': [math.inf] * 5}, 'inf'),
        ({'roi': (600, 0, 100, 100)}, r'100x100 at \(600, 0\)'),
        ({'roi': (10, 10, 0, 0)}, '0x0'),
        ({'roi': (-1, 0, 9, 9)}, '-1'),
        ({'binning': (700, 1)}, r'\(700, 1\)'),
        ({'binning': (-2, 1)}, r'\(-2, 1\)'),
    ],
)
def test_calibrations_that_make_no_sense(fields, words):
    with pytest.raises(ValueError, match=words):
        CameraModel.from_calibration(**{'width': 640, 'height': 480, 'k': K, **fields})
