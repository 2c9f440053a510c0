"""The values of one group in an answer: which of its keys answer the question, and what lies under the others.

A value under a foreign key, however deep, is never a target, a waypoint or a box.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.reading import drop, one_line, unquote
from robobrain_ros.tasks.refusals import is_refusal
from robobrain_ros.tasks.structure import NUMBER, Atom, Group, Item, read_groups
from robobrain_ros.tasks.values import Dropped

_NUMBER = re.compile(NUMBER)
_NOT_FINITE = re.compile(r'[+-]?(?:nan|inf|infinity)', re.IGNORECASE)
_NOTHING = frozenset({'null', 'none', ''})
_FALSE = frozenset({'false', 'no', '0', 'none', 'null', '否'})
_CORNERS = (('x1', 'y1', 'x2', 'y2'), ('xmin', 'ymin', 'xmax', 'ymax'), ('x_min', 'y_min', 'x_max', 'y_max'))
_NESTED = 3
"""Quotations in quotations that are read."""

_POINT_KEYS = keys.ANSWER | keys.POINT
_BOX_KEYS = keys.ANSWER | keys.BOX


@dataclass(frozen=True)
class Value:
    """A group of numbers that may be a target, a waypoint or a box."""

    text: str
    """The text that the model wrote."""
    parts: tuple[str, ...]
    label: str = ''
    flaw: str = ''
    """Why none of it can be used; empty if nothing is known against it."""
    box: bool = False
    """It stands where a box does: its numbers are corners."""
    refused: bool = False
    """The words beside it say that nothing is there."""


@dataclass
class Reader:
    """Collects the values of groups.

    :param text: the cleaned text that the groups are from
    :param answer: the answer as the model wrote it, to be quoted; as long as ``text``
    :param boxes: boxes are asked for, else points
    """

    text: str
    answer: str
    boxes: bool
    values: list[Value] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    empty: bool = False
    """A key that answers the question holds nothing."""
    depth: int = 0

    def read(self, node: Atom | Group, like: Value) -> None:
        """Collect what lies under a key that answers the question, or under none.

        :param like: label and the like of what encloses it
        """
        if isinstance(node, Atom):
            self._atom(node, like)
        elif node.bracket == '{' or _is_keyed(node):
            self._mapping(node, like)
        elif not node.items:
            self.empty = self.empty or not node.flaw
        elif _numbers(self, node):
            self._group(node, like)
        elif (like.box or self.boxes) and (pair := self._corner_pair(node)):
            self.values.append(pair)
        else:
            for item in node.items:
                if item.key is None or isinstance(item.value, Group):
                    self._keyed(item, like)

    def quote(self, node: Atom | Group) -> str:
        """What the model wrote there."""
        return self.answer[node.start : node.end].rstrip()

    def words(self, node: Atom | Group) -> str:
        """An atom's text, without its quotes."""
        if isinstance(node, Group):
            return ''
        text = self.answer[node.start : node.end]
        return one_line(unquote(text) if node.quoted else text)

    def _atom(self, node: Atom, like: Value) -> None:
        inner = self.text[node.start + 1 : node.end - 1] if node.quoted else ''
        if self.depth < _NESTED and inner.lstrip()[:1] in ('[', '(', '{'):
            original = self.answer[node.start + 1 : node.end - 1]
            nested = Reader(inner, original, self.boxes, depth=self.depth + 1)
            for top in read_groups(inner):
                nested.read(top.group, like)
            self.values += nested.values
            self.dropped += nested.dropped
            self.empty = self.empty or nested.empty
        elif self.words(node).lower() in _NOTHING:
            self.empty = True

    def _group(self, node: Group, like: Value) -> None:
        """A group with numbers in it: a value, unless other groups stand beside the numbers."""
        inner = [item for item in node.items if isinstance(item.value, Group)]
        if inner:
            text = self.answer[node.start : inner[0].value.start].rstrip()
            self.dropped.append(drop(text, 'no closing bracket around these numbers'))
            for item in inner:
                self._keyed(item, like)
            return
        parts = tuple(self._part(item) for item in node.items)
        self.values.append(replace(like, text=self.quote(node), parts=parts, flaw=node.flaw))

    def _part(self, item: Item) -> str:
        words = self.words(item.value)
        return words if item.key is None else f'{item.key}={words}'

    def _corner_pair(self, node: Group) -> Value | None:
        """The box that two corners in one list make."""
        pairs = [item.value for item in node.items if isinstance(item.value, Group)]
        if len(pairs) != 2 or len(node.items) != 2 or any(pair.flaw or _count(self, pair) != 2 for pair in pairs):
            return None
        parts = tuple(self._part(item) for pair in pairs for item in pair.items)
        return Value(self.quote(node), parts, box=True)

    def _keyed(self, item: Item, like: Value) -> None:
        """A value of a list, with a key or without."""
        if item.key is None or keys.normal(item.key) in own_keys(self.boxes):
            self.read(item.value, like)
        elif not self.boxes and keys.normal(item.key) in keys.BOX:
            self.read(item.value, replace(like, box=True))
        else:
            self.leave(item.key, item.value)

    def leave(self, key: str, node: Atom | Group) -> None:
        """Report what lies under a key that does not answer the question."""
        if isinstance(node, Group) and any(character.isdigit() for character in self.text[node.start : node.end]):
            self.dropped.append(drop(self.quote(node), f'"{key[:40]}" holds something else'))

    def _mapping(self, node: Group, like: Value) -> None:
        named = [(keys.normal(item.key), item.value, item.key) for item in node.items if item.key is not None]
        like = self._beside(named, like)
        known = {key for key, _, _ in named}
        own = known & own_keys(self.boxes)
        boxes = set() if own or self.boxes else known & keys.BOX
        holders = set() if own or boxes else known & keys.HOLDERS
        plain = {} if own or boxes or holders else self._coordinates(named)
        for item in node.items:
            if item.key is None:
                self.read(item.value, like) if isinstance(item.value, Group) else None
                continue
            key = keys.normal(item.key)
            if key in own or key in holders:
                self.read(item.value, like)
            elif key in boxes:
                self.read(item.value, replace(like, box=True))
            else:
                self.leave(item.key, item.value)
        if plain:
            self.values.append(replace(like, text=self.quote(node), parts=tuple(plain), flaw=node.flaw))

    def _beside(self, named: list[tuple[str, Atom | Group, str]], like: Value) -> Value:
        """Label, and whether the words beside a value say that nothing is there."""
        for key, value, _ in named:
            words = self.words(value)
            if key in keys.LABEL and words and not like.label:
                like = replace(like, label=words)
            if (key in keys.FOUND and words.lower() in _FALSE) or (key in keys.SAYS and words and is_refusal(words)):
                like = replace(like, refused=True)
                self.empty = True
        return like

    def _coordinates(self, named: list[tuple[str, Atom | Group, str]]) -> list[str]:
        """The numbers of {"x": 1, "y": 2}; empty if it is nothing of the kind."""
        fields = {key: self.words(value) for key, value, _ in named if isinstance(value, Atom)}
        for corners in _CORNERS:
            if self.boxes and all(key in fields for key in corners):
                return [fields[key] for key in corners]
        if 'x' in fields and 'y' in fields and _NUMBER.match(fields['x']):
            return [fields['x'], fields['y'], *(fields[key] for key in keys.DEPTH if key in fields)][:3]
        return []


