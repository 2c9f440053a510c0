# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How sure a model was of its numbers: what the digits that it nearly wrote say."""

from math import log

import pytest

from robobrain_ros.tasks.certainty import Spelling, Token


def tokens(text: str, **others: dict[str, float]) -> list[Token]:
    """A token for each character; ``at3={'4': 0.2}``: the model nearly wrote 4 there."""
    made = []
    for index, character in enumerate(text):
        more = others.get(f'at{index}', {})
        odds = {character: 1 - sum(more.values())} | more
        made.append(Token(character, tuple((other, log(share)) for other, share in odds.items())))
    return made


def certainty(text, numbers=(512, 300), tolerance=20, **others):
    return Spelling(text, tokens(text, **others)).certainties((0, len(text)), numbers, [tolerance] * len(numbers))


def test_without_alternatives_it_is_sure():
    assert [(one.spread, one.near) for one in certainty('[(512, 300)]')] == [(0, 1), (0, 1)]


@pytest.mark.parametrize(
    ('others', 'spread', 'near'),
    [
        ({'at4': {'4': 0.25}}, 0.5 * 2, 1.0),  # 514 instead of 512
        ({'at2': {'4': 0.25}}, 0.5 * 13, 1.0),  # 4.. is 499 at the most
        ({'at2': {'1': 0.25}}, 0.5 * 313, 0.75),  # 199
        ({'at2': {'9': 0.04}}, 0.2 * 388, 0.96),  # 900 at the least
        ({'at4': {',': 0.04}}, 0.2 * 461, 0.96),  # 51
        ({'at2': {' ': 0.5}}, 0.0, 1.0),  # a blank in front says nothing
    ],
)
def test_a_digit_that_was_nearly_written(others, spread, near):
    x, y = certainty('[(512, 300)]', **others)
    assert (x.spread, x.near) == (pytest.approx(spread), pytest.approx(near))
    assert (y.spread, y.near) == (0, 1)


def test_later_digits_count_as_often_as_they_were_reached():
    x, _ = certainty('[(512, 300)]', at2={'1': 0.5}, at3={'9': 0.5})
    assert x.near == pytest.approx(0.25)


@pytest.mark.parametrize(
    ('others', 'spread'),
    [
        ({'at0': {'1': 0.25}}, 0.5 * 0.15),
        ({'at2': {'7': 0.25}}, 0.5 * 0.05),
        ({'at3': {'9': 0.25}}, 0.5 * 0.04),
        ({'at1': {')': 0.25}}, 0.5 * 0.85),
    ],
)
def test_decimals(others, spread):
    (found,) = certainty('0.85', (0.85,), 1.0, **others)
    assert found.spread == pytest.approx(spread)


def test_tokens_of_several_characters():
    spelt = Spelling(
        '[(512, 300)]', [Token('[(', ()), Token('51', (('51', log(0.75)), ('49', log(0.25)))), *tokens('2, 300)]')]
    )
    x, _ = spelt.certainties((0, 12), (512, 300), (5, 5))
    assert (x.spread, x.near) == (pytest.approx(0.5 * 13), pytest.approx(0.75))


@pytest.mark.parametrize(
    ('text', 'given', 'span', 'numbers'),
    [
        ('[(512, 300)]', [], (0, 12), (512, 300)),  # nothing is known
        ('[(512, 300)]', tokens('[(512')[:4], (0, 12), (512, 300)),
        ('[(512, 300)]', [Token('[(512, 300)]')], (0, 12), (512, 300)),
        ('[(512, 300)]', tokens('[(512, 300)]'), (0, 6), (512, 300)),  # 300 lies outside
        ('[(512, 300)]', tokens('[(512, 300)]'), (0, 12), (512, 301)),
    ],
)
def test_what_is_not_known_is_not_guessed(text, given, span, numbers):
    assert Spelling(text, given).certainties(span, numbers, (20, 20)) == ()


def test_bytes_that_are_no_text_of_their_own_are_passed_over():
    spelt = Spelling('杯 (1, 2)', [Token('\ufffd'), Token('杯'), *tokens(' (1, 2)')])
    assert spelt.certainties((0, 8), (1, 2), (1, 1))


@pytest.mark.parametrize('odds', [float('nan'), float('inf'), 1e9, 0.001])
def test_odds_that_cannot_be_make_nothing_sure(odds):
    given = [Token('512', (('512', odds), ('412', -1.0))), Token(', '), Token('300', (('300', 0.0),))]
    found = Spelling('512, 300', given).certainties((0, 8), (512, 300), (20, 20))
    assert found == () if odds != odds else 0 < found[0].near < 1
