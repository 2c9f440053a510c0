# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""A camera as the pages see it: its newest picture at each browser's pace, and the one that an answer is about."""

import asyncio
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CompressedImage, Image

from robobrain_ros.console.board import Bell
from robobrain_ros.console.pictures import depth_colours, jpeg
from robobrain_ros.errors import BrainError
from robobrain_ros.ros.camera.conversions import to_depth, to_rgb
from robobrain_ros.ros.camera.subscriptions import Subscriptions, Topic

IDLE_S = 3.0
"""So long after the last look the topic is heard, seconds; then nothing of it is received."""
LONGEST = 1280
"""Pixels of a live picture's longer side."""
REMEMBERED_BYTES = 48 << 20
"""Messages of so many bytes are kept, since an answer may be about one of them."""


@dataclass(frozen=True)
class Shot:
    """A picture as JPEG.

    :param number: counts the messages of its topic
    :param note: what else a viewer wants to know, such as the range of depths; or why there is no picture
    """

    number: int
    data: bytes
    note: str = ''


class Video:
    """One image topic, subscribed to only while somebody looks; messages are converted for viewers only.

    :param node: of the caller: its context and log
    :param topic: full name
    :param kind: the messages' type, Image or CompressedImage
    :param depth: the pixels are depths
    """

    def __init__(self, node: Node, topic: str, kind: type, *, depth: bool = False) -> None:
        self.topic, self._depth = topic, depth
        self._lock = threading.Lock()
        self._kept: deque[Image | CompressedImage] = deque()
        self._bytes = self._count = 0
        self._bell = Bell()
        self._drawing = asyncio.Lock()
        self._shot: Shot | None = None
        name = f'{node.get_name()}{topic.replace("/", "_")}'
        self._subscriptions = Subscriptions(node, name, [Topic(topic, kind, self._keep)], IDLE_S, self._forget)

    def close(self) -> None:
        """Unsubscribe; blocks for a moment."""
        self._subscriptions.close()

    def wanted(self) -> Any:
        """Give a context in which the topic is heard, and ``IDLE_S`` longer."""
        return self._subscriptions.wanted()

    def sources(self) -> list[str]:
        """Return the names of the nodes that publish the topic now."""
        return self._subscriptions.publishers(self.topic)

    def _keep(self, message: Image | CompressedImage) -> None:
        with self._lock:
            self._kept.append(message)
            self._count += 1
            self._bytes += len(message.data)
            while self._bytes > REMEMBERED_BYTES and len(self._kept) > 1:
                self._bytes -= len(self._kept.popleft().data)
        self._bell.ring()

    def _forget(self) -> None:
        with self._lock:  # the camera may be moved before somebody looks again
            self._kept.clear()
            self._bytes = 0

    async def shot(self, after: int, timeout_s: float) -> Shot | None:
        """Wait for a picture that is newer than number ``after``, and return the newest; None if none comes in time.

        All viewers of one picture share one conversion, which runs in asyncio's thread pool.
        """
        with self.wanted():
            newer = await self._bell.until(lambda: (self._count != after and bool(self._kept)) or None, timeout_s)
            if newer is None:
                return None
            async with self._drawing:
                with self._lock:
                    number, message = self._count, self._kept[-1] if self._kept else None
                if message is None:
                    return None
                if self._shot is None or self._shot.number != number:
                    self._shot = await asyncio.to_thread(self._converted, number, message)
                return self._shot

    def _converted(self, number: int, message: Image | CompressedImage) -> Shot:
        try:
            if not self._depth:
                return Shot(number, jpeg(np.asarray(to_rgb(message), np.uint8), LONGEST))
            picture, span = depth_colours(to_depth(message))
        except (BrainError, ValueError) as error:  # a camera that sends nonsense
            return Shot(number, b'', str(error))
        note = f'{span[0]:.2f} m .. {span[1]:.2f} m' if span else 'no depth is known'
        return Shot(number, jpeg(picture, LONGEST), note)

    async def newest_stamp(self, timeout_s: float) -> Time | None:
        """Return the stamp of the newest picture that is here, and wait for one if there is none; else None."""

        def look() -> Time | None:
            with self._lock:
                return self._kept[-1].header.stamp if self._kept else None

        return await self._bell.until(look, timeout_s)

    def at(self, stamp: Time) -> tuple[NDArray[np.uint8], float] | None:
        """Return the picture of this stamp, or the one that lies nearest, and how far off it is, seconds.

        :returns: height x width x 3, RGB; None if no picture is here, or it cannot be read
        """
        with self._lock:
            kept = list(self._kept)
        if not kept:
            return None
        nearest = min(kept, key=lambda message: abs(_seconds(message.header.stamp, stamp)))
        try:
            return np.asarray(to_rgb(nearest), np.uint8), _seconds(nearest.header.stamp, stamp)
        except BrainError:
            return None


def _seconds(stamp: Time, since: Time) -> float:
    return float(stamp.sec - since.sec + (stamp.nanosec - since.nanosec) / 1e9)
