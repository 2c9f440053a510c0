"""Draws an answer on the image that it is about: targets, boxes, the trajectory, the plan, the reply or the error."""

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from robobrain_ros.answer import Answer, Target
from robobrain_ros.brain.frame import Frame, Rgb

Colour = tuple[int, int, int]

FONT = cv2.FONT_HERSHEY_SIMPLEX
LONGEST = 2000
"""Characters of a text that are looked at; more hardly fit on an image."""
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)
TARGET: Colour = (255, 210, 0)
FAILED: Colour = (255, 110, 100)
WAY: tuple[Colour, Colour] = ((0, 220, 255), (255, 60, 200))
"""Colours of the first and the last waypoint."""


def draw(image: Any, answer: Answer) -> Rgb:
    """Draw an answer on the picture that it is about.

    Letters beyond ASCII are written without accents or as "?", for OpenCV's fonts have no others; text that does not
    fit ends in "...".

    :param image: the image that the answer's pixels refer to: path of a file, height x width x 3 uint8 RGB array, PIL
        image, or Frame; not changed
    :returns: a copy with the drawing, height x width x 3, uint8, RGB
    :raises BrainError: BAD_IMAGE if the image cannot be read or has another shape or type
    """
    canvas = _Canvas(Frame.of(image).rgb())
    if answer.instruction:
        canvas.block([f'{answer.task}: {answer.instruction}'], WHITE, top=True)
    steps = [f'{number}. {step.description}' for number, step in enumerate(answer.steps, 1)]
    if not answer.success:
        canvas.block([f'{answer.code.name}: {answer.message}'], FAILED, top=False)
    elif steps or answer.reply:
        canvas.block(steps or [answer.reply], WHITE, top=False)
    # Marks come last: text may be covered, places not.
    for target in answer.places:
        _draw_label(canvas, target)
    for target in answer.places:
        _draw_mark(canvas, target)
    for way in answer.ways:
        _draw_way(canvas, way)
    return canvas.image


def _draw_label(canvas: '_Canvas', target: Target) -> None:
    depth = f'{target.position[2]:.2f} m' if target.position else ''
    u, v = target.box[:2] if target.box else (target.pixel[0] + 14 * canvas.unit, target.pixel[1] - 4 * canvas.unit)
    canvas.label(u, v, ' '.join(part for part in (target.label, depth) if part), TARGET)


def _draw_mark(canvas: '_Canvas', target: Target) -> None:
    if target.box:
        canvas.box(target.box, TARGET)
    else:
        canvas.ring(*target.pixel, 11, TARGET)
    canvas.cross(*target.pixel, 5, TARGET)


def _draw_way(canvas: '_Canvas', waypoints: Sequence[Target]) -> None:
    last = max(len(waypoints) - 1, 1)
    colours = [_between(*WAY, index / last) for index in range(len(waypoints))]
    for here, there, colour in zip(waypoints, waypoints[1:], colours, strict=False):
        canvas.line(here.pixel, there.pixel, colour)
    for number, (target, colour) in enumerate(zip(waypoints, colours, strict=True), 1):
        canvas.dot(*target.pixel, 4, colour)
        ends = number in (1, len(waypoints))  # more would hide the way
        depth = f' {target.position[2]:.2f} m' if target.position and ends else ''
        canvas.label(target.pixel[0] + 5 * canvas.unit, target.pixel[1] - 5 * canvas.unit, f'{number}{depth}', colour)


