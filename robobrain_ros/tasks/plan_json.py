# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Plans as JSON or Python literals: lists of objects or strings under many names, with orders and sub-steps."""

import re
from collections.abc import Callable

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.plan_fields import (
    ACTION,
    AROUND,
    DESCRIPTION,
    DESTINATION,
    DETAILS,
    INNER,
    LISTS,
    NAME,
    NO_WORDS,
    OBJECT,
    ORDER,
    compose,
    without_mark,
)
from robobrain_ros.tasks.plan_words import is_no_step, step_of, triple
from robobrain_ros.tasks.reading import drop, one_line, unquote
from robobrain_ros.tasks.structure import NUMBER, Atom, Group, Item, read_groups
from robobrain_ros.tasks.values import Dropped, Step

_NUMBERED = re.compile(r'(?:step|subtask|phase|步骤|第)?_?([0-9]{1,3})步?')
_NUMBER = re.compile(NUMBER)
_ONLY_NUMBER = re.compile(rf'(?:step|步骤|第)?\s?(?:{NUMBER})\s?步?', re.IGNORECASE)
NO = frozenset({'false', 'False', 'no', 'No', '否'})


class JsonPlan:
    """The steps in the groups of a text, in their order, and what could not be used.

    :param text: the cleaned text
    :param answer: what the model wrote, as long as ``text``
    :param read_text: reads a plan that stands as text in a string
    """

    def __init__(self, text: str, answer: str, read_text: Callable[[str], tuple[list[Step], list[Dropped]]]) -> None:
        self._answer = answer
        self._read_text = read_text
        self.dropped: list[Dropped] = []
        self.empty = False
        """A list of steps is there, and empty."""
        self._found: list[tuple[float | None, Step]] = []
        for top in read_groups(text):
            if self._is_plan(top.group):
                self._collect(top.group, 0)

    def steps(self) -> list[Step]:
        """The steps; by their numbers where each has one, wherever the model wrote it."""
        orders = [order for order, _ in self._found]
        if None not in orders:
            self._found.sort(key=lambda numbered: numbered[0] or 0.0)
        return [step for _, step in self._found]

    def _is_plan(self, group: Group) -> bool:
        """Whether this may hold steps: prose has brackets, too."""
        if group.bracket == '{':
            return True
        values = [item.value for item in group.items]
        return group.bracket == '[' and all(not self._is_call(v) if isinstance(v, Group) else v.quoted for v in values)

    def _is_call(self, group: Group) -> bool:
        """Whether a group holds the arguments of a function: its strings are no steps."""
        return group.bracket == '(' and self._answer[group.start - 1 : group.start].isalnum()

    def _collect(self, value: Atom | Group, depth: int) -> None:
        if isinstance(value, Atom):
            self._string(value)
        elif value.bracket == '{' and not (value.items and all(item.key is None for item in value.items)):
            self._mapping(value, depth)
        else:
            self._list(value, depth)

    def _list(self, group: Group, depth: int) -> None:
        if not group.items:
            self.empty = self.empty or (group.bracket == '[' and not group.flaw)
            return
        words = [self._text(item.value) for item in group.items]
        if depth and all(words) and (step := triple([one_line(word) for word in words])):
            self._found.append((None, step))
            return
        for item in group.items:
            self._collect(item.value, depth + (group.bracket != '{'))
        if group.flaw and isinstance(group.items[-1].value, Atom) and not group.items[-1].value.quoted:
            return
        self._tail(group)

    def _tail(self, group: Group) -> None:
        """Report the half string at the end of a list that is cut."""
        last = group.items[-1].value
        rest = self._answer[last.end : group.end].strip(' \n,`') if group.flaw else ''
        if rest and isinstance(last, Atom):
            self.dropped.append(drop(rest, 'cut short: it does not end'))

    def _string(self, atom: Atom) -> None:
        text = self._text(atom)
        if not atom.quoted:
            if any(character.isalpha() for character in text) and text.lower() not in NO_WORDS:
                self.dropped.append(drop(text, 'malformed: words without quotes'))
            return
        if '\n' in text.strip():
            steps, dropped = self._read_text(text)
            self._found += [(None, step) for step in steps]
            self.dropped += [drop(self._quote(atom), item.reason) for item in dropped]
        elif words := without_mark(one_line(text)):
            if _ONLY_NUMBER.fullmatch(words):
                self.dropped.append(drop(self._quote(atom), 'a step without words'))
            elif is_no_step(words):
                self.dropped.append(drop(self._quote(atom), 'it says that something is not there'))
            else:
                self._found.append((None, step_of(words)))

    def _mapping(self, group: Group, depth: int) -> None:
        fields = {keys.normal(item.key): item.value for item in group.items if item.key is not None}
        lists = [key for key in LISTS if self._holds_steps(fields.get(key))]
        numbered = [key for key in fields if _NUMBERED.fullmatch(key)]
        if not depth and lists and any(keys.says_found(i.key or '') and self._text(i.value) in NO for i in group.items):
            self.empty = True
            self.dropped.append(drop(self._quote(group), 'the answer says that it cannot be done'))
        elif not depth and lists:
            self._enter(fields, lists[:1], depth)
        elif numbered and len(numbered) == len(fields):
            self._enter(fields, sorted(numbered, key=lambda key: int(re.sub(r'\D', '', key))), depth)
        elif not self._words(fields, ACTION) and (around := [k for k in AROUND if self._holds_steps(fields.get(k))]):
            self._enter(fields, around[:1], depth)
        else:
            self._step(group, fields)
            for key in INNER:
                if isinstance(fields.get(key), Group):
                    self._collect(fields[key], depth + 1)

    def _enter(self, fields: dict[str, Atom | Group], chosen: list[str], depth: int) -> None:
        """Collect what lies under these keys; lists under others are reported."""
        for key in chosen:
            value = fields[key]
            self._string(value) if isinstance(value, Atom) else self._collect(value, depth)
        for key, value in fields.items():
            if key not in chosen and isinstance(value, Group) and any(self._text(item.value) for item in value.items):
                self.dropped.append(drop(self._quote(value), f'"{key[:40]}" holds something else than the plan'))

    def _holds_steps(self, value: Atom | Group | None) -> bool:
        return isinstance(value, Group) or (value is not None and '\n' in self._text(value).strip())

    def _step(self, group: Group, fields: dict[str, Atom | Group]) -> None:
        text = self._quote(group)
        if group.flaw:
            self.dropped.append(drop(text, 'cut short: it does not end'))
            return
        if spoilt := next((item for item in group.items if self._is_malformed(item)), None):
            self.dropped.append(drop(text, f'malformed at {self._quote(spoilt.value)[:20]!r}'))
            return
        fields, unread = self._flat(fields)
        description, action = without_mark(self._words(fields, DESCRIPTION)), self._words(fields, ACTION)
        thing, destination = self._words(fields, OBJECT), self._words(fields, DESTINATION)
        step = compose(
            description or (action and '') or without_mark(self._words(fields, NAME)), action, thing, destination
        )
        if step is None:
            if not self._holds_nothing(fields):
                self.dropped.append(drop(text, 'no step: neither "description" nor "action" has words'))
        elif is_no_step(step.description):
            self.dropped.append(drop(text, 'it says that something is not there'))
        else:
            self._found.append((self._order(fields), step))
            if self._words(fields, ORDER[:2]):
                unread.append(('order', group))
            self.dropped += [drop(self._quote(value), f'"{key[:40]}" is no part of a step') for key, value in unread]

    def _flat(self, fields: dict[str, Atom | Group]) -> tuple[dict[str, Atom | Group], list[tuple[str, Atom | Group]]]:
        """A step's fields, with those that lie one level deeper; and the groups of words that are none of them."""
        flat, unread = dict(fields), list[tuple[str, Atom | Group]]()
        for key, value in fields.items():
            if not isinstance(value, Group) or key in INNER or not any(self._text(i.value) for i in value.items):
                continue
            inner = {keys.normal(item.key): item.value for item in value.items if item.key is not None}
            name = next((inner[name] for name in (*NAME, 'label', *OBJECT) if name in inner), None)
            if key in DETAILS and inner:
                flat |= {key: value for key, value in inner.items() if key not in fields}
            elif key in (*ACTION, *OBJECT, *DESTINATION) and isinstance(name, Atom):
                flat |= {inner_key: value for inner_key, value in inner.items() if inner_key not in (*fields, *NAME)}
                flat[key] = name
            elif len(value.items) == 1 and key in (*OBJECT, *DESTINATION):
                flat[key] = value.items[0].value
            else:
                unread.append((key, value))
        if not any(self._words(flat, names) for names in (DESCRIPTION, OBJECT, DESTINATION)):
            known = {*ACTION, *ORDER, *NAME, *INNER}
            unread += [
                (key, value)
                for key, value in flat.items()
                if isinstance(value, Atom) and key not in known and value.quoted and self._text(value).strip()
            ]
        return flat, unread

    def _is_malformed(self, item: Item) -> bool:
        """Whether two values stand where one should, as in '"pick" "object": "it"'."""
        return isinstance(item.value, Atom) and not item.value.quoted and '"' in self._quote(item.value)

    def _holds_nothing(self, fields: dict[str, Atom | Group]) -> bool:
        """Whether a list of steps is there as null or as an empty string; notes it."""
        nothing = any(
            key in LISTS and isinstance(value, Atom) and self._text(value).strip().lower() in NO_WORDS
            for key, value in fields.items()
        )
        self.empty = self.empty or nothing
        return nothing

    def _order(self, fields: dict[str, Atom | Group]) -> float | None:
        for key in ORDER:
            value = fields.get(key)
            if value is not None and _ONLY_NUMBER.fullmatch(text := self._text(value).strip()):
                number = _NUMBER.search(text)
                return float(number.group()) if number else None
        return None

    def _words(self, fields: dict[str, Atom | Group], names: tuple[str, ...]) -> str:
        for name in names:
            value = fields.get(name)
            if isinstance(value, Atom):
                words = one_line(self._text(value))
                if words.lower() not in NO_WORDS and not _ONLY_NUMBER.fullmatch(words):
                    return words
        return ''

    def _text(self, value: Atom | Group) -> str:
        if isinstance(value, Group):
            return ''
        text = self._answer[value.start : value.end]
        return unquote(text) if value.quoted else text

    def _quote(self, value: Atom | Group) -> str:
        return self._answer[value.start : value.end].rstrip()
