# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A layout as a MuJoCo model, in MJCF text.

The format: https://mujoco.readthedocs.io/en/stable/XMLreference.html
"""

import math
from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from robobrain_ros.sim.layout import Item, Layout, Light, Link, Surface
from robobrain_ros.sim.view import View

Profile = list[tuple[float, float]]
"""Half the section of a turned body: (radius, height) of each corner, metres."""

GRIPPER_GEOMS = (
    'type="box" size=".045 .018 .012" pos="0 0 .062"',  # palm
    'type="box" size=".006 .012 .028" pos=".03 0 .026"',  # fingers
    'type="box" size=".006 .012 .028" pos="-.03 0 .026"',
    'type="cylinder" size=".022 .05" pos="0 0 .12"',  # wrist
    'type="capsule" size=".035" fromto="0 0 .17 0 .10 .55"',  # arm
)
_MATTE = '<material name="matte" specular="0" shininess="0"/>'
_ALL_MATTE = '<default><geom material="matte"/></default>'


def model_xml(layout: Layout) -> str:
    """Return the MJCF of a layout.

    Bodies are called ``item0``, ``item1`` ... in the layout's order, and ``gripper``; the geoms of a mug's handle come
    after that of its body. The camera is called ``camera``.
    """
    meshes = [_mesh(f'item{i}', profile) for i, item in enumerate(layout.items) if (profile := _profile(item))]
    surfaces = [_surface(name, surface) for name, surface in layout.surfaces.items()]
    bodies = [_item(f'item{i}', item) for i, item in enumerate(layout.items)]
    half_width, half_depth = layout.table
    return f"""
<mujoco>
  <visual>
    <global offwidth="{layout.view.width}" offheight="{layout.view.height}"/>
    <map znear="0.02" zfar="12" shadowclip="1.2"/>
    <quality shadowsize="1024" offsamples="4"/>
    <headlight ambient="{_text([layout.ambient] * 3)}" diffuse="{_text([layout.headlight] * 3)}"/>
  </visual>
  <statistic extent="1" center="0 0 0"/>
  <asset>
    {_sky(layout)}
    {''.join(surfaces)}
    {''.join(meshes)}{_MATTE if layout.matte else ''}
  </asset>{_ALL_MATTE if layout.matte else ''}
  <worldbody>
    {''.join(_light(light) for light in layout.lights)}
    <geom name="floor" type="plane" size="4 4 .1" pos="0 0 -.7" material="floor"/>
    <geom name="wall" type="box" size="4 .05 3" pos="0 2 0" material="wall"/>
    <geom name="table" type="box" size="{half_width} {half_depth} .02" pos="0 0 -.02" material="table"/>
    {_camera(layout.view)}
    {_gripper(layout)}
    {''.join(bodies)}
  </worldbody>
</mujoco>"""


def _text(numbers: Iterable[float]) -> str:
    return ' '.join(f'{number:.6g}' for number in numbers)


def _rotation(yaw: float) -> str:
    return f'quat="{_text([math.cos(yaw / 2), 0, 0, math.sin(yaw / 2)])}"'


def _sky(layout: Layout) -> str:
    high, low = (_text(rgb) for rgb in layout.sky)
    return f'<texture name="sky" type="skybox" builtin="gradient" rgb1="{high}" rgb2="{low}" width="64" height="64"/>'


def _surface(name: str, surface: Surface) -> str:
    return (
        f'<texture name="{name}" type="2d" builtin="{surface.builtin}" width="128" height="128" mark="random"'
        f' rgb1="{_text(surface.base)}" rgb2="{_text(surface.other)}"'
        f' markrgb="{_text(surface.speckle)}" random="{surface.speckles:.3f}"/>'
        f'<material name="{name}" texture="{name}" texrepeat="{_text(surface.repeat)}" texuniform="false"'
        f' specular="{surface.specular:.2f}" shininess=".3"/>'
    )


def _light(light: Light) -> str:
    return (
        f'<light directional="true" pos="{_text(-light.direction)}" dir="{_text(light.direction)}"'
        f' diffuse="{_text(light.diffuse)}" specular="{_text([light.specular] * 3)}"'
        f' castshadow="{str(light.shadow).lower()}"/>'
    )


def _camera(view: View) -> str:
    # MuJoCo's camera looks along its -z, with y up.
    axes = [*view.rotation[:, 0], *-view.rotation[:, 1]]
    # Full precision: truth is calculated from the very same camera.
    xyaxes, position = (' '.join(map(repr, map(float, values))) for values in (axes, view.position))
    return f'<camera name="camera" pos="{position}" xyaxes="{xyaxes}" fovy="{math.degrees(view.fovy)!r}"/>'


def _gripper(layout: Layout) -> str:
    shapes = [f'{shape} rgba="{_text(rgb)} 1"' for shape, rgb in zip(GRIPPER_GEOMS, layout.gripper_rgb, strict=True)]
    if layout.arm is not None:
        shapes = [*shapes[:3], *(_link(link, layout.gripper_yaw) for link in layout.arm)]
    geoms = [f'<geom {shape}/>' for shape in shapes]
    return f'<body name="gripper" pos="{_text(layout.gripper)}" {_rotation(layout.gripper_yaw)}>{"".join(geoms)}</body>'


def _link(link: Link, yaw: float) -> str:
    """Describe a link in the gripper's frame, which is turned by ``yaw``."""
    c, s = math.cos(yaw), math.sin(yaw)
    ends = [(c * x + s * y, c * y - s * x, z) for x, y, z in (link.start, link.end)]
    kind = 'capsule' if link.round else 'cylinder'
    return f'type="{kind}" size="{link.radius:.6g}" fromto="{_text(np.ravel(ends))}" rgba="{_text(link.rgb)} 1"'


