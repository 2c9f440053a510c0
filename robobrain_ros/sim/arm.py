# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A table top in which a real arm's model moves things by contact and friction, and nothing else.

The arm's controller is as simple as a robot's: joint angles in, joint angles out. It holds its own weight, and knows
nothing of the things.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.clearance import OPEN_M, Arm, Capsule
from robobrain_ros.planners.arm.trajectory import Trajectory
from robobrain_ros.sim.arm_camera import ArmCamera
from robobrain_ros.sim.arm_model import ARM, HAND, JOINTS, STEP_S, arm_model, chain_of
from robobrain_ros.sim.layout import Layout
from robobrain_ros.sim.world import Body, State

HOME = np.array([1.57, -2.2, 2.2, -1.57, -1.57, 0.0])
"""Where the arm waits, radians: drawn back behind the table's middle, the hand pointing down."""
SPEEDS = np.array([2.0, 2.0, 2.5, 3.0, 3.0, 3.0])
"""Two thirds of what the arm can do, rad/s, and less where it is heavy."""
ACCELERATIONS = np.array([4.0, 4.0, 6.0, 10.0, 10.0, 10.0])
LINK_NAMES = ('shoulder', 'upper arm', 'forearm', 'wrist', 'wrist', 'wrist')
FULLY_CLOSED = 255.0
"""The most that the hand's actuator is told, which goes from 0."""
STILL = 0.02
"""What moves by less a second, metres or radians, stands still."""
GRIP_S = 0.5
"""The hand takes this long to open or close."""


def arm_of(model: Any) -> Arm:
    """Return what a planner knows about the arm of ``arm_model``: joints, shape, speeds."""
    import mujoco

    capsules = []
    for link, joint in enumerate(JOINTS[1:], 1):  # the shoulder stands on the pedestal
        body = int(model.joint(f'{ARM}{joint}').bodyid[0])
        first, count = int(model.body_geomadr[body]), int(model.body_geomnum[body])
        for geom in range(first, first + count):
            if not model.geom_contype[geom]:
                continue
            rotation = np.empty(9)
            mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
            along = rotation.reshape(3, 3)[:, 2] * model.geom_size[geom, 1]
            middle = np.array(model.geom_pos[geom])
            radius = float(model.geom_size[geom, 0])
            capsules.append(Capsule(LINK_NAMES[link], link, middle - along, middle + along, radius))
    return Arm(chain_of(model), tuple(capsules), HOME, SPEEDS, ACCELERATIONS)


