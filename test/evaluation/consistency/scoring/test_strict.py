# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a careful reader takes from an answer, case by case, and that no answer breaks it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from robobrain_ros.evaluation.consistency.scoring.strict import extraction as careful
from robobrain_ros.evaluation.consistency.scoring.strict.matching import match
from robobrain_ros.evaluation.consistency.scoring.strict.points import read
from robobrain_ros.tasks.profiles import Scale

FOUR = ['A', 'B', 'C', 'D']
THOUSAND = Scale(1000, 1000)


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('B', 'B'),
        ('b', 'B'),
        (' (C) ', 'C'),
        ('**D**', 'D'),
        ('B. the red mug', 'B'),
        ('B) the red mug', 'B'),
        ('D: left', 'D'),
        ('Option C', 'C'),
        ('Answer: A', 'A'),
        ('**Answer:** A', 'A'),
        ('**Answer: A**', 'A'),
        ('Final Answer: (A)', 'A'),
        ('The answer is B.', 'B'),
        ('The correct answer is: "B"', 'B'),
        ('The correct option is B', 'B'),
        ('A mug is on the left.\nThe bowl is right.\n\nAnswer: B', 'B'),
        ('Answer: B\nBecause C is behind it.', 'B'),
        ('B\nThe mug is left of the bowl.', 'B'),
        ('B. left\n\nThe camera looks at A mug.', 'B'),
        ('Answer: A. No, rather\nAnswer: C', 'C'),
        ('so it is \\boxed{B}', 'B'),
        ('so it is $\\boxed{\\text{B}}$.', 'B'),
        ('\\boxed{B}\nNo.\nAnswer: C', 'C'),
        ('Answer: the box \\boxed{B}', 'B'),
        ('<think>\\boxed{A}</think>\nC', 'C'),
        ('<think>A? No.</think>\nC', 'C'),
        ('<think>A?</think><answer>D</answer>', 'D'),
        ('答案：B', 'B'),
        ('答案是 C。', 'C'),
        ('So the answer is the red mug (B).', 'B'),
        ('I choose option C because it is near', 'C'),
        ('Therefore, the best choice is **B**.', 'B'),
        ('Hence: B', 'B'),
        ('A mug is in front, **C**: the bowl', 'C'),
        # nothing, or more than one thing
        ('', ''),
        ('A mug is on the left', ''),
        ('Answer: A mug', ''),
        ("I can't see it", ''),
        ('Answer: A or B', ''),
        ('Answer: A, B', ''),
        ('A and C', ''),
        ('Answer: E', ''),  # only four are offered
        ('Answer: $LETTER', ''),
        ('<think>B', ''),
        ('None of them', ''),
        ('Either (A) or (B)', ''),
        ('It is not (B)', ''),
        ("It can't be option B", ''),
        ('This is a mug, B team', ''),
    ],
)
def test_a_letter(answer, expected):
    assert careful.letter(answer, FOUR) == expected


def test_letters_that_flageval_cannot_read_are_options_here():
    options = [chr(code) for code in range(ord('A'), ord('T') + 1)]
    assert [careful.letter(f'Answer: {letter}', options) for letter in 'INST'] == list('INST')


def test_who_repeats_an_option_chooses_it():
    texts = ['left', 'right', 'The red mug']
    assert careful.letter('Answer: the red mug.', FOUR, texts) == 'C'
    assert careful.letter('Right', FOUR, texts) == 'B'
    assert careful.letter('it is left of the mug', FOUR, texts) == ''
    assert careful.letter('left', FOUR, ['left', 'Left']) == ''


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('Yes', 'yes'),
        ('no.', 'no'),
        ('The mug fits.\nAnswer: yes', 'yes'),
        ('**Answer: No**', 'no'),
        ('Yes, it fits.\nThere is room.', 'yes'),
        ('Answer: No, the yes is wrong', 'no'),
        ('Nothing is there', ''),
        ('Answer: not yes', ''),
        ('', ''),
    ],
)
def test_yes_or_no(answer, expected):
    assert careful.yes_or_no(answer) == expected


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('3', 3),
        ('Answer: 3.5', 3.5),
        ('Answer: .5', 0.5),
        ('Answer: -3', -3),
        ('Answer: 1,500 mm', 1500),
        ('Answer: about 2 m', 2),
        ('Answer: 3m.', 3),
        ('Answer: 2.', 2),
        ('There are 4 chairs', 4),
        ('Answer: twenty-one', 21),
        ('Answer: three chairs', 3),
        ('2 + 3 = 5', 5),
        ('I see 2 and 3.\nAnswer: 5', 5),
        ('Answer: 5 (2 left, 3 right)', 5),
        ('$\\boxed{7.25}$', 7.25),
        ('Answer: 1e3', 1000),
        ('Answer: 2-3', None),
        ('Answer: 2 to 3 m', None),
        ('Answer: between 2 and 3', None),
        ('Answer: none', None),
        ('', None),
    ],
)
def test_a_number(answer, expected):
    assert careful.number(answer) == expected


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('(500, 250)', ['(20, 8)']),
        ('( 500 , 250 )', ['(20, 8)']),
        ('[500, 250]', ['(20, 8)']),
        ('Answer: [(500, 250), (0, 0), (1000, 1000)]', ['(20, 8)', '(0, 0)', '(39, 29)']),
        ('[[500, 250], [0, 0]]', ['(20, 8)', '(0, 0)']),
        ('```json\n[{"point_2d": [500, 250], "label": "mug"}]\n```', ['(20, 8)']),
        ('Not (1, 1).\nAnswer: [(500, 250)]', ['(20, 8)']),
        ('Answer: [(500, 250)]\nThat is all.', ['(20, 8)']),
        ('(500, 250)\nThat is the mug.', ['(20, 8)']),
        ('(500, 250), (500, 250)', ['(20, 8)']),  # said twice, and one point
        ('(1001, 250)', ['(-1, -1)']),
        ('(-1, 250)', ['(-1, -1)']),
        ('(250, 500, 500, 750)', ['(10, 15, 21, 23)']),
        ('(1, 2, 3)', []),
        ('no point', []),
        ('', []),
    ],
)
def test_points(answer, expected):
    assert [str(region) for region in read(answer, (40, 30), THOUSAND)] == expected