class _Canvas:
    """A copy of an image with strokes and letters scaled to its size: one unit is a pixel of a 640x480 image."""

    def __init__(self, rgb: Rgb) -> None:
        self.image = np.ascontiguousarray(rgb).copy()
        self.height, self.width = rgb.shape[:2]
        self.unit: float = min(self.width / 640, self.height / 480)
        self.thick = max(1, round(1.6 * self.unit))
        # Letters of less than about 9 pixels cannot be read.
        self.font = max(0.55 * self.unit, 0.36)
        self.bold = max(1, round(1.2 * self.unit))
        self.line_height = round(34 * self.font)

    def line(self, start: tuple[float, float], end: tuple[float, float], colour: Colour) -> None:
        """A line with a dark rim, so that it shows on every ground."""
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick * 2 - 1)):
            cv2.line(self.image, _whole(*start), _whole(*end), ink, thickness, cv2.LINE_AA)

    def box(self, box: tuple[float, float, float, float], colour: Colour) -> None:
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick)):
            cv2.rectangle(self.image, _whole(*box[:2]), _whole(*box[2:]), ink, thickness, cv2.LINE_AA)

    def ring(self, u: float, v: float, radius: float, colour: Colour) -> None:
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick)):
            cv2.circle(self.image, _whole(u, v), self._length(radius), ink, thickness, cv2.LINE_AA)

    def dot(self, u: float, v: float, radius: float, colour: Colour) -> None:
        cv2.circle(self.image, _whole(u, v), self._length(radius) + self.thick, BLACK, -1, cv2.LINE_AA)
        cv2.circle(self.image, _whole(u, v), self._length(radius), colour, -1, cv2.LINE_AA)

    def cross(self, u: float, v: float, arm: float, colour: Colour) -> None:
        (x, y), arm = _whole(u, v), self._length(arm)
        for ink, thickness in ((BLACK, self.thick * 3), (colour, self.thick)):
            cv2.line(self.image, (x - arm, y), (x + arm, y), ink, thickness)
            cv2.line(self.image, (x, y - arm), (x, y + arm), ink, thickness)

    def label(self, u: float, v: float, text: str, colour: Colour) -> None:
        """Text on a dark plate above and right of a place, moved to lie inside the image."""
        if not text:
            return
        pad = max(2, round(3 * self.unit))
        text = self._fit(_ascii(text), self.width - 2 * pad)
        wide, high = self._length_of(text) + 2 * pad, self.line_height
        left = int(min(max(u, 0), max(self.width - wide, 0)))
        top = int(min(max(v - high, 0), max(self.height - high, 0)))
        plate = self.image[top : top + high, left : left + wide]
        plate[:] = plate // 4
        self._write(left + pad, top + 0.75 * high, text, colour)

    def block(self, paragraphs: Sequence[str], colour: Colour, *, top: bool) -> None:
        """Lines of text on a darkened band along the top or the bottom edge; at most 45 % of the image's height."""
        margin = round(8 * self.unit)
        lines = [line for paragraph in paragraphs for line in self._wrap(_ascii(paragraph), self.width - 2 * margin)]
        most = max(1, int(0.45 * self.height) // self.line_height)
        if len(lines) > most:
            lines = lines[: most - 1] + [self._fit(f'{lines[most - 1]} ...', self.width - 2 * margin)]
        high = min(len(lines) * self.line_height + margin, self.height)
        start = 0 if top else self.height - high
        band = self.image[start : start + high]
        band[:] = band // 4
        for index, line in enumerate(lines):
            self._write(margin, start + margin / 2 + (index + 0.75) * self.line_height, line, colour)

    def _length(self, units: float) -> int:
        return max(2, round(units * self.unit))

    def _length_of(self, text: str) -> int:
        (wide, _), _ = cv2.getTextSize(text, FONT, self.font, self.bold)
        return int(wide)

    def _write(self, x: float, y: float, text: str, colour: Colour) -> None:
        cv2.putText(self.image, text, _whole(x, y), FONT, self.font, colour, self.bold, cv2.LINE_AA)

    def _wrap(self, text: str, width: int) -> list[str]:
        lines = ['']
        for word in text.split():
            longer = f'{lines[-1]} {word}'.strip()
            if lines[-1] and self._length_of(longer) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return [self._fit(line, width) for line in lines]

    def _fit(self, text: str, width: int) -> str:
        if self._length_of(text) <= width:
            return text
        kept = bisect_right(range(len(text)), width, key=lambda count: self._length_of(text[:count] + '...')) - 1
        return text[: max(kept, 0)] + '...'


def _whole(x: float, y: float) -> tuple[int, int]:
    return round(x), round(y)


def _between(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue


def _ascii(text: str) -> str:
    """Printable ASCII: accents dropped, everything else as "?", white space and controls as blanks."""
    letters = [c for c in unicodedata.normalize('NFKD', text[:LONGEST]) if not unicodedata.combining(c)]
    return ''.join(c if ' ' <= c <= '~' else '?' if c.isprintable() else ' ' for c in letters)
