# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How an image of any shape lies on the canvas that a checkpoint was trained with, and the way back for its answers.

The image is scaled with its aspect ratio kept until it fits, and centred; the rest is grey.
"""

from dataclasses import dataclass, replace

import numpy as np

from robobrain_ros.geometry.resize import resize
from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.values import Box, Dropped, Parsed, Point

GREY = 127
"""Level of the padding in all three channels, 0 .. 255."""
ROUNDING = 0.5
"""Models answer in whole units: a place up to half a unit outside of the image is meant to lie on its border."""


@dataclass(frozen=True)
class Letterbox:
    """An image on a canvas; sizes are (width, height) in pixels. A canvas of the image's shape has no padding."""

    image: tuple[int, int]
    canvas: tuple[int, int]

    @property
    def scaled(self) -> tuple[int, int]:
        """The image's size on the canvas, in whole pixels."""
        (width, height), (wide, high) = self.image, self.canvas
        scale = min(wide / width, high / height)
        return max(1, round(width * scale)), max(1, round(height * scale))

    @property
    def offset(self) -> tuple[int, int]:
        """Column and row of the canvas where the image's top left pixel lies."""
        return (self.canvas[0] - self.scaled[0]) // 2, (self.canvas[1] - self.scaled[1]) // 2

    @property
    def magnification(self) -> tuple[float, float]:
        """How much longer the canvas is than the image on it: across, and down."""
        (x0, x1), (y0, y1) = self._spans()
        return 1 / (x1 - x0), 1 / (y1 - y0)

    def draw(self, rgb: np.ndarray) -> np.ndarray:
        """Draw the image on the canvas. Takes some milliseconds.

        :param rgb: height x width x 3, uint8
        :returns: the canvas, uint8; ``rgb`` itself where the canvas has the image's size
        """
        if self.canvas == self.image:
            return rgb
        (width, height), (left, top) = self.scaled, self.offset
        canvas = np.full((self.canvas[1], self.canvas[0], 3), GREY, np.uint8)
        canvas[top : top + height, left : left + width] = np.asarray(resize(rgb, (width, height)))
        return canvas

    def to_canvas(self, x: float, y: float) -> tuple[float, float]:
        """Convert a place from parts of the image's sides to parts of the canvas' (0 .. 1, from edge to edge).

        :param x: from left to right
        :param y: from top to bottom
        :returns: (x, y)
        """
        (x0, x1), (y0, y1) = self._spans()
        return x0 + x * (x1 - x0), y0 + y * (y1 - y0)

    def undo(self, parsed: Parsed, scale: Scale) -> Parsed:
        """Convert an answer about the canvas to one about the image.

        What lies in the padding is no place in the image: it is dropped, with a reason. A box that reaches into the
        padding ends at the image's border, as the object does.

        :param parsed: the answer
        :param scale: the model's units; the result has the same
        """
        points: list[Point] = []
        boxes: list[Box] = []
        dropped: list[Dropped] = []
        for point in parsed.points:
            place = self._undo(point.x, point.y, scale)
            if place:
                points.append(replace(point, x=place[0], y=place[1]))
            else:
                depth = '' if point.depth is None else f', {point.depth:g}'
                dropped.append(Dropped(f'({point.x:g}, {point.y:g}{depth})', self._complaint(scale)))
        for box in parsed.boxes:
            (x1, y1), (x2, y2) = self._to_image(box.x1, box.y1, scale), self._to_image(box.x2, box.y2, scale)
            if x1 < x2 and y1 < y2:
                boxes.append(replace(box, x1=x1, y1=y1, x2=x2, y2=y2))
            else:
                text = f'[{box.x1:g}, {box.y1:g}, {box.x2:g}, {box.y2:g}]'
                dropped.append(Dropped(text, self._complaint(scale)))
        return replace(parsed, points=tuple(points), boxes=tuple(boxes), dropped=(*parsed.dropped, *dropped))

    def _spans(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """From where to where the image reaches, in parts of the canvas' sides: across, and down."""
        across, down = (
            (start / side, (start + size) / side)
            for start, size, side in zip(self.offset, self.scaled, self.canvas, strict=True)
        )
        return across, down

    def _undo(self, x: float, y: float, scale: Scale) -> tuple[float, float] | None:
        """A place in model units of the image; None in the padding."""
        for value, most, (low, high) in zip((x, y), (scale.x_max, scale.y_max), self._spans(), strict=True):
            if not low * most - ROUNDING <= value <= high * most + ROUNDING:
                return None
        return self._to_image(x, y, scale)

    def _to_image(self, x: float, y: float, scale: Scale) -> tuple[float, float]:
        """A place in model units of the image; on its border for one in the padding."""
        across, down = (
            min(max((value - low * most) / (high - low), 0.0), most)
            for value, most, (low, high) in zip((x, y), (scale.x_max, scale.y_max), self._spans(), strict=True)
        )
        return across, down

    def _complaint(self, scale: Scale) -> str:
        (x0, x1), (y0, y1) = self._spans()
        return (
            f'lies in the grey padding: the image reaches from ({x0 * scale.x_max:g}, {y0 * scale.y_max:g}) '
            f'to ({x1 * scale.x_max:g}, {y1 * scale.y_max:g})'
        )
