# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Depth from a window: medians, holes, borders, sizes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robobrain_ros.answer import PointStatus
from robobrain_ros.geometry.depth import DepthSample, sample_depth, scale_pixel

HOLES = (np.nan, np.inf, -np.inf, 0.0, -1.0)


def sample(depth, u, v, window=5, fraction=0.3, low=0.1, high=10.0):
    return sample_depth(np.asarray(depth, np.float32), u, v, window, fraction, low, high)


def plane(value=2.0, size=(20, 30)):
    return np.full(size, value, np.float32)


def test_a_plane():
    result = sample(plane(), 12.3, 4.8)
    assert result == DepthSample(2.0, 1.0, PointStatus.OK)


def test_the_window_is_centred_on_the_nearest_pixel():
    depth = np.arange(20 * 30, dtype=np.float32).reshape(20, 30) / 100 + 1
    assert sample(depth, 12.4, 6.6, window=1).depth == depth[7, 12]
    assert sample(depth, 12.4, 6.6, window=5).depth == depth[7, 12]


@pytest.mark.parametrize('hole', HOLES)
def test_holes_do_not_count(hole):
    depth = plane()
    depth[4:9, 10:15] = hole
    depth[6, 10:15] = 3.0
    depth[7, 10:14] = 3.0
    result = sample(depth, 12, 6)
    assert (result.depth, result.valid_fraction, result.status) == (3.0, 9 / 25, PointStatus.OK)
    depth[7, 10:12] = hole
    result = sample(depth, 12, 6)
    assert (result.depth, result.valid_fraction, result.status) == (None, 7 / 25, PointStatus.NO_DEPTH)
    assert '7 of 25' in result.reason


@pytest.mark.parametrize('fraction', [0.0, 0.5])
def test_without_any_valid_pixel_there_is_no_depth(fraction):
    result = sample(plane(np.nan), 5, 5, fraction=fraction)
    assert (result.depth, result.valid_fraction, result.status) == (None, 0.0, PointStatus.NO_DEPTH)


def test_at_an_edge_the_depth_is_one_of_both_never_between():
    depth = plane()
    depth[:, 10:] = 1.0
    assert sample(depth, 9, 5).depth == 2.0
    assert sample(depth, 10, 5).depth == 1.0
    depth[5, 10] = np.nan  # 14 far and 10 near, then one of each more away
    for u in range(7, 13):
        assert sample(depth, u, 5).depth in (1.0, 2.0)
    assert sample(np.array([[1.0, 2.0]]), 0, 0, window=3).depth == 1.0


@pytest.mark.parametrize(
    ('u', 'v', 'pixels'),
    [
        (0, 0, 9),
        (-0.5, -0.5, 9),
        (29, 19, 9),
        (29.5, 19.5, 9),
        (29, 0, 9),
        (15, 0, 15),
        (0, 10, 15),
        (1, 1, 16),
        (15, 10, 25),
    ],
)
def test_the_window_is_clipped_at_the_border(u, v, pixels):
    depth = plane(np.nan)
    row, column = min(round(abs(v)), 19), min(round(abs(u)), 29)
    depth[row, column] = 1.5
    result = sample(depth, u, v, fraction=0.01)
    assert (result.depth, result.valid_fraction) == (1.5, 1 / pixels)


@pytest.mark.parametrize(('u', 'v'), [(-0.6, 0), (0, -1), (29.6, 3), (3, 19.6), (1e9, 0), (math.nan, 0), (0, math.inf)])
def test_outside_the_image_there_is_no_depth(u, v):
    result = sample(plane(), u, v)
    assert (result.depth, result.status) == (None, PointStatus.NO_DEPTH)
    assert '30x20' in result.reason


@pytest.mark.parametrize(
    ('value', 'status'),
    [(0.499, PointStatus.OUT_OF_RANGE), (0.5, PointStatus.OK), (4.0, PointStatus.OK), (4.01, PointStatus.OUT_OF_RANGE)],
)
def test_range(value, status):
    result = sample(plane(value), 5, 5, low=0.5, high=4.0)
    assert result.status is status
    assert (result.depth is not None) == (status is PointStatus.OK)
    assert status is PointStatus.OK or f'{value:.3f} m lies outside 0.5 .. 4 m' in result.reason


def test_arguments_that_make_no_sense():
    for window in (0, 2, -1):
        with pytest.raises(ValueError, match=str(window)):
            sample(plane(), 1, 1, window=window)
    for image in (np.zeros((4, 4), np.uint16), np.zeros((4, 4, 1), np.float32)):
        with pytest.raises(ValueError, match='expected HxW floats'):
            sample_depth(image, 1, 1, 3, 0.5, 0.1, 10)


@given(st.lists(st.one_of(st.floats(0.2, 9), st.sampled_from(HOLES)), min_size=9, max_size=9), st.floats(0, 1))
def test_the_depth_is_always_one_that_was_measured(values, fraction):
    result = sample(np.reshape(values, (3, 3)), 1, 1, window=3, fraction=fraction)
    valid = sorted(np.float32(v) for v in values if math.isfinite(v) and v > 0)
    assert result.valid_fraction == len(valid) / 9
    if valid and len(valid) / 9 >= fraction:
        assert result.depth == valid[(len(valid) - 1) // 2]
    else:
        assert (result.depth, result.status) == (None, PointStatus.NO_DEPTH)


@given(st.integers(1, 50), st.integers(1, 50), st.integers(1, 20), st.integers(1, 20), st.floats(0, 1), st.floats(0, 1))
def test_scaling_keeps_edges_and_is_undone_by_the_inverse(width, height, a, b, s, t):
    source, target = (width * a, height * a), (width * b, height * b)
    assert scale_pixel(-0.5, -0.5, source, target) == (-0.5, -0.5)
    np.testing.assert_allclose(
        scale_pixel(source[0] - 0.5, source[1] - 0.5, source, target), (target[0] - 0.5, target[1] - 0.5), atol=1e-9
    )
    u, v = s * source[0] - 0.5, t * source[1] - 0.5
    np.testing.assert_allclose(scale_pixel(*scale_pixel(u, v, source, target), target, source), (u, v), atol=1e-9)


def test_scaling_needs_the_same_aspect_ratio():
    assert scale_pixel(1, 1, (1280, 720), (640, 360)) == (0.25, 0.25)
    with pytest.raises(ValueError, match=r'848x480.*1280x720'):
        scale_pixel(1, 1, (1280, 720), (848, 480))
