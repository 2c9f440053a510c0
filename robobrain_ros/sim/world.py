# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A table top in which things move: a gripper that goes where it is told, takes hold, carries and lets go.

Kinematics only: the gripper jumps from place to place, things that are let go fall straight down, nothing collides.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from robobrain_ros.sim.layout import Item, Layout, draw
from robobrain_ros.sim.scene import compile_model, photograph
from robobrain_ros.sim.view import Array, View

GRASP_M = 0.03
"""A closing gripper takes hold of what has its middle, or the middle of its upper rim, this near."""
TOUCH_M = 0.02
"""The gripper is at a thing that it is this near to."""
FLOORS = MappingProxyType({'bowl': 0.006, 'plate': 0.005})
"""Height above their lower side at which these carry what lies in them, metres; the others carry it on top."""


@dataclass(frozen=True)
class Body:
    """A thing in the world, as a cylinder around its vertical axis; metres."""

    item: Item
    position: Array
    """The middle of its lower side, in the world."""

    @property
    def name(self) -> str:
        """Colour and shape: no two things in a world share it."""
        return f'{self.item.colour} {self.item.shape}'

    def distance(self, point: ArrayLike) -> float:
        """Return the distance from a point in the world to the body, metres; 0 inside."""
        x, y, z = np.asarray(point, dtype=float) - self.position
        beside = max(math.hypot(x, y) - self.item.radius, 0.0)
        return math.hypot(beside, max(float(-z), float(z - self.item.height), 0.0))

    def grip_distance(self, point: ArrayLike) -> float:
        """Return the distance from a point to where a gripper holds it, metres: its middle, or that of its rim."""
        offset = np.asarray(point, dtype=float) - self.position
        return min(float(np.linalg.norm(offset - [0, 0, z])) for z in (self.item.height / 2, self.item.height))


@dataclass(frozen=True)
class State:
    """Where everything is at one moment."""

    bodies: tuple[Body, ...]
    gripper: Array
    """The point between the finger tips, in the world."""
    held: str = ''
    """Name of what the gripper holds; empty: nothing."""
    fault: str = ''
    """What has gone wrong on purpose (``sim/faults.py``); empty: nothing."""
    moving: bool = False
    """Whether the gripper is under way, as whoever moves it says."""

    def body(self, name: str) -> Body:
        """Return the thing with this name.

        :raises KeyError: if there is none
        """
        return {body.name: body for body in self.bodies}[name]

    def touches(self, name: str) -> bool:
        """Whether the gripper is at this thing, and at no other one more closely."""
        distances = {body.name: body.distance(self.gripper) for body in self.bodies}
        return distances[name] <= TOUCH_M and distances[name] == min(distances.values())

    def rests_on(self, name: str, support: str) -> bool:
        """Whether a thing lies on or in another one, let go, with its middle over it."""
        upper, lower = self.body(name), self.body(support)
        beside = math.hypot(*(upper.position - lower.position)[:2])
        higher = float(upper.position[2] - lower.position[2]) > 0.001
        return self.held != name and beside <= lower.item.radius and higher

    def moved(self, point: ArrayLike) -> 'State':
        """Return the state with the gripper at a point in the world, with what it holds."""
        target = np.asarray(point, dtype=float)
        shift = target - self.gripper
        bodies = (
            replace(body, position=body.position + shift) if body.name == self.held else body for body in self.bodies
        )
        return replace(self, bodies=tuple(bodies), gripper=target)

    def within_grasp(self) -> Body | None:
        """Return what a gripper takes that closes now: the nearest thing within ``GRASP_M``; None if it is full."""
        nearest = min(self.bodies, key=lambda body: body.grip_distance(self.gripper))
        free = not self.held and nearest.grip_distance(self.gripper) <= GRASP_M
        return nearest if free else None

    def closed(self) -> 'State':
        """Return the state with the nearest thing held, if one is within ``GRASP_M`` and none is held yet."""
        thing = self.within_grasp()
        return replace(self, held=thing.name) if thing else self

    def opened(self) -> 'State':
        """Return the state with what was held let go: fallen onto what is below its middle, or onto the table."""
        if not self.held:
            return self
        bodies = tuple(self._fallen(body) if body.name == self.held else body for body in self.bodies)
        return replace(self, bodies=bodies, held='')

    def _fallen(self, body: Body) -> Body:
        x, y, z = body.position
        floors = [
            other.position[2] + FLOORS.get(other.item.shape, other.item.height)
            for other in self.bodies
            if other is not body
            and other.item.shape != 'ball'  # nothing stays on a ball
            and math.hypot(x - other.position[0], y - other.position[1]) <= other.item.radius
        ]
        below = [floor for floor in floors if floor <= z + body.item.height]  # it may have been pushed in a bit
        return replace(body, position=np.array([x, y, max(below, default=0.0)]))


