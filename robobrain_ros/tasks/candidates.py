# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The groups of numbers in an answer that may be what was asked for, each with the words that introduce it.

Groups that follow each other with nothing but separators between them are one list. ``choice.py`` picks one.
"""

import re
from dataclasses import dataclass, field, replace

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.distractions import is_foreign, misleads, takes_back
from robobrain_ros.tasks.keys import Wanted
from robobrain_ros.tasks.lines import Lines
from robobrain_ros.tasks.places import Reader, Value, bare_numbers, holds_groups, leaves
from robobrain_ros.tasks.reading import drop
from robobrain_ros.tasks.refusals import says_not_there, sentences
from robobrain_ros.tasks.structure import Group, Top, read_groups
from robobrain_ros.tasks.values import Dropped
from robobrain_ros.tasks.wrappers import around, clean

_SEPARATOR = re.compile(r'[\s,;.*•+>|\-]*(?:and|then|to|->|→|和|与|然后|[0-9]{1,3}[.)])?[\s,;*•+>|\-]*')
_TAG = re.compile(r'</?[^\W\d_][\w-]{0,30}(?:\s[^<>]{0,400})?/?>')
_DENIED = re.compile(r'<([A-Za-z][\w-]{0,30})>\s*(?:false|no|none|null|0|not\s+found)\s*</', re.IGNORECASE)
_TAGGED = re.compile(r'<([^\W\d_][\w-]{0,30})>([^<>]{1,200})</')
_ANSWER = re.compile(
    r'\b(?:final\s+|my\s+)?(?:answer|result|output|solution)\b[^.\n]{0,30}?(?:[:=]|\bis\b)|(?:答案|结果|输出)(?:是|为|[:=])',
    re.IGNORECASE,
)
# A line that says what stands below it: '## Obstacles', '[target]', '**Answer**', 'Things to avoid:'.
_HEADING = re.compile(
    r'(?:^[ \t]*|(?<=[.!?]\s)|(?<=[。！？]))(?:#{1,6}[^\n]*|\[+[^\W\d][\w ]*\]+[ \t]*|\*\*[^*\n]+\*\*[:：]?[ \t]*'
    r'|[^\W\d][\w ]*[:：][ \t]*)(?=\n)',
    re.MULTILINE,
)
_NAME = re.compile(r'[\s\-*•#>|\d.)]*(?:the\s+)?([^\W\d_][\w \-]{0,40}?)[\s_]*[0-9]*\W{0,4}[:=]\W*', re.IGNORECASE)
_IS_NAME = re.compile(r'\s*(?:is|are)\s+(?:the\s+)?(\w[\w ]{0,40})')
_PLACEHOLDER = re.compile(r'[\[(]\s*x1?\s*,[^()\[\]]{0,20}[)\]]+')
_BELONGS = re.compile(r'\W*(?:(?:since|because|as|but|not|no|none)\b|[因由但未没沒無无])', re.IGNORECASE)
_BOX = re.compile(r'\b(?:bounding\s+box|bbox|rectangle|corners?)\b|边界框|检测框|包围框|对角', re.IGNORECASE)
_FIRST_CORNER = re.compile(r'\b(?:top|upper)[- ]?left\b|左上', re.IGNORECASE)
_LAST_CORNER = re.compile(r'\b(?:bottom|lower)[- ]?right\b|右下', re.IGNORECASE)


@dataclass
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
    corners: bool = False
    """Words in front of it, or behind, say that it is a box."""


@dataclass
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
        tail = _ANSWER.search(self.prose)
        return bool(tail and self.candidates and tail.end() > self.candidates[-1].end)


def read_document(answer: str, wanted: Wanted, asked: Asked) -> Document:
    """Find all groups of numbers in an answer, as the model wrote it."""
    text = clean(answer)
    found = Document(outside=around(answer).strip())
    blank: list[tuple[int, int]] = [match.span() for match in _TAG.finditer(text)]
    for top in read_groups(text):
        for group in leaves([top.group]):
            if _read_group(found, top, group, Reader(text, answer, wanted), wanted):
                blank.append((group.start, group.end))
    if not found.candidates and not found.dropped:
        _read_tags(found, text, answer, wanted)
    found.prose = _without(text, blank)
    found.text = text
    _introduce(found, asked)
    found.candidates = _joined(found.candidates, found.prose)
    return found


def _read_group(found: Document, top: Top, group: Group, reader: Reader, wanted: Wanted) -> bool:
    """Take the values of a group, unless it lies under a foreign key; tell whether there are any."""
    known = [key for key in (*top.keys, *top.tags) if wanted.owns(key)] if group is top.group else []
    as_box = any(keys.unnumbered(key) in keys.BOX for key in (*top.keys, *top.tags))
    if foreign := _foreign(top, wanted):
        reader.leave(foreign, group)
    else:
        reader.read(group, Value('', (), box=as_box))
        found.denied = found.denied or (reader.denied and not reader.values)
        if reader.denied:
            reader.values = [replace(value, refused=True) for value in reader.values]
    found.dropped += reader.dropped
    found.empty = found.empty or (reader.empty and group.bracket != '(')
    if reader.values:
        is_object, is_nested = group.bracket == '{', holds_groups(group)
        candidate = Candidate(group.start, group.end, reader.values, is_nested or is_object, is_object or not is_nested)
        candidate.key = keys.normal(known[-1]) if known else ''
        found.candidates.append(candidate)
    return bool(reader.values or reader.dropped)


def _foreign(top: Top, wanted: Wanted) -> str:
    """The first key around a group that says that it is something else; empty without one."""
    inside = False
    for key in top.keys:
        plain = keys.unnumbered(key)
        if wanted.owns(key):
            inside = True
        elif plain not in keys.BOX | keys.HOLDERS and (inside or keys.looks_technical(key)):
            return key
    if len(top.keys) > 1 and not inside:  # 'meta:', and below it 'size:': data, no name of a thing
        return top.keys[-1]
    return next((tag for tag in top.tags if not wanted.owns(tag) and keys.unnumbered(tag) not in keys.BOX), '')


def _read_tags(found: Document, text: str, answer: str, wanted: Wanted) -> None:
    """Numbers without brackets, where they are all that a tag holds: '<point>512, 300</point>'."""
    lines = Lines(text)
    for tag in _TAG.finditer(text):
        lines.tag(tag.group(), tag.end())
        match = _TAGGED.match(text, tag.start())
        if not match:
            continue
        is_box = keys.unnumbered(match[1]) in keys.BOX
        if (is_box or wanted.owns(match[1])) and (parts := bare_numbers(match[2])):
            begin, end = match.span(2)
            if foreign := next((name for name in lines.tags()[:-1] if not wanted.owns(name)), ''):
                found.dropped.append(drop(answer[begin:end].strip(), f'"{foreign[:40]}" holds something else'))
                continue
            value = Value(answer[begin:end].strip(), parts, box=is_box)
            found.candidates.append(Candidate(begin, end, [value], False, True, key=keys.normal(match[1])))


def _introduce(document: Document, asked: Asked) -> None:
    """Note what stands in front of each candidate, and whether that names it as the answer.

    'Answer:' names what follows at once, else the last one of its sentence.
    """
    end, pending, heading = 0, None, ''
    starts = [*(candidate.start for candidate in document.candidates), len(document.prose)]
    for candidate, following in zip(document.candidates, starts[1:], strict=True):
        between = document.prose[end : candidate.start]
        begin, _ = sentences(between)[-1]
        candidate.introduction = _PLACEHOLDER.split(between[begin:])[-1]
        behind = document.prose[candidate.end : min(following, candidate.end + 80)]
        name = _NAME.fullmatch(candidate.introduction[-80:]) or _IS_NAME.match(behind)
        candidate.name = name[1].lower() if name else ''
        candidate.corners = bool(_BOX.search(candidate.introduction)) or bool(
            re.match(r'[\W_]*(?:is|are)\b', behind) and _BOX.search(behind[: sentences(behind)[0][1]])
        )
        if '\n' in (written := document.text[end : candidate.start]):
            headings = [match.group() for match in _HEADING.finditer(written) if len(match.group()) < 80]
            heading = headings[-1] if headings else heading
        candidate.misled = is_foreign(heading, asked) or misleads(candidate.introduction, asked) or takes_back(behind)
        markers = list(_ANSWER.finditer(between))
        candidate.marked = bool(candidate.key or markers)
        if markers:
            pending = candidate if re.search(r'\w', between[markers[-1].end() :]) else None
            candidate.loosely = pending is not None and not candidate.key
        elif begin:
            pending = None
        elif pending and not candidate.misled:
            pending.marked, candidate.marked, pending = bool(pending.key), True, candidate
            candidate.loosely = True
        end = candidate.end


def _joined(candidates: list[Candidate], prose: str) -> list[Candidate]:
    """Candidates that follow each other with only separators between them, as one; two named corners, too."""
    joined: list[Candidate] = []
    for candidate in candidates:
        last = joined[-1] if joined else None
        if last and _FIRST_CORNER.search(last.introduction) and _LAST_CORNER.search(candidate.introduction):
            last.values += candidate.values
            last.end, last.corners = candidate.end, True
        elif (
            last
            and last.joins
            and candidate.joins
            and candidate.key in ('', last.key)
            and candidate.start - last.end < 200
            and _SEPARATOR.fullmatch(prose, last.end, candidate.start)
        ):
            last.values += candidate.values
            last.end, last.is_list = candidate.end, True
        else:
            joined.append(candidate)
    return joined


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    """The text with blanks in these places; new lines inside of them, too."""
    pieces, end = [], 0
    for begin, stop in sorted(spans):
        if begin >= end:
            pieces += [text[end:begin], ' ' * (stop - begin)]
            end = stop
    return ''.join([*pieces, text[end:]])
