# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Things cut out of depth images: off planes they stand out, on planes a disc stands for them."""

import numpy as np
import pytest

from robobrain_ros.geometry.foreground import depth_around, thing_at

HEIGHT, WIDTH = 120, 160


def table(noise=0.0, seed=0):
    """A plane that leans away from the camera: a straight line in inverse depth."""
    rows = np.arange(HEIGHT)[:, None]
    depth = 1 / (0.8 + 0.006 * rows + np.zeros((HEIGHT, WIDTH)))
    return (depth + np.random.default_rng(seed).normal(0, noise, depth.shape)).astype(np.float32)


@pytest.mark.parametrize('noise', [0.0, 0.002])
def test_a_box_on_a_table_is_cut_out(noise):
    depth = table(noise)
    box = np.zeros((HEIGHT, WIDTH), bool)
    box[50:70, 70:90] = True
    depth[box] = depth[box] - 0.04
    mask, (left, top) = thing_at(depth, (78, 62), 20)
    found = np.zeros_like(box)
    found[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    assert np.count_nonzero(found & box) > 0.95 * np.count_nonzero(box)
    assert np.count_nonzero(found & ~box) < 0.05 * np.count_nonzero(box)


def test_of_a_table_before_a_wall_neither_is_the_thing():
    depth = table()
    depth[:50] = 3.0
    depth[40:60, 75:90] = depth[58, 80] - 0.05
    mask, (left, top) = thing_at(depth, (82, 52), 20)
    assert mask.sum() == pytest.approx(20 * 15, rel=0.1)
    assert (left, top) == (82 - 50, 52 - 50)


def test_what_lies_flat_is_a_disc():
    mask, (left, top) = thing_at(table(), (80, 60), 10)
    assert mask.sum() == pytest.approx(np.pi * 10**2, rel=0.05)
    assert mask[60 - top, 80 - left]


def test_without_depth_it_is_a_disc():
    mask, _ = thing_at(np.full((HEIGHT, WIDTH), np.nan), (80, 60), 10)
    assert mask.sum() == pytest.approx(np.pi * 10**2, rel=0.05)


def test_at_the_border_the_square_is_cut_off():
    mask, corner = thing_at(table(), (0, HEIGHT - 1), 10)
    assert corner == (0, HEIGHT - 1 - 25)
    assert mask.shape == (26, 26)


def test_depth_around_pixels_is_a_depth_that_was_measured():
    depth = np.full((4, 6), np.nan, np.float32)
    depth[1, 1:4] = 1, 2, 3
    depth[2, 1] = 0
    found = depth_around(depth, np.array([[2, 1], [1.4, 1.2], [5, 3], [0, 0]]))
    assert found[:2].tolist() == [2, 1], 'the lower median'
    assert np.isnan(found[2])
    assert found[3] == 1