@dataclass
class World:
    """One seeded table top to act in. It begins as ``TableTop(seed, width, height)`` looks.

    :raises ValueError: a negative seed, or an image size that no table top fits into
    :raises RuntimeError: no OpenGL here; says what to install
    """

    seed: int
    width: int = 640
    height: int = 480
    state: State = field(init=False)
    """Where everything is now; another object after each change."""

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f'seed {self.seed} is negative; use 0, 1, 2 ...')
        self._begin(draw(self.seed, self.width, self.height))

    @classmethod
    def from_layout(cls, layout: Layout, seed: int) -> 'World':
        """Return the world of a layout that was changed after it was drawn: it begins as that looks, not as the seed.

        :raises RuntimeError: no OpenGL here; says what to install
        """
        world = cls.__new__(cls)
        world.seed, world.width, world.height = seed, layout.view.width, layout.view.height
        world._begin(layout)
        return world

    def _begin(self, layout: Layout) -> None:
        self.view: View = layout.view
        self._model = compile_model(layout)
        self._home = np.array(self._model.body_pos)
        bodies = tuple(Body(item, np.array([item.x, item.y, 0.0])) for item in layout.items)
        self.state = self._start = State(bodies, layout.gripper)

    def set_moving(self, moving: bool) -> None:
        """Say whether the gripper is under way."""
        if moving != self.state.moving:
            self.state = replace(self.state, moving=moving)

    def begin(self) -> None:
        """Open the gripper, as a plan does that is about to take something."""
        self.open()

    def move(self, point: ArrayLike) -> None:
        """Put the gripper at a point in the world, with what it holds."""
        self.state = self.state.moved(point)

    def close(self) -> None:
        """Take hold of the nearest thing within ``GRASP_M``, if there is one and the gripper is empty."""
        self.state = self.state.closed()

    def open(self) -> None:
        """Let go of what is held: it falls onto what is below its middle, or onto the table."""
        self.state = self.state.opened()

    def render(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Draw the world as it is now; takes some 0.3 s of software rendering.

        :returns: rgb (height, width, 3), and depth (height, width) in metres along the optical axis, NaN where there is
            only sky
        """
        self._pose(self.state)
        rgb, depth, _ = photograph(self._model, self.view)
        return rgb, depth

    def film(self, states: Iterable[State]) -> Iterator[NDArray[np.uint8]]:
        """Draw other states of the same things, one after the other: rgb only, in a third of the time of ``render``.

        :param states: as ``state`` may be; that itself stays as it is
        :returns: rgb (height, width, 3) of each
        """
        import mujoco  # compile_model has chosen the backend

        data = mujoco.MjData(self._model)
        with mujoco.Renderer(self._model, self.view.height, self.view.width, max_geom=200) as renderer:
            for state in states:
                self._pose(state)
                mujoco.mj_kinematics(self._model, data)
                mujoco.mj_camlight(self._model, data)
                renderer.update_scene(data, camera='camera')
                yield renderer.render()

    def _pose(self, state: State) -> None:
        """Put the model's bodies where they are in a state."""
        for index, (body, start) in enumerate(zip(state.bodies, self._start.bodies, strict=True)):
            number = self._model.body(f'item{index}').id
            self._model.body_pos[number] = self._home[number] + body.position - start.position
        number = self._model.body('gripper').id
        self._model.body_pos[number] = self._home[number] + state.gripper - self._start.gripper
