# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a tool takes: its input schema, and the reading of what an agent sends, both from the tables of the package."""

from collections.abc import Mapping, Sequence
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.ros.parameters import BY_NAME
from robobrain_ros.tasks import MISSION, NAMES, TASKS, task_name
from robobrain_ros.tasks.base import MAX_INSTRUCTION

_TYPES = {str: 'string', bool: 'boolean', int: 'integer', float: 'number'}

INSTRUCTION = Parameter(
    'instruction', '', f'what to look for, or what to do, in words; {MAX_INSTRUCTION} characters at most'
)
CAMERA = Parameter('camera', '', "one of the node's cameras, as status names them; empty: its first one")
TASK = Parameter(
    'task',
    'pointing',
    ' '.join(
        [
            'The kind of question.',
            *(f'{task.name}: {task.description}' for task in TASKS.values()),
            f'{MISSION}: A plan, then where each of its steps acts: "put the red cube on the plate".',
        ]
    ),
    NAMES,
    spelling=task_name,
)
OPTIONS = {name: known for name, known in BY_NAME.items() if known.per_request and name != 'default_task'}
"""What a request may set for itself; its task says what default_task would."""


def schema(fields: Sequence[Parameter], required: Sequence[str]) -> dict[str, Any]:
    """Make the JSON Schema of a tool's arguments.

    :param fields: what it takes
    :param required: the names of those that it cannot do without
    """
    return {
        'type': 'object',
        'properties': {field.name: _property(field) for field in fields},
        'required': list(required),
        'additionalProperties': False,
    }


def _property(field: Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {'type': _TYPES[type(field.default)], 'description': field.description}
    if field.choices:
        found['enum'] = list(field.choices)
    if field is TASK:
        found['default'] = TASK.default
    if field.low is not None:
        found |= {'minimum': field.low, 'maximum': field.high}
    if field.odd:
        found['description'] += ' (odd)'
    return found


def read(fields: Sequence[Parameter], required: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the arguments of one call; those that are null count as not given.

    :returns: the values that were given, in their types
    :raises BadRequest: for an unknown name, a missing or a wrong value; the sentence quotes it
    """
    known = {field.name: field for field in fields}
    for name in given:
        if name not in known:
            raise BadRequest(f'there is no argument {name[:80]!r}; there are {", ".join(known)}')
    values = {name: known[name].read(value) for name, value in given.items() if value is not None}
    for name in required:
        if not str(values.get(name, '')).strip():
            raise BadRequest(f'{name} is empty: it must say {known[name].description}')
    return values
