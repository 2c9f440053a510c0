# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The newest images of a robot's cameras, front and wrists, for each look anew: none is given twice."""

import asyncio
from collections.abc import Callable, Mapping

from std_msgs.msg import Header

from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.tracker import Views
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.camera.camera_frame import FUTURE_S, CameraFrame, stamp_ns
from robobrain_ros.ros.camera.camera_input import CameraInput


class NewestViews:
    """Looks through one to three cameras.

    :param cameras: all that there are, by name
    :param names: of the front, left and right one; None: the front view stands for it
    :param max_age_s: most age of an image by its stamp, seconds
    :param now_ns: time of the node's clock, nanoseconds
    """

    def __init__(
        self,
        cameras: Mapping[str, CameraInput],
        names: tuple[str, str | None, str | None],
        max_age_s: float,
        now_ns: Callable[[], int],
    ) -> None:
        self._cameras = cameras
        self._names = names
        self._max_age_s = max_age_s
        self._now_ns = now_ns
        self._stamps: dict[str, int] = {}
        """Stamp of the image that was given last, nanoseconds, by camera."""

    async def look(self, timeout_s: float) -> tuple[Header, Views]:
        """Wait for an image of each camera that is newer than the one before.

        :param timeout_s: how long to wait for each of them, seconds
        :returns: header of the front image, and the pictures
        :raises BrainError: NO_IMAGE, STALE_IMAGE or BAD_IMAGE
        """
        front, left, right = self._names
        frames: dict[str, CameraFrame] = {}
        for name in (left, right, front):  # the front image is the one that is told of: let it be the newest
            if name is not None and name not in frames:
                frames[name] = await self.newest(name, timeout_s)
        pictures = {name: await _picture(frame) for name, frame in frames.items()}
        sides = [None if name is None else pictures[name] for name in (left, right)]
        return frames[front].header, Views(pictures[front], *sides)

    async def newest(self, name: str, timeout_s: float) -> CameraFrame:
        """Wait for an image of one camera that is newer than the one before, for so many seconds.

        :raises BrainError: NO_IMAGE, STALE_IMAGE or BAD_IMAGE
        """
        before = self._stamps.get(name, 0)
        if before > self._now_ns() + FUTURE_S * 1e9:  # the clock jumped back: what comes now is new, by older stamps
            before = 0
        who = f'camera {name!r}: ' if name else ''
        try:
            frame = await self._cameras[name].frame(before and before + 1, self._max_age_s, timeout_s)
        except BrainError as error:
            why = str(error)
            if before and error.code is ErrorCode.STALE_IMAGE:
                age_s = self._cameras[name].status().age_s
                fresh = -FUTURE_S <= age_s <= self._max_age_s  # the one that was given before
                why = f'no newer image has come within {timeout_s:g} s' + ('' if fresh else f'; {why}')
            raise BrainError(error.code, f'{who}{why}') from error
        stamp = stamp_ns(frame.header)
        if not stamp:
            raise BrainError(
                ErrorCode.BAD_IMAGE,
                f'{who}images have no stamp, so nothing says which is newer: let the driver set it, '
                "or set the parameter stamp_source to 'arrival'",
            )
        self._stamps[name] = stamp
        return frame


async def _picture(frame: CameraFrame) -> Rgb:
    return frame.rgb() if frame.light else await asyncio.to_thread(frame.rgb)
