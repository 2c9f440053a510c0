# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How often the verdicts are right: by exact summation, and for answers that are made up with a known difference."""

import math
from collections import Counter

import numpy as np
import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.items import Score
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, count
from robobrain_ros.evaluation.consistency.statistics.power import chances, power
from robobrain_ros.evaluation.consistency.statistics.verdicts import CONSISTENT, DIFFERENT, NOT_ENOUGH, judge

MARGIN = 0.05
NEVER = 1e-6
"""A margin that nothing is within: what is left is the test of a difference alone."""


def scored(marks):
    return [Score(str(place), 'A' if mark else 'B', float(mark), bool(mark)) for place, mark in enumerate(marks)]


def flipped(right, only_a, only_b):
    """Scores of A and of B, which differ where only one of them is right."""
    return scored((right | only_a) & ~only_b), scored((right | only_b) & ~only_a)


def planted(seed, noise=0.05):
    """Of 400 questions, B loses 20 that A answers right; a share of others flips, either way by a coin."""
    dice = np.random.default_rng(seed)
    right = dice.random(400) < 0.6
    lost = np.isin(np.arange(400), dice.choice(np.flatnonzero(right), 20, replace=False))
    flips, coin = ~lost & (dice.random(400) < noise * 400 / 380), dice.random(400) < 0.5
    return flipped(right, lost | flips & coin, flips & ~coin)


def drawn(seed, difference):
    """Of 400 questions, a tenth flips, and A is better by so much in the mean."""
    dice = np.random.default_rng(seed)
    fate, only_a = dice.random(400), 0.05 + difference / 2
    return flipped(dice.random(400) < 0.6, fate < only_a, (fate >= only_a) & (fate < 0.1))


def verdicts(pairs):
    return Counter(judge(count(*one), MARGIN).word for one in pairs)


def test_five_planted_points_are_found_in_nine_of_ten_simulations():
    assert count(*planted(0, noise=0)).flips == 20
    assert verdicts(planted(seed) for seed in range(100))[DIFFERENT] >= 90


def test_with_ten_percent_of_noise_beside_the_five_points_fewer_are_found():
    """What 400 questions cannot do: the floor is about 10 % flips in all."""
    assert verdicts(planted(seed, noise=0.1) for seed in range(100))[DIFFERENT] < 90


def test_five_points_in_questions_that_are_drawn_are_just_found_in_nine_of_ten():
    assert power(400, 0.1, MARGIN) == pytest.approx(0.901, abs=5e-4)
    assert power(150, 0.1, MARGIN) < 0.5 < power(400, 0.2, MARGIN) < power(1321, 0.2, MARGIN)


def test_fewer_flips_than_the_margin_cannot_hide_a_difference_of_the_margin():
    assert power(400, 0.01, MARGIN) == power(400, 0.05, MARGIN) > 0.95


@pytest.mark.parametrize('flips', [0.01, 0.02, 0.05, 0.1, 0.2, 0.4])
@pytest.mark.parametrize('questions', [50, 150, 400])
def test_equal_stacks_are_called_different_in_at_most_five_of_a_hundred(questions, flips):
    assert chances(questions, flips, 0.0, NEVER)[DIFFERENT] <= 0.05
    assert chances(questions, flips, 0.0, MARGIN)[DIFFERENT] <= 0.05


@pytest.mark.parametrize('questions', [150, 400, 692])
def test_stacks_that_differ_by_the_margin_are_called_consistent_in_at_most_six_of_a_hundred(questions):
    """Tango's score is a normal approximation: nominally 5 %."""
    for flips in (0.06, 0.1, 0.2):
        assert chances(questions, flips, MARGIN, MARGIN)[CONSISTENT] <= 0.06


@pytest.mark.parametrize('difference', [0.0, 0.02, 0.05])
def test_simulations_and_exact_chances_agree(difference):
    exact = chances(400, 0.1, difference, MARGIN)
    assert sum(exact.values()) == pytest.approx(1, abs=1e-6)
    played = verdicts(drawn(seed, difference) for seed in range(500))
    for word in (CONSISTENT, DIFFERENT, NOT_ENOUGH):
        error = math.sqrt(exact[word] * (1 - exact[word]) / 500)
        assert abs(played[word] / 500 - exact[word]) <= 3.5 * error


@pytest.mark.parametrize(('flip_rate', 'difference', 'margin'), [(0.0, 0.0, 0.05), (0.2, 0.05, 0.05), (1.0, 0.1, 0.2)])
def test_chances_are_those_of_all_pairs_one_by_one(flip_rate, difference, margin):
    """The verdicts' limits for each number of flips leave out no pair, and judge none otherwise than ``judge``."""
    only_a, only_b = (flip_rate + difference) / 2, (flip_rate - difference) / 2
    found = Counter()
    for b in range(41):
        for c in range(41 - b):
            ways = math.comb(40, b) * math.comb(40 - b, c)
            chance = ways * only_a**b * only_b**c * max(0.0, 1 - only_a - only_b) ** (40 - b - c)
            found[judge(Pairs(b, c, 40), margin).word] += chance
    for word, chance in chances(40, flip_rate, difference, margin).items():
        assert chance == pytest.approx(found[word], abs=1e-9)


def test_impossible_figures_are_refused_with_the_value():
    with pytest.raises(BadRequest, match=r'difference of 0\.2 with a flip rate of 0\.1 in 400 questions'):
        chances(400, 0.1, 0.2, MARGIN)
    with pytest.raises(BadRequest, match='in 0 questions'):
        chances(0, 0.1, 0.05, MARGIN)
