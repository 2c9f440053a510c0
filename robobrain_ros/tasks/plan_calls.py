# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Calls of functions, as models write steps that were trained on code: 'pick("mug")', 'place("mug", on="plate")'."""

import re

_ARGUMENT = r"""(?:\w{1,30}\s*[=:]\s*)?(?:"[^"()\n]{0,80}"|'[^'()\n]{0,80}'|[^\W\d][\w ]{0,80})"""
_CALL = re.compile(
    rf'(?<![\w.])(?P<name>[^\W\d]\w{{0,30}})'
    rf'\(\s*(?P<arguments>(?:{_ARGUMENT}(?:\s*,\s*{_ARGUMENT})?\s*,?)?)\s*\)'
)
"""A function's call with up to two names or strings: 'place("mug", on="plate")'."""
_NAMED = re.compile(r'(?P<key>\w+)\s*[=:]\s*(?P<value>.*)', re.DOTALL)
_TO = re.compile(r'.*_(?:to|at|on|onto|in|into|near)', re.IGNORECASE)
_WHERE = frozenset({
    'destination', 'target_location', 'location', 'place', 'receptacle', 'to', 'on', 'onto', 'in', 'into', 'at',
    'where',
})  # fmt: skip
"""Names of the argument that says where to."""
_OPENING = re.compile(r'\s*(?:\w{1,30}\s*=\s*)?(\[?)\s*')
_BETWEEN = re.compile(r'(?:[\s,;]|#[^\n]*)*')
_CLOSING = re.compile(r'\s*\]?[\s;.。]*\Z')


def call_parts(sentence: str) -> tuple[str, str, str] | None:
    """Name, thing and place of a call; a lone argument of 'move_to' is the place. None if it is no call."""
    match = _CALL.fullmatch(sentence)
    return (match['name'], *_arguments(match['name'], match['arguments'])) if match else None


def calls_in(text: str) -> tuple[list[tuple[int, int]], int] | None:
    """Where the calls of a text begin and end, and where what is left behind them begins; None if it is no program.

    A program is two calls or more, one behind the other, or a list of them, with or without a name in front.

    :returns: what is left begins at the text's end if the program is complete
    """
    opening = _OPENING.match(text)
    position = _end(_BETWEEN, text, opening.end() if opening else 0)
    spans: list[tuple[int, int]] = []
    while match := _CALL.match(text, position):
        spans.append(match.span())
        position = _end(_BETWEEN, text, match.end())
    if not spans or (len(spans) == 1 and not (opening and opening[1])):
        return None
    return spans, len(text) if _CLOSING.match(text, position) else position


def _arguments(name: str, written: str) -> tuple[str, str]:
    thing = place = ''
    for part in filter(None, (part.strip() for part in written.split(','))):
        match = _NAMED.fullmatch(part)
        value = (match['value'] if match else part).strip('"\' ')
        if (match['key'].lower() in _WHERE) if match else (bool(thing) or bool(_TO.fullmatch(name) and not place)):
            place = value
        else:
            thing = value
    return thing, place


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    match = pattern.match(text, position)
    return match.end() if match else position
