# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""When the progress of a task is a success, a failure or a standstill."""

from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robobrain_ros.brain.progress_rules import Judge, Outcome, Rules
from robobrain_ros.errors import BadRequest

RULES = Rules(success_at=0.9, hold=2, drop=0.3, stall_s=10, least_gain=0.1)
SAMPLES = st.lists(st.floats(0, 1) | st.just(nan), max_size=40)


def verdicts(values, rules=RULES, period_s=1.0):
    judge = Judge(rules)
    return [judge.add(number * period_s, value) for number, value in enumerate(values)]


def outcomes(values, rules=RULES, period_s=1.0):
    return [verdict and verdict.outcome.value for verdict in verdicts(values, rules, period_s)]


def test_success_is_held():
    assert outcomes([0, 0.95, 0.5, 0.9, 0.95]) == [None, None, None, None, 'succeeded']
    assert outcomes([0.95], Rules(hold=1)) == ['succeeded']


def test_a_loss_that_stays_is_a_failure():
    assert outcomes([0, 0.6, 0.6, 0.2, 0.2]) == [None, None, None, None, 'failed']
    assert outcomes([0, 0.6, 0.6, 0.2, 0.6, 0.2]) == [None] * 6, 'one bad look is no loss'
    assert outcomes([0, 0.6, 0.1, 0.1, 0.1]) == [None] * 5, 'what was seen once was not reached'
    assert outcomes([0, 0.6, 0.6, 0.4, 0.4]) == [None] * 5, 'less than the rule allows'


def test_a_standstill_is_told_from_slow_gains():
    assert outcomes([0.2] * 10)[-1] is None
    assert outcomes([0.2] * 12)[-1] == 'stalled'
    assert outcomes([number * 0.011 for number in range(60)]) == [None] * 60
    assert outcomes([0.2] * 12, Rules(stall_s=0)) == [None] * 12


@pytest.mark.parametrize('start', [0.4, 0.5, 0.6, 0.7, 0.8, 0.85])
def test_a_threshold_is_reached_by_what_is_written_the_same(start):
    fallen = round(start - 0.3, 2)
    assert outcomes([0, start, start, fallen, fallen])[-1] == 'failed', 'though 0.7 - 0.4 is less than 0.3 in binary'
    assert outcomes([0, start, start, fallen + 0.001, fallen + 0.001])[-1] is None
    assert outcomes([0.1 + 0.7], Rules(success_at=0.8, hold=1)) == ['succeeded']


def test_a_gain_of_just_enough_is_a_gain():
    values = [number // 5 / 10 for number in range(45)]  # a tenth in 5 s: some sums of tenths lie below their decimal
    assert outcomes(values, Rules(success_at=1, hold=1, stall_s=8, least_gain=0.1)) == [None] * 45


def test_time_counts_for_a_standstill_and_not_samples():
    assert outcomes([0.2] * 100, period_s=0.05) == [None] * 100
    assert outcomes([0.2] * 4, period_s=6)[-1] == 'stalled'


def test_a_gain_that_was_seen_only_once_is_no_standstill_yet():
    assert outcomes([0.2] * 11 + [0.5, 0.5, 0.5])[10:] == [None, None, None, None]


def test_a_clock_that_was_set_back_is_no_standstill():
    judge = Judge(RULES)
    assert [judge.add(stamp, 0.2) for stamp in (100, 101, 1, 2, 10)] == [None] * 5
    assert judge.add(11, 0.2).outcome is Outcome.STALLED


def test_verdicts_say_why():
    assert verdicts([0.95, 0.97])[-1].reason == 'progress is 0.97, at least 0.9, by the last 2 samples'
    assert verdicts([0.6, 0.6, 0.2, 0.25])[-1].reason == (
        'progress fell from 0.60 to 0.25, by 0.3 or more, by the last 2 samples'
    )
    assert verdicts([0.2] * 13)[-1].reason == (
        'progress is 0.20 and gained less than 0.1 in 10.0 s, by the last 2 samples'
    )
    assert verdicts([0.95], Rules(hold=1))[-1].reason.endswith('by the last 1 sample')


def test_a_verdict_is_final():
    found = verdicts([0.95, 0.95, 0, 0, nan, 0])
    assert found[1] is not None
    assert found[1:] == [found[1]] * 5


@given(st.lists(st.just(nan), max_size=200))
def test_the_unknown_decides_nothing(values):
    assert set(outcomes(values, period_s=60)) <= {None}


@given(SAMPLES, st.integers(1, 5))
def test_the_unknown_between_samples_changes_nothing(values, hold):
    """Here: without the rule about time, which goes on."""
    rules = Rules(hold=hold, stall_s=0)
    known = [value for value in values if value == value]
    assert (outcomes(values, rules) or [None])[-1] == (outcomes(known, rules) or [None])[-1]


@given(SAMPLES)
def test_no_verdict_before_enough_samples_agree(values):
    for number, verdict in enumerate(verdicts(values, Rules(hold=3))):
        known = [value for value in values[: number + 1] if value == value]
        assert verdict is None or len(known) >= 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40).map(sorted))
def test_what_only_rises_never_failed(values):
    assert 'failed' not in outcomes(values)


@pytest.mark.parametrize(
    ('wrong', 'quoted'),
    [
        ({'success_at': 0}, 'success_at is 0'),
        ({'success_at': 1.01}, 'success_at is 1.01'),
        ({'success_at': nan}, 'success_at is nan'),
        ({'drop': 0}, 'drop is 0'),
        ({'least_gain': -0.1}, 'least_gain is -0.1'),
        ({'hold': 0}, 'hold is 0'),
        ({'hold': 2.5}, 'hold is 2.5'),
        ({'hold': 101}, 'hold is 101'),
        ({'stall_s': -1}, 'stall_s is -1'),
        ({'stall_s': float('inf')}, 'stall_s is inf'),
    ],
)
def test_rules_out_of_range_are_refused(wrong, quoted):
    with pytest.raises(BadRequest, match=quoted):
        Rules(**wrong)
