# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Points in an answer as FlagEvalMM reads them, and how much of what they hit is right.

Three of its readings are here, bug for bug. All look at the last line only, and see "(x, y)" and "(x0, y0, x1, y1)"
with no blank behind the bracket; a box stands for each of its pixels. ``strict/`` reads points as a person
would.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.scoring.flageval.extraction import last_line

Mask = NDArray[Any]
"""(height, width); 255 where a point is right, 0 where it is wrong. Values between count in part."""

_TUPLE = re.compile(r'\(([-+]?\d+(?:\.\d*)?(?:,\s*[-+]?\d+(?:\.\d*)?)*)\)')
_MOST_PIXELS = 10_000_000
"""With more, the mean is that of sums: an answer may repeat a box a thousand times."""


@dataclass(frozen=True)
class Region:
    """Pixels that an answer names: one of them, or those of a box."""

    columns: range
    rows: range

    def __str__(self) -> str:
        if len(self) == 1:
            return f'({self.columns.start}, {self.rows.start})'
        return f'({self.columns.start}, {self.rows.start}, {self.columns.stop}, {self.rows.stop})'

    def __len__(self) -> int:
        return len(self.columns) * len(self.rows)


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


def read_mask(path: Path) -> Mask:
    """Read the image whose white pixels are right; of several channels the first counts, as in FlagEvalMM.

    :raises BadRequest: if it is not there or no image
    """
    mask = np.asarray(_open(path))
    return mask[:, :, 0] if mask.ndim == 3 else mask


def read_white(path: Path) -> Mask:
    """Read the image whose white pixels are right, whatever its format: light is 255, dark is 0, nothing between.

    :raises BadRequest: if it is not there or no image
    """
    light: Mask = np.asarray(_open(path).convert('L')) > 127
    return light.astype(np.uint8) * 255


def mask_mean(regions: Sequence[Region], mask: Mask) -> float:
    """Return how right points are: the mean of the mask over all pixels they name. Those outside the image count 0.

    :returns: 0 .. 1; 0 without a point
    """
    named = sum(map(len, regions))
    if not named:
        return 0.0
    hits = [_cut(region, mask) for region in regions]
    if named > _MOST_PIXELS:
        return float(sum(hit.sum(dtype=np.float64) for hit in hits)) / 255 / named
    inside = np.concatenate(hits) / 255.0
    return float(np.concatenate([inside, np.zeros(named - len(inside))]).mean())


def _open(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            image.load()
            return image
    except OSError as error:
        raise BadRequest(f'the mask {str(path)!r} cannot be read ({error}); it must be an image file') from None


def _cut(region: Region, mask: Mask) -> Mask:
    height, width = mask.shape
    rows = slice(max(region.rows.start, 0), max(min(region.rows.stop, height), 0))
    columns = slice(max(region.columns.start, 0), max(min(region.columns.stop, width), 0))
    return mask[rows, columns].ravel()


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
