# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Every ugly answer of the corpus gives exactly what stands beside it: what is kept, what is dropped and why."""

import json
from dataclasses import astuple

import pytest
from repository import FIXTURES

from robobrain_ros.tasks import get_profile, get_task

CASES = json.loads((FIXTURES / 'corpus' / 'ugly_answers.json').read_text(encoding='utf-8'))


@pytest.mark.parametrize('case', CASES, ids=lambda case: f'{case["task"]}: {case["answer"][:40]!r}')
def test_ugly_answer(case):
    profile = get_profile(case.get('profile', 'robobrain-2.5'))
    parsed = get_task(case['task']).parse(
        case['answer'], profile.scale(640, 480), profile, cut_short=case.get('cut_short', False)
    )
    assert [astuple(point)[:4] for point in parsed.points] == [
        (*point, None, '')[:4] if len(point) == 2 else (*point, '')[:4] for point in case.get('points', [])
    ]
    assert [astuple(box)[:5] for box in parsed.boxes] == [(*box, '')[:5] for box in case.get('boxes', [])]
    assert [astuple(step) for step in parsed.steps] == [tuple(step) for step in case.get('steps', [])]
    assert parsed.reply == case.get('reply', '')
    assert parsed.not_found == case.get('not_found', False)
    reasons = [drop.reason for drop in parsed.dropped]
    assert len(reasons) == len(case.get('dropped', [])), reasons
    for reason, expected in zip(reasons, case.get('dropped', []), strict=True):
        assert expected in reason
    assert all(drop.text in case['answer'] for drop in parsed.dropped)
