# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The documents in docs/ say the truth: tests that exist, every way in which a request can end."""

import ast
import re

from repository import TESTS

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros.parameters import BY_NAME

DOC = (TESTS.parent / 'docs' / 'behaviour.md').read_text()
FAULTS, COMPLAINTS = DOC.split('## What users of similar nodes complain about')


def test_every_named_test_exists():
    named = re.findall(r'`(test_\w+\.py)::(\w+)`', COMPLAINTS)
    assert named
    for file, test in named:
        functions = [item.name for item in ast.parse(next(TESTS.rglob(file)).read_text()).body if hasattr(item, 'name')]
        assert test in functions, f'{file} has no {test}'


def test_every_complaint_has_a_behaviour_and_a_test():
    rows = [line for line in COMPLAINTS.splitlines() if line.startswith('| ')][1:]
    assert len(rows) == 18  # as many as were found in the issues of such nodes
    for row in rows:
        complaint, behaviour, tests = row.strip('| ').split(' | ')
        assert complaint
        assert behaviour
        assert '.py::' in tests


def test_every_end_is_described():
    for name in (*ErrorCode.__members__, *PointStatus.__members__):
        assert f'`{name}`' in FAULTS


def test_parameters_that_are_named_exist():
    words = set(re.findall(r'`([a-z]+(?:_[a-z]+)+)`', DOC))
    assert 'image_timeout_s' in words
    fields = {'error_code', 'error_message', 'not_before', 'use_sim_time'}
    assert words - fields <= set(BY_NAME)
