# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Points and boxes in a model's answer: what the answer says of them, or less, never something else.

``structure.py`` finds the groups of numbers, ``places.py`` the keys they lie under, ``candidates.py`` the list that is
the answer, ``refusals.py`` the sentences that say that nothing is there. Here numbers become points and boxes; what is
not used is reported.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from math import isfinite
from typing import TypeVar

from robobrain_ros.tasks import keys
from robobrain_ros.tasks.asked import Asked, asked
from robobrain_ros.tasks.base import Raw
from robobrain_ros.tasks.candidates import read_document
from robobrain_ros.tasks.choice import choose
from robobrain_ros.tasks.doubts import doubt
from robobrain_ros.tasks.placed import placed_thing
from robobrain_ros.tasks.places import Value
from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.reading import drop, nothing_in
from robobrain_ros.tasks.structure import NUMBER
from robobrain_ros.tasks.values import Box, Dropped, Parsed, Point

_NUMBER = re.compile(NUMBER)
_NOT_FINITE = re.compile(r'[+-]?(?:nan|inf|infinity)', re.IGNORECASE)
_PERCENT_TAG = re.compile(r'<points?\s[^<>]*\bx1?\s*=', re.IGNORECASE)


# Qwen-VL's box, without the special tokens around it
_QWEN_BOX = re.compile(r'\([0-9]+,[0-9]+\),\([0-9]+,[0-9]+\)')


class _Unusable(Exception):
    """A group that is no value, and why."""


_Place = TypeVar('_Place', Point, Box)


