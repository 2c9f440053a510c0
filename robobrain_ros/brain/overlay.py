# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Draws an answer on the image that it is about: targets, boxes, the trajectory, the plan, the reply or the error."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from robobrain_ros.answer import Answer, GroundedStep, StepStatus, Target
from robobrain_ros.brain.canvas import Canvas, Colour
from robobrain_ros.brain.frame import Frame, Rgb
from robobrain_ros.brain.label_places import BAND, LINE, MARK, LabelPlaces, Rectangle, meet
from robobrain_ros.errors import ErrorCode

WHITE: Colour = (255, 255, 255)
TARGET: Colour = (255, 210, 0)
FAILED: Colour = (255, 110, 100)
CANDIDATE: Colour = (160, 160, 160)
"""Places of an answer that failed, such as one that is UNSURE."""
STEPS: tuple[Colour, ...] = (
    TARGET,
    (0, 220, 255),
    (255, 120, 220),
    (130, 255, 120),
    (190, 160, 255),
    (255, 150, 60),
    (235, 235, 235),
)
"""Colours of a mission's steps, in turn."""
WAY: tuple[Colour, Colour] = ((0, 220, 255), (255, 60, 200))
"""Colours of the first and the last waypoint of a trajectory."""
FARTHEST = 1e5
"""Pixels from the image's corner beyond which nothing is drawn."""


@dataclass(frozen=True)
class _Mark:
    """A target, and what its label begins with."""

    target: Target
    colour: Colour
    label: str
    numbers: tuple[int, ...] = ()
    """The steps of a mission that act there."""

    def text(self) -> str:
        number = ','.join(map(str, self.numbers))
        return ' '.join(part for part in (number, self.label, _depth(self.target)) if part)


@dataclass(frozen=True)
class _Path:
    """Waypoints with their colours, and texts where a waypoint has a label."""

    waypoints: tuple[Target, ...]
    colours: tuple[Colour, ...]
    texts: tuple[str, ...]
    arrows: bool
    """Whether each line shows its direction."""


def draw(image: Any, answer: Answer) -> Rgb:
    """Draw an answer on the picture that it is about.

    The steps of a mission are numbered and have a colour each, in the list as on the picture. The places of an answer
    that failed are candidates at best: they are grey, and labelled UNSURE where that is the failure. Targets and
    waypoints whose pixels are no numbers are left out. Text that does not fit ends in "...". Characters that no font of
    this computer has are counted in brackets ("[3 Chinese characters, no font]"); the package fonts-noto-cjk has them.

    :param image: the image that the answer's pixels refer to: path of a file, height x width x 3 uint8 RGB array, PIL
        image, or Frame; not changed
    :returns: a copy with the drawing, height x width x 3, uint8, RGB
    :raises BrainError: BAD_IMAGE if the image cannot be read or has another shape or type
    """
    canvas = Canvas(Frame.of(image).rgb())
    places = LabelPlaces(canvas.width, canvas.height)
    places.cover(_write(canvas, answer), BAND)
    marks = _marks(answer)
    paths = list(_paths(answer))
    if not answer.success:
        marks, paths = _candidates(answer, marks, paths)
    places.cover([part for mark in marks for part in _covered(canvas, mark.target)], MARK)
    places.cover([canvas.around(target.pixel, 6) for path in paths for target in path.waypoints], MARK)
    for path in paths:
        _draw_lines(canvas, places, path)
    # Marks come after all labels: text may be covered, places not.
    for mark in marks:
        _label(canvas, places, mark.target, mark.text(), mark.colour)
    for path in paths:
        _label_path(canvas, places, path)
    for mark in marks:
        _draw_mark(canvas, mark)
    for path in paths:
        for target, colour in zip(path.waypoints, path.colours, strict=True):
            canvas.dot(target.pixel, 4, colour)
    return canvas.image


def _write(canvas: Canvas, answer: Answer) -> list[Rectangle]:
    """Write the question at the top, and at the bottom what was answered in words; return where."""
    bands: list[Rectangle] = []
    if answer.instruction:
        bands.append(canvas.block([(f'{answer.task}: {answer.instruction}', WHITE)], top=True))
    below = [_step_line(number, step) for number, step in enumerate(answer.steps, 1)]
    if not answer.success:
        below = [(f'{answer.code.name}: {answer.message}', FAILED)]
    elif not below and answer.reply:
        below = [(answer.reply, WHITE)]
    if below:
        bands.append(canvas.block(below, top=False))
    return bands


def _step_line(number: int, step: Any) -> tuple[str, Colour]:
    text = f'{number}. {step.description}'
    if not isinstance(step, GroundedStep) or step.status is StepStatus.PLANNED:
        return text, WHITE
    if step.status is StepStatus.FAILED:
        return f'{text} ({step.code.name})', FAILED
    return text, _step_colour(number)


def _step_colour(number: int) -> Colour:
    return STEPS[(number - 1) % len(STEPS)]


def _marks(answer: Answer) -> list[_Mark]:
    """Collect what is marked; a place where several steps act, once."""
    asked = answer.instruction  # a point is named by it, but it is written at the top already
    marks = {target: _Mark(target, TARGET, '' if target.label == asked else target.label) for target in answer.targets}
    for number, step in enumerate(answer.steps, 1):
        for target in step.targets if isinstance(step, GroundedStep) else ():
            mark = marks.setdefault(target, _Mark(target, _step_colour(number), target.label))
            marks[target] = replace(mark, numbers=(*mark.numbers, number))
    return [mark for target, mark in marks.items() if _drawable(target)]


