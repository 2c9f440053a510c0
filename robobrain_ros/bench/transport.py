"""``robobrain bench transport``: what listening to a camera costs, against a plain subscriber in the same run."""

import array
import asyncio
import multiprocessing
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

from robobrain_ros.bench import isolate
from robobrain_ros.camera_settings import CameraSettings
from robobrain_ros.cameras import CameraInput
from robobrain_ros.spinning import spin
from robobrain_ros.transport import use_image_profile

WIDTH, HEIGHT, RATE_HZ = 1920, 1080, 30.0
QOS = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE)
IDLE_S = 0.2
ROUNDS = 4
"""The subscribers take turns, so that what else the host does falls on all of them."""

MOST_ALWAYS, MOST_ON_DEMAND, LONGEST_FIRST_FRAME_MS, LEAST_RATE_HZ = 1.1, 0.1, 150.0, 29.5


@dataclass(frozen=True)
class Use:
    """What one subscriber used and got."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    """Of all threads of its process, after it had heard the camera."""
    received: int = 0

    def __add__(self, other: 'Use') -> 'Use':
        return Use(self.seconds + other.seconds, self.cpu_s + other.cpu_s, self.received + other.received)

    @property
    def cpu(self) -> float:
        """Part of one core."""
        return self.cpu_s / self.seconds


@dataclass
class Figures:
    """All that is measured."""

    plain: Use = field(default_factory=Use)
    always: Use = field(default_factory=Use)
    idle: Use = field(default_factory=Use)
    first_frames_ms: list[float] = field(default_factory=list)

    def floors(self) -> list[tuple[str, str, str, bool]]:
        """What was measured, the figure, what was promised, whether it holds."""
        always, idle = self.always.cpu / self.plain.cpu, self.idle.cpu / self.plain.cpu
        rate = self.always.received / self.always.seconds
        median, worst = statistics.median(self.first_frames_ms), max(self.first_frames_ms)
        return [
            ('plain subscriber', f'{self.plain.cpu:.1%} of a core', '', True),
            ('always', f'{self.always.cpu:.1%}, {always:.2f}x', f'<= {MOST_ALWAYS}x', always <= MOST_ALWAYS),
            ('always, received', f'{rate:.2f} Hz', f'>= {LEAST_RATE_HZ} Hz', rate >= LEAST_RATE_HZ),
            ('on_demand, idle', f'{self.idle.cpu:.1%}, {idle:.2f}x', f'<= {MOST_ON_DEMAND}x', idle <= MOST_ON_DEMAND),
            (
                f'on_demand, first of {len(self.first_frames_ms)}',
                f'median {median:.0f} ms, worst {worst:.0f} ms',
                f'<= {LONGEST_FIRST_FRAME_MS:.0f} ms',
                worst <= LONGEST_FIRST_FRAME_MS,
            ),
        ]


def run(seconds: float, requests: int) -> int:
    """Measure, print the table; returns the exit code: 1 if a floor does not hold. Blocks.

    :param seconds: of measuring, for each subscriber
    :param requests: how often the time to the first frame is measured
    """
    isolate()
    use_image_profile()
    processes = multiprocessing.get_context('spawn')
    camera = processes.Process(target=publish, daemon=True)
    camera.start()
    figures = Figures()
    try:
        # a fresh process for each measurement
        with ProcessPoolExecutor(1, mp_context=processes, max_tasks_per_child=1) as pool:
            for _ in range(ROUNDS):
                figures.plain += pool.submit(plain, seconds / ROUNDS).result()
                figures.always += pool.submit(always, seconds / ROUNDS).result()
                figures.idle += pool.submit(idle, seconds / ROUNDS).result()
            figures.first_frames_ms = pool.submit(first_frames, requests).result()
    finally:
        camera.kill()
    floors = figures.floors()
    print(f'{WIDTH}x{HEIGHT} rgb8 at {RATE_HZ:.0f} Hz from another process, {seconds:g} s each, in {ROUNDS} turns')
    for what, figure, promise, holds in floors:
        print(f'{what:<28} {figure:<30} {promise:<12} {"" if not promise else "holds" if holds else "MISSED"}')
    return 0 if all(holds for *_, holds in floors) else 1


def publish() -> None:
    """The camera's process; blocks until it is killed."""
    rclpy.init()
    node = Node('bench_camera')
    publisher = node.create_publisher(Image, 'image', QOS)
    message = Image(width=WIDTH, height=HEIGHT, encoding='rgb8', step=3 * WIDTH)
    message.header.frame_id = 'camera'
    message.data = array.array('B', bytes(3 * WIDTH * HEIGHT))

    def show() -> None:
        message.header.stamp = node.get_clock().now().to_msg()
        publisher.publish(message)

    node.create_timer(1 / RATE_HZ, show)
    rclpy.spin(node)


@contextmanager
def _node() -> Iterator[Node]:
    rclpy.init()
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
    """A subscriber that stores the newest message and does nothing else."""
    with _node() as node:
        count, newest = 0, None

        def store(message: Image) -> None:
            nonlocal count, newest
            count, newest = count + 1, message

        node.create_subscription(Image, 'image', store, QOS)
        executor = SingleThreadedExecutor()
        executor.add_node(node)
        thread = threading.Thread(target=spin, args=(executor, node.get_logger()), daemon=True)
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
    """Our input, subscribed all the time."""
    with _camera_input(None) as camera:
        _wait(lambda: camera.status().received > RATE_HZ)
        return _measure(seconds, lambda: camera.status().received)


def idle(seconds: float) -> Use:
    """Our input with image_subscription: on_demand, while nobody asks."""
    with _camera_input(IDLE_S) as camera:
        asyncio.run(_first_frame(camera))  # it has been used before
        _wait(lambda: not camera.status().subscribed)
        return _measure(seconds, lambda: camera.status().received)


def first_frames(requests: int) -> list[float]:
    """How long requests wait for an image that is newer than they are, each with no subscription at first; ms."""
    with _camera_input(IDLE_S) as camera:
        return [asyncio.run(_first_frame(camera)) for _ in range(requests)]


async def _first_frame(camera: CameraInput) -> float:
    _wait(lambda: not camera.status().subscribed)
    await asyncio.sleep(random.uniform(0, 1 / RATE_HZ))  # at any moment between two images
    begin = time.monotonic()
    await camera.frame(time.time_ns(), 1.0, 5.0)
    return 1000 * (time.monotonic() - begin)
