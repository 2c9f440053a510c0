# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A picture to draw on: strokes and lines of text whose size suits the picture's."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.label_places import Rectangle
from robobrain_ros.brain.lettering import length, line_height, printable, written

Colour = tuple[int, int, int]
Place = tuple[float, float]
"""(u, v) in pixels."""

BLACK: Colour = (0, 0, 0)
DOTS = '...'
"""What a text ends in that does not fit."""


class Canvas:
    """A copy of an image with strokes and letters scaled to its size: one unit is a pixel of a 640x480 image."""

    def __init__(self, rgb: Rgb) -> None:
        self.image = np.ascontiguousarray(rgb).copy()
        self.height, self.width = rgb.shape[:2]
        self.unit: float = min(self.width / 640, self.height / 480)
        self.thick = max(1, round(1.6 * self.unit))
        self.letters = max(round(14 * self.unit), 10)  # smaller ones cannot be read
        self.line_height = line_height(self.letters)
        self.pad = max(2, round(3 * self.unit))

    def line(self, start: Place, end: Place, colour: Colour) -> None:
        """A line with a dark rim, so that it shows on every ground."""
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick * 2 - 1)):
            cv2.line(self.image, _whole(start), _whole(end), ink, thickness, cv2.LINE_AA)

    def thread(self, start: Place, end: Place, colour: Colour) -> None:
        """A thin line, from a place to a label that lies away from it."""
        cv2.line(self.image, _whole(start), _whole(end), colour, max(1, self.thick // 2), cv2.LINE_AA)

    def arrow_head(self, start: Place, end: Place, colour: Colour) -> None:
        """The tip of an arrow that comes from ``start``, in the middle between the two."""
        along = np.subtract(end, start, dtype=float)
        far = float(np.hypot(*along))
        if far < 16 * self.unit:
            return
        along *= 7 * self.unit / far
        across = np.array([-along[1], along[0]]) * 0.7
        middle = np.add(start, end) / 2
        corners = np.rint([middle + along, middle - along + across, middle - along - across]).astype(np.int32)
        cv2.fillPoly(self.image, [corners], colour, cv2.LINE_AA)
        cv2.polylines(self.image, [corners], isClosed=True, color=BLACK, thickness=1, lineType=cv2.LINE_AA)

    def box(self, box: tuple[float, float, float, float], colour: Colour) -> None:
        """The four edges of a box (u_min, v_min, u_max, v_max)."""
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick)):
            cv2.rectangle(self.image, _whole(box[:2]), _whole(box[2:]), ink, thickness, cv2.LINE_AA)

    def ring(self, centre: Place, radius: float, colour: Colour) -> None:
        """A circle of a radius in units."""
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick)):
            cv2.circle(self.image, _whole(centre), self._length(radius), ink, thickness, cv2.LINE_AA)

    def dot(self, centre: Place, radius: float, colour: Colour) -> None:
        """A filled circle of a radius in units."""
        cv2.circle(self.image, _whole(centre), self._length(radius) + self.thick, BLACK, -1, cv2.LINE_AA)
        cv2.circle(self.image, _whole(centre), self._length(radius), colour, -1, cv2.LINE_AA)

    def cross(self, centre: Place, arm: float, colour: Colour) -> None:
        """An upright cross; its arms' length is in units."""
        (x, y), reach = _whole(centre), self._length(arm)
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick)):
            cv2.line(self.image, (x - reach, y), (x + reach, y), ink, thickness)
            cv2.line(self.image, (x, y - reach), (x, y + reach), ink, thickness)

    def label_text(self, text: str) -> str:
        """Return what ``label`` can write of a text, on one line."""
        return self._fit(printable(text), self.width - 2 * self.pad)

    def label_size(self, text: str) -> tuple[int, int]:
        """Return (width, height) in pixels of the plate of a text that ``label_text`` has returned."""
        return length(text, self.letters) + 2 * self.pad, self.line_height

    def label(self, left: int, top: int, text: str, colour: Colour) -> None:
        """Write a text that ``label_text`` has returned on a dark plate, of which this is the upper left corner."""
        wide, high = self.label_size(text)
        plate = self.image[top : top + high, left : left + wide]
        plate[:] = plate // 4
        self._write(left + self.pad, top, text, colour)

    def block(self, paragraphs: Sequence[tuple[str, Colour]], *, top: bool) -> tuple[int, int, int, int]:
        """Draw paragraphs on a darkened band along the top or the bottom edge; at most 45 % of the image's height.

        :returns: the band: left, top, right and bottom in pixels
        """
        margin = round(8 * self.unit)
        room = self.width - 2 * margin
        lines = [(line, colour) for text, colour in paragraphs for line in self._wrap(printable(text), room)]
        most = max(1, int(0.45 * self.height) // self.line_height)
        if len(lines) > most:
            last, colour = lines[most - 1]
            lines[most - 1 :] = [(self._fit(f'{last} {DOTS}', room), colour)]
        high = min(len(lines) * self.line_height + margin, self.height)
        start = 0 if top else self.height - high
        band = self.image[start : start + high]
        band[:] = band // 4
        for index, (line, colour) in enumerate(lines):
            self._write(margin, start + margin // 2 + index * self.line_height, line, colour)
        return 0, start, self.width, start + high

    def around(self, place: Place, radius: float) -> Rectangle:
        """Return the square that reaches ``radius`` units from a place: left, top, right and bottom in pixels."""
        reach = radius * self.unit
        return place[0] - reach, place[1] - reach, place[0] + reach, place[1] + reach

    def along(self, start: Place, end: Place) -> Iterator[Rectangle]:
        """Yield small squares along a line between two places, in pixels."""
        count = min(int(math.dist(start, end) / (12 * self.unit)), 100)
        for index in range(1, count):
            share = index / count
            yield self.around((start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share), 3)

    def _length(self, units: float) -> int:
        return max(2, round(units * self.unit))

    def _write(self, left: int, top: int, text: str, colour: Colour) -> None:
        """Write a line on ground that is darkened already: each pixel takes the brighter of the two."""
        ground = self.image[top : top + self.line_height, left:]
        mask = written(text, self.letters)[: ground.shape[0], : ground.shape[1]]
        if mask.size:
            ground = ground[:, : mask.shape[1]]
            ink = cv2.merge([cv2.convertScaleAbs(mask, alpha=value / 255) for value in colour])
            np.maximum(ground, ink, out=ground)

    def _wrap(self, text: str, width: int) -> list[str]:
        """Break a text into lines, at blanks where there are any."""
        lines = ['']
        for word in text.split():
            longer = f'{lines[-1]} {word}'.strip()
            if length(longer, self.letters) <= width:
                lines[-1] = longer
                continue
            if not lines[-1]:
                lines.pop()
            lines += self._pieces(word, width)
        return lines

    def _pieces(self, word: str, width: int) -> list[str]:
        """Cut a word that is wider than a line, such as a Chinese sentence."""
        pieces: list[str] = []
        while word and len(pieces) * self.line_height < self.height:
            count = max(self._count(word, width), 1)
            pieces.append(word[:count])
            word = word[count:]
        return pieces

    def _fit(self, text: str, width: int) -> str:
        if length(text, self.letters) <= width:
            return text
        return text[: self._count(text, width - length(DOTS, self.letters))] + DOTS

    def _count(self, text: str, width: int) -> int:
        """Return how many of the first letters fit into a width."""
        fits = bisect_right(range(1, len(text) + 1), width, key=lambda count: length(text[:count], self.letters))
        return int(fits)


def _whole(place: Sequence[float]) -> tuple[int, int]:
    return round(place[0]), round(place[1])
