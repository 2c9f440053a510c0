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
from dataclasses import replace

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.document import Candidate, Document
from robobrain_ros.tasks.introductions import introduce
from robobrain_ros.tasks.keys import Wanted
from robobrain_ros.tasks.lines import Lines
from robobrain_ros.tasks.places import Reader, Value, holds_groups, leaves
from robobrain_ros.tasks.reading import drop
from robobrain_ros.tasks.source import bare_numbers
from robobrain_ros.tasks.structure import Group, Top, read_groups
from robobrain_ros.tasks.wrappers import around, clean

_SEPARATOR = re.compile(r'[\s,;.*•+>|\-]*(?:and|then|to|->|→|和|与|然后|[0-9]{1,3}[.)])?[\s,;*•+>|\-]*')
_TAG = re.compile(r'</?[^\W\d_][\w-]{0,30}(?:\s[^<>]{0,400})?/?>')
_TAGGED = re.compile(r'<([^\W\d_][\w-]{0,30})>([^<>]{1,200})</')
_FIRST_CORNER = re.compile(r'\b(?:top|upper)[- ]?left\b|左上', re.IGNORECASE)
_LAST_CORNER = re.compile(r'\b(?:bottom|lower)[- ]?right\b|右下', re.IGNORECASE)


def read_document(answer: str, wanted: Wanted, asked: Asked) -> Document:
    """Find all groups of numbers in an answer, as the model wrote it."""
    text = clean(answer)
    found = Document(outside=around(answer).strip())
    blank: list[tuple[int, int]] = [match.span() for match in _TAG.finditer(text)]
    for top in read_groups(text):
        for group in leaves([top.group]):
            if _read_group(found, top, group, Reader(text, answer, 0, wanted, asked), wanted):
                blank.append((group.start, group.end))
    if not found.candidates and not found.dropped:
        _read_tags(found, text, answer, wanted)
    found.prose = _without(text, blank)
    found.text = text
    introduce(found, asked)
    found.candidates = _joined(found.candidates, found.prose)
    return found


def _read_group(found: Document, top: Top, group: Group, reader: Reader, wanted: Wanted) -> bool:
    """Take the values of a group, unless it lies under a foreign key; tell whether there are any."""
    around_it = (*top.keys, *top.tags)
    known = [key for key in around_it if wanted.owns(key)] if group is top.group else []
    as_box = any(keys.unnumbered(key) in keys.BOX for key in around_it)
    if foreign := around_it and _foreign(top, wanted):
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
