# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Inverse kinematics: joint angles that put the tool at a pose, by damped least squares from several starts.

The damping falls with the error, so that the steps are careful far away and quick near the goal:
https://doi.org/10.1109/TRO.2011.2148230
"""

import numpy as np
from numpy.typing import ArrayLike

from robobrain_ros.planners.arm.chain import Array, Chain

POSITION_M, ANGLE_RAD = 1e-4, 1e-3
"""The tool is at a pose that it misses by less."""
ROUNDS, STARTS, STEPS = 6, 16, 40
"""Rounds until one has a solution, random starts in each, and most steps from a start."""
SAME_RAD = 0.05
"""Configurations none of whose angles differ by more are one solution."""
WEIGHTS = np.array([1, 1, 1, 0.1, 0.1, 0.1])
"""What parts of a squared error count: a radian as much as 0.3 m."""
LEAST_DAMPING = 1e-7


def misses(goal: Array, poses: Array) -> Array:
    """Return how poses (..., 4, 4) miss a goal (4, 4) or goals (..., 4, 4): (..., 6).

    :returns: the way that is left, metres, and the turn that is left, radians about each axis of the world
    """
    way = goal[..., :3, 3] - poses[..., :3, 3]
    turn = goal[..., :3, :3] @ poses[..., :3, :3].swapaxes(-1, -2)
    flipped = [turn[..., 2, 1] - turn[..., 1, 2], turn[..., 0, 2] - turn[..., 2, 0], turn[..., 1, 0] - turn[..., 0, 1]]
    axis = np.stack(flipped, axis=-1) / 2
    sine = np.linalg.norm(axis, axis=-1, keepdims=True)
    cosine = (np.trace(turn, axis1=-2, axis2=-1)[..., None] - 1) / 2
    angle = np.arctan2(sine, cosine)
    # At half a turn the axis is lost in rounding: any other start gets away from there.
    scale = np.where(sine > 1e-9, angle / np.maximum(sine, 1e-9), 1.0)
    return np.concatenate([np.broadcast_to(way, axis.shape), axis * scale], axis=-1)


def descend(chain: Chain, goal: Array, starts: ArrayLike, steps: int = STEPS) -> Array:
    """Return the configurations (k, n) at which the tool is at the goal, of those that starts lead to.

    :param goal: pose (4, 4) of the tool in the world
    :param starts: (m, n), radians, within the limits; k is m at most
    """
    angles = np.array(starts, dtype=float)
    found = np.empty((0, angles.shape[-1]))
    for _ in range(steps):
        links = chain.links(angles)
        error = misses(goal, links[:, -1])
        there = _is_there(error)
        found = np.concatenate([found, angles[there]])
        angles, links, error = angles[~there], links[~there], error[~there]
        if not len(angles):
            break
        jacobian = chain.jacobian(links)
        weighted = jacobian.swapaxes(-1, -2) * WEIGHTS
        damping = 0.5 * (error**2 * WEIGHTS).sum(axis=-1) + LEAST_DAMPING
        matrix = weighted @ jacobian + damping[:, None, None] * np.eye(angles.shape[-1])
        change = np.linalg.solve(matrix, weighted @ error[..., None])[..., 0]
        angles = np.clip(angles + np.clip(change, -0.6, 0.6), chain.lower, chain.upper)
    return found


def solutions(chain: Chain, goal: Array, near: ArrayLike) -> Array:
    """Return the configurations (k, n) that put the tool at a pose, the nearest one first; none if k is 0.

    The same question gets the same answer. Takes some 10 ms.

    :param goal: pose (4, 4) of the tool in the world
    :param near: (n,) where the arm is: the first start, and what nearness is measured from, radians
    """
    near = np.asarray(near, dtype=float)
    rng = np.random.default_rng(1)
    found = np.empty((0, len(near)))
    for _ in range(ROUNDS):
        starts = rng.uniform(chain.lower, chain.upper, (STARTS, len(near)))
        starts = np.concatenate([starts, np.clip(near, chain.lower, chain.upper)[None]])
        found = chain.nearest_turn(descend(chain, goal, starts), near)
        if len(found):
            break
    distinct: list[Array] = []
    for angles in found[np.argsort(np.abs(found - near).max(axis=1))]:
        if all(np.abs(angles - other).max() > SAME_RAD for other in distinct):
            distinct.append(angles)
    return np.array(distinct).reshape(-1, len(near))


def _is_there(error: Array) -> np.ndarray:
    """Return (...,): whether an error (..., 6) is none."""
    way, turn = np.linalg.norm(error[..., :3], axis=-1), np.linalg.norm(error[..., 3:], axis=-1)
    there: np.ndarray = (way < POSITION_M) & (turn < ANGLE_RAD)
    return there