def test_points_in_parts_of_the_image_are_never_pixels():
    unit = Scale(1, 1)
    assert [str(region) for region in read('(0.5, 0.5) (1, 1) (20, 15)', (40, 30), unit)] == [
        '(20, 15)',
        '(39, 29)',
        '(-1, -1)',
    ]


@pytest.mark.parametrize(
    ('kind', 'label', 'right', 'wrong'),
    [
        ('choices', {'label': 'A'}, ['A', 'Final Answer: A', '`Final Answer: A`', 'A. mug'], ['B', 'A, B', '', 'AB']),
        ('choices', {'label': 'A, I'}, ['Final Answer: A, I', 'I and A', 'A I'], ['A', 'A, B', 'A or I']),
        ('ordered-list', {'order': ['A', 'B']}, ['a, b', 'Final Answer: [A,B]', 'A-A, B-B'], ['B, A', 'A', '']),
        ('ordered-list', {'order': [['1', '2'], ['2', '1']]}, ['1, 2', '2,1'], ['1', '1, 2, 3']),
        ('ordered-list', {'order': 'the mug, bowl'}, ['mug, the bowl'], ['bowl, mug']),
        ('number', {'value_to_match': 5}, ['Final Answer: 5', 'five', '5.0'], ['5.1', '4 or 5', '']),
        ('number', {'value_to_match': 2.0}, ['2.2', '1.8 m'], ['2.3']),
        ('number', {'value_to_match': 1500}, ['1,500'], ['1.5']),
        ('bool-list', {'bool_str': ['1', '0']}, ['[1,0]', '1, 0', 'yes, no', 'True, false'], ['1', '0,1', '']),
        ('key-items', {'key_items': ['no']}, ['No', 'Final Answer: no.'], ['nothing', 'I know']),
        ('key-items', {'key_items': [['red', 'pink'], ['mug']]}, ['the red mug', 'a pink MUG'], ['red', 'mug']),
        ('key-items', {'key_items': ['红色'], 'remove_space': False}, ['是红色的'], ['蓝色']),
        ('key-items', {'key_items': ['a b'], 'remove_space': True}, ['ab', 'A  B'], ['b a']),
    ],
)
def test_the_comparisons_of_erqaplus(kind, label, right, wrong):
    assert [answer for answer in right if not match(kind, answer, label)[1]] == []
    assert [answer for answer in wrong if match(kind, answer, label)[1]] == []


PIECES = st.lists(
    st.sampled_from(
        ['Answer:', 'answer is', '\\boxed{', '}', 'A', 'B', ' or ', 'yes', 'no', '\n', '(', ')', '[', ',', '1', '2.5',
         '-', '=', '٣', '²', 'two', 'thousand', '<think>', '</think>', '<answer>', '*', '答案', '9' * 400, 'e', '1e999']
    )
    | st.text(max_size=4),
    max_size=20,
).map(''.join)  # fmt: skip


@given(PIECES)
@example('Answer: 1e999')
@example('Answer: ²')
def test_no_answer_breaks_the_reader(answer):
    assert careful.letter(answer, FOUR, ['left', 'right']) in ['', *FOUR]
    assert careful.yes_or_no(answer) in ('', 'yes', 'no')
    assert careful.number(answer) is None or isinstance(careful.number(answer), float)
    assert all(len(region) > 0 for region in read(answer, (40, 30), THOUSAND))
    assert match('choices', answer, {'label': 'A'})[1] in (True, False)
    assert match('bool-list', answer, {'bool_str': ['1']})[1] in (True, False)
    assert match('key-items', answer, {'key_items': ['a']})[1] in (True, False)


@given(PIECES, st.sampled_from(FOUR))
def test_a_clear_last_word_counts_whatever_was_said_before(thoughts, letter):
    assert careful.letter(f'{thoughts.replace("<", "").replace("boxed", "")}\n\nAnswer: {letter}', FOUR) == letter
