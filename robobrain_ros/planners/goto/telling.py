# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the node robobrain_goto publishes: the pose to drive to, the place of the thing, and markers of both."""

import math

from builtin_interfaces.msg import Time
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from robobrain_ros.planners.goto.approach import Approach

ARROW, TARGET = ColorRGBA(r=0.2, g=0.9, b=0.3, a=1.0), ColorRGBA(r=1.0, g=0.75, b=0.0, a=1.0)


def goal_pose(found: Approach, frame: str, stamp: Time) -> PoseStamped:
    """Make the pose to drive to; its x axis is the robot's front."""
    return PoseStamped(header=Header(frame_id=frame, stamp=stamp), pose=_pose(found))


def object_pose(place: Point, frame: str, stamp: Time) -> PoseStamped:
    """Make the place of a thing; which way it faces is not known."""
    return PoseStamped(
        header=Header(frame_id=frame, stamp=stamp), pose=Pose(position=place, orientation=Quaternion(w=1.0))
    )


def markers(found: Approach, target: Point, frame: str, stamp: Time) -> MarkerArray:
    """Show an arrow where the robot is to stand, and a ball at the target."""
    header = Header(frame_id=frame, stamp=stamp)
    arrow = Marker(header=header, ns='goto', id=0, type=Marker.ARROW, pose=_pose(found), color=ARROW)
    arrow.scale.x, arrow.scale.y, arrow.scale.z = 0.5, 0.06, 0.06
    ball = Marker(header=header, ns='goto', id=1, type=Marker.SPHERE, color=TARGET)
    ball.pose.position, ball.pose.orientation.w = target, 1.0
    ball.scale.x = ball.scale.y = ball.scale.z = 0.1
    return MarkerArray(markers=[arrow, ball])


def no_markers() -> MarkerArray:
    """Delete what was shown before."""
    return MarkerArray(markers=[Marker(ns='goto', action=Marker.DELETEALL)])


def _pose(found: Approach) -> Pose:
    half = found.yaw / 2
    return Pose(position=Point(x=found.x, y=found.y), orientation=Quaternion(z=math.sin(half), w=math.cos(half)))
