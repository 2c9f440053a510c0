# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The plain rule that takes 'Place the cube on the plate' apart into verb, thing and place."""

import re

from robobrain_ros.tasks.chinese import sentence_parts
from robobrain_ros.tasks.plan_calls import call_parts
from robobrain_ros.tasks.refusals import is_refusal
from robobrain_ros.tasks.values import Step

_PLACING = 'place|put|drop|insert|set|stack|pour|move|bring|carry|transfer|slide|push|pull|lower'
_HANDLING = (
    'pick|grasp|grab|lift|hold|take|release|open|close|push|pull|press|reach|touch|approach|locate|find'
    '|turn on|turn off'
)
_VERB = re.compile(rf'(?:{_PLACING}|{_HANDLING})(?: up| down)?', re.IGNORECASE)
_THERE = 'on top of|onto|on|(?:into|inside)(?: of)?|in|to'
_NEARBY = (
    'next to|in front of|to the left of|to the right of|above|over|underneath|under|beneath|below|behind|beside|near'
)
_THING = r'(?:the|a|an|this|these|those|its|each|every|all|both)\s+'  # not 'forward', 'slowly', 'open it'
# 'to the left of the plate' comes before 'to': else the place would be 'the left of the plate'
_PLACE = re.compile(
    rf'(?P<action>{_PLACING})\s+(?P<object>{_THING}.+?)\s+'
    rf'(?:(?P<near>{_NEARBY})\s+(?P<landmark>{_THING}.+)|(?:{_THERE})\s+(?P<there>{_THING}.+))',
    re.IGNORECASE,
)
_HANDLE = re.compile(rf'(?P<action>{_HANDLING})(?:\s+(?:up|for))?\s+(?P<object>{_THING}.+)', re.IGNORECASE)
# With one of these words in a part, the sentence says more than verb, thing and place.
_MORE = frozenset(
    {
        'above',
        'after',
        'again',
        'and',
        'at',
        'away',
        'before',
        'behind',
        'below',
        'beneath',
        'beside',
        'by',
        'down',
        'for',
        'from',
        'if',
        'in',
        'inside',
        'into',
        'near',
        'next',
        'off',
        'on',
        'onto',
        'or',
        'out',
        'over',
        'so',
        'that',
        'then',
        'to',
        'under',
        'underneath',
        'until',
        'up',
        'using',
        'via',
        'which',
        'while',
        'with',
    }
)
_DOING = re.compile(
    rf'(?:{_PLACING}|{_HANDLING}|look|search|check|make|wait|if|ensure|verify|confirm|remove|clear|use|go|turn|scan)\b'
    '|检查|确认|确保|如果|寻找|查找|移开|移除|等|扫描|观察',
    re.IGNORECASE,
)
_LONGEST = 200


def step_of(description: str) -> Step:
    """A step in words; its action, object and destination only where the sentence is nothing but these three.

    'Place the red cube on the plate' -> place, the red cube, the plate. 'Move the mug next to the plate' -> move, the
    mug, next to the plate. 'Pick up the mug' -> pick, the mug. '把方块放到盘子上' -> 放, 方块, 盘子上. All else stays a
    description: 'Pick up the mug from the table', 'Move forward to the table'. A call is its name and its arguments:
    'place("mug", "plate")' -> place, mug, plate.
    """
    description = description.rstrip('。；') or description
    sentence = description.rstrip(' .。;；')
    if len(sentence) > _LONGEST:
        return Step(description)
    if (call := call_parts(sentence)) and starts_with_verb(call[0].replace('_', ' ')):
        return Step(description, *call)
    if parts := sentence_parts(sentence):
        return Step(description, *parts)
    if match := _PLACE.fullmatch(sentence):
        thing, place = match['object'], match['there'] or match['landmark']
        destination = f'{match["near"]} {place}' if match['near'] else place
        if _is_plain(thing) and _is_plain(place):
            return Step(description, match['action'].lower(), thing, destination)
    elif (match := _HANDLE.fullmatch(sentence)) and _is_plain(match['object']):
        return Step(description, match['action'].lower(), match['object'])
    return Step(description)


def is_no_step(words: str) -> bool:
    """Whether a step's words are a refusal; 'Look for what is not visible' is a step."""
    return is_refusal(words) and not _DOING.match(words)


def starts_with_verb(words: str) -> bool:
    """Whether words begin with something to do."""
    return bool(_DOING.match(words))


def triple(words: list[str]) -> Step | None:
    """The step that ['place', 'the mug', 'the plate'] means; None if the first is no verb."""
    if not 1 < len(words) < 4 or not _VERB.fullmatch(words[0]) or _VERB.fullmatch(words[1]):
        return None
    action, thing, *place = words
    description = f'{action} {thing}' + (f' -> {place[0]}' if place else '')
    return Step(description, action.lower(), thing, *place)


def _is_plain(part: str) -> bool:
    return not any(mark in part for mark in ',;:.()"') and not _MORE & set(part.lower().split())
