# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The places of an answer as targets in the source image's pixels, with how sure the model was of them.

A waypoint is no surer than those before it: had the model gone elsewhere at one, the next would lie elsewhere too, even
if the digits that it wrote there were certain.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from math import hypot, prod

from robobrain_ros.answer import Target
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.tasks.calibration import Reliability
from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.values import Box, Certainty, Parsed, Point

_ROUNDING = 1 / 12**0.5
"""Standard deviation of what is rounded to whole units."""


def targets(
    parsed: Parsed, scale: Scale, letterbox: Letterbox, label: str, way: bool, reliability: Reliability
) -> list[Target]:
    """Return the answer's points, then its boxes, as targets without positions.

    :param parsed: in model units of the source image
    :param scale: the model's units
    :param letterbox: how the image lies on the canvas that the model saw
    :param label: of points that have none
    :param way: whether the points are a way: each is then no surer than those before it
    :param reliability: the calibration of this task
    """
    width, height = letterbox.image
    wide, high = letterbox.magnification
    unit = (width / scale.x_max * wide, height / scale.y_max * high)  # pixels for one unit that the model wrote

    def sure(target: Target, found: Sequence[Certainty], across: float, down: float, depth: float) -> Target:
        if not found:
            return target
        spread = (unit[0] * hypot(across, _ROUNDING), unit[1] * hypot(down, _ROUNDING), depth)
        return replace(target, confidence=prod(one.near for one in found), spread=spread)

    def point(said: Point) -> Target:
        pixel = scale.to_pixel(said.x, said.y, width, height)
        found = Target(pixel, label=said.label or label, model_depth=said.depth)
        spreads = [one.spread for one in said.sure]
        return sure(found, said.sure, *(spreads + [0.0] * (3 - len(spreads))))

    def box(said: Box) -> Target:
        left, top = scale.to_pixel(said.x1, said.y1, width, height)
        right, bottom = scale.to_pixel(said.x2, said.y2, width, height)
        found = Target(((left + right) / 2, (top + bottom) / 2), (left, top, right, bottom), said.label)
        x1, y1, x2, y2 = [one.spread / 2 for one in said.sure] or [0.0] * 4  # of the centre
        return sure(found, said.sure, hypot(x1, x2), hypot(y1, y2), 0.0)

    def reliable(target: Target) -> Target:
        if target.confidence is None or target.spread is None:
            return target
        u, v, depth = target.spread
        spread = (reliability.pixel_spread(u, width), reliability.pixel_spread(v, height), depth)
        return replace(target, confidence=reliability.confidence(target.confidence), spread=spread)

    found = [*map(point, parsed.points), *map(box, parsed.boxes)]
    return [reliable(target) for target in (accumulate(found, _behind) if way else found)]


def _behind(before: Target, target: Target) -> Target:
    """The target no surer than the one before it on its way."""
    if before.confidence is None or before.spread is None or target.confidence is None or target.spread is None:
        return replace(target, confidence=None, spread=None)
    u, v, depth = (max(pair) for pair in zip(before.spread, target.spread, strict=True))
    return replace(target, confidence=min(before.confidence, target.confidence), spread=(u, v, depth))


def check_sure(places: Sequence[Target], least: float) -> None:
    """Check that all places are sure enough.

    :param least: the confidence that each must have, 0 .. 1; 0 takes all
    :raises BrainError: UNSURE if one of them is less sure, or nothing is known of its confidence
    """
    if not least:
        return
    target = min(places, key=lambda place: -1.0 if place.confidence is None else place.confidence)
    if target.confidence is None:
        why = 'is not known: the engine tells no probabilities of its tokens'
    elif target.confidence < least:
        why = f'is {_less(target.confidence, least)}'
    else:
        return
    u, v = target.pixel
    message = f'the confidence of the place at pixel ({u:.0f}, {v:.0f}) {why}, but min_confidence is {least}'
    raise BrainError(ErrorCode.UNSURE, message)


def _less(value: float, limit: float) -> str:
    """Write a number below a limit with two digits, or with as many more as it takes to see that it is less."""
    rounded = (f'{value:.{digits}f}' for digits in range(2, 18))
    return next((text for text in rounded if float(text) < limit), str(value))
