# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""From what an arm is to do, and what stands on the table, to all its motions: before any of them begins."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.clearance import OPEN_M, Arm, Capsule, Thing, hand
from robobrain_ros.planners.arm.reach import Stop, Unreachable, reach, turning
from robobrain_ros.planners.arm.reading import Act
from robobrain_ros.planners.arm.seen import Seen, at
from robobrain_ros.planners.arm.skills import Grasp, Planned, pointing_down, put, take, transfer
from robobrain_ros.planners.failure import Failure

NEAR_M = 0.04
"""A point that lies no further from a thing is on it."""
AIR_M = 0.003
"""Between what is put down and what it is put on, when it is let go."""
HOVER_M = 0.05
"""Between what stands there and the hand, or what it holds, when it is only to be above a point."""


@dataclass(frozen=True)
class Motion:
    """A way to a stop, and what the hand holds when it is done there."""

    stop: Stop
    path: Array
    """(m, n), radians."""
    holds: Grasp | None
    step: int
    """Number of the plan's step, from 1; 0: on its way home."""


def motions(
    arm: Arm,
    start: Array,
    doing: Sequence[Act],
    seen: Sequence[Seen],
    held: Grasp | None,
    table: tuple[float, float],
) -> list[Motion]:
    """Plan all motions for what is to be done, and home at the end where the way is free. Blocks for 0.1 s or more.

    :param start: (n,) where the arm is, radians
    :param doing: at least one; places in the frame that is planned in
    :param seen: what stands there, without what the hand holds
    :param held: what the hand holds
    :param table: half of the table's width and half of its depth, metres
    :raises Failure: if any of it cannot be done; says which step, at which point, and why
    """
    left, moved = list(seen), list[Thing]()
    found: list[Motion] = []
    todo = list(doing)
    while todo:
        act = todo.pop(0)
        ends = todo.pop(0) if act.takes and todo else None
        try:
            if not act.takes:
                if held is None:
                    raise Failure('BAD_REQUEST', f'step {act.step} puts something down, but the hand holds nothing')
                onto, place, others = _goal(act, left, moved, table)
                held, stops, paths = put(arm, start, held, place, onto, others)
                found += _motions((held, stops, paths), False, (act.step,) * 3)
                moved.append(_at_rest(held.thing, place))
                held = None
            elif held is not None:
                raise Failure(
                    'BAD_REQUEST',
                    f'step {act.step} takes the {act.name}, but the hand holds the {held.thing.name}: put it down, '
                    'or let go by ~/release',
                )
            else:
                what = _thing(act, left)
                left.remove(what)
                thing = replace(what.thing, name=act.name)
                if ends is None:
                    rest = (*(one.thing for one in left), *moved)
                    held, stops, paths = take(arm, start, thing, what.directions, rest)
                    found += _motions((held, stops, paths), True, (act.step,) * 3)
                else:
                    onto, place, others = _goal(ends, left, moved, table)
                    planned = transfer(arm, start, thing, what.directions, place, onto, others)
                    found += _motions(planned, True, (act.step,) * 3 + (ends.step,) * 3)
                    moved.append(_at_rest(planned[0].thing, place))
        except Unreachable as error:
            step = ends.step if ends and error.index >= 3 else act.step
            raise Failure('UNREACHABLE', f'step {step}: {error}') from error
        start = found[-1].path[-1]
    return found + home(arm, start, held, [*(one.thing for one in left), *moved])


def _motions(planned: Planned, taking: bool, steps: Sequence[int]) -> list[Motion]:
    """Say what the hand holds at each stop: it closes at the second one of taking, and opens at that of putting.

    :param taking: whether the first three are for taking
    """
    grasp, stops, paths = planned
    full = [(1 <= number <= 3) if taking else number == 0 for number in range(len(stops))]
    return [
        Motion(stop, path, grasp if holds else None, step)
        for stop, path, holds, step in zip(stops, paths, full, steps, strict=True)
    ]


