# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One camera image with the depth and the intrinsics that belong to it, converted only when asked."""

import math
import time
from collections.abc import Callable
from functools import cached_property

import numpy as np
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from robobrain_ros.brain.frame import Frame
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.locate import NO_DEPTH
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.ros.camera.conversions import camera_from_info, to_depth, to_rgb

LIGHT_BYTES = 1 << 20
"""Bytes: raw images of up to so many, such as 640x480 in colours, are converted in 0.01 - 0.8 ms, by encoding."""


FUTURE_S = 1.0
"""Stamps may be this far ahead of the node's clock: clocks of other hosts differ a little."""
KEPT_S = 1.0
"""An image that has been here for longer gives way to an older one, seconds."""


def stamp_ns(header: Header) -> int:
    """The stamp in nanoseconds; 0 for drivers that set none."""
    return int(header.stamp.sec) * 10**9 + int(header.stamp.nanosec)


def bare(frame_id: str) -> str:
    """A frame's name as tf2 has it: ROS 1 wrote a slash in front, and some drivers still do."""
    return frame_id.removeprefix('/')


class Arrival:
    """An image message and when it came."""

    def __init__(self, message: Image | CompressedImage) -> None:
        self.message = message
        self.outdated = False
        """It is from before the clock jumped back."""
        self.taken = False
        """A request has used it."""
        self._came = time.monotonic()

    def gives_way(self, image: Image | CompressedImage, now_ns: int) -> bool:
        """Whether that image takes this one's place: newer by its stamp.

        An older one, or one without stamp, displaces nothing, unless the clock was set back or nothing newer has come
        for KEPT_S: then the driver's clock was.

        :param now_ns: on the clock of the stamps, nanoseconds
        """
        mine, its = stamp_ns(self.message.header), stamp_ns(image.header)
        set_back = mine > now_ns + int(FUTURE_S * 1e9)
        return its >= mine or set_back or self.outdated or self.here() > KEPT_S

    def age(self, now_ns: int) -> float:
        """Seconds since the image's stamp, negative if that lies in the future; without a stamp, since it came.

        :param now_ns: on the clock of the stamps, nanoseconds
        """
        stamp = stamp_ns(self.message.header)
        return (now_ns - stamp) / 1e9 if stamp else self.here()

    def here(self) -> float:
        """Seconds since it came, by this process's clock."""
        return time.monotonic() - self._came


class CameraFrame(Frame):
    """A camera's image for one request, a Frame: messages, converted in the thread that asks.

    :param image: the message, which stays as it is
    :param info: intrinsics that came before it, if any
    :param age: seconds since its stamp
    """

    def __init__(self, image: Image | CompressedImage, info: CameraInfo | None, age: float) -> None:
        self.header: Header = image.header
        self.age = age
        self.light = isinstance(image, Image) and len(image.data) <= LIGHT_BYTES
        self._image = image
        self._info = info
        self._depth: Image | CompressedImage | None = None
        self._misfit = ''
        """Why the depth images that came do not belong to this one."""
        self._nearest_ns = math.inf
        self.why_no_depth: Callable[[], str] = lambda: ''
        """Says why no depth image came at all, where that is known."""
        self.to_target: Callable[[Header], Transform | None] = lambda header: None
        """Gives the way from this image's frame to the one that positions are wanted in; see ``transform``."""

    def offer(self, depth: Image | CompressedImage, slop_ns: int) -> None:
        """Take this depth image if its stamp fits, within ``slop_ns``, and better than the one it has; it may be late.

        Without stamps nothing says which depth belongs to which image.
        """
        mine, its = stamp_ns(self.header), stamp_ns(depth.header)
        if not mine or not its:
            whose = 'depth images come without stamps' if mine else 'the image has no stamp'
            self._misfit = f'{whose}, so nothing says which depth belongs to this image'
        elif abs(its - mine) < self._nearest_ns:
            self._nearest_ns = abs(its - mine)
            if self._nearest_ns <= slop_ns:
                self._depth = depth
            else:
                self._misfit = (
                    f'the nearest depth image is {self._nearest_ns / 1e6:.0f} ms off, and depth_slop_s allows '
                    f'{slop_ns / 1e6:g} ms'
                )

    def offer_info(self, info: CameraInfo) -> None:
        """Take these intrinsics if it has none, or if they have its very stamp; they may come after the image."""
        if self._info is None or stamp_ns(info.header) == stamp_ns(self.header):
            self._info = info

    @cached_property
    def _converted(self) -> np.ndarray:
        return to_rgb(self._image)

    def rgb(self) -> np.ndarray:
        """The picture: height x width x 3, uint8, converted once; do not write into it.

        :raises BrainError: BAD_IMAGE if the message cannot be used
        """
        return self._converted

    def depth(self) -> np.ndarray | None:
        """The depth image: metres along the optical axis, NaN where unknown; None if none has come whose stamp fits.

        :raises BrainError: BAD_IMAGE if the message cannot be used, or is in another frame than the image: pixels of
            one are not pixels of the other
        """
        if self._depth is None:
            return None
        self._check_frame(self._depth.header, 'the depth image', 'register it to the colour image')
        return to_depth(self._depth)

    @property
    def has_depth(self) -> bool:
        """Whether a depth image has come whose stamp fits."""
        return self._depth is not None

    def depth_fault(self) -> str:
        """Why ``depth`` gives None: none came, or those that came do not belong to this image."""
        return self._misfit or self.why_no_depth() or NO_DEPTH

    def camera(self) -> CameraModel | None:
        """The intrinsics; None if none have come.

        :raises BrainError: BAD_IMAGE if they are those of another frame, or the image names none
        :raises ValueError: if they make no sense
        """
        if self._info is None:
            return None
        if not self.header.frame_id:
            raise BrainError(ErrorCode.BAD_IMAGE, 'the image has no frame_id: nobody could use a position in its frame')
        self._check_frame(self._info.header, 'camera_info', 'it belongs to another camera')
        return camera_from_info(self._info)

    def transform(self) -> Transform | None:
        """The transform from the image's frame to the one that positions are wanted in; None if that is the same.

        May wait for tf2, as long as ``to_target`` does.

        :raises LookupError: if it is not known, with the reason
        """
        return self.to_target(self.header)

    def _check_frame(self, header: Header, what: str, advice: str) -> None:
        its, mine = bare(header.frame_id), bare(self.header.frame_id)
        if its and mine and its != mine:
            raise BrainError(
                ErrorCode.BAD_IMAGE,
                f'{what} is in frame {header.frame_id!r}, but the image is in {self.header.frame_id!r}: {advice}',
            )
