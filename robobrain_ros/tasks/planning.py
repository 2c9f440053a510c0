# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task planning: which steps complete the task? Asked for as JSON or numbered text; both are read from every model."""

import re
from typing import Any

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.base import MAX_TOKENS, Guide, Raw, Task
from robobrain_ros.tasks.plan_json import JsonPlan
from robobrain_ros.tasks.plan_text import read_calls, read_text_plan
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.reading import nothing_in
from robobrain_ros.tasks.refusals import says_not_there
from robobrain_ros.tasks.values import Parsed
from robobrain_ros.tasks.wrappers import clean, inside

_FALSE = re.compile(r'(?<!\w)(\w+)["\']?\s*[:=]\s*["\']?(?:false|no)\b', re.IGNORECASE)
MOST = 12
"""Steps in one guided answer."""

SCHEMA: dict[str, Any] = {
    'type': 'object',
    'properties': {
        'steps': {
            'type': 'array',
            'minItems': 1,
            'maxItems': MOST,
            'items': {
                'type': 'object',
                'properties': {
                    'action': {'type': 'string', 'minLength': 1, 'maxLength': 30},
                    'object': {'type': 'string', 'maxLength': 80},
                    'destination': {'type': 'string', 'maxLength': 80},
                    'description': {'type': 'string', 'minLength': 1, 'maxLength': 200},
                },
                'required': ['action', 'object', 'destination', 'description'],
                'additionalProperties': False,
            },
        }
    },
    'required': ['steps'],
    'additionalProperties': False,
}


def read(raw: Raw) -> Parsed:
    """Steps from JSON where there is any, else from text: a list, records, or a table."""
    text = clean(raw.text)
    if calls := read_calls(text, raw.text, raw.cut_short):
        return Parsed(steps=tuple(calls[0]), dropped=tuple(calls[1]))
    plan = JsonPlan(text, raw.text, lambda words: read_text_plan(words, cut_short=False))
    steps, dropped = plan.steps(), plan.dropped
    if not steps:  # braces may stand in prose, too
        steps, more = read_text_plan(inside(raw.text), raw.cut_short)
        dropped += more
    denied = any(keys.says_found(match[1]) for match in _FALSE.finditer(text))
    if not steps and (plan.empty or denied or says_not_there(text)):
        return Parsed(not_found=True, dropped=tuple(dropped))
    if steps or dropped:
        return Parsed(steps=tuple(steps), dropped=tuple(dropped))
    return Parsed(dropped=(nothing_in(raw.text, 'list of steps'),))


def grammar(profile: Profile) -> Guide | None:
    """The JSON schema, where the profile plans in JSON; free text else."""
    return Guide(json_schema=SCHEMA) if profile.json_plans else None


PLANNING = Task(
    name='planning',
    description='Breaks a task into steps: "put all cubes in the bowl".',
    max_tokens=MAX_TOKENS,  # a JSON step takes about 50 tokens
    read=read,
    grammar=grammar,
)