def _thing(act: Act, seen: Sequence[Seen]) -> Seen:
    """Find the thing that an act is about.

    :raises Failure: if there is none
    """
    if seen:
        nearest = at(seen, act.place)
        if nearest.distance(act.place) <= NEAR_M:
            return nearest
    x, y, z = act.place
    where = f'({x:.2f}, {y:.2f}, {z:.2f}) m'
    raise Failure(
        'NOT_FOUND', f'step {act.step}: where the {act.name} should be, {where}, the depth image shows nothing'
    )


def _goal(
    act: Act, seen: Sequence[Seen], moved: Sequence[Thing], table: tuple[float, float]
) -> tuple[Thing, Array, tuple[Thing, ...]]:
    """Find what something is put on, the place of its lower side there, and what else stands on the table.

    :raises Failure: if there is nothing that it could be put on
    """
    x, y, z = act.place
    if seen and (onto := at(seen, act.place)).distance(act.place) <= NEAR_M:
        support = replace(onto.thing, name=act.name)
        others = (*(one.thing for one in seen if one is not onto), *moved)
    else:
        if not (abs(x) < table[0] and abs(y) < table[1] and abs(z) <= NEAR_M):
            where = f'({x:.2f}, {y:.2f}, {z:.2f}) m'
            raise Failure(
                'NOT_FOUND',
                f'step {act.step}: where the {act.name} should be, {where}, the depth image shows nothing, and the '
                f'table is not there: it is {2 * table[0]:g} x {2 * table[1]:g} m',
            )
        support, others = Thing('table', x, y, 0.0, 0.0), (*(one.thing for one in seen), *moved)
    return support, np.array([support.x, support.y, support.height + AIR_M]), others


def _at_rest(thing: Thing, place: Array) -> Thing:
    x, y, z = place.tolist()
    return Thing(thing.name, x, y, thing.radius, z + thing.height - thing.bottom, z)


def hover(
    arm: Arm, start: Array, place: tuple[float, float, float], seen: Sequence[Seen], held: Grasp | None
) -> Motion:
    """Plan a way to above a point, the hand pointing down. Blocks for 0.1 s or more.

    :param place: in the frame that is planned in, metres
    :raises Failure: if there is none; says why
    """
    x, y, z = place
    parts, things = parts_of(held), tuple(one.thing for one in seen)
    low = 0.0 if held is None else held.height - held.thing.bottom
    height = max([z, *(thing.height for thing in things)]) + low + HOVER_M
    furthest = Unreachable(-1, '')
    for yaw in np.linspace(0, np.pi, 4, endpoint=False).tolist():
        stop = Stop(f'above ({x:.2f}, {y:.2f}, {z:.2f}) m', pointing_down(x, y, height, yaw), parts, things)
        try:
            (path,) = reach(arm, start, [stop])
            return Motion(stop, path, held, 0)
        except Unreachable as error:
            if error.is_nearer_than(furthest):
                furthest = error
    raise Failure('UNREACHABLE', str(furthest)) from furthest


def parts_of(held: Grasp | None) -> tuple[Capsule, ...]:
    """Return what the hand takes up, wide open or with what it holds."""
    return hand(OPEN_M) if held is None else hand(held.width, held.thing, held.height - held.thing.bottom)


def retreat(arm: Arm, motion: Motion, things: Sequence[Thing]) -> list[Motion]:
    """Plan how an arm whose hand has lost, or not got, what it should hold gets out of the camera's sight.

    :param motion: the last one
    :param things: what stands on the table
    """
    end, path = motion.stop, motion.path
    up = []
    if end.opening is not None:  # it is down at a thing
        stop = Stop(f'{end.name}, up again', arm.chain.pose(path[0]), hand(OPEN_M), opening=OPEN_M)
        path = path[::-1]
        up = [Motion(stop, path, None, motion.step)]
    return up + home(arm, path[-1], None, things)


def home(arm: Arm, start: Array, held: Grasp | None, things: Sequence[Thing]) -> list[Motion]:
    """Plan the way home, out of the camera's sight; none where something is in the way."""
    opening = OPEN_M if held is None else None
    stop = Stop('home', arm.chain.pose(arm.home), parts_of(held), tuple(things), opening)
    try:
        return [Motion(stop, turning(arm, start, arm.home, stop), held, 0)]
    except Unreachable:
        return []
