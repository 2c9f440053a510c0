# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Ways in sentences of moves, and plans as calls of functions."""

import pytest

from robobrain_ros.tasks import get_profile, get_task

PROFILE = get_profile('robobrain-2.5')
A, B, C = (1, 2, 0.5), (3, 4, 0.6), (5, 6, 0.7)


def way(text, cut_short=False):
    parsed = get_task('trajectory').parse(text, PROFILE.scale(640, 480), PROFILE, cut_short, 'put the mug on the plate')
    return [(point.x, point.y, point.depth) for point in parsed.points]


def steps(text, cut_short=False):
    parsed = get_task('planning').parse(text, PROFILE.scale(640, 480), PROFILE, cut_short)
    return [(step.action, step.object, step.destination) for step in parsed.steps]


@pytest.mark.parametrize(
    'text',
    [
        'Start at {0}, then go to {1}.',
        'Start at {0}. Then go to {1}.',
        'Begin at {0} and end at {1}.',
        'Move from {0} to {1}.',
        'First go to {0}, then {1}.',
        'First, the gripper should move to {0}. Next, move up to {1}.',
        'Starting from {0}, move to {1}, avoiding (8, 8, 0.8).',
        'Answer: start at {0}, then go to {1}',
        'The gripper is at (9, 9, 0.9). Start at {0}, then go to {1}.',
        '从{0}开始，然后移动到{1}。',
        '先移动到{0}，再移动到{1}。',
    ],
)
def test_sentences_of_moves_are_one_way(text):
    assert way(text.format(A, B)) == [A, B]


@pytest.mark.parametrize(
    'text',
    [
        'Start at {0}, go around the box at (9, 9, 0.9), then go to {1}.',
        'You could go to {0} or go to {1}.',
    ],
)
def test_places_beside_the_moves_make_it_unclear(text):
    assert way(text.format(A, B)) == []


def test_a_way_goes_on_as_long_as_there_are_moves():
    assert way(f'Start at {A}, pass over {B} and stop at {C}.') == [A, B, C]


def test_what_is_forbidden_is_no_move():
    assert way(f'Do not go to {A}, go to {B}.') == [B]


def test_two_bare_lists_are_two_ways():
    assert way(f'[{A}, {B}]\n\n[{B}, {C}]') == [A, B]


def test_moves_that_are_cut_are_no_way():
    assert way(f'Start at {A}, then go to {B}', cut_short=True) == []


@pytest.mark.parametrize(
    'text',
    [
        '1. pick("mug")\n2. place("mug", "plate")',
        'pick("mug")\nplace("mug", "plate")',
        '["pick(\\"mug\\")", "place(\\"mug\\", \\"plate\\")"]',
        'plan = [pick("mug"), place("mug", "plate")]',
        "```python\npick('mug')  # carefully\nplace('mug', on='plate')\n```",
        '1. pick(mug)。\n2. place(mug, to=plate)。',
        '{"steps": [{"action": "pick(\\"mug\\")"}, {"action": "place(\\"mug\\", \\"plate\\")"}]}',
    ],
)
def test_calls_are_steps_with_their_objects(text):
    assert steps(text) == [('pick', 'mug', ''), ('place', 'mug', 'plate')]


def test_a_lone_argument_of_a_move_is_its_place():
    assert steps('move_to("plate")\nopen_gripper()') == [('move_to', '', 'plate'), ('open_gripper', '', '')]


def test_a_call_that_is_cut_is_no_step():
    assert steps('[pick("mug"), place("mug", "pl', cut_short=True) == [('pick', 'mug', '')]


def test_arguments_that_are_not_read_are_no_steps():
    assert steps('plan = [place("mug", "plate", "left", 3)]') == []
    assert (
        steps('robot.pick("mug")\nrobot.place("mug", "plate")') == []
    )  # a program, for a robot that has these functions
    assert steps('print("mug")\nprint("plate")') == []


@pytest.mark.parametrize(
    'text', ['1. 拿起杯子。\n2. 把杯子放到盘子上。', '{"steps": ["拿起杯子。", "把杯子放到盘子上。"]}']
)
def test_a_full_stop_is_no_part_of_a_step(text):
    parsed = get_task('planning').parse(text, PROFILE.scale(640, 480), PROFILE)
    assert [step.description for step in parsed.steps] == ['拿起杯子', '把杯子放到盘子上']