def _paths(answer: Answer) -> Iterator[_Path]:
    """Yield the answer's own trajectory, numbered by waypoint, and those of a mission's steps, numbered by step."""
    way = answer.waypoints
    texts = [str(number) for number in range(1, len(way) + 1)]
    for end in {0, len(way) - 1} if way else ():
        texts[end] = f'{texts[end]} {_depth(way[end])}'.strip()  # at more of them it would hide the path
    last = max(len(way) - 1, 1)
    yield from _path(way, [_between(*WAY, index / last) for index in range(len(way))], texts, arrows=False)
    for number, step in enumerate(answer.steps, 1):
        if isinstance(step, GroundedStep):
            texts = [''] * len(step.waypoints)
            if texts and not step.targets:  # else the target's label says it
                texts[-1] = f'{number} {_depth(step.waypoints[-1])}'.strip()
            yield from _path(step.waypoints, [_step_colour(number)] * len(texts), texts, arrows=True)


def _path(way: Sequence[Target], colours: Sequence[Colour], texts: Sequence[str], *, arrows: bool) -> Iterator[_Path]:
    kept = [index for index, target in enumerate(way) if _drawable(target)]
    if kept:
        waypoints = tuple(way[index] for index in kept)
        yield _Path(waypoints, tuple(colours[index] for index in kept), tuple(texts[index] for index in kept), arrows)


def _candidates(answer: Answer, marks: Sequence[_Mark], paths: Sequence[_Path]) -> tuple[list[_Mark], list[_Path]]:
    """Make marks and paths grey, and say beside each mark and where each path begins that the answer is UNSURE."""
    said = 'UNSURE ' if answer.code is ErrorCode.UNSURE else ''
    named = [(f'{said}{path.texts[0]}'.strip(), *path.texts[1:]) for path in paths]
    return (
        [replace(mark, colour=CANDIDATE, label=f'{said}{mark.label}'.strip()) for mark in marks],
        [
            replace(path, colours=(CANDIDATE,) * len(texts), texts=texts)
            for path, texts in zip(paths, named, strict=True)
        ],
    )


def _draw_lines(canvas: Canvas, places: LabelPlaces, path: _Path) -> None:
    ends = list(zip(path.waypoints, path.waypoints[1:], path.colours, strict=False))
    for here, there, colour in ends:
        canvas.line(here.pixel, there.pixel, colour)
        places.cover(list(canvas.along(here.pixel, there.pixel)), LINE)
    for here, there, colour in ends if path.arrows else ():
        canvas.arrow_head(here.pixel, there.pixel, colour)


def _draw_mark(canvas: Canvas, mark: _Mark) -> None:
    if mark.target.box:
        canvas.box(mark.target.box, mark.colour)
    else:
        canvas.ring(mark.target.pixel, 11, mark.colour)
    canvas.cross(mark.target.pixel, 5, mark.colour)


def _label_path(canvas: Canvas, places: LabelPlaces, path: _Path) -> None:
    """Label both ends, then those between them that have room for it."""
    last = len(path.waypoints) - 1
    for index in sorted(range(last + 1), key=lambda index: index not in (0, last)):
        target, text, colour = path.waypoints[index], path.texts[index], path.colours[index]
        _label(canvas, places, target, text, colour, must=index in (0, last))


def _label(
    canvas: Canvas, places: LabelPlaces, target: Target, text: str, colour: Colour, *, must: bool = True
) -> None:
    """Write a label beside its target, and lead a line to it where it lies farther away."""
    if not text:
        return
    text = canvas.label_text(text)
    size = canvas.label_size(text)
    mark = target.box or canvas.around(target.pixel, 12 if must else 6)
    found = places.along_box(mark, size, 3 * canvas.unit) if target.box else places.beside(mark, size, must=must)
    if found is None:
        return
    left, top = found
    u, v = target.pixel
    if not meet(mark, (left, top, left + size[0], top + size[1]), 12 * canvas.unit):
        canvas.thread((u, v), (min(max(u, left), left + size[0]), min(max(v, top), top + size[1])), colour)
    canvas.label(left, top, text, colour)


def _covered(canvas: Canvas, target: Target) -> list[Rectangle]:
    """What a target's mark covers: the edges of its box, and what surrounds its pixel."""
    if not target.box:
        return [canvas.around(target.pixel, 12)]
    left, top, right, bottom = target.box
    edge = 3 * canvas.unit
    upright = [(side - edge, top, side + edge, bottom) for side in (left, right)]
    level = [(left, side - edge, right, side + edge) for side in (top, bottom)]
    return [canvas.around(target.pixel, 6), *upright, *level]


def _drawable(target: Target) -> bool:
    return all(abs(number) < FARTHEST for number in (*target.pixel, *(target.box or ())))  # not, if it is NaN


def _depth(target: Target) -> str:
    far = target.position[2] if target.position else math.nan
    return f'{far:.2f} m' if math.isfinite(far) else ''


def _between(start: Colour, end: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
    return red, green, blue
