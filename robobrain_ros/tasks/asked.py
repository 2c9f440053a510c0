# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What was asked for, compared with the words of an answer: a clause names it, or is about something else."""

import re
from dataclasses import dataclass
from functools import lru_cache

from robobrain_ros.tasks.attributes import Attributes, attributes, differ, without_attributes
from robobrain_ros.tasks.chinese import sentence_parts, simplified
from robobrain_ros.tasks.things import groups_of

_WORD = re.compile(r'[^\W\d_]+')
_HAN = re.compile(r'[\u4e00-\u9fff]')
_DETERMINERS = r'the|an?|your|this|that|these|those|my|our|its?|all|any|some|each|every|no'
_POINTING = re.compile(
    r'\A(?:please\s+)?(?:point\s+(?:to|at|out)|look\s+(?:for|at)|search\s+for|reach\s+for|(?:go|move)\s+to)\b'
)
_ARTICLE = re.compile(rf'\b(?:{_DETERMINERS})\b')
_STOP = frozenset({
    'the', 'a', 'an', 'your', 'this', 'that', 'these', 'those', 'my', 'our', 'its', 'it', 'all', 'any', 'some',
    'each', 'every', 'no', 'please', 'to', 'for', 'and', 'or', 'of', 'point', 'find', 'locate', 'show', 'give',
    'where', 'is', 'are', 'pick', 'up', 'take', 'put', 'place', 'move', 'grasp', 'grab', 'hold', 'holding', 'push',
    'open', 'close', 'me', 'at', 'with', 'out',
})  # fmt: skip
# Where the thing's name ends: 'the mug | on the table', 'the mug | next to the plate'.
_REST = re.compile(
    r'\b(?:on|in|of|at|with|from|to|into|onto|(?<!the )(?<!top )(?<!bottom )(?<!upper )(?<!lower )(?:left|right)|near|'
    r'nearest|next|behind|beside|under|above|below|between|that|'
    r"which|who|for|by|and|or|closest|standing|lying)\b|[,.;:(?!]|['’]s\b"
)
# What may stand between a name and its place.
_TAIL = (
    r'(?:[^\w\s]|\s|\b(?:is|are|can|could|be|found|seen|located|lies|sits|stands|appears|positioned|visible|at|in|here|'
    r'the|its?|points?|pixels?|positions?|coordinates?|cent(?:er|re)|location)\b)*\Z'
)
_CHINESE_TAIL = r'(?:的|中心|坐标|位置|点|大约|大概|就|位于|在|是|为|处于|[^\w\s]|\s)*\Z'
_ANY_THING = re.compile(
    r'\b(?:it|its|objects?|targets?|items?|things?|anything|something|nothing|none|one|ones|any|asked|requested|such|'
    r'described|description|they|them)\b|目标|物体|东西|它|该|此|这|所',
    re.IGNORECASE,
)
_SUBJECT = re.compile(rf'\b(?:{_DETERMINERS})\s+((?:[^\W\d_]+\s+){{0,3}}?[^\W\d_]+)', re.IGNORECASE)
_GENERAL = frozenset({
    'image', 'picture', 'photo', 'scene', 'view', 'frame', 'location', 'locations', 'position', 'coordinates',
    'coordinate', 'point', 'answer', 'provided', 'given', 'plan', 'trajectory', 'path', 'task',
})  # fmt: skip
# Names that fit more than one kind of thing, and parts and places of things: they do not say that it is another one.
_NO_THING = re.compile(
    r'thing|item|object|target|tool|device|container|vessel|utensil|food|snack|fruit|vegetable|drink|beverage|toy|group|'
    r'area|region|space|spot|place|location|position|point|pixel|gap|side|cent(?:er|re)|middle|edge|rim|corner|top|base|'
    r'bottom|surface|tip|end|start|part|handle|knob|grip|spout|neck|answer|result|output|solution|goal|destination|boxe?|'
    r'image|picture|photo|scene|view|frame|way|path|trajectory|route|waypoint|coordinate|robot|gripper|hand|arm|camera|'
    r'grasp|click|guess|estimate|choice|candidate|match|prediction|detection|contact|best|closest|nearest|shape|body|'
    r'one|first|second|third|last|other|left|right|red|green|blue|yellow|orange|purple|black|white|user|task|step|option'
)
_GENERIC = re.compile(r'(?:object|item|thing|one)s?|物体|东西')
_SIDE_BEHIND = re.compile(r'\b(?:on|at|to)\s+the\s+(left|right|top|bottom)(?:\s+side)?\s*(?:\Z|[.,;?!])')
_SEVERAL = re.compile(r'\b(?:and|or|both)\b|,|和|与|或|、')
_FUNCTION = re.compile(r'[图像片画面场景中里内上在可见不未没有无找到发现检测看出现我您你了的抱歉很请\s\W]')


