# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Plans as records, one field a line, as YAML and TOML have them; and as Markdown tables."""

import re

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.plan_fields import ACTION, DESCRIPTION, DESTINATION, NO_WORDS, OBJECT, compose, without_mark
from robobrain_ros.tasks.plan_words import is_no_step
from robobrain_ros.tasks.reading import drop, one_line
from robobrain_ros.tasks.values import Dropped, Step

_FIELDS = (DESCRIPTION, ACTION, OBJECT, DESTINATION)
_KNOWN = frozenset(name for names in _FIELDS for name in names)
_ORDERS = frozenset(
    {'step', 'order', 'number', 'id', 'subtask_order', 'step_number', 'robot', 'robot_name', 'no.', '#', '步骤', '序号'}
)
_RECORD = re.compile(
    r'(?P<indent>\s*(?:[-*]\s+)?)["\']?(?P<key>[^\s:="\']{1,30}(?:[ _][^\s:="\']{1,20})?)["\']?'
    r'\s*[:=：]\s*(?P<value>.*)'
)
_ITEM = re.compile(r'\s*[-*]\s')


def read_records(lines: list[str], cut_short: bool) -> tuple[list[Step], list[Dropped]] | None:
    """YAML's list of records: '- action: pick' and, indented below it, 'object: the mug'; None if it is none.

    A record begins with a dash, or where a key comes again.
    """
    records: list[tuple[str, dict[str, str]]] = []
    dropped: list[Dropped] = []
    for line in lines:
        match = _RECORD.fullmatch(line)
        key = keys.normal(match['key']) if match else ''
        value = one_line(match['value']).strip('"\', ') if match else ''
        if key not in _KNOWN and key not in _ORDERS:
            if records and (_ITEM.match(line) or value):
                dropped.append(drop(line.strip(), 'a line that is no field of a step'))
            continue
        if not records or (match and match['indent'].strip()) or key in records[-1][1]:
            records.append((line, {}))
        records[-1][1][key] = value
    if not any(_is_step(line, fields) for line, fields in records):
        return None
    last = len(records) - 1
    numbered = [
        (_order(fields), _step(line, fields, cut_short and index == last, dropped))
        for index, (line, fields) in enumerate(records)
    ]
    steps = _in_order(numbered)
    return (steps, dropped) if steps or cut_short else None


def read_table(lines: list[str], cut_short: bool) -> tuple[list[Step], list[Dropped]] | None:
    """A Markdown table whose head names a column of steps; None if there is none."""
    at = next((n for n, line in enumerate(lines[1:], 1) if _is_rule(line) and '|' in lines[n - 1]), 0)
    head = [keys.normal(cell) for cell in _cells(lines[at - 1])] if at else []
    if not set(head) & _KNOWN:
        return None
    rows = []
    for line in lines[at + 1 :]:
        if '|' not in line:
            break
        rows.append(line)
    numbered: list[tuple[int | None, Step | None]] = []
    dropped: list[Dropped] = []
    for index, row in enumerate(rows):
        cells = _cells(row)
        fields = dict(zip(head, cells, strict=False))
        half = len(cells) != len(head) or (cut_short and index == len(rows) - 1)
        numbered.append((_order(fields), _step(row, fields, half, dropped)))
    return (_in_order(numbered), dropped) if rows else None


def _step(line: str, fields: dict[str, str], half: bool, dropped: list[Dropped]) -> Step | None:
    """The step that these fields make; None, and a report, if there is none."""
    description, action, thing, destination = (_first(fields, names) for names in _FIELDS)
    step = compose(without_mark(description), action, thing, destination)
    reason = ''
    if half:
        reason = 'cut short by the token limit'
    elif step is None:
        reason = 'no step: neither "description" nor "action" has words' if any(fields.values()) else ''
    elif is_no_step(step.description):
        reason = 'it says that something is not there'
    if reason:
        dropped.append(drop(line.strip(), reason))
    return None if reason else step


def _order(fields: dict[str, str]) -> int | None:
    """The step's number, where a field holds nothing else."""
    return next((int(value) for key, value in fields.items() if key in _ORDERS and value.isdecimal()), None)


def _in_order(numbered: list[tuple[int | None, Step | None]]) -> list[Step]:
    """The steps by their numbers, where each has one."""
    found = [(order, step) for order, step in numbered if step is not None]
    if all(order is not None for order, _ in found):
        found.sort(key=lambda pair: pair[0] or 0)
    return [step for _, step in found]


def _is_step(line: str, fields: dict[str, str]) -> bool:
    """Whether this is a record for sure: it has an action, or a dash in front of its description."""
    return bool(set(fields) & {*ACTION}) or (bool(_ITEM.match(line)) and 'description' in fields)


def _is_rule(line: str) -> bool:
    return '|' in line and '-' in line and set(line) <= set(' \t:|-')


def _cells(line: str) -> list[str]:
    return [one_line(cell.replace('**', '')) for cell in line.strip().strip('|').split('|')]


def _first(fields: dict[str, str], names: tuple[str, ...]) -> str:
    words = (fields.get(name, '') for name in names)
    return next((text for text in words if text.lower() not in NO_WORDS and not text.isdecimal()), '')
