# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The floors of the verdicts, by exact summation and by simulation; the guide's figures are from here."""

import math

import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.statistics.paired import count
from robobrain_ros.evaluation.consistency.statistics.power import chances, plant, power, simulate
from robobrain_ros.evaluation.consistency.statistics.verdicts import CONSISTENT, DIFFERENT, NOT_ENOUGH

MARGIN = 0.05
NEVER = 1e-6
"""A margin that nothing is within: what is left is the test of a difference alone."""


def test_five_planted_points_are_found_in_nine_of_ten_simulations():
    assert simulate(400, 0.1, 0.05, MARGIN, True, range(100))[DIFFERENT] >= 90
    assert chances(400, 0.1, 0.05, MARGIN, planted=True)[DIFFERENT] == pytest.approx(0.951, abs=5e-4)


def test_five_points_in_questions_that_are_drawn_are_just_found_in_nine_of_ten():
    assert power(400, 0.1, MARGIN) == pytest.approx(0.901, abs=5e-4)
    assert power(150, 0.1, MARGIN) < 0.5 < power(400, 0.2, MARGIN) < power(1321, 0.2, MARGIN)


def test_fewer_flips_than_the_margin_cannot_hide_a_difference_of_the_margin():
    assert power(400, 0.01, MARGIN) == power(400, 0.05, MARGIN) > 0.95


def test_with_ten_percent_of_noise_beside_the_five_points_fewer_are_found():
    """What 400 questions cannot do: the floor is about 10 % flips in all."""
    assert chances(400, 0.15, 0.05, MARGIN, planted=True)[DIFFERENT] == pytest.approx(0.776, abs=5e-4)


@pytest.mark.parametrize('flips', [0.01, 0.02, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize('questions', [50, 150, 400])
def test_equal_stacks_are_called_different_in_at_most_five_of_a_hundred(questions, flips):
    assert chances(questions, flips, 0.0, NEVER, planted=False)[DIFFERENT] <= 0.05
    assert chances(questions, flips, 0.0, MARGIN, planted=False)[DIFFERENT] <= 0.05


@pytest.mark.parametrize('questions', [150, 400, 692])
def test_stacks_that_differ_by_the_margin_are_called_consistent_in_at_most_six_of_a_hundred(questions):
    """Tango's score is a normal approximation: nominally 5 %."""
    for flips in (0.06, 0.1, 0.2):
        assert chances(questions, flips, MARGIN, MARGIN, planted=False)[CONSISTENT] <= 0.06


@pytest.mark.parametrize(('difference', 'planted'), [(0.0, False), (0.05, True), (0.05, False), (0.02, True)])
def test_simulations_and_exact_chances_agree(difference, planted):
    exact = chances(400, 0.1, difference, MARGIN, planted)
    assert sum(exact.values()) == pytest.approx(1, abs=1e-6)
    played = simulate(400, 0.1, difference, MARGIN, planted, range(500))
    assert sum(played.values()) == 500
    for word in (CONSISTENT, DIFFERENT, NOT_ENOUGH):
        error = math.sqrt(exact[word] * (1 - exact[word]) / 500)
        assert abs(played[word] / 500 - exact[word]) <= 3.5 * error


def test_what_is_planted_is_there():
    for seed in range(20):
        pairs = count(*plant(400, 0.05, 0.05, True, seed))
        assert (pairs.b, pairs.c) == (20, 0)
    pairs = count(*plant(100_000, 0.1, 0.05, False, 0))
    assert pairs.flip_rate == pytest.approx(0.1, abs=0.004)
    assert pairs.difference == pytest.approx(0.05, abs=0.004)
    assert pairs.both_right / 100_000 == pytest.approx(0.9 * 0.6, abs=0.008)
    assert plant(50, 0.1, 0.0, False, 3) == plant(50, 0.1, 0.0, False, 3) != plant(50, 0.1, 0.0, False, 4)


def test_impossible_figures_are_refused_with_the_value():
    with pytest.raises(BadRequest, match=r'difference of 0\.2 with a flip rate of 0\.1 in 400 questions'):
        chances(400, 0.1, 0.2, MARGIN, planted=False)
    with pytest.raises(BadRequest, match='in 0 questions'):
        plant(0, 0.1, 0.05, False, 0)
