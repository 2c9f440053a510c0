# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Reads a file that describes an arm: its joints, what its parts take up, and how fast it may move."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from robobrain_ros.errors import BadRequest
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.planners.arm.chain import Array, Chain
from robobrain_ros.planners.arm.clearance import Arm, Capsule

UR5E_2F85 = Path(__file__).parent / 'ur5e_2f85.json'
"""A UR5e that carries a Robotiq 2F-85, in its frame ``base_link``; the pattern for files of other arms."""


def read_arm(path: Path, base: Array) -> Arm:
    """Read the description of an arm.

    :param path: JSON: ``joints`` from the base to the tool, each with ``name``, ``origin`` in the link before it,
        ``axis``, ``limits``, ``speed``, ``acceleration`` and angle at ``home``; the ``tool`` in the last link, z out
        of the hand; and ``capsules`` of the links, from 0. Metres, radians, quaternions (x, y, z, w)
    :param base: (4, 4) pose of the arm's own base, in the frame that is planned in
    :raises BadRequest: if there is no such file, or it describes no arm; says what is wrong
    """
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise BadRequest(f'the description of the arm cannot be read: {error}') from error
    try:
        joints = told['joints']
        offsets = np.array([_pose(joint['origin']) for joint in joints])
        offsets[0] = base @ offsets[0]
        limits = _numbers(joints, 'limits')
        chain = Chain(
            tuple(str(joint['name']) for joint in joints),
            offsets,
            _numbers(joints, 'axis'),
            _pose(told['tool']),
            limits[:, 0],
            limits[:, 1],
        )
        capsules = tuple(
            Capsule(
                str(one['name']),
                int(one['link']),
                np.array(one['start'], dtype=float),
                np.array(one['end'], dtype=float),
                float(one['radius']),
            )
            for one in told['capsules']
        )
        speeds, accelerations = _numbers(joints, 'speed'), _numbers(joints, 'acceleration')
        return Arm(chain, capsules, _numbers(joints, 'home'), speeds, accelerations)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadRequest(f'{path} describes no arm: {type(error).__name__}: {error}; compare {UR5E_2F85}') from error


def _numbers(joints: list[dict[str, Any]], key: str) -> Array:
    return np.array([joint[key] for joint in joints], dtype=float)


def _pose(told: dict[str, Any]) -> Array:
    x, y, z, w = told['quaternion']
    pose = np.eye(4)
    pose[:3, :3] = Transform.from_quaternion((0, 0, 0), (x, y, z, w)).rotation
    pose[:3, 3] = told['position']
    return pose
