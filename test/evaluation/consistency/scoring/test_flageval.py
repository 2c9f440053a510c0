# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""FlagEvalMM's readings of an answer, each of its rules by a case worked out by hand, its bugs among them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.scoring.flageval import extraction, matching, mra
from robobrain_ros.evaluation.consistency.scoring.word_numbers import in_words


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('b', 'B'),  # one character is taken as it is
        ('N', 'N'),  # so that alone, these four can be chosen
        ('(N)', ''),
        ('Answer: I', ''),
        ('Answer: S or T', ''),
        ('ß', 'S'),  # Python's upper case of it is SS
        ('', ''),
        ('C. the red mug', 'C'),
        ('TC. mug', 'C'),  # the T goes first
        ('A. B. Answer: D', 'A'),  # the first form ends the search
        ('Answer: D', 'D'),
        ('The answer is (B).', 'B'),
        ('Answer: B or C', 'B'),
        ('A mug is on the left', 'A'),
        ('If B, The C', 'B'),
        ('The If', ''),
        ('TIfhe B', 'B'),
        ('Answer: A\nAnswer: B', 'B'),  # behind the last one
        ('Answer: A, boxed{C}, D', 'C'),  # boxed is looked for before "Answer:", and its last one counts
        ('boxed{C} Answer: D', 'C'),
        ('answer is A, Answer: B', 'B'),
        ('Answer: B, answer is A', 'B'),
        ('the option is C, answer A', 'C'),
        ('Correct option D', 'D'),
        ('Correct option D, Answer B', 'D'),
        ('answer A then Answer B', 'B'),
        ('故选C', 'C'),
        ('答案选B', 'B'),
        ('因此A答案B', 'A'),  # "therefore" stands before "answer" in the list
        ('12 red mugs, 3 cups', ''),
        ('"B"', 'B'),
        ('Ä Б', ''),
        ('<Img>B</Img>', 'B'),  # without its I the tag stays; small letters do not count
    ],
)
def test_the_letter_of_a_choice(answer, expected):
    assert extraction.letter(answer) == expected


def test_all_letters_of_an_answer():
    assert extraction.letters('Answer: B, A and I') == 'BA'
    assert extraction.letters('B. A') == 'B'


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('Answer: yes.', 'yes'),
        ('Answer is no', 'no'),
        ('answer: yes', 'yes'),  # "answer" is cut off, then the colon in front, then the blank
        ('x = 3', '3'),
        ('x=3', 'x=3'),
        ('3m', '3'),
        ('3 m', '3 m'),
        ('3.5m', '3.5m'),  # only digits glued to a unit
        ('12cm.', '12'),
        ('7厘米', '7'),
        ('90°', '90'),
        ('5k', '5k'),
        ('yes;', 'yes'),
        ('yes..', 'yes.'),
        ('（0.5，0.5）', '(0.5,0.5)'),
        ('②', '2'),
        ('⑩', '10'),
        ('√', '正确'),
        ('对', '正确'),
        ('错', '错误'),
        ('不对', '错误'),
        ('3×4', '3错误4'),
        ('$3×4$', '3×4'),  # a formula is left alone
        ('(T)', 'T'),
        ('\\text{yes}', 'yes'),
        ('$2\\pi$', '2π'),
        ('变大', '增大'),
        ('路程为3', '3'),
        ('答案为 5', '5'),
        ('结果5', '5'),
        ('', ''),
        ('Answer:', ''),
    ],
)
def test_a_short_text(answer, expected):
    assert extraction.normalized(answer) == expected


@pytest.mark.parametrize(
    ('answer', 'label', 'expected'),
    [
        ('yes', 'yes', True),
        ('YES.', ' Yes ', True),
        ('It fits.\nAnswer: no', 'no', True),
        ('Answer: no\nBecause it is small.', 'no', False),  # only the last line
        ('Answer: no\n\n  ', 'no', True),
        ('Nothing', 'no', True),
        ('it is yes', 'yes', False),
        ('yes', 'no', False),
        ('left', 'left', False),
        ('', 'no', False),
    ],
)
def test_yes_and_no(answer, label, expected):
    assert extraction.says(answer, label) is expected


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('3', '3'),
        ('Answer: 3.50 m', '3.50'),
        ('There are 4 chairs and 2 tables', '4'),
        ('4 chairs. Answer: 2', '2'),
        ('-1,500', '1'),  # neither sign nor comma
        ('.5', '5'),
        ('three', '3'),
        ('Three chairs', '3'),
        ('Answer: twenty-one.', '21'),
        ('There are three', 'There'),  # the first word only
        ('007', '7'),
        ('5m', '5'),
        ('', ''),
    ],
)
def test_the_number_of_an_answer(answer, expected):
    assert mra.written_number(answer) == expected


@pytest.mark.parametrize(
    ('found', 'right', 'expected'),
    [
        (10, 10, 1),
        (10.5, 10, 1),  # 5 % is the least tolerance
        (10.51, 10, 0.9),
        (9, 10, 0.9),  # 10 %
        (8, 10, 0.6),  # 20 % is more than 1 - 0.8 is as a float: so it is in FlagEvalMM
        (15, 10, 0.1),  # 50 % is the largest
        (15.1, 10, 0),
        (5, 10, 0.1),
        (0, 10, 0),
        (1e300, 10, 0),
        (float('inf'), 10, 0),
        (float('nan'), 10, 0),
        (None, 10, 0),
        (10, None, 0),
        (0, 0, 1),
        (1, 0, 0),
        (-10, -10, 1),
    ],
)
def test_mean_relative_accuracy(found, right, expected):
    assert mra.mean_relative_accuracy(found, right) == pytest.approx(expected)


