# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whether a sentence says that something is not there, in English or Chinese, and what it says that of.

A refusal counts by its sentence: each of its clauses is judged. 'I cannot find any other' and 'not fully visible' are
none, nor is 'there is no object left of the bowl, so the free spot is ...', which concludes a place from an absence.
"""

import re

from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.chinese import simplified

_SEEING = (
    r'(?:visible|found|find|see|seen|locate|located|identify|identified|detect|detected|present|exist|exists|appear|'
    r'show|shown|contain|contained|contains|include|included|includes|recogni[sz]ed?|determined?|discern(?:ed)?|'
    r'provide|pinpoint|spot|make\s+out|tell\s+where|point\s+to|pointed|plan|complete|perform|answer|help|observed?|'
    r'any|there|here|in\s+(?:the|this)\s+(?:image|picture|photo|scene|view|frame)|'
    r'in\s+(?:view|sight)|on\s+the\s+image)\b'
)
_WHOLE = r'(?:fully|entirely|completely|clearly|only|just|wholly|totally)'
_IMAGE = r'(?:image|picture|photo|scene|view|frame)'
_SEES = rf'\s+(?:(?!{_WHOLE})\w+\s+){{0,3}}?{_SEEING}'
_ENGLISH = (
    r'\b(?:'
    rf'(?:not|cannot|unable\s+to|fail(?:ed|s)?\s+to|never|impossible\s+to){_SEES}'
    r'|there(?:\s+(?:is|are|was|were)|[\'’]s)\s+(?:\w+ly\s+)?(?:no|nothing|none)\b'
    r'|there\s+(?:is|are|was|were)(?:\s+not|n[\'’]t)\b|there\s+(?:appears|seems)\s+to\s+be\s+no\b|neither\b'
    r'|but\s+not\s+(?:an?|any|the)\b|(?:absent|missing)\W*\Z'
    r'|(?:i\s+(?:can\s+)?see|contains?|shows?|has)\s+(?:no|nothing|none)\b'
    r'|nothing\s+(?:\w+\s+)?(?:match(?:es)?|fits|found|visible|detected|there|here|like)\b|no\s+match'
    r'|none\s+of\s+(?:the|these|them)\b'
    r'|no\s+(?:\w+\s+){1,4}?(?:(?:is|are|was|were|could\s+be|can\s+be)\s+)?'
    rf'(?:visible|found|detected|present|seen|shown|exists?|in\s+(?:the|this)\s+{_IMAGE})\b'
    r'|(?:is|are|was|were|seems|appears|be)\s+(?:\w+\s+)?(?:absent|invisible|nowhere|out\s+of\s+(?:view|sight|frame)|'
    r'missing(?!\s+(?:its|an?|one|some|piece|part)\b))'
    rf'|(?:missing|absent)\s+(?:from|in)\b|{_IMAGE}\s+lacks\b|removed\s+from\b|no\s+longer\b'
    r'|has\s+left\b|outside\s+(?:of\s+)?the\s+(?:field|view|frame|image|picture)|too\s+(?:dark|blurry|bright)\b'
    r'|(?:fully|completely|entirely|totally)\s+(?:occluded|hidden|covered|obscured)\b|location\s+is\s+unknown\b'
    r'|(?:target|object)\s+lost\b|not\s+(?:part\s+of|among|in\s+frame)\b'
    r'|not\s+applicable\b|no\s+(?:such|sign\s+of|trace\s+of|visible)\b|(?:placeholder|dummy)\b'
    r')'
    rf'|n[\'’]t{_SEES}|\A\W*(?:zero|0)\s+(?:\w+\s+){{1,4}}(?:found|detected)'
)
_FINDING = r'(?:找到|发现|检测|侦测|看到|看见|见到|识别|辨认|出现|显示|包含|定位|确定|检出|回答|完成|规划)'
_CHINESE = (
    rf'(?:未|没|没有|无法|不能|没法|未能|没能)[^,，。]{{0,8}}?{_FINDING}'
    r'|\A\W*无(?!论|需|障|遮|碰|问|疑|妨|阻)|不见了|(?:找|看|检测|侦测|识别|定位)不(?:到|见|出|清)|不存在|不可见|不在(?:图|画面|场景|视野|这)|(?:不|未)包含|缺失|没有|未见'
    r'|并无|没找着|缺席|目标丢失|(?:结果|画面|图像)为空|暂无(?:结果|目标)|与.{1,10}无关|无(?:目标|此|该|相关)|无法|(?:图|图像|图片|画面|场景)(?:中|里|内)?(?:并)?无|占位'
)
# Clauses are compared in lower case, and with simplified characters.
_REFUSAL = re.compile(_ENGLISH)
_REFUSAL_CHINESE = re.compile(_CHINESE)
_NOTHING = (
    r'(?:no(?:ne|thing|where)?|n/?a|null|nil|not\s+(?:found|visible|present|there|here|available|detected)|unknown|empty|'
    r'invisible|absent|missing|fail(?:ed|ure)?|无|没有|未找到|不可见|否|空)'
)
# Without one of these, nothing is refused; this is the quick look.
_HINT = re.compile(
    r"no|neither|zero|lost|left|outside|too\s|hidden|cover|occlu|obscur|n['’]t|fail|unable|impossible|never|missing|absent|"
    r'lack|remov|invis|dummy|placehold|n/a|null|nil|unknown|empty|out\s+of|false|0|'
    + '|'.join('未没無无不否空缺占丢并与找看检测识定')
)
# A whole clause, or a whole label: 'none', 'status: not found', 'but no red mug', 'visible: false'.
_CURT = re.compile(
    rf'\W*(?:[\w ]{{1,40}}[:：=]\W*)?{_NOTHING}\W*'
    r'|\W*(?:[\w ]{1,40}[:：=]\W*|but\s+|and\s+|sorry\W+)?no\s+(?:\w+\s*){1,4}\W*'
    r'|\W*(?:is |object )?(?:found|visible|exists?|present|detected|in image|是否\w{1,4}|存在|可见|找到)\W*'
    r'[:：=]\W*(?:false|no|0|否)\W*',
)
# It is about something else, or only about a part.
_OTHER = re.compile(
    r'\b(?:any|no)\s+(?:other|more|further)\b|\b(?:another|anything\s+else|something\s+else|others)\b'
    r'|\bno\s+(?:\w+\s+)?(?:obstacles?|obstructions?|collisions?|occlusions?|problems?|doubts?|need|issues?|worries|entry|mistake|question|way)\b'
    r'|\b(?:obstacles?|obstructions?|collisions?|occlusions?)\s*[:=]'
    r'|\b(?:the\s+whole|the\s+entire|all\s+of|the\s+rest|exact(?:ly)?|precise(?:ly)?)\b'
    r'|其他|别的|其它|另外|障碍|遮挡|碰撞|完全|问题|完整|全部',
)
# A place is free because nothing is there.
_FREE = re.compile(
    r'\b(?:free|empty|vacant|clear|unoccupied|available|open)\s+(?:\w+\s+)?(?:space|spot|area|place|point|region|location)\b'
    r'|空位|空处|空地|空白|空闲|空余|空旷|空的',
)
_IS_FREE = re.compile(r'\b(?:is|are)\s+(?:free|empty|vacant|clear|unoccupied)\b')
# What is absent is any thing at all, from a place beside another thing; and what follows from it is said.
_NO_THING_BESIDE = re.compile(
    r'\b(?:nothing|(?:no|any)\s+(?:\w+\s+)?(?:objects?|items?|things?))\b.*\b(?:left|right|front|top|between|behind|beside|next|near|above|below)\b'
    r'|(?:左|右|前|后|旁|上|下|间|边)[^,，]{0,4}没有(?:任何)?(?:物体|东西|物品)',
)
_CONCLUSION = re.compile(
    r'\A\W*(?:and\s+)?(?:so|therefore|thus|hence|which\s+means|consequently)\b|\A\W*(?:所以|因此|因而|故)'
)
_NEGATION = re.compile(r"\b(?:not|cannot|unable|impossible|no|only|return|give)\b|n['’]t\b|无法|不能|没|返回")
_POINT = r'(?:(?<![.!?])|(?<!\bi\.e\.)(?<!\be\.g\.)(?=\s|\Z))'
"""Behind a full stop of ASCII, that it ends a sentence."""
_SENTENCE_END = re.compile(rf'[.!?。！？\n]{_POINT}')
_BOUNDARY = re.compile(rf'[.!?;。！？；\n]{_POINT}')
_CLAUSE = re.compile(r'[,，;；]|\s(?=(?:so|therefore|thus|hence|but|however)\b)|(?=所以|因此|但是|不过)')


_LONGEST = 600
"""Characters of a sentence that are judged."""


def sentences(text: str) -> list[tuple[int, int]]:
    """Where the sentences of a text begin and end; a semicolon and a new line end one, too."""
    return _spans(text, _BOUNDARY)


def _spans(text: str, boundary: re.Pattern[str]) -> list[tuple[int, int]]:
    spans, begin = [], 0
    for match in boundary.finditer(text):
        if match.end() > begin:
            spans.append((begin, match.end()))
            begin = match.end()
    return [*spans, (begin, len(text))]


def is_refusal(sentence: str, asked: Asked | None = None) -> bool:
    """Whether this sentence, or label, says that what was asked for is not there.

    :param asked: clauses about other things than this do not count; None: all clauses do
    """
    plain = simplified(sentence[:_LONGEST]).lower()
    if not _HINT.search(plain):
        return False
    clauses = _CLAUSE.split(plain.replace('_', ' '))
    return any(
        _refuses(clause, clauses[:index], clauses[index + 1 :]) and not (asked and asked.is_elsewhere(clause))
        for index, clause in enumerate(clauses)
    )


def says_not_there(text: str, asked: Asked | None = None) -> bool:
    """Whether any sentence of a text without values says that nothing was found."""
    return any(is_refusal(text[begin:end], asked) for begin, end in _spans(text, _SENTENCE_END))


def _refuses(clause: str, before: list[str], behind: list[str]) -> bool:
    """Whether a clause says it, and no other clause of its sentence takes it back."""
    if not _HINT.search(clause) or not _denies(clause) or _OTHER.search(clause):
        return False
    free = [*filter(_FREE.search, (*before, *behind)), *filter(_IS_FREE.search, behind)]
    if any(not _NEGATION.search(other) for other in free):
        return False
    concluded = any(_CONCLUSION.search(other) and not _NEGATION.search(other) for other in behind)
    return not (concluded and _NO_THING_BESIDE.search(clause))


def _denies(clause: str) -> bool:
    """Whether a clause by itself says it."""
    return bool(
        _CURT.fullmatch(clause) or _REFUSAL.search(clause) or (not clause.isascii() and _REFUSAL_CHINESE.search(clause))
    )
