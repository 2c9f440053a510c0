# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which of the groups in an answer is the answer: prose has numbers, too.

What is named as the answer is; else the last list, and of several ways the first. Where it would be a guess, none is.
"""

import re
from dataclasses import replace

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.document import Candidate, Document
from robobrain_ros.tasks.structure import CUT_SHORT

_WAY = re.compile(
    r'\b(?:waypoints?|trajectory|path)\b[^.\n]{0,30}?(?:[:=]|\b(?:is|are)\b)|(?:轨迹|路径|航点|路径点)(?:是|为|[:=])',
    re.IGNORECASE,
)
_VERB = (
    r'\b(?:start|begin|go|move|mov|proceed|continue|head|travel|pass|end|finish|stop|arrive|reach|lift|lower|descend)'
    r'(?:ing|ning|s)?\b'
)
_CHINESE_VERB = '从|(?:移动|移|前往|经过|走|到达|结束|停|去)[到至在于往]?|到|起点为?|终点为?'
# The words in front of a place in a sentence of moves: 'First, the gripper should move up to', 'and end at'.
_MOVE = re.compile(
    r'\W*(?:(?:answer|plan|trajectory|path)\s*:\W*)?'
    r'(?:(?:first(?:ly)?|then|next|and|finally|lastly|now|after\s+that|afterwards|'
    r'(?:the\s+)?(?:robot|arm|gripper|hand|you|it|end[- ]effector)\s+(?:should|must|will))\W+)*'
    rf'(?:{_VERB}\W*)?'
    r'(?:(?:the\s+(?:gripper|arm|robot|hand)|it|on|up|down|straight|directly|over|at|from|to|through|via|by|towards?|'
    r'above|waypoint|point|position)\b\W*)*'
    rf'|\W*(?:(?:开始|出发)\W*)?(?:(?:首先|先|然后|接着|再|最后|并|机器人|机械臂)\W*)*(?:{_CHINESE_VERB})\W*',
    re.IGNORECASE,
)
_MOVING = re.compile(f'{_VERB}|{_CHINESE_VERB}', re.IGNORECASE)
_IT = re.compile(r'\b(?:it|target|object|item)\b|目标|物体|它', re.IGNORECASE)
_LETTER = re.compile(r'[^\W\d_]')
_OR = re.compile(r'[\s,]*(?:or(?:\s+at)?|或者?|还是)\s*', re.IGNORECASE)


def choose(document: Document, sizes: tuple[int, ...], path: bool, cut_short: bool, asked: Asked) -> Candidate | None:
    """The candidate that is the answer; None where it would be a guess.

    :param sizes: how many numbers a place may have
    :param path: a way is asked for
    :param cut_short: the end of the answer is missing
    :param asked: what was asked for: of several places in prose, the one with this name is it
    """
    fitting = [one for one in document.candidates if any(len(value.parts) in sizes for value in one.values)]
    candidates = _own(fitting or document.candidates, asked)
    if path and (moves := _moves(candidates)):
        return None if _goes_on(document, moves, cut_short) else moves
    if marked := [one for one in candidates if one.marked and not (one.misled and one.key)]:
        named_so = _of_marked(marked, path)
        ends_here = not re.search(r'[.。;\n]', document.prose[named_so.end :])
        return None if cut_short and named_so.loosely and ends_here else named_so
    if document.answer_is_missing():
        return None
    plain = [candidate for candidate in candidates if not candidate.misled]
    pool = [candidate for candidate in plain if candidate.is_list] or plain
    if not path and len(plain) > 1 and (named := [one for one in plain if one.named or asked.names(one.introduction)]):
        pool = named
    if not pool:
        return None
    chosen: Candidate | None
    if path:
        chosen = _way(pool)
    elif len(pool) > 1 and cut_short:
        return None
    elif len(pool) > 1 and all(candidate.name for candidate in pool):  # 'Mug: ...', 'Plate: ...'
        return _together(pool) if len({candidate.name for candidate in pool}) == 1 else None
    else:
        chosen = None if _OR.fullmatch(pool[-1].introduction) else pool[-1]
    return None if chosen is None or _goes_on(document, chosen, cut_short) else chosen


def _own(candidates: list[Candidate], asked: Asked) -> list[Candidate]:
    """Those that a sentence does not place somewhere else than what was asked for.

    Beside such a sentence, words in front of numbers must name what was asked for, or 'it' behind that sentence:
    'The plate is at (1, 2), its edge at (3, 4)' says nothing of a mug.
    """
    first = next((one for one in candidates if one.foreign), None)
    if first is None:
        return candidates
    return [
        one
        for one in candidates
        if not one.foreign
        and (
            one.marked
            or one.same
            or not _LETTER.search(one.introduction)
            or asked.mentions(f'{one.introduction} {one.name}')
            or (one.start > first.start and (one.is_list or _IT.search(one.introduction)))
        )
    ]


def _of_marked(marked: list[Candidate], path: bool) -> Candidate:
    if any(candidate.key in keys.ANSWER or not candidate.key for candidate in marked):
        return marked[-1]
    if all(candidate.joins for candidate in marked) or not path:  # 'point: ...' again and again
        return _together(marked)
    return marked[0]


def _together(candidates: list[Candidate]) -> Candidate:
    values = [value for candidate in candidates for value in candidate.values]
    return replace(candidates[0], end=candidates[-1].end, values=values)


def _way(pool: list[Candidate]) -> Candidate | None:
    """The first that is called a way, else the first of several places; else the only place."""
    named = [candidate for candidate in pool if _WAY.search(candidate.introduction)]
    long = [candidate for candidate in pool if len(candidate.values) > 1]
    if named and len(named[0].values) == 1 and named[0].name:  # 'Waypoint 1: ...', 'Waypoint 2: ...'
        return _together([candidate for candidate in named if candidate.name == named[0].name])
    return next(iter(named or long or (pool if len(pool) == 1 else [])), None)


def _moves(candidates: list[Candidate]) -> Candidate | None:
    """The way that sentences of moves make: 'Start at (1, 2), then go to (3, 4)'; None if there is any other place."""
    moving = [bool(_LETTER.search(one.introduction) and _MOVE.fullmatch(one.introduction)) for one in candidates]
    moves = [one for one, moves in zip(candidates, moving, strict=True) if moves]
    others = [one for one, moves in zip(candidates, moving, strict=True) if not moves and not one.misled]
    if others or sum(len(one.values) for one in moves) < 2 or not _MOVING.search(moves[0].introduction):
        return None
    return _together(moves)


def _goes_on(document: Document, chosen: Candidate, cut_short: bool) -> bool:
    """Whether the answer may still have been to come when the text ended: behind a sentence, not behind a bare list."""
    if not chosen.introduction.strip(' \n-*:'):
        if chosen.is_list:
            return False
    elif cut_short and not _WAY.search(chosen.introduction):
        return True
    last = document.candidates[-1]
    return last is not chosen and last.start > chosen.end and any(value.flaw == CUT_SHORT for value in last.values)
