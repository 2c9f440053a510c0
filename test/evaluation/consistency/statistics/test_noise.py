# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How much two runs differ: texts, words, flips and errors; and whether that is more than noise."""

import numpy as np
import pytest

from robobrain_ros.evaluation.consistency.items import Reply, Score
from robobrain_ros.evaluation.consistency.statistics.noise import agreement, beyond, compare, first_difference


def run(*texts, error_at=()):
    """Replies and scores of a run: what is read from an answer is its last word, and A is right."""
    replies, scores = [], []
    for place, text in enumerate(texts):
        error = 'the engine is dead' if place in error_at else ''
        read = '' if error else text.split()[-1]
        replies.append(
            Reply(f'q{place}', 'Which?', '' if error else text, error, completion_tokens=0 if error else len(text))
        )
        scores.append(Score(f'q{place}', read, float(read == 'A'), read == 'A', bool(error)))
    return replies, scores


def compared(one, other):
    return compare((one[0], other[0]), (one[1], other[1]))


def test_a_run_against_itself_has_no_noise():
    noise = compared(run('it is A', 'B'), run('it is A', 'B'))
    assert (noise.count, noise.answered, noise.same_text, noise.same_text_rate) == (2, 2, 2, 1)
    assert (noise.first_differences, noise.first_difference, noise.token_agreement) == ({}, None, 1)
    assert (noise.extracted_flips, noise.right_flips, noise.errors) == (0, 0, (0, 0))


def test_each_kind_of_difference_is_counted_by_itself():
    one = run('it is A', 'so it is A', 'I say B', 'A')
    other = run('it is A', 'thus it is A', 'I say C', 'B')
    noise = compared(one, other)
    assert noise.same_text == 1
    assert noise.first_differences == {'q1': 0, 'q2': 2, 'q3': 0}
    assert noise.first_difference == 0
    assert noise.token_agreement == pytest.approx((1 + 3 / 4 + 2 / 3 + 0) / 4)
    assert noise.extracted_flips == 2  # B to C, and A to B
    assert noise.right_flips == 1  # B and C are both wrong
    assert noise.completion_tokens == ((7 + 10 + 7 + 1) / 4, (7 + 12 + 7 + 1) / 4)


def test_errors_are_flips_and_no_equal_texts():
    one = run('A', 'B', 'C', 'A', error_at=(1,))
    noise = compared(one, run('A', 'B', 'C', 'A', error_at=(0, 1, 3)))
    assert (noise.count, noise.answered, noise.same_text) == (4, 1, 1)
    assert noise.errors == (1, 3)
    assert noise.extracted_flips == 2  # q0 and q3; q1 is an error on both sides
    assert noise.right_flips == 2
    nothing = compared(run('A', error_at=(0,)), run('A', error_at=(0,)))
    assert (nothing.answered, nothing.same_text_rate, nothing.completion_tokens) == (0, 1, (0, 0))


def test_blanks_between_words_are_a_difference_of_the_text_alone():
    assert compared(run('A  cat'), run('A cat')).first_differences == {}
    assert compared(run('A  cat'), run('A cat')).same_text == 0


@pytest.mark.parametrize(
    ('one', 'other', 'place', 'share'),
    [
        ('abcd', 'abcd', None, 1),
        ('abcd', 'abxd', 2, 3 / 4),
        ('abcd', 'ab', 2, 1 / 2),
        ('', 'ab', 0, 0),
        ('', '', None, 1),
        ('abcd', 'bcd', 0, 0),
    ],
)
def test_the_first_word_that_differs(one, other, place, share):
    assert first_difference(one, other) == first_difference(other, one) == place
    assert agreement(one, other) == agreement(other, one) == share


def test_an_error_is_something_else_than_an_answer_in_which_nothing_can_be_read():
    replies, _ = run('A')
    unread, error = Score('q0', '', 0.0, False), Score('q0', '', 0.0, False, error=True)
    assert compare((replies, replies), ([unread], [error])).extracted_flips == 1
    assert compare((replies, replies), ([error], [error])).extracted_flips == 0


def noisy(letters, share, dice):
    """Scores of a run that answers a share of the questions by chance."""
    drawn = np.where(dice.random(len(letters)) < share, dice.integers(0, 4, len(letters)), letters)
    return [Score(str(place), 'ABCD'[letter], float(letter == 0), letter == 0) for place, letter in enumerate(drawn)]


def test_one_more_run_of_a_is_hardly_ever_found_beyond_the_noise():
    dice = np.random.default_rng(11)
    letters = dice.integers(0, 4, 300)
    found = sum(beyond(*(noisy(letters, 0.1, dice) for _ in range(3))) <= 0.05 for _ in range(300))
    assert found / 300 < 0.05 + 0.038  # three standard deviations


def test_a_stack_of_the_same_accuracy_that_answers_differently_is_found():
    dice = np.random.default_rng(12)
    letters = dice.integers(0, 4, 300)
    a, again = noisy(letters, 0.05, dice), noisy(letters, 0.05, dice)
    assert beyond(a, again, noisy(letters, 0.3, dice)) < 0.001
    assert beyond(a, noisy(letters, 0.3, dice), again) > 0.999
    assert beyond(a, a, a) == 0.5


def test_a_missing_answer_is_beyond_the_noise():
    (_, answers), (_, lost) = run(*['A'] * 6), run(*['A'] * 6, error_at=range(1, 6))
    assert beyond(answers, answers, lost) == pytest.approx(1 / 64)  # five flips of five: half of 1/32
    assert beyond(lost, lost, answers) == pytest.approx(1 / 64)
    assert beyond(lost, answers, lost) == pytest.approx(1 - 1 / 64)
