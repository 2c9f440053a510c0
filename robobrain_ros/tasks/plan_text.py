# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Plans as text: numbered or bulleted lists, sections, continued lines, all steps in one line.

The plan is the list under a heading that says so, else one without a heading, else the first whose lines begin with
verbs. Other lists, bullets below a numbered step and lines between two steps are reported.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from robobrain_ros.tasks.chinese import simplified
from robobrain_ros.tasks.plan_calls import call_parts, calls_in
from robobrain_ros.tasks.plan_prose import read_prose
from robobrain_ros.tasks.plan_records import read_records, read_table
from robobrain_ros.tasks.plan_words import is_no_step, starts_with_verb, step_of
from robobrain_ros.tasks.reading import drop, one_line
from robobrain_ros.tasks.values import Dropped, Step

_CHINESE = '一二三四五六七八九十'
_WORDS = ('one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten')
_CIRCLED = '①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳'
_BRACKETED = '⑴⑵⑶⑷⑸⑹⑺⑻⑼⑽'
_NUMBERED = re.compile(
    r'[\s*#>\-]*(?:'
    r'[(\[]?(?:step\s*)?(?P<number>[0-9]{1,3}(?:\.[0-9]{1,2})*)(?:\s?[.):\]]|\s+-\s)(?:\*\*)?(?![0-9])'
    r'|(?P<sub>[0-9]{1,3}\.[0-9]{1,2})\s'
    rf'|step\s+(?P<word>{"|".join(_WORDS)})\s?[.:)]'
    rf'|(?P<sign>[{_CIRCLED}{_BRACKETED}])|(?P<key>[0-9])\ufe0f?\u20e3'
    rf'|(?:步骤|第)?\s?[(（]?(?P<other>[0-9０-９]{{1,3}}|[{_CHINESE}]{{1,3}})(?:步\s?[,，]|步?\s?[、）)：:.．])'
    r')\s*(?:\*\*)?\s*',
    re.IGNORECASE,
)
_BULLET = re.compile(
    r'\s*(?:>\s*)?(?:[-*•+]|\(?[a-zA-Z][.)]|[ivxIVX]{2,4}[.)])\s+(?:\[[ xX]?\]\s+)?|<(?:step|li)\b[^<>]{0,80}>\s*'
)
_TAG = re.compile(r'(?=<(?:step|li)\b)')
_INLINE = re.compile(
    r'[\s;；。,，](?=(?:step\s*|步骤\s*|[(（])?([0-9]{1,3})[.)、）:：])|[。；;](?=第([一二三四五六七八九十])步)',
    re.IGNORECASE,
)
_HEADING = re.compile(
    r'[\s#*]*(?:the\s+)?(?:final\s+|my\s+|action\s+)?(?:plan|steps|answer|actions?|sequence|what\s+to\s+do)\b'
    r'[^.]{0,40}[:：*]*\s*|[\s#*]*[^:：\s]{0,6}(?:计划|步骤|方案|答案|流程)',
    re.IGNORECASE,
)
_OTHER_HEADING = re.compile(
    r'[\s#*]*(?:\w+\s+){0,3}?(?:scene|notes?|observations?|objects?|warnings?|tips|reason(?:s|ing)?|analysis|'
    r'image|shows?|see|assumptions?|safety|state|results?|alternative(?:s|ly)?|preconditions?|postconditions?|requirements?)'
    r'\b[^.]{0,40}[:：*]*\s*\Z|[\s#*]*[^:：\s]{0,6}(?:注意|说明|场景|观察|物体|分析|备注|前提|要求|结果|画面|图中|图像|图片|看到)',
    re.IGNORECASE,
)
_NEVER = re.compile(
    r'[\s#*]*(?:\w+\s+){0,3}?(?:do\s+not|don[\'’]t|never|avoid|wrong|incorrect|forbidden|prohibited|obstacles?|hazards?|risks?)'
    r'\b[^.]{0,40}[:：*]*\s*\Z|[\s#*]*[^:：\s]{0,6}(?:禁止|不要|避免|错误|障碍|危险)[^:：\s]{0,6}[:：]?\s*\Z',
    re.IGNORECASE,
)
"""A heading of what is not to be done."""
_CALLED = re.compile(r'\w\(')
_ANY_HEADING = re.compile(r'\s*#|.{1,80}[:：][\s*]*\Z')
_THIS, _NONE, _SOME, _ANOTHER = 2, 1, 0, -1


