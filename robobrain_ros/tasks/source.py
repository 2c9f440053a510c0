# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The text that a tree of groups was read from: what the model wrote at each place, and whether it is a number."""

import re
from dataclasses import dataclass

from robobrain_ros.tasks.reading import one_line, unquote
from robobrain_ros.tasks.structure import NUMBER, Atom, Group

_NUMBER = re.compile(NUMBER)
_NOT_FINITE = re.compile(r'[+-]?(?:nan|inf|infinity)', re.IGNORECASE)
_BARE = re.compile(rf'\s*(?:x\s*[:=]\s*)?{NUMBER}(?:\s*[,;\s]\s*(?:[yd]\s*[:=]\s*)?{NUMBER}){{1,3}}\s*\.?\s*')


@dataclass
class Source:
    """The text of an answer, or of a quotation in it.

    :param text: the cleaned text that the groups are from
    :param answer: the text as the model wrote it, to be quoted; as long as ``text``
    :param offset: where it begins in the whole answer, characters
    """

    text: str
    answer: str
    offset: int

    def quote(self, node: Atom | Group) -> str:
        """What the model wrote there."""
        return self.answer[node.start : node.end].rstrip()

    def span(self, node: Atom | Group) -> tuple[int, int]:
        """Where it stands in the whole answer."""
        return self.offset + node.start, self.offset + node.end

    def words(self, node: Atom | Group) -> str:
        """An atom's text, without its quotes."""
        if isinstance(node, Group):
            return ''
        text = self.answer[node.start : node.end]
        return one_line(unquote(text) if node.quoted else text)

    def plain(self, node: Atom) -> str:
        """An atom's text in plain digits, without its quotes."""
        return self.words(node) if node.quoted else one_line(self.text[node.start : node.end])

    def has_numbers(self, group: Group) -> bool:
        """Whether any value of a group is a number."""
        return any(
            isinstance(item.value, Atom)
            and not (item.value.quoted and not _NUMBER.fullmatch(self.words(item.value)))
            and is_number(self.plain(item.value))
            for item in group.items
        )

    def count(self, group: Group) -> int:
        """How many numbers a group holds; 0 if it holds anything else."""
        found = [item for item in group.items if isinstance(item.value, Atom) and is_number(self.plain(item.value))]
        return len(found) if len(found) == len(group.items) else 0


def bare_numbers(text: str) -> tuple[str, ...]:
    """Two to four numbers with nothing but separators between them: '512, 300', 'x=512, y=300'; else empty."""
    return tuple(_NUMBER.findall(text)) if len(text) < 200 and _BARE.fullmatch(text) else ()


def is_number(words: str) -> bool:
    """Whether an atom starts like a number, or is one that is not finite."""
    return bool(_NUMBER.match(words) or _NOT_FINITE.fullmatch(words))
