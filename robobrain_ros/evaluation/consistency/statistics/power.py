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

from math import exp, lgamma, log

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, mid_p
from robobrain_ros.evaluation.consistency.statistics.verdicts import CONSISTENT, DIFFERENT, NOT_ENOUGH, decide

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
    only_a, only_b = (flip_rate + difference) / 2, (flip_rate - difference) / 2
    found = {CONSISTENT: 0.0, DIFFERENT: 0.0, NOT_ENOUGH: 0.0}
    for b, weight in _binomial(questions, only_a):
        for c, part in _binomial(questions - b, only_b / (1 - only_a) if only_a < 1 else 0.0):
            if weight * part > NEGLIGIBLE:
                pairs = Pairs(b, c, questions)
                found[decide(pairs, margin, mid_p(pairs))] += weight * part
    return found


def power(questions: int, flip_rate: float, margin: float) -> float:
    """Return how probable it is that a difference as large as the margin is found, at a flip rate as was measured.

    :param questions: how many
    :param flip_rate: share of the questions that only one stack answers right; at least the margin is assumed
    :param margin: a fraction
    :returns: 0 .. 1; takes about a second for 3000 questions
    :raises BadRequest: for figures that are not possible
    """
    return chances(questions, max(flip_rate, margin), margin, margin)[DIFFERENT]


def _binomial(count: int, probability: float) -> list[tuple[int, float]]:
    """Numbers of successes that are not negligible, with their probabilities."""
    if not 0 < probability < 1:
        return [(count if probability else 0, 1.0)]
    all_ = [
        (
            k,
            exp(
                lgamma(count + 1)
                - lgamma(k + 1)
                - lgamma(count - k + 1)
                + k * log(probability)
                + (count - k) * log(1 - probability)
            ),
        )
        for k in range(count + 1)
    ]
    return [(k, p) for k, p in all_ if p > NEGLIGIBLE]
