# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which thing a sentence places at coordinates: 'The yellow plate next to the mug is located at' places a plate.

Only what is certain to be such a sentence counts: a thing with its article, and behind it no verb but that it is there;
or a common thing without one, as in 'Hammer at'.
"""

import re

from robobrain_ros.tasks.attributes import attributes
from robobrain_ros.tasks.chinese import simplified
from robobrain_ros.tasks.things import groups_of

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CLAUSE = re.compile(r'[,.;:!?()\n，。；：！？、（）]')
_DETERMINERS = frozenset({'the', 'a', 'an', 'this', 'that', 'your', 'my', 'its', 'these', 'those', 'another', 'one'})
# What may stand between the thing and its place; at least one of the second kind does.
_BETWEEN = frozenset({
    'can', 'could', 'be', 'found', 'seen', 'located', 'positioned', 'situated', 'placed', 'visible', 'in', 'here',
    'the', 'its', 'pixel', 'pixels', 'point', 'points', 'position', 'coordinates', 'coordinate', 'location', 'around',
    'about', 'approximately', 'roughly', 'near', 'now', 'image', 'with', 'center', 'centre', 'centered', 'sitting',
    'standing', 'lying', 'resting', 'clearly', 'also', 'and', 'x', 'y',
})  # fmt: skip
_PLACES = frozenset({'is', 'are', 'at', 'lies', 'sits', 'stands', 'appears', 'rests', 'was', 'were'})
_PLACING = re.compile(rf'\b(?:{"|".join(sorted(_PLACES))})\b|[^\x00-\x7f]', re.IGNORECASE)
_IN_FRONT = frozenset({
    'and', 'but', 'so', 'then', 'while', 'however', 'now', 'also', 'here', 'well', 'there', 'is', 'are', "there's", 'i',
    'see', 'can', 'found', 'find', 'detect', 'detected', 'you', 'we', 'think', 'it', 'seems', 'appears', 'sure', 'yes',
    'ok', 'okay', 'as', 'locate', 'located', 'identified', 'have', "i've", 'only', 'just', 'in', 'image', 'picture',
    'scene', 'because', 'since', 'where', 'that',
})  # fmt: skip
"""Words in front of the thing, behind which the sentence still only says that it is there."""
_BESIDE = frozenset({
    'on', 'in', 'next', 'near', 'left', 'right', 'beside', 'behind', 'under', 'above', 'below', 'between', 'with',
    'inside', 'to', 'closest', 'nearest', 'at', 'by', 'from', 'over', 'underneath', 'beneath', 'against',
})  # fmt: skip
_VERBS = frozenset({
    'is', 'are', 'was', 'were', 'be', 'should', 'will', 'would', 'must', 'can', 'could', 'may', 'might', 'has',
    'have', 'needs', 'stands', 'lies', 'sits', 'rests', 'appears', 'located', 'placed', 'positioned', 'goes', 'moves',
    'points', 'looks', 'seems',
})  # fmt: skip
_PART = frozenset({
    'center', 'centre', 'middle', 'position', 'location', 'point', 'points', 'coordinates', 'coordinate', 'edge', 'top',
    'side', 'corner', 'handle', 'rim', 'tip', 'base', 'bottom', 'surface', 'front', 'back', 'end', 'part', 'pixel',
})  # fmt: skip
_CHINESE_TAIL = re.compile(
    r'(?:(?:的)?(?:中心点|中心|坐标|位置|点)|大约|大概|就|位于|处于|在|是|为|图像|图片|图|画面|中|里|上|的|\s)+\Z'
)
_CHINESE_PLACES = re.compile('位于|在|坐标|位置|处于')
_SIDES = frozenset({'left', 'right'})
_WHERE = frozenset({'left', 'right', 'top', 'bottom'})
_AT_ONCE = frozenset({'located', 'positioned', 'found', 'placed', 'situated'})
_NO_BARE = frozenset({'box', 'boxes', 'key', 'mouse', 'screen', 'display', 'one'})
"""Common things that are other things, too, where they have no article: 'Box at' is said of a bounding box."""
_LONGEST = 160
_MOST_WORDS = 5
"""The longest name of a thing, with its article."""


def placed_thing(introduction: str) -> str:
    """The name of the thing that the words in front of coordinates place there; empty where they place none.

    :returns: adjectives and noun in lower case; of Chinese, the words up to the verb, with simplified characters
    """
    if not _PLACING.search(introduction, max(len(introduction) - _LONGEST, 0)):
        return ''
    clause = _last_clause(simplified(introduction[-_LONGEST:]).lower())
    if not clause.isascii():
        tail = _CHINESE_TAIL.search(clause)
        return clause[: tail.start()].strip() if tail and _CHINESE_PLACES.search(tail.group()) else ''
    words = _WORD.findall(clause)
    end = len(words)
    while end and words[end - 1] in _BETWEEN | _PLACES:
        end -= 1
    placing = end < len(words) and bool(_PLACES & set(words[end:]))
    begin = next((at for at, word in enumerate(words[:end]) if word in _DETERMINERS), end)
    if not placing:
        return ''
    if begin == end:
        return _bare(words[:end], words[end])
    return _name(words[begin:end]) if _IN_FRONT.issuperset(words[:begin]) else ''


def _bare(words: list[str], verb: str) -> str:
    """The name of a common thing without its article: 'Hammer at'; not 'Found at' or 'Screen position is'."""
    begin = next((at for at, word in enumerate(words) if word not in _IN_FRONT), len(words))
    name = words[begin:]
    if not name or verb not in _PLACES | _AT_ONCE or name[-1] in _NO_BARE or not groups_of(name[-1]):
        return ''
    return ' '.join(name) if all(attributes(word) for word in name[:-1]) else ''


def _last_clause(text: str) -> str:
    return next((clause for clause in reversed(_CLAUSE.split(text)) if _WORD.search(clause)), '')


def _name(words: list[str]) -> str:
    """'red mug' of 'the red mug on the table' or 'the center of the red mug'; empty if the words are more than that."""
    of = words.index('of') if 'of' in words else len(words)
    beside = next((at for at, word in enumerate(words) if word in _BESIDE and not _is_side(words, at)), len(words))
    if of < beside and words[of - 1] in _PART:
        return _name(words[of + 1 :]) if of + 1 < len(words) else ''
    name = words[: min(of, beside)]
    article = name[0] in _DETERMINERS if name else False
    if not article < len(name) <= _MOST_WORDS or _VERBS & set(name) or name[-1] in _SIDES:
        return ''
    behind = words[beside:]
    side = behind[2:3] if behind[1:2] == ['the'] and behind[3:] in ([], ['side']) and _WHERE & set(behind[2:3]) else []
    return ' '.join([*side, *name[article:]])


def _is_side(words: list[str], at: int) -> bool:
    """Whether a word is an adjective, as in 'the left mug' and 'the upper left drawer'; not in 'the mug left of'."""
    before = words[at - 1] if at else ''
    return words[at] in _SIDES and (before in _DETERMINERS or bool(before.isascii() and attributes(before)))
