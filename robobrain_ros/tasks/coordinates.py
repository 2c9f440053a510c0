"""Points and boxes in a model's answer: every bracketed group of numbers is either used or reported.

Read are '(x, y)' and '[x, y]' groups wherever they stand: in lists, prose, code fences, or as values in JSON objects
such as ``{"point_2d": [512, 300], "label": "mug"}``. Numbers without closed brackets around them are never used: the
token limit may have cut them.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

from robobrain_ros.tasks.base import Raw
from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.reading import NUMBER, STRING, drop, nothing_in, one_line, says_not_found, unquote, unwrap
from robobrain_ros.tasks.values import Box, Dropped, Parsed, Point

# 'box_2d' is missing on purpose: where that key is known (Gemini), y comes first.
_POINT_KEYS = frozenset(
    {
        'point',
        'points',
        'point_2d',
        'points_2d',
        'point_3d',
        'coordinate',
        'coordinates',
        'waypoint',
        'waypoints',
        'trajectory',
        'answer',
    }
)
_BOX_KEYS = frozenset({'bbox', 'bboxes', 'bbox_2d', 'box', 'boxes', 'bounding_box', 'bounding_boxes', 'answer'})
_LABEL_KEYS = frozenset({'label', 'name', 'object'})

_KEY = r"""["'](?P<key>[A-Za-z0-9_]{1,40})["']\s*:\s*"""
# From each opening bracket to the next bracket of any kind: linear, whatever the text.
_GROUP = re.compile(rf'(?:{_KEY})?(?P<open>[(\[])(?P<body>[^()\[\]]*)(?P<close>[)\]]?)')
_FIELD = re.compile(rf'{_KEY}(?P<value>{STRING}|["\'].*)', re.DOTALL)
_OBJECT = re.compile(r'\{[^{}]*')
_NUMBER = re.compile(NUMBER)
_NOT_FINITE = re.compile(r'[+-]?(?:nan|inf|infinity)', re.IGNORECASE)


@dataclass(frozen=True)
class _Group:
    """A bracketed group that holds at least one number."""

    text: str
    parts: tuple[str, ...]
    label: str
    flaw: str
    """Why none of it can be used; empty if nothing is known against it."""


class _Unusable(Exception):
    """A group that is no value, and why."""


_Value = TypeVar('_Value', Point, Box)


def read_points(raw: Raw, depth: bool, path: bool = False) -> Parsed:
    """Points (x, y), or (x, y, d) with ``depth``, within ``raw.scale``; of a ``path``, places may come back later."""
    form = '(x, y, d)' if depth else '(x, y)'
    size = 3 if depth else 2

    def build(group: _Group) -> Point:
        values = _numbers(group, size, form)
        _check_range(values[0], values[1], raw.scale)
        _check_unit(values[:2], raw.scale)
        if depth and values[2] <= 0:
            raise _Unusable(f'the depth must be more than 0 m, not {values[2]:g}')
        return Point(values[0], values[1], values[2] if depth else None, group.label)

    points, dropped, not_found = _read(raw, _POINT_KEYS, build, form, path)
    return Parsed(points=points, dropped=dropped, not_found=not_found)


def read_boxes(raw: Raw) -> Parsed:
    """Boxes [x1, y1, x2, y2] within ``raw.scale``, corners in order and with an area."""
    form = '[x1, y1, x2, y2]'

    def build(group: _Group) -> Box:
        x1, y1, x2, y2 = _numbers(group, 4, form)
        _check_range(x1, y1, raw.scale)
        _check_range(x2, y2, raw.scale)
        _check_unit([x1, y1, x2, y2], raw.scale)
        if x1 > x2 or y1 > y2:
            raise _Unusable('the corners are swapped: x1 < x2 and y1 < y2 are needed')
        if x1 == x2 or y1 == y2:
            raise _Unusable('the box has no area')
        return Box(x1, y1, x2, y2, group.label)

    boxes, dropped, not_found = _read(raw, _BOX_KEYS, build, form, path=False)
    return Parsed(boxes=boxes, dropped=dropped, not_found=not_found)


def _read(
    raw: Raw, keys: frozenset[str], build: Callable[[_Group], _Value], form: str, path: bool
) -> tuple[tuple[_Value, ...], tuple[Dropped, ...], bool]:
    """The values that ``build`` makes of the groups, what it refused, and whether the answer is 'not found' instead."""
    text = unwrap(raw.text)
    values: list[_Value] = []
    seen: set[_Value] = set()
    dropped: list[Dropped] = []
    groups = list(_groups(text, keys))
    if groups and says_not_found(text.partition(groups[0].text)[0]):
        # 'I cannot see a mug. [(0, 0)]': coordinates that only fill the form
        return (), tuple(drop(group.text, 'the answer says before that it is not there') for group in groups), True
    for group in groups:
        try:
            value = build(group)
        except _Unusable as flaw:
            dropped.append(drop(group.text, str(flaw)))
            continue
        if value in seen:
            reason = 'repeats the one before it' if path else 'repeats an earlier one'
            dropped.append(drop(group.text, reason, repeat=True))
            continue
        if path:
            seen.clear()
        seen.add(value)
        values.append(value)
    if values or dropped:
        return tuple(values), tuple(dropped), False
    if says_not_found(text):
        return (), (), True
    return (), (nothing_in(raw.text, text, form),), False


def _groups(text: str, keys: frozenset[str]) -> Iterator[_Group]:
    """The groups with numbers in them, in the order of the text."""
    masked, fields = _mask(text, keys)
    objects = [match.span() for match in _OBJECT.finditer(masked)]
    starts = [start for start, _ in objects]

    def object_at(position: int) -> int:
        """Where the innermost JSON object around a position starts; -1 outside of all."""
        index = bisect_right(starts, position) - 1
        return starts[index] if index >= 0 and position < objects[index][1] else -1

    labels = {object_at(position): label for position, label in reversed(fields)}
    labels.pop(-1, None)
    for match in _GROUP.finditer(masked):
        parts = [part.strip() for part in match['body'].split(',')]
        if parts[-1] == '' and match['close']:
            parts.pop()  # '(512, 300,)'
        if not any(_NUMBER.match(part) or _NOT_FINITE.fullmatch(part) for part in parts):
            continue  # words in brackets
        begin = match.start('open')
        label = labels.get(object_at(begin), '')
        yield _Group(text[begin : match.end()].rstrip(), tuple(parts), label, _flaw(match, keys))


def _mask(text: str, keys: frozenset[str]) -> tuple[str, list[tuple[int, str]]]:
    """The text with JSON's string values blanked, for brackets in them are prose; and where which label was."""
    fields: list[tuple[int, str]] = []

    def blank(match: re.Match[str]) -> str:
        key, value = match['key'].lower(), match['value']
        if key in keys:
            return match.group()  # {"answer": "[(512, 300)]"}
        if key in _LABEL_KEYS and len(value) > 1 and value[0] == value[-1]:
            fields.append((match.start(), one_line(unquote(value))))
        return ' ' * len(match.group())

    return _FIELD.sub(blank, text), fields


def _flaw(match: re.Match[str], keys: frozenset[str]) -> str:
    if match['key'] and match['key'].lower() not in keys:
        return f'"{match["key"]}" holds something else'
    if not match['close']:
        return 'cut short: no closing bracket'
    if match['open'] + match['close'] not in ('()', '[]'):
        return 'its brackets do not match'
    return ''


def _numbers(group: _Group, size: int, form: str) -> list[float]:
    if group.flaw:
        raise _Unusable(group.flaw)
    for part in group.parts:
        if not (_NUMBER.fullmatch(part) or _NOT_FINITE.fullmatch(part)):
            raise _Unusable(f'{part[:20]!r} is not a number')
    if len(group.parts) != size:
        raise _Unusable(f'{len(group.parts)} numbers where {form} is needed')
    values = [float(part) + 0.0 for part in group.parts]  # + 0.0 makes -0.0 a plain zero
    if not all(map(isfinite, values)):
        raise _Unusable('a number is not finite')
    return values


def _check_unit(values: list[float], scale: Scale) -> None:
    """Some models answer in parts of the image; on a scale of 1000 that would be its corner."""
    if scale.x_max > 1 and max(values) <= 1 and not all(value.is_integer() for value in values):
        raise _Unusable(f'it looks like parts of the image, 0 .. 1, where 0 .. {scale.x_max:g} is needed')


def _check_range(x: float, y: float, scale: Scale) -> None:
    if not scale.contains(x, y):
        raise _Unusable(f'({x:g}, {y:g}) lies outside of 0 .. {scale.x_max:g}, 0 .. {scale.y_max:g}')
