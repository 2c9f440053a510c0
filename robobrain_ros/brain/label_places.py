# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Finds places for labels where they cover neither each other nor what they point at, and lie inside the picture."""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Rectangle = tuple[float, float, float, float]
"""Left, top, right and bottom in pixels."""

MARK, LABEL, BAND, LINE = 2.0, 8.0, 1.0, 0.5
"""How bad it is to cover a mark, another label, a band of text, a line."""
AROUND = np.array([(1, -1), (1, 1), (-1, -1), (-1, 1), (1, 0), (-1, 0), (0, -1), (0, 1)], dtype=float)
"""Where a label may lie, seen from its mark, the best first: to the right and above, and so on."""
DISTANCES = (0.0, 1.2, 2.6, 4.2, 6.0, 8.0, 10.0, 12.5, 15.0)
"""How far away it may lie, in heights of a label, the best first: room for a dozen in a corner of the picture."""
NOTHING = 0.05
"""Covering this little is as good as covering nothing."""
FARTHER = 0.1
"""How bad the next distance is, compared with covering something."""


class LabelPlaces:
    """What is covered already, in one picture.

    :param width: of the picture, pixels
    :param height: of the picture, pixels
    """

    def __init__(self, width: int, height: int) -> None:
        self._size = np.array([width, height], dtype=float)
        self._taken = np.empty((0, 4))
        self._weights = np.empty(0)

    def cover(self, rectangles: Sequence[Rectangle], weight: float) -> None:
        """Keep labels away from these, as far as there is room.

        :param weight: MARK, LABEL, BAND or LINE
        """
        if rectangles:
            self._taken = np.concatenate([self._taken, rectangles])
            self._weights = np.concatenate([self._weights, np.full(len(rectangles), weight)])

    def beside(self, mark: Rectangle, size: tuple[int, int], *, must: bool = True) -> tuple[int, int] | None:
        """Choose the place of a label around its mark, the nearest that covers nothing, and cover it.

        :param size: (width, height) of the label in pixels
        :param must: choose the best place even if it covers something or lies farther away, instead of none
        :returns: left and top, or None
        """
        return self._choose(_rings(mark, size, DISTANCES if must else DISTANCES[:1]), size, must=must)

    def along_box(self, box: Rectangle, size: tuple[int, int], edge: float) -> tuple[int, int] | None:
        """Choose the place of a box's label, and cover it: outside along the upper or lower edge, inside, or around.

        :param size: (width, height) of the label in pixels
        :param edge: to keep away from the box's edges, pixels
        :returns: left and top
        """
        (left, top, right, bottom), (wide, high) = box, size
        above, below = top - high - edge, bottom + edge
        outside = [(left, above), (left, below), (right - wide, above), (right - wide, below)]
        upper, lower, near, far = top + edge, bottom - high - edge, left + edge, right - wide - edge
        inside = [(near, upper), (near, lower), (far, upper), (far, lower)]
        around = _rings((left - edge, top - edge, right + edge, bottom + edge), size, DISTANCES)
        return self._choose(chain([np.array(outside), np.array(inside)], around), size, must=True)

    def _choose(self, groups: Iterable[Array], size: tuple[int, int], *, must: bool) -> tuple[int, int] | None:
        """Take the first place that covers nothing, else the one that covers least.

        :param groups: upper left corners (n, 2), the best first
        """
        best, least = None, math.inf
        for number, corners in enumerate(groups):
            inside = np.floor(np.clip(corners, 0, np.maximum(self._size - size, 0)))
            costs = self._costs(inside, size)
            free = np.flatnonzero(costs < NOTHING)
            if free.size:
                best = inside[free[0]]
                break
            index = int(np.argmin(costs))
            if must and costs[index] + FARTHER * number < least:
                best, least = inside[index], costs[index] + FARTHER * number
        if best is None:
            return None
        left, top = int(best[0]), int(best[1])
        self.cover([(left, top, left + size[0], top + size[1])], LABEL)
        return left, top

    def _costs(self, corners: Array, size: tuple[int, int]) -> Array:
        """Return for each corner which part of the label covers something, weighted."""
        left, top, right, bottom = self._taken.T
        x, y = corners[:, :1], corners[:, 1:]
        wide = np.minimum(x + size[0], right) - np.maximum(x, left)
        high = np.minimum(y + size[1], bottom) - np.maximum(y, top)
        areas: Array = (np.maximum(wide, 0) * np.maximum(high, 0)) @ self._weights
        return areas / (size[0] * size[1])


def _rings(mark: Rectangle, size: tuple[int, int], distances: Sequence[float]) -> Iterator[Array]:
    """Yield the upper left corners of labels around a mark, (8, 2) for each distance."""
    left, top, right, bottom = mark
    half = np.array([right - left + size[0], bottom - top + size[1]]) / 2
    corner = np.array([left + right - size[0], top + bottom - size[1]]) / 2
    for distance in distances:
        yield corner + AROUND * (half + distance * size[1])


def meet(one: Rectangle, other: Rectangle, gap: float) -> bool:
    """Whether two rectangles overlap, or lie this near to each other, in pixels."""
    across = max(one[0], other[0]) - min(one[2], other[2])
    along = max(one[1], other[1]) - min(one[3], other[3])
    return max(across, along) <= gap
