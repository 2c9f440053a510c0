# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What stands in front of each group of numbers, and behind: whether that names it as the answer, or as none."""

import re

from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.chinese import simplified
from robobrain_ros.tasks.distractions import is_foreign, misleads, takes_back
from robobrain_ros.tasks.document import MARKER, Candidate, Document
from robobrain_ros.tasks.placed import placed_thing
from robobrain_ros.tasks.refusals import sentences

# A line that says what stands below it: '## Obstacles', '[target]', '**Answer**', 'Things to avoid:'.
_HEADING = re.compile(
    r'(?:^[ \t]*|(?<=[.!?]\s)|(?<=[。！？]))(?:#{1,6}[^\n]*|\[+[^\W\d][\w ]*\]+[ \t]*|\*\*[^*\n]+\*\*[:：]?[ \t]*'
    r'|[^\W\d][\w ]*[:：][ \t]*)(?=\n)',
    re.MULTILINE,
)
_NAME = re.compile(r'[\s\-*•#>|\d.)]*(?:the\s+)?([^\W\d_][\w \-]{0,40}?)[\s_]*[0-9]*\W{0,4}[:=]\W*', re.IGNORECASE)
_IS_NAME = re.compile(r'\s*(?:is|are)\s+(?:the\s+)?(\w[\w ]{0,40})')
_IS = re.compile(r'[\W_]*(?:is|are)\b')
# How words begin that say something of the numbers in front of them.
_SAYS = re.compile(r'[\W_]*(?:which|is|are|was|were|blocks?|obstructs?|must|should|[处處是为為以])', re.IGNORECASE)
_LETTER = re.compile(r'[^\W\d_]')
# '(250, 410) is the red mug and', '(250, 410)是红色杯子，'
_IS_THING = re.compile(
    r'\s*(?:is\s+(?:the|an?)\s+((?:[^\W\d_]+ ){0,3}?[^\W\d_]+)\s*(?:[.!,;，。]|\Z|'
    r'\b(?:and|but|while|on|in|next|near)\b)'
    r'|(?:就)?是(?:一个|那个)?([\u4e00-\u9fff]{1,12}?)\s*(?:[，。；、,.;!！\n]|\Z|而))',
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r'[\[(]\s*x1?\s*,[^()\[\]]{0,20}[)\]]+')
_BOX = re.compile(r'\b(?:bounding\s+box|bbox|rectangle|corners?)\b|边界框|检测框|包围框|对角', re.IGNORECASE)


def introduce(document: Document, asked: Asked) -> None:
    """Note what stands in front of each candidate, and whether that names it as the answer.

    'Answer:' names what follows at once, else the last one of its sentence.
    """
    end, pending, heading = 0, None, ''
    starts = [*(candidate.start for candidate in document.candidates), len(document.prose)]
    for candidate, following in zip(document.candidates, starts[1:], strict=True):
        between = document.prose[end : candidate.start]
        behind = document.prose[candidate.end : min(following, candidate.end + 80)]
        if '\n' in (written := document.text[end : candidate.start]):
            headings = [match.group() for match in _HEADING.finditer(written) if len(match.group()) < 80]
            heading = headings[-1] if headings else heading
        begin, _ = sentences(between)[-1]
        candidate.introduction = _PLACEHOLDER.split(between[begin:])[-1]
        candidate.misled = bool(heading) and is_foreign(heading, asked)
        said = 0
        if _SAYS.match(behind):
            said = _look_behind(candidate, behind, asked)
        markers: list[re.Match[str]] = []
        if _LETTER.search(between):
            _look_in_front(candidate, asked)
            markers = list(MARKER.finditer(between))
        candidate.marked = bool(candidate.key or markers)
        if markers:
            pending = candidate if re.search(r'\w', between[markers[-1].end() :]) else None
            candidate.loosely = pending is not None and not candidate.key
        elif begin:
            pending = None
        elif pending and not candidate.misled:
            pending.marked, candidate.marked, pending = bool(pending.key), True, candidate
            candidate.loosely = True
        end = candidate.end + said


def _look_in_front(candidate: Candidate, asked: Asked) -> None:
    """Note what the words in front of a candidate say of it."""
    words = candidate.introduction
    if name := _NAME.fullmatch(words[-80:]):
        candidate.name = name[1].lower()
        if not candidate.key and asked.is_not(candidate.name.strip()):  # a name in no list may be a heading
            candidate.other, candidate.foreign = candidate.name, True
    candidate.corners = candidate.corners or bool(_BOX.search(words))
    candidate.misled = candidate.misled or misleads(words, asked)
    if asked.noun:
        _compare(candidate, placed_thing(words), asked)


def _look_behind(candidate: Candidate, behind: str, asked: Asked) -> int:
    """Note what the words behind a candidate say of it; tell how many characters of them name it."""
    if name := _IS_NAME.match(behind):
        candidate.name = name[1].lower()
    if thing := _IS_THING.match(behind):
        called = simplified(thing[1] or thing[2]).lower()
        candidate.named = asked.names(called)
        _compare(candidate, called, asked)
    candidate.corners = bool(_IS.match(behind) and _BOX.search(behind[: sentences(behind)[0][1]]))
    candidate.misled = candidate.misled or takes_back(behind)
    return max(thing.span(1)[1], thing.span(2)[1]) if thing else 0


def _compare(candidate: Candidate, thing: str, asked: Asked) -> None:
    """Note whether the thing that a sentence places there is another one than what was asked for."""
    other = asked.is_not(thing)
    if other is False:
        candidate.same = candidate.same or bool(thing)
    else:
        candidate.other, candidate.foreign = thing, bool(other)
