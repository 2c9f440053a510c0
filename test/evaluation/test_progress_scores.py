# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Figures of progress, by values worked out by hand, and by what they must not depend on."""

from math import isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robobrain_ros.evaluation.progress_scores import (
    RunOutcome,
    absolute_error,
    mean_voc,
    opd,
    run_outcome,
    unknown,
    voc,
    walked,
    walked_back,
)
from robobrain_ros.evaluation.ranks import ranks, spearman

CURVE = st.lists(st.floats(0, 1) | st.just(nan), max_size=30)


def test_equal_numbers_share_the_mean_of_their_ranks():
    assert ranks([10, 30, 20, 20, 10, 10]) == [2, 6, 4.5, 4.5, 2, 2]


@pytest.mark.parametrize(
    ('one', 'other', 'expected'),
    [
        ([1, 2, 3], [2, 4, 8], 1),
        ([1, 2, 3], [8, 4, 2], -1),
        ([1, 2, 3, 4], [1, 3, 2, 4], 0.8),  # 1 - 6 * 2 / (4 * 15)
        ([1, 2, 3], [5, 5, 6], 3**0.5 / 2),  # ranks 1.5, 1.5, 3: 1.5 / sqrt(2 * 1.5)
    ],
)
def test_spearman(one, other, expected):
    assert spearman(one, other) == pytest.approx(expected)


def test_spearman_needs_an_order():
    assert all(isnan(spearman(*pair)) for pair in [([], []), ([1], [1]), ([1, 2], [3, 3])])
    with pytest.raises(ValueError, match='2 and 1'):
        spearman([1, 2], [1])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_spearman_depends_on_the_order_alone(pairs):
    one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = spearman(one, other)
    assert isnan(found) or -1 <= found <= 1
    assert found == pytest.approx(spearman([value**3 + 5 for value in one], other), nan_ok=True)
    assert found == pytest.approx(-spearman(one, [-value for value in other]), nan_ok=True, abs=1e-12)


def test_voc_leaves_the_unknown_out():
    assert voc([0.1, nan, 0.2, 0.9]) == pytest.approx(1)
    assert voc([0.9, 0.5, 0.1]) == pytest.approx(-1)
    assert isnan(voc([0.5, nan]))
    assert isnan(voc([0.5, 0.5, 0.5]))


def test_a_run_without_voc_counts_nothing():
    assert mean_voc([1, nan]) == 0.5
    assert isnan(mean_voc([]))


def test_hops_lead_along_a_curve():
    assert walked([0.5, 0.5, -0.5]) == pytest.approx([0.5, 0.75, 0.375])
    assert walked([0.5, nan, 0.5]) == pytest.approx([0.5, nan, 0.75], nan_ok=True)


def test_a_run_that_was_judged_backwards_is_read_in_the_order_of_time():
    # Frames at 0, 0.25, 0.5, 1: backwards 1 -> 0.5 -> 0.25 -> 0 by hops of -1/2, -1/2, -1.
    assert walked_back([-1, -0.5, -0.5]) == pytest.approx([0, 0.25, 0.5])
    assert voc(walked_back([-1, -0.5, -0.5])) == pytest.approx(1)


def test_who_calls_everything_an_improvement_fails_backwards():
    assert voc(walked([0.3] * 5)) == pytest.approx(1)
    assert mean_voc([voc(walked_back([0.3] * 5))]) == 0, 'it stays at 1'


@pytest.mark.parametrize(
    ('curve', 'outcome'),
    [
        ([0.2, 0.5, 0.7, 0.8, 0.9, 1.0], 'SE'),
        ([0.1, 0.1, 0.1, 0.1, 0.35, 0.81], 'FE'),  # the mean of its last third is 0.58
        ([0.5, 0.5, 0.5, 0.5, 0.35, 0.81], 'PSE'),
        ([0.5, 0.9, 0.9, 0.9, 0.9, 0.8], 'PSE'),
        ([0.4, 0.4], 'PSE'),
        ([0.39, 0.4], 'FE'),
        ([0.2, nan, 0.9, 0.9, nan], 'SE'),
        ([0.81], 'SE'),
        ([nan], 'FE'),
        ([], 'FE'),
    ],
)
def test_outcome_of_a_run(curve, outcome):
    assert run_outcome(curve) is RunOutcome(outcome)


def test_error_and_share_of_the_unknown():
    assert absolute_error([0.1, nan, 0.5], [0.2, 0.3, 0.2]) == pytest.approx(0.2)
    assert isnan(absolute_error([nan], [0.5]))
    with pytest.raises(ValueError, match='argument 2'):
        absolute_error([0.1], [0.1, 0.2])
    assert unknown([[0.1, nan], [0.2, 0.3]]) == 0.25
    assert isnan(unknown([[], []]))


def test_opd_of_one_run():
    found = opd([[0.4, 0.2, 0.2, 0.8]])
    assert (found['M25'], found['M50'], found['M75'], found['SR']) == (1, 1, 1, 0)
    assert found['MaxP'] == 0.8
    assert found['PPL'] == pytest.approx(0.8 * 0.8 / 1.2)  # it went 0.4 + 0.2 + 0 + 0.6
    assert found['CRA'] == pytest.approx((0 + 0.2 + 0.2 + 0) / 4)
    assert found['STR'] == 0.25


def test_opd_is_the_mean_over_runs():
    found = opd([[0.5, 1.0], [0.3, 0.3], [nan, nan], []])
    assert found == pytest.approx(
        {'M25': 0.5, 'M50': 0.25, 'M75': 0.25, 'SR': 0.25, 'MaxP': 0.325, 'PPL': 0.325, 'CRA': 0, 'STR': 0.125}
    )


@given(st.lists(CURVE, min_size=1, max_size=5))
def test_opd_figures_are_shares(curves):
    assert all(-1e-12 <= value <= 1 + 1e-12 for value in opd(curves).values())


@given(CURVE)
def test_what_is_unknown_at_the_end_changes_no_figure(curve):
    more = [*curve, nan, nan]
    assert opd([more]) == opd([curve])
    assert run_outcome(more) is run_outcome(curve)
    assert voc(more) == pytest.approx(voc(curve), nan_ok=True)
