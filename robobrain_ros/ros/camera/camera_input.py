# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The newest image of a camera, kept undecoded, with the depth and the intrinsics that belong to it."""

import asyncio
import math
import re
import threading
import time
import weakref
from collections import deque
from dataclasses import dataclass
from typing import Any

from rclpy.clock import JumpThreshold
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros import topics
from robobrain_ros.ros.camera.camera_frame import FUTURE_S, Arrival, CameraFrame, stamp_ns
from robobrain_ros.ros.camera.settings import CameraSettings
from robobrain_ros.ros.camera.subscriptions import Subscriptions, Topic

EPOCH_S = 1e8
"""Stamps and clocks that are further apart, about 3 years, are of different epochs."""
ARRIVAL_NOTE = 'stamp_source is arrival: stamps are the times at which the messages came, not those of the camera'
_RECTIFIED = re.compile(r'(^|[/_])rect([/_]|$)')
"""How image_proc and drivers name the topics of rectified images."""
INFO_S = 1.0
"""How long a request that has a usable image waits for camera_info, seconds."""


@dataclass(frozen=True)
class CameraStatus:
    """What has arrived from one camera, for diagnostics."""

    topic: str
    subscribed: bool
    publishers: str
    """Nodes that publish it, with their reliability; empty if there are none."""
    received: int
    unused: int
    """Images that a newer one replaced before any request used them."""
    rate_hz: float
    """Images a second, over the last 30 since it subscribed; 0 when none came for 2 s."""
    age_s: float
    """Age of the newest image by its stamp, seconds; inf if there is none."""
    silent_s: float
    """How long it has been subscribed without an image by now, seconds; 0 while it is not subscribed."""
    depth_received: int
    has_camera_info: bool


