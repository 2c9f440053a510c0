# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whether an answer about a simulated scene is right, by the simulation's truth, in one word."""

import math

from robobrain_ros.evaluation.tabletop import iou
from robobrain_ros.sim.questions import Question
from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.values import Parsed

NEAR = 0.05
"""A place is right within so much of the image's sides."""
OVERLAP = 0.5
"""A box is right from this intersection over union on."""


def right(question: Question, parsed: Parsed, scale: Scale, width: int, height: int) -> bool | None:
    """Return whether an answer is right; None where it has no place in the image, or may lie anywhere in an area.

    :param scale: units of the answer's coordinates
    :param width: image width in pixels
    :param height: image height in pixels
    """
    if question.kind == 'vacant':
        return None
    if question.box:
        boxes = [
            (*scale.to_pixel(box.x1, box.y1, width, height), *scale.to_pixel(box.x2, box.y2, width, height))
            for box in parsed.boxes
        ]
        return bool(boxes) and iou(question.box, boxes[0]) > OVERLAP
    if question.waypoints:
        place, index = question.waypoints[-1][:2], -1
    elif question.pixel:
        place, index = question.pixel, 0
    else:
        return None
    if not parsed.points:
        return False
    point = parsed.points[index]
    u, v = scale.to_pixel(point.x, point.y, width, height)
    return math.hypot((u - place[0]) / width, (v - place[1]) / height) <= NEAR
