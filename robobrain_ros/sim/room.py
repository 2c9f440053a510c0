# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A room in MuJoCo with a camera on a robot that drives: what the camera sees, and who judges where the robot is."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.sim.backend import choose_backend
from robobrain_ros.sim.layout import Layout
from robobrain_ros.sim.mjcf import model_xml
from robobrain_ros.sim.room_plan import RADIUS_M, TABLE_M, Box, Plan, Pose, draw_room
from robobrain_ros.sim.scene import photograph
from robobrain_ros.sim.view import View

CAMERA_M = (0.1, 0.0, 1.45)
"""Where the camera is on the robot: x forward, y left, z up from the floor."""
DOWN_RAD, FOVY_RAD = math.radians(22), math.radians(34)
"""It looks down by so much, and sees so much from the upper edge to the lower one."""
HEAD_M = 1.5
"""Height of the robot."""
FAR_M = 20.0
"""Distances up to this are looked for, metres."""
SHELL = ('table', 'wall', 'floor')


@dataclass(frozen=True)
class Verdict:
    """Where the robot stands before a thing, as the simulator knows it."""

    distance_m: float
    """Between their middles, on the floor plan."""
    off_rad: float
    """Between the robot's front and the direction to the thing."""
    least_gap_m: float
    """The narrowest gap that there was between the robot and anything else on its way; 0 or less: it has touched it."""