def test_a_text_that_is_no_number():
    assert [mra.as_number(text) for text in ('3', ' 2.5 ', 'three', '')] == [3, 2.5, None, None]


@pytest.mark.parametrize(
    ('words', 'expected'),
    [
        ('zero', 0),
        ('Twenty-One chairs', 21),
        ('one hundred and two', 102),
        ('nineteen hundred', 1900),
        ('two million three thousand forty nine', 2003049),
        ('three point one four', 3.14),
        ('point five', 0.5),
        ('thousand', 1000),
        ('42', 42),
        ('five six', 11),  # what follows is the library's, too
        ('one two three four five', 1),
        ('two million three thousand', 2004003),
        ('three point ten', 3),
    ],
)
def test_numbers_in_words(words, expected):
    assert in_words(words) == expected


@pytest.mark.parametrize(
    'words', ['', 'chair', 'thousand two million', 'one million two million', 'million one thousand']
)
def test_words_that_are_no_number(words):
    with pytest.raises(ValueError, match=r'would be|is right|as in'):
        in_words(words)


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('I think so.\nFinal Answer: A', 'A'),
        ('Answer A. Answer: B', 'B'),
        ('Answer: A\nso Answer B', 'A\nso Answer B'),  # "Answer:" is looked for first
        ('答案：3', '3'),
        ('\\boxed{A,C} and \\boxed{D}', 'A,C'),
        ('3', '3'),
        ('−3 – 4', '-3 - 4'),
    ],
)
def test_the_final_answer_of_erqaplus(answer, expected):
    assert matching.final_answer(answer) == expected


@pytest.mark.parametrize(
    ('kind', 'label', 'right', 'wrong'),
    [
        ('choices', {'label': 'a'}, ['A', 'Final Answer: A', 'A. mug', 'a A'], ['A, B', 'a', 'A, A', '']),
        ('choices', {'label': 'A, C'}, ['Final Answer: C, A', 'A and C', 'ACA'], ['A', 'A, B, C']),
        ('choices', {'label': 'AC'}, [], ['AC', 'A, C']),  # between the letters of the answer there are commas
        ('choices', {'label': 'I'}, [], ['I', 'Final Answer: I']),
        ('ordered-list', {'order': ['A', 'b']}, ['A, B', '`a,b`', "'A', 'B'", '**A,B**'], ['B, A', 'A B', '[A,B]']),
        ('ordered-list', {'order': ['1', '2']}, ['A-1, B-2', '1,2'], ['B-1, C-2']),
        ('ordered-list', {'order': [['1', '2'], ['2', '1']]}, ['1,2', '2, 1'], ['A-1, B-2']),
        ('ordered-list', {'order': 'A, B'}, ['a,b'], ['b,a']),
        ('number', {'value_to_match': 5}, ['5', '4 and 5', '5.0005', 'Final Answer: 5 cm'], ['5.001', '6', '-5', '']),
        ('number', {'value_to_match': 5.0}, ['5.4', '4.6'], ['5.5', '4.5']),
        ('number', {'value_to_match': -3}, ['-3', '−3'], ['3']),
        ('number', {'value_to_match': 1500}, ['1500'], ['1,500']),
        ('bool-list', {'bool_str': ['1', '0']}, ['1,0', '[1, 0]', '**[1,0]**'], ['10', '(1,0)', '1,0.']),
        ('key-items', {'key_items': ['no']}, ['No', 'nothing'], ['yes']),
        ('key-items', {'key_items': [['red', 'pink'], ['mug']]}, ['a Pink mug'], ['red', 'mug']),
        ('key-items', {'key_items': ['red mug'], 'remove_space': True}, ['RedMug', 'red  mug'], ['red cup']),
        ('key-items', {'key_items': ['red mug']}, ['red mug'], ['redmug']),
    ],
)
def test_the_comparisons_of_erqaplus(kind, label, right, wrong):
    assert [answer for answer in right if not matching.match(kind, answer, label)[1]] == []
    assert [answer for answer in wrong if matching.match(kind, answer, label)[1]] == []


@pytest.mark.parametrize(
    ('kind', 'key'), [('choices', 'label'), ('ordered-list', 'order'), ('number', 'value_to_match')]
)
def test_a_label_that_lacks_what_its_kind_needs(kind, key):
    with pytest.raises(BadRequest, match=f"{{'x': 1}}; '{key}' is missing"):
        matching.match(kind, 'A', {'x': 1})
    with pytest.raises(BadRequest, match=key):
        matching.match(kind, 'A', {key: []})


@given(st.text(), st.text())
def test_no_answer_breaks_the_readings(answer, label):
    assert extraction.letter(answer) == '' or len(extraction.letter(answer)) == 1
    assert extraction.normalized(answer) == extraction.normalized(answer).strip()
    assert extraction.says(answer, label) in (True, False)
    assert 0 <= mra.mean_relative_accuracy(mra.as_number(mra.written_number(answer)), 3) <= 1
    assert matching.match('number', answer, {'value_to_match': 3})[1] in (True, False)


@given(st.sampled_from('ABCDEFGHJKLMOPQRUVWXYZ'), st.text(st.characters(exclude_categories=['Lu']), max_size=20))
def test_a_letter_behind_the_last_keyword_counts(letter, before):
    """Small letters before it do not matter: no keyword is looked for before this one."""
    assert extraction.letter(f'{before} boxed{{{letter}}}') == letter


def test_an_answer_that_repeats_itself_up_to_the_token_limit_is_read_in_linear_time():
    """In quadratic time, this takes longer than a test may."""
    assert extraction.normalized('\\text{' * 40_000).startswith('\\text{')
    assert matching.final_answer('\\boxed{' * 40_000).startswith('\\boxed{')
