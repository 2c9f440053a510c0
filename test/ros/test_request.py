# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Reading one request: the node's parameters where it says nothing, its own options, and refusals that quote."""

import math
from types import SimpleNamespace

import pytest
from builtin_interfaces.msg import Duration, Time
from rcl_interfaces.msg import Parameter as OptionMessage
from rclpy.parameter import Parameter as Option
from robobrain_ros.action import Query
from robobrain_ros.msg import Instruction
from robobrain_ros.srv import Ask

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.depth import DepthMode
from robobrain_ros.ros.from_parameters import settings
from robobrain_ros.ros.parameters import BY_NAME, PARAMETERS
from robobrain_ros.ros.request import Request

DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
VALUES = DEFAULTS | {'cameras': ['front', 'wrist'], 'target_frame': 'base_link', 'default_task': 'grounding'}


def option(name, value) -> OptionMessage:
    return Option(name, value=value).to_parameter_msg()


def refusal(values=VALUES, **fields) -> str:
    with pytest.raises(BrainError) as caught:
        Request.read(Instruction(**fields), values)
    assert caught.value.code is ErrorCode.BAD_REQUEST
    return str(caught.value)


@pytest.mark.parametrize('kind', [Instruction, Ask.Request, Query.Goal], ids=['topic', 'service', 'action'])
def test_what_a_request_does_not_say_comes_from_the_parameters(kind):
    assert Request.read(kind(instruction='the mug'), VALUES) == Request(
        request_id='',
        task='grounding',
        instruction='the mug',
        camera='front',
        target_frame='base_link',
        not_before_ns=0,
        max_image_age=VALUES['max_image_age_s'],  # type: ignore[arg-type]
        image_timeout=VALUES['image_timeout_s'],  # type: ignore[arg-type]
        tf_timeout=VALUES['tf_timeout_s'],  # type: ignore[arg-type]
        timeout=VALUES['timeout_s'],  # type: ignore[arg-type]
        settings=settings(VALUES),
    )


@pytest.mark.parametrize('kind', [Instruction, Ask.Request, Query.Goal], ids=['topic', 'service', 'action'])
@pytest.mark.parametrize('text', ['mission: tidy up', 'Mission：tidy up', ' MISSION : tidy up'])
def test_a_task_in_front_of_the_instruction_counts_where_none_is_named(kind, text):
    read = Request.read(kind(instruction=text), VALUES)
    assert (read.task, read.instruction) == ('mission', 'tidy up')
    named = Request.read(kind(task='general', instruction=text), VALUES)
    assert (named.task, named.instruction) == ('general', text)


@pytest.mark.parametrize('text', ['Pointing', ' POINTING ', 'ｐｏｉｎｔｉｎｇ'])
def test_the_default_task_is_taken_in_any_case(text):
    assert BY_NAME['default_task'].read(text) == 'pointing'


@pytest.mark.parametrize('kind', [Instruction, Ask.Request, Query.Goal], ids=['topic', 'service', 'action'])
def test_what_a_request_says_counts(kind):
    wanted = Request.read(
        kind(
            task='trajectory',
            instruction='reach it',
            camera='wrist',
            target_frame='map',
            not_before=Time(sec=7, nanosec=5),
            max_image_age=Duration(nanosec=250_000_000),
            timeout=Duration(sec=3),
            options=[
                option('guided_decoding', True),
                option('temperature', 0.5),
                option('min_confidence', 0.75),
                option('depth_window_px', 3),
                option('trajectory_depth', 'model'),
                option('image_timeout_s', 2.0),
                option('tf_timeout_s', 0.0),
            ],
        ),
        VALUES,
    )
    assert (wanted.task, wanted.camera, wanted.target_frame) == ('trajectory', 'wrist', 'map')
    assert (wanted.not_before_ns, wanted.max_image_age, wanted.timeout) == (7_000_000_005, 0.25, 3)
    assert (wanted.image_timeout, wanted.tf_timeout) == (2.0, 0.0)
    chosen = wanted.settings
    assert (chosen.guided_decoding, chosen.temperature, chosen.min_confidence) == (True, 0.5, 0.75)
    assert (chosen.depth.window_px, chosen.depth.mode) == (3, DepthMode.MODEL)
    assert (chosen.policy, chosen.queue_size) == (settings(VALUES).policy, settings(VALUES).queue_size)
    assert Request.read(kind(), VALUES).settings == settings(VALUES), 'for that request only'


def test_a_field_counts_more_than_the_option_of_the_same_meaning():
    options = [option('timeout_s', 5.0), option('max_image_age_s', 6.0), option('default_task', 'general')]
    said = Request.read(Instruction(options=options), VALUES)
    assert (said.timeout, said.max_image_age, said.task) == (5.0, 6.0, 'general')
    seconds = {'timeout': Duration(sec=1), 'max_image_age': Duration(sec=2)}
    both = Request.read(Instruction(task='planning', options=options, **seconds), VALUES)
    assert (both.timeout, both.max_image_age, both.task) == (1, 2, 'planning')


