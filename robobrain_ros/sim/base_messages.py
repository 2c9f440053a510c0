# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where the simulated robot and its camera are, as ROS messages."""

import math

from geometry_msgs.msg import Point, Pose, Quaternion, TransformStamped, Vector3
from std_msgs.msg import Header

from robobrain_ros.geometry.transform import quaternion
from robobrain_ros.sim import room_plan
from robobrain_ros.sim.room import mounting

BASE = 'base_link'
"""Frame of the robot: x forward, z up, its origin on the floor."""


def pose_message(pose: room_plan.Pose) -> Pose:
    """Return a pose on the floor."""
    half = pose.yaw / 2
    return Pose(position=Point(x=pose.x, y=pose.y), orientation=Quaternion(z=math.sin(half), w=math.cos(half)))


def mounting_pose() -> Pose:
    """Return where the camera's optical frame is on the robot."""
    mount = mounting()
    x, y, z = map(float, mount.position)
    rows = [(float(right), float(down), float(ahead)) for right, down, ahead in mount.rotation]
    qx, qy, qz, qw = quaternion(rows)
    return Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=qx, y=qy, z=qz, w=qw))


def camera_pose() -> str:
    """Where the camera is on the robot, as the brain's parameter ``camera_pose`` takes it."""
    pose = mounting_pose()
    place, turn = pose.position, pose.orientation
    numbers = (place.x, place.y, place.z, turn.x, turn.y, turn.z, turn.w)
    return ' '.join([BASE, *(f'{number:.6g}' for number in numbers)])


def transform(header: Header, child: str, pose: Pose) -> TransformStamped:
    """Return a pose as the transform from frame ``child`` to the header's."""
    place, message = pose.position, TransformStamped(header=header, child_frame_id=child)
    message.transform.translation = Vector3(x=place.x, y=place.y, z=place.z)
    message.transform.rotation = pose.orientation
    return message
