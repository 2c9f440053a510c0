# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Carrying one thing to another one with the simulated arm: plan by what is told of the world, move, judge.

``python -m robobrain_ros.sim.arm_episodes 50`` plays 50 table tops with true positions and prints a line for each.
"""

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count, islice

import numpy as np

from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.clearance import OPEN_M, Thing, hand
from robobrain_ros.planners.arm.reach import Unreachable
from robobrain_ros.planners.arm.seen import at, things_seen
from robobrain_ros.planners.arm.skills import transfer
from robobrain_ros.planners.arm.trajectory import timed
from robobrain_ros.sim.arm import ArmWorld
from robobrain_ros.sim.goals import Goal, goals
from robobrain_ros.sim.layout import Item, draw
from robobrain_ros.sim.world import Body, State

AIR_M = 0.003
"""Between what is put down and what it is put on, when it is let go."""
IN_BOWL_M, WALL_M = 0.01, 0.006
"""How far a thing is lowered below a bowl's rim before it is let go, where it fits in; thickness of that wall."""
SETTLING_S = 0.5


@dataclass(frozen=True)
class Carried:
    """How an attempt ended."""

    success: bool
    why: str
    """What was in the way; empty after a success."""
    pushed_m: float = 0.0
    """How far the thing that moved most has moved, of those that were to stay."""
    seconds: float = 0.0
    """Simulated time that it took."""


def thing_of(body: Body) -> Thing:
    """Return an upright cylinder around a body of the simulated world, handle and corners included."""
    radius = body.item.radius * math.sqrt(2) if body.item.shape == 'cube' else body.item.reach
    x, y, bottom = (float(value) for value in body.position)
    return Thing(body.name, x, y, radius, bottom + body.item.height, max(bottom, 0.0))


def directions_of(item: Item) -> Sequence[tuple[float, float]] | None:
    """Return (yaw, width) along which fingers may close: on a cube's sides, off a mug's handle; None: all round."""
    if item.shape == 'cube':
        return [(item.yaw + turn, 2 * item.radius) for turn in (0, math.pi / 2)]
    if item.shape == 'mug':
        return [(item.yaw + math.pi / 2 + turn, 2 * item.radius) for turn in (0, 0.3, -0.3)]
    return None


def place_on(what: Body, where: Body) -> Array:
    """Return (x, y, z) of the middle of a thing's lower side when it is to be let go on or in another one, metres."""
    support = where.item
    radius = what.item.radius * (math.sqrt(2) if what.item.shape == 'cube' else 1)
    if support.shape == 'bowl' and radius < support.radius - 2 * WALL_M:
        height = support.height - IN_BOWL_M
    elif support.shape == 'plate' and radius < 0.6 * support.radius:
        height = 0.005 + AIR_M  # between its rims
    else:
        height = support.height + AIR_M
    x, y, z = where.position
    return np.array([x, y, z + height])


@dataclass(frozen=True)
class Told:
    """What a planner is told about the world for one attempt: the arguments of ``skills.transfer``."""

    thing: Thing
    directions: Sequence[tuple[float, float]] | None
    place: Array
    onto: Thing
    others: tuple[Thing, ...]


def told_by_truth(state: State, goal: Goal) -> Told:
    """Tell where things are, as a state says.

    :raises KeyError: the state has no such thing
    """
    what, where = state.body(goal.what), state.body(goal.where)
    others = tuple(thing_of(body) for body in state.bodies if body not in (what, where))
    return Told(thing_of(what), directions_of(what.item), place_on(what, where), thing_of(where), others)


