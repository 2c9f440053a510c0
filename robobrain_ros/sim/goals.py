# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What may be asked of the simulated gripper, and how far a state of the world is on the way to it.

Progress is a function of two states, the run's first one and the present one, and of nothing else: not of time, not of
how it came about. Its shares are spread evenly over a goal's parts, and within a part over metres. What a picture
cannot show counts for nothing: fingers that have closed on a thing look as before until it is lifted.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT, Phrases
from robobrain_ros.sim.questions import MOVABLE, RECEIVING
from robobrain_ros.sim.world import FLOORS, TOUCH_M, State

LIFT_M = 0.06
"""What is held this far above where it began has been picked up, metres."""
ABOVE_M = 0.12
"""From this clearance on, metres, what is held over its place counts as lowered to it."""
LEAST_WAY_M = 0.10
"""Shorter ways are measured as if they were this long, metres: or a tremble would be progress."""
MOST_OPEN = 0.95
"""More than this has only what has reached its goal."""
REACH = ('reach {}', 'reach for {}', 'move the gripper to {}', 'touch {}', 'move to {}', 'approach {}',
         'move over to {}', 'reach out for {}', 'bring the gripper to {}')  # fmt: skip
REACH_HELD_OUT = ('go to {}', 'bring the fingers to {}')


@dataclass(frozen=True)
class Goal:
    """Something to do with the things of one table top."""

    kind: Literal['reach', 'pick', 'put', 'put all']
    what: str
    """Name of the thing, such as ``red cube``; for ``put all`` the shape, such as ``cube``."""
    where: str = ''
    """Name of what it is to rest on or in; empty for ``reach`` and ``pick``."""

    def things(self, state: State) -> list[str]:
        """Return the names of what has to be moved or reached."""
        if self.kind != 'put all':
            return [self.what]
        return [body.name for body in state.bodies if body.item.shape == self.what and body.name != self.where]

    @property
    def text(self) -> str:
        """The instruction in its plainest words."""
        into = 'in' if self.where.endswith('bowl') else 'on'
        return {
            'reach': f'reach the {self.what}',
            'pick': f'pick up the {self.what}',
            'put': f'put the {self.what} {into} the {self.where}',
            'put all': f'put all {self.what}s {into} the {self.where}',
        }[self.kind]

    def say(self, state: State, rng: np.random.Generator, phrases: Phrases = TAUGHT) -> str:
        """Return the instruction in words drawn from ``rng``; they name one thing of ``state`` and no other.

        Reaching has English words only.
        """
        choose: Callable[..., str] = lambda options: options[int(rng.integers(len(options)))]  # noqa: E731

        wording = phrases.wording

        def name(of: str) -> str:
            colour, shape = of.split()
            texts = [wording.name(choose(wording.colours[colour]), choose(wording.shapes[shape]))] * 4
            if sum(body.item.shape == shape for body in state.bodies) == 1:
                texts.append(choose(wording.shapes[shape]))
            if sum(body.item.colour == colour for body in state.bodies) == 1:
                texts.append(wording.name(choose(wording.colours[colour]), choose(wording.things)))
            return wording.the(choose(texts))

        bowl = self.where.endswith('bowl')
        if self.kind == 'reach':
            text = choose(REACH_HELD_OUT if phrases is HELD_OUT else REACH).format(name(self.what))
        elif self.kind == 'pick':
            text = choose(phrases.plan_pick).format(name(self.what))
        elif self.kind == 'put':
            text = choose(phrases.put_in if bowl else phrases.put_on).format(name(self.what), name(self.where))
        else:
            before, behind = wording.into if bowl else wording.on
            noun = wording.shapes[self.what][0]
            text = choose(phrases.put_all).format(noun, before, name(self.where), behind)
        return text if rng.random() < 0.6 else text[0].upper() + text[1:]


