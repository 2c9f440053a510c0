# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Words that tell things of one kind apart, in English and Chinese: the blue mug is not the red one.

A word may have several meanings ('turquoise' is blue or green): things differ only where no meaning is shared.
"""

import re
from functools import lru_cache

from robobrain_ros.tasks.things import groups_of

Attributes = frozenset[tuple[str, int]]
"""Pairs of what is told (colour, size ...) and one of its values."""

_TABLE = {
    'colour': (
        'red reddish scarlet crimson maroon burgundy 红',
        'orange 橙',
        'yellow yellowish gold golden 黄 金',
        'green greenish turquoise teal cyan 绿 青',
        'blue bluish navy azure indigo turquoise teal cyan 蓝 青',
        'purple purplish violet magenta 紫',
        'pink pinkish magenta 粉',
        'brown brownish tan beige bronze maroon 棕 褐 米',
        'black blackish 黑',
        'white whitish ivory beige 白 米',
        'grey gray greyish grayish silver silvery 灰 银',
    ),
    'size': (
        'big bigger biggest large larger largest huge giant 大',
        'small smaller smallest little tiny mini 小',
        'medium',
    ),
    'height': ('tall taller tallest', 'short shorter shortest'),
    'side': ('left leftmost 左', 'right rightmost 右', 'middle center centre 中间'),
    'level': ('top topmost upper uppermost 上', 'bottom lower lowest 下', 'middle center centre 中间'),
    'depth': ('front frontmost 前', 'back rear 后', 'middle center centre 中间'),
    'order': (
        'first 一 1',
        'second last 二 2',
        'third last 三 3',
        'fourth last 四 4',
        'fifth last 五 5',
    ),
}
_MEANINGS: dict[str, set[tuple[str, int]]] = {}
for _told, _values in _TABLE.items():
    for _number, _words in enumerate(_values):
        for _word in _words.split():
            _MEANINGS.setdefault(_word, set()).add((_told, _number))
_WORD = re.compile(r'[^\W\d_]+')
_COLOURS = '红橙黄金绿青蓝紫粉黑白灰银棕褐米'
_COLOUR = re.compile(f'([{_COLOURS}]+)色')
_SHORT_COLOUR = re.compile('[深浅暗淡亮]?([红橙黄绿蓝紫粉黑白灰]+)的?(?=.)')
_PLACE = re.compile('(?:最|靠)?(?:([左右上下前后])[边侧方面层]|(中间))')
_ORDER = re.compile('第([一二三四五1-5])')
_SIZE = re.compile('(?:最|较|更)?([大小])[的号型]?(?=.)')
_FRONT = re.compile(
    f'(?:(?:最|靠)?[左右上下前后][边侧方面层]|中间|第[一二三四五1-5][个只把张本]?|[深浅暗淡亮]?[{_COLOURS}]+色|的)+(?=.)'
)


@lru_cache(maxsize=256)
def attributes(name: str) -> Attributes:
    """What a name tells of a thing besides its kind: 'dark red mug' says red; '左边的杯子' says left.

    :param name: in lower case; in Chinese with simplified characters
    """
    if name.isascii():
        return frozenset(one for word in _WORD.findall(name) for one in _MEANINGS.get(word, ()))
    said = [*''.join(_COLOUR.findall(name)), *_ORDER.findall(name)]
    if place := _PLACE.match(name):
        said.append(place[1] or place[2])
    rest = without_attributes(name)
    if (colour := _SHORT_COLOUR.match(rest)) and groups_of(rest[colour.end() :]):
        said += colour[1]
        rest = rest[colour.end() :]
    if (size := _SIZE.match(rest)) and groups_of(rest[size.end() :]):
        said.append(size[1])
    return frozenset().union(*(_MEANINGS[word] for word in said))


def without_attributes(name: str) -> str:
    """A Chinese name without the attributes in front of it: '红色的杯子' is a '杯子'."""
    front = _FRONT.match(name)
    return name[front.end() :] if front else name


def differ(one: Attributes, other: Attributes) -> bool:
    """Whether both tell something that excludes each other; what only one of them tells does not count."""
    both = {told for told, _ in one} & {told for told, _ in other}
    return any(not any(pair[0] == told for pair in one & other) for told in both)
