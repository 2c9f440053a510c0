# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The processes of ``robobrain bench transport``: a camera, and those that listen to it, each in its own."""

import array
import asyncio
import multiprocessing
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image

from robobrain_ros.engines import children
from robobrain_ros.ros import topics
from robobrain_ros.ros.camera.camera_input import CameraInput
from robobrain_ros.ros.camera.settings import CameraSettings
from robobrain_ros.ros.spin_safely import spin_safely

WIDTH, HEIGHT, RATE_HZ = 1920, 1080, 30.0
QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
IDLE_S = 0.2
"""How long the camera input keeps a subscription that nobody needs any more."""


@dataclass(frozen=True)
class Use:
    """What one subscriber used and got."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    """Processor time of all threads of its process, after it had heard the camera."""
    received: int = 0
    """Images."""

    def __add__(self, other: 'Use') -> 'Use':
        return Use(self.seconds + other.seconds, self.cpu_s + other.cpu_s, self.received + other.received)

    @property
    def cpu(self) -> float:
        """What it took of one core, as a share."""
        return self.cpu_s / self.seconds

    @property
    def rate_hz(self) -> float:
        """Images that arrived, a second."""
        return self.received / self.seconds


def publish() -> None:
    """Publish images, the whole work of the camera's process; blocks until it is killed."""
    begin()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = Node('bench_camera')
    publisher = node.create_publisher(Image, topics.IMAGE, QOS)
    message = Image(width=WIDTH, height=HEIGHT, encoding='rgb8', step=3 * WIDTH)
    message.header.frame_id = 'camera'
    message.data = array.array('B', bytes(3 * WIDTH * HEIGHT))

    def show() -> None:
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    node.create_timer(1 / RATE_HZ, show)
    rclpy.spin(node)


def begin() -> None:
    """Let this process, which multiprocessing has started, end with its parent, and ignore the terminal's Ctrl-C."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    assert parent.pid is not None
    children.end_with(parent.pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _node() -> Iterator[Node]:
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = Node('bench_subscriber', start_parameter_services=False, enable_rosout=False)
    try:
        yield node
    finally:
        node.destroy_node()
        rclpy.try_shutdown()


def _measure(seconds: float, received: Callable[[], int]) -> Use:
    begin, cpu, before = time.monotonic(), time.process_time(), received()
    time.sleep(seconds)
    return Use(time.monotonic() - begin, time.process_time() - cpu, received() - before)


def _wait(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError('the camera of this measurement is not heard')
        time.sleep(0.01)


def plain(seconds: float) -> Use:
    """Measure a subscriber that stores the newest message and does nothing else; blocks for ``seconds`` and more."""
    with _node() as node:
        count, newest = 0, None

        def store(message: Image) -> None:
            nonlocal count, newest
            count, newest = count + 1, message

        node.create_subscription(Image, topics.IMAGE, store, QOS)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        thread = threading.Thread(target=spin_safely, args=(executor, node.get_logger()), daemon=True)
        thread.start()
        _wait(lambda: count > RATE_HZ)
        use = _measure(seconds, lambda: count)
        executor.shutdown()
        thread.join()
        return use


@contextmanager
def _camera_input(idle_s: float | None) -> Iterator[CameraInput]:
    with _node() as node:
        camera = CameraInput(node, CameraSettings(idle_s=idle_s))
        try:
            _wait(lambda: camera.status().publishers)
            yield camera
        finally:
            camera.close()


def always(seconds: float) -> Use:
    """Measure the node's camera input, subscribed all the time; blocks for ``seconds`` and more."""
    with _camera_input(None) as camera:
        _wait(lambda: camera.status().received > RATE_HZ)
        return _measure(seconds, lambda: camera.status().received)


def idle(seconds: float) -> Use:
    """Measure the node's camera input on demand, while nobody asks; blocks for ``seconds`` and more."""
    with _camera_input(IDLE_S) as camera:
        asyncio.run(_first_frame(camera))  # it has been used before
        _wait(lambda: not camera.status().subscribed)
        return _measure(seconds, lambda: camera.status().received)


def first_frames(requests: int) -> list[float]:
    """Return how many ms requests wait for an image newer than they are, each with no subscription at first."""
    with _camera_input(IDLE_S) as camera:
        return [asyncio.run(_first_frame(camera)) for _ in range(requests)]


async def _first_frame(camera: CameraInput) -> float:
    _wait(lambda: not camera.status().subscribed)
    await asyncio.sleep(random.uniform(0, 1 / RATE_HZ))  # at any moment between two images
    begin = time.monotonic()
    await camera.frame(time.time_ns(), 1.0, 5.0)
    return 1000 * (time.monotonic() - begin)
