# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The formulas between scores and progress, by their properties and by values worked out by hand."""

from itertools import permutations
from math import exp, isnan, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robobrain_ros.brain.progress_values import (
    after_hop,
    consistency,
    consistent,
    from_backward,
    from_forward,
    fused,
    hop,
)

PROGRESS = st.floats(0, 1)
HOP = st.floats(-1, 1)


@pytest.mark.parametrize(
    ('before', 'after', 'expected'),
    [(0, 0.25, 0.25), (0.5, 0.75, 0.5), (0.5, 0.25, -0.5), (0.2, 1, 1), (0.8, 0, -1), (0, 0, 0), (1, 1, 0)],
)
def test_hop(before, after, expected):
    assert hop(before, after) == pytest.approx(expected)
    assert after_hop(before, expected) == pytest.approx(after)


@given(PROGRESS, PROGRESS)
def test_a_hop_leads_where_it_was_measured(before, after):
    step = hop(before, after)
    assert -1 <= step <= 1
    assert after_hop(before, step) == pytest.approx(after, abs=1e-12)


@given(st.floats(0.001, 0.999), HOP)
def test_a_hop_is_measured_where_it_led(before, step):
    assert hop(before, after_hop(before, step)) == pytest.approx(step, abs=1e-9)


@given(PROGRESS, HOP, HOP)
def test_a_greater_hop_never_leads_to_less(progress, one, other):
    less, more = sorted((one, other))
    assert 0 <= after_hop(progress, less) <= after_hop(progress, more) <= 1


@given(PROGRESS, PROGRESS, HOP)
def test_more_progress_before_never_leads_to_less(one, other, step):
    less, more = sorted((one, other))
    assert after_hop(less, step) <= after_hop(more, step) + 1e-12


@given(st.lists(HOP, max_size=50))
def test_a_walk_stays_within_the_task(hops):
    progress = 0.0
    for step in hops:
        progress = after_hop(progress, step)
        assert 0 <= progress <= 1


def test_scores_beyond_their_range_are_clipped():
    assert (after_hop(0.5, 3), after_hop(0.5, -3)) == (1, 0)
    assert (from_forward(-0.1), from_forward(0.4), from_forward(1.2)) == (0, 0.4, 1)
    assert (from_backward(-1.2), from_backward(-0.25), from_backward(0.1)) == (0, 0.75, 1)


@pytest.mark.parametrize('wrong', [-0.01, 1.01, float('inf')])
def test_what_is_no_progress_is_refused(wrong):
    for call in (lambda: hop(wrong, 0), lambda: hop(0, wrong), lambda: after_hop(wrong, 0)):
        with pytest.raises(ValueError, match=str(wrong)):
            call()


def test_the_unknown_never_becomes_a_number():
    unknown = [hop(nan, 0.5), hop(0.5, nan), after_hop(nan, 0.5), after_hop(0.5, nan), after_hop(0, nan)]
    unknown += [from_forward(nan), from_backward(nan), fused([]), fused([nan, nan])]
    unknown += [consistency(nan, 0.5), consistency(0.5, nan)]
    unknown += [consistent(*(nan if place == hole else 0.5 for place in range(4))) for hole in range(4)]
    assert all(isnan(value) for value in unknown)


@given(st.lists(PROGRESS | st.just(nan), max_size=4))
def test_the_order_of_modes_does_not_matter(values):
    found = {str(fused(order)) for order in permutations(values)}
    assert len(found) == 1
    known = [value for value in values if not isnan(value)]
    assert isnan(fused(values)) if not known else min(known) - 1e-12 <= fused(values) <= max(known) + 1e-12


def test_fused_is_the_mean_of_what_is_known():
    assert fused([0.2, nan, 0.4]) == pytest.approx(0.3)
    assert fused([0.5]) == 0.5


@given(PROGRESS, PROGRESS)
def test_consistency_is_symmetric_and_a_weight(forward, backward):
    weight = consistency(forward, backward)
    assert weight == consistency(backward, forward)
    assert 0 <= weight <= 1


def test_consistency():
    assert consistency(0.7, 0.7) == consistency(0, 0) == 1
    assert consistency(0.4, 0.6) == pytest.approx(exp(-20 * 0.4**2), rel=1e-4)  # d = 0.2 / 0.5
    assert consistency(0, 1) < 1e-30


def test_consistent_moves_by_half_the_trusted_difference():
    # m = 0.5, w = 1, hop 0.5 from 0.2: to 0.6, so by 0.4; 0.2 + 1/2 * (0.5 - 0.2 + 0.4)
    assert consistent(0.2, 0.5, 0.5, 0.5) == pytest.approx(0.55)
    assert consistent(0.2, 0, 1, 0.5) == pytest.approx(0.2)


@given(PROGRESS, PROGRESS, PROGRESS, HOP)
def test_consistent_stays_within_the_task(previous, forward, backward, step):
    assert 0 <= consistent(previous, forward, backward, step) <= 1


@given(PROGRESS, PROGRESS, PROGRESS, HOP, HOP)
def test_consistent_never_falls_for_a_greater_hop(previous, forward, backward, one, other):
    less, more = sorted((one, other))
    assert consistent(previous, forward, backward, less) <= consistent(previous, forward, backward, more)
