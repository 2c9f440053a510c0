# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How often the verdicts are right: differences that are known, judged as real ones are.

Two models of a comparison, with a share of flips and a difference that are given:

- *planted*: in exactly so many questions that A answers right, B's answer is made wrong. All further flips are noise,
  and go either way by a coin.
- *drawn*: the questions themselves are drawn from a larger pool, in which the difference is as given. How large it is
  in these questions is chance, too, so that it is harder to find.

``chances`` sums up all outcomes and is exact; ``simulate`` plays them with made-up scores.
"""

from collections import Counter
from collections.abc import Sequence
from math import exp, lgamma, log

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.items import Score
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, count, mid_p
from robobrain_ros.evaluation.consistency.statistics.verdicts import CONSISTENT, DIFFERENT, NOT_ENOUGH, decide, judge

ACCURACY = 0.6
"""A's accuracy in the simulations, before any flip; it has no effect on the verdicts, which see the flips alone."""
NEGLIGIBLE = 1e-12


def chances(questions: int, flip_rate: float, difference: float, margin: float, planted: bool) -> dict[str, float]:
    """Return how probable each verdict is, summed over all numbers of flips.

    :param questions: how many
    :param flip_rate: expected share of the questions that only one stack answers right, 0 .. 1
    :param difference: A minus B, a fraction between 0 and the flip rate
    :param margin: what the verdict is to be given for, a fraction
    :param planted: the model
    :returns: probability of each of the three words
    :raises BadRequest: for figures that are not possible
    """
    certain, loose, up, down = _model(questions, flip_rate, difference, planted)
    found = {CONSISTENT: 0.0, DIFFERENT: 0.0, NOT_ENOUGH: 0.0}
    for b, weight in _binomial(loose, up):
        for c, part in _binomial(loose - b, down / (1 - up) if up < 1 else 0.0):
            pairs = Pairs(b + certain, c, questions)
            if weight * part > NEGLIGIBLE:
                found[decide(pairs, margin, mid_p(pairs))] += weight * part
    return found


def power(questions: int, flip_rate: float, margin: float) -> float:
    """Return how probable it is that a difference as large as the margin is found, at a flip rate as was measured.

    :param questions: how many
    :param flip_rate: share of the questions that only one stack answers right; at least the margin is assumed
    :param margin: a fraction
    :returns: 0 .. 1, by the model *drawn*; takes about a second for 3000 questions
    :raises BadRequest: for figures that are not possible
    """
    return chances(questions, max(flip_rate, margin), margin, margin, planted=False)[DIFFERENT]


def simulate(
    questions: int, flip_rate: float, difference: float, margin: float, planted: bool, seeds: Sequence[int]
) -> Counter[str]:
    """Return how often each verdict was given to made-up answers; parameters are those of ``chances``.

    :param seeds: one a simulation
    :raises BadRequest: for figures that are not possible
    """
    words = Counter({CONSISTENT: 0, DIFFERENT: 0, NOT_ENOUGH: 0})
    for seed in seeds:
        a, b = plant(questions, flip_rate, difference, planted, seed)
        words[judge(count(a, b), margin).word] += 1
    return words


def plant(
    questions: int, flip_rate: float, difference: float, planted: bool, seed: int
) -> tuple[tuple[Score, ...], tuple[Score, ...]]:
    """Return made-up scores of two stacks with a known difference; parameters are those of ``chances``.

    :param seed: the same gives the same scores
    :returns: A's scores and B's, of as many questions
    :raises BadRequest: for figures that are not possible
    """
    certain, _, up, down = _model(questions, flip_rate, difference, planted)
    dice = np.random.default_rng(seed)
    fate, same = dice.random(questions), dice.random(questions) < ACCURACY
    b_only = (fate >= up) & (fate < up + down)
    a_only = fate < up
    broken = dice.permutation(questions)[:certain]
    a_only[broken], b_only[broken] = True, False
    return _scores(np.where(a_only | b_only, a_only, same)), _scores(np.where(a_only | b_only, b_only, same))


def _model(questions: int, flip_rate: float, difference: float, planted: bool) -> tuple[int, int, float, float]:
    """Flips of A's that are certain; the questions left; and how probable a flip either way is in each of these."""
    if not 0 <= difference <= flip_rate <= 1 or questions < 1:
        raise BadRequest(
            f'a difference of {difference:g} with a flip rate of {flip_rate:g} in {questions} questions is not '
            'possible: it must be between 0 and the flip rate, which is at most 1'
        )
    if not planted:
        return 0, questions, (flip_rate + difference) / 2, (flip_rate - difference) / 2
    certain = round(difference * questions)
    noise = (flip_rate - difference) * questions / (2 * max(1, questions - certain))
    return certain, questions - certain, noise, noise


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


def _scores(right: NDArray[np.bool_]) -> tuple[Score, ...]:
    return tuple(Score(str(place), 'A' if mark else 'B', float(mark), bool(mark)) for place, mark in enumerate(right))