@dataclass
class _List:
    """The lines of one list; a list that starts again at 1 is another one."""

    heading: int
    """What the heading in front says: this is the plan, there is none, there is some, it is something else."""
    numbered: bool
    lines: list[tuple[str, str]] = field(default_factory=list)
    """Each line as it was written, and its words."""
    last: bool = False
    """It reaches to the end of the text."""

    def rank(self) -> tuple[int, bool, bool]:
        """More for what is more likely the plan."""
        acting = sum(starts_with_verb(words) for _, words in self.lines)
        return self.heading, 2 * acting >= len(self.lines), self.numbered


def read_text_plan(text: str, cut_short: bool) -> tuple[list[Step], list[Dropped]]:
    """The steps of a plan in words; prose around it is not a step.

    :param cut_short: the text's end is missing, so a step in its last line may be half a step
    """
    lines = [line for part in _TAG.split(text) for line in part.splitlines() if line.strip()]
    for reader in (read_table, read_records):
        if found := reader(lines, cut_short):
            return found
    dropped: list[Dropped] = []
    lists = _lists(lines, dropped)
    if not lists:
        steps, more = (_call_lines(lines) if '(' in text else None) or read_prose(text, cut_short)
        return steps, [*dropped, *more]
    chosen = max(lists, key=_List.rank)
    for other in lists:
        if other is not chosen or other.heading == _ANOTHER:
            dropped += [drop(line.strip(), 'a line of another list than the plan') for line, _ in other.lines]
    steps = []
    for index, (line, words) in enumerate(chosen.lines if chosen.heading != _ANOTHER else []):
        if not words:
            dropped.append(drop(line.strip(), 'a step without words'))
        elif cut_short and chosen.last and index == len(chosen.lines) - 1:
            dropped.append(drop(line.strip(), 'cut short by the token limit'))
        elif is_no_step(words):
            dropped.append(drop(line.strip(), 'it says that something is not there'))
        else:
            steps.append(step_of(words))
    return steps, dropped


def read_calls(text: str, answer: str, cut_short: bool) -> tuple[list[Step], list[Dropped]] | None:
    """The steps of a text that is nothing but calls of functions named by verbs; None if it is anything else.

    :param text: the cleaned text
    :param answer: what the model wrote, as long as ``text``
    :param cut_short: the text's end is missing, so what is left may be half a step
    """
    spans, rest = calls_in(text) or ([], 0)
    steps = [step_of(one_line(answer[begin:end])) for begin, end in spans]
    if not steps or not all(step.action for step in steps) or (rest < len(text) and not cut_short):
        return None
    return steps, [drop(answer[rest:].strip(), 'cut short by the token limit')] if rest < len(text) else []


def _call_lines(lines: list[str]) -> tuple[list[Step], list[Dropped]] | None:
    """The steps of calls in lines of their own, two or more, among lines of prose; None if there are none."""
    steps: list[Step] = []
    dropped: list[Dropped] = []
    for line in lines:
        calls = _calls_of(line)
        steps += (step_of(one_line(call)) for call in calls)
        if not calls and _CALLED.search(line):
            dropped.append(drop(line.strip(), 'a line that is no step'))
    return (steps, dropped) if len(steps) > 1 and all(step.action for step in steps) else None


def _calls_of(line: str) -> list[str]:
    """The calls in a line, if it is nothing but calls."""
    spans, rest = calls_in(line) or ([], 0)
    if rest == len(line):
        return [line[begin:end] for begin, end in spans]
    return [call] if call_parts(call := line.strip(' \t;,')) else []