def own_keys(boxes: bool) -> frozenset[str]:
    """The keys that answer the question for boxes, or for points."""
    return _BOX_KEYS if boxes else _POINT_KEYS


def holds_groups(group: Group) -> bool:
    """Whether there are groups in a group."""
    return any(isinstance(item.value, Group) for item in group.items)


def is_number(words: str) -> bool:
    """Whether an atom starts like a number, or is one that is not finite."""
    return bool(_NUMBER.match(words) or _NOT_FINITE.fullmatch(words))


def _numbers(reader: Reader, group: Group) -> bool:
    return any(
        isinstance(item.value, Atom)
        and not (item.value.quoted and not _NUMBER.fullmatch(reader.words(item.value)))
        and is_number(reader.words(item.value))
        for item in group.items
    )


def _count(reader: Reader, group: Group) -> int:
    found = [item for item in group.items if isinstance(item.value, Atom) and is_number(reader.words(item.value))]
    return len(found) if len(found) == len(group.items) else 0


def _is_keyed(group: Group) -> bool:
    """Whether each item of a list or tuple has a key, as in 'Point(x=1, y=2)'."""
    return bool(group.items) and all(item.key is not None for item in group.items)


def leaves(tops: list[Group]) -> Iterator[Group]:
    """Groups of words give way to the groups inside of them: brackets in prose hold prose."""
    for group in tops:
        inner = [item.value for item in group.items if isinstance(item.value, Group)]
        prose = any(isinstance(item.value, Atom) and not item.value.quoted and item.key is None for item in group.items)
        if inner and prose and group.bracket == '(':
            yield from leaves(inner)
        else:
            yield group
