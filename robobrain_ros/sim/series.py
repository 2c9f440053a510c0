# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Runs of the simulated gripper as series of states: those that succeed, and those that go wrong in a known way.

Nothing is drawn here; ``World.film`` shows the states.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from robobrain_ros.sim.goals import LIFT_M, Goal, progress_of
from robobrain_ros.sim.questions import MOVABLE
from robobrain_ros.sim.view import Array
from robobrain_ros.sim.world import State

FAULTS = ('slip', 'drop', 'wrong', 'push', 'undo', 'stall')
"""Ways to fail: the thing stays where it was; it falls on the way; another one is taken; it is pushed away; all is
undone after it was done; nothing moves any more."""
STRIDE_M = 0.05
"""Longest way between two states of a run that is sampled, metres."""
HALF_TABLE = (0.36, 0.27)
"""Things are left within these x and y, in metres, on both sides."""


def series(start: State, goal: Goal, rng: np.random.Generator, fault: str = '', most: int = 16) -> list[State]:
    """Return 8 to ``most`` states of one run, the first being ``start``, the last where the run ends.

    The progress of a run without a fault never falls and ends at 1; one with a fault does not end at 1.

    :param fault: '' or one of ``FAULTS``
    :raises ValueError: an unknown fault, or this goal cannot fail so on this table
    """
    if fault and fault not in FAULTS:
        raise ValueError(f'there is no fault {fault!r}; use {", ".join(FAULTS)}')
    for _ in range(20):
        run = _Run(start, goal, rng)
        run.play(fault)
        states = run.states
        if not fault:
            states = _rising(start, states, goal)
        if (progress_of(start, states[-1], goal) == 1) == (not fault):
            return _some(states, rng, most, tail=4 if fault == 'stall' else 1)
    raise ValueError(f'{goal.text!r} cannot {"fail by " + fault if fault else "succeed"} on this table')


def _rising(start: State, states: Sequence[State], goal: Goal) -> list[State]:
    """Leave out what is farther from the goal than something before it, such as the start of a way around."""
    found, best = [], -1.0
    for state in states:
        progress = progress_of(start, state, goal)
        if progress >= best:
            found.append(state)
            best = progress
    return found


def _some(states: Sequence[State], rng: np.random.Generator, most: int, tail: int) -> list[State]:
    """Draw 8 to ``most`` states in order, among them the first one and the last ``tail``.

    Where there are fewer, some come twice: a robot waits.
    """
    wanted = int(rng.integers(8, most + 1)) - 1 - tail
    inner = range(1, len(states) - tail)
    if len(inner) >= wanted:
        chosen = rng.choice(inner, wanted, replace=False)
    else:
        chosen = np.array([*inner, *rng.integers(0, len(states) - tail, max(7 - tail - len(inner), 0))], int)
    return [states[0], *(states[int(index)] for index in sorted(chosen)), *states[-tail:]]


