# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The structure of a model's answer: a tree of keys and values, each with its place in the text. No meaning yet.

JSON and Python literals are read as models write them (single quotes, unquoted keys, trailing commas, broken, cut
short), and bare tuples in prose; ``lines.py`` adds YAML's keys and tags. Nothing is repaired: what is complete is read,
what is not has a ``flaw``. Time is linear in the text.
"""

import re
from dataclasses import dataclass, field

from robobrain_ros.tasks.lines import Lines
from robobrain_ros.tasks.reading import unquote

NUMBER = r'[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?'
"""Decimal numbers as models write them: sign, missing decimals ('1.'), missing zero ('.5') and exponent allowed."""
STRING = (
    r"""(?:(?<!\\)"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\w\\])'[^'\\]*(?:(?:\\.|(?<=\w)'(?=\w))[^'\\]*)*(?:'(?!\w)|(?<!\w)'))"""
)
"""A quoted string of JSON or Python; an apostrophe between two letters does not end a single-quoted one.

A quote behind a backslash opens none: so at most one quote of a text has no end, and the search takes linear time."""
CUT_SHORT = 'cut short: no closing bracket'
MISMATCH = 'its brackets do not match'
DEEPEST = 40
"""Brackets inside of brackets; deeper ones are passed over, and what they hold is read as if it lay here."""

_TOKEN = re.compile(
    rf'(?P<string>{STRING})|(?P<tag></?[^\W\d_][\w-]{{0,30}}(?:\s[^<>]{{0,400}})?/?>)|(?P<open>[\[({{])|(?P<close>[\])}}])'
    r"""|(?P<comma>,)|(?P<colon>[:=])|(?P<word>[^\[\](){},:=\s"'<]+|["'<])""",
    re.DOTALL,
)
_START = re.compile(r'["\'<\[({]')
"""Outside of all groups, every token that counts begins with one of these."""
_PAIRS = {')': '(', ']': '[', '}': '{'}


@dataclass(slots=True)
class Atom:
    """Text between two separators: a number, a word, a quoted string, prose."""

    start: int
    end: int
    quoted: bool


@dataclass(slots=True)
class Group:
    """What a pair of brackets holds, in order."""

    bracket: str
    start: int
    end: int = -1
    items: 'list[Item]' = field(default_factory=list)
    flaw: str = CUT_SHORT
    """Why it is not complete; empty when it is."""


@dataclass(slots=True)
class Item:
    """A value in a group, and the key in front of it; None without one."""

    key: str | None
    value: Atom | Group


@dataclass(slots=True)
class Top:
    """A group that lies in no other, and the keys of the lines and the tags that it stands behind, outermost first."""

    group: Group
    keys: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def read_groups(text: str) -> list[Top]:
    """All groups of a cleaned text that lie in no other, in order.

    :param text: what ``wrappers.clean`` gives
    """
    builder = _Builder(text)
    builder.build()
    return builder.tops


class _Builder:
    """Puts tokens together; ``stack`` holds the groups that are open."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tops: list[Top] = []
        self.stack: list[Group] = []
        self.lines = Lines(text)
        self.hidden = 0
        """Brackets that were opened too deep to be groups."""
        self.key: str | None = None
        self.atom: Atom | None = None
        """What is being read."""

    def build(self) -> None:
        position = 0
        while match := self.next_token(position):
            position = match.end()
            kind, token = match.lastgroup, match.group()
            if kind == 'open':
                self.open(token, match.start())
            elif not self.stack:
                if kind == 'string' and self.is_prose(match):
                    position = match.start() + 1  # a lone quote, or quotes around the whole answer
                elif kind == 'tag':
                    self.lines.tag(token, match.end())
            elif kind == 'close':
                self.close(token, match.end())
            elif kind == 'comma':
                self.flush()
            elif kind == 'colon' and self.atom and self.key is None:
                written = self.text[self.atom.start : self.atom.end]
                written = unquote(written) if self.atom.quoted and '\\' in written else written
                self.key, self.atom = written.strip('"\'` \t\n*'), None
            elif self.ends_inside_string(token, match.start()):
                break
            else:
                self.extend(match.start(), match.end(), kind == 'string')
        self.atom = self.atom if self.stack and self.stack[-1].bracket != '{' else None  # half a value may be another
        self.flush()
        for group in self.stack:
            group.end = len(self.text.rstrip())

    def next_token(self, position: int) -> re.Match[str] | None:
        """The next token that counts."""
        if self.stack:
            return _TOKEN.search(self.text, position)
        start = _START.search(self.text, position)
        return _TOKEN.match(self.text, start.start()) if start else None

    def is_prose(self, match: re.Match[str]) -> bool:
        """Whether quotes outside of all groups are no quotation: what stands in a quotation is never read."""
        quoted = match.group()
        inner = quoted[1:-1].lstrip()
        return (
            quoted[0] == "'"
            or '\n' in quoted
            or inner[:1] in ('[', '(', '{')
            or self.text[match.start() - 1 :][:1].isalnum()
        )

    def ends_inside_string(self, token: str, start: int) -> bool:
        """Whether a quote opens a string that the end of the text cuts: what follows is its text."""
        return token in ('"', "'") and self.stack[-1].bracket != '(' and not self.text[start - 1].isalnum()

    def open(self, bracket: str, start: int) -> None:
        if len(self.stack) == DEEPEST:
            self.hidden += 1
            return
        group = Group(bracket, start)
        if self.stack and self.stack[-1].bracket == '(' and self.key is None:
            self.flush()  # the words of a parenthesis show that it is one
        if self.stack:
            self.stack[-1].items.append(Item(self.key, group))  # words in front of it are prose: 'point (1, 2)'
        else:
            self.tops.append(Top(group, self.lines.keys(start), self.lines.tags()))
        self.key = self.atom = None
        self.stack.append(group)

    def close(self, bracket: str, end: int) -> None:
        self.flush()
        if self.hidden:
            self.hidden -= 1
            return
        above = [group.bracket for group in self.stack[:-4:-1]]
        depth = above.index(_PAIRS[bracket]) + 1 if _PAIRS[bracket] in above else 0
        closed = self.stack[-max(depth, 1) :]
        for group in closed:
            group.end, group.flaw = end, MISMATCH
        if depth:
            closed[0].flaw = ''
        del self.stack[-len(closed) :]
        if not self.stack:
            self.lines.skip(end)

    def extend(self, start: int, end: int, quoted: bool) -> None:
        if self.atom is None:
            self.atom = Atom(start, end, quoted)
        else:
            self.atom.end, self.atom.quoted = end, False

    def flush(self) -> None:
        if self.atom and self.stack:
            self.stack[-1].items.append(Item(self.key, self.atom))
        self.key = self.atom = None
