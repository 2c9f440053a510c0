# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What stands where: a random table top, drawn from a seed. Numbers only, without MuJoCo.

The distributions are those that the shipped checkpoint was trained on. Whoever changes one changes what the tiny
model sees, and has to measure its answers again.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.sim.view import View

Array = NDArray[np.float64]

COLOURS = {
    'red': (0.80, 0.06, 0.06),
    'green': (0.10, 0.58, 0.14),
    'blue': (0.07, 0.20, 0.82),
    'yellow': (0.95, 0.84, 0.06),
    'orange': (0.98, 0.43, 0.02),
    'purple': (0.48, 0.10, 0.64),
    'white': (0.94, 0.94, 0.94),
    'black': (0.05, 0.05, 0.055),
}
SHAPES = ('cube', 'ball', 'cylinder', 'bowl', 'plate', 'mug')
WOOD = np.array([0.62, 0.45, 0.28])
MAX_OF_A_SHAPE = 3
GAP = 0.012
"""Free space that is left between two objects, metres."""


@dataclass(frozen=True)
class Item:
    """A toy on the table."""

    shape: str
    colour: str
    rgb: Array
    radius: float
    """Radius of the body alone, without a handle, seen from above, metres; half the edge for a cube."""
    height: float
    """Metres above the table."""
    x: float
    """Where its axis meets the table, in the world, metres; ``y`` alike."""
    y: float
    yaw: float
    """Turn around the vertical axis, radians; a mug's handle points that way."""
    grip_gap: float = 0.0
    """From a mug's axis to the outer bar of its handle, metres."""

    @property
    def reach(self) -> float:
        """The radius of the circle on the table that the item keeps to itself, handle and corners included."""
        return {'cube': self.radius * 1.35, 'mug': self.radius + 0.03}.get(self.shape, self.radius)

    @property
    def centre(self) -> Array:
        """The point half-way up its axis, in the world, metres."""
        return np.array([self.x, self.y, self.height / 2])

    @property
    def grip(self) -> Array:
        """The middle of the outer bar of a mug's handle, in the world, metres."""
        side = self.grip_gap * np.array([math.cos(self.yaw), math.sin(self.yaw)])
        return np.array([self.x + side[0], self.y + side[1], self.height * 0.525])


@dataclass(frozen=True)
class Surface:
    """A textured material; colours are (red, green, blue) in 0 .. 1."""

    builtin: str
    """MuJoCo's name of the pattern."""
    base: Array
    other: Array
    speckle: Array
    speckles: float
    repeat: Array
    specular: float


@dataclass(frozen=True)
class Light:
    """A directional light."""

    direction: Array
    """Not normalised."""
    diffuse: Array
    specular: float
    shadow: bool


@dataclass(frozen=True)
class Link:
    """A part of a robot's arm: a cylinder, or a capsule where it is ``round``."""

    start: Array
    """The middle of one end, from the point between the finger tips, in the axes of the world, metres; ``end`` alike.
    """
    end: Array
    radius: float
    rgb: tuple[float, float, float]
    round: bool = False


@dataclass(frozen=True)
class Layout:
    """All that makes one scene; lengths in metres, angles in radians, colours (red, green, blue) in 0 .. 1."""

    view: View
    items: tuple[Item, ...]
    gripper: Array
    """The point between the finger tips, in the world."""
    gripper_yaw: float
    gripper_rgb: tuple[Array, ...]
    """Colours of palm, two fingers, wrist and arm."""
    table: tuple[float, float]
    """Half of the table's width and half of its depth, metres."""
    sky: tuple[Array, Array]
    """The upper and the lower colour of the sky."""
    surfaces: dict[str, Surface] = field(repr=False)
    """Materials by what they cover: floor, wall and table."""
    lights: tuple[Light, Light] = field(repr=False)
    ambient: float
    headlight: float
    arm: tuple[Link, ...] | None = field(default=None, repr=False)
    """What holds palm and fingers; None stands for the small arm that all scenes of ``draw`` have."""
    matte: bool = False
    """Whether things and gripper reflect light in all directions alike, as in Gazebo."""


def draw(seed: int, width: int, height: int) -> Layout:
    """Return the layout of a seed, which is one and the same for all image sizes of one aspect ratio.

    :param width: image width in pixels
    :param height: image height in pixels
    :raises ValueError: the image is so narrow or flat that nothing fits into its picture of the table
    """
    rng = np.random.default_rng(seed)
    for _ in range(200):
        view = _draw_view(rng, width, height)
        items = _draw_items(rng, view)
        gripper = _draw_gripper(rng, view, items) if items else None
        if gripper is not None:
            break
    else:
        raise ValueError(f'no table top fits into an image of {width}x{height}; try an aspect ratio around 4:3')
    lights = (_draw_light(rng, 0.35, 0.75, 0.8), _draw_light(rng, 0.0, 0.35, 0.0))
    ambient, headlight = rng.uniform(0.2, 0.45), rng.uniform(0.1, 0.4)
    stock = [_draw_surface(rng, index) for index in range(8)]
    surfaces = {name: stock[rng.integers(8)] for name in ('floor', 'wall', 'table')}
    grey = rng.uniform(0.08, 0.9) + rng.normal(0, 0.03, 3)
    shades = [1.0, *rng.uniform(0.6, 1, 4)]
    return Layout(
        view=view,
        items=tuple(items),
        gripper=gripper,
        gripper_yaw=rng.uniform(-math.pi / 2, math.pi / 2),
        gripper_rgb=tuple(np.clip(grey * shade, 0, 1) for shade in shades),
        table=(rng.uniform(0.38, 0.75), rng.uniform(0.3, 0.5)),
        sky=(rng.uniform(0.2, 0.9, 3), rng.uniform(0.1, 0.8, 3)),
        surfaces=surfaces,
        lights=lights,
        ambient=ambient,
        headlight=headlight,
    )


