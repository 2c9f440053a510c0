# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A seeded table top as a Gazebo world: ``python -m robobrain_ros.sim.sdf 1 worlds/tabletop.sdf`` renews that file.

The world is read from the compiled MuJoCo model, so sizes and poses are the same. The format is SDF 1.11, that of
Gazebo Harmonic (http://sdformat.org/spec?ver=1.11); what is round and hollow goes to ``meshes/tabletop`` beside the
file. It looks nearly the same: a texture becomes its mean colour, and ``gazebo_light`` chooses colours and lights.
"""

import argparse
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from robobrain_ros.sim.gazebo_light import GazeboLight, ambient_light, directional_lights, linear
from robobrain_ros.sim.gazebo_shapes import decimals, look, shape, wavefront
from robobrain_ros.sim.layout import draw
from robobrain_ros.sim.scene import compile_model
from robobrain_ros.sim.view import OPTICAL_FRAME, Array, View

CAMERA = 'camera'
"""Name of the camera's model, and the Gazebo topic that its own are below."""
RATE_HZ = 10
CLIP_M = (0.02, 12.0)
STEP_S = 0.01
"""Simulated seconds from one /clock message to the next; nothing moves, so the step may be coarse."""
SHADOWLESS = ('floor', 'wall')
"""Models that cast no shadow: the wall would darken the table, which it does not do in MuJoCo's picture."""
SYSTEMS = {
    'gz-sim-physics-system': 'Physics',
    'gz-sim-user-commands-system': 'UserCommands',
    'gz-sim-scene-broadcaster-system': 'SceneBroadcaster',
    'gz-sim-sensors-system': 'Sensors',
}
"""Plugins of Gazebo by the name of their file: their class."""

Files = dict[str, str]
"""Texts by the path of their file, relative to the world's."""


def world(seed: int, meshes: str = 'meshes', width: int = 640, height: int = 480) -> tuple[str, Files]:
    """Return the world's SDF, and the files that lie beside it: names such as ``meshes/red_bowl.obj`` and their text.

    Each mesh has a file of the same name that ends in ``.mtl``, with its colour.

    Everything is static. Bodies become models of the same origin, called ``red_bowl`` or ``gripper``; the geoms of a
    body become visuals and collisions in the same order.

    :param meshes: the folder of those files, no other world's
    :raises ValueError: an image size that no table top fits into
    :raises RuntimeError: no OpenGL here; says what to install
    """
    layout = draw(seed, width, height)
    model = compile_model(layout)
    names = [f'{item.colour}_{item.shape}' for item in layout.items]
    bodies = [*((f'item{index}', name) for index, name in enumerate(names)), ('gripper', 'gripper')]
    files: Files = {}
    models = [_model(name, _geom_pose(model, index), [(index, None)], model) for name, index in _alone(model)]
    for body_name, name in bodies:
        body = model.body(body_name)
        geoms = range(int(body.geomadr[0]), int(body.geomadr[0] + body.geomnum[0]))
        solids = []
        for index in geoms:
            is_mesh = model.geom_dataid[index] >= 0
            path = f'{meshes}/{name}.obj' if is_mesh else None
            if path:
                files[path] = wavefront(model, index, name)
                files[f'{meshes}/{name}.mtl'] = f'newmtl {name}\nKd {decimals(look(model, index))}\n'
            solids.append((index, path))
        models.append(_model(name, _pose(body.pos, body.quat), solids, model))
    systems = ''.join(
        f'<plugin filename="{file}" name="gz::sim::systems::{name}">'
        f'{"<render_engine>ogre2</render_engine>" if name == "Sensors" else ""}</plugin>'
        for file, name in SYSTEMS.items()
    )
    ambient, sky = _colour(ambient_light(model)), _colour(np.mean(layout.sky, axis=0))
    lights = map(_light, directional_lights(model, layout.view))
    text = f"""<sdf version="1.11"><world name="tabletop">
        <physics name="still" type="ignored"><max_step_size>{STEP_S}</max_step_size>
        <real_time_factor>1</real_time_factor></physics>{systems}
        <scene><ambient>{ambient}</ambient><background>{sky}</background></scene>
        {''.join(lights)}{''.join(models)}{_camera(layout.view)}</world></sdf>"""
    element = ElementTree.fromstring(''.join(line.strip() for line in text.splitlines()))
    ElementTree.indent(element)
    head = f'<!-- The table top of seed {seed}, made by python -m robobrain_ros.sim.sdf {seed} worlds/tabletop.sdf -->'
    return f'<?xml version="1.0"?>\n{head}\n{ElementTree.tostring(element, encoding="unicode")}\n', files


def camera_pose(sdf: Path) -> list[str]:
    """Read the pose of a world's camera (x forward, z up) in the world: x y z in metres, then the quaternion x y z w.

    :raises ValueError: the file is no world of this module; says what is wrong with it
    """
    try:
        root = ElementTree.parse(sdf).getroot()
    except (OSError, ElementTree.ParseError) as error:
        raise ValueError(f'{str(sdf)!r} is no SDF world: {error}') from error
    pose = root.find(f"world/model[@name='{CAMERA}']/pose[@rotation_format='quat_xyzw']")
    numbers = (pose.text or '').split() if pose is not None else []
    if len(numbers) != 7:
        raise ValueError(f'{str(sdf)!r} has no model {CAMERA!r} with a pose as robobrain_ros.sim.sdf writes it')
    return numbers


def _alone(model: Any) -> Iterator[tuple[str, int]]:
    """Yield name and number of the geoms that belong to the world itself: floor, wall, table."""
    for index in range(model.ngeom):
        if model.geom_bodyid[index] == 0:
            yield model.geom(index).name, index


def _colour(rgb: Iterable[float]) -> str:
    return f'{decimals(np.clip(np.asarray(rgb, dtype=float), 0, 1))} 1'


def _pose(position: Iterable[float], quaternion: Array, digits: int = 6) -> str:
    """Write a pose.

    :param quaternion: w x y z, as MuJoCo has it; SDF has x y z w
    """
    numbers = [round(float(number), digits) + 0.0 for number in [*position, *quaternion[1:], quaternion[0]]]
    return f'<pose rotation_format="quat_xyzw">{" ".join(f"{number:.10g}" for number in numbers)}</pose>'


def _geom_pose(model: Any, index: int) -> str:
    return _pose(model.geom_pos[index], model.geom_quat[index])


def _model(name: str, pose: str, solids: list[tuple[int, str | None]], model: Any) -> str:
    """Write a model of one link.

    :param solids: the number of each geom, with the file of its mesh if it has one
    """
    parts = []
    shadow = '<cast_shadows>false</cast_shadows>' if name in SHADOWLESS else ''
    for number, (index, mesh) in enumerate(solids):
        geometry = f'<geometry>{shape(model, index, mesh)}</geometry>'
        # Geoms of the world are the model, and a mesh's vertices are in its body's frame already.
        place = '' if mesh or model.geom_bodyid[index] == 0 else _geom_pose(model, index)
        colour = _colour(linear(look(model, index)))
        material = f'<material><ambient>{colour}</ambient><diffuse>{colour}</diffuse></material>'
        parts.append(f'<visual name="visual{number}">{place}{shadow}{geometry}{material}</visual>')
        parts.append(f'<collision name="collision{number}">{place}{geometry}</collision>')
    link = f'<link name="link">{"".join(parts)}</link>'
    return f'<model name="{name}"><static>true</static>{pose}{link}</model>'


def _light(light: GazeboLight) -> str:
    return (
        f'<light name="{light.name}" type="directional"><cast_shadows>{str(light.shadow).lower()}</cast_shadows>'
        f'<pose>{decimals(light.position)} 0 0 0</pose><intensity>{decimals([light.intensity])}</intensity>'
        f'<diffuse>{_colour(light.colour)}</diffuse><specular>{_colour(light.specular)}</specular>'
        f'<direction>{decimals(light.direction)}</direction></light>'
    )


def _camera(view: View) -> str:
    """Write an RGB-D camera.

    A sensor of Gazebo looks along x, with y left and z up (REP-103); its messages name the optical frame, in which
    their pixels and depths are meant.
    """
    import mujoco

    right, down, forward = view.rotation.T
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.stack([forward, -right, -down], axis=1).ravel())
    fov = 2 * math.atan(math.tan(view.fovy / 2) * view.width / view.height)
    near, far = CLIP_M
    pose = _pose(view.position, quaternion, digits=9)
    return f"""<model name="{CAMERA}"><static>true</static>{pose}<link name="link">
        <sensor name="rgbd" type="rgbd_camera"><topic>{CAMERA}</topic><always_on>true</always_on>
        <update_rate>{RATE_HZ}</update_rate><camera><horizontal_fov>{fov:.9f}</horizontal_fov>
        <image><width>{view.width}</width><height>{view.height}</height><format>R8G8B8</format></image>
        <clip><near>{near}</near><far>{far}</far></clip><optical_frame_id>{OPTICAL_FRAME}</optical_frame_id>
        </camera></sensor></link></model>"""


def write(seed: int, path: Path) -> None:
    """Write the world of a seed to a file, and its meshes to a folder ``meshes/<the file's stem>`` beside it."""
    text, files = world(seed, f'meshes/{path.stem}')
    for name, content in {path.name: text, **files}.items():
        (path.parent / name).parent.mkdir(parents=True, exist_ok=True)
        (path.parent / name).write_text(content)


if __name__ == '__main__':
    parser = argparse.ArgumentParser('python -m robobrain_ros.sim.sdf', description='Write a table top for Gazebo.')
    parser.add_argument('seed', type=int, help='which table top, 0 or more')
    parser.add_argument('file', type=Path, help='such as table.sdf; its meshes go to meshes/table beside it')
    chosen = parser.parse_args()
    if chosen.seed < 0:
        parser.error(f'the seed is {chosen.seed}, but must be 0 or more')
    try:
        write(chosen.seed, chosen.file)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        parser.error(str(error))