def _lists(lines: list[str], dropped: list[Dropped]) -> list[_List]:
    """The numbered and the bulleted lists of a text; bullets below a numbered step are no list."""
    numbered = [line for line in lines if _number(line)]
    if len(numbered) == 1:
        lines = [part for line in lines for part in (_split_inline(line) if line is numbered[0] else [line])]
    lists: list[_List] = []
    heading, last = _NONE, 0
    between: list[str] = []
    for line in lines:
        number, begin = _number(line) or (0, 0)
        bullet = None if begin else _BULLET.match(line)
        if bullet and lists and lists[-1].numbered and last and heading == _NONE:
            dropped.append(drop(line.strip(), 'a bullet in a numbered plan'))
        elif begin or bullet:
            if (
                not lists
                or number == 1
                or bool(begin) != lists[-1].numbered
                or (heading != _NONE and (heading != _SOME or number != last + 1))
            ):
                lists.append(_List(heading, bool(begin)))
                between.clear()
            dropped += [drop(text.strip(), 'a line between two steps') for text in between]
            lists[-1].lines.append((line, _plain(line[begin or (bullet.end() if bullet else 0) :])))
            heading, last = _NONE, number or 1
            between.clear()
        elif lists and last and not between and _continues(line) and lists[-1].lines[-1][1]:
            before, words = lists[-1].lines[-1]  # a step's words go on in the next line
            lists[-1].lines[-1] = (before, f'{words} {_plain(line)}')
        else:
            heading = _heading(line)
            if heading == _NONE:
                between.append(line)
    if lists:
        lists[-1].last = bool(_number(lines[-1]) or _BULLET.match(lines[-1])) or _continues(lines[-1])
    return lists


@lru_cache(maxsize=256)
def _number(line: str) -> tuple[int, int] | None:
    """The number in front of a line, and where its words begin; None without one."""
    match = _NUMBERED.match(simplified(line))
    if not match:
        return None
    for name, digits in (('word', _WORDS), ('other', _CHINESE), ('sign', _CIRCLED), ('sign', _BRACKETED)):
        if (text := (match[name] or '').lower()) and text in digits:
            return digits.index(text) + 1, match.end()
    text = (match['number'] or match['sub'] or match['key'] or match['other'] or '').partition('.')[0]
    inner = '.' in (match['number'] or match['sub'] or '')
    return (int(text) + 1000 * inner if text.isdecimal() else 1000), match.end()


def _heading(line: str) -> int:
    plain = simplified(line)
    if _NEVER.match(plain):
        return _ANOTHER
    if _HEADING.match(plain):
        return _THIS
    if _OTHER_HEADING.match(plain):
        return _ANOTHER
    return _SOME if _ANY_HEADING.match(plain) else _NONE


def _continues(line: str) -> bool:
    """Whether a line goes on with the one before it: indented, or in the middle of a sentence."""
    return (line[:1].isspace() and not _BULLET.match(line)) or line[:1].islower()


def _plain(words: str) -> str:
    """A step's words without Markdown's stars, and without quotes or brackets around all of them."""
    words = one_line(words.partition('</')[0].replace('**', '')).strip('；; ')
    pairs = {'"': '"', '`': '`', '[': ']', '“': '”'}
    if len(words) > 2 and pairs.get(words[0]) == words[-1] and words.count(words[0]) in (1, 2):
        return words[1:-1].strip()
    return words


def _split_inline(line: str) -> list[str]:
    """'1. Grasp it 2. Lift it' -> both steps; only numbers that count on from the line's own are borders."""
    number, _ = _number(line) or (0, 0)
    parts, begin = [], 0
    for match in _INLINE.finditer(line):
        if (int(match[1]) if match[1] else _CHINESE.index(match[2]) + 1) == number + 1:
            parts.append(line[begin : match.end()])
            begin, number = match.end(), number + 1
    return [*parts, line[begin:]]