class CameraInput:
    """Subscribes to one camera, and gives its newest image to whoever asks. All methods may be called from any thread.

    It hears the topics of ``topics.CAMERA``, as ``node`` resolves them, behind the camera's name if it has one. The
    name of a transport other than ``raw`` comes last: ``image/compressed``, ``depth/image/compressedDepth``.
    """

    def __init__(self, node: Node, settings: CameraSettings) -> None:
        self.settings = settings
        self._clock = node.get_clock()
        back = JumpThreshold(min_forward=None, min_backward=Duration(nanoseconds=-1), on_clock_change=True)
        self._jumps = self._clock.create_jump_callback(back, post_callback=self._on_jump)
        self._slop_ns = int(settings.depth_slop_s * 1e9)
        self._lock = threading.Lock()
        self._newest: Arrival | None = None
        self._older: Arrival | None = None
        """The last image that displaced nothing: the newest of all, if the clock turns out to have jumped back."""
        self._info: CameraInfo | None = None
        self._info_expected = False
        """This camera has published camera_info before."""
        self._depths: deque[Image | CompressedImage] = deque(maxlen=4)
        self._frames: weakref.WeakSet[CameraFrame] = weakref.WeakSet()
        self._waiting: set[asyncio.Future[None]] = set()
        self._arrivals: deque[float] = deque(maxlen=30)
        self._received = self._unused = self._depth_received = 0
        below = f'{settings.name}/' if settings.name else ''
        image, depth, info = (
            node.resolve_topic_name(below + name) for name in (topics.IMAGE, topics.DEPTH_IMAGE, topics.CAMERA_INFO)
        )
        self.topic, image_type = _transported(image, settings.image_transport)
        self._depth_topic, depth_type = _transported(depth, settings.depth_transport)
        self._topics = {'image': self.topic, 'depth': self._depth_topic, 'camera_info': info}
        heard = (
            Topic(info, CameraInfo, self._on_info),
            Topic(self._depth_topic, depth_type, self._on_depth),
            Topic(self.topic, image_type, self._on_image),  # last: what belongs to the first image is heard, too
        )
        helper = '_'.join(part for part in (node.get_name(), settings.name, 'images') if part)
        self._subscriptions = Subscriptions(node, helper, heard, settings.idle_s, self._forget)

    def sources(self) -> str:
        """Say which topics these are and which nodes publish each of them now, with their reliability."""
        return ', '.join(
            f"{what} '{topic}' from {' and '.join(self._subscriptions.publishers(topic)) or 'no publisher yet'}"
            for what, topic in self._topics.items()
        )

    def close(self) -> None:
        """Unsubscribe; frames that were given stay valid."""
        self._jumps.unregister()
        self._subscriptions.close()

    def _on_image(self, image: Image | CompressedImage) -> None:
        self._stamp(image)
        with self._lock:
            self._received += 1
            self._arrivals.append(time.monotonic())
            if self._newest is not None and not self._newest.gives_way(image, self._now_ns()):
                self._unused += 1
                self._older = Arrival(image)
                return
            self._unused += self._newest is not None and not self._newest.taken
            self._newest, self._older = Arrival(image), None
        self._wake()

    def _on_jump(self, jump: Any) -> None:
        """Let every image take the place of one from before the clock jumped back, though it looks older."""
        with self._lock:
            if self._older is not None:
                self._newest, self._older = self._older, None
            elif self._newest is not None:
                self._newest.outdated = True
        self._wake()

    def _on_depth(self, depth: Image | CompressedImage) -> None:
        self._stamp(depth)
        with self._lock:
            self._depth_received += 1
            self._depths.append(depth)
            for frame in self._frames:
                frame.offer(depth, self._slop_ns)
        self._wake()

    def _on_info(self, info: CameraInfo) -> None:
        self._stamp(info)
        with self._lock:
            first, self._info, self._info_expected = self._info is None, info, True
            for frame in self._frames:
                frame.offer_info(info)
        if first:
            self._wake()

    def _stamp(self, message: Image | CompressedImage | CameraInfo) -> None:
        if self.settings.stamp_source == 'arrival':
            message.header.stamp = self._clock.now().to_msg()

    def _wake(self) -> None:
        """Let all requests that wait look again."""
        with self._lock:
            waiting, self._waiting = self._waiting, set()
        for future in waiting:
            future.get_loop().call_soon_threadsafe(_done, future)

    def _forget(self) -> None:
        """After a pause the camera may stand elsewhere, or have other intrinsics."""
        with self._lock:
            self._newest = self._older = self._info = None
            self._depths.clear()
            self._frames.clear()
            self._arrivals.clear()

    async def frame(self, not_before_ns: int, max_age_s: float, timeout_s: float) -> CameraFrame:
        """The newest image, as soon as there is one that is new enough.

        Where the camera published camera_info before, it waits for that, too, after a pause; an image without it is
        given when none has come within INFO_S. Once a request has waited in vain, or was cancelled while it did, no
        other waits for camera_info until there is one again.

        :param not_before_ns: least stamp, nanoseconds
        :param max_age_s: most age by its stamp, seconds
        :raises BrainError: NO_IMAGE or STALE_IMAGE after ``timeout_s`` seconds, with what is wrong
        """
        with self._subscriptions.wanted():
            return await self._wait(not_before_ns, max_age_s, timeout_s)

    async def _wait(self, not_before_ns: int, max_age_s: float, timeout_s: float) -> CameraFrame:
        loop = asyncio.get_running_loop()
        deadline, info_deadline = loop.time() + timeout_s, math.inf
        while True:
            arrival: asyncio.Future[None] = loop.create_future()
            with self._lock:
                newest = self._newest
                lacks_info = self._info_expected and self._info is None
                self._waiting.add(arrival)
            now, until = loop.time(), deadline
            try:
                fault = self._fault(newest, not_before_ns, max_age_s)
                if newest is not None and fault is None:
                    info_deadline = min(info_deadline, now + INFO_S)
                    until = min(deadline, info_deadline)
                    if now >= until or not lacks_info:
                        return self._take(newest)
                elif now >= until:
                    assert fault is not None
                    raise BrainError(fault.code, f'{fault}, and none better came within {timeout_s:g} s')
                # not wait_for: up to Python 3.11 it swallows a cancellation that meets the arrival
                await asyncio.wait([arrival], timeout=until - now)
            except asyncio.CancelledError:
                if fault is None:  # else no request with little time would ever be answered
                    with self._lock:
                        self._info_expected = self._info is not None
                raise
            finally:
                with self._lock:
                    self._waiting.discard(arrival)

    async def depth_of(self, frame: CameraFrame, timeout_s: float) -> None:
        """Wait until depth has come that belongs to an image, if this camera has depth; for so many seconds at most.

        :param frame: one that this camera has given
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        expected = bool(self._depths) or bool(self._subscriptions.publishers(self._depth_topic))
        while expected and not frame.has_depth and loop.time() < deadline:
            arrival: asyncio.Future[None] = loop.create_future()
            with self._lock:
                self._waiting.add(arrival)
            try:
                if not frame.has_depth:  # it may have come before anyone waited
                    await asyncio.wait([arrival], timeout=deadline - loop.time())
            finally:
                with self._lock:
                    self._waiting.discard(arrival)

    def _take(self, newest: Arrival) -> CameraFrame:
        with self._lock:
            newest.taken = True
            self._info_expected = self._info is not None  # else it was waited for in vain
            frame = CameraFrame(newest.message, self._info, max(newest.age(self._now_ns()), 0.0))
            frame.why_no_depth = lambda: self._subscriptions.fault(self._depth_topic)
            if self.settings.stamp_source == 'arrival':
                frame.notes += (ARRIVAL_NOTE,)
            if self._info is not None and any(self._info.d) and _RECTIFIED.search(self.topic):
                frame.notes += (
                    f"'{self.topic}' is rectified by its name, but camera_info has distortion, which is undone again: "
                    'positions are off; publish a camera_info without distortion for it',
                )
            self._frames.add(frame)
            for depth in self._depths:
                frame.offer(depth, self._slop_ns)
        return frame

    def _now_ns(self) -> int:
        return int(self._clock.now().nanoseconds)

    def _fault(self, newest: Arrival | None, not_before_ns: int, max_age_s: float) -> BrainError | None:
        """Why the image cannot be used."""
        if newest is None:
            publishers = ', '.join(self._subscriptions.publishers(self.topic)) or 'none'
            other_type = self._subscriptions.fault(self.topic)
            why = f'its publishers: {publishers}{f"; {other_type}" if other_type else ""}'
            return BrainError(ErrorCode.NO_IMAGE, f"no image has come on '{self.topic}'; {why}")
        age = newest.age(self._now_ns())
        if abs(age) > EPOCH_S:
            return BrainError(
                ErrorCode.STALE_IMAGE,
                f"the newest image's stamp is {stamp_ns(newest.message.header) / 1e9:.0f} s and the node's clock says "
                f'{self._now_ns() / 1e9:.0f} s: one is simulated time, or the '
                "camera's own; do camera and node agree on use_sim_time? For other clocks, stamp_source is arrival",
            )
        if age > max_age_s:
            old, here = f'the newest image is {age:.2f} s old, and {max_age_s:g} s are allowed', newest.here()
            if age - here > FUTURE_S:
                old += f'; it came {here:.2f} s ago, so its way is slow, or the clocks of camera and node differ'
            return BrainError(ErrorCode.STALE_IMAGE, old)
        if age < -FUTURE_S:
            return BrainError(
                ErrorCode.STALE_IMAGE,
                f"the newest image's stamp is {-age:.2f} s in the future of the node's "
                'clock; do camera and node agree on use_sim_time?',
            )
        stamp = stamp_ns(newest.message.header)
        if stamp < not_before_ns:
            late = (not_before_ns - stamp) / 1e9
            fault = f'is {late:.2f} s older than not_before' if stamp else 'has no stamp to compare with not_before'
            return BrainError(ErrorCode.STALE_IMAGE, f'the newest image {fault}')
        return None

    def status(self) -> CameraStatus:
        """What has arrived so far; from any thread."""
        with self._lock:
            newest, arrivals = self._newest, list(self._arrivals)
        now = time.monotonic()
        alive = len(arrivals) > 1 and now - arrivals[-1] < 2
        begin = max([self._subscriptions.held_since, *arrivals[-1:]])
        return CameraStatus(
            topic=self.topic,
            subscribed=self._subscriptions.held,
            publishers=', '.join(self._subscriptions.publishers(self.topic)),
            received=self._received,
            unused=self._unused,
            rate_hz=(len(arrivals) - 1) / (arrivals[-1] - arrivals[0]) if alive else 0.0,
            age_s=newest.age(self._now_ns()) if newest else float('inf'),
            silent_s=max(now - begin, 0.0),  # not subscribed: since inf
            depth_received=self._depth_received,
            has_camera_info=self._info is not None,
        )


def _transported(topic: str, transport: str) -> tuple[str, type]:
    """Name and type of a topic by the rules of image_transport."""
    return (topic, Image) if transport == 'raw' else (f'{topic}/{transport}', CompressedImage)


def _done(future: 'asyncio.Future[None]') -> None:
    if not future.done():
        future.set_result(None)