def test_the_last_of_two_equal_options_counts():
    options = [option('depth_window_px', 3), option('depth_window_px', 7)]
    assert Request.read(Instruction(options=options), VALUES).settings.depth.window_px == 7


def test_a_whole_number_will_do_for_a_number_with_a_point():
    wanted = Request.read(Instruction(options=[option('temperature', 1), option('timeout_s', 2)]), VALUES)
    assert wanted.settings.temperature == 1.0
    assert isinstance(wanted.settings.temperature, float)
    assert (wanted.timeout, type(wanted.timeout)) == (2.0, float)


@pytest.mark.parametrize('parameter', PARAMETERS, ids=[parameter.name for parameter in PARAMETERS])
def test_options_are_the_parameters_that_concern_one_request(parameter):
    message = Instruction(options=[option(parameter.name, parameter.default)])
    if parameter.per_request:
        assert Request.read(message, DEFAULTS) == Request.read(Instruction(), DEFAULTS)
    else:
        said = refusal(options=message.options)
        assert repr(parameter.name) in said
        assert 'cannot be set for one request' in said


@pytest.mark.parametrize(
    ('name', 'value', 'says'),
    [
        ('colour', 'red', ("option 'colour' cannot be set", *(n for n, p in BY_NAME.items() if p.per_request))),
        ('', 1, ("option ''",)),
        ('temperature', 'hot', ("option temperature is 'hot'", 'must be a number, such as 0.0')),
        ('temperature', True, ('temperature is True', 'a number')),
        ('temperature', [0.5], ('[0.5]', 'a number')),
        ('guided_decoding', 1, ('guided_decoding is 1', 'true or false')),
        ('depth_window_px', 2.5, ('depth_window_px is 2.5', 'a whole number, such as 5')),
        ('depth_window_px', None, ('depth_window_px is None', 'a whole number')),
        (
            'trajectory_depth',
            ['model'],
            ("trajectory_depth is ['model']", "'model', 'sensor', "),
        ),
        ('temperature', 2.5, ('2.5', '0.0 .. 2.0')),
        ('temperature', -1, ('-1.0', '0.0 .. 2.0')),
        ('min_confidence', 90, ('90.0', '0.0 .. 1.0')),
        ('temperature', math.nan, ('nan',)),
        ('timeout_s', math.inf, ('inf',)),
        ('depth_window_px', -1, ('-1',)),
        ('trajectory_depth', 'best', ("'best'", "'model', 'sensor', 'model_scaled_to_sensor'")),
        ('queue_size', 10000, ("option 'queue_size' cannot be set for one request", 'guided_decoding, temperature')),
        ('preemption', 'newest_wins', ("option 'preemption' cannot be set for one request",)),
        ('default_task', 'dancing', ("'dancing'", "'pointing'")),
        ('depth_window_px', 4, ('depth_window_px is 4', 'odd')),
        ('min_depth_m', 20.0, ('min_depth_m is 20.0', 'max_depth_m is 10.0')),
    ],
)
def test_bad_options_are_quoted(name, value, says):
    said = refusal(options=[option(name, value)])
    assert all(words in said for words in says), said


def test_one_bad_option_spoils_the_request():
    assert "'speed'" in refusal(options=[option('temperature', 0.5), option('speed', 1)])


def test_an_option_of_a_type_that_ros_does_not_know():
    message = OptionMessage(name='depth_window_px')
    message.value.type = 77
    assert 'option depth_window_px: ' in refusal(options=[message])


@pytest.mark.parametrize(
    ('cameras', 'asked', 'says'),
    [
        (['front', 'wrist'], 'rear', "camera is 'rear', but must be one of 'front', 'wrist', or empty"),
        ([''], 'wrist', "camera is 'wrist', but this node has a single camera, which has no name: leave camera empty"),
    ],
)
def test_an_unknown_camera_is_quoted_with_those_that_there_are(cameras, asked, says):
    assert says in refusal(DEFAULTS | {'cameras': cameras}, camera=asked)


@pytest.mark.parametrize('field', ['timeout', 'max_image_age'])
@pytest.mark.parametrize('duration', [Duration(sec=-1), Duration(sec=-2, nanosec=500_000_000)])
def test_negative_durations_are_refused(field, duration):
    said = refusal(**{field: duration})
    assert f'{field} is {duration.sec + duration.nanosec / 1e9:g} s' in said
    assert 'negative' in said


def test_reading_needs_only_the_fields():
    """No message type is asked for: the three have the same fields, and nothing else is read."""
    fields = {name: getattr(Instruction(), name) for name in Instruction.get_fields_and_field_types()}
    assert Request.read(SimpleNamespace(**fields), VALUES) == Request.read(Instruction(), VALUES)
    for kind in (Ask.Request, Query.Goal):
        assert kind.get_fields_and_field_types() == Instruction.get_fields_and_field_types()
