# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Sentences that place something else than what was asked for: 'The plate is at (10, 20)', asked for the mug.

An obstacle that is published as the target is worse than a target that is lost, and a target that is called by another
name must not be lost. So there are three cases. A thing that is known to be another one (``things.py``) gives nothing:
UNPARSABLE, since the answer does not say that the mug is not there. A synonym, 'it', 'the object' or a part gives the
place. A name that is in no list may be a synonym: the place is published, the sentence is quoted in the warnings, and
the answer is not complete.
"""

import pytest
from test_truth_or_less import OWN, answers, places_of

from robobrain_ros.tasks import get_profile, get_task

PROFILE = get_profile('robobrain-2.5')
MUG = (
    'the mug',
    'the red mug',
    'Where is the red mug?',
    'Point to the mug on the table.',
    'pick up the mug',
    '红色杯子',
)


def parse(instruction, text, task='pointing'):
    return get_task(task).parse(text, PROFILE.scale(640, 480), PROFILE, instruction=instruction)


@pytest.mark.parametrize('instruction', MUG)
@pytest.mark.parametrize(
    'sentence',
    [
        'The plate is at (10, 20)',
        'The plates are at [(10, 20), (30, 40)]',
        'The stapler is located at [(10, 20)]',
        'There is a yellow plate at (10, 20)',
        'I can see a plate next to the mug at (10, 20)',
        'The center of the plate is at (10, 20)',
        'Sure! The bowl can be found at (10, 20)',
        'Answer: the plate is at (10, 20)',
        '盘子位于(10, 20)',
        '黄色的盘子在(10, 20)',
        '盘子的坐标是(10, 20)',
        'Plate: (10, 20)',
        'Yellow plate: [(10, 20)]',
        '盘子：(10, 20)',
    ],
)
def test_another_thing_is_no_target(instruction, sentence):
    parsed = parse(instruction, f'{sentence}.')
    assert (parsed.points, parsed.not_found) == ((), False)
    assert sentence.rpartition('! ')[2] in [drop.text for drop in parsed.dropped]
    assert 'this is said of' in parsed.dropped[0].reason


@pytest.mark.parametrize('instruction', MUG)
@pytest.mark.parametrize(
    'sentence',
    [
        'The cup is at {}.',
        'The mug is at {}.',
        'The mugs are at {}.',
        'The red mug next to the plate is at {}.',
        'It is at {}.',
        'The object is at {}.',
        'The item is located at {}.',
        'The target: {}',
        'Red cup: {}',
        'Found: {}',
        'The handle is at {}.',
        'The grasp point is at {}.',
        'The best place to grasp the mug is at {}.',
        'The robot should grasp at {}.',
        '杯子在{}。',
        '目标位于{}。',
        '{} is the cup.',
        '{}\nThe plate is at (10, 20).',
        'The plate is at (10, 20). It is at {}.',
        'The plate is at (10, 20), the mug is at {}.',
        'The plate is at (10, 20). Here it is:\n[{}]',
        '盘子在(10, 20)，杯子在{}。',
    ],
)
def test_other_names_of_it_are_it(instruction, sentence):
    parsed = parse(instruction, sentence.format('(512, 300)'))
    assert places_of(parsed, 'pointing') == [(512, 300)]
    assert all('(10, 20)' in drop.text for drop in parsed.dropped)


def test_of_several_named_places_the_one_of_another_thing_is_left_out():
    parsed = parse('the mug', 'Plate: (10, 20)\nMug: (512, 300)')
    assert places_of(parsed, 'pointing') == [(512, 300)]


@pytest.mark.parametrize(
    ('instruction', 'sentence'), [('the mug', 'The widget is at (10, 20)'), ('the gizmo', 'The cup is at (10, 20)')]
)
def test_a_name_in_no_list_is_published_with_a_warning(instruction, sentence):
    parsed = parse(instruction, f'{sentence}.')
    assert places_of(parsed, 'pointing') == [(10, 20)]
    assert [(drop.text, drop.repeat) for drop in parsed.dropped] == [(sentence, False)]  # so it is not complete


@pytest.mark.parametrize('instruction', ['the heaviest object', 'where can I sit?', 'a tool for cutting', ''])
@pytest.mark.parametrize('sentence', ['The chair is at (10, 20).', '盘子位于(10, 20)。', 'The knife is at (10, 20).'])
def test_what_was_described_may_be_anything(instruction, sentence):
    parsed = parse(instruction, sentence)
    assert (places_of(parsed, 'pointing'), parsed.dropped) == ([(10, 20)], ())


@pytest.mark.parametrize(
    'text', ['The plate is at (10, 20), with its edge at (15, 25).', 'Past (30, 40), the plate is at (10, 20).']
)
def test_what_stands_beside_another_thing_is_not_it(text):
    assert parse('the mug', text).points == ()


@pytest.mark.parametrize('instruction', MUG)
@pytest.mark.parametrize('task', OWN)
def test_with_an_instruction_the_truth_is_found_too(task, instruction, fuzz):
    for built in answers(5, task, 1000 * fuzz):
        assert places_of(parse(instruction, built.text, task), task) == list(built.truth), built.text
