# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How sure a model was of the numbers that it wrote: from the probability of each digit and of those beside it.

A number is spelled digit by digit. Where the model was about to write another digit, it was about to point elsewhere:
by 100 units at the first of three digits, by one at the last. What it would have written behind that other digit is not
known; the nearest number that begins so is taken (512 with a 4 in front: 499).
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.structure import NUMBER
from robobrain_ros.tasks.values import Box, Certainty, Parsed, Point

_NUMBER = re.compile(NUMBER)
_DIGITS = re.compile(r'[0-9.]*')
NEAR = 0.02
"""Places this close to each other count as the same, as a part of the image's width or height."""
NEAR_M = 0.05
"""Depths this close to each other count as the same, metres."""
_SLACK = 8
"""How many characters later than expected a token may begin: tokens of incomplete UTF-8 have no text of their own."""


@dataclass(frozen=True)
class Token:
    """A token of the answer."""

    text: str
    odds: tuple[tuple[str, float], ...] = ()
    """The likeliest texts in its place, its own among them, with their natural log-probabilities."""


class Spelling:
    """The tokens of an answer, by where they stand in its text.

    :param text: the whole answer
    :param tokens: all of them, in order
    """

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self._text = text
        self._tokens: dict[int, tuple[int, Token]] = {}
        """By each character: where its token begins, and the token."""
        position = 0
        for token in tokens:
            begin = text.find(token.text, position, position + len(token.text) + _SLACK) if token.text else -1
            if begin >= 0:
                position = begin + len(token.text)
                self._tokens |= dict.fromkeys(range(begin, position), (begin, token))

    def certainties(
        self, span: tuple[int, int], numbers: Sequence[float], tolerances: Sequence[float]
    ) -> tuple[Certainty, ...]:
        """Tell how sure the model was of the numbers of one place.

        :param span: where the place stands in the text
        :param numbers: as they were read, in the order in which they stand there
        :param tolerances: how far off each may be and still be near, in its unit
        :returns: one for each number; none if not all are found, or their tokens are not known
        """
        found: list[Certainty] = []
        for match in _NUMBER.finditer(self._text, *span):
            if len(found) < len(numbers) and float(match.group()) == numbers[len(found)]:
                certainty = self._certainty(match.start(), match.end(), tolerances[len(found)])
                if certainty is None:
                    return ()
                found.append(certainty)
        return tuple(found) if len(found) == len(numbers) else ()

    def _certainty(self, begin: int, end: int, tolerance: float) -> Certainty | None:
        value, here = float(self._text[begin:end]), 1.0
        near, variance, at = 0.0, 0.0, begin
        while at < end:
            start, token = self._tokens.get(at, (at, Token('')))
            if not token.odds or any(math.isnan(odds) for _, odds in token.odds):
                return None
            before, written = token.text[: at - start], self._text[begin:at]
            shares = {
                text[len(before) :]: math.exp(min(odds, 0.0)) for text, odds in token.odds if text.startswith(before)
            }  # others begin otherwise, as with a blank: they say nothing about the number
            total = sum(shares.values())
            for text, share in shares.items():
                if text != token.text[len(before) :]:
                    off = abs(_nearest(written, text, self._text[begin:end]) - value)
                    variance += here * share / total * off * off
                    near += here * share / total * (off <= tolerance)
            here *= shares.get(token.text[len(before) :], 0.0) / total if total else 0.0
            at = start + len(token.text)
        return Certainty(math.sqrt(variance), min(near + here, 1.0))


def with_certainty(parsed: Parsed, spelling: Spelling, scale: Scale) -> Parsed:
    """Tell of each place how sure the model was of its numbers, where that is known.

    :param scale: the model's units
    """
    x, y = NEAR * scale.x_max, NEAR * scale.y_max

    def point(said: Point) -> Point:
        numbers = [said.x, said.y] if said.depth is None else [said.x, said.y, said.depth]
        return replace(said, sure=spelling.certainties(said.span, numbers, [x, y, NEAR_M]))

    def box(said: Box) -> Box:
        corners = [said.x1, said.y1, said.x2, said.y2]
        return replace(said, sure=spelling.certainties(said.span, corners, [x, y, x, y]))

    return replace(parsed, points=tuple(map(point, parsed.points)), boxes=tuple(map(box, parsed.boxes)))


def _nearest(written: str, text: str, literal: str) -> float:
    """The number nearest to ``literal`` that begins with ``written`` and goes on with ``text`` instead."""
    match, value = _DIGITS.match(text), float(literal)
    begun = written + (match.group() if match else '')
    if not _NUMBER.fullmatch(begun):
        return value  # no number: nothing is known of it
    ends = begun != written + text  # with other text behind the digits
    tail = '' if ends else literal[len(begun) :]
    if '.' in begun:
        width = math.pow(10, -len(begun.partition('.')[2])) if tail else 0.0
        return min(max(value, float(begun)), float(begun) + width)
    places = len(tail.partition('.')[0])
    low, width = float(begun) * math.pow(10, places), math.pow(10, places) - 1 + ('.' in tail)
    return min(max(value, low), low + width)
