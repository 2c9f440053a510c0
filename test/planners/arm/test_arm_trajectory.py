# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Joint trajectories: at rest at both ends, on their path, within the joints' speeds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robobrain_ros.planners.arm.trajectory import LEAST_S, timed

SPEEDS, ACCELERATIONS = np.array([2.0, 2.5, 3.0]), np.array([4.0, 6.0, 10.0])
paths = st.integers(2, 12).flatmap(lambda m: arrays(float, (m, 3), elements=st.floats(-3, 3)))


@settings(max_examples=150, deadline=None)
@given(paths)
def test_ends_at_rest_and_keeps_to_the_speeds(path):
    way = timed(path, SPEEDS, ACCELERATIONS)
    assert way.times[0] == 0
    assert (np.diff(way.times) > 0).all()
    assert np.allclose(way.positions[[0, -1]], path[[0, -1]], atol=1e-9)
    assert (way.velocities[[0, -1]] == 0).all()
    steps = np.diff(way.times)[:, None]
    assert (np.abs(np.diff(way.positions, axis=0)) / steps <= 1.3 * SPEEDS).all()
    assert (np.abs(way.velocities) <= 1.01 * SPEEDS).all()
    assert (np.abs(np.diff(way.velocities, axis=0)) / steps <= 2.1 * ACCELERATIONS).all()


def test_it_passes_through_the_points_of_its_path():
    path = np.array([[0, 0, 0], [0.5, 0.1, 0], [1, 0.5, -0.2], [1.2, 1.0, -0.4]])
    way = timed(path, SPEEDS, ACCELERATIONS)
    for point in path:
        assert np.linalg.norm(way.positions - point, axis=1).min() < 0.05


def test_the_fastest_joint_needs_no_more_than_it_must():
    way = timed(np.array([[0, 0, 0], [0, 1.5, 0], [0, 3, 0.0]]), SPEEDS, ACCELERATIONS)
    assert 0.95 * SPEEDS[1] < np.abs(way.velocities[:, 1]).max() <= 1.01 * SPEEDS[1]


def test_where_nothing_moves_it_stays():
    way = timed(np.zeros((2, 3)), SPEEDS, ACCELERATIONS)
    assert way.times[-1] == pytest.approx(LEAST_S)
    assert (way.positions == 0).all()


def test_between_its_points_and_after_the_end():
    way = timed(np.array([[0, 0, 0], [1, 0, 0.0]]), SPEEDS, ACCELERATIONS)
    middle = (way.times[3] + way.times[4]) / 2
    positions, velocities = way.at(middle)
    assert np.allclose(positions, (way.positions[3] + way.positions[4]) / 2)
    assert velocities[0] > 0
    positions, velocities = way.at(way.times[-1] + 1)
    assert np.allclose(positions, [1, 0, 0])
    assert (velocities == 0).all()


def test_a_path_of_one_point_is_refused():
    with pytest.raises(ValueError, match='at least 2 points; this one has 1'):
        timed(np.zeros((1, 3)), SPEEDS, ACCELERATIONS)
