# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a model says about things that are not there, and what becomes of it."""

import re

import pytest
from scripted_engine import ScriptedEngine

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.errors import ErrorCode
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks import TASKS, get_profile, get_task

TINY = get_profile('robobrain-tiny')
PLACES = ('pointing', 'affordance', 'grounding', 'trajectory')
SEEING = (*PLACES, 'planning')


def parse(task, text):
    return get_task(task).parse(text, TINY.scale(512, 384), TINY)


@pytest.mark.parametrize('task', SEEING)
@pytest.mark.parametrize('text', ['not visible', 'Not visible.', ' not visible\n', TINY.refusal])
def test_the_refusal_of_the_tiny_checkpoint_is_known(task, text):
    parsed = parse(task, text)
    assert parsed.not_found
    assert (parsed.points, parsed.boxes, parsed.steps, parsed.dropped) == ((), (), (), ())


def test_in_words_it_is_a_reply_like_any_other():
    parsed = parse('general', 'not visible')
    assert (parsed.reply, parsed.not_found) == ('not visible', False)


@pytest.mark.parametrize(
    ('task', 'text'),
    [
        ('pointing', '[(512, 300)]'),
        ('grounding', '[1, 2, 3, 4]'),
        ('trajectory', '[(512, 300, 0.5)]'),
        ('planning', '1. Remove the lid\n2. Look for what is not visible'),
        ('pointing', 'visible'),
    ],
)
def test_other_answers_are_no_refusals(task, text):
    assert not parse(task, text).not_found


@pytest.mark.parametrize('task', TASKS)
def test_an_answer_ends_typed(task):
    async def frame():
        return Frame(TableTop(7).render()[0])

    brain = Brain(ScriptedEngine(['not ', 'visible']), TINY)
    try:
        brain.start(lambda text: None).result(20)
        answer = brain.submit(task, 'the purple mug', frame).done.result(20)
    finally:
        brain.close()
    assert answer.code is (ErrorCode.OK if task == 'general' else ErrorCode.NOT_FOUND)
    assert answer.complete is answer.success
    assert answer.success or answer.message == "the model does not see it: 'not visible'"


def test_what_is_said_of_another_thing_is_no_refusal():
    async def frame():
        return Frame(TableTop(7).render()[0])

    brain = Brain(ScriptedEngine(['The lid is not visible. ', 'The mug is at (300, 400).']), TINY)
    try:
        brain.start(lambda text: None).result(20)
        found = brain.submit('pointing', 'the mug', frame).done.result(20)
        missing = brain.submit('pointing', 'the lid', frame).done.result(20)
    finally:
        brain.close()
    assert (found.code, len(found.targets)) == (ErrorCode.OK, 1)
    assert missing.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize('task', PLACES)
def test_a_grammar_lets_the_refusal_through(task):
    regex = get_task(task).guide(TINY).regex
    assert re.fullmatch(regex, 'not visible')
    assert not re.fullmatch(regex, 'not visible at all')
    assert not re.fullmatch(get_task(task).guide(get_profile('robobrain-2.5')).regex, 'not visible')


@pytest.mark.engine
@pytest.mark.parametrize('task', PLACES)
def test_the_grammar_backend_takes_it(tiny_brain, task):
    async def frame():
        return Frame(TableTop(7).render()[0])

    answer = tiny_brain.submit(task, 'the red plate', frame, settings=Settings(guided_decoding=True)).done.result(60)
    assert answer.code in (ErrorCode.OK, ErrorCode.NOT_FOUND)
