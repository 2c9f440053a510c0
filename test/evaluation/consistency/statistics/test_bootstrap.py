# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The paired bootstrap and the swap test, against SciPy where it can do the same, and against simulated truth."""

import math
import time

import numpy as np
import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.statistics.bootstrap import mean_difference, swap_p
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, mcnemar

A = [(i * 7 % 11) / 10 for i in range(120)]
B = [(i * 5 % 13) / 12 * (i % 3 > 0) for i in range(120)]
GROUPS = [f'image {i // (3 + i % 3)}' for i in range(120)]
SKEWED = [(i % 7 - 2) ** 3 / 125 for i in range(70)]
HALVED = [2.0**-i for i in range(24)]
RARE = [float(i % 20 == 0) for i in range(60)]
ZERO = [0.0] * 120
# scipy.stats.bootstrap of SciPy 1.17.1, 200 000 resamples, confidence 0.9, BCa. The one by image resamples sums and
# sizes of the groups together.
SCIPY = [
    (A, B, [], (0.09347, 0.23542)),
    (SKEWED, ZERO[:70], [], (0.07086, 0.14457)),
    (HALVED, ZERO[:24], [], (0.03056, 0.20562)),
    (RARE, ZERO[:60], [], (0.01667, 0.11667)),
    (A, B, GROUPS, (0.10546, 0.22677)),
]


@pytest.mark.parametrize(('a', 'b', 'groups', 'bca'), SCIPY)
def test_intervals_are_scipys(a, b, groups, bca):
    found = mean_difference(a, b, groups, seed=1, resamples=60_000)
    assert found.estimate == pytest.approx(np.mean(a) - np.mean(b))
    assert (found.low, found.high) == pytest.approx(bca, abs=0.0015)
    assert (found.count, found.units) == (len(a), len(set(groups)) or len(a))


def test_the_seed_decides():
    first = mean_difference(A, B, seed=4)
    assert mean_difference(A, B, seed=4) == first
    assert mean_difference(A, B, seed=5) != first
    assert swap_p(A[:20], B[:20], seed=4) == swap_p(A[:20], B[:20], seed=4)


def test_questions_that_share_an_image_are_no_independent_evidence():
    images = [f'{i // 10}' for i in range(400)]
    shift = np.repeat(np.random.default_rng(0).normal(0, 0.2, 40), 10)
    alone = mean_difference(0.5 + shift, [0.5] * 400)
    together = mean_difference(0.5 + shift, [0.5] * 400, images)
    assert (alone.units, together.units) == (400, 40)
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(math.sqrt(10), rel=0.1)
    assert swap_p(0.5 + shift, [0.5] * 400, images) > swap_p(0.5 + shift, [0.5] * 400)


def test_cv_benchs_parts_count_as_their_weights_say():
    strata = ['ADE20K'] * 30 + ['COCO'] * 60 + ['Omni3D'] * 30
    weights = {'ADE20K': 0.25, 'COCO': 0.25, 'Omni3D': 0.5}
    found = mean_difference(A, B, [], strata, weights)
    differences = np.array(A) - np.array(B)
    parts = [differences[:30].mean(), differences[30:90].mean(), differences[90:].mean()]
    assert found.estimate == pytest.approx(parts[0] / 4 + parts[1] / 4 + parts[2] / 2)
    sizes = [30, 60, 30]
    spreads = [differences[:30].var(), differences[30:90].var(), differences[90:].var()]
    error = math.sqrt(sum(w * w * s / n for w, s, n in zip(weights.values(), spreads, sizes, strict=True)))
    assert found.high - found.low == pytest.approx(2 * 1.645 * error, rel=0.04)
    doubled = {part: 2 * weight for part, weight in weights.items()}
    assert mean_difference(A, B, [], strata, doubled) == found
    assert swap_p(A, B, [], strata, weights) < 0.05


def test_each_part_is_resampled_by_itself():
    strata = ['first'] * 60 + ['second'] * 60
    found = mean_difference([1.0] * 60 + [0.0] * 60, ZERO, [], strata, {'first': 1, 'second': 3})
    assert (found.estimate, found.low, found.high) == (0.25, 0.25, 0.25)


def test_without_a_difference_there_is_no_width():
    found = mean_difference(A, A)
    assert (found.estimate, found.low, found.high, swap_p(A, A)) == (0, 0, 0, 1)


@pytest.mark.parametrize(('b', 'c'), [(12, 5), (5, 0), (20, 20), (9, 1), (18, 30)])
def test_swapping_right_and_wrong_is_mcnemars_test(b, c):
    a = [1.0] * b + [0.0] * c + [1.0] * 40
    other = [0.0] * b + [1.0] * c + [1.0] * 40
    exact = mcnemar(Pairs(b, c, b + c + 40))
    error = math.sqrt(exact * (1 - exact) / 20_000)
    assert swap_p(a, other, resamples=20_000) == pytest.approx(exact, abs=4 * error + 1e-4)


def test_nine_of_ten_intervals_hold_the_truth():
    dice = np.random.default_rng(7)
    held = 0
    for seed in range(300):
        scenes = dice.normal(0.03, 0.1, 60)
        differences = np.repeat(scenes, 5) + dice.normal(0, 0.1, 300)
        found = mean_difference(differences, [0.0] * 300, [str(i // 5) for i in range(300)], seed=seed, resamples=1000)
        held += found.low <= 0.03 <= found.high
    assert abs(held / 300 - 0.9) < 0.052  # three standard deviations


def test_the_largest_set_is_resampled_in_portions_and_in_seconds():
    dice = np.random.default_rng(0)
    a, b = dice.random(3640), dice.random(3640)
    begin = time.process_time()
    mean_difference(a, b)
    swap_p(a, b)
    assert time.process_time() - begin < 30  # about 2 s; a loop over resamples would be minutes


@pytest.mark.parametrize(
    ('words', 'arguments'),
    [
        (r'\[2, 1\] scores', ([1.0, 0.0], [1.0])),
        (r'\[0, 0\] scores', ([], [])),
        ('scores nan and 1.0 of question 1', ([1.0, math.nan], [1.0, 1.0])),
        (r"weights of \['COCO'\] need the stratum", ([1.0], [0.0], [], [], {'COCO': 1.0})),
        (r"are not those of parts \['Omni3D'\]", ([1.0], [0.0], [], ['Omni3D'], {'COCO': 1.0})),
        ('each needs one above 0', ([1.0], [0.0], [], ['COCO'], {'COCO': 0.0})),
        ("group 'x' is in the parts 'p' and 'q'", ([1.0] * 2, [0.0] * 2, ['x'] * 2, ['p', 'q'], {'p': 1, 'q': 1})),
        ('0 resamples', ([1.0], [0.0], [], [], None, 0, 0)),
    ],
)
def test_impossible_input_is_refused_with_the_value(words, arguments):
    with pytest.raises(BadRequest, match=words):
        mean_difference(*arguments)