class ArmWorld:
    """The table top of a layout, with an arm.

    Time passes only in ``step``, ``hold``, ``follow`` and ``grip``; the other methods only say what is wanted.

    :param layout: its gripper is replaced by the arm
    :raises RuntimeError: no OpenGL here, or no model of the arm; says what to install
    """

    def __init__(self, layout: Layout) -> None:
        self.view = layout.view
        self.table = layout.table
        self._items = layout.items
        self._model = arm_model(layout)
        import mujoco  # arm_model has chosen the backend

        self._data = mujoco.MjData(self._model)
        self.arm = arm_of(self._model)
        self._places = np.array([self._model.joint(f'{ARM}{name}').qposadr[0] for name in JOINTS])
        self._speeds = np.array([self._model.joint(f'{ARM}{name}').dofadr[0] for name in JOINTS])
        self._data.qpos[self._places] = HOME
        # A position servo lags behind by its damping: the speed that is wanted makes up for it.
        self._lead = -self._model.actuator_biasprm[:6, 2] / self._model.actuator_gainprm[:6, 0]
        self._knuckle = int(self._model.joint(f'{HAND}left_driver_joint').qposadr[0])
        self.command(HOME, np.zeros(len(HOME)))
        self.hold(0.2)

    @property
    def time(self) -> float:
        """Seconds since the world began."""
        return float(self._data.time)

    @property
    def angles(self) -> Array:
        """(6,): where the joints are, radians."""
        return np.array(self._data.qpos[self._places])

    @property
    def velocities(self) -> Array:
        """(6,): how fast the joints turn, rad/s."""
        return np.array(self._data.qvel[self._speeds])

    @property
    def knuckle(self) -> float:
        """How far the hand is closed, radians: 0 is open, about 0.8 closed."""
        return float(self._data.qpos[self._knuckle])

    @property
    def is_still(self) -> bool:
        """Whether nothing moves, arm and things."""
        return bool(np.abs(self._data.qvel).max() < STILL)

    def follow(self, trajectory: Trajectory) -> None:
        """Move along a trajectory, and come to rest."""
        for time in np.arange(0, trajectory.times[-1], STEP_S):
            self.command(*trajectory.at(time))
            self.step()
        self.command(trajectory.positions[-1], np.zeros(len(HOME)))
        self.hold(0.1)

    def grip(self, opening: float) -> None:
        """Open or close the hand to a distance between its pads, metres, or until something is in the way."""
        self.close_to(1 - opening / OPEN_M)
        self.hold(GRIP_S)

    def close_to(self, share: float) -> None:
        """Tell the hand how far to close: 0 opens it, 1 closes it."""
        self._data.ctrl[6] = FULLY_CLOSED * min(max(share, 0.0), 1.0)

    def hold(self, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / STEP_S)):
            self.step()

    def command(self, angles: Array, velocities: Array) -> None:
        """Tell the joints where to be, radians, and how fast they pass there, rad/s; each (6,)."""
        self._data.ctrl[:6] = angles + self._lead * velocities

    def step(self) -> None:
        """Let ``STEP_S`` pass."""
        import mujoco

        mujoco.mj_step(self._model, self._data)

    def state(self, moving: bool = False) -> State:
        """Return where everything is, as the judge of episodes reads it; what touches both fingers is held.

        :param moving: what the state says of that
        """
        bodies = []
        for index, item in enumerate(self._items):
            body = self._data.body(f'item{index}')
            solid = item.shape in ('cube', 'ball', 'cylinder')
            up = body.xmat.reshape(3, 3)[:, 2]
            middle = body.xpos if solid else body.xpos + up * item.height / 2
            bodies.append(Body(item, np.array(middle) - [0, 0, item.height / 2]))
        held = self._held()
        name = '' if held is None else bodies[held].name
        return State(tuple(bodies), np.array(self._data.site(f'{HAND}pinch').xpos), name, moving=moving)

    def _held(self) -> int | None:
        """Return the index of the thing that both fingers touch."""
        touched: dict[int, set[str]] = {}
        names = {self._model.body(f'item{index}').id: index for index in range(len(self._items))}
        sides = {self._model.body(f'{HAND}{side}_pad').id: side for side in ('left', 'right')}
        for contact in self._data.contact:
            bodies = [int(self._model.geom_bodyid[geom]) for geom in (contact.geom1, contact.geom2)]
            for one, other in (bodies, bodies[::-1]):
                if one in names and other in sides:
                    touched.setdefault(names[one], set()).add(sides[other])
        return next((index for index, both in touched.items() if len(both) == 2), None)

    def cloud(self) -> Array:
        """Return what the depth camera sees, as points (k, 3) of the world, metres."""
        with ArmCamera(self._model, self.view) as camera:
            depth = camera.depth(self._data)
        rows, columns = np.nonzero(np.isfinite(depth))
        return self.view.to_world(self.view.deproject(columns, rows, depth[rows, columns]))

    def picture(self, camera: Any = 'camera') -> NDArray[np.uint8]:
        """Draw the world as it is now: rgb (height, width, 3)."""
        with ArmCamera(self._model, self.view) as eye:
            return eye.picture(self._data, camera)

    def photograph(self, camera: ArmCamera) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Draw the world as it is now: what ``ArmCamera.picture`` and ``ArmCamera.depth`` return.

        :param camera: what ``camera`` has returned for this world
        """
        return camera.picture(self._data), camera.depth(self._data)

    @property
    def pose(self) -> Array:
        """(k,): where everything is and how it is turned, for ``film``."""
        return np.array(self._data.qpos)

    def film(self, poses: Iterable[Array], camera: Any) -> Iterator[NDArray[np.uint8]]:
        """Draw the world as it was, pose by pose: rgb (height, width, 3) of each; the world itself stays as it is.

        :param poses: what ``pose`` was
        :param camera: the camera's name, or a mujoco.MjvCamera
        """
        import mujoco

        data = mujoco.MjData(self._model)
        with ArmCamera(self._model, self.view) as eye:
            for pose in poses:
                data.qpos[:] = pose
                mujoco.mj_forward(self._model, data)
                yield eye.picture(data, camera)

    def camera(self, shows_arm: bool = True) -> ArmCamera:
        """Return a camera that stays open, and so draws three times as fast. Close it in the thread that draws.

        :param shows_arm: whether the arm is in its images
        """
        return ArmCamera(self._model, self.view, shows_arm)
