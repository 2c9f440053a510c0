# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A row of turning joints: where each link and the tool are, and how they move with the joints.

Configurations are arrays (..., n) of joint angles in radians, in the order of ``names``; all leading dimensions are
kept, so that many are calculated at once.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Chain:
    """A serial arm without branches, all of whose joints turn.

    :raises ValueError: from ``__post_init__``, if the parts are not of one length, or a limit leaves no room
    """

    names: tuple[str, ...]
    """Names of its n joints, from the base to the tool."""
    offsets: Array
    """(n, 4, 4): pose of each joint, at angle 0, in the link before it; the first one in the world."""
    axes: Array
    """(n, 3): the axis that each joint turns about, in its own frame, of length 1."""
    tool: Array
    """(4, 4): pose of the tool in the last link; its z points out of the hand, into what it takes."""
    lower: Array
    """(n,): least angle of each joint, radians; ``upper`` alike."""
    upper: Array

    def __post_init__(self) -> None:
        n = len(self.names)
        shapes = self.offsets.shape, self.axes.shape, self.tool.shape, self.lower.shape, self.upper.shape
        if shapes != ((n, 4, 4), (n, 3), (4, 4), (n,), (n,)):
            raise ValueError(f'{n} joints need arrays of (n, 4, 4), (n, 3), (4, 4), (n,), (n,); these are {shapes}')
        for name, lower, upper in zip(self.names, self.lower, self.upper, strict=True):
            if not lower < upper:
                raise ValueError(f'{name} may turn from {lower:g} to {upper:g}: the first has to be less')

    @property
    def base(self) -> Array:
        """Where the first joint is, in the world, metres."""
        return self.offsets[0, :3, 3]

    @cached_property
    def reach(self) -> float:
        """A distance from the first joint that the tool never exceeds, metres: that of the chain pulled straight."""
        joints = np.concatenate([self.offsets[1:, :3, 3], self.tool[None, :3, 3]])
        return float(np.linalg.norm(joints, axis=1).sum())

    @cached_property
    def _turns(self) -> tuple[Array, Array]:
        """The matrix of the cross product with each axis, and its square, for Rodrigues' formula."""
        x, y, z = self.axes.T
        zero = np.zeros_like(x)
        cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], axis=1).reshape(-1, 3, 3)
        return cross, cross @ cross

    def links(self, angles: ArrayLike) -> Array:
        """Return the poses (..., n + 1, 4, 4) of all links in the world, each behind its joint, and last the tool's.

        :param angles: (..., n), radians
        """
        angles = np.asarray(angles, dtype=float)
        poses = np.empty((*angles.shape[:-1], len(self.names) + 1, 4, 4))
        cross, square = self._turns
        sines, rest = np.sin(angles)[..., None, None], (1 - np.cos(angles))[..., None, None]
        turned = np.zeros((*angles.shape, 4, 4))
        turned[..., :3, :3] = np.eye(3) + sines * cross + rest * square
        turned[..., 3, 3] = 1
        steps = self.offsets @ turned
        pose = steps[..., 0, :, :]
        poses[..., 0, :, :] = pose
        for joint in range(1, len(self.names)):
            pose = pose @ steps[..., joint, :, :]
            poses[..., joint, :, :] = pose
        poses[..., -1, :, :] = pose @ self.tool
        return poses

    def pose(self, angles: ArrayLike) -> Array:
        """Return the pose (..., 4, 4) of the tool in the world."""
        tool: Array = self.links(angles)[..., -1, :, :]
        return tool

    def jacobian(self, links: Array) -> Array:
        """Return how the tool moves with each joint: (..., 6, n), metres and radians per radian, in the world's axes.

        :param links: what the method of that name has returned
        """
        axes = np.einsum('...nij,nj->...ni', links[..., :-1, :3, :3], self.axes)
        arms = links[..., -1:, :3, 3] - links[..., :-1, :3, 3]
        columns: Array = np.concatenate([np.cross(axes, arms), axes], axis=-1)
        return columns.swapaxes(-1, -2)

    def within(self, angles: ArrayLike) -> NDArray[np.bool_]:
        """Return (...,): whether all angles (..., n) are within their limits."""
        angles = np.asarray(angles, dtype=float)
        return np.asarray(((angles >= self.lower) & (angles <= self.upper)).all(axis=-1))

    def nearest_turn(self, angles: ArrayLike, near: ArrayLike) -> Array:
        """Return the same angles (..., n), whole turns added where that brings them nearer to ``near`` (n,)."""
        angles, near = np.asarray(angles, dtype=float), np.asarray(near, dtype=float)
        turn = 2 * np.pi
        moved = angles + turn * np.round((near - angles) / turn)
        moved = np.where(moved > self.upper, moved - turn, np.where(moved < self.lower, moved + turn, moved))
        return np.where((moved < self.lower) | (moved > self.upper), angles, moved)