def told_by_camera(world: ArmWorld, goal: Goal) -> Told:
    """Tell what the depth camera sees: of the truth only the middles of the two things, as answers point at them.

    :raises KeyError: the world has no such thing
    """
    seen = things_seen(world.cloud(), world.table, world.arm, world.angles, hand(OPEN_M))
    state = world.state()
    bodies = (state.body(name) for name in (goal.what, goal.where))
    what, where = (at(seen, body.position + [0, 0, body.item.height / 2]) for body in bodies)
    others = tuple(one.thing for one in seen if one not in (what, where))
    thing, onto = (replace(one.thing, name=name) for one, name in ((what, goal.what), (where, goal.where)))
    place = np.array([onto.x, onto.y, onto.height + AIR_M])
    return Told(thing, what.directions, place, onto, others)


def carry(world: ArmWorld, goal: Goal, told: Told) -> Carried:
    """Put a thing on or in another one: plan it, and if all of it is within reach, do it and see what came of it.

    Blocks for about a second. The judge looks at the world alone.

    :param goal: of kind ``put``
    :param told: all that the planner knows
    :raises KeyError: the world has no such thing
    """
    before, began = world.state(), world.time
    try:
        _, stops, paths = transfer(
            world.arm, world.angles, told.thing, told.directions, told.place, told.onto, told.others
        )
    except Unreachable as e:
        return Carried(False, str(e))
    lifted = True
    for number, (stop, path) in enumerate(zip(stops, paths, strict=True)):
        world.follow(timed(path, world.arm.speeds, world.arm.accelerations))
        if stop.opening is not None:
            world.grip(stop.opening)
        if number == 2:  # with the thing above its place
            lifted = world.state().held == goal.what
    world.hold(SETTLING_S)
    after = world.state()
    success = after.rests_on(goal.what, goal.where)
    why = '' if success else 'it slipped out of the hand' if not lifted else 'it did not come to rest there'
    rest = [body.name for body in before.bodies if body.name != goal.what]
    pushed = max(math.dist(before.body(name).position, after.body(name).position) for name in rest)
    return Carried(success, why, pushed, world.time - began)


def moved(state: State, metres: float, rng: np.random.Generator) -> State:
    """Return a state in which each thing is somewhere else: beside its place, by a normal error along x and y."""
    errors = rng.normal(0, metres, (len(state.bodies), 2))
    bodies = (
        replace(body, position=body.position + [*error, 0]) for body, error in zip(state.bodies, errors, strict=True)
    )
    return replace(state, bodies=tuple(bodies))


def goal_of(seed: int, state: State) -> Goal | None:
    """Draw something to put on or in something else; None where there is nothing."""
    puts = [goal for goal in goals(state) if goal.kind == 'put']
    return puts[np.random.default_rng(seed).integers(len(puts))] if puts else None


def told_from(text: str) -> float | None:
    """Read ``camera``, which is None here, or the standard error of the positions that are told, metres."""
    if text == 'camera':
        return None
    try:
        if 0 <= (metres := float(text)) < math.inf:
            return metres
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f'{text!r} must be camera, or an error in metres, such as 0.006')


def main() -> None:
    """Play episodes; arguments: how many, then ``camera``, or the standard error of what is told, metres (0)."""
    parser = argparse.ArgumentParser('arm_episodes', description=__doc__)
    parser.add_argument('number', type=int, nargs='?', default=10, help='of table tops')
    parser.add_argument('source', nargs='?', default=0.0, type=told_from, help=told_from.__doc__)
    given = parser.parse_args()
    done = 0
    worlds = ((seed, ArmWorld(draw(seed, 640, 480))) for seed in count())
    playable = ((seed, world, goal) for seed, world in worlds if (goal := goal_of(seed, world.state())))
    for seed, world, goal in islice(playable, given.number):
        if given.source is None:
            told = told_by_camera(world, goal)
        else:
            told = told_by_truth(moved(world.state(), given.source, np.random.default_rng(seed)), goal)
        carried = carry(world, goal, told)
        done += carried.success
        print(f'{seed:5} {goal.text:45} {"done" if carried.success else "FAILED":6} {carried.why}', flush=True)
    print(f'{done} of {given.number}')


if __name__ == '__main__':
    main()
