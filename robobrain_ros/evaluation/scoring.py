# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How good one answer about a simulated scene is."""

import math

from robobrain_ros.answer import Answer, Target
from robobrain_ros.errors import ErrorCode
from robobrain_ros.evaluation.overlap import iou
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.depth import DepthMode, DepthRules
from robobrain_ros.geometry.locate import Scene, locate_waypoints
from robobrain_ros.sim.questions import Question
from robobrain_ros.sim.scene import TableTop

SENSOR = DepthRules(mode=DepthMode.SENSOR)
NEAR_M = 0.03
"""A trajectory has to end this close to where it should."""
LEAST_OVERLAP = 0.5
"""A box has to overlap the true one by more than this: intersection over union."""
NEAR = 0.02
"""A place has been met this close to it, in parts of the image's sides."""


def camera_of(scene: TableTop) -> CameraModel:
    """Return the calibration of the simulated camera, at the size of its image."""
    view = scene.view
    return CameraModel.from_calibration(width=view.width, height=view.height, k=view.k.ravel().tolist())


def score(question: Question, answer: Answer, scene: TableTop) -> dict[str, float]:
    """Return what can be said of one answer, by name: shares are 0 or 1, distances in the unit that the name says.

    'right' is there for every question, and means: the point shows the object (or its handle, or the free table; the
    tip of the gripper, between its fingers, has no pixels, so it counts within ``NEAR``), the box overlaps by more than
    ``LEAST_OVERLAP``, the trajectory ends within ``NEAR_M`` by the depth sensor, the plan or the reply is the right one
    word by word, the list names all objects and no other, the absent object was not found.
    """
    scores = {'valid': float(answer.code in (ErrorCode.OK, ErrorCode.NOT_FOUND)), 'ms': answer.timings.total}
    if question.kind == 'absent':
        return scores | {'right': float(answer.code is ErrorCode.NOT_FOUND)}
    scores |= {'falsely not found': float(answer.code is ErrorCode.NOT_FOUND)}
    if question.pixel:
        near = _distance(answer, question.pixel) <= NEAR
        right = near if question.kind == 'gripper' else _shows(question, answer, scene)
        return scores | {'right': float(right), 'within 2 %': float(near)}
    if question.box:
        overlap = iou(question.box, answer.targets[0].box) if answer.targets else 0.0
        return scores | {'right': float(overlap > LEAST_OVERLAP), 'IoU': overlap}
    if question.waypoints:
        return scores | _score_way(question, answer, scene)
    if question.steps:
        return scores | {'right': float(tuple(step.description for step in answer.steps) == question.steps)}
    if question.kind == 'list':
        return scores | {'right': float(named(answer.reply) == sorted(question.reply))}
    return scores | {'right': float((answer.reply,) == question.reply)}


def _distance(answer: Answer, truth: tuple[float, float]) -> float:
    """Return how far the answer's pixel is from the true one, in parts of the image: 0.02 is 2 % of its sides."""
    if not answer.targets:
        return math.inf
    (u, v), (width, height) = answer.targets[0].pixel, answer.image_size
    return math.hypot((u - truth[0]) / width, (v - truth[1]) / height)


def _shows(question: Question, answer: Answer, scene: TableTop) -> bool:
    """Whether the pixel that the answer points at shows what was asked for."""
    if not answer.targets:
        return False
    u, v = (round(value) for value in answer.targets[0].pixel)
    truth = scene.truth()
    return bool(truth.labels[v, u] == question.label and (question.kind != 'handle' or truth.handles[v, u]))


def _score_way(question: Question, answer: Answer, scene: TableTop) -> dict[str, float]:
    if not answer.waypoints:
        return {'right': 0.0}
    image = Scene((scene.view.width, scene.view.height), camera_of(scene), scene.render()[1])
    u, v, depth = question.waypoints[-1]
    ends = (Target((u, v)), answer.waypoints[-1])
    truth, given = (target.position for target in locate_waypoints(ends, image, SENSOR).targets)
    near = truth is not None and given is not None and math.dist(truth, given) <= NEAR_M
    said = answer.waypoints[-1].model_depth
    return {'right': float(near), 'end depth error cm': 100 * abs(said - depth) if said else math.nan}


def named(reply: str) -> list[str]:
    """Return the names in a list such as 'red mug (1, 2), blue ball (3, 4)', sorted."""
    return sorted(' '.join(part.split()[:2]) for part in reply.split('),') if part.strip())
