# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Words around numbers that say that these are no answer: sizes, obstacles, what is to be avoided, another thing."""

import re

from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.chinese import simplified

_ENGLISH = (
    r'\b(?:(?:sizes?|resolution|width|height|dimensions?|obstacles?|avoid(?:ing|ed)?|excluding|except|rather\s+than|'
    r'instead\s+of|example|instance|e\.g|format(?:ted)?|range|scale|origin|currently|previous(?:ly)?|formerly|'
    r'starts?\s+(?:at|from)|gripper|unlike|reference|clear\s+of|away\s+from|beware|watch\s+out|danger(?:ous)?|hazards?|'
    r'forbidden|prohibited|distractors?|ignored?|(?<!no\s)risks?)\b'
    r'|(?:robot|camera|arm|hand|end[- ]effector)\s+(?:is|was|sits|stands)\b'
    r'|(?:image|picture|frame)\s+cent(?:er|re)\b'
    r'|you\s+(?:asked|said|mentioned)\b|prompt\s+(?:says|mentions|names)\b'
    r'|i\.e\.?\W*\Z|not\b[^,;:]*\Z|from\s*\Z|between\s*\Z|which\s+is\s+(?:\w+\s+)?at\s*\Z'
    r'|(?:(?:left|right|front|top)\s+of|beside|behind|near|next\s+to|above|below)\s+'
    r'(?:(?!is\b|are\b|lies\b|stands\b)\w+\s+){0,3}\Z)'
)
_CHINESE = (
    '尺寸|大小|分辨率|障碍|避开|例如|格式|范围|不是|而非|参考|请?勿|不要|禁止|除了|危险|之前在|原来在|'
    '(?:机器人|机械臂|夹爪|相机)(?:当前|现在|目前)?(?:位于|在)'
)
_IN_FRONT = re.compile(_ENGLISH)
_IN_FRONT_CHINESE = re.compile(f'{_ENGLISH}|{_CHINESE}')
_BEHIND = re.compile(
    r'\W*(?:(?:which\s+)?(?:is|are|was)\s+(?:\w+\s+)?(?:obstacles?|wrong|incorrect|forbidden|blocked|to\s+be\s+avoided)\b'
    r'|(?:which\s+)?(?:blocks?|obstructs?)\b|(?:must|should)\s+(?:not|be\s+avoided)\b|处的障碍|(?:是|为)障碍|以外|之外)',
)
_HEADING = re.compile(
    r'\b(?:obstacles?|avoid|forbidden|hazards?|dangers?|distractors?|ignored?|examples?|references?|other|wrong|not)\b'
    r'|障碍|避开|禁止|危险|干扰|参考|其他',
)


def misleads(introduction: str, asked: Asked) -> bool:
    """Whether the words in front of numbers say that these are no answer; words of the instruction do not."""
    plain = simplified(introduction).lower()
    found = (_IN_FRONT if plain.isascii() else _IN_FRONT_CHINESE).finditer(plain)
    return any(not asked.mentions(match.group()) for match in found)


def takes_back(behind: str) -> bool:
    """Whether the words behind numbers say that these are no answer."""
    return bool(_BEHIND.match(simplified(behind[:80]).lower()))


def is_foreign(heading: str, asked: Asked) -> bool:
    """Whether a heading says that what stands below it is no answer."""
    found = _HEADING.finditer(simplified(heading).lower())
    return any(not asked.mentions(match.group()) for match in found)
