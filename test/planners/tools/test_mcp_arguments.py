# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What tools take comes from the tables: their schemas say what the node will accept, in the tables' words."""

import jsonschema
import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.tools import arguments
from robobrain_ros.planners.tools.questions import QUESTIONS
from robobrain_ros.planners.tools.results import Result, brief
from robobrain_ros.planners.tools.watching import WATCHING
from robobrain_ros.ros.parameters import BY_NAME
from robobrain_ros.tasks import NAMES, TASKS

TOOLS = {tool.name: tool for tool in (*QUESTIONS, *WATCHING)}


def schema(name):
    return arguments.schema(TOOLS[name].fields, TOOLS[name].required)


@pytest.mark.parametrize('name', TOOLS)
def test_schemas_are_json_schema(name):
    jsonschema.Draft202012Validator.check_schema(schema(name))
    assert schema(name)['properties'].keys() >= set(schema(name)['required'])


def test_ask_takes_whatever_one_request_may_set_in_the_words_of_the_table():
    properties = schema('ask')['properties']
    wanted = {name for name, known in BY_NAME.items() if known.per_request} - {'default_task'}
    assert set(properties) == wanted | {'instruction', 'task', 'camera'}
    for name in wanted:
        known = BY_NAME[name]
        assert properties[name]['description'].startswith(known.description)
        assert properties[name].get('enum', []) == list(known.choices)
        assert (properties[name].get('minimum'), properties[name].get('maximum')) == (known.low, known.high)


def test_the_tasks_are_those_of_the_table_with_their_descriptions():
    task = schema('look')['properties']['task']
    assert task['enum'] == list(NAMES)
    assert all(f'{known.name}: {known.description}' in task['description'] for known in TASKS.values())


@pytest.mark.parametrize(
    'given',
    [
        {'instruction': 'the mug', 'temperature': 0.5, 'depth_window_px': 7, 'guided_decoding': True},
        {'instruction': 'the mug', 'task': 'grounding', 'max_depth_m': 3},
        {'instruction': 'the mug', 'pose_orientation': 'surface', 'target_frame': 'map'},
    ],
)
def test_what_the_schema_takes_is_read(given):
    jsonschema.validate(given, schema('ask'))
    read = arguments.read(TOOLS['ask'].fields, TOOLS['ask'].required, given)
    assert read == given
    assert all(type(value) is type(BY_NAME[name].default) for name, value in read.items() if name in BY_NAME)


@pytest.mark.parametrize(
    ('given', 'words'),
    [
        ({'instruction': 'the mug', 'temperature': 5.0}, 'temperature is 5.0, but must lie in 0.0 .. 2.0'),
        ({'instruction': 'the mug', 'temperature': 'hot'}, "temperature is 'hot', but must be a number, such as 0.0"),
        ({'instruction': 'the mug', 'task': 'sing'}, "task is 'sing', but must be one of 'pointing'"),
        ({'instruction': ['the mug']}, "instruction is ['the mug'], but must be text"),
        (
            {'instruction': 'the mug', 'preemption': 'replace'},
            "there is no argument 'preemption'; there are instruction",
        ),
        ({}, 'instruction is empty: it must say what to look for'),
        ({'instruction': 'the mug', 'x' * 10_000: 1}, f"there is no argument '{'x' * 80}'; there are instruction"),
    ],
)
def test_what_the_schema_does_not_take_is_refused_and_quoted(given, words):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(given, schema('ask'))
    with pytest.raises(BadRequest) as caught:
        arguments.read(TOOLS['ask'].fields, TOOLS['ask'].required, given)
    assert words in str(caught.value)


def test_blanks_are_no_instruction():
    with pytest.raises(BadRequest, match='instruction is empty'):
        arguments.read(TOOLS['ask'].fields, TOOLS['ask'].required, {'instruction': '  '})


def test_null_counts_as_not_given():
    tool = TOOLS['ask']
    assert arguments.read(tool.fields, tool.required, {'instruction': 'a', 'camera': None}) == {'instruction': 'a'}


def test_a_result_has_its_code_a_sentence_and_what_may_help():
    result = Result('NOT_FOUND', 'it is not there', {'targets': [], 'progress': float('nan')})
    told = {'error_code': 'NOT_FOUND', 'message': 'it is not there', 'recovery': 'LOOK_ELSEWHERE'}
    assert result.structured() == told
    assert Result('OK', '', {'value': 0.0}).texts() == ('{"error_code": "OK", "value": 0.0}',)


def test_values_that_say_nothing_are_left_out_and_zero_says_something():
    values = {'a': 0, 'b': None, 'c': [], 'd': {'e': ''}, 'f': [1.23456789, None], 'g': False, 'h': float('inf')}
    assert brief(values) == {'a': 0, 'f': [1.2346, None], 'g': False}
