"""What the ROS tests share: a domain of their own, waits with a deadline, a camera that the test holds in its hand."""

import itertools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import rclpy
from builtin_interfaces.msg import Time
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from robobrain_ros.action import Query
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header

from robobrain_ros.image_bridge import CvBridge
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.transport import use_image_profile

FRAME = 'camera_color_optical_frame'
SOON = 30.0
"""Deadline of what takes milliseconds on an idle host, seconds; two loaded cores may take a thousand times as long."""
_domains = itertools.count(1 + os.getpid() % 101)


@contextmanager
def own_domain() -> Iterator[int]:
    """A ROS domain that no other test file of this run has, for this process and its children."""
    with pytest.MonkeyPatch.context() as patch:
        domain = 1 + next(_domains) % 101
        patch.setenv('ROS_DOMAIN_ID', str(domain))
        patch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
        for name in ('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'):
            patch.setenv(name, '')
        use_image_profile()
        yield domain


@contextmanager
def ros(*arguments: str) -> Iterator[Context]:
    """A context of its own, which means a DDS participant of its own."""
    context = Context()
    rclpy.init(args=['--ros-args', *arguments] if arguments else None, context=context)
    try:
        yield context
    finally:
        rclpy.try_shutdown(context=context)


@contextmanager
def spinning(node: Node) -> Iterator[SingleThreadedExecutor]:
    """Spin a node in a thread, as its process would."""
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)

    def spin() -> None:
        try:
            executor.spin()
        except ExternalShutdownException:
            return

    thread = threading.Thread(target=spin, name=f'spin-{node.get_name()}', daemon=True)
    thread.start()
    try:
        yield executor
    finally:
        executor.shutdown()
        thread.join(SOON)
        assert not thread.is_alive()


def until(condition: Callable[[], Any], what: str, timeout: float = SOON) -> Any:
    """The condition's value, as soon as it is true."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        assert time.monotonic() < end, f'{what}: not within {timeout:g} s'
        time.sleep(0.005)  # between two looks, until the deadline
    return value


def header(node: Node, ago_s: float = 0.0) -> Header:
    """A header whose stamp lies so many seconds in the past."""
    stamp = node.get_clock().now() - rclpy.duration.Duration(nanoseconds=round(ago_s * 1e9))
    return Header(stamp=stamp.to_msg(), frame_id=FRAME)


def later(head: Header, milliseconds: int) -> Header:
    """A header of the same frame, with a stamp so much later; however long the test takes."""
    stamp = rclpy.time.Time.from_msg(head.stamp) + rclpy.duration.Duration(nanoseconds=milliseconds * 10**6)
    return Header(stamp=stamp.to_msg(), frame_id=head.frame_id)


def colour(head: Header, rgb: np.ndarray) -> Image:
    return CvBridge().cv2_to_imgmsg(rgb, 'rgb8', head)


def depth(head: Header, metres: np.ndarray) -> Image:
    return CvBridge().cv2_to_imgmsg(np.asarray(metres, np.float32), '32FC1', head)


def camera_info(head: Header, scene: TableTop) -> CameraInfo:
    view = scene.view
    k = [float(value) for value in view.k.ravel()]
    p = [*k[:3], 0.0, *k[3:6], 0.0, *k[6:], 0.0]
    r = [float(value) for value in np.eye(3).ravel()]
    return CameraInfo(
        header=head, width=view.width, height=view.height, distortion_model='plumb_bob', d=[0.0] * 5, k=k, r=r, p=p
    )


class TestCamera:
    """A camera driver whose messages the test decides, in a context of its own.

    :param names: topics of image, depth image and camera_info
    """

    __test__ = False

    def __init__(
        self,
        context: Context,
        kind: type = Image,
        reliability: ReliabilityPolicy = ReliabilityPolicy.RELIABLE,
        names: Sequence[str] = ('/image', '/depth/image', '/camera_info'),
        depth_kind: type = Image,
        frame: str = FRAME,
        latched_info: bool = False,
    ) -> None:
        self.frame = frame
        self.node = Node('test_camera', context=context)
        qos = QoSProfile(depth=5, reliability=reliability)
        self.image = self.node.create_publisher(kind, names[0], qos)
        self.depth = self.node.create_publisher(depth_kind, names[1], qos)
        if latched_info:
            qos = QoSProfile(depth=1, reliability=reliability, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.info = self.node.create_publisher(CameraInfo, names[2], qos)

    def close(self) -> None:
        self.node.destroy_node()

    def header(self, ago_s: float = 0.0) -> Header:
        return Header(stamp=header(self.node, ago_s).stamp, frame_id=self.frame)


class Player:
    """Shows a scene on a test camera at 10 Hz until closed; what it shows can be changed at any time."""

    def __init__(
        self, camera: TestCamera, scene: TableTop, disguise: Callable[[Image], Any] = lambda image: image
    ) -> None:
        self.camera, self.scene = camera, scene
        self.with_depth = True
        self.stamps: list[Time] = []
        """Of all images so far."""
        self.disguise = disguise
        """Makes another message of the colour image, or None for none at all."""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._play, name='player', daemon=True)
        self._thread.start()

    def _play(self) -> None:
        while not self._stop.wait(0.1):
            rgb, metres = self.scene.render()
            head = self.camera.header()
            if self.with_depth:
                self.camera.depth.publish(depth(head, metres))
            self.camera.info.publish(camera_info(head, self.scene))
            image: Image | CompressedImage | None = self.disguise(colour(head, rgb))
            if image is not None:
                self.stamps.append(head.stamp)
                self.camera.image.publish(image)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(SOON)
        self.camera.close()


class Goal:
    """A goal on its way, and all that came back."""

    def __init__(self, action: ActionClient, task: str, instruction: str, **fields):
        self.feedback: list[Query.Feedback] = []
        self.response = None
        goal = Query.Goal(task=task, instruction=instruction, **fields)
        sent = action.send_goal_async(goal, feedback_callback=lambda message: self.feedback.append(message.feedback))
        sent.add_done_callback(self._accepted)
        self.handle = None

    def _accepted(self, future) -> None:
        self.handle = future.result()
        if self.handle.accepted:
            self.handle.get_result_async().add_done_callback(lambda done: setattr(self, 'response', done.result()))

    def accepted(self) -> bool:
        return until(lambda: self.handle, 'reply to the goal').accepted

    def succeeded(self) -> bool:
        return self.response is not None and self.response.result.success

    def reached(self, stage: str) -> None:
        until(lambda: any(feedback.stage == stage for feedback in self.feedback), f'stage {stage}')

    def end(self, timeout: float = SOON) -> tuple[int, Query.Result]:
        response = until(lambda: self.response, 'end of the goal', timeout)
        return response.status, response.result
