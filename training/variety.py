# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Scenes that differ more than those of ``draw``: what the training sees beside them, and evaluation does not.

Layouts are changed after they were drawn and before they are rendered, so that all labels stay true.
"""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from robobrain_ros.sim.layout import (
    COLOURS,
    GAP,
    MAX_OF_A_SHAPE,
    Item,
    Layout,
    Light,
    Surface,
    draw_rgb,
    draw_size,
    inside,
)
from robobrain_ros.sim.phrases import HELD_OUT_PAIRS
from training.arm import industrial_arm

HIDDEN = 0.4
"""A mug whose handle is turned away from the camera by less than this shows next to nothing of it, radians."""
TRIES = 6
"""How often a thing in another shape is moved until it has room."""
PLACES = ((-0.32, -0.24), (0.32, 0.24))
"""Corners of the part of the table on which things stand, metres."""
SMALL = ('cube', 'ball', 'cylinder')
Change = Callable[[Layout, np.random.Generator], Layout]


def varied(layout: Layout, rng: np.random.Generator) -> Layout:
    """Return a layout with some changes drawn from ``rng``, and without the pairs that are held out."""
    for change, share in CHANGES:
        if rng.random() < share:
            layout = change(layout, rng)
    return without_held_out(layout, rng)


def alike(layout: Layout, rng: np.random.Generator) -> Layout:
    """Make two or three things of one shape, where there is room: they have to be told apart, counted and listed."""
    items, shape = list(layout.items), SMALL[rng.integers(len(SMALL))]
    for index in rng.permutation(len(items)):
        number = sum(item.shape == shape for item in items)
        if number < MAX_OF_A_SHAPE and items[index].shape in SMALL and items[index].shape != shape:
            items[index] = _reshaped(layout, items, int(index), shape, rng)
    return replace(layout, items=tuple(items))


def another_mug(layout: Layout, rng: np.random.Generator) -> Layout:
    """Make one thing a mug, where there is room: handles are small and hard to hit."""
    items = list(layout.items)
    for index in rng.permutation(len(items)):
        if items[index].shape != 'mug' and sum(item.shape == 'mug' for item in items) < MAX_OF_A_SHAPE:
            items[index] = _reshaped(layout, items, int(index), 'mug', rng)
            if items[index].shape == 'mug':
                break
    return replace(layout, items=tuple(items))


def handles_in_view(layout: Layout, rng: np.random.Generator) -> Layout:
    """Turn mugs so that the camera sees their handles, the whole or a small part: those are hard to hit."""

    def turned(mug: Item) -> Item:
        x, y, _ = layout.view.position
        away = math.atan2(mug.y - y, mug.x - x)  # here the mug hides its handle
        turn = HIDDEN + (math.pi - HIDDEN) * rng.random() ** 2
        return replace(mug, yaw=away + rng.choice((-1, 1)) * turn)

    return replace(layout, items=tuple(turned(item) if item.shape == 'mug' else item for item in layout.items))


def recoloured(layout: Layout, rng: np.random.Generator) -> Layout:
    """Draw all colours anew, out of a few and in more shades: several things then share one."""
    few = rng.choice(len(COLOURS), size=int(rng.integers(2, len(COLOURS) + 1)), replace=False)
    items: list[Item] = []
    for item in layout.items:
        new = _coloured(item, items, [list(COLOURS)[index] for index in few], rng)
        shade = np.clip(new.rgb * rng.uniform(0.8, 1.1) + rng.normal(0, 0.03, 3), 0, 1)
        items.append(replace(new, rgb=shade))
    return replace(layout, items=tuple(items))


def without_held_out(layout: Layout, rng: np.random.Generator) -> Layout:
    """Give what is of a pair that is held out another colour."""
    items = list(layout.items)
    for index, item in enumerate(items):
        if f'{item.colour} {item.shape}' in HELD_OUT_PAIRS:
            others = items[:index] + items[index + 1 :]
            items[index] = _coloured(item, others, list(COLOURS), rng)
    return replace(layout, items=tuple(items))


def plain(layout: Layout, rng: np.random.Generator) -> Layout:
    """Draw the scene as Gazebo does: no texture, nothing shines, one lamp with a shadow, much light from all sides."""

    def flat(name: str) -> Surface:
        surface = layout.surfaces[name]
        grey = rng.uniform(0.25, 0.95) + rng.normal(0, 0.015, 3)
        base = np.clip(grey if rng.random() < 0.5 else surface.base, 0, 1)
        return replace(surface, builtin='flat', base=base, other=base, speckle=base, speckles=0.0, specular=0.0)

    sun = np.array([rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.8), -rng.uniform(0.8, 1.5)])
    shining, none = Light(sun, rng.uniform(0.3, 0.7) * np.ones(3), 0.0, True), Light(sun, np.zeros(3), 0.0, False)
    sky = np.clip(rng.uniform(0.5, 0.9) + rng.normal(0, 0.03, 3), 0, 1)
    lights = (shining, none) if rng.random() < 0.6 else layout.lights
    return replace(
        layout, matte=bool(rng.random() < 0.8), sky=(sky, sky), lights=lights, ambient=rng.uniform(0.3, 0.6),
        headlight=rng.uniform(0, 0.2), surfaces={name: flat(name) for name in layout.surfaces},
    )  # fmt: skip


def another_arm(layout: Layout, rng: np.random.Generator) -> Layout:
    """Let an industrial arm hold the gripper, or nothing at all."""
    arm = industrial_arm(layout, rng) if rng.random() < 0.7 else ()
    dark = rng.uniform(0.05, 0.25, 1) * np.ones(3)
    hand = (dark,) * len(layout.gripper_rgb) if rng.random() < 0.5 else layout.gripper_rgb
    return replace(layout, arm=arm, gripper_rgb=hand)


CHANGES: tuple[tuple[Change, float], ...] = (
    (alike, 0.35), (another_mug, 0.5), (handles_in_view, 0.5), (recoloured, 0.3), (plain, 0.35), (another_arm, 0.45),
)  # fmt: skip
"""What may be changed, in this order, and how often it is."""


def _reshaped(layout: Layout, items: list[Item], index: int, shape: str, rng: np.random.Generator) -> Item:
    """Return a thing in another shape, there or nearby; as it was where there is no room."""
    old, others = items[index], items[:index] + items[index + 1 :]
    for spread in (0.0, *(0.05,) * TRIES):
        radius, height = draw_size(rng, shape)
        grip_gap = radius + rng.uniform(0.022, 0.03) if shape == 'mug' else 0.0
        x, y = np.clip(rng.normal((old.x, old.y), spread), *PLACES)
        new = replace(old, shape=shape, radius=radius, height=height, grip_gap=grip_gap, x=float(x), y=float(y))
        if _has_room(layout, new, others):
            return _coloured(new, others, [old.colour], rng)
    return old


def _has_room(layout: Layout, item: Item, others: list[Item]) -> bool:
    """Whether a thing keeps off the others and the gripper, and is seen, as ``draw`` has it."""
    x, y, z = layout.gripper
    free = all(math.hypot(item.x - o.x, item.y - o.y) > item.reach + o.reach + GAP for o in others)
    beside = math.hypot(x - item.x, y - item.y) > item.reach or z > item.height + 0.03
    return free and beside and inside(layout.view, item.centre, top=0.08)


def _coloured(item: Item, others: list[Item], colours: list[str], rng: np.random.Generator) -> Item:
    """Return a thing in one of some colours; in another one where all of those would make it like another thing."""
    taken = {f'{other.colour} {other.shape}' for other in others} | HELD_OUT_PAIRS
    free = [colour for colour in colours if f'{colour} {item.shape}' not in taken]
    free = free or [colour for colour in COLOURS if f'{colour} {item.shape}' not in taken]
    colour = free[rng.integers(len(free))]
    return replace(item, colour=colour, rgb=item.rgb if colour == item.colour else draw_rgb(rng, colour))
