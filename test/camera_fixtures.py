"""A CameraInput over DDS, and the camera that a test holds in its hand on the other side.

For test files that say ``pytest_plugins = ('node_fixtures', 'camera_fixtures')``.
"""

from concurrent import futures
from contextlib import contextmanager

import numpy as np
import pytest
from rclpy.node import Node
from rclpy.qos import ReliabilityPolicy
from ros_helpers import SOON, TestCamera, ros, until
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from robobrain_ros.camera_settings import CameraSettings
from robobrain_ros.cameras import CameraInput
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.errors import BrainError
from robobrain_ros.frames import CameraFrame

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
K = [10.0, 0.0, 3.5, 0.0, 10.0, 2.5, 0.0, 0.0, 1.0]


@pytest.fixture(scope='module')
def context(domain):
    with ros() as context:
        yield context


@pytest.fixture(scope='module')
def loop():
    loop = LoopThread('test-loop')
    yield loop
    loop.close()


class Rig:
    """A CameraInput in a node, and the loop in which requests wait for images."""

    def __init__(self, context, loop, settings=CameraSettings(), name='robobrain', **options):  # noqa: B008
        self.loop = loop
        self.node = Node(name, context=context, **options)
        self.input = CameraInput(self.node, settings)

    def close(self):
        self.input.close()
        self.node.destroy_node()

    def ask(self, not_before_ns=0, max_age=60.0, timeout=SOON):
        return self.loop.submit(self.input.frame(not_before_ns, max_age, timeout))

    def frame(self, **options) -> CameraFrame:
        return self.ask(**options).result(2 * SOON)

    def fault(self, **options) -> BrainError:
        with pytest.raises(BrainError) as caught:
            self.frame(**options)
        return caught.value

    def linked(self, camera: TestCamera, policy=RELIABLE) -> None:
        """Wait until every topic of the camera is subscribed to, with the right reliability."""

        def linked(publisher) -> bool:
            infos = camera.node.get_subscriptions_info_by_topic(publisher.topic_name)
            policies = [info.qos_profile.reliability for info in infos]
            return policies == [policy] and publisher.get_subscription_count() == 1

        for publisher in (camera.image, camera.depth, camera.info):
            until(lambda p=publisher: linked(p), f'subscription of {publisher.topic_name}')

    def deliver(self, publisher, message) -> None:
        """Publish, and wait until it is here."""

        def arrived() -> int:
            status = self.input.status()
            if isinstance(message, CameraInfo):
                return status.has_camera_info
            return status.depth_received if getattr(message, 'encoding', '') == '32FC1' else status.received

        before = arrived()
        publisher.publish(message)
        until(lambda: arrived() > before, f'message on {publisher.topic_name}')


@pytest.fixture
def rig(context, loop):
    rig = Rig(context, loop)
    yield rig
    rig.close()


@contextmanager
def publishing(context, *arguments, **options):
    camera = TestCamera(context, *arguments, **options)
    try:
        yield camera
    finally:
        camera.close()


@pytest.fixture
def camera(far_context, rig):
    with publishing(far_context) as camera:
        rig.linked(camera)
        yield camera


def waits(asked: futures.Future) -> None:
    """A request has no answer yet."""
    with pytest.raises(futures.TimeoutError):
        asked.result(0.1)


def picture(value=0, width=8, height=6):
    return np.full((height, width, 3), value, np.uint8)


def nanoseconds(header: Header) -> int:
    return header.stamp.sec * 10**9 + header.stamp.nanosec
