# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a joint trajectory controller does with a trajectory: takes or refuses it, and says where the joints should be.

It behaves as ros2_controllers' joint_trajectory_controller does by default: a new trajectory takes the place of the one
before and begins where the joints should be just then; what is refused changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.arm.chain import Array, Chain

Pair = tuple[Array, Array]

FASTEST = 3.2
"""On an average between two points no joint turns faster, rad/s: a UR5e's own limit is 180 degrees a second."""
CURVE_FACTOR, OVERSHOOT_RAD = 1.5, 0.1
"""On the way it may be so much faster, as on the cubic from rest to rest, and so far beyond a limit."""
CURVE_PARTS = 16
"""So many places of the way between two points are looked at."""
MOST_NAMES, MOST_LETTERS = 12, 40
"""So much of wrong names is quoted."""


@dataclass(frozen=True)
class Waypoint:
    """One point of a trajectory, as trajectory_msgs/JointTrajectoryPoint has it."""

    time: float
    """Seconds from the trajectory's start."""
    positions: Sequence[float]
    """Radians, in the order of the names that come with it."""
    velocities: Sequence[float] = ()
    """rad/s; empty: the joints turn evenly to this point."""


class JointController:
    """Keeps one trajectory; before the first one it holds the joints where they are.

    :param chain: the arm's joints: names and limits
    :param angles: (n,) where the joints are, radians
    """

    def __init__(self, chain: Chain, angles: Array) -> None:
        self._chain = chain
        self._times = np.zeros(1)
        self._positions = np.array(angles, dtype=float)[None]
        self._velocities = np.zeros_like(self._positions)

    def take(self, names: Sequence[str], points: Sequence[Waypoint], now: float, start: float) -> None:
        """Follow a trajectory from now on.

        :param names: of all joints, in any order
        :param now: seconds, by the clock that ``at`` is asked by
        :param start: when the trajectory begins, by that clock; if that is past, it is joined on its way
        :raises BadRequest: for what cannot be followed; says what is wrong. The trajectory before is kept
        """
        if sorted(names) != sorted(self._chain.names):
            more = f' and {len(names) - MOST_NAMES} more' if len(names) > MOST_NAMES else ''
            given = f'{[name[:MOST_LETTERS] for name in names[:MOST_NAMES]]}{more}'
            raise BadRequest(f'the joints are {given}, but must be {list(self._chain.names)}, in any order')
        if not points:
            raise BadRequest('the trajectory has no points; one with the present position would stop the arm')
        order = [list(names).index(name) for name in self._chain.names]
        positions, velocities = self.at(now)
        times, rows, slopes = [now], [positions], [velocities]
        for number, point in enumerate(points):
            where, speed = self._read(number, point, order)
            time = start + point.time
            if number and point.time <= points[number - 1].time:
                before = points[number - 1].time
                raise BadRequest(f'point {number} is at {point.time:g} s, but must come after {before:g} s')
            if time > now:
                self._check_speed(number, rows[-1], where, time - times[-1])
                slopes.append(speed if len(speed) else np.full(len(where), np.nan))
                times.append(time)
                rows.append(where)
        if len(times) < 2:
            raise BadRequest(f'the trajectory ends {now - start - points[-1].time:.2f} s in the past')
        if np.nan_to_num(slopes[-1]).any():
            raise BadRequest(
                f'the last point has velocities {slopes[-1].tolist()}, but must have 0: the arm ends there'
            )
        whole = np.array(times), np.array(rows), np.array(slopes)
        self._check_curves(*whole)
        self._times, self._positions, self._velocities = whole

    def at(self, time: float) -> tuple[Array, Array]:
        """Return positions, radians, and velocities, rad/s, each (n,), that the joints should have at a time."""
        if time >= self._times[-1]:
            return self._positions[-1], np.zeros_like(self._positions[-1])
        piece = max(int(np.searchsorted(self._times, time, side='right')) - 1, 0)
        width = float(self._times[piece + 1] - self._times[piece])
        part = (time - float(self._times[piece])) / width
        positions, velocities = self._positions, self._velocities
        next_piece = piece + 1
        return _between(
            part, width, (positions[piece], positions[next_piece]), (velocities[piece], velocities[next_piece])
        )

    def ends(self) -> float:
        """Return when the trajectory ends, by its clock, seconds."""
        return float(self._times[-1])

    def _read(self, number: int, point: Waypoint, order: list[int]) -> tuple[Array, Array]:
        """Return positions and velocities of a point in the chain's order.

        :raises BadRequest: if they are not of its joints, no numbers, or out of their limits
        """
        chain = self._chain
        for name, values in (('positions', point.positions), ('velocities', point.velocities)):
            if len(values) != len(order) and (values or name == 'positions'):
                raise BadRequest(f'point {number} has {len(values)} {name}, but must have {len(order)}')
        if not np.isfinite([point.time, *point.positions, *point.velocities]).all():
            raise BadRequest(f'point {number} holds {list(point.positions)}, {list(point.velocities)}: not all finite')
        where = _ordered(point.positions, order)
        for name, angle, lower, upper in zip(chain.names, where, chain.lower, chain.upper, strict=True):
            if not lower <= angle <= upper:
                raise BadRequest(f'point {number} turns {name} to {angle:.2f} rad, but its limits are {lower:.2f} .. '
                                 f'{upper:.2f}')  # fmt: skip
        return where, _ordered(point.velocities, order)

    def _check_speed(self, number: int, begin: Array, end: Array, seconds: float) -> None:
        speeds = np.abs(end - begin) / seconds
        worst = int(np.argmax(speeds))
        if speeds[worst] > FASTEST:
            name = self._chain.names[worst]
            raise BadRequest(f'on the way to point {number}, {name} would turn at {speeds[worst]:.1f} rad/s, but '
                             f'{FASTEST:g} is the most')  # fmt: skip

    def _check_curves(self, times: Array, positions: Array, velocities: Array) -> None:
        """Check the ways between the points: velocities at both ends may bend them far out.

        :raises BadRequest: if one leaves the joints' limits, or gets faster than the steepest way from rest to rest may
        """
        chain, widths = self._chain, np.diff(times)[:, None]
        for part in np.linspace(0, 1, CURVE_PARTS + 1)[:-1].tolist():
            where, speeds = _between(part, widths, (positions[:-1], positions[1:]), (velocities[:-1], velocities[1:]))
            beyond = np.maximum(chain.lower - where, where - chain.upper) > OVERSHOOT_RAD
            for wrong, values, unit in (
                (beyond, where, 'rad, beyond its limits'),
                (np.abs(speeds) > CURVE_FACTOR * FASTEST, speeds, f'rad/s, but {CURVE_FACTOR * FASTEST:g} is the most'),
            ):
                if wrong.any():
                    piece, joint = np.argwhere(wrong)[0].tolist()
                    when = times[piece] + part * widths[piece, 0] - times[0]
                    raise BadRequest(
                        f'{when:.2f} s from now, by the velocities at the points around, {chain.names[joint]} would be '
                        f'at {values[piece, joint]:.2f} {unit}'
                    )


def _between(part: float, width: Any, positions: Pair, velocities: Pair) -> tuple[Array, Array]:
    """Return positions, radians, and velocities, rad/s, each (..., n), at a part of the way from one point to another.

    :param width: between the points, seconds; a number or (..., 1)
    :param positions: two of (..., n), at both points; ``velocities`` alike, NaN where none are told
    """
    (begin, end), (slope, next_slope) = positions, velocities
    even = (end - begin) / width
    evenly = np.isnan(next_slope).any(axis=-1, keepdims=True)
    slope = np.where(evenly | np.isnan(slope), even, slope)
    next_slope = np.where(evenly, even, next_slope)
    # The cubic with these positions and velocities at its ends.
    bend, rest = (3 * even - 2 * slope - next_slope) * width, (slope + next_slope - 2 * even) * width
    where: Array = begin + part * (width * slope + part * (bend + part * rest))
    speed: Array = slope + part * (2 * bend + 3 * part * rest) / width
    return where, speed


def _ordered(values: ArrayLike, order: list[int]) -> Array:
    array = np.asarray(values, dtype=float)
    return array[order] if len(array) else array
