# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the node robobrain_goto publishes: the pose to drive to, markers, and how far it is."""

import math

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from std_msgs.msg import ColorRGBA, Header
from visualization_msgs.msg import Marker, MarkerArray

from robobrain_ros.planners.failure import Failure, Recovery
from robobrain_ros.planners.goto.approach import Approach

ASKING, FAILED = 'ASKING', 'FAILED'
"""States of an instruction: the brain is asked; it has ended otherwise than it was meant to."""
GOAL, DRIVING, ARRIVED = 'GOAL', 'DRIVING', 'ARRIVED'
"""A pose has been published; Nav2 drives there; the robot is there."""
FOLLOWING, FOLLOWED = 'FOLLOWING', 'FOLLOWED'
"""Where the target is, is published again and again; Nav2 has ended to follow it by itself."""
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


def status(node: str, state: str, instruction: str, message: str, failure: Failure | None = None) -> DiagnosticStatus:
    """Tell how far an instruction is.

    :param node: full name of the node
    :param state: such as ASKING
    :param failure: why it failed; it gives the values ``code`` and ``recovery``, and perhaps ``number``
    """
    level = DiagnosticStatus.OK
    values = {'state': state, 'instruction': instruction}
    if failure is not None:
        level = DiagnosticStatus.WARN if failure.recovery is Recovery.NONE else DiagnosticStatus.ERROR
        values |= {'code': failure.code, 'recovery': failure.recovery.value}
        values |= {'number': str(failure.number)} if failure.number else {}
    return DiagnosticStatus(
        level=level,
        name=node,
        message=message,
        values=[KeyValue(key=key, value=value) for key, value in values.items()],
    )


def _pose(found: Approach) -> Pose:
    half = found.yaw / 2
    return Pose(position=Point(x=found.x, y=found.y), orientation=Quaternion(z=math.sin(half), w=math.cos(half)))
