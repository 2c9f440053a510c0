# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The verdicts: equivalence within a margin, differences, and how many questions it takes."""

import numpy as np
import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.statistics.bootstrap import mean_difference, swap_p
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, mid_p, tango
from robobrain_ros.evaluation.consistency.statistics.power import chances
from robobrain_ros.evaluation.consistency.statistics.verdicts import (
    CONSISTENT,
    DIFFERENT,
    NOT_ENOUGH,
    decide,
    equivalent,
    judge,
    judge_means,
    needed,
    no_worse,
    overall,
    unseen,
)

MARGIN = 0.05


def test_equivalence_is_the_90_percent_interval_within_the_margin():
    dice = np.random.default_rng(5)
    verdicts = set()
    for n in (60, 150, 400, 2638):
        for b, c in dice.integers(0, n // 8, (60, 2)).tolist():
            pairs = Pairs(b, c, n)
            low, high = tango(pairs)
            within = low > -MARGIN and high < MARGIN
            assert equivalent(pairs, MARGIN) == within
            assert no_worse(pairs, MARGIN) == (high < MARGIN)
            verdicts.add(within)
    assert verdicts == {True, False}


@pytest.mark.parametrize(
    ('pairs', 'word'),
    [
        (Pairs(20, 20, 400), CONSISTENT),
        (Pairs(0, 0, 100), CONSISTENT),
        (Pairs(0, 0, 50), NOT_ENOUGH),  # even 50 equal answers of 50 leave room for 5 points
        (Pairs(10, 10, 150), NOT_ENOUGH),
        (Pairs(30, 10, 400), DIFFERENT),
        (Pairs(10, 30, 400), DIFFERENT),
    ],
)
def test_there_are_three_verdicts(pairs, word):
    verdict = judge(pairs, MARGIN)
    assert verdict.word == decide(pairs, MARGIN, mid_p(pairs)) == word
    assert verdict.detected == (word == DIFFERENT)
    assert (verdict.low, verdict.high) == tango(pairs)


def test_a_real_difference_within_the_margin_is_consistent_and_said():
    verdict = judge(Pairs(40, 18, 2638), MARGIN)
    assert verdict.word == CONSISTENT
    assert verdict.detected
    assert verdict.sentence.endswith('A difference is there, but it is smaller than what the margin allows.')
    assert judge(Pairs(40, 18, 2638), 0.01).word == DIFFERENT


def test_many_sets_make_a_difference_less_certain_but_no_set_less_consistent():
    assert judge(Pairs(24, 10, 400), MARGIN).word == DIFFERENT
    assert judge(Pairs(24, 10, 400), MARGIN, adjusted_p=0.2).word == NOT_ENOUGH
    assert judge(Pairs(20, 20, 400), MARGIN, adjusted_p=1.0).word == CONSISTENT


def test_sentences_say_points_direction_and_how_many_would_do():
    assert judge(Pairs(30, 10, 400), MARGIN).sentence == (
        'Different: B is 5.00 points below A (A - B is +5.00 points, 90 % interval +2.49 .. +7.74, p = 0.0015).'
    )
    assert 'B is 5.00 points above A' in judge(Pairs(10, 30, 400), MARGIN).sentence
    verdict = judge(Pairs(5, 5, 100), MARGIN)
    assert verdict.needed == needed(0.1, MARGIN) == 468
    assert verdict.sentence == (
        'Not enough questions to tell a difference of 5 points from none: A - B is +0.00 points, 90 % interval '
        '-5.71 .. +5.71, p = 0.75. About 468 would show consistency in 9 of 10 cases if there is no '
        'difference, and 468 if it is as measured.'
    )


def test_a_measured_difference_makes_more_questions_necessary():
    near = judge(Pairs(30, 17, 470), MARGIN)
    assert near.word == NOT_ENOUGH
    assert near.needed == needed(47 / 470, MARGIN) < 470
    assert near.needed_as_measured == needed(47 / 470, MARGIN, 13 / 470) > 470
    assert near.sentence.endswith(f'and {near.needed_as_measured} if it is as measured.')
    beyond = judge(Pairs(6, 1, 60), MARGIN)  # 8 points, and no difference found
    assert beyond.word == NOT_ENOUGH
    assert (beyond.needed > 60, beyond.needed_as_measured) == (True, 0)
    assert beyond.sentence.endswith('and no number if it is as measured.')


@pytest.mark.parametrize('flips', [0.0, 0.02, 0.05, 0.1, 0.2])
def test_so_many_questions_show_consistency_in_nine_of_ten_comparisons(flips):
    questions = needed(flips, MARGIN)
    assert 0.89 <= chances(questions, flips, 0.0, MARGIN)[CONSISTENT] <= (0.97 if flips else 1.0)
    assert chances(round(0.8 * questions), flips, 0.0, MARGIN)[CONSISTENT] < 0.89


@pytest.mark.parametrize('flips', [0.05, 0.1, 0.2])
def test_so_many_do_with_a_true_difference_too(flips):
    questions = needed(flips, MARGIN, 0.02)
    assert chances(questions, flips, 0.02, MARGIN)[CONSISTENT] == pytest.approx(0.9, abs=0.02)
    assert needed(flips, MARGIN, -0.02) == questions
    assert needed(flips, MARGIN) < questions


@pytest.mark.parametrize(
    ('flips', 'margin'), [(0.1, 0.05), (0.1, 0.03), (0.1, 0.02), (0.2, 0.05), (0.2, 0.03), (0.2, 0.02)]
)
def test_the_rule_of_thumb_is_a_little_too_few(flips, margin):
    assert 10.8 * flips / margin**2 < needed(flips, margin) < 1.1 * 10.8 * flips / margin**2


def test_without_any_flip_51_questions_are_too_few():
    assert unseen(51) > MARGIN > unseen(52)
    assert needed(0.0, MARGIN) == 52


def test_all_sets_must_be_consistent_and_one_can_be_different():
    assert overall([CONSISTENT, CONSISTENT]) == CONSISTENT
    assert overall([CONSISTENT, NOT_ENOUGH]) == NOT_ENOUGH
    assert overall([NOT_ENOUGH, DIFFERENT, CONSISTENT]) == DIFFERENT
    with pytest.raises(BadRequest, match='0 verdicts'):
        overall([])


def means(values, other):
    return judge_means(mean_difference(values, other), swap_p(values, other), MARGIN)


def test_means_are_judged_by_the_same_rule():
    dice = np.random.default_rng(2)
    a = dice.random(400)
    noise = np.clip(a + dice.normal(0, 0.1, 400), 0, 1)
    assert means(a, noise).word == CONSISTENT
    assert means(a, np.maximum(noise - 0.08, 0)).word == DIFFERENT
    few = means(a[:40], dice.random(40))
    assert few.word == NOT_ENOUGH
    assert few.needed > 40
    assert f'About {few.needed} would show consistency' in few.sentence


def test_right_and_wrong_as_means_are_judged_as_pairs_are():
    for b, c, n in ((5, 5, 100), (30, 17, 470), (30, 10, 400), (20, 20, 400)):
        rest = [1.0] * (n - b - c)
        verdict = means([1.0] * b + [0.0] * c + rest, [0.0] * b + [1.0] * c + rest)
        other = judge(Pairs(b, c, n), MARGIN)
        assert verdict.word == other.word
        assert (verdict.low, verdict.high) == pytest.approx((other.low, other.high), abs=0.002)
        assert verdict.needed == pytest.approx(other.needed, rel=0.15)
        assert verdict.needed_as_measured == pytest.approx(other.needed_as_measured, rel=0.15)
    beyond = means([1.0] * 6 + [0.0] * 55, [0.0] * 60 + [1.0])  # 8 points, and no difference found
    assert (beyond.word, beyond.needed > 61, beyond.needed_as_measured) == (NOT_ENOUGH, True, 0)


def test_equal_scores_of_a_few_images_prove_no_equality():
    assert means([0.5] * 30, [0.5] * 30).word == NOT_ENOUGH
    verdict = means([0.5] * 60, [0.5] * 60)
    assert verdict.word == CONSISTENT
    assert (verdict.low, verdict.high) == pytest.approx((-unseen(60), unseen(60)))


def test_impossible_figures_are_refused_with_the_value():
    with pytest.raises(BadRequest, match='margin of 5 is not between 0 and 1'):
        judge(Pairs(1, 1, 50), 5)
    with pytest.raises(BadRequest, match=r'difference of 0\.06 is not within a margin of 0\.05'):
        needed(0.1, 0.05, 0.06)
    with pytest.raises(BadRequest, match=r'difference of 0\.2 with a flip rate of 0\.1'):
        needed(0.1, 0.05, 0.2)
