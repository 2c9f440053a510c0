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
UNPARSABLE, since the answer does not say that the mug is not there. So does the same kind of thing with another colour,
size, side, level or number (``attributes.py``): the blue mug is not the red one. A synonym, 'it', 'the object' or a
part gives the place. A name that is in no list may be a synonym: the place is published, the sentence is quoted in the
warnings, and the answer is not complete. That holds for explicit sentences, too ('The widget is at'): models use brands
and words that no list has, and a rule 'another noun, so another thing' would lose those targets.
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
    ('instruction', 'same', 'other'),
    [
        (
            'the red mug',
            ('red mug', 'mug', 'dark red mug', 'reddish cup', 'red and white mug'),
            ('blue mug', 'white cup'),
        ),
        ('the red mug', ('红色的杯子', '深红色杯子', '杯子'), ('蓝色的杯子', '蓝杯子', '黑色马克杯')),
        ('红色杯子', ('红杯子', '深红色的杯子', 'red mug', '红色杯子的盖子'), ('蓝色杯子', 'blue mug', '红色盘子')),
        ('the teal bowl', ('green bowl', 'blue bowl'), ('red bowl', 'orange')),
        ('the grey laptop', ('silver laptop', 'gray notebook'), ('black laptop',)),
        ('the left mug', ('left mug', 'mug on the left', 'leftmost cup', 'red mug'), ('right mug', 'mug on the right')),
        ('the mug on the left', ('left mug', 'mug on the left side'), ('right mug', 'middle mug')),
        ('the upper left drawer', ('left drawer', 'top drawer'), ('upper right drawer', 'lower left drawer')),
        ('the big box', ('large box', 'box'), ('small box', 'little carton')),
        ('the first mug', ('first mug', 'left mug'), ('second mug', 'last mug')),
        ('左边的杯子', ('左侧的杯子', '杯子'), ('右边的杯子', '中间的杯子')),
        ('大杯子', ('大的杯子', '杯子'), ('小杯子',)),
        ('第一个杯子', ('第一个杯子',), ('第二个杯子',)),
        ('the red mug', ('red object', 'handle'), ('blue object', 'orange')),
        ('the red mug and the blue mug', ('blue mug', 'red mug'), ('green mug',)),
        ('the mug', ('red mug', 'left mug', 'second mug'), ()),
        ('杯子', ('红色杯子', '右边的杯子'), ()),
    ],
)
def test_another_colour_or_side_is_another_thing(instruction, same, other):
    for name in (*same, *other):
        sentence = f'The {name} is at (10, 20)' if name.isascii() else f'{name}在(10, 20)'
        parsed = parse(instruction, f'{sentence}.')
        assert places_of(parsed, 'pointing') == ([(10, 20)] if name in same else []), name
        assert not parsed.not_found
        assert [drop.text for drop in parsed.dropped] == ([] if name in same else [sentence]), name


def test_a_kind_of_thing_needs_no_article():
    assert parse('the screwdriver', 'Hammer at (250, 410).').dropped[0].text == 'Hammer at (250, 410)'
    assert parse('the red mug', 'Blue mug is at (250, 410).').points == ()


@pytest.mark.parametrize(
    'words', ['Found at', 'Box at', 'Screen position is at', 'Target at', 'Located at', 'Red mug at']
)
def test_other_words_without_an_article_are_no_thing(words):
    parsed = parse('the red mug', f'{words} (250, 410).')
    assert (places_of(parsed, 'pointing'), parsed.dropped) == ([(250, 410)], ())


@pytest.mark.parametrize(
    ('instruction', 'text'),
    [
        ('红色杯子', '坐标(250, 410)是红色杯子，坐标(700, 300)是水壶。'),
        ('红色杯子', '坐标(700, 300)是水壶，坐标(250, 410)是红色杯子。'),
        ('红色杯子', '(250, 410)是红色杯子，(700, 300)是蓝色杯子。'),
        ('红色杯子', '(250, 410)是红色杯子，(700, 300)是某物。'),
        ('the red mug', '(250, 410) is the red mug and (700, 300) is the kettle.'),
        ('the red mug', '(700, 300) is the kettle and (250, 410) is the red mug.'),
        ('the red mug', '(250, 410) is the red mug, (700, 300) is the frobnicator.'),
        ('the red mug', '(250, 410) is the red mug on the table and (700, 300) is the blue mug.'),
    ],
)
def test_the_place_that_is_said_to_be_it_is_the_answer(instruction, text):
    parsed = parse(instruction, text)
    assert places_of(parsed, 'pointing') == [(250, 410)]
    assert '(700, 300)' in parsed.dropped[0].text


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
