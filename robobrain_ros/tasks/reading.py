# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Small parts of reading what a model wrote: excerpts, one-line texts, quoted strings. All in linear time."""

import re
import unicodedata

from robobrain_ros.tasks.values import Dropped
from robobrain_ros.tasks.wrappers import ends_in_thoughts, inside

_EXCERPT = 120
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|.)', re.DOTALL)
_ESCAPED = {'n': '\n', 't': '\t', 'r': '\r', 'b': '\b', 'f': '\f'}


def drop(text: str, reason: str, repeat: bool = False) -> Dropped:
    """A ``Dropped`` with a text of bearable length: its beginning, literally."""
    return Dropped(text[:_EXCERPT], reason, repeat)


def nothing_in(answer: str, wanted: str) -> Dropped:
    """The report for an answer without a single candidate."""
    if text := inside(answer):
        return drop(text, f'no {wanted} in the answer')
    return drop(
        answer.strip(), 'the answer ends inside its thoughts' if ends_in_thoughts(answer) else 'the answer is empty'
    )


def one_line(text: str) -> str:
    """The text with every run of blanks and control characters as one space; safe for messages and logs."""
    if text.isascii() and text.isprintable():
        return ' '.join(text.split())
    printable = ''.join(' ' if unicodedata.category(c) in ('Cc', 'Cs') else c for c in text)
    return ' '.join(printable.split())


def unquote(token: str) -> str:
    """The value of a ``STRING`` token, its escapes resolved; unknown escapes stand for their character."""

    def resolve(match: re.Match[str]) -> str:
        code = match.group(1)
        return chr(int(code[1:], 16)) if len(code) == 5 else _ESCAPED.get(code, code)

    text = _ESCAPE.sub(resolve, token[1:-1])
    return text.encode('utf-16', 'surrogatepass').decode('utf-16', 'replace')  # joins \ud83d\ude00, replaces half pairs