@dataclass(frozen=True)
class Asked:
    """An instruction, prepared for comparison; one that is empty, or has no noun, names nothing."""

    words: frozenset[str] = frozenset()
    """Its nouns and adjectives, in the singular; of Chinese, all pairs of characters."""
    name: re.Pattern[str] | None = None
    """Its name at the end of a clause: 'the red mug is at'."""
    noun: str = ''
    """What kind of thing it is: 'mug', '杯子'; empty where that is not clear, as in 'where can I sit?'."""
    called: str = ''
    """Noun and adjectives: 'red mug', '红色杯子'."""
    attributes: Attributes = frozenset()
    """What tells it from others of its kind: its colour, size, side ..."""

    def names(self, clause: str) -> bool:
        """Whether a clause ends in its name, and in no more: 'The mug is located at'; not 'the blue mug is at'."""
        return bool(self.name and self.name.search(simplified(clause[-160:]).lower()))

    def mentions(self, clause: str) -> bool:
        """Whether any of its words stands in a clause."""
        plain = simplified(clause).lower()
        return any(_singular(word) in self.words for word in _WORD.findall(plain)) or any(
            word in plain for word in self.words if _HAN.match(word)
        )

    def is_not(self, name: str) -> bool | None:
        """Whether a thing is another one than what was asked for: None means that this is not known.

        The same kind of thing with another colour, size or side is another one: the blue mug, asked for the red one.

        :param name: what ``placed.placed_thing`` gives
        """
        return _is_not(self, name)

    def is_called(self, name: str) -> bool:
        """Whether a name, such as a key of an object, is its name or another one of the same kind: 'cup', of a mug."""
        same_kind = groups_of(self.noun) & groups_of(_kind(name)) if self.noun and name else frozenset[int]()
        return bool(same_kind) and self.is_not(name) is False

    def is_alike(self, noun: str) -> bool:
        """Whether a noun may be said of it: its own noun, that of the same kind of thing, 'object' or a colour."""
        return bool(
            noun
            and self.noun
            and (
                _singular(noun) == _singular(self.noun)
                or groups_of(self.noun) & groups_of(noun)
                or _GENERIC.fullmatch(noun)
                or (noun.isascii() and any(told == 'colour' for told, _ in attributes(noun)))
            )
        )

    def is_elsewhere(self, clause: str) -> bool:
        """Whether a clause is about a thing, and that is not what was asked for: 'The lid is not visible'."""
        if not self.words or self.mentions(clause) or _ANY_THING.search(clause):
            return False
        if _HAN.search(clause):
            return len(_FUNCTION.sub('', simplified(clause))) > 1
        subjects = [_singular(word) for found in _SUBJECT.finditer(clause) for word in found[1].lower().split()]
        lone = re.match(r'\W*no\s+(\w+)', clause, re.IGNORECASE)
        return bool(set(subjects + ([lone[1].lower()] if lone else [])) - _GENERAL - _STOP)


@lru_cache(maxsize=1024)  # one answer asks several times about each name
def _is_not(asked: Asked, name: str) -> bool | None:
    noun = _kind(name)
    if asked.attributes and asked.is_alike(noun) and differ(asked.attributes, attributes(name)):
        return True
    if (
        not asked.noun
        or not noun
        or asked.mentions(noun)
        or (_HAN.search(name) and asked.noun in name)
        or _ANY_THING.search(f'{asked.noun} {noun}')
    ):
        return False
    if any(_NO_THING.fullmatch(_singular(word)) for word in (noun, asked.noun)) or noun.startswith(asked.noun):
        return False
    mine, other = groups_of(asked.noun), groups_of(noun)
    if mine & other or (_HAN.search(noun) and not other):
        return False
    return True if mine and other else None


@lru_cache(maxsize=64)
def asked(instruction: str) -> Asked:
    """Prepare an instruction: 'the red mug on the table' has the noun 'mug'; 'red' and 'table' are words of it, too."""
    text = simplified(instruction[:200]).strip().lower()
    if _HAN.search(text):
        return _chinese(text)
    front = _REST.split(_POINTING.sub('', text), maxsplit=1)[0]
    words = [word for word in _WORD.findall(front) if word not in _STOP]
    everything = frozenset(_singular(word) for word in _WORD.findall(text) if word not in _STOP)
    if not words or words[-1] in ('left', 'right'):
        return Asked(everything)
    noun, adjectives = re.escape(_singular(words[-1])), '|'.join(map(re.escape, words[:-1])) or r'(?!)'
    before = rf'(?:\A|[^\w\s\-]|\b(?:{_DETERMINERS}|and|but|while|only)\b)\s*'
    article = [match.start() for match in _ARTICLE.finditer(front)]
    clear = not article or all(word in _STOP for word in _WORD.findall(front[: article[-1]]))
    pattern = rf'{before}(?:(?:{adjectives})\s+)*{noun}(?:e?s)?(?!\w){_TAIL}'
    if not clear or not (article or len(words) < 3):
        return Asked(everything, re.compile(pattern))
    told = attributes(' '.join(words[:-1] + _SIDE_BEHIND.findall(text)))
    if _SEVERAL.search(text):  # 'the red mug and the blue mug'
        told |= {one for one in attributes(' '.join(_WORD.findall(text))) if one[0] in {kind for kind, _ in told}}
    return Asked(everything, re.compile(pattern), words[-1], ' '.join(words), told)


def _chinese(text: str) -> Asked:
    parts = sentence_parts(text.rstrip('。 '))
    thing = parts[1] or parts[2] if parts else re.sub(r'\A(?:请)?(?:指出|找出|找到|定位|标出|框出|指向)', '', text)
    pairs = frozenset(thing[at : at + 2] for at in range(len(thing) - 1) if '的' not in thing[at : at + 2])
    head = thing.rpartition('的')[2]
    names = '|'.join(re.escape(name) for name in {thing, head} if len(name) > 1)
    pattern = re.compile(rf'(?:\A|[^\w\s]|\s|的)(?:{names}){_CHINESE_TAIL}') if names else None
    told = frozenset[tuple[str, int]]() if _SEVERAL.search(text) else attributes(thing)
    return Asked(pairs or frozenset({thing}), pattern, without_attributes(head), thing, told)


def _kind(name: str) -> str:
    """The noun of a name: 'mug' of 'red mug', '杯子' of '红色的杯子'."""
    if name.isascii():
        return name.rpartition(' ')[2]
    return without_attributes(name.rpartition('的')[2] or name)


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith('s') and not word.endswith('ss') else word
