# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An answer's groups of numbers that may be what was asked for, and the words around them."""

import re
from dataclasses import dataclass, field

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.places import Value
from robobrain_ros.tasks.refusals import says_not_there, sentences
from robobrain_ros.tasks.values import Dropped

MARKER = re.compile(
    r'\b(?:answer|result|output|solution)\b[^.\n]{0,30}?(?:[:=]|\bis\b)|(?:答案|结果|输出)(?:是|为|[:=])',
    re.IGNORECASE,
)
"""What names the answer that follows."""
_LONGEST_MARKER = 60
_DENIED = re.compile(r'<([A-Za-z][\w-]{0,30})>\s*(?:false|no|none|null|0|not\s+found)\s*</', re.IGNORECASE)
_BELONGS = re.compile(r'\W*(?:(?:since|because|as|but|not|no|none)\b|[因由但未没沒無无])', re.IGNORECASE)


@dataclass(slots=True)
class Candidate:
    """Groups that are one list, with their values."""

    start: int
    end: int
    values: list[Value]
    is_list: bool
    """It is more than a bare tuple in a sentence."""
    joins: bool
    """It may be one of several groups that make a list: a bare tuple, or an object."""
    key: str = ''
    """The key outside of brackets that says that it is what was asked for; empty without one."""
    introduction: str = ''
    """The words of its sentence in front of it."""
    name: str = ''
    """What stands in front of a colon before it: 'Red mug: (512, 300)'."""
    marked: bool = False
    """It is named as the answer."""
    loosely: bool = False
    """Words stand between that and the numbers: of a sentence, the last ones are the answer."""
    misled: bool = False
    """Words around it say that it is no answer."""
    same: bool = False
    """Its sentence places there what was asked for, by this name or another one."""
    named: bool = False
    """The words behind it say that it is what was asked for: '(512, 300) is the red mug'."""
    other: str = ''
    """The thing that its sentence places there, where it may be another one than what was asked for."""
    foreign: bool = False
    """That is another thing for sure."""
    corners: bool = False
    """Words in front of it, or behind, say that it is a box."""


@dataclass(slots=True)
class Document:
    """An answer's groups of numbers and the words around them."""

    candidates: list[Candidate] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    empty: bool = False
    """What was asked for is there, and holds nothing."""
    denied: bool = False
    """An object of its own says that it is not there."""
    text: str = ''
    """The cleaned text."""
    prose: str = ''
    """The cleaned text, all values blank."""
    outside: str = ''
    """What stands around the answer tags."""

    def is_refused(self, chosen: Candidate | None, asked: Asked) -> bool:
        """Whether a sentence says that nothing is there; what goes on behind the answer with a comma does not count.

        Where the answer names what was asked for and says where it is, only what is said of that counts.
        """
        if self.outside and says_not_there(self.outside):
            return True
        if self.denied or any(keys.says_found(tag[1]) for tag in _DENIED.finditer(self.text)):
            return True
        if chosen is None:
            return says_not_there(self.prose)
        behind = self.prose[chosen.end :].lstrip('])} ')
        if behind[:1] in (',', ';') and not _BELONGS.match(behind[:40]):  # '[(512, 300)], the lid is not visible'
            behind = behind[sentences(behind)[0][1] :]
        scope = asked if asked.names(chosen.introduction) else None
        return says_not_there(f'{self.prose[: chosen.start]} {behind}', scope)

    def answer_is_missing(self) -> bool:
        """Whether the text ends behind 'the answer is'."""
        end = self.candidates[-1].end if self.candidates else len(self.prose)
        if not MARKER.search(self.prose, max(end - _LONGEST_MARKER, 0)):
            return False
        first = MARKER.search(self.prose)
        return bool(first and first.end() > end)
