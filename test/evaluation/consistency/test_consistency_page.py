# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""docs/consistency.md: its numbers of questions are those that the package calculates."""

import re

import pytest
from repository import ROOT

from robobrain_ros.evaluation.consistency.mini.files import SETS
from robobrain_ros.evaluation.consistency.statistics.verdicts import needed

PAGE = (ROOT / 'docs' / 'consistency.md').read_text()
ROWS = re.findall(r'^\| (\d+) % \| (\d+) \| (\d+) \| (\d+) \|$', PAGE, re.MULTILINE)


@pytest.mark.parametrize('row', ROWS)
def test_numbers_of_questions_are_those_that_are_calculated(row):
    flips, *numbers = map(int, row)
    assert numbers == [needed(flips / 100, margin) for margin in (0.05, 0.03, 0.02)]


def test_small_sets_bear_so_few_flips():
    assert len(ROWS) == 4
    said = re.search(r'below ([\d.]+), ([\d.]+) and\s+([\d.]+) %', PAGE)
    for questions, percent in zip((100, 150, 160), map(float, said.groups()), strict=True):
        assert needed((percent - 0.05) / 100, 0.05) <= questions <= needed((percent + 0.05) / 100, 0.05)


def test_every_mini_set_is_described():
    assert re.findall(r'^\| `(robobrain_mini_\w+)`', PAGE, re.MULTILINE) == list(SETS)