def goals(state: State) -> Iterator[Goal]:
    """Yield everything that can be asked for on a table top and is not done yet."""
    for body in state.bodies:
        yield Goal('reach', body.name)
        if body.item.shape in MOVABLE:
            yield Goal('pick', body.name)
            for other in state.bodies:
                rolls = body.item.shape == 'ball' and other.item.shape == 'cube'
                if other is not body and other.item.shape in RECEIVING and not rolls:
                    yield Goal('put', body.name, other.name)
    for shape in ('cube', 'ball', 'cylinder'):
        if sum(body.item.shape == shape for body in state.bodies) > 1:
            for other in state.bodies:
                if other.item.shape in ('bowl', 'plate'):
                    yield Goal('put all', shape, other.name)


def progress_of(start: State, state: State, goal: Goal) -> float:
    """Return how far ``state`` is from ``start`` (0) to the goal (1).

    * reach: the way to the thing's surface, up to ``MOST_OPEN``; 1 where the gripper touches it and nothing nearer.
    * pick: half for the way to where it is held, half for lifting it by ``LIFT_M`` above where it began.
    * put: a quarter each for the way to it, lifting it, carrying it (by the distance to its place, seen from above) and
      laying it down, of which a fifth is kept for letting go; 1 where it rests there. Dropped, pushed or taken away
      again, it is worth the way to it once more.
    * put all: the mean over the things; of those that do not rest in their place, the one that is farthest counts.

    The way to a thing counts half while another one is held.

    :raises KeyError: the world has no such thing
    """
    whole = _share(start, start, goal)
    share = _share(start, state, goal)
    return share if whole >= 1 else min(max((share - whole) / (1 - whole), 0.0), 1.0)


def _reached(goal: Goal, start: State, state: State) -> bool:
    if goal.kind == 'reach':
        return state.touches(goal.what)
    if goal.kind == 'pick':
        return state.held == goal.what and _raised(start, state, goal.what) >= LIFT_M
    return all(state.rests_on(name, goal.where) for name in goal.things(state))


def _share(start: State, state: State, goal: Goal) -> float:
    if _reached(goal, start, state):
        return 1.0
    if goal.kind == 'reach':
        left, whole = (max(one.body(goal.what).distance(one.gripper) - TOUCH_M, 0.0) for one in (state, start))
        return MOST_OPEN * _part(left, whole)
    if goal.kind == 'pick':
        if state.held != goal.what:
            return 0.5 * _approach(start, state, goal.what)
        return 0.5 + 0.5 * _raised(start, state, goal.what) / LIFT_M
    things = goal.things(state)
    open_ones = [name for name in things if not state.rests_on(name, goal.where)]
    best = max(_put(start, state, name, goal.where) for name in open_ones)
    return (len(things) - len(open_ones) + best) / len(things)


def _put(start: State, state: State, what: str, where: str) -> float:
    if state.held != what:
        return 0.25 * _approach(start, state, what)
    held, place = state.body(what), state.body(where)
    near = place.item.radius / 2
    beside, whole = (_beside(one, what, where) - near for one in (state, start))
    carried = _part(max(beside, 0.0), whole)
    share = 0.25 + 0.25 * max(min(_raised(start, state, what) / LIFT_M, 1.0), carried) + 0.25 * carried
    if beside > 0:
        return share
    floor = place.position[2] + FLOORS.get(place.item.shape, place.item.height)
    return share + 0.20 * _part(float(held.position[2] - floor), ABOVE_M)


def _approach(start: State, state: State, what: str) -> float:
    now, then = (one.body(what).grip_distance(one.gripper) for one in (state, start))
    return _part(now, then) * (0.5 if state.held not in ('', what) else 1.0)


def _raised(start: State, state: State, what: str) -> float:
    return max(float(state.body(what).position[2] - start.body(what).position[2]), 0.0)


def _beside(state: State, what: str, where: str) -> float:
    return math.hypot(*(state.body(what).position - state.body(where).position)[:2])


def _part(left: float, whole: float) -> float:
    """Return how much of a way is behind, 0 .. 1; lengths in metres."""
    return min(max(1 - left / max(whole, LEAST_WAY_M), 0.0), 1.0)
