# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whether an arm gets through a row of poses, before it moves: the joint path, or the pose it fails at and why."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robobrain_ros.planners.arm.chain import Array, Chain
from robobrain_ros.planners.arm.clearance import Arm, Capsule, Thing, clearance
from robobrain_ros.planners.arm.ik import descend, misses, solutions

STEP_M, STEP_RAD = 0.02, 0.12
"""Most that the tool moves or turns from one point of a path to the next."""
JUMP_RAD = 0.5
"""A joint that turns further than this between two such points has jumped into another configuration."""
MARGIN_M = 0.002
"""Least distance to what must not be touched."""


class Unreachable(ValueError):
    """A pose that the arm cannot be brought to; the text says which and why.

    :param index: of the pose among those asked for
    :param gap: distance, metres, negative for an overlap, where parts come too near to each other
    :param hopeless: whether no other direction of the hand would help
    """

    def __init__(self, index: int, why: str, gap: float = -np.inf, hopeless: bool = False) -> None:
        super().__init__(why)
        self.index = index
        self.gap = gap
        self.hopeless = hopeless

    def is_nearer_than(self, other: 'Unreachable') -> bool:
        """Whether this attempt got further than another one; the reason of the one that got furthest is told."""
        return (self.index, self.gap) > (other.index, other.gap)


@dataclass(frozen=True)
class Stop:
    """A pose at which the arm comes to rest, and the way that leads there."""

    name: str
    """What it is there for, such as ``above the red cube``."""
    pose: Array
    """(4, 4): of the tool in the world; z points out of the hand."""
    hand: tuple[Capsule, ...]
    """What the hand takes up on the way there."""
    avoid: tuple[Thing, ...] = ()
    """What must not be touched on the way there."""
    opening: float | None = None
    """To what the hand opens or closes when it is there, metres between its pads; None: it stays as it is."""


def reach(arm: Arm, start: Array, stops: Sequence[Stop]) -> list[Array]:
    """Return the joint path (m, n) to each stop, radians: by joints to the first one, then along straight lines.

    Blocks for 0.1 s, or for some seconds where it is difficult.

    :param start: (n,) where the arm is
    :raises Unreachable: says which stop it cannot get to, and why
    """
    branches = solutions(arm.chain, stops[0].pose, start)
    for index, stop in enumerate(stops):
        if not len(solutions(arm.chain, stop.pose, start) if index else branches):
            raise _unreachable(arm.chain, stop, index)
    furthest = Unreachable(-1, '')
    for branch in branches:
        try:
            first = _between(start, branch)
            _check(arm, first, stops[0], 0)
            paths = [first]
            for index in range(1, len(stops)):
                paths.append(_straight(arm, paths[-1][-1], stops[index - 1].pose, stops[index], index))
            return paths
        except Unreachable as e:
            if e.is_nearer_than(furthest):
                furthest = e
    raise furthest


def turning(arm: Arm, start: Array, end: Array, stop: Stop) -> Array:
    """Return the joint path (m, n) on which all joints turn evenly to a configuration, radians.

    :param start: (n,); ``end`` alike
    :param stop: what the hand takes up on the way, and what must not be touched
    :raises Unreachable: if that would be touched
    """
    path = _between(start, end)
    _check(arm, path, stop, 0)
    return path


def _between(start: Array, end: Array) -> Array:
    """Return a path on which all joints turn evenly."""
    count = 2 + int(np.abs(end - start).max() / STEP_RAD)
    path: Array = start + np.linspace(0, 1, count)[:, None] * (end - start)
    return path


def _straight(arm: Arm, start: Array, begin: Array, stop: Stop, index: int) -> Array:
    """Return a path on which the tool moves along a straight line and turns evenly."""
    miss = misses(stop.pose, begin)
    angle = float(np.linalg.norm(miss[3:]))
    count = 1 + int(max(float(np.linalg.norm(miss[:3])) / STEP_M, angle / STEP_RAD))
    path = [start]
    for part in np.linspace(0, 1, count + 1)[1:]:
        pose = begin.copy()
        pose[:3, :3] = _turn(miss[3:] * part) @ begin[:3, :3]
        pose[:3, 3] = begin[:3, 3] + part * miss[:3]
        goal = stop.pose if part == 1 else pose
        found = descend(arm.chain, goal, path[-1][None], steps=15)
        if not len(found):
            raise Unreachable(index, f'{stop.name}: the way there leads out of reach')
        if np.abs(found[0] - path[-1]).max() > JUMP_RAD:
            raise Unreachable(index, f'{stop.name}: the wrist would have to turn over on the way there')
        path.append(found[0])
    whole = np.array(path)
    _check(arm, whole, stop, index)
    return whole


def _turn(vector: Array) -> Array:
    """Return the rotation (3, 3) about an axis by its length, radians."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector / max(angle, 1e-12)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn: Array = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turn


def check_hand(stops: Sequence[Stop]) -> None:
    """Check that the hand alone has room at all stops: no way of the arm would change that.

    :raises Unreachable: says at which it has none, and what is in the way
    """
    for index, stop in enumerate(stops):
        _refuse(*clearance(stop.hand, stop.pose[None, None], stop.avoid), stop, index)


def _check(arm: Arm, path: Array, stop: Stop, index: int) -> None:
    _refuse(*clearance((*arm.capsules, *stop.hand), arm.chain.links(path), stop.avoid), stop, index)


def _refuse(gap: float, between: str, stop: Stop, index: int) -> None:
    """Refuse what comes too near.

    :raises Unreachable: if the gap is less than ``MARGIN_M``
    """
    if gap < MARGIN_M:
        how = f'would be {-100 * gap:.1f} cm into each other' if gap < 0 else f'would come within {1000 * gap:.0f} mm'
        raise Unreachable(index, f'{stop.name}: {between} {how}', gap)


def _unreachable(chain: Chain, stop: Stop, index: int) -> Unreachable:
    """Say why no configuration puts the tool at a pose."""
    x, y, z = place = stop.pose[:3, 3]
    where = f'{stop.name}: ({x:.2f}, {y:.2f}, {z:.2f}) m is'
    far = float(np.linalg.norm(place - chain.base))
    if far > chain.reach:
        length = f'the arm with its hand is no longer than {chain.reach:.2f} m'
        return Unreachable(index, f'{where} {far:.2f} m from the shoulder, and {length}', hopeless=True)
    for direction in _directions():
        pose = np.eye(4)
        pose[:3, :3], pose[:3, 3] = direction, place
        if len(solutions(chain, pose, (chain.lower + chain.upper) / 2)):
            return Unreachable(index, f'{where} within reach, but not with the hand pointing that way')
    return Unreachable(index, f'{where} out of reach, {far:.2f} m from the shoulder', hopeless=True)


def _directions() -> list[Array]:
    """Return rotations (3, 3) that point the hand down, up and to all four sides."""
    return [
        np.array(rows, dtype=float).T
        for rows in (
            ((1, 0, 0), (0, -1, 0), (0, 0, -1)), ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
            ((0, 1, 0), (0, 0, 1), (1, 0, 0)), ((0, 1, 0), (0, 0, -1), (-1, 0, 0)),
            ((1, 0, 0), (0, 0, -1), (0, 1, 0)), ((1, 0, 0), (0, 0, 1), (0, -1, 0)),
        )
    ]  # fmt: skip