def read_points(raw: Raw, depth: bool, path: bool = False) -> Parsed:
    """Points (x, y), or (x, y, d) with ``depth``, within ``raw.scale``; of a ``path``, places may come back later.

    A box gives its centre, and a report.
    """
    form = '(x, y, d)' if depth else '(x, y)'
    centres: list[Dropped] = []

    def build(value: Value) -> Point:
        if not depth and (value.box or len(value.parts) == 4) and not value.flaw:
            box = _box(value, raw.scale)
            centres.append(drop(value.text, 'a box where a point was asked for: its centre is taken'))
            return Point((box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2, None, value.label, value.span)
        if value.box and not value.flaw:
            raise _Unusable('a box where points were asked for')
        numbers = _numbers(value, 3 if depth else 2, form)
        _check_range(numbers[0], numbers[1], raw.scale)
        if depth and numbers[2] <= 0:
            raise _Unusable(f'the depth must be more than 0 m, not {numbers[2]:g}')
        return Point(numbers[0], numbers[1], numbers[2] if depth else None, value.label, value.span)

    points, dropped, not_found = _read(raw, build, form, (3,) if depth else (2, 4), path=path)
    return Parsed(points=points, dropped=(*dropped, *centres), not_found=not_found)


def read_boxes(raw: Raw) -> Parsed:
    """Boxes [x1, y1, x2, y2] within ``raw.scale``, corners in order and with an area."""
    boxes, dropped, not_found = _read(raw, lambda value: _box(value, raw.scale), '[x1, y1, x2, y2]', (2, 4), boxes=True)
    return Parsed(boxes=boxes, dropped=dropped, not_found=not_found)


def _read(
    raw: Raw,
    build: Callable[[Value], _Place],
    form: str,
    sizes: tuple[int, ...],
    *,
    boxes: bool = False,
    path: bool = False,
) -> tuple[tuple[_Place, ...], tuple[Dropped, ...], bool]:
    """The places that ``build`` makes of the answer's values, what was not used, and whether nothing was found."""
    what = asked(raw.instruction)
    document = read_document(raw.text, keys.BOXES if boxes else keys.WAYPOINTS if path else keys.POINTS, what)
    chosen = choose(document, sizes, path, raw.cut_short, what)
    others: list[Value] = [value for one in document.candidates if not one.foreign for value in one.values]
    dropped: list[Dropped] = list(document.dropped)
    for one in document.candidates:
        if one.foreign or (one is chosen and one.other):
            sentence = raw.text[max(one.start - len(one.introduction), 0) : one.end].strip()
            dropped.append(drop(sentence, f'this is said of "{one.other[:40]}", not of "{what.called[:40]}"'))
    if document.is_refused(chosen, what):
        # 'I cannot see a mug. [(0, 0)]': coordinates that only fill the form
        return (), (*dropped, *(drop(value.text, 'the answer says that it is not there') for value in others)), True
    values = _boxes_of(chosen.values, boxes, chosen.corners) if chosen else []
    if chosen and not boxes and not values[0].box and _QWEN_BOX.fullmatch(raw.text, chosen.start, chosen.end):
        values = [replace(value, flaw='a corner of a box, as Qwen-VL writes boxes') for value in values]
    if not path:
        values = _of_what_was_asked(values, what)
    if not boxes and any(map(_is_point, values)):  # '[400, 200, 600, 400] -> [512, 300]'
        values = [value for value in values if not _is_box(value)]
    places, refused = _build(values, build, raw.scale, path)
    why_not: str = doubt(document.text, document.prose, [_numbers_of(place) for place in places])
    if why_not:
        return (), (*dropped, *(drop(value.text, why_not) for value in others)), False
    dropped += refused
    used, known = {id(value) for value in (chosen.values if chosen else [])}, {value.parts for value in values}
    for value in others:
        if id(value) not in used:
            reason = 'another place in the answer' if values else 'whether this is the answer is not clear'
            dropped.append(drop(value.text, reason, repeat=value.parts in known))
    if places:
        return tuple(places), tuple(dropped), False
    if document.empty and all(value.refused for value in others):
        return (), tuple(dropped), True
    if not dropped:
        why = 'its numbers are percent of the image' if _PERCENT_TAG.search(raw.text) else ''
        dropped.append(drop(raw.text.strip(), why) if why else nothing_in(raw.text, form))
    return (), tuple(dropped), False


def _build(
    values: list[Value], build: Callable[[Value], _Place], scale: Scale, path: bool
) -> tuple[list[_Place], list[Dropped]]:
    """The places of one list, which has one scale."""
    places: list[_Place] = []
    seen: set[_Place] = set()
    dropped: list[Dropped] = []
    parts_of_the_image = scale.x_max > 1 and any(_is_fraction(value) for value in values)
    for value in values:
        try:
            if value.refused:
                raise _Unusable('the answer says that it is not there')
            place = build(value)
            if parts_of_the_image and max(_sides(value)) <= 1:
                raise _Unusable(f'it looks like parts of the image, 0 .. 1, where 0 .. {scale.x_max:g} is needed')
        except _Unusable as flaw:
            dropped.append(drop(value.text, str(flaw)))
            continue
        if place in seen:
            dropped.append(
                drop(value.text, f'repeats {"the one before it" if path else "an earlier one"}', repeat=True)
            )
            continue
        if path:
            seen.clear()
        seen.add(place)
        places.append(place)
    return places, dropped


def _of_what_was_asked(values: list[Value], what: Asked) -> list[Value]:
    """The values, with a flaw where the label is that of another thing: 'kettle', asked for the mug.

    Beside a label that is what was asked for, a thing that is in no list is another one, too.
    """
    if not what.noun or not any(value.label for value in values):
        return values
    nouns = [placed_thing(f'the {value.label} is' if value.label.isascii() else f'{value.label}在') for value in values]
    known = any(value.label and what.names(value.label) for value in values)
    others = [bool(noun) and (what.is_not(noun) is True or (known and what.is_not(noun) is None)) for noun in nouns]
    return [
        replace(value, flaw=value.flaw or f'this is said of "{value.label[:40]}", not of "{what.called[:40]}"')
        if other
        else value
        for value, other in zip(values, others, strict=True)
    ]


def _boxes_of(values: list[Value], boxes: bool, named: bool) -> list[Value]:
    """Pairs of corners as boxes: Qwen-VL's '(x1, y1),(x2, y2)', one or more; two points where a box is asked for."""
    corners = all(len(value.parts) == 2 and not value.flaw for value in values)
    tagged = named or (bool(values) and all(value.box for value in values))
    if not corners or len(values) % 2 or not (tagged or (boxes and len(values) == 2)):
        return values
    pairs = zip(values[::2], values[1::2], strict=True)
    return [
        replace(first, parts=first.parts + second.parts, box=True, span=(first.span[0], second.span[1]))
        for first, second in pairs
    ]


def _numbers_of(place: Point | Box) -> tuple[float, ...]:
    return (place.x, place.y) if isinstance(place, Point) else (place.x1, place.y1, place.x2, place.y2)


def _is_box(value: Value) -> bool:
    return value.box or len(value.parts) == 4


def _is_point(value: Value) -> bool:
    return not value.box and not value.flaw and not value.refused and len(value.parts) == 2


def _sides(value: Value) -> list[float]:
    """The numbers of a value that lie in the image: not the depth of a waypoint."""
    numbers = [float(part) for part in value.parts if _NUMBER.fullmatch(part)]
    return numbers if len(numbers) == 4 else numbers[:2]


def _is_fraction(value: Value) -> bool:
    """Some models answer in parts of the image; on a scale of 1000 that would be its corner."""
    sides = _sides(value)
    return bool(sides) and max(sides) <= 1 and not all(side.is_integer() for side in sides)


def _box(value: Value, scale: Scale) -> Box:
    x1, y1, x2, y2 = _numbers(value, 4, '[x1, y1, x2, y2]')
    _check_range(x1, y1, scale)
    _check_range(x2, y2, scale)
    if x1 > x2 or y1 > y2:
        raise _Unusable('the corners are swapped: x1 < x2 and y1 < y2 are needed')
    if x1 == x2 or y1 == y2:
        raise _Unusable('the box has no area')
    return Box(x1, y1, x2, y2, value.label, value.span)


def _numbers(value: Value, size: int, form: str) -> list[float]:
    if value.flaw:
        raise _Unusable(value.flaw)
    for part in value.parts:
        if not (_NUMBER.fullmatch(part) or _NOT_FINITE.fullmatch(part)):
            raise _Unusable(f'{part[:20]!r} is not a number')
    if len(value.parts) != size:
        raise _Unusable(f'{len(value.parts)} numbers where {form} is needed')
    numbers = [float(part) + 0.0 for part in value.parts]  # + 0.0 makes -0.0 a plain zero
    if not all(map(isfinite, numbers)):
        raise _Unusable('a number is not finite')
    return numbers


def _check_range(x: float, y: float, scale: Scale) -> None:
    if not scale.contains(x, y):
        raise _Unusable(f'({x:g}, {y:g}) lies outside of 0 .. {scale.x_max:g}, 0 .. {scale.y_max:g}')
