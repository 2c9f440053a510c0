# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Counting pairs, McNemar's test and the intervals, against known figures, SciPy's and an independent likelihood."""

import math
import random

import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.items import Score
from robobrain_ros.evaluation.consistency.statistics.paired import (
    Pairs,
    count,
    mcnemar,
    mid_p,
    score,
    tango,
    wald,
)

VECTORS = [  # b, c, n, McNemar exact, mid-p, Wald 90 %, Tango 90 %
    (12, 5, 400, 0.1435, 0.0963, (0.00061, 0.03439), (0.00059, 0.03651)),
    (20, 20, 400, 1, 0.8746, (-0.02601, 0.02601), (-0.02669, 0.02669)),
    (0, 5, 150, 0.0625, 0.0312, (-0.05744, -0.00923), (-0.06688, -0.01503)),
    (1, 0, 150, 1, 0.5, (-0.00426, 0.01760), (-0.01117, 0.02933)),
    (0, 0, 100, 1, 1, (0, 0), (-0.02634, 0.02634)),
    (30, 18, 2638, 0.1114, 0.0854, (0.00023, 0.00887), (0.00024, 0.00909)),
    (10, 3, 198, 0.0923, 0.0574, (0.00569, 0.06502), (0.00601, 0.06964)),
]
SCIPY = [  # b, c, scipy.stats.binomtest(min(b, c), b + c).pvalue of SciPy 1.17.1
    (12, 5, 0.143463134765625),
    (0, 5, 0.0625),
    (30, 18, 0.11140289106101878),
    (10, 3, 0.09228515625),
    (700, 611, 0.015049769420767604),
]


def scores(marks, errors=()):
    return [Score(f'q{place}', 'A', float(mark), bool(mark), error=place in errors) for place, mark in enumerate(marks)]


@pytest.mark.parametrize(('b', 'c', 'n', 'exact', 'mid', 'simple', 'better'), VECTORS)
def test_figures_are_the_known_ones(b, c, n, exact, mid, simple, better):
    pairs = Pairs(b, c, n)
    assert mcnemar(pairs) == pytest.approx(exact, abs=6e-5)
    assert mid_p(pairs) == pytest.approx(mid, abs=6e-5)
    assert wald(pairs) == pytest.approx(simple, abs=6e-6)
    assert tango(pairs) == pytest.approx(better, abs=6e-6)


@pytest.mark.parametrize(('b', 'c', 'p'), SCIPY)
def test_mcnemar_is_scipys_binomial_test(b, c, p):
    assert mcnemar(Pairs(b, c, b + c)) == pytest.approx(p, rel=1e-12)
    assert mcnemar(Pairs(c, b, 5000)) == pytest.approx(p, rel=1e-12)


def test_thousands_of_flips_are_no_overflow():
    assert mcnemar(Pairs(3000, 0, 3000)) == 0.0
    assert mid_p(Pairs(2000, 2001, 9000)) == pytest.approx(1 - math.comb(4001, 2000) / 2**4001)


def test_without_any_flip_tangos_interval_still_has_a_width():
    z = 1.6448536
    assert tango(Pairs(0, 0, 50)) == pytest.approx((-z * z / (50 + z * z), z * z / (50 + z * z)), abs=1e-6)


def test_intervals_stay_within_what_is_possible():
    for pairs in (Pairs(5, 0, 5), Pairs(0, 5, 5), Pairs(1, 0, 1), Pairs(3, 2, 5), Pairs(0, 1, 2, 1)):
        for low, high in (wald(pairs), tango(pairs)):
            assert -1 <= low <= pairs.difference <= high <= 1


def test_exchanging_the_stacks_turns_the_interval_round():
    low, high = tango(Pairs(17, 4, 90))
    assert tango(Pairs(4, 17, 90)) == pytest.approx((-high, -low))


def likelihood(b, c, n, difference, q):
    """Logarithm, where q is the probability that only B is right, and q + difference that only A is."""
    parts = ((b, q + difference), (c, q), (n - b - c, 1 - 2 * q - difference))
    return sum(k * math.log(p) if k else 0.0 for k, p in parts)


def test_the_score_is_that_of_the_restricted_likelihood():
    dice = random.Random(3)
    for _ in range(50):
        n = dice.randint(5, 300)
        b = dice.randint(1, n // 2)
        c = dice.randint(1, n - b)
        difference = dice.uniform(-0.9, 0.9)
        low, high = max(0.0, -difference) + 1e-12, (1 - difference) / 2 - 1e-12
        for _ in range(200):  # the likelihood has one peak: thirds are cut off
            first, second = low + (high - low) / 3, high - (high - low) / 3
            if likelihood(b, c, n, difference, first) < likelihood(b, c, n, difference, second):
                low = first
            else:
                high = second
        variance = n * (2 * low + difference - difference**2)
        assert score(Pairs(b, c, n), difference) == pytest.approx((b - c - n * difference) / math.sqrt(variance), 1e-5)


def test_answers_are_counted_and_an_error_is_wrong():
    assert count(scores([1, 1, 0, 0, 1]), scores([1, 0, 1, 0, 1])) == Pairs(1, 1, 5, 2)
    assert count(scores([1, 1, 1], errors=(0,)), scores([1, 1, 0])) == Pairs(1, 1, 3, 1)


def test_impossible_input_is_refused_with_the_value():
    with pytest.raises(BadRequest, match='counts of 0 questions'):
        count([], [])
    for wrong in ((-1, 0, 5, 0), (3, 3, 5, 0), (0, 0, 0, 0), (1, 1, 3, 2)):
        with pytest.raises(BadRequest, match='not counts of'):
            Pairs(*wrong)
