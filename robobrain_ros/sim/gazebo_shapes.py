# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Geoms of a MuJoCo model as shapes of SDF, and as meshes in Wavefront OBJ."""

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from robobrain_ros.sim.view import Array


def decimals(numbers: Iterable[float]) -> str:
    """Write numbers with six digits, a micrometre on a table; adding zero turns -0 into 0."""
    return ' '.join(f'{round(float(number), 6) + 0.0:.6g}' for number in numbers)


def shape(model: Any, index: int, mesh: str | None) -> str:
    """Write the shape of a geom: MuJoCo's sizes are halves and radii; those of SDF are whole, but for radii."""
    from mujoco import mjtGeom

    if mesh:
        return f'<mesh><uri>{escape(mesh)}</uri></mesh>'
    a, b, c = model.geom_size[index]
    round_body = f'<radius>{decimals([a])}</radius><length>{decimals([2 * b])}</length>'
    return {
        mjtGeom.mjGEOM_PLANE: f'<plane><normal>0 0 1</normal><size>{decimals([2 * a, 2 * b])}</size></plane>',
        mjtGeom.mjGEOM_BOX: f'<box><size>{decimals([2 * a, 2 * b, 2 * c])}</size></box>',
        mjtGeom.mjGEOM_SPHERE: f'<sphere><radius>{decimals([a])}</radius></sphere>',
        mjtGeom.mjGEOM_CYLINDER: f'<cylinder>{round_body}</cylinder>',
        mjtGeom.mjGEOM_CAPSULE: f'<capsule>{round_body}</capsule>',
    }[int(model.geom_type[index])]


def look(model: Any, index: int) -> Array:
    """Return the colour of a geom, or the mean of its texture, as (red, green, blue) in 0 .. 1."""
    from mujoco import mjtTextureRole

    material = model.geom_matid[index]
    if material < 0:
        rgb: Array = model.geom_rgba[index][:3]
        return rgb
    texture = model.tex(model.mat_texid[material, mjtTextureRole.mjTEXROLE_RGB])
    mean: Array = texture.data.reshape(-1, model.tex_nchannel[texture.id]).mean(axis=0) / 255
    return mean


def wavefront(model: Any, index: int, name: str) -> str:
    """Write the mesh of a geom in its body's frame, with MuJoCo's normals, as Wavefront OBJ.

    :param name: of the material and, without its ending, of the file with it; without one Gazebo warns for each mesh
    """
    import mujoco

    mesh = model.geom_dataid[index]
    vertices, normals, faces = (
        slice(first[mesh], first[mesh] + number[mesh])
        for first, number in (
            (model.mesh_vertadr, model.mesh_vertnum),
            (model.mesh_normaladr, model.mesh_normalnum),
            (model.mesh_faceadr, model.mesh_facenum),
        )
    )
    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[index])
    turn = rotation.reshape(3, 3).T
    lines = [f'mtllib {name}.mtl', f'usemtl {name}']
    lines += [f'v {_fixed(vertex)}' for vertex in model.mesh_vert[vertices] @ turn + model.geom_pos[index]]
    lines += [f'vn {_fixed(normal)}' for normal in model.mesh_normal[normals] @ turn]
    for corners, directions in zip(model.mesh_face[faces], model.mesh_facenormal[faces], strict=True):
        pairs = (f'{corner + 1}//{direction + 1}' for corner, direction in zip(corners, directions, strict=True))
        lines.append(f'f {" ".join(pairs)}')
    return '\n'.join([*lines, ''])


def _fixed(numbers: Array) -> str:
    """Write metres to hundredths of a millimetre: more digits would differ between machines."""
    return ' '.join(f'{round(float(number), 5) + 0.0:.5f}' for number in numbers)
