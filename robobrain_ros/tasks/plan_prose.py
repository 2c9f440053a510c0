# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Plans in plain sentences, as in 'First pick up the cup, then place it on the plate'.

Each part between order words, sentence ends and arrows is a step if it begins with something to do. There must be two
of them, and either words of order or nothing but steps. Else the text is prose, and no plan.
"""

import re

from robobrain_ros.tasks.chinese import HANDLING, sentence_parts, simplified
from robobrain_ros.tasks.plan_words import is_no_step, starts_with_verb, step_of
from robobrain_ros.tasks.reading import drop, one_line
from robobrain_ros.tasks.refusals import says_not_there
from robobrain_ros.tasks.values import Dropped, Step

_LATER = r'then|next|after\s+that|after\s+which|afterwards?|finally|lastly|subsequently'
_LATER_CHINESE = '然后|接着|随后|之后|再|最后|最终'
_ARROW = re.compile(r'->|=>|[→⇒]|\s>\s')
_BORDER = re.compile(
    rf'(?<=[.!?])\s+|[。！？；;\n]\s*|,?\s+(?:and\s+)?(?=(?:{_LATER})\b)|[，,]\s*(?:并)?(?=(?:{_LATER_CHINESE}))'
    r'|\s*(?:->|=>|[→⇒]|\s>\s)\s*',
    re.IGNORECASE,
)
_ORDER = re.compile(
    rf'(?:and\s+)?(?:(?:first(?:ly)?|second(?:ly)?|third(?:ly)?|{_LATER})\b|首先|先|{_LATER_CHINESE})[\s,，:：]*',
    re.IGNORECASE,
)
_FRONT = re.compile(
    r'[\s*#]*(?:(?:the\s+)?(?:plan|steps?|answer)\s*:|(?:计划|步骤|答案|方案)\s*[:：])\s*'
    r'|(?:in\s+order\s+)?to\s+[^,.]{1,80},\s*'
    r'|(?:the\s+)?(?:robot|you|we|i|it|arm|gripper)\s+(?:should|will|must|needs?\s+to|ha(?:s|ve)\s+to|can|would)\s+'
    r'|(?:机器人|机械臂|我们|我|你)?(?:应该|需要|应|要|将要)|(?:机器人|机械臂)(?=首先|先)',
    re.IGNORECASE,
)
_IF = re.compile(r'if\b', re.IGNORECASE)
_STATEMENT = re.compile(r'\b(?:is|are|was|were)\b', re.IGNORECASE)
_SUBORDINATE = re.compile(r'\b(?:that|which|where|when|until|if|whether|because|since|as|while|so)\b', re.IGNORECASE)
_CHINESE_VERB = re.compile('|'.join([*sorted(HANDLING, key=len, reverse=True), '把|将|放|移|倒|等待|检查|确认']))
_FENCE = re.compile(r'```[A-Za-z0-9_+-]*')
_NO_PROSE = re.compile(r'[{}\[\]|<`]')


def read_prose(text: str, cut_short: bool) -> tuple[list[Step], list[Dropped]]:
    """The steps of a plan in sentences, and what stands between them; both empty if the text is no plan.

    :param cut_short: the text's end is missing, so the last part may be half a step
    """
    text = _FENCE.sub('\n', text)
    if _NO_PROSE.search(_ARROW.sub(' ', text)):
        return [], []
    parts = [part.strip() for part in _BORDER.split(text)]
    parts = [part for part in parts if re.search(r'\w', part)]
    stripped = [_without_order(part) for part in parts]
    acting = [_acts(words) for words, _ in stripped]
    ordered = any(order for _, order in stripped) or bool(_ARROW.search(text))
    if sum(acting) < 2 or not (ordered or all(acting)) or says_not_there(text):
        return [], []
    steps: list[Step] = []
    dropped: list[Dropped] = []
    for index, (part, (words, _), acts) in enumerate(zip(parts, stripped, acting, strict=True)):
        if cut_short and index == len(parts) - 1:
            dropped.append(drop(part, 'cut short by the token limit'))
        elif acts:
            steps.append(step_of(words))
        else:
            dropped.append(drop(part, 'a sentence that is no step'))
    return steps, dropped


def _without_order(part: str) -> tuple[str, bool]:
    """A part's words without those of order and without its subject; and whether there were words of order."""
    words, order = part, False
    for _ in range(4):
        if match := _ORDER.match(words):
            order = True
        else:
            match = _FRONT.match(words)
        if not match or not match.end():
            break
        words = words[match.end() :]
    return one_line(words.rstrip(' .,!。，；;！')), order


def _acts(words: str) -> bool:
    """Whether words begin with something to do, and are no statement: 'Open drawers are red'."""
    verb = starts_with_verb(words) and not _IF.match(words)
    return (
        (verb or bool(sentence_parts(words) or _CHINESE_VERB.match(simplified(words))))
        and not _STATEMENT.search(_SUBORDINATE.split(words, maxsplit=1)[0])
        and not is_no_step(words)
    )
