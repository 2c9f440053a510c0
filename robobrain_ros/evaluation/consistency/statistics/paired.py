# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Right and wrong answers of two stacks to the same questions: McNemar's test, and intervals of the difference.

The questions are the same, so they are compared one by one: what counts are those that one stack answers right and the
other wrong (the *flips*). An error counts as wrong; nothing is left out.
Differences are fractions, A minus B: 0.05 means that A is right 5 points more often than B.

SciPy has only the binomial distribution of this, statsmodels only McNemar's exact test and Holm's correction, and the
normal distribution is in Python. Nothing else here needs these two packages of 150 MB: they are no dependency,
and the tests hold SciPy's figures.

Sources: Tango, "Equivalence test and confidence interval for the difference in proportions for the paired-sample
design" (Statistics in Medicine 17, 1998); Fagerland, Lydersen and Laake, "The McNemar test for binary matched-pairs
data: mid-p and asymptotic are better than exact conditional" (BMC Medical Research Methodology 13, 2013).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, copysign, inf, sqrt
from statistics import NormalDist

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.items import Score

Z = NormalDist().inv_cdf(0.95)
"""Standard deviations of a one-sided test at 5 %: both ends of a 90 % interval are such tests."""
NEGLIGIBLE_BITS = 64
"""A probability that is smaller than another by so many powers of two adds nothing to it."""


@dataclass(frozen=True)
class Pairs:
    """How two stacks answered the same questions, counted.

    :param b: questions that A answered right and B wrong
    :param c: questions that A answered wrong and B right
    :param count: all questions, 1 or more
    :param both_right: questions that both answered right
    :raises BadRequest: for counts that cannot be
    """

    b: int
    c: int
    count: int
    both_right: int = 0

    def __post_init__(self) -> None:
        if min(self.b, self.c, self.both_right) < 0 or self.count < max(1, self.b + self.c + self.both_right):
            raise BadRequest(
                f'{self.b} questions that only A answered right, {self.c} that only B and {self.both_right} that both '
                f'are not counts of {self.count} questions: none can be negative, and {self.count} must be 1 or more '
                'and no less than their sum'
            )

    @property
    def flips(self) -> int:
        """Questions that exactly one of the two answered right."""
        return self.b + self.c

    @property
    def flip_rate(self) -> float:
        """Share of the questions that exactly one of the two answered right, 0 .. 1."""
        return self.flips / self.count

    @property
    def difference(self) -> float:
        """Share that A answered right minus share that B answered right, -1 .. 1."""
        return (self.b - self.c) / self.count


def count(a: Sequence[Score], b: Sequence[Score]) -> Pairs:
    """Count on how many questions two stacks agree, and on how many each alone is right.

    :param a: scores of A, one a question
    :param b: scores of B, of the same questions in the same order
    :raises BadRequest: if there is no question
    """
    marks = [(one.right and not one.error, other.right and not other.error) for one, other in zip(a, b, strict=True)]
    return Pairs(marks.count((True, False)), marks.count((False, True)), len(marks), marks.count((True, True)))


def mcnemar(pairs: Pairs) -> float:
    """Return the p-value of McNemar's exact test, two-sided: as many flips so one-sided, if each fell by a coin.

    It is valid for any number of flips, and careful: fewer than 5 % of equal stacks get p <= 0.05. A large p-value does
    not show that two stacks are the same; see ``verdicts.py``.
    """
    return min(1.0, 2 * _tail(pairs)[0])


def mid_p(pairs: Pairs) -> float:
    """Return the mid-p-value of McNemar's test: as ``mcnemar``, with half the probability of what was observed.

    It finds more differences than the exact test. With 50 to 692 questions and 0.5 to 40 % flips, at most 4.97 % of
    equal stacks get a mid-p <= 0.05, by exact summation; with the usual chi-square test, up to 5.3 % do.
    """
    tail, seen = _tail(pairs)
    return min(1.0, 2 * tail) - seen if pairs.flips else 1.0


def wald(pairs: Pairs) -> tuple[float, float]:
    """Return the simple 90 % interval of the difference; too narrow for few flips, and of no width without any.

    :returns: its ends, fractions; those beyond -1 and 1 are cut off
    """
    squares = pairs.flips - (pairs.b - pairs.c) ** 2 / pairs.count
    reach = Z * sqrt(max(0.0, squares)) / pairs.count
    return max(-1.0, pairs.difference - reach), min(1.0, pairs.difference + reach)


def tango(pairs: Pairs) -> tuple[float, float]:
    """Return Tango's 90 % score interval of the difference: right for few flips, too, and even for none.

    :returns: its ends, -1 .. 1
    """
    return _crossing(pairs, Z), _crossing(pairs, -Z)


def score(pairs: Pairs, difference: float) -> float:
    """Return how far the observation is above a true difference, in standard deviations under that difference.

    :param difference: -1 .. 1, what is assumed to be true
    :returns: Tango's T; infinite where the assumption rules the observation out
    """
    above = pairs.b - pairs.c - pairs.count * difference
    variance = pairs.count * spread(pairs.b / pairs.count, pairs.c / pairs.count, difference)
    if variance > 1e-12:
        return above / sqrt(variance)
    return copysign(inf, above) if abs(above) > 1e-9 else 0.0


def spread(b: float, c: float, difference: float) -> float:
    """Return the variance of one question's difference (1, 0 or -1), estimated with the true mean as assumed.

    :param b: share of the questions that only A answered right, 0 .. 1
    :param c: share of those that only B did
    :param difference: the assumed mean, -1 .. 1
    """
    beta = -b - c + (2 - b + c) * difference
    q = (sqrt(max(0.0, beta * beta + 8 * c * difference * (1 - difference))) - beta) / 4
    return 2 * max(0.0, q) + difference * (1 - difference)


def _crossing(pairs: Pairs, z: float) -> float:
    """The difference at which the score falls to z, by bisection: the score falls from -1 to 1."""
    low, high = -1.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if score(pairs, middle) > z else (low, middle)
    return (low + high) / 2


def _tail(pairs: Pairs) -> tuple[float, float]:
    """Probability of so few flips on the rarer side or fewer, and of exactly so few, if each falls by a coin."""
    flips, few = pairs.flips, min(pairs.b, pairs.c)
    term = seen = total = comb(flips, few)
    for k in range(few, 0, -1):
        term = term * k // (flips - k + 1)
        total += term
        if term << NEGLIGIBLE_BITS < total:
            break
    return total / 2**flips, seen / 2**flips
