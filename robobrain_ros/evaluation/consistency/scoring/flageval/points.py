# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Points in an answer as FlagEvalMM reads them.

Three of its readings are here, bug for bug. All look at the last line only, and see "(x, y)" and "(x0, y0, x1, y1)"
with no blank behind the bracket; a box stands for each of its pixels. ``strict/`` reads points as
a person would.
"""

import re
from collections.abc import Callable

from robobrain_ros.evaluation.consistency.scoring.flageval.extraction import last_line
from robobrain_ros.evaluation.consistency.scoring.masks import Region

_TUPLE = re.compile(r'\(([-+]?\d+(?:\.\d*)?(?:,\s*[-+]?\d+(?:\.\d*)?)*)\)')

Reader = Callable[[str, tuple[int, int]], tuple[Region, ...]]
"""From an answer and the (width, height) of its image, pixels, to what it names."""


def read_unit(text: str, size: tuple[int, int]) -> tuple[Region, ...]:
    """Points that are parts of the image's sides, 0 .. 1: FlagEvalMM's ``text2pts``.

    Numbers without a decimal point are pixels: a model that answers in thousandths is read as pointing past the image.

    :param size: (width, height) of the image, pixels
    :raises ValueError, OverflowError, TypeError: where FlagEvalMM's reading breaks: a box half of whose numbers are
        pixels, a number with thousands of digits
    """

    def clip(begin: float, end: float, side: int) -> range:
        return _slice(max(0, begin), min(side, end), side)

    return _read_unit(text, size, clip)


def read_unit_unclipped(text: str, size: tuple[int, int]) -> tuple[Region, ...]:
    """Read as ``read_unit`` does, as EmbodiedVerse's own copy of it: a box counts from the far side where negative."""
    return _read_unit(text, size, _slice)


def read_norm1k(text: str, size: tuple[int, int]) -> tuple[Region, ...]:
    """Points on a scale of 0 .. 1000: FlagEvalMM's ``text2pts_norm1k``. What lies outside is moved to the border.

    :param size: (width, height) of the image, pixels
    :raises OverflowError: if a number is too large for a float
    """
    width, height = size
    regions = []
    for numbers in _tuples(text, float):
        if len(numbers) not in (2, 4):
            continue
        pixels = [int(number / 1000 * side) for number, side in zip(numbers, (width, height) * 2, strict=False)]
        if len(numbers) == 2:
            x, y = _clamp(pixels[0], width - 1), _clamp(pixels[1], height - 1)
            regions.append(Region(range(x, x + 1), range(y, y + 1)))
        else:
            x0, y0, x1, y1 = pixels
            columns = range(_clamp(min(x0, x1), width), _clamp(max(x0, x1), width))
            rows = range(_clamp(min(y0, y1), height), _clamp(max(y0, y1), height))
            regions.append(Region(columns, rows))
    return tuple(regions)


def _read_unit(text: str, size: tuple[int, int], box_side: Callable[[float, float, int], range]) -> tuple[Region, ...]:
    width, height = size
    regions = []
    for numbers in _tuples(text, lambda number: float(number) if '.' in number else int(number)):
        if len(numbers) == 2:
            x, y = numbers
            if isinstance(x, float) or isinstance(y, float):
                x, y = x * width, y * height
            regions.append(Region(range(int(x), int(x) + 1), range(int(y), int(y) + 1)))
        elif len(numbers) == 4:
            if isinstance(numbers[0], float):
                numbers = [int(number * side) for number, side in zip(numbers, (width, height) * 2, strict=True)]
            x0, y0, x1, y1 = numbers
            rows = box_side(y0, y1, height)
            regions.append(Region(box_side(x0, x1, width), rows))
    return tuple(regions)


def _tuples(text: str, read: Callable[[str], float]) -> list[list[float]]:
    return [[read(number) for number in found.split(',')] for found in _TUPLE.findall(last_line(text))]


def _slice(begin: float, end: float, side: int) -> range:
    return range(*slice(begin, end).indices(side))


def _clamp(value: int, most: int) -> int:
    return max(0, min(value, most))
