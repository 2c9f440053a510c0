# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Confidence and deviations that an answer about a simulated scene states, beside its true errors."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from robobrain_ros.answer import Answer, Target
from robobrain_ros.evaluation.scoring import camera_of
from robobrain_ros.sim.questions import Question
from robobrain_ros.sim.scene import TableTop

TASKS = ('pointing', 'affordance', 'grounding', 'trajectory')
"""The tasks that answer with places."""


@dataclass(frozen=True)
class Sample:
    """One target or waypoint; only of those that say how sure they are."""

    task: str
    confidence: float | None = None
    """That of a target, or of a way's last waypoint; None for the first waypoint, which counts only by its place."""
    right: bool = False
    image_size: tuple[int, int] = (0, 0)
    """(width, height), pixels."""
    spread: tuple[float, float] = (0.0, 0.0)
    """Stated standard deviations of the pixel's u and v, pixels."""
    offset: tuple[float, float] | None = None
    """From the true pixel to this one, u and v in pixels; None where any place on the free table is as good."""
    depth_spread: float = 0.0
    """Stated standard deviation of the depth, metres."""
    depth_offset: float | None = None
    """From the true depth, metres; None without a position, and for the gripper, whose tip has no surface."""
    distance_squared: float | None = None
    """Squared Mahalanobis distance from the true position, by the stated covariance."""


def samples(question: Question, answer: Answer, scene: TableTop, right: bool) -> Iterator[Sample]:
    """Yield the samples of one answer to a question of ``TASKS``: one, or two of a way, its last waypoint first.

    :param right: whether the answer is right as a whole
    """
    depth_m = scene.render()[1]

    def seen(u: float, v: float) -> tuple[float, float, float]:
        height, width = depth_m.shape
        return u, v, float(depth_m[min(max(round(v), 0), height - 1), min(max(round(u), 0), width - 1)])

    if answer.waypoints and question.waypoints:
        pairs = [(answer.waypoints[index], question.waypoints[index]) for index in (-1, 0)]
    elif answer.targets and question.box:
        left, top, far, bottom = question.box
        pairs = [(answer.targets[0], seen((left + far) / 2, (top + bottom) / 2))]
    elif answer.targets and question.pixel:
        depth = question.position[2] if question.position and question.kind != 'gripper' else math.nan
        pairs = [(answer.targets[0], (*question.pixel, depth))]
    else:
        return
    for index, (target, truth) in enumerate(pairs):
        if target.confidence is not None and target.spread is not None:
            made = Sample(question.task, None if index else target.confidence, right, answer.image_size)
            yield made if question.kind == 'vacant' else _measured(made, target, truth, scene)


def _measured(sample: Sample, target: Target, truth: tuple[float, float, float], scene: TableTop) -> Sample:
    """The sample with how far the target lies from the truth: (u, v) in pixels, depth in metres."""
    u, v, depth = truth
    spread = target.spread or (0.0, 0.0, 0.0)
    offset, found = (target.pixel[0] - u, target.pixel[1] - v), {}
    if target.position and target.covariance and math.isfinite(depth):
        matrix = np.reshape(target.covariance, (3, 3))
        away = np.subtract(target.position, camera_of(scene).deproject(u, v, depth))
        found = {
            'depth_spread': math.sqrt(matrix[2, 2]),  # across the view nothing changes along the optical axis
            'depth_offset': float(away[2]),
            'distance_squared': float(away @ np.linalg.pinv(matrix) @ away),
        }
    return Sample(sample.task, sample.confidence, sample.right, sample.image_size, spread[:2], offset, **found)
