# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where things are, as the node robobrain_goto hears it: the costmap and the robot."""

import math
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time as Stamp
from geometry_msgs.msg import Point, PoseWithCovarianceStamped
from nav_msgs.msg import OccupancyGrid
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.goto import topics
from robobrain_ros.planners.goto.grid import Grid
from robobrain_ros.planners.goto.pose_history import Pose2D, PoseHistory

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Newest message, also from before this node was there."""


class Costmap:
    """Keeps the newest costmap.

    :param frame: that it has to be in
    """

    def __init__(self, node: Node, frame: str) -> None:
        self._node, self._frame = node, frame
        self._newest: OccupancyGrid | None = None
        self._topic = node.create_subscription(OccupancyGrid, topics.COSTMAP, self._hear, LATCHED).topic_name

    def _hear(self, message: OccupancyGrid) -> None:
        self._newest = message

    def grid(self, max_age_s: float) -> Grid:
        """Read the newest costmap; takes about a millisecond.

        :param max_age_s: oldest that is used, by its stamp and the node's clock, seconds; 0: any
        :raises Failure: if there is none that can be used
        """
        message = self._newest
        if message is None:
            raise Failure('NO_COSTMAP', f'no costmap has come on {self._topic}')
        age_s = (self._node.get_clock().now() - Time.from_msg(message.header.stamp)).nanoseconds / 1e9
        if 0 < max_age_s < age_s:
            raise Failure(
                'STALE_COSTMAP',
                f'the costmap on {self._topic} is {age_s:.1f} s old, more than {max_age_s:g} s: Nav2 repeats '
                'it only with always_send_full_costmap: true; or set max_costmap_age_s to 0',
            )
        if message.header.frame_id != self._frame:
            raise Failure(
                'BAD_COSTMAP',
                f'the costmap is in frame {message.header.frame_id!r}, but map_frame is {self._frame!r}',
            )
        info = message.info
        cells = np.array(message.data, np.int8)
        if cells.size != info.width * info.height:
            raise Failure(
                'BAD_COSTMAP', f'the costmap has {cells.size} cells, but says that it has {info.width} x {info.height}'
            )
        origin = info.origin
        try:
            return Grid(
                cells.reshape(info.height, info.width),
                info.resolution,
                origin.position.x,
                origin.position.y,
                yaw_of(origin.orientation),
            )
        except BadRequest as error:
            raise Failure('BAD_COSTMAP', str(error)) from error


class PoseFromTopic:
    """Keeps the robot's poses from a topic. However old the newest is, it is used: AMCL tells only what moves.

    :param frame: that it has to be in
    """

    def __init__(self, node: Node, frame: str) -> None:
        self._frame = frame
        self._newest: PoseWithCovarianceStamped | None = None
        self._history = PoseHistory()
        subscription = node.create_subscription(PoseWithCovarianceStamped, topics.ROBOT_POSE, self._hear, LATCHED)
        self._topic = subscription.topic_name

    def _hear(self, message: PoseWithCovarianceStamped) -> None:
        self._newest = message
        pose = message.pose.pose
        where = Pose2D(pose.position.x, pose.position.y, yaw_of(pose.orientation))
        self._history.add(Time.from_msg(message.header.stamp).nanoseconds, where)

    def place(self) -> tuple[float, float]:
        """Where the robot is: x and y, metres.

        :raises Failure: if that is not known in the frame
        """
        position = self._known().pose.pose.position
        return position.x, position.y

    def in_fixed_frame(self, place: Point, stamp: Stamp) -> Point:
        """Turn a place in the robot's own frame into one in the fixed frame; its height stays as it is.

        :param place: metres; x forward, y left, z up
        :param stamp: when it was there, such as that of an image
        :raises Failure: if it is not known where the robot was then
        """
        self._known()
        robot = self._history.at(Time.from_msg(stamp).nanoseconds)
        if robot is None:
            raise Failure('NO_ROBOT_POSE', f'the image is older than the first pose of the robot on {self._topic}')
        cosine, sine = math.cos(robot.yaw), math.sin(robot.yaw)
        return Point(
            x=robot.x + cosine * place.x - sine * place.y, y=robot.y + sine * place.x + cosine * place.y, z=place.z
        )

    def _known(self) -> PoseWithCovarianceStamped:
        if self._newest is None:
            raise Failure('NO_ROBOT_POSE', f'no pose of the robot has come on {self._topic}')
        if self._newest.header.frame_id != self._frame:
            raise Failure(
                'NO_ROBOT_POSE',
                f'{self._topic} is in frame {self._newest.header.frame_id!r}, but map_frame is {self._frame!r}',
            )
        return self._newest


class PoseFromTf:
    """Asks tf2 for the robot's newest pose.

    :param frame: fixed frame that it is wanted in
    :param base: the robot's own frame
    :raises BadRequest: if tf2 is not installed (there is no wheel of it)
    """

    def __init__(self, node: Node, frame: str, base: str) -> None:
        try:
            import tf2_ros
        except ImportError as error:
            raise BadRequest(
                f"robot_pose is 'tf', but tf2_ros is not installed ({error}): set it to 'topic', or install tf2_ros"
            ) from error
        self._frame, self._base = frame, base
        self._error: type[Exception] = tf2_ros.TransformException
        self._buffer: Any = tf2_ros.Buffer()
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def place(self) -> tuple[float, float]:
        """Where the robot is: x and y, metres.

        :raises Failure: if tf2 does not know it, with its reason
        """
        try:
            found = self._buffer.lookup_transform(self._frame, self._base, Time()).transform.translation
        except self._error as error:
            raise Failure('NO_ROBOT_POSE', f'no transform from {self._base!r} to {self._frame!r}: {error}') from error
        return found.x, found.y


def yaw_of(turn: Any) -> float:
    """Read the turn about z of a geometry_msgs/Quaternion, radians."""
    return math.atan2(2 * (turn.w * turn.z + turn.x * turn.y), 1 - 2 * (turn.y**2 + turn.z**2))