def _item(name: str, item: Item) -> str:
    look = f'rgba="{_text(item.rgb)} 1"'
    r, half = item.radius, item.height / 2
    solids = {
        'cube': f'type="box" size="{r} {r} {r}"',
        'ball': f'type="sphere" size="{r}"',
        'cylinder': f'type="cylinder" size="{r} {half}"',
    }
    # Meshes stand on their origin, solids have it in the middle. Half a millimetre of air prevents flicker.
    z = 0.0005 + (half if item.shape in solids else 0.0)
    body = solids.get(item.shape, f'type="mesh" mesh="{name}"')
    geoms = [f'<geom {body} {look}/>']
    geoms += [f'<geom type="capsule" size=".0055" fromto="{bar}" {look}/>' for bar in _handle(item)]
    return f'<body name="{name}" pos="{_text([item.x, item.y, z])}" {_rotation(item.yaw)}>{"".join(geoms)}</body>'


def _handle(item: Item) -> list[str]:
    """Return the ends of each bar of a mug's handle, from low to high, in its body's frame; nothing for other items."""
    if item.shape != 'mug':
        return []
    inner, outer, low, high = item.radius - 0.003, item.grip_gap, item.height * 0.25, item.height * 0.8
    corners = [
        (inner, low),
        (outer - 0.006, low + 0.004),
        (outer, low + 0.018),
        (outer, high - 0.018),
        (outer - 0.006, high - 0.004),
        (inner, high),
    ]
    return [_text([x0, 0, z0, x1, 0, z1]) for (x0, z0), (x1, z1) in pairwise(corners)]


def _profile(item: Item) -> Profile:
    """Return half the section of a turned item, from the axis over outside and inside back to it; else nothing."""
    r, h = item.radius, item.height
    if item.shape == 'bowl':
        wall, angles = 0.006, np.linspace(0, math.pi / 2, 7)
        outside = [(r * (0.45 + 0.55 * math.sin(a)), h * (1 - math.cos(a))) for a in angles]
        inside = [
            ((r - wall) * (0.42 + 0.58 * math.sin(a)), wall + (h - wall) * (1 - math.cos(a))) for a in angles[::-1]
        ]
        return [(0, 0), *outside, *inside, (0, wall)]
    if item.shape == 'plate':
        return [(0, 0), (r * 0.6, 0), (r, h), (r - 0.004, h + 0.002), (r * 0.62, 0.005), (0, 0.005)]
    if item.shape == 'mug':
        wall = 0.004
        return [(0, 0), (r, 0), (r, h), (r - wall, h), (r - wall, wall), (0, wall)]
    return []


def _mesh(name: str, profile: Profile, segments: int = 28) -> str:
    """Return a closed surface of revolution around z, as MJCF."""
    vertices: list[tuple[float, float, float]] = []
    faces: list[tuple[int, int, int]] = []
    rings: list[list[int]] = []
    for radius, z in profile:
        first = len(vertices)
        if radius == 0:
            rings.append([first] * segments)
            vertices.append((0, 0, z))
        else:
            rings.append(list(range(first, first + segments)))
            turns = (2 * math.pi * k / segments for k in range(segments))
            vertices += [(radius * math.cos(turn), radius * math.sin(turn), z) for turn in turns]
    for lower, upper in pairwise(rings):
        for k in range(segments):
            n = (k + 1) % segments
            faces += [(lower[k], lower[n], upper[k])] if lower[k] != lower[n] else []
            faces += [(lower[n], upper[n], upper[k])] if upper[k] != upper[n] else []
    vertex, face = _text(np.ravel(vertices)), ' '.join(map(str, np.ravel(faces)))
    return f'<mesh name="{name}" inertia="shell" vertex="{vertex}" face="{face}"/>'
