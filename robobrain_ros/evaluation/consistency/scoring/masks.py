# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Pixels that an answer names, the masks that say which are right, and how right the answer is by them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.items import Item

Mask = NDArray[Any]
"""(height, width); 255 where a point is right, 0 where it is wrong. Values between count in part."""
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


def written(regions: Sequence[Region]) -> str:
    """Write down what an answer names, pixels."""
    return f'[{", ".join(map(str, regions))}]'


def mask_of(item: Item) -> Path:
    """Return the file of a question's mask.

    :raises BadRequest: if it has none
    """
    if item.mask is None:
        raise BadRequest(f'question {item.question_id!r} asks for points, but has no mask: mask_path must name one')
    return item.mask


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
