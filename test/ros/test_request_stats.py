# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Counting requests by end, and their latencies by stage."""

import pytest

from robobrain_ros.answer import Answer, GroundedStep, PointStatus, Target, Timings
from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros.request_stats import WINDOW, RequestStats


def answer(total=0.0, **fields) -> Answer:
    return Answer('pointing', 'the mug', timings=Timings(total=total), **{'complete': True, **fields})


def test_nothing_yet():
    assert RequestStats().summary() == {'incomplete answers': '0'}


def test_ends_and_statuses_are_counted():
    tally = RequestStats()
    bad = Target((1, 2), status=PointStatus.NO_DEPTH)
    tally.add(answer(targets=(bad, Target((1, 2), status=PointStatus.OK, position=(0, 0, 1)))))
    tally.add(answer(waypoints=(bad, Target((1, 2), status=PointStatus.NO_TF)), complete=False))
    for code in (ErrorCode.TIMEOUT, ErrorCode.BUSY, ErrorCode.BUSY):
        tally.add(answer(code=code))
    summary = tally.summary()
    assert {name: count for name, count in summary.items() if 'ms' not in name} == {
        'requests OK': '2',
        'requests TIMEOUT': '1',
        'requests BUSY': '2',
        'targets NO_DEPTH': '2',
        'targets NO_TF': '1',
        'incomplete answers': '1',
    }


def test_a_mission_s_places_count_and_its_times_do_not():
    """They are sums over many questions."""
    tally = RequestStats()
    bad = Target((1, 2), status=PointStatus.NO_DEPTH)
    steps = GroundedStep('a', targets=(bad,)), GroundedStep('b', targets=(bad,), waypoints=(bad, bad))
    tally.add(Answer('mission', 'tidy up', steps=steps, complete=True, timings=Timings(total=5000.0)))
    assert tally.summary() == {'requests OK': '1', 'targets NO_DEPTH': '3', 'incomplete answers': '0'}


def quantiles(took) -> tuple[float, float]:
    tally = RequestStats()
    for milliseconds in took:
        tally.add(answer(milliseconds))
    half, most = tally.summary()['total p50 / p95 (ms)'].split(' / ')
    return float(half), float(most)


@pytest.mark.parametrize(
    ('took', 'expected'),
    [
        ([7], (7, 7)),
        ([2, 1], (1.5, 1.9)),
        ([3, 1, 2], (2, 2.9)),
        (range(20, 0, -1), (10.5, 19.1)),
        (range(101), (50, 95)),
    ],
)
def test_percentiles_lie_between_values_in_proportion(took, expected):
    assert quantiles(took) == expected


def test_only_the_latest_answers_count_for_latencies():
    assert quantiles([1000] * 50 + [1] * WINDOW) == (1, 1)


def test_latencies_are_of_answers_in_success_and_of_every_stage():
    tally = RequestStats()
    tally.add(answer(5000.0, code=ErrorCode.TIMEOUT))
    assert not [name for name in tally.summary() if 'ms' in name]
    tally.add(answer(120.0))
    stages = [name.removesuffix(' p50 / p95 (ms)') for name in tally.summary() if 'ms' in name]
    assert stages == list(vars(Timings()))
    assert tally.summary()['total p50 / p95 (ms)'] == '120.0 / 120.0'


def test_times_are_those_of_the_moment_of_counting():
    """Timings can be written to: a job that goes on must not change what was counted."""
    tally, one = RequestStats(), answer(10.0)
    tally.add(one)
    one.timings.total = 99.0
    assert tally.summary()['total p50 / p95 (ms)'] == '10.0 / 10.0'
