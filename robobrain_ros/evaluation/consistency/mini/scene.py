# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A simulated table top from several places and with one thing moved: the pictures of our own mini sets."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.sim.layout import GAP, Item, Layout, inside
from robobrain_ros.sim.scene import SceneObject, TableTop
from robobrain_ros.sim.view import View

SIDE_DEG = (35.0, 75.0)
"""How far around the table the second camera stands from the first."""
ARC_DEG = (-42.0, -28.0, -14.0, 0.0, 14.0, 28.0, 42.0)
"""Where the camera of a film stands, from the first camera; one of them is that camera's own place."""
FRAME_SIZE = (320, 240)
"""A film's frames have this (width, height), pixels."""
LEAST_MOVE_M = 0.12
"""A thing that is moved goes at least so far."""
TARGET = (0.0, 0.0, 0.04)
"""What cameras other than the first look at, in the world, metres."""


@dataclass
class Scene:
    """One table top on which every thing is seen, and what else the questions about it show.

    The same seed gives the same pictures; each is drawn when it is first asked for, in some 0.3 s.
    """

    first: TableTop
    """From the first camera, 640 x 480."""
    rng: np.random.Generator
    """Draws the other cameras' places, what is moved, and the questions."""

    @property
    def things(self) -> tuple[SceneObject, ...]:
        """What stands on the table, as the first camera sees it."""
        return self.first.truth().objects

    @cached_property
    def side(self) -> TableTop | None:
        """The table from beside; None where no place was found from which every thing is seen."""
        for _ in range(12):
            angle = self.rng.uniform(*SIDE_DEG) * self.rng.choice([-1.0, 1.0])
            view = _around(self.first.view, angle)
            if all(inside(view, item.centre, top=0.08) for item in self.first.layout.items):
                table = TableTop.from_layout(replace(self.first.layout, view=view), self.first.seed)
                if all_seen(table.truth().objects):
                    return table
        return None

    @cached_property
    def moved(self) -> tuple[TableTop, str] | None:
        """The first view after one thing has been moved, and that thing's name; None where none was found."""
        layout = self.first.layout
        for _ in range(12):
            index = int(self.rng.integers(len(layout.items)))
            items = _move(layout, index, self.rng)
            if items:
                table = TableTop.from_layout(replace(layout, items=items), self.first.seed)
                if all_seen(table.truth().objects):
                    return table, self.things[index].name
        return None

    @cached_property
    def film(self) -> tuple[NDArray[np.uint8], ...]:
        """Frames of a camera that goes around the table, RGB."""
        width, height = FRAME_SIZE
        places = (_around(self.first.view, angle) if angle else self.first.view for angle in ARC_DEG)
        views = (replace(place, width=width, height=height) for place in places)
        tables = (TableTop.from_layout(replace(self.first.layout, view=view), self.first.seed) for view in views)
        return tuple(table.render()[0] for table in tables)


def find(seed: int) -> Scene | None:
    """Return the scene of a seed; None where something on its table is hidden, so that answers would be arguable."""
    table = TableTop(seed)
    return Scene(table, np.random.default_rng(seed)) if all_seen(table.truth().objects) else None


def all_seen(things: Sequence[SceneObject]) -> bool:
    """Whether next to nothing of these is hidden or outside the image."""
    return all(thing.region for thing in things)


def order(table: TableTop, margin: float = 0.02) -> tuple[str, ...]:
    """Return the names of all things from left to right; empty where two are closer than ``margin`` of the width."""
    found = sorted(table.truth().objects, key=lambda thing: thing.centre[0])
    places = [thing.centre[0] / table.view.width for thing in found]
    clear = all(right - left > margin for left, right in pairwise(places))
    return tuple(thing.name for thing in found) if clear else ()


def _around(view: View, degrees: float) -> View:
    """Return a camera as high and as far away as another, but so far around the table's vertical axis."""
    turn = math.radians(degrees)
    x, y, z = view.position
    position = [x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn), z]
    return View.looking_at(TARGET, position, 0.0, view.fovy, (view.width, view.height))


def _move(layout: Layout, index: int, rng: np.random.Generator) -> tuple[Item, ...]:
    """Return all items with one at another free place; empty where none was found."""
    item, others = layout.items[index], [*layout.items[:index], *layout.items[index + 1 :]]
    for _ in range(30):
        new = replace(item, x=rng.uniform(-0.32, 0.32), y=rng.uniform(-0.24, 0.24))
        free = all(math.hypot(new.x - o.x, new.y - o.y) > new.reach + o.reach + GAP for o in others)
        far = math.hypot(new.x - item.x, new.y - item.y) > LEAST_MOVE_M
        if free and far and inside(layout.view, new.centre, top=0.08):
            return tuple(new if number == index else other for number, other in enumerate(layout.items))
    return ()
