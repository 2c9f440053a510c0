# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Lens distortion by the names and coefficients of sensor_msgs/CameraInfo, as drivers fill them in (REP-104).

Formulas: OpenCV's calib3d (pinhole with 4, 5, 8, 12 or 14 coefficients) and its fisheye module (4 coefficients).
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

PLUMB_BOB, RATIONAL, EQUIDISTANT = 'plumb_bob', 'rational_polynomial', 'equidistant'
_NAMES = {
    'plumb_bob': PLUMB_BOB,
    'brown_conrady': PLUMB_BOB,
    'radtan': PLUMB_BOB,
    'radial_tangential': PLUMB_BOB,
    'rational_polynomial': RATIONAL,
    'rational': RATIONAL,
    'equidistant': EQUIDISTANT,
    'equi': EQUIDISTANT,
    'fisheye': EQUIDISTANT,
    'kannala_brandt': EQUIDISTANT,
    'kannala_brandt4': EQUIDISTANT,
}
_COUNTS = {PLUMB_BOB: (4, 5), RATIONAL: (8, 12, 14)}
"""How many coefficients OpenCV's pinhole models take."""


def checked(name: str, coefficients: Sequence[float]) -> tuple[str, tuple[float, ...]]:
    """Find the model that a driver means.

    Zeros at the end say nothing: many drivers fill an array of eight. With zeros only, or with nothing, the camera is
    an ideal pinhole whatever the name, as image_geometry has it. Names that mean the same are one.

    :param name: ``distortion_model`` of a CameraInfo; letter case, blanks and dashes make no difference
    :param coefficients: ``d`` of a CameraInfo, in OpenCV's order
    :returns: (plumb_bob, rational_polynomial or equidistant, coefficients); no coefficients for an ideal pinhole
    :raises ValueError: for a model that is not known, and for coefficients that do not fit it
    """
    values = [float(value) for value in coefficients]
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f'distortion {values}: expected finite numbers')
    if not any(values):
        return PLUMB_BOB, ()
    model = _NAMES.get(name.strip().lower().replace(' ', '_').replace('-', '_'))
    if model is None:
        raise ValueError(f'distortion model {name!r} is not supported; supported are {", ".join(sorted(_NAMES))}')
    used = max(index for index, value in enumerate(values, 1) if value)
    if model == EQUIDISTANT:
        if used > 4 or len(values) < 4:
            raise ValueError(f'distortion model {name} has 4 coefficients; got {values}')
        return model, tuple(values[:4])
    if len(values) in _COUNTS[model]:
        return model, tuple(values)
    fitting = [(other, count) for other, counts in _COUNTS.items() for count in counts if used <= count <= len(values)]
    if not fitting:
        counts = ', '.join(str(count) for known in _COUNTS.values() for count in known)
        raise ValueError(f'distortion model {name} has {counts} coefficients; got {values}')
    model, count = fitting[0]  # what OpenCV takes so many coefficients for, whatever the name
    return model, tuple(values[:count])


def distort(model: str, coefficients: Sequence[float], directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bend directions as the lens does.

    :param directions: N x 2, (x, y) at z = 1
    :returns: N x 2, in the same units
    """
    import cv2

    points = np.column_stack([directions, np.ones(len(directions))])[None]
    zero, eye, d = np.zeros(3), np.eye(3), np.array(coefficients)
    project = cv2.fisheye.projectPoints if model == EQUIDISTANT else cv2.projectPoints
    return np.asarray(project(points, zero, zero, eye, d)[0].reshape(-1, 2), np.float64)


def undistort(
    model: str, coefficients: Sequence[float], direction: tuple[float, float], accuracy: float
) -> tuple[float, float] | None:
    """Find the direction that ``distort`` bends to this one: OpenCV's estimate, refined by Newton's method.

    :param direction: (x, y) at z = 1
    :param accuracy: how far off the result may be, in the units of directions; OpenCV alone stops after a few rounds
    :returns: (x, y); None where that does not converge, or on a branch where the distorted image is folded over
    """
    import cv2

    goal, eye, d = np.array(direction, np.float64), np.eye(3), np.array(coefficients)
    estimate = cv2.fisheye.undistortPoints if model == EQUIDISTANT else cv2.undistortPoints
    guess = np.asarray(estimate(goal.reshape(1, 1, 2), eye, d).reshape(2), np.float64)
    step = 1e-6
    for _ in range(20):
        if not np.all(np.abs(guess) < 100):  # further than 89.4 degrees off the axis
            return None
        here, right, down = distort(model, coefficients, guess + step * np.array([[0, 0], [1, 0], [0, 1]], np.float64))
        jacobian = np.column_stack([right - here, down - here]) / step
        if not np.linalg.det(jacobian) > 0:
            return None
        error = goal - here
        if np.abs(error).max() < accuracy * 1e-4:
            break
        guess = guess + np.linalg.solve(jacobian, error)
    off = np.abs(goal - distort(model, coefficients, guess[None])[0]).max()
    return (float(guess[0]), float(guess[1])) if off < accuracy else None
