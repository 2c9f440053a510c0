# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What each rule reads from one answer, by the kind of question, and what that is worth."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.data import sets
from robobrain_ros.evaluation.consistency.items import Item
from robobrain_ros.evaluation.consistency.scoring.flageval import extraction, matching, mra, points
from robobrain_ros.evaluation.consistency.scoring.polygon import first_point_in_polygon
from robobrain_ros.evaluation.consistency.scoring.strict import extraction as careful
from robobrain_ros.evaluation.consistency.scoring.strict import points as careful_points
from robobrain_ros.evaluation.consistency.scoring.strict.matching import match_carefully
from robobrain_ros.tasks.profiles import Scale

EMBODIED_VERSE = ('EmbodiedVerse-Open-Sampled', 'embodied_verse')
"""Sets whose numbers and points are right or wrong, where others have a share; their points are read a bit apart."""
ROBO_SPATIAL = ('robo_spatial_home_all', 'robo_spatial_home_all_norm1k')
WHERE2PLACE = ('Where2Place', 'Where2Place_norm1k')

_SCALES = {'unit': Scale(1, 1), 'norm1k': Scale(1000, 1000)}
_OPTION = re.compile(r'(?<![A-Za-z0-9])\(?([A-Z])[.):]\s')
_ALPHABET = [chr(code) for code in range(ord('A'), ord('Z') + 1)]


@dataclass(frozen=True)
class Reading:
    """What a rule reads from one answer."""

    extracted: str
    value: float
    """0 .. 1, before a set makes it right or wrong."""
    dropped: bool = False
    """FlagEvalMM leaves the answer out, as its reading broke on it."""
    second: float | None = None
    """By the set's second measure, where it has one."""


def read(item: Item, text: str) -> Reading:
    """Read an answer as FlagEvalMM does, bug for bug.

    :param text: the raw answer
    :raises BadRequest: for an item whose label or mask is of no use
    """
    return _FLAGEVAL.get(item.kind, _match)(item, text)


def read_carefully(item: Item, text: str) -> Reading:
    """Read an answer as a careful person would.

    :param text: the raw answer
    :raises BadRequest: for an item whose label or mask is of no use
    """
    return _STRICT.get(item.kind, _match_carefully)(item, text)


def options(item: Item) -> tuple[list[str], list[str]]:
    """Return the letters that a question offers, and what each says, as far as the entry tells that.

    :returns: letters and texts of ``options`` in the entry; else the letters in the prompt ("A. ", "(B) "), or all
    """
    listed = item.extra.get('options')
    if isinstance(listed, Sequence) and not isinstance(listed, str) and listed:
        return _ALPHABET[: len(listed)], [str(text) for text in listed]
    named = set(_OPTION.findall(item.prompt))
    first = next((at for at, letter in enumerate(_ALPHABET) if letter not in named), len(_ALPHABET))
    return (_ALPHABET[:first] if first > 1 else _ALPHABET), []


def _choice(item: Item, text: str) -> Reading:
    found = extraction.letter(text)
    return Reading(found, float(found == item.label.upper()))


def _choice_carefully(item: Item, text: str) -> Reading:
    found = careful.letter(text, *options(item))
    return Reading(found, float(found == item.label.upper()))


def _yes_no(item: Item, text: str) -> Reading:
    right = float(extraction.says(text, item.label))
    second = right if item.set_name in ROBO_SPATIAL else None
    return Reading(extraction.normalized(extraction.last_line(text)), right, second=second)


def _yes_no_carefully(item: Item, text: str) -> Reading:
    found = careful.yes_or_no(text)
    right = float(found == item.label.strip().lower())
    return Reading(found, right, second=right if item.set_name in ROBO_SPATIAL else None)


def _numerical(item: Item, text: str) -> Reading:
    found = mra.written_number(text)
    return Reading(found, mra.mean_relative_accuracy(mra.as_number(found), mra.as_number(item.label)))


def _numerical_carefully(item: Item, text: str) -> Reading:
    found = careful.number(text)
    value = mra.mean_relative_accuracy(found, mra.as_number(item.label))
    return Reading('' if found is None else f'{found:g}', value)


def _point(item: Item, text: str) -> Reading:
    second = None
    if item.set_name in ROBO_SPATIAL:
        text = extraction.normalized(extraction.last_line(text))
        second = float(first_point_in_polygon(text, item.label))
    try:
        regions = _reader(item)(text, item.size)
    except (ValueError, TypeError, ArithmeticError):
        return Reading('', 0.0, item.set_name in WHERE2PLACE, second)
    return Reading(_written(regions), points.mask_mean(regions, _mask(item, points.read_mask)), second=second)


def _point_carefully(item: Item, text: str) -> Reading:
    regions = careful_points.read_carefully(text, item.size, _SCALES[sets.find(item.set_name).points])
    return Reading(_written(regions), points.mask_mean(regions, _mask(item, points.read_white)))


def _reader(item: Item) -> points.Reader:
    if item.set_name in EMBODIED_VERSE:
        return points.read_unit_unclipped
    return points.read_norm1k if sets.find(item.set_name).points == 'norm1k' else points.read_unit


def _mask(item: Item, read_mask: Callable[[Path], points.Mask]) -> points.Mask:
    if item.mask is None:
        raise BadRequest(f'question {item.question_id!r} asks for points, but has no mask: mask_path must name one')
    return read_mask(item.mask)


def _written(regions: Sequence[points.Region]) -> str:
    return f'[{", ".join(map(str, regions))}]'


def _match(item: Item, text: str) -> Reading:
    found, right = matching.match(item.kind, text, item.extra.get('evaluator_kwargs', {}))
    return Reading(found, float(right))


def _match_carefully(item: Item, text: str) -> Reading:
    found, right = match_carefully(item.kind, text, item.extra.get('evaluator_kwargs', {}))
    return Reading(found, float(right))


_FLAGEVAL: Mapping[str, Callable[[Item, str], Reading]] = {
    'multiple-choice': _choice,
    'yes-no': _yes_no,
    'numerical': _numerical,
    'point': _point,
}
_STRICT: Mapping[str, Callable[[Item, str], Reading]] = {
    'multiple-choice': _choice_carefully,
    'yes-no': _yes_no_carefully,
    'numerical': _numerical_carefully,
    'point': _point_carefully,
}
