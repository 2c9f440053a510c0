# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the node robobrain_arm sees: the newest depth image, as points in the frame that it plans in."""

import math
import time
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time as Stamp
from geometry_msgs.msg import PoseStamped
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import CameraInfo, Image

from robobrain_ros.errors import BadRequest, BrainError
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.cloud import cloud
from robobrain_ros.planners.failure import Failure
from robobrain_ros.ros import topics as brain_topics
from robobrain_ros.ros.camera.conversions import camera_from_info, to_depth
from robobrain_ros.ros.camera.subscriptions import Subscriptions, Topic

REMEMBERED_S = 60.0
"""So long a frame's motion is remembered, seconds: the answer of a mission may be older than tf2's usual 10 s."""
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class PoseFromTopic:
    """Keeps the pose of a camera from a topic, however old it is.

    :param frame: that it has to be in
    """

    def __init__(self, node: Node, frame: str) -> None:
        self._frame = frame
        self._newest: PoseStamped | None = None
        self._topic = node.create_subscription(PoseStamped, topics.CAMERA_POSE, self._hear, LATCHED).topic_name

    def _hear(self, message: PoseStamped) -> None:
        self._newest = message

    def of(self, frame: str, stamp: Stamp | None = None) -> Transform:
        """Return the motion from the camera's frame, whatever its name, to the fixed one.

        :param stamp: makes no difference: a camera whose pose comes on a topic stands still
        :raises Failure: if that is not known
        """
        if self._newest is None:
            raise Failure('NO_TF', f'no pose of the camera has come on {self._topic}')
        if self._newest.header.frame_id != self._frame:
            other = self._newest.header.frame_id
            raise Failure('NO_TF', f'{self._topic} is in frame {other!r}, but the parameter frame is {self._frame!r}')
        pose = self._newest.pose
        return _transform(pose.position, pose.orientation)


class PoseFromTf:
    """Asks tf2 for the newest pose of a frame.

    :param frame: fixed frame that it is wanted in
    :raises BadRequest: if tf2 is not installed (there is no wheel of it)
    """

    def __init__(self, node: Node, frame: str) -> None:
        try:
            import tf2_ros
        except ImportError as error:
            raise BadRequest(
                f"camera_pose is 'tf', but tf2_ros is not installed ({error}): set it to 'topic', or install tf2_ros"
            ) from error
        self._frame = frame
        self._error: type[Exception] = tf2_ros.TransformException
        self._buffer: Any = tf2_ros.Buffer(Duration(seconds=REMEMBERED_S))
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def of(self, frame: str, stamp: Stamp | None = None) -> Transform:
        """Return the motion from a frame to the fixed one.

        :param stamp: when, by the image's clock; None or 0: the newest that is known
        :raises Failure: if tf2 does not know it, with its reason
        """
        try:
            time = Time.from_msg(stamp) if stamp else Time()
            found = self._buffer.lookup_transform(self._frame, frame, time).transform
        except self._error as error:
            raise Failure('NO_TF', f'no transform from {frame!r} to {self._frame!r}: {error}') from error
        return _transform(found.translation, found.rotation)


class Sight:
    """Keeps the newest depth image and camera_info, and turns them into points.

    :param frame: that the points are wanted in
    :param poses: where the camera is
    :param oldest: depth that came longer ago is not used, seconds of this host's clock
    """

    def __init__(self, node: Node, frame: str, poses: PoseFromTopic | PoseFromTf, oldest: float) -> None:
        self._frame, self._poses, self._oldest = frame, poses, oldest
        self._depth: Image | None = None
        self._info: CameraInfo | None = None
        self._came = -math.inf
        self._topic, self._info_topic = (
            node.resolve_topic_name(name) for name in (brain_topics.DEPTH_IMAGE, brain_topics.CAMERA_INFO)
        )
        heard = Topic(self._info_topic, CameraInfo, self._hear_info), Topic(self._topic, Image, self._hear)
        self._subscriptions = Subscriptions(node, f'{node.get_name()}_images', heard, None)

    def close(self) -> None:
        """Unsubscribe."""
        self._subscriptions.close()

    def _hear(self, message: Image) -> None:
        self._depth, self._came = message, time.monotonic()

    def _hear_info(self, message: CameraInfo) -> None:
        self._info = message

    def to_frame(self, frame: str, stamp: Stamp | None = None) -> Transform:
        """Return the motion from a frame that positions are told in to the one that is planned in.

        :param stamp: when the positions were seen; a camera on the arm may have been elsewhere then
        :raises Failure: if that is not known
        """
        if frame == self._frame:
            return Transform((0.0, 0.0, 0.0), ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)))
        if not frame:
            raise Failure('NO_DEPTH', 'the plan has no positions: its position_frame is empty')
        return self._poses.of(frame, stamp)

    def points(self, not_before: float) -> Array:
        """Return what the newest depth image shows, (k, 3), metres; takes some 50 ms.

        :param not_before: an image that came earlier is not used, by time.monotonic
        :raises Failure: if there is none, or it cannot be used; says why
        """
        age = time.monotonic() - self._came
        if self._depth is None or self._info is None:
            missing = self._topic if self._depth is None else self._info_topic
            raise Failure('NO_IMAGE', f'nothing has come on {missing}, by which the arm would see what stands around')
        if age > self._oldest or self._came < not_before:
            raise Failure('STALE_IMAGE', f'the newest image on {self._topic} came {age:.1f} s ago')
        try:
            depth, camera = to_depth(self._depth), camera_from_info(self._info)
            return cloud(depth, camera, self._poses.of(self._depth.header.frame_id))
        except (BrainError, ValueError) as error:
            raise Failure('BAD_IMAGE', f'the image on {self._topic} cannot be used: {error}') from error


def _transform(place: Any, turn: Any) -> Transform:
    """Read a geometry_msgs position and orientation.

    :raises Failure: if they are no pose
    """
    try:
        if not np.isfinite([place.x, place.y, place.z]).all():
            raise ValueError('its position is not finite')
        return Transform.from_quaternion((place.x, place.y, place.z), (turn.x, turn.y, turn.z, turn.w))
    except ValueError as error:
        raise Failure('NO_TF', f'the pose of the camera is none: {error}') from error
