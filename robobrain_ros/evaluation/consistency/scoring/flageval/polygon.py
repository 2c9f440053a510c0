# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""RoboSpatial-Home's own measure of a point: whether the first one of an answer lies in the polygon of the label.

FlagEvalMM gives it as ``accuracy_ori`` beside the mean of the mask, bug for bug as here. Numbers are compared as they
stand, with a polygon whose corners are parts of the image's sides, 0 .. 1: an answer in thousandths is always wrong.
"""

import ast
import re
import warnings
from collections.abc import Sequence
from typing import Any

_IN_BRACKETS = (
    re.compile(r'\(\s*(\d+(?:\.\d*)?)\s*,\s*(\d+(?:\.\d*)?)\s*\)'),
    re.compile(r'\[\s*(\d+(?:\.\d*)?)\s*,\s*(\d+(?:\.\d*)?)\s*\]'),
)


def in_polygon(x: float, y: float, corners: Sequence[tuple[float, float]]) -> bool:
    """Whether a point lies in a polygon, by the parity of the edges that a ray from it crosses to the right.

    A vertical edge counts as crossed on either side: a point is never inside an upright rectangle. That is a bug of
    RoboSpatial-Home's own code, which FlagEvalMM has taken over.

    :param corners: (x, y) in the units of the point, in order; the last is joined with the first
    """
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if min(y1, y2) < y <= max(y1, y2) and (x1 == x2 or x <= (y - y1) * (x2 - x1) / (y2 - y1) + x1):
            inside = not inside
    return inside


def first_point_in_polygon(text: str, label: str) -> bool:
    """Whether the first point of an answer lies in the polygon of the label.

    :param text: one line of an answer
    :param label: the polygon as a Python list of (x, y); one that cannot be read, or has fewer than three corners, is
        never hit
    """
    try:
        polygon = ast.literal_eval(label)
        if not isinstance(polygon, list) or len(polygon) < 3:
            return False
        point = _first_point(text)
        return point is not None and in_polygon(*point, polygon)
    except (ValueError, TypeError, SyntaxError, ArithmeticError, IndexError, MemoryError, RecursionError):
        return False


def _first_point(text: str) -> tuple[float, float] | None:
    for bracket in _IN_BRACKETS:
        if found := bracket.search(text):
            return float(found[1]), float(found[2])
    begin = text.find('[')
    end = text.find(']', begin)
    if begin < 0 or end < 0:
        return None
    content = re.sub(r',(\S)', r', \1', text[begin + 1 : end]).strip().removesuffix(',')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # Python's remarks about what a model wrote
        value = ast.literal_eval(f'[{content}]')
    return _point_of(value)


def _point_of(value: list[Any]) -> tuple[float, float] | None:
    """The point that a list is, or begins with."""
    if len(value) == 2 and all(isinstance(number, (int, float)) for number in value):
        point: Any = value
    else:
        point = value[0]
        if not isinstance(point, (tuple, list)) or len(point) != 2:
            return None
    return float(point[0]), float(point[1])
