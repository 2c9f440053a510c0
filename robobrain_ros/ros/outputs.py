# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the node says: its publishers, and which topic gets what of an answer."""

import threading
from typing import Any

from geometry_msgs.msg import PoseWithCovarianceStamped
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from std_msgs.msg import Header

from robobrain_ros.answer import Answer, PointStatus
from robobrain_ros.brain import overlay
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.msg import Progress
from robobrain_ros.ros import messages, topics
from robobrain_ros.ros.camera.camera_frame import CameraFrame
from robobrain_ros.ros.camera.image_bridge import CvBridge
from robobrain_ros.ros.markers import markers
from robobrain_ros.ros.request_stats import RequestStats


class Outputs:
    """Publishes answers, from any thread; every message has the stamp of its source image.

    :param node: whose topics these are
    :param tally: counts every answer
    """

    def __init__(self, node: LifecycleNode, tally: RequestStats) -> None:
        reliable = QoSProfile(depth=5)
        self._node = node
        self._tally = tally
        self._lock = threading.Lock()
        self._closed = False
        self._publishers: dict[str, LifecyclePublisher[Any]] = {
            name: node.create_lifecycle_publisher(kind, f'~/{name}', reliable) for name, kind in topics.OUTPUTS.items()
        }

    def close(self) -> None:
        """Take the topics away; from then on, ``publish`` makes messages and sends none."""
        with self._lock:
            self._closed = True
            for publisher in self._publishers.values():
                self._node.destroy_lifecycle_publisher(publisher)

    def publish(self, answer: Answer, frame: CameraFrame | None, camera: str, target_frame: str) -> AnswerMessage:
        """Publish one request's end; positions only where they are known, a trajectory only if it is whole. Quick.

        A mission's places and ways are in its plan only: they mean nothing without what the gripper does between them.

        :param answer: how the request ended
        :param frame: the image that was asked about; None if the request ended before there was one
        :param camera: its camera's name
        :param target_frame: frame of the positions; empty: the image's
        :returns: what went out on ``~/answer``
        """
        source = frame.header if frame else Header()
        header = Header(stamp=source.stamp, frame_id=target_frame or source.frame_id)
        message = messages.answer(answer, source, camera, header.frame_id)
        self._tally.add(answer)
        with self._lock:
            if not self._closed:
                self._send(answer, message, header)
        return message

    def _send(self, answer: Answer, message: AnswerMessage, header: Header) -> None:
        publishers = self._publishers
        if answer.success:
            placed = [target for target in answer.targets if target.status is PointStatus.OK]
            if placed:
                publishers[topics.TARGETS].publish(messages.poses(placed, header))
            if answer.targets and answer.targets[0].status is PointStatus.OK:  # never the second for the first
                publishers[topics.TARGET].publish(messages.point(placed[0], header))
                publishers[topics.TARGET_POSE].publish(messages.pose(placed[0], header))
                if placed[0].covariance:
                    message_with = messages.pose_with_covariance(placed[0], header)
                    publishers[topics.TARGET_WITH_COVARIANCE].publish(message_with)
            waypoints = answer.waypoints
            if answer.complete and waypoints and all(waypoint.status is PointStatus.OK for waypoint in waypoints):
                publishers[topics.TRAJECTORY].publish(messages.path(waypoints, header))
                publishers[topics.WAYPOINTS].publish(messages.poses(waypoints, header))
            if answer.steps:
                publishers[topics.PLAN].publish(messages.plan(answer, message.header, header.frame_id))
        publishers[topics.ANSWER].publish(message)  # last: who waits for it finds the others there

    def progress(self, sample: Progress) -> None:
        """Publish one sample of a monitor. Quick."""
        with self._lock:
            if not self._closed:
                self._publishers[topics.PROGRESS].publish(sample)

    def tracked(self, pose: PoseWithCovarianceStamped) -> None:
        """Publish where the thing of a track is. Quick."""
        with self._lock:
            if not self._closed:
                self._publishers[topics.TRACKED_POSE].publish(pose)

    def show(self, answer: Answer, frame: CameraFrame, position_frame: str) -> None:
        """Publish the drawn image and the markers, each only if it has a subscriber; drawing takes milliseconds.

        Call it in the thread that calls ``close``.

        :param position_frame: frame of the answer's positions
        """
        publishers = self._publishers
        if self._closed:
            return
        if answer.image_size != (0, 0) and publishers[topics.ANNOTATED].get_subscription_count():
            picture = overlay.draw(frame.rgb(), answer)
            publishers[topics.ANNOTATED].publish(CvBridge().cv2_to_imgmsg(picture, 'rgb8', frame.header))
        if publishers[topics.MARKERS].get_subscription_count():
            header = Header(stamp=frame.header.stamp, frame_id=position_frame)
            publishers[topics.MARKERS].publish(markers(answer, header))
