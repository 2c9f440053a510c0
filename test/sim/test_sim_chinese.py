# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Chinese instructions ask the same as English ones, and are answered alike."""

import numpy as np
import pytest

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.sim.chinese import CHINESE, HELD_OUT_CHINESE, TAUGHT_CHINESE, in_english
from robobrain_ros.sim.layout import COLOURS, SHAPES
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.sim.wording import ENGLISH

SENTENCES = ('point', 'space', 'handle', 'pick', 'plan_pick', 'put_on', 'put_in', 'put_all', 'listing', 'count',
             'colour', 'present')  # fmt: skip


@pytest.fixture(scope='module')
def scene() -> TableTop:
    return TableTop(3)


@pytest.fixture(scope='module')
def asked(scene):
    return [q for phrases in (TAUGHT_CHINESE, HELD_OUT_CHINESE)
            for q in questions(scene, np.random.default_rng(1), phrases)]  # fmt: skip


def test_every_task_is_asked_in_chinese_and_planned_in_english(asked):
    assert {q.task for q in asked} == {'pointing', 'affordance', 'grounding', 'trajectory', 'planning', 'general'}
    assert all(not q.instruction.isascii() and ' ' not in q.instruction for q in asked)
    assert all(text.isascii() for q in asked for text in (*q.steps, *q.reply))


def test_names_in_plans_are_those_of_the_objects(scene, asked):
    names = {f'the {word}' for thing in scene.truth().objects
             for word in (thing.name, thing.item.shape, f'{thing.item.colour} object')}  # fmt: skip
    picked = [q for q in asked if (q.task, q.kind) == ('planning', 'pick')]
    assert picked
    assert all(q.steps[-1].removeprefix('Lift ') in names for q in picked)


def test_each_colour_and_shape_has_a_translation_that_leads_back():
    for colour in COLOURS:
        for shape in SHAPES:
            for adjective in CHINESE.colours[colour]:
                for noun in CHINESE.shapes[shape]:
                    assert in_english(CHINESE.name(adjective, noun)) == f'the {colour} {shape}'
    assert set(CHINESE.shapes) == set(ENGLISH.shapes) == set(SHAPES)
    with pytest.raises(ValueError, match='石头'):
        in_english('红色的石头')


def test_no_sentence_is_both_taught_and_held_out():
    for name in SENTENCES:
        taught, held_out = getattr(TAUGHT_CHINESE, name), getattr(HELD_OUT_CHINESE, name)
        assert not set(taught) & set(held_out), name
        assert all('{' in text for text in taught) == (name != 'listing')


def test_the_tokenizer_knows_the_words_and_loses_none(asked):
    tokenizers = pytest.importorskip('tokenizers')
    tokenizer = tokenizers.Tokenizer.from_file(str(TINY_MODEL / 'tokenizer.json'))
    lengths = []
    for question in asked:
        ids = tokenizer.encode(question.instruction).ids
        assert tokenizer.decode(ids) == question.instruction
        lengths.append(len(ids) / len(question.instruction))
    assert np.mean(lengths) < 1.1  # three bytes a character, were there no words
