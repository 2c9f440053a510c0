# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""When an arm is where on a joint path: it starts gently, stops gently, and keeps to its speeds on the way."""

from dataclasses import dataclass

import numpy as np

from robobrain_ros.planners.arm.chain import Array

PERIOD_S = 0.04
"""Between the points of a trajectory."""
LEAST_S = 0.2


@dataclass(frozen=True)
class Trajectory:
    """Points that a joint trajectory controller passes through, as in trajectory_msgs/JointTrajectory."""

    times: Array
    """(k,): seconds from the start, beginning with 0."""
    positions: Array
    """(k, n): radians."""
    velocities: Array
    """(k, n): rad/s; 0 at both ends."""

    def at(self, time: float) -> tuple[Array, Array]:
        """Return (positions, velocities), each (n,), at a time in seconds; the last ones after the end."""
        n = self.positions.shape[1]
        both = (
            np.array([np.interp(time, self.times, values[:, joint]) for joint in range(n)])
            for values in (self.positions, self.velocities)
        )
        positions, velocities = both
        return positions, velocities


def timed(path: Array, speeds: Array, accelerations: Array) -> Trajectory:
    """Return the trajectory along a joint path that starts and ends at rest.

    :param path: (m, n), radians: at least 2 points
    :param speeds: (n,): highest speed of each joint, rad/s
    :param accelerations: (n,): highest acceleration, rad/s²
    :raises ValueError: the path has less than 2 points
    """
    if len(path) < 2:
        raise ValueError(f'a path needs at least 2 points; this one has {len(path)}')
    ways = np.abs(np.diff(path, axis=0) / speeds).max(axis=1)
    along = np.concatenate([[0.0], np.cumsum(ways)])
    duration = max(1.9 * along[-1], LEAST_S)
    for _ in range(20):
        times = np.linspace(0, duration, 1 + int(np.ceil(duration / PERIOD_S)))
        part = times / duration
        # Position, speed and acceleration are continuous: the quintic with none of the latter two at its ends.
        shares = part**3 * (10 - 15 * part + 6 * part**2)
        positions = _smooth(path, along, shares * along[-1])
        velocities = np.gradient(positions, times, axis=0)
        velocities[0] = velocities[-1] = 0
        excess = max(
            float((np.abs(velocities) / speeds).max()),
            float(np.sqrt((np.abs(np.gradient(velocities, times, axis=0)) / accelerations).max())),
        )
        if excess <= 1.001:
            break
        duration *= max(excess, 1.01)
    return Trajectory(times, positions, velocities)


def _smooth(path: Array, along: Array, wanted: Array) -> Array:
    """Return points (k, n) of a path at some distances along it, by cubic pieces without kinks (Catmull-Rom)."""
    keep = np.concatenate([[True], np.diff(along) > 1e-9])
    path, along = path[keep], along[keep]
    if len(path) < 2:
        return np.repeat(path[:1], len(wanted), axis=0)
    slopes = np.gradient(path, along, axis=0) if len(path) > 2 else np.diff(path, axis=0) / np.diff(along)[:, None]
    slopes = np.repeat(slopes, 2, axis=0) if len(path) == 2 else slopes
    piece = np.clip(np.searchsorted(along, wanted, side='right') - 1, 0, len(path) - 2)
    width = (along[piece + 1] - along[piece])[:, None]
    t = (wanted - along[piece])[:, None] / width
    return (
        (1 + 2 * t) * (1 - t) ** 2 * path[piece]
        + t * (1 - t) ** 2 * width * slopes[piece]
        + t**2 * (3 - 2 * t) * path[piece + 1]
        + t**2 * (t - 1) * width * slopes[piece + 1]
    )