def _draw_view(rng: np.random.Generator, width: int, height: int) -> View:
    position = [rng.uniform(-0.25, 0.25), -rng.uniform(0.5, 0.85), rng.uniform(0.4, 0.8)]
    target = [rng.uniform(-0.06, 0.06), rng.uniform(-0.06, 0.06), rng.uniform(0, 0.08)]
    roll, fovy = math.radians(rng.normal(0, 1.2)), math.radians(rng.uniform(40, 58))
    return View.looking_at(target, position, roll, fovy, (width, height))


def inside(view: View, point: Array, top: float) -> bool:
    """Whether a point is seen well inside the image: 6 % off the sides and the bottom, ``top`` off the top."""
    u, v, _ = view.project(point)
    return bool(0.06 < (u + 0.5) / view.width < 0.94 and top < (v + 0.5) / view.height < 0.94)


def _draw_items(rng: np.random.Generator, view: View) -> list[Item]:
    """Draw three to six items, no two alike in shape and colour; an empty list where one found no room."""
    items: list[Item] = []
    wanted = rng.integers(3, 7)
    while len(items) < wanted:
        shape, colour = SHAPES[rng.integers(len(SHAPES))], list(COLOURS)[rng.integers(len(COLOURS))]
        alike = [item for item in items if item.shape == shape]
        if len(alike) == MAX_OF_A_SHAPE or any(item.colour == colour for item in alike):
            continue
        radius, height = draw_size(rng, shape)
        rgb = draw_rgb(rng, colour)
        yaw, grip_gap = rng.uniform(-math.pi, math.pi), radius + rng.uniform(0.022, 0.03)
        for _ in range(30):
            x, y = rng.uniform(-0.32, 0.32), rng.uniform(-0.24, 0.24)
            item = Item(shape, colour, rgb, radius, height, x, y, yaw, grip_gap if shape == 'mug' else 0.0)
            free = all(math.hypot(x - o.x, y - o.y) > item.reach + o.reach + GAP for o in items)
            if free and inside(view, item.centre, top=0.08):
                items.append(item)
                break
        else:
            return []
    return items


def draw_rgb(rng: np.random.Generator, colour: str) -> Array:
    """Draw a shade of a named colour."""
    return np.clip(np.array(COLOURS[colour]) * rng.uniform(0.88, 1.1) + rng.normal(0, 0.02, 3), 0, 1)


def draw_size(rng: np.random.Generator, shape: str) -> tuple[float, float]:
    """Draw radius and height of an item, in metres."""
    if shape == 'bowl':
        return rng.uniform(0.05, 0.068), rng.uniform(0.035, 0.055)
    if shape == 'plate':
        return rng.uniform(0.06, 0.08), rng.uniform(0.010, 0.016)
    if shape == 'mug':
        return rng.uniform(0.03, 0.04), rng.uniform(0.07, 0.10)
    radius = rng.uniform(0.022, 0.036)
    return radius, 2 * rng.uniform(0.03, 0.055) if shape == 'cylinder' else 2 * radius


def _draw_gripper(rng: np.random.Generator, view: View, items: list[Item]) -> Array | None:
    """Draw a place for the gripper, beside or above the items; None where there is none."""
    for _ in range(30):
        point = np.array([rng.uniform(-0.3, 0.3), rng.uniform(-0.2, 0.25), rng.uniform(0.06, 0.3)])
        beside = (math.hypot(point[0] - o.x, point[1] - o.y) > o.reach or point[2] > o.height + 0.03 for o in items)
        if inside(view, point, top=0.06) and all(beside):
            return point
    return None


def _draw_light(rng: np.random.Generator, low: float, high: float, shadows: float) -> Light:
    direction = np.array([rng.uniform(-1, 1), rng.uniform(-1, 0.8), -rng.uniform(0.8, 2)])
    diffuse = rng.uniform(low, high) * rng.uniform(0.9, 1.1, 3)
    return Light(direction, diffuse, specular=rng.uniform(0, 0.3), shadow=bool(rng.random() < shadows))


def _draw_surface(rng: np.random.Generator, index: int) -> Surface:
    """Draw a material; those with an even index are of wood."""
    base = rng.uniform(0.15, 0.85, 3) if index % 2 else WOOD * rng.uniform(0.5, 1.4)
    other = np.clip(base + rng.normal(0, 0.10, 3), 0, 1)
    base = np.clip(base, 0, 1)
    return Surface(
        builtin=('flat', 'checker', 'gradient', 'flat')[index % 4],
        base=base,
        other=other,
        speckle=np.clip(base + rng.normal(0, 0.12, 3), 0, 1),
        speckles=rng.uniform(0, 0.15),
        repeat=rng.uniform(1, 8, 2),
        specular=rng.uniform(0, 0.4),
    )
