# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The parameters of the node robobrain_arm: names, types, ranges, defaults and meanings in one table.

Renew config/arm.yaml after a change: ``python -m robobrain_ros.planners.arm.parameters config/arm.yaml``.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.ros import topics, write_parameters
from robobrain_ros.ros.parameter import Parameter

PARAMETERS = (
    Parameter('brain', topics.NODE, "node whose plans are done, in this namespace unless it begins with /; '': none"),
    Parameter('frame', 'world', "frame that is planned in: z up, its origin in the middle of the table's surface"),
    Parameter('table', '1.2 0.7', "width and depth of the table, along the frame's x and y, m"),
    Parameter('base_pose', '0 0.5 0 0', "the arm's base in that frame: x y z, m, and its turn about z, degrees"),
    Parameter('arm_file', '', "JSON file that describes the arm; '': the package's own, of a UR5e with a 2F-85"),
    Parameter(
        'camera_pose',
        'tf',
        'where the pose of the depth camera comes from; tf: tf2; topic: camera_pose, in that frame',
        ('tf', 'topic'),
    ),
    Parameter('max_depth_age_s', 2.0, 'an older depth image is not used, s', low=0.1, high=600.0),
    Parameter('speed', 0.5, "part of the arm's speeds in the description that is used", low=0.01, high=1.0),
    Parameter('tolerance_rad', 0.01, 'the arm is there when no joint is further away, rad', low=0.0005, high=0.2),
    Parameter(
        'patience_s', 3.0, 'an arm that stands still so long before it is there, or is silent, is given up, s',
        low=0.2, high=60.0,
    ),
    Parameter('hand_joint', 'robotiq_85_left_knuckle_joint', "joint of the hand in joint_states; '': it is not told"),
    Parameter(
        'hand_closed',
        0.8,
        'value of the hand, in commands and joint_states, when it is closed; 0 is open', low=0.001, high=1000.0,
    ),
)  # fmt: skip


def numbers(name: str, value: str, count: int) -> list[float]:
    """Read a parameter of some numbers.

    :raises BadRequest: if it is something else
    """
    try:
        found = [float(word) for word in value.split()]
    except ValueError:
        found = []
    if len(found) != count or not np.isfinite(found).all():
        raise BadRequest(f'{name} is {value!r}, but must be {count} numbers')
    return found


def base_of(value: str) -> Array:
    """Return the pose (4, 4) that ``base_pose`` says.

    :raises BadRequest: if it says none
    """
    x, y, z, degrees = numbers('base_pose', value, 4)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[c, -s, 0, x], [s, c, 0, y], [0, 0, 1, z], [0, 0, 0, 1.0]])


def table_of(value: str) -> tuple[float, float]:
    """Return half of the width and half of the depth that ``table`` says, metres.

    :raises BadRequest: if it says none
    """
    width, depth = numbers('table', value, 2)
    if not (0 < width <= 10 and 0 < depth <= 10):
        raise BadRequest(f'table is {value!r}, but width and depth must be more than 0 and at most 10 m')
    return width / 2, depth / 2


def check(values: Mapping[str, Any]) -> None:
    """Check values that are more than one number.

    :raises BadRequest: if they make no sense; the sentence quotes them
    """
    base_of(values['base_pose'])
    table_of(values['table'])
    if not values['frame']:
        raise BadRequest("frame is '', but must be a name")


MODULE = 'robobrain_ros.planners.arm.parameters'


def ros_file() -> str:
    """A ROS parameter file (YAML) with every parameter at its default."""
    return write_parameters.ros_file(PARAMETERS, MODULE, '# They are read when the node starts.')


if __name__ == '__main__':
    write_parameters.main(MODULE, ros_file())