class _Run:
    """Moves the gripper and keeps every state on the way."""

    def __init__(self, start: State, goal: Goal, rng: np.random.Generator) -> None:
        self.states, self._goal, self._rng = [start], goal, rng

    @property
    def _now(self) -> State:
        return self.states[-1]

    def play(self, fault: str) -> None:
        """Do what the goal asks for, or fail at the first or at a later thing."""
        goal, names = self._goal, list(self._rng.permutation(self._goal.things(self._now)))
        failing = int(self._rng.integers(len(names))) if fault else len(names)
        for name in names[:failing]:
            self._serve(str(name))
        if not fault:
            self._leave()
            return
        name = str(names[failing])
        if fault == 'stall':
            self._stall(name)
        elif fault == 'push':
            self._push(name)
        elif fault == 'wrong':
            self._serve(self._other(names))
        elif fault == 'undo':
            self._serve(name)
            self._undo(name)
        elif goal.kind == 'reach':
            raise ValueError(f'{goal.text!r} takes nothing that could {fault}')
        elif fault == 'slip':
            self._serve(name, closes=False)
        else:
            self._drop(name)

    def _serve(self, name: str, closes: bool = True) -> None:
        """Reach, pick or put one thing."""
        self._fetch(name)
        if self._goal.kind == 'reach':
            return
        if closes:
            self._keep(self._now.closed())
        self._go(self._now.gripper + [0, 0, LIFT_M + self._rng.uniform(0.02, 0.10)])
        if self._goal.where:
            self._go(self._over(self._goal.where, self._rng.uniform(0.10, 0.16)))
            self._go(self._rest(self._goal.where, name))
            self._keep(self._now.opened())

    def _fetch(self, name: str) -> None:
        body = self._now.body(name)
        grip = body.position + [0, 0, body.item.height * self._rng.uniform(0.45, 0.7)]
        above = self._over(name, self._rng.uniform(0.06, 0.12))
        if self._now.gripper[2] < above[2] or self._rng.random() < 0.5:
            self._go((self._now.gripper + above) / 2 + [0, 0, self._rng.uniform(0.0, 0.04)])
        self._go(above)
        self._go(grip)

    def _leave(self) -> None:
        """After it has let go: move up and aside, or far away to where the arm waits, at times."""
        if not self._goal.where or self._rng.random() < 0.3:
            return
        self._go(self._now.gripper + [*self._rng.normal(0, 0.05, 2), self._rng.uniform(0.05, 0.18)])
        if self._rng.random() < 0.5:
            aside = self._rng.uniform(-1, 1, 2) * HALF_TABLE
            self._go(np.array([*aside, self._rng.uniform(0.15, 0.3)]))

    def _stall(self, name: str) -> None:
        whole = _Run(self._now, self._goal, self._rng)
        whole._serve(name)
        stop = int(self._rng.integers(1, max(len(whole.states) - 1, 2)))
        self.states += whole.states[1:stop]
        for _ in range(int(self._rng.integers(4, 9))):
            self._keep(self._now.moved(self._now.gripper + self._rng.normal(0, 0.002, 3)))

    def _push(self, name: str) -> None:
        """Come down beside the thing and shove it to a free place."""
        body = self._now.body(name)
        target = self._free(name, self._rng.uniform(0.05, 0.14))
        way = target - body.position
        behind = body.position - way / np.linalg.norm(way) * (body.item.reach + 0.02)
        low = np.array([0, 0, body.item.height / 2])
        self._go(behind + [0, 0, body.item.height + 0.08])
        self._go(behind + low)
        for part in np.linspace(0.25, 1, 4):
            moved = self._now.moved(behind + low + part * way)
            self._keep(_placed(moved, name, body.position + part * way))
        self._go(self._now.gripper + [0, 0, self._rng.uniform(0.0, 0.15)])

    def _drop(self, name: str) -> None:
        """Let the thing fall: on the way to its place, or as it is lifted."""
        self._fetch(name)
        self._keep(self._now.closed())
        self._go(
            self._now.gripper + [0, 0, self._rng.uniform(0.6, 0.95 if self._goal.kind == 'pick' else 1.6) * LIFT_M]
        )
        end = self._now.gripper
        if self._goal.where:
            end = self._over(self._goal.where, 0.12)
            self._go(self._now.gripper + (end - self._now.gripper) * self._rng.uniform(0.1, 0.75))
        self._keep(self._now.opened())
        if self._rng.random() < 0.6:  # it goes on as if it held it
            self._go(end + [0, 0, self._rng.uniform(0.0, 0.1)])

    def _undo(self, name: str) -> None:
        """Take it away again; after reaching, just go."""
        if self._goal.kind == 'reach':
            self._go(self._now.gripper + [*self._rng.normal(0, 0.06, 2), self._rng.uniform(0.06, 0.2)])
            return
        if self._now.held != name:
            self._leave()
            self._fetch(name)
            self._keep(self._now.closed())
            self._go(self._now.gripper + [0, 0, self._rng.uniform(0.06, 0.12)])
        origin = self.states[0].body(name).position if self._rng.random() < 0.5 else self._free(name, 0.15)
        height = self._now.gripper[2] - self._now.body(name).position[2]
        self._go(origin + [0, 0, height + 0.08])
        self._go(origin + [0, 0, height + 0.01])
        self._keep(self._now.opened())
        if self._rng.random() < 0.5:
            self._go(self._now.gripper + [*self._rng.normal(0, 0.04, 2), self._rng.uniform(0.05, 0.15)])

    def _other(self, names: Sequence[str]) -> str:
        """Draw a thing that is not asked for and can be taken in the same way."""
        others = [
            body.name
            for body in self._now.bodies
            if body.name not in names and body.name != self._goal.where
            and (body.item.shape in MOVABLE or self._goal.kind == 'reach')
        ]  # fmt: skip
        if not others:
            raise ValueError(f'{self._goal.text!r}: there is nothing else on this table to take')
        return others[int(self._rng.integers(len(others)))]

    def _free(self, name: str, distance: float) -> Array:
        """Draw a place on the table at some distance from where the thing is now, clear of all others.

        :raises ValueError: there is none
        """
        body = self._now.body(name)
        for turn in self._rng.uniform(0, 2 * math.pi, 24):
            x, y = body.position[:2] + distance * np.array([math.cos(turn), math.sin(turn)])
            clear = all(
                math.hypot(x - other.position[0], y - other.position[1]) > other.item.reach + body.item.reach
                for other in self._now.bodies
                if other.name != name
            )
            if clear and abs(x) < HALF_TABLE[0] and abs(y) < HALF_TABLE[1]:
                return np.array([x, y, 0.0])
        raise ValueError(f'there is no free place {distance:.2f} m from the {name}')

    def _over(self, name: str, height: float) -> Array:
        body, aside = self._now.body(name), self._rng.normal(0, 0.004, 2)
        point: Array = body.position + np.array([*aside, body.item.height + height])
        return point

    def _rest(self, where: str, name: str) -> Array:
        """Return where the gripper lets a thing go over its place."""
        place, body = self._now.body(where), self._now.body(name)
        turn, aside = self._rng.uniform(0, 2 * math.pi), place.item.radius * self._rng.uniform(0, 0.45)
        height = place.item.height + body.item.height / 2 + self._rng.uniform(0.0, 0.02)
        point: Array = place.position + np.array([aside * math.cos(turn), aside * math.sin(turn), height])
        return point

    def _go(self, point: Array) -> None:
        begin = self._now.gripper
        for part in _steps(float(np.linalg.norm(point - begin))):
            self._keep(self._now.moved(begin + part * (point - begin)))

    def _keep(self, state: State) -> None:
        self.states.append(state)


def _steps(length: float) -> Iterator[float]:
    """Yield the parts of a way, up to 1, at which a state is kept."""
    number = max(math.ceil(length / STRIDE_M), 1)
    return (index / number for index in range(1, number + 1))


def _placed(state: State, name: str, position: Array) -> State:
    bodies = (replace(body, position=position) if body.name == name else body for body in state.bodies)
    return replace(state, bodies=tuple(bodies))
