# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One thing being followed: every image of its camera, until it is lost. Lives in the engine's loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from std_msgs.msg import Header

from robobrain_ros.brain.pursuit import Pursuit, Sighting, State
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.camera.camera_frame import CameraFrame, stamp_ns
from robobrain_ros.ros.stoppable import Ending, Stoppable
from robobrain_ros.ros.track_goal import TrackGoal
from robobrain_ros.ros.track_messages import Outcome

PAUSE_S = 0.1
"""After an image that cannot be used, the next one is looked at so much later, seconds."""
FATAL = (ErrorCode.BAD_REQUEST, ErrorCode.INTERNAL)
"""Nothing can come of a goal that fails so once."""

Look: TypeAlias = Callable[[], Awaitable[CameraFrame]]
Tell: TypeAlias = Callable[[Sighting, Header, float], None]


class TrackRun(Stoppable):
    """Follows one thing, once.

    :param goal: how long, and when it is lost
    """

    def __init__(self, goal: TrackGoal) -> None:
        super().__init__(
            goal.timeout,
            Ending(Outcome.TIMEOUT, ErrorCode.TIMEOUT, f'the time of {goal.timeout:g} s was up'),
        )
        self._goal = goal
        self.found = 0
        """So many answers of the model said where it is."""

    async def run(self, prepare: Callable[[], Awaitable[tuple[Pursuit, Look]]], tell: Tell) -> Ending:
        """Follow it until it is lost, the time is up, or ``stop`` is called.

        :param prepare: gives what follows, and what gives the next image; raises BrainError for a goal that cannot be
            used
        :param tell: hears every sighting, with the image's header, and the stamp in seconds of the image in which the
            model found it last; without an image an empty header
        """

        async def follow() -> Ending:
            pursuit, look = await prepare()
            try:
                return await self._follow(pursuit, look, tell)
            finally:
                self.found = pursuit.found
                pursuit.close()

        return await self.until_stopped(follow)

    async def _follow(self, pursuit: Pursuit, look: Look, tell: Tell) -> Ending:
        clock = asyncio.get_running_loop().time
        seen_s = clock()
        while True:
            header, code = Header(), ErrorCode.OK
            try:
                frame = await look()
                header = frame.header
                sighting = await pursuit.step(frame, stamp_ns(header) / 1e9)
                code = pursuit.fault.code
            except BrainError as error:
                if error.code in FATAL:
                    raise
                sighting, code = Sighting(pursuit.unseen, str(error)), error.code
                await asyncio.sleep(PAUSE_S)
            tell(sighting, header, pursuit.confirmed_s)
            if sighting.state is State.TRACKING:
                seen_s = clock()
            elif clock() - seen_s >= self._goal.lost:
                return Ending(Outcome.LOST, code, f'not seen for {clock() - seen_s:.1f} s: {sighting.message}')
