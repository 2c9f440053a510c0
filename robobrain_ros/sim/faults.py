# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Faults for the simulated world: what goes wrong once while a gripper works, so that others may notice it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from robobrain_ros.sim.layout import inside
from robobrain_ros.sim.questions import MOVABLE
from robobrain_ros.sim.view import Array
from robobrain_ros.sim.world import Body, World

PUSH_M = (0.06, 0.12)
"""A thing is pushed this far: out of the gripper's reach (``GRASP_M``)."""
NEAR_M = 0.25
"""A wrong grasp takes a thing whose middle is this near."""
LEG_M = 0.08
"""Things are dropped on ways from one waypoint to the next that are at least this long on the table."""
DRAWS = 50
"""So many places are looked at before a fault waits for a better occasion."""


class Fault(str, Enum):
    """What goes wrong."""

    SLIP = 'slip'
    """The gripper closes and holds nothing, until the next plan begins."""
    DROP = 'drop'
    """What is carried falls onto the free table on the way."""
    PUSH = 'push'
    """The thing is pushed away by some centimetres just before the gripper closes."""
    WRONG = 'wrong'
    """The gripper takes another thing, which is near."""


def other_near(thing: Body, bodies: Iterable[Body]) -> Body | None:
    """Return what a wrong grasp takes instead: the nearest other thing that can be carried; None if all are far."""
    others = [body for body in bodies if body.name != thing.name and body.item.shape in MOVABLE]
    nearest = min(others, key=lambda body: _apart(body.position, thing.position), default=None)
    return nearest if nearest and _apart(nearest.position, thing.position) <= NEAR_M else None


@dataclass
class FaultyWorld(World):
    """A world in which one fault happens at the first occasion, and none after that; the same seed gives the same.

    There is no occasion where the gripper never closes around a thing, where nothing else is near (``WRONG``), and
    where there is no free place (``PUSH``, ``DROP``). ``state.fault`` names the fault as soon as it has happened.

    :raises ValueError: as World does
    :raises RuntimeError: as World does
    """

    fault: Fault = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._rng = np.random.default_rng([self.seed, list(Fault).index(self.fault)])
        self._slippery = self.fault is Fault.SLIP

    def begin(self) -> None:
        """Open the gripper, as a plan does that is about to take something; what slipped can be held from now on."""
        super().begin()
        self._slippery = self._slippery and not self.state.fault

    def close(self) -> None:
        """Take hold of what is near, if the fault lets it."""
        thing = self.state.within_grasp()
        if thing is None:
            return
        if self._slippery:
            self._happen()
        elif self.state.fault or not self._spoil(thing):
            super().close()

    def move(self, point: ArrayLike) -> None:
        """Put the gripper at a point in the world, with what it holds, unless that falls on the way."""
        target = np.asarray(point, dtype=float)
        if self.fault is Fault.DROP and self.state.held and not self.state.fault:
            place = self._place_to_drop(target)
            if place is not None:
                super().move(place)
                self.open()
                self._happen()
        super().move(target)

    def _happen(self) -> None:
        self.state = replace(self.state, fault=self.fault.value)

    def _spoil(self, thing: Body) -> bool:
        """Let another thing or none be taken instead of this one; return whether that was possible."""
        if self.fault is Fault.PUSH:
            place = self._place_to_push(thing)
            if place is None:
                return False
            bodies = (replace(body, position=place) if body is thing else body for body in self.state.bodies)
            self.state = replace(self.state, bodies=tuple(bodies))
        elif self.fault is Fault.WRONG:
            nearest = other_near(thing, self.state.bodies)
            if nearest is None:
                return False
            super().move(nearest.position + [0, 0, nearest.item.height / 2])
            self.state = replace(self.state, held=nearest.name)
        else:
            return False
        self._happen()
        return True

    def _place_to_push(self, thing: Body) -> Array | None:
        for _ in range(DRAWS):
            angle, far = self._rng.uniform(-math.pi, math.pi), self._rng.uniform(*PUSH_M)
            place = thing.position + [far * math.cos(angle), far * math.sin(angle), 0.0]
            if self._is_free(thing, place):
                return place
        return None

    def _place_to_drop(self, target: Array) -> Array | None:
        """Return where the gripper loses what it holds on the way to ``target``."""
        way = target - self.state.gripper
        if math.hypot(*way[:2]) < LEG_M:
            return None
        held = self.state.body(self.state.held)
        for share in self._rng.uniform(0.2, 0.8, DRAWS):
            place: Array = self.state.gripper + share * way
            if self._is_free(held, held.position + share * way):
                return place
        return None

    def _is_free(self, thing: Body, place: Array) -> bool:
        """Whether nothing else stands below a place, and the camera sees it."""
        others = (body for body in self.state.bodies if body is not thing)
        clear = all(_apart(place, body.position) > thing.item.reach + body.item.reach for body in others)
        return clear and inside(self.view, np.array([place[0], place[1], thing.item.height / 2]), 0.08)


def _apart(one: Array, other: Array) -> float:
    """Return the distance of two places, seen from above, metres."""
    return math.hypot(*(one - other)[:2])
