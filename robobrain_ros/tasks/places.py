# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The values of one group in an answer: which of its keys answer the question, and what lies under the others.

A value under a foreign key, however deep, is never a target, a waypoint or a box.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.asked import Asked
from robobrain_ros.tasks.denials import denies, is_another, named_items
from robobrain_ros.tasks.reading import drop, one_line
from robobrain_ros.tasks.refusals import is_refusal
from robobrain_ros.tasks.source import Source, bare_numbers, is_number
from robobrain_ros.tasks.structure import Atom, Group, Item, read_groups
from robobrain_ros.tasks.values import Dropped

_NOTHING = frozenset({'null', 'none', ''})
_CORNERS = (
    ('x1', 'y1', 'x2', 'y2'),
    ('xmin', 'ymin', 'xmax', 'ymax'),
    ('x_min', 'y_min', 'x_max', 'y_max'),
    ('left', 'top', 'right', 'bottom'),
)
_SIDES = frozenset({'w', 'h', 'width', 'height'})
_NESTED = 3
"""Quotations in quotations that are read."""


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
    span: tuple[int, int] = (0, 0)
    """Where it begins and ends in the answer as the model wrote it, characters."""


@dataclass
class Reader(Source):
    """Collects the values of groups.

    :param wanted: the kind of values that is asked for
    :param asked: the thing that is asked for
    """

    wanted: keys.Wanted
    asked: Asked
    values: list[Value] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    empty: bool = False
    """A key that answers the question holds nothing."""
    denied: bool = False
    """An object without a label says that nothing is there: that is said of all values."""
    depth: int = 0
    """In how many quotations the text stands."""

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
        elif self.has_numbers(node):
            self._group(node, like)
        elif (like.box or self.wanted.boxes) and (pair := self._corner_pair(node)):
            self.values.append(pair)
        else:
            for item in node.items:
                if item.key is None or isinstance(item.value, Group):
                    self._keyed(item, like)

    def _atom(self, node: Atom, like: Value) -> None:
        inner = self.text[node.start + 1 : node.end - 1] if node.quoted else ''
        if self.depth < _NESTED and inner.lstrip()[:1] in ('[', '(', '{'):
            original = self.answer[node.start + 1 : node.end - 1]
            nested = Reader(
                inner, original, self.offset + node.start + 1, self.wanted, self.asked, depth=self.depth + 1
            )
            for top in read_groups(inner):
                nested.read(top.group, like)
            self.values += nested.values
            self.dropped += nested.dropped
            self.empty = self.empty or nested.empty
        elif parts := bare_numbers(inner):
            self.values.append(replace(like, text=self.quote(node), parts=parts, span=self.span(node)))
        elif self.words(node).lower() in _NOTHING or (node.quoted and is_refusal(self.words(node))):
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
        if len(parts) == 1 and ';' in parts[0] and not node.flaw:
            parts = bare_numbers(parts[0]) or parts  # '(512; 300)'
        self.values.append(
            Value(self.quote(node), parts, like.label, node.flaw, like.box, like.refused, self.span(node))
        )

    def _part(self, item: Item) -> str:
        node = item.value
        words = (
            self.words(node) if isinstance(node, Group) or node.quoted else one_line(self.text[node.start : node.end])
        )
        return words if item.key is None else f'{item.key}={words}'

    def _corner_pair(self, node: Group) -> Value | None:
        """The box that two corners in one list make."""
        pairs = [item.value for item in node.items if isinstance(item.value, Group)]
        if len(pairs) != 2 or len(node.items) != 2 or any(pair.flaw or self.count(pair) != 2 for pair in pairs):
            return None
        parts = tuple(self._part(item) for pair in pairs for item in pair.items)
        return Value(self.quote(node), parts, box=True, span=self.span(node))

    def _keyed(self, item: Item, like: Value) -> None:
        """A value of a list, with a key or without."""
        if item.key is None or self.wanted.owns(item.key):
            self.read(item.value, like)
        elif not self.wanted.boxes and keys.unnumbered(item.key) in keys.BOX:
            self.read(item.value, replace(like, box=True))
        else:
            self.leave(item.key, item.value)

    def leave(self, key: str, node: Atom | Group) -> None:
        """Report what lies under a key that does not answer the question."""
        if isinstance(node, Group) and any(character.isdigit() for character in self.text[node.start : node.end]):
            self.dropped.append(drop(self.quote(node), f'"{key[:40]}" holds something else'))

    def _mapping(self, node: Group, like: Value) -> None:
        """What lies under keys that answer the question; else boxes, things, x and y, or what was asked for."""
        named = named_items(node)
        if is_another(named, self.words):
            self.leave('type', node)
            return
        like = self._beside(named, like)
        self.empty = self.empty or not (node.items or node.flaw)
        known = {keys.unnumbered(key) for key, value in named if self._may_hold(value)}
        own = next((known & family for family in self.wanted.families if known & family), frozenset[str]())
        boxes = frozenset[str]() if own or self.wanted.boxes or node.flaw else known & keys.BOX
        holders = frozenset[str]() if own or boxes else known & keys.HOLDERS
        plain, is_box = ([], False) if own or boxes or holders else self._coordinates(named, like.box)
        called = frozenset[str]() if own or boxes or holders or plain or node.flaw else self._called(named)
        for item in node.items:
            key = keys.unnumbered(item.key) if item.key is not None else ''
            if item.key in called:
                self.read(item.value, replace(like, label=like.label or item.key))
            elif item.key is None:
                self.read(item.value, like) if isinstance(item.value, Group) else None
            elif key in own or key in holders:
                self.read(item.value, like)
            elif key in boxes:
                self.read(item.value, replace(like, box=True))
            else:
                self.leave(item.key, item.value)
        if plain:
            parts = tuple(plain)
            value = replace(like, text=self.quote(node), parts=parts, flaw=node.flaw, box=is_box)
            self.values.append(replace(value, span=self.span(node)))

    def _called(self, named: list[tuple[str, Atom | Group]]) -> frozenset[str]:
        """The keys that name what was asked for, as in {"kettle": [1, 2], "red mug": [3, 4]}; of a way, none does.

        Where two fit equally well, none does: asked for a mug, {"mug": [1, 2], "cup": [3, 4]} has one, and
        {"cup": [1, 2], "glass": [3, 4]} none.
        """
        if not self.asked.noun or self.wanted is keys.WAYPOINTS:
            return frozenset()
        names = {
            key: keys.normal(key).replace('_', ' ')
            for key, value in named
            if isinstance(value, Group) or self.words(value).lower() in _NOTHING
        }
        if not names:
            return frozenset()
        for fits in (self.asked.called.__eq__, self.asked.names, self.asked.is_called):
            if own := frozenset(key for key, name in names.items() if fits(name)):
                return own if len(own) == 1 else frozenset()
        return frozenset()

    def _may_hold(self, value: Atom | Group) -> bool:
        """Whether a value may be a place, or says that there is none: 'the mug' does not."""
        words = self.words(value)
        return (
            isinstance(value, Group) or words.lower() in _NOTHING or words[:1] in '[({0123456789' or is_refusal(words)
        )

    def _beside(self, named: list[tuple[str, Atom | Group]], like: Value) -> Value:
        """Label, and whether the words beside a value say that nothing is there."""
        labels = [self.words(value) for key, value in named if keys.normal(key) in keys.LABEL and self.words(value)]
        if labels and not like.label:
            like = replace(like, label=labels[0])
        if denies(named, self.words, self.wanted.owns):
            self.empty = True
            self.denied = self.denied or not labels
            return replace(like, refused=True)
        return like

    def _coordinates(self, named: list[tuple[str, Atom | Group]], in_box: bool) -> tuple[list[str], bool]:
        """The numbers of {"x": 1, "y": 2}, and whether they are corners; empty if it is nothing of the kind."""
        fields = {keys.normal(key): self.words(value) for key, value in named if isinstance(value, Atom)}
        for corners in _CORNERS:
            if all(key in fields for key in corners):
                return [fields[key] for key in corners], True
        if (
            'x' in fields
            and 'y' in fields
            and is_number(fields['x'])
            and not (in_box or self.wanted.boxes or _SIDES & set(fields))
        ):
            return [fields['x'], fields['y'], *(fields[key] for key in keys.DEPTH if key in fields)][:3], False
        return [], False


def holds_groups(group: Group) -> bool:
    """Whether there are groups in a group."""
    return any(isinstance(item.value, Group) for item in group.items)


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
