# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What FlagEvalMM reads from one answer, by the kind of question, and what that is worth to it: bug for bug."""

from collections.abc import Callable, Mapping

from robobrain_ros.evaluation.consistency.data import sets
from robobrain_ros.evaluation.consistency.items import Item
from robobrain_ros.evaluation.consistency.scoring.flageval import extraction, matching, mra, points
from robobrain_ros.evaluation.consistency.scoring.flageval.polygon import first_point_in_polygon
from robobrain_ros.evaluation.consistency.scoring.masks import mask_mean, mask_of, read_mask, written
from robobrain_ros.evaluation.consistency.scoring.readings import EMBODIED_VERSE, ROBO_SPATIAL, WHERE2PLACE, Reading


def read(item: Item, text: str) -> Reading:
    """Read an answer as FlagEvalMM does, bug for bug.

    :param text: the raw answer
    :raises BadRequest: for an item whose label or mask is of no use
    """
    return _BY_KIND.get(item.kind, _match)(item, text)


def _choice(item: Item, text: str) -> Reading:
    found = extraction.letter(text)
    return Reading(found, float(found == item.label.upper()))


def _yes_no(item: Item, text: str) -> Reading:
    right = float(extraction.says(text, item.label))
    second = right if item.set_name in ROBO_SPATIAL else None
    return Reading(extraction.normalized(extraction.last_line(text)), right, second=second)


def _numerical(item: Item, text: str) -> Reading:
    found = mra.written_number(text)
    return Reading(found, mra.mean_relative_accuracy(mra.as_number(found), mra.as_number(item.label)))


def _point(item: Item, text: str) -> Reading:
    second = None
    if item.set_name in ROBO_SPATIAL:
        text = extraction.normalized(extraction.last_line(text))
        second = float(first_point_in_polygon(text, item.label))
    try:
        regions = _reader(item)(text, item.size)
    except (ValueError, TypeError, ArithmeticError):
        return Reading('', 0.0, item.set_name in WHERE2PLACE, second)
    worth = mask_mean(regions, read_mask(mask_of(item)))
    return Reading(written(regions), worth, second=second)


def _reader(item: Item) -> points.Reader:
    if item.set_name in EMBODIED_VERSE:
        return points.read_unit_unclipped
    return points.read_norm1k if sets.find(item.set_name).points == 'norm1k' else points.read_unit


def _match(item: Item, text: str) -> Reading:
    found, right = matching.match(item.kind, text, item.extra.get('evaluator_kwargs', {}))
    return Reading(found, float(right))


_BY_KIND: Mapping[str, Callable[[Item, str], Reading]] = {
    'multiple-choice': _choice,
    'yes-no': _yes_no,
    'numerical': _numerical,
    'point': _point,
}
