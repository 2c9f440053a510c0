# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where frames are, by tf2; on hosts without it (there is no wheel of it) only the camera's own frame can be had."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.time import Time
from std_msgs.msg import Header

from robobrain_ros.errors import BadRequest
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.ros.camera.camera_frame import bare, stamp_ns


class FixedPose(NamedTuple):
    """Where a camera is that never moves."""

    frame: str
    to_frame: Transform
    """From the camera's optical frame."""


class Transforms:
    """Knows where frames are, from /tf and /tf_static, as long as the node lives; without tf2 it knows nothing.

    Of cameras that never move it is told where they are.
    """

    def __init__(self, node: Node) -> None:
        self._buffer: Any = None
        self._error: type[Exception] = LookupError
        self.fixed: Mapping[str, FixedPose] = {}
        """By cameras' names."""
        try:
            import tf2_ros
        except ImportError as error:
            self._missing = str(error)
            return
        self._error = tf2_ros.TransformException
        # Told the node, it would offer a service tf2_frames, one for all nodes of the namespace. Without it, it follows
        # another clock; but transforms from before a jump back would look newer than all that come after it.
        self._buffer = tf2_ros.Buffer()
        back = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jumps = node.get_clock().create_jump_callback(back, post_callback=lambda jump: self._buffer.clear())
        self._listener = tf2_ros.TransformListener(self._buffer, node)

    def check(self, target_frame: str, camera_frame: str, camera: str = '') -> None:
        """Whether positions in ``target_frame`` can be had on this host at all; does not wait for a transform.

        :param camera: the camera's name
        :raises BadRequest: if they cannot, since tf2 is not installed
        """
        known = [camera_frame, *([self.fixed[camera].frame] if camera in self.fixed else [])]
        if self._buffer is None and bare(target_frame) not in ('', *map(bare, known)):
            raise BadRequest(
                f'target_frame is {target_frame!r}, but only {" and ".join(map(repr, known))} can be had here: tf2_ros '
                f'is not installed ({self._missing}). If the camera never moves, set camera_pose',
            )

    def lookup(self, target_frame: str, header: Header, timeout_s: float, camera: str = '') -> Transform | None:
        """The transform from the frame of ``header`` to ``target_frame`` at the stamp of ``header``.

        Blocks for up to ``timeout_s`` seconds, in any thread but the executor's. It keeps its thread so long even when
        nobody waits for it any more.

        :param camera: the camera's name; if it never moves, its own frame needs no tf2
        :returns: None if ``target_frame`` is empty or the very frame of ``header``
        :raises LookupError: if tf2 does not know it, with tf2's reason
        """
        source, target = bare(header.frame_id), bare(target_frame)  # tf2 refuses a slash in front
        if target in ('', source):
            return None
        if camera in self.fixed and bare(self.fixed[camera].frame) == target:
            return self.fixed[camera].to_frame
        if not stamp_ns(header):  # which tf2 would take for "the newest"
            raise LookupError(f'the image has no stamp, so nothing says where {header.frame_id!r} was')
        try:
            found = self._buffer.lookup_transform(
                target, source, Time.from_msg(header.stamp), Duration(seconds=timeout_s)
            ).transform
            move, turn = found.translation, found.rotation
            return Transform.from_quaternion((move.x, move.y, move.z), (turn.x, turn.y, turn.z, turn.w))
        except (self._error, ValueError) as error:
            raise LookupError(f'no transform from {header.frame_id!r} to {target_frame!r}: {error}') from error
