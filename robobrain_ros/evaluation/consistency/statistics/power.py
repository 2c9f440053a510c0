# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How often each verdict is given to two stacks whose true difference is known: the power of a comparison.

The questions are taken as drawn from a larger pool. How large the difference is in these questions is chance, too.
"""

from bisect import bisect
from math import exp, lgamma, log, sqrt

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, mid_p
from robobrain_ros.evaluation.consistency.statistics.verdicts import (
    ALPHA,
    CONSISTENT,
    DIFFERENT,
    NOT_ENOUGH,
    equivalent,
)

NEGLIGIBLE = 1e-12


def chances(questions: int, flip_rate: float, difference: float, margin: float) -> dict[str, float]:
    """Return how probable each verdict is, summed over all numbers of flips: exact but for what is negligible.

    :param questions: how many
    :param flip_rate: expected share of the questions that only one stack answers right, 0 .. 1
    :param difference: A minus B, a fraction between 0 and the flip rate
    :param margin: what the verdict is to be given for, a fraction
    :returns: probability of each of the three words
    :raises BadRequest: for figures that are not possible
    """
    if not 0 <= difference <= flip_rate <= 1 or questions < 1:
        raise BadRequest(
            f'a difference of {difference:g} with a flip rate of {flip_rate:g} in {questions} questions is not '
            'possible: it must be between 0 and the flip rate, which is at most 1'
        )
    share_of_a = (1 + difference / flip_rate) / 2 if flip_rate else 0.0
    found = {CONSISTENT: 0.0, DIFFERENT: 0.0, NOT_ENOUGH: 0.0}
    for flips, weight in _binomial(questions, flip_rate):
        consistent, same = _limits(questions, flips, margin)
        for only_a, part in _binomial(flips, share_of_a):
            apart = abs(2 * only_a - flips)
            word = CONSISTENT if apart < consistent else NOT_ENOUGH if apart < same else DIFFERENT
            found[word] += weight * part
    return found


def power(questions: int, flip_rate: float, margin: float) -> float:
    """Return how probable it is that a difference as large as the margin is found, at a flip rate as was measured.

    :param questions: how many
    :param flip_rate: share of the questions that only one stack answers right; at least the margin is assumed
    :param margin: a fraction
    :returns: 0 .. 1; takes a second for 10 000 questions
    :raises BadRequest: for figures that are not possible
    """
    return chances(questions, max(flip_rate, margin), margin, margin)[DIFFERENT]


def _limits(questions: int, flips: int, margin: float) -> tuple[int, int]:
    """Return from which difference between the two sides' flips on stacks are not consistent, and are different.

    With so many flips, the farther apart the sides are, the smaller is p and the nearer the interval to the margin.
    """
    apart = range(flips % 2, flips + 1, 2)

    def pairs(difference: int) -> Pairs:
        return Pairs((flips + difference) // 2, (flips - difference) // 2, questions)

    outside = bisect(apart, False, key=lambda difference: not equivalent(pairs(difference), margin))
    found = bisect(apart, False, key=lambda difference: mid_p(pairs(difference)) <= ALPHA)
    return flips % 2 + 2 * outside, flips % 2 + 2 * found


def _binomial(count: int, probability: float) -> list[tuple[int, float]]:
    """Numbers of successes that are not negligible, with their probabilities."""
    if not 0 < probability < 1:
        return [(count if probability else 0, 1.0)]
    mean, reach = count * probability, 9 * sqrt(count * probability * (1 - probability)) + 20
    constant, odds = lgamma(count + 1), (log(probability), log(1 - probability))
    found = []
    for k in range(max(0, int(mean - reach)), min(count, int(mean + reach)) + 1):
        chance = exp(constant - lgamma(k + 1) - lgamma(count - k + 1) + k * odds[0] + (count - k) * odds[1])
        if chance > NEGLIGIBLE:
            found.append((k, chance))
    return found
