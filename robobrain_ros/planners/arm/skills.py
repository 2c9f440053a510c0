# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Picking a thing up and putting it down: where the hand stops for that, and how it is turned.

The hand points straight down. Its fingers close along the tool's y.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.clearance import OPEN_M, Arm, Thing, hand, tip_below
from robobrain_ros.planners.arm.reach import MARGIN_M, Stop, Unreachable, check_hand, reach

PALM_M = 0.03
"""A thing is gripped no further below its upper end than this: the palm is 5.5 cm above the tool's point."""
ROOM_M = 0.014
"""What the hand is open more than a thing is wide, where it has no room to be wide open, and after it has let go."""
LIFT_M = 0.04
"""What is carried passes this far above all else."""
SQUEEZE_M = 0.02
"""The fingers are told to close further than the thing is wide by this: the force that holds it."""
TURNS = 8
"""Directions of the fingers that are tried on a round thing, over half a turn."""


@dataclass(frozen=True)
class Grasp:
    """How the hand takes a thing from above."""

    thing: Thing
    yaw: float
    """Direction, seen from above, along which the fingers close; radians."""
    width: float
    """What the thing measures along that direction, metres."""
    opening: float
    """Between the fingers before they close, metres: the wider, the more the thing may be beside its place."""

    @property
    def height(self) -> float:
        """How high the tool's point is above the table, metres."""
        middle = (self.thing.bottom + self.thing.height) / 2
        lowest = tip_below(self.width) + 2 * MARGIN_M
        return max(middle, self.thing.height - PALM_M, lowest)

    @property
    def release(self) -> float:
        """Between the fingers when they have let go, metres."""
        return min(self.width + ROOM_M, OPEN_M)


def pointing_down(x: float, y: float, z: float, yaw: float) -> Array:
    """Return the pose (4, 4) of a tool that points straight down, its y turned by ``yaw`` from the world's x."""
    c, s = np.cos(yaw), np.sin(yaw)
    return np.array([[-s, c, 0, x], [c, s, 0, y], [0, 0, -1, z], [0, 0, 0, 1.0]])


def grasps(thing: Thing, directions: Sequence[tuple[float, float]] | None) -> Iterator[Grasp]:
    """Yield ways to take a thing that fit between the fingers, both ways round each; with the hand wide open first.

    :param directions: (yaw, width) of those along which the fingers may close; None: it is round
    """
    if directions is None:
        directions = [(turn, 2 * thing.radius) for turn in np.linspace(0, np.pi, TURNS, endpoint=False)]
    for room in (OPEN_M, ROOM_M):
        for yaw, width in directions:
            if width < OPEN_M:
                opening = min(width + room, OPEN_M)
                yield Grasp(thing, yaw, width, opening)
                yield Grasp(thing, yaw + np.pi, width, opening)


def picking(grasp: Grasp, others: Sequence[Thing], above: float) -> list[Stop]:
    """Return the stops for taking a thing: above it, at it, where the hand closes, and above it again.

    :param others: what else stands there
    :param above: height of the tool's point where nothing is in the way, metres
    """
    thing = grasp.thing
    empty, around = hand(grasp.opening), tuple(others)
    high = pointing_down(thing.x, thing.y, above, grasp.yaw)
    low = pointing_down(thing.x, thing.y, grasp.height, grasp.yaw)
    full = hand(grasp.width, thing, grasp.height - thing.bottom)
    return [
        Stop(f'above the {thing.name}', high, empty, (*around, thing), grasp.opening),
        Stop(f'at the {thing.name}', low, empty, around, max(grasp.width - SQUEEZE_M, 0.0)),
        Stop(f'with the {thing.name} above its place', high, full, around),
    ]


