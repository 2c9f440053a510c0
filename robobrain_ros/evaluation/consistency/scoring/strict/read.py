# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a careful person reads from one answer, by the kind of question, and what that is worth."""

import re
from collections.abc import Callable, Mapping, Sequence

from robobrain_ros.evaluation.consistency.data import sets
from robobrain_ros.evaluation.consistency.items import Item
from robobrain_ros.evaluation.consistency.scoring.flageval.mra import as_number, mean_relative_accuracy
from robobrain_ros.evaluation.consistency.scoring.masks import mask_mean, mask_of, read_white, written
from robobrain_ros.evaluation.consistency.scoring.readings import ROBO_SPATIAL, Reading
from robobrain_ros.evaluation.consistency.scoring.strict import extraction, matching, points
from robobrain_ros.tasks.profiles import Scale

_SCALES = {'unit': Scale(1, 1), 'norm1k': Scale(1000, 1000)}
_OPTION = re.compile(r'(?<![A-Za-z0-9])\(?([A-Z])[.):]\s')
_ALPHABET = [chr(code) for code in range(ord('A'), ord('Z') + 1)]


def read(item: Item, text: str) -> Reading:
    """Read an answer as a careful person would.

    :param text: the raw answer
    :raises BadRequest: for an item whose label or mask is of no use
    """
    return _BY_KIND.get(item.kind, _match)(item, text)


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
    found = extraction.letter(text, *options(item))
    return Reading(found, float(found == item.label.upper()))


def _yes_no(item: Item, text: str) -> Reading:
    found = extraction.yes_or_no(text)
    right = float(found == item.label.strip().lower())
    return Reading(found, right, second=right if item.set_name in ROBO_SPATIAL else None)


def _numerical(item: Item, text: str) -> Reading:
    found = extraction.number(text)
    value = mean_relative_accuracy(found, as_number(item.label))
    return Reading('' if found is None else f'{found:g}', value)


def _point(item: Item, text: str) -> Reading:
    regions = points.read(text, item.size, _SCALES[sets.find(item.set_name).points])
    return Reading(written(regions), mask_mean(regions, read_white(mask_of(item))))


def _match(item: Item, text: str) -> Reading:
    found, right = matching.match(item.kind, text, item.extra.get('evaluator_kwargs', {}))
    return Reading(found, float(right))


_BY_KIND: Mapping[str, Callable[[Item, str], Reading]] = {
    'multiple-choice': _choice,
    'yes-no': _yes_no,
    'numerical': _numerical,
    'point': _point,
}
