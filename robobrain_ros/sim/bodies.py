# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Things of a table top as rigid bodies that fall, slide and are gripped: contact shapes and masses for MuJoCo.

MuJoCo collides the convex hull of a mesh, so bowls, plates and mugs get walls of small convex pieces.
"""

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from robobrain_ros.sim.layout import Array, Item, Layout

DENSITY = 500.0
"""Solid toys are of wood: kg per cubic metre."""
HOLLOW_KG = {'bowl': 0.18, 'plate': 0.25, 'mug': 0.22}
FRICTION = (0.8, 0.005, 0.0005)
"""Coefficients of sliding, of spinning and of rolling; rolling, so that a ball comes to rest as it does on cloth."""
ROLLS = 6
"""MuJoCo's condim of a contact that resists sliding, spinning and rolling."""
SECTORS = {'bowl': 16, 'plate': 16, 'mug': 12}
"""Pieces around the axis."""
UNSEEN = 3
"""Group of geoms that MuJoCo's renderer leaves out."""
_Section = list[tuple[float, float]]


def free_things(spec: Any, layout: Layout) -> None:
    """Let the things of a layout move: give their bodies free joints, masses and shapes for contact.

    :param spec: a mujoco.MjSpec of ``sim.mjcf.model_xml(layout)``, changed in place
    """
    for index, item in enumerate(layout.items):
        body = spec.body(f'item{index}')
        body.add_freejoint(name=f'item{index}')
        for geom in body.geoms:
            geom.friction, geom.condim = FRICTION, ROLLS
            geom.density = DENSITY
        if item.shape in HOLLOW_KG:
            _hollow(spec, body, item)


def _hollow(spec: Any, body: Any, item: Item) -> None:
    """Replace the mesh, as far as contact is concerned, by a floor and a wall; bars of a handle stay as they are."""
    import mujoco

    mesh = body.first_geom()
    mesh.contype, mesh.conaffinity, mesh.density = 0, 0, 0
    body.explicitinertial, body.mass = True, HOLLOW_KG[item.shape]
    body.ipos = [0, 0, item.height * 0.4]
    body.inertia = _inertia(item)
    common = {'friction': FRICTION, 'condim': ROLLS, 'group': UNSEEN, 'rgba': [1, 1, 1, 1], 'density': 0}
    radius, thick = _floor(item)
    body.add_geom(type=mujoco.mjtGeom.mjGEOM_CYLINDER, size=[radius, thick / 2, 0], pos=[0, 0, thick / 2], **common)
    for number, corners in enumerate(_wall(item)):
        name = f'{body.name}_wall{number}'
        spec.add_mesh(name=name, uservert=corners.ravel().tolist(), inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_CONVEX)
        body.add_geom(type=mujoco.mjtGeom.mjGEOM_MESH, meshname=name, **common)


def _inertia(item: Item) -> list[float]:
    """Return the moments of a cylindrical shell of its size, kg m²; rather more than less, for a steady solver."""
    mass, r, h = HOLLOW_KG[item.shape], item.radius, item.height
    across = mass * (r * r / 2 + h * h / 12)
    return [across, across, mass * r * r]


def _floor(item: Item) -> tuple[float, float]:
    """Return radius and thickness of the part of its bottom that touches what it stands on; as ``sim/mjcf.py``."""
    return {
        'bowl': (0.45 * item.radius, 0.006),
        'plate': (0.62 * item.radius, 0.005),
        'mug': (item.radius - 0.002, 0.004),
    }[item.shape]


def _sections(item: Item) -> tuple[_Section, _Section]:
    """Return (radius, height) along the wall from low to high, of its outside and of its inside; as ``sim/mjcf.py``."""
    r, h = item.radius, item.height
    if item.shape == 'bowl':
        wall, angles = 0.006, np.linspace(0, math.pi / 2, 4)
        outside = [(r * (0.45 + 0.55 * math.sin(a)), h * (1 - math.cos(a))) for a in angles]
        inside = [((r - wall) * (0.42 + 0.58 * math.sin(a)), wall + (h - wall) * (1 - math.cos(a))) for a in angles]
        return outside, inside
    if item.shape == 'plate':
        return [(0.6 * r, 0), (r, h)], [(0.62 * r, 0.005), (r - 0.004, h + 0.002)]
    return [(r, 0), (r, h)], [(r - 0.004, 0.004), (r - 0.004, h)]


def _wall(item: Item) -> Iterator[Array]:
    """Yield the corners (8, 3) of each convex piece of a wall, in its body's frame."""
    outside, inside = (list(pairwise(section)) for section in _sections(item))
    turns = np.linspace(0, 2 * math.pi, SECTORS[item.shape] + 1)
    for (low, high), (low_in, high_in) in zip(outside, inside, strict=True):
        for turn in pairwise(turns):
            ends = [(math.cos(angle), math.sin(angle)) for angle in turn]
            yield np.array([(c * r, s * r, z) for c, s in ends for r, z in (low, high, low_in, high_in)])
