# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Action ``~/track``: follows one thing at a time, and publishes where it is."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header

from robobrain_ros.action import Track
from robobrain_ros.brain.pursuit import Pursuit, Sighting
from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros import topics
from robobrain_ros.ros.answering import ActiveNode, Answering, aim
from robobrain_ros.ros.camera.camera_frame import CameraFrame
from robobrain_ros.ros.camera.views import NewestViews
from robobrain_ros.ros.goal_server import GoalServer
from robobrain_ros.ros.stoppable import Ending
from robobrain_ros.ros.track_goal import TrackGoal
from robobrain_ros.ros.track_messages import Outcome, TrackRecord
from robobrain_ros.ros.track_run import Look, TrackRun

GoalHandle: TypeAlias = 'ServerGoalHandle[Track.Goal, Track.Result, Track.Feedback]'

CANCELLED = Ending(Outcome.CANCELLED, ErrorCode.CANCELLED, 'the client cancelled')
IMAGE_S = 1.0
"""So long the next image is waited for, before the client hears that there is none, seconds."""
DEPTH_S = 0.1
"""So long an image waits for its depth, seconds."""


class Tracking(GoalServer[TrackRecord]):
    """Takes goals of ``~/track`` while the node is active, and brings every one to an end.

    :param node: whose action this is; its log gets a line when a track begins, and one when a goal ends
    :param answering: what the active node has, and an end to all of it
    :param values: gives the parameters' values by name
    """

    def __init__(self, node: LifecycleNode, answering: Answering, values: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__(node, answering, values, Track, topics.TRACK, 'poses', CANCELLED)

    def record(self) -> TrackRecord:
        """A new record, without poses."""
        return TrackRecord()

    def begin(
        self, handle: GoalHandle, record: TrackRecord
    ) -> tuple[TrackRun, Callable[[ActiveNode], Awaitable[Ending]]]:
        """Read a goal: return what ends its track, and the track itself.

        :raises BrainError: if the goal cannot be used
        """
        wanted = TrackGoal.read(handle.request, self._values())
        track = TrackRun(wanted)

        async def run(parts: ActiveNode) -> Ending:
            prepare = partial(self._prepare, wanted, parts, track)
            ending = await track.run(prepare, self._teller(handle, wanted, parts, record))
            record.found = track.found
            return ending

        return track, run

    async def _prepare(self, wanted: TrackGoal, parts: ActiveNode, track: TrackRun) -> tuple[Pursuit, Look]:
        asked, clock = wanted.request, self._node.get_clock()
        pursuit = Pursuit(parts.brain, asked.task, asked.instruction, asked.settings, wanted.rules, asked.timeout)
        camera = parts.cameras[asked.camera]
        views = NewestViews(
            parts.cameras, (asked.camera, None, None), asked.max_image_age, lambda: clock.now().nanoseconds
        )
        if asked.not_before_ns:
            await camera.frame(asked.not_before_ns, asked.max_image_age, asked.image_timeout)
        self.take_turn(track, asked.instruction)
        self._node.get_logger().info(
            f'track begins: the model looks every {wanted.rules.period_s:g} s, {asked.task}: {asked.instruction!r}'
        )

        async def look() -> CameraFrame:
            frame = await views.newest(asked.camera, min(asked.image_timeout, IMAGE_S))
            aim(frame, parts.transforms, asked)
            await camera.depth_of(frame, DEPTH_S)
            return frame

        return pursuit, look

    def _teller(
        self, handle: GoalHandle, wanted: TrackGoal, parts: ActiveNode, record: TrackRecord
    ) -> Callable[[Sighting, Header, float], None]:
        """Make the function that publishes each sighting, in the engine's loop."""
        clock, target_frame = self._node.get_clock(), wanted.request.target_frame

        def tell(sighting: Sighting, source: Header, confirmed_s: float) -> None:
            header = Header(stamp=source.stamp, frame_id=target_frame or source.frame_id)
            pose = record.pose(sighting, header)
            if pose is not None:
                parts.outputs.tracked(pose)
            if handle.is_active:
                handle.publish_feedback(record.feedback(sighting, header, clock.now().nanoseconds, confirmed_s))

        return tell
