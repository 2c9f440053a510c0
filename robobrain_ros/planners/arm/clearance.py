# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What an arm takes up in space, and how near that is to the table and to the things on it.

All lengths are metres, in the world's frame: z up, the table's surface at z = 0.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from robobrain_ros.planners.arm.chain import Array, Chain

SPACING_M = 0.02
"""Between the points of a capsule's axis that are looked at."""
OPEN_M = 0.085
"""The hand's widest opening, between its pads: Robotiq 2F-85."""
FOOT_M = 0.006
"""What is carried may come this near to what it stands on."""
HAND = -1
"""Index of the hand among the links: the frame of the tool."""


@dataclass(frozen=True)
class Capsule:
    """A part of the arm that nothing else may enter: all points nearer than ``radius`` to a line."""

    name: str
    """Its name in a sentence, such as ``forearm``."""
    link: int
    """Index of the link that it is fixed to, from 0; ``HAND`` for the tool's frame."""
    start: Array
    """(3,): one end of the line in the link's frame; ``end`` alike."""
    end: Array
    radius: float


@dataclass(frozen=True)
class Thing:
    """Something on the table, as an upright cylinder around it."""

    name: str
    x: float
    y: float
    radius: float
    height: float
    """Height of its upper end above the table."""
    bottom: float = 0.0
    """Height of its lower end above the table."""


@dataclass(frozen=True)
class Arm:
    """An arm with a hand of two fingers: how it moves, what it takes up, how fast it may."""

    chain: Chain
    capsules: tuple[Capsule, ...]
    home: Array
    """(n,): where it waits, radians."""
    speeds: Array
    """(n,): highest speed of each joint, rad/s; ``accelerations`` alike, rad/s²."""
    accelerations: Array


def tip_below(opening: float) -> float:
    """Return how far the finger tips reach beyond the tool's point, metres: the further, the more they are closed."""
    return 0.0045 + 0.0135 * (1 - min(max(opening, 0.0), OPEN_M) / OPEN_M)


def hand(opening: float, carried: Thing | None = None, grip: float = 0.0) -> tuple[Capsule, ...]:
    """Return palm and fingers of a 2F-85 as capsules, and what it carries.

    :param opening: between the pads
    :param carried: what it holds, its axis along the tool's z
    :param grip: height above the lower end of that at which it is held
    """
    tip, side = tip_below(opening), opening / 2
    capsules = [Capsule('hand', HAND, np.array([0, 0, -0.16]), np.array([0, 0, -0.10]), 0.045)]
    for sign in (-1, 1):
        finger = np.array([0, sign * (side + 0.010), tip - 0.011])
        mid = np.array([0, sign * (side + 0.010), -0.02])
        high = np.array([0, sign * (side + 0.020), -0.05])
        capsules += [Capsule('finger', HAND, finger, mid, 0.011), Capsule('finger', HAND, mid, high, 0.012)]
    if carried is not None:
        # Its lower edge is left out: it stands on something when it is taken and when it is let go.
        foot, top = grip - FOOT_M, grip - (carried.height - carried.bottom)
        radius = min(carried.radius, (foot - top) / 2)
        start, end = np.array([0, 0, top + radius]), np.array([0, 0, foot - radius])
        capsules.append(Capsule(carried.name, HAND, start, end, radius))
    return tuple(capsules)


def outside(points: Array, parts: Iterable[Capsule], links: Array, margin: float) -> Array:
    """Return those of some points (k, 3) that are no part of the arm: further from all its parts than a margin.

    :param links: (n + 1, 4, 4), of one configuration
    :param margin: metres
    """
    for capsule in parts:
        pose = links[capsule.link]
        start, end = (pose[:3, :3] @ point + pose[:3, 3] for point in (capsule.start, capsule.end))
        way = end - start
        shares = np.clip((points - start) @ way / max(float(way @ way), 1e-12), 0, 1)
        far = np.linalg.norm(points - start - shares[:, None] * way, axis=1)
        points = points[far > capsule.radius + margin]
    return points


def clearance(parts: Iterable[Capsule], links: Array, things: Iterable[Thing]) -> tuple[float, str]:
    """Return how near parts of an arm come to table and things in any of some configurations, and which part to what.

    :param parts: the arm's, what ``hand`` has returned, or both
    :param links: (m, n + 1, 4, 4) as ``Chain.links`` returns them; for a hand alone (m, 1, 4, 4), the tool's poses
    :param things: what must not be touched
    :returns: the least distance, metres, negative where they overlap, and words such as ``the forearm and the table``
    """
    things = tuple(things)
    least, between = np.inf, 'nothing'
    for capsule in parts:
        count = 2 + int(np.linalg.norm(capsule.end - capsule.start) / SPACING_M)
        line = capsule.start + np.linspace(0, 1, count)[:, None] * (capsule.end - capsule.start)
        pose = links[:, capsule.link]
        points = np.einsum('mij,kj->mki', pose[:, :3, :3], line) + pose[:, None, :3, 3]
        gaps = [(float(points[..., 2].min()), 'table')]
        for thing in things:
            beside = np.hypot(points[..., 0] - thing.x, points[..., 1] - thing.y) - thing.radius
            above = np.maximum(points[..., 2] - thing.height, thing.bottom - points[..., 2])
            outside = np.hypot(np.maximum(beside, 0), np.maximum(above, 0))
            gaps.append((float((outside + np.minimum(np.maximum(beside, above), 0)).min()), thing.name))
        gap, what = min(gaps)
        if gap - capsule.radius < least:
            least, between = gap - capsule.radius, f'the {capsule.name} and the {what}'
    return least, between
