# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Calibrate a model's confidence and standard deviations: ``robobrain evaluate --calibrate``.

Confidence is fitted by a logistic function of its log-odds (Platt 1999, "Probabilistic outputs for support vector
machines"). Standard deviations are narrowed or widened until nine of ten true places lie in the region that a normal
distribution would give nine of ten: first in the image, then in space.
"""

from collections.abc import Sequence

import numpy as np

from robobrain_ros.evaluation.quantiles import chi_square
from robobrain_ros.evaluation.samples import TASKS, Sample
from robobrain_ros.tasks.calibration import CLIP, Calibration, Reliability

FIRST_SEED = 2_000_000
"""Scenes from here on are asked about for calibration, and for nothing else."""
SHARE = 0.9
"""Part of the true places that the calibrated regions are to hold."""
IMAGE_REGION, SPACE_REGION = chi_square(SHARE, 2), chi_square(SHARE, 3)
"""Squared Mahalanobis distances that hold ``SHARE`` of a normal distribution of two and of three dimensions."""
LEAST_SAMPLES = 30
"""With fewer of them a task is not calibrated."""
_RIDGE = 0.1
"""Keeps the logistic function finite where all answers are right: it draws the coefficients to 0 and 1."""

Array = np.ndarray


def calibrated(found: Sequence[Sample], scenes: int) -> Calibration:
    """Return what samples of an uncalibrated model tell of each task that has ``LEAST_SAMPLES`` or more.

    :param scenes: how many were asked about, from ``FIRST_SEED`` on
    """
    by_task = {task: [one for one in found if one.task == task] for task in TASKS}
    enough = {task: part for task, part in by_task.items() if len(part) >= LEAST_SAMPLES}
    return Calibration({task: _reliability(part) for task, part in enough.items()}, scenes, FIRST_SEED)


def _reliability(found: Sequence[Sample]) -> Reliability:
    judged = [one for one in found if one.confidence is not None]
    intercept, slope = _platt([one.confidence or 0.0 for one in judged], [one.right for one in judged])
    factor, least = _pixels([one for one in found if one.offset])
    known = Reliability(intercept, slope, factor, least)
    depth = _least_depth([one for one in found if one.depth_offset is not None], known)
    return Reliability(intercept, slope, factor, least, depth)


def _platt(raw: Sequence[float], right: Sequence[bool]) -> tuple[float, float]:
    """Intercept and slope, by Newton's method; a slope that would turn the order around is 0."""
    clipped = np.clip(raw, CLIP, 1 - CLIP)
    inputs = np.stack([np.ones_like(clipped), np.log(clipped / (1 - clipped))])
    signs, prior = np.where(right, 1.0, -1.0), np.array([0.0, 1.0])

    def loss(weights: Array) -> float:
        doubt = np.logaddexp(0.0, -signs * (weights @ inputs)).sum()
        return float(doubt + _RIDGE / 2 * np.sum((weights - prior) ** 2))

    weights = prior
    for _ in range(100):
        share = 1 / (1 + np.exp(-np.clip(weights @ inputs, -30, 30)))
        gradient = inputs @ ((signs + 1) / 2 - share) - _RIDGE * (weights - prior)
        curvature = (inputs * (share * (1 - share))) @ inputs.T + _RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, gradient)
        while loss(weights + step) > loss(weights) and np.abs(step).max() > 1e-9:
            step = step / 2  # too far: the curvature changes on the way
        weights = weights + step
    if weights[1] < 0:  # the surer, the less often right: confidence says nothing
        count = len(right) + 2  # one more of either, so that the odds are finite (Laplace)
        share_right = (sum(right) + 1) / count
        return round(float(np.log(share_right / (1 - share_right))), 4), 0.0
    return round(float(weights[0]), 4), round(float(weights[1]), 4)


def _pixels(found: Sequence[Sample]) -> tuple[float, float]:
    """Factor and least deviation (parts of the sides) of the pixels: only one of them changes anything."""
    if not found:
        return 1.0, 0.0
    sides = np.array([one.image_size for one in found], float)
    offset = (np.array([one.offset for one in found]) / sides) ** 2
    spread = (np.array([one.spread for one in found]) / sides) ** 2
    factor = float(np.sqrt(np.quantile(np.sum(offset / spread, axis=1), SHARE) / IMAGE_REGION))
    if factor < 1:
        return round(factor, 4), 0.0
    return 1.0, round(_least(offset, spread, IMAGE_REGION), 6)


def _least_depth(found: Sequence[Sample], known: Reliability) -> float:
    """The least deviation of a depth, metres, where the pixels are calibrated."""
    if not found:
        return 0.0
    offset = np.array([[*(one.offset or ()), one.depth_offset] for one in found], float) ** 2
    pixels = np.array(
        [[known.pixel_spread(*pair) for pair in zip(one.spread, one.image_size, strict=True)] for one in found]
    )
    depths = np.array([[one.depth_spread] for one in found])
    nearer = offset[:, :2] / pixels**2
    return round(_least(offset[:, 2:], depths**2, SPACE_REGION, nearer.sum(axis=1)), 5)


def _least(offset: Array, spread: Array, region: float, already: Array | float = 0.0) -> float:
    """The smallest deviation that, added in squares to ``spread``, brings ``SHARE`` of the samples into their regions.

    :param offset: samples x dimensions, squared
    :param spread: likewise
    :param already: squared distance in other dimensions
    :returns: 0 .. 1; 1 if even that brings fewer
    """

    def enough(least: float) -> bool:
        distance = already + np.sum(offset / (spread + least**2 + 1e-12), axis=1)
        return bool(np.mean(distance < region) >= SHARE)

    low, high = 0.0, 1.0
    if enough(low):
        return low
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
