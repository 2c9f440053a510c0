# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Holm's correction."""

import math
import random

import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.statistics.holm import holm


def test_the_smallest_counts_most_and_none_overtakes_a_smaller_one():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.04, 0.04, 0.9]) == pytest.approx((0.12, 0.12, 0.9))


def test_one_test_is_as_it_was_and_none_is_above_one():
    assert holm([0.03]) == (0.03,)
    assert holm([]) == ()
    assert holm([0.5, 0.6, 0.7]) == (1.0, 1.0, 1.0)


def test_twelve_equal_sets_give_a_false_alarm_in_at_most_five_of_a_hundred_comparisons():
    dice = random.Random(1)
    comparisons = [[dice.random() for _ in range(12)] for _ in range(4000)]
    plain = sum(min(p) <= 0.05 for p in comparisons) / 4000
    corrected = sum(min(holm(p)) <= 0.05 for p in comparisons) / 4000
    assert plain == pytest.approx(1 - 0.95**12, abs=0.025)
    assert corrected == pytest.approx(0.05, abs=0.011)  # three standard deviations


@pytest.mark.parametrize('wrong', [-0.1, 1.2, math.nan])
def test_what_is_no_probability_is_refused(wrong):
    with pytest.raises(BadRequest, match=f'{wrong} is not a p-value'):
        holm([0.5, wrong])