def placing(grasp: Grasp, place: Array, onto: str, others: Sequence[Thing], above: float) -> list[Stop]:
    """Return the stops for putting down what ``grasp`` holds: above the place, there, where it lets go, and above it.

    :param place: (x, y, z) of the middle of the thing's lower side, when it is let go; metres
    :param onto: what it is put on, in words
    :param others: what else stands there, without what it is put on
    :param above: height of the tool's point where nothing is in the way, metres
    """
    thing = grasp.thing
    held = grasp.height - thing.bottom
    x, y, z = place
    full = hand(grasp.width, thing, held)
    high, low = (pointing_down(x, y, h, grasp.yaw) for h in (above, z + held))
    return [
        Stop(f'with the {thing.name} above the {onto}', high, full, tuple(others)),
        Stop(f'with the {thing.name} at the {onto}', low, full, tuple(others), grasp.release),
        Stop(f'above the {onto} again', high, hand(grasp.release), tuple(others)),
    ]


def transit_height(grasp: Grasp, things: Sequence[Thing]) -> float:
    """Return the height of the tool's point at which a thing is carried over all others, metres."""
    highest = max((thing.height for thing in things), default=0.0)
    return highest + LIFT_M + grasp.height - grasp.thing.bottom


Planned = tuple[Grasp, list[Stop], list[Array]]
"""A grasp, the stops, and the joint path to each of them."""


def transfer(
    arm: Arm,
    start: Array,
    thing: Thing,
    directions: Sequence[tuple[float, float]] | None,
    place: Array,
    onto: Thing,
    others: Sequence[Thing],
) -> Planned:
    """Return a way to carry a thing to a place.

    Blocks for 0.1 s, or for some seconds where it is difficult.

    :param start: (n,) where the arm is, radians
    :param directions: as for ``grasps``
    :param place: (x, y, z) of the middle of the thing's lower side, when it is let go; metres
    :param others: all else on the table
    :raises Unreachable: says what is in the way
    """

    def stops(grasp: Grasp) -> list[Stop]:
        above = transit_height(grasp, (*others, onto, thing))
        return picking(grasp, (*others, onto), above) + placing(grasp, place, onto.name, others, above)

    return _first(arm, start, _grasps(thing, directions), stops)


def take(
    arm: Arm, start: Array, thing: Thing, directions: Sequence[tuple[float, float]] | None, others: Sequence[Thing]
) -> Planned:
    """Return a way to take a thing and lift it; blocks and raises as ``transfer`` does."""

    def stops(grasp: Grasp) -> list[Stop]:
        return picking(grasp, others, transit_height(grasp, (*others, thing)))

    return _first(arm, start, _grasps(thing, directions), stops)


def put(arm: Arm, start: Array, grasp: Grasp, place: Array, onto: Thing, others: Sequence[Thing]) -> Planned:
    """Return a way to put down what the hand holds; blocks and raises as ``transfer`` does."""
    above = transit_height(grasp, (*others, onto, grasp.thing))
    return _first(arm, start, [grasp], lambda grasp: placing(grasp, place, onto.name, others, above))


def _grasps(thing: Thing, directions: Sequence[tuple[float, float]] | None) -> list[Grasp]:
    """Return all ways to take a thing.

    :raises Unreachable: if there is none
    """
    options = list(grasps(thing, directions))
    if not options:
        raise Unreachable(0, f'the {thing.name} is too wide for the hand, which opens to {100 * OPEN_M:.1f} cm')
    return options


def _first(arm: Arm, start: Array, options: Sequence[Grasp], stops_of: Callable[[Grasp], list[Stop]]) -> Planned:
    """Return the first way that leads through.

    :raises Unreachable: if there is none; that of the one that got furthest
    """
    furthest = Unreachable(-1, '')
    for grasp in options:
        stops = stops_of(grasp)
        try:
            check_hand(stops)
            return grasp, stops, reach(arm, start, stops)
        except Unreachable as e:
            if e.hopeless:
                raise
            if e.is_nearer_than(furthest):
                furthest = e
    raise furthest