class Room:
    """One room with its robot. The same seed gives the same room. Not for several threads.

    :param seed: not negative
    :param width: image width in pixels
    :param height: image height in pixels
    :raises ValueError: a negative seed, or an image size that no table top fits into
    :raises RuntimeError: no OpenGL here; says what to install
    """

    def __init__(self, seed: int, width: int = 640, height: int = 480) -> None:
        self.seed, self.size = seed, (width, height)
        self.plan: Plan = draw_room(seed, width, height)
        self._model = _compile(self.plan)
        self._solids = [geom for geom in range(self._model.ngeom) if self._model.geom(geom).name.startswith('solid')]
        self._least_gap_m = math.inf
        self._pose = self.plan.robot
        self.move(self._pose)

    @property
    def pose(self) -> Pose:
        """Where the robot is."""
        return self._pose

    def move(self, pose: Pose) -> None:
        """Put the robot somewhere, and note how near it comes to anything there; takes some 0.1 ms."""
        self._pose = pose
        body = self._model.body('robot')
        body.pos[:2] = pose.x, pose.y
        body.quat[:] = math.cos(pose.yaw / 2), 0, 0, math.sin(pose.yaw / 2)
        self._least_gap_m = min(self._least_gap_m, self._gap_m())

    def _gap_m(self) -> float:
        import mujoco

        data = mujoco.MjData(self._model)
        mujoco.mj_kinematics(self._model, data)
        hull = self._model.geom('hull').id
        return min(float(mujoco.mj_geomDistance(self._model, data, hull, s, FAR_M, None)) for s in self._solids)

    @property
    def view(self) -> View:
        """The camera where it is now, in ``map``."""
        mount = mounting()
        turn = np.array([[math.cos(self._pose.yaw), -math.sin(self._pose.yaw), 0.0]] * 3)
        turn[1], turn[2] = (math.sin(self._pose.yaw), math.cos(self._pose.yaw), 0.0), (0.0, 0.0, 1.0)
        return View(*self.size, FOVY_RAD, turn @ mount.rotation, self._pose.out(mount.position))

    def render(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Draw what the camera sees: (rgb, depth in metres along the optical axis); takes some 0.3 s in software."""
        rgb, depth, _ = photograph(self._model, self.view)
        return rgb, depth

    def seen(self, least: int = 40) -> dict[str, tuple[float, float]]:
        """Find the things that the camera sees, and the pixel (u, v) in the middle of what is seen of each.

        :param least: pixels of it that have to be seen, counted in an image of 320x240
        """
        _, _, geoms = photograph(self._model, self.view)
        found = {}
        for name in self.plan.things:
            body = self._model.body(name)
            rows, columns = np.nonzero((geoms >= body.geomadr[0]) & (geoms < body.geomadr[0] + body.geomnum[0]))
            if len(rows) >= least * geoms.size / (320 * 240):
                middle = np.argmin((columns - columns.mean()) ** 2 + (rows - rows.mean()) ** 2)
                found[name] = (float(columns[middle]), float(rows[middle]))
        return found

    def judge(self, name: str) -> Verdict:
        """Judge where the robot stands before a thing, and how it came there since the room was made.

        :param name: such as ``red mug``
        :raises KeyError: if there is no such thing in the room
        """
        x, y, _ = self.plan.things[name]
        ahead = math.atan2(y - self._pose.y, x - self._pose.x) - self._pose.yaw
        off = abs(math.remainder(ahead, 2 * math.pi))
        return Verdict(math.hypot(x - self._pose.x, y - self._pose.y), off, self._least_gap_m)


def mounting() -> View:
    """Return the camera in the robot's own frame, whose origin is on the floor; the image's size means nothing."""
    down = math.tan(DOWN_RAD)
    ahead = np.array(CAMERA_M) + [1.0, 0.0, -down]
    return View.looking_at(ahead, CAMERA_M, 0.0, FOVY_RAD, (1, 1))


def _compile(plan: Plan) -> Any:
    choose_backend()
    import mujoco

    spec = mujoco.MjSpec.from_string(model_xml(plan.tables[0].layout))
    _strip(spec, keep=('floor',))
    # The shadow of a directional light is drawn around the place that it is said to be at.
    for light in spec.lights:
        light.pos = np.array([plan.tables[0].pose.x, plan.tables[0].pose.y, TABLE_M]) - np.array(light.dir)
    floor = spec.geom('floor')
    floor.pos, floor.size = [plan.size[0] / 2, plan.size[1] / 2, 0], [8, 8, 0.1]
    for number, wall in enumerate(plan.walls):
        _add_box(spec, f'solid wall {number}', wall, material='wall')
    for number, box in enumerate(plan.boxes):
        shade = 0.35 + 0.1 * number
        _add_box(spec, f'solid box {number}', box, rgba=[shade, shade * 0.85, shade * 0.7, 1])
    for number, table in enumerate(plan.tables):
        child = _table_top(table.layout)
        frame = spec.worldbody.add_frame(
            pos=[table.pose.x, table.pose.y, TABLE_M],
            quat=[math.cos(table.pose.yaw / 2), 0, 0, math.sin(table.pose.yaw / 2)],
        )
        spec.attach(child, prefix=f'table{number}/', frame=frame)
        for index, item in enumerate(table.layout.items):
            spec.body(f'table{number}/item{index}').name = f'{item.colour} {item.shape}'
        _add_box(spec, f'solid table {number}', table.box, rgba=[0, 0, 0, 0], group=3)
    _add_robot(spec)
    return spec.compile()


def _strip(spec: Any, keep: tuple[str, ...]) -> None:
    """Delete the things of a table top and what is around them."""
    for body in list(spec.worldbody.bodies):
        spec.delete(body)
    for geom in SHELL:
        if geom not in keep:
            spec.delete(spec.geom(geom))
    spec.delete(spec.camera('camera'))


def _table_top(layout: Layout) -> Any:
    """Return the mujoco.MjSpec of a table with its things alone, on legs."""
    import mujoco

    spec = mujoco.MjSpec.from_string(model_xml(layout))
    spec.delete(spec.body('gripper'))
    spec.delete(spec.camera('camera'))
    for geom in ('wall', 'floor'):
        spec.delete(spec.geom(geom))
    for light in list(spec.lights):
        spec.delete(light)
    half = (TABLE_M - 0.04) / 2
    for x in (-1, 1):
        for y in (-1, 1):
            spec.worldbody.add_geom(
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=[0.025, 0.025, half],
                pos=[x * (layout.table[0] - 0.04), y * (layout.table[1] - 0.04), -0.04 - half],
                material='table',
            )
    return spec


def _add_box(spec: Any, name: str, box: Box, **look: Any) -> None:
    import mujoco

    spec.worldbody.add_geom(
        name=name,
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[*box.half, box.height / 2],
        pos=[box.pose.x, box.pose.y, box.height / 2],
        quat=[math.cos(box.pose.yaw / 2), 0, 0, math.sin(box.pose.yaw / 2)],
        **look,
    )


def _add_robot(spec: Any) -> None:
    """Add a round base with a mast and the camera on it, and the unseen cylinder that must touch nothing."""
    import mujoco

    cylinder = mujoco.mjtGeom.mjGEOM_CYLINDER
    body = spec.worldbody.add_body(name='robot')
    body.add_geom(type=cylinder, size=[RADIUS_M, 0.14, 0], pos=[0, 0, 0.17], rgba=[0.16, 0.17, 0.2, 1])
    body.add_geom(type=cylinder, size=[0.03, HEAD_M / 2 - 0.05, 0], pos=[0, 0, HEAD_M / 2], rgba=[0.6, 0.6, 0.62, 1])
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.03, 0.09, 0.03], pos=[0.05, 0, CAMERA_M[2]], rgba=[0.9, 0.5, 0.1, 1]
    )
    half = HEAD_M / 2
    body.add_geom(
        name='hull', type=cylinder, size=[RADIUS_M, half, 0], pos=[0, 0, half + 0.01], rgba=[0, 0, 0, 0], group=3
    )
    view = mounting()
    axes = np.stack([view.rotation[:, 0], -view.rotation[:, 1], -view.rotation[:, 2]], axis=1)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, axes.ravel())
    body.add_camera(name='camera', pos=view.position, quat=quaternion, fovy=math.degrees(FOVY_RAD))
