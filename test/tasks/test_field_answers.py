# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers from public bug reports: each is read as a careful reader does, or less."""

import json
from dataclasses import astuple
from typing import Any

import pytest
from repository import FIXTURES

from robobrain_ros.tasks import get_profile, get_task
from robobrain_ros.tasks.values import Parsed

CASES = [
    json.loads(line) for line in (FIXTURES / 'corpus' / 'field_answers.jsonl').read_text(encoding='utf-8').splitlines()
]
PROFILE = get_profile('robobrain-2.5')


def fits(parsed: Parsed, wanted: Any) -> bool:
    """Whether an answer was read like this: places, steps by number, by words or by fields, or a name of an outcome."""
    places = [list(astuple(box)[:4]) for box in parsed.boxes] + [
        [value for value in (point.x, point.y, point.depth) if value is not None] for point in parsed.points
    ]
    if wanted == 'NOT_FOUND':
        return parsed.not_found and not places and not parsed.steps
    if wanted == 'UNPARSABLE':
        return not parsed.not_found and not places and not parsed.steps
    if wanted == 'dropped':
        return bool(parsed.dropped)
    if isinstance(wanted, int):
        return len(parsed.steps) == wanted
    if parsed.steps and wanted and isinstance(wanted[0], str):
        return [step.description for step in parsed.steps] == wanted
    if parsed.steps:
        return [[step.action, step.object, step.destination] for step in parsed.steps] == wanted
    return bool(places == wanted)


@pytest.mark.parametrize('case', CASES, ids=lambda case: f'{case["kind"]} {case["task"]}: {case["text"][:40]!r}')
def test_an_answer_from_the_field(case):
    cut = case.get('cut_short', False)
    parsed = get_task(case['task']).parse(
        case['text'], PROFILE.scale(640, 480), PROFILE, cut, case.get('instruction', '')
    )
    assert any(fits(parsed, wanted) for wanted in (case['expect'], case['also']) if wanted is not None), parsed
