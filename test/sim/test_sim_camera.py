# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The simulated camera as a process of its own, seen through DDS."""

import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rcl_interfaces.srv import GetParameters, SetParametersAtomically
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from ros_helpers import own_domain, ros
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from robobrain_ros.sim.camera_messages import OPTICAL_FRAME, WORLD_FRAME, pose_of
from robobrain_ros.sim.scene import TableTop

NAMESPACE = '/wrist'
TOPICS = {'image': Image, 'depth/image': Image, 'camera_info': CameraInfo, 'image/compressed': CompressedImage}


def start(*parameters: str, **options) -> subprocess.Popen:
    arguments = [item for parameter in parameters for item in ('-p', parameter)]
    return subprocess.Popen(
        [sys.executable, '-m', 'robobrain_ros.sim.camera', '--ros-args', '-r', f'__ns:={NAMESPACE}', *arguments],
        **options,
    )


def nanoseconds(header) -> int:
    return header.stamp.sec * 10**9 + header.stamp.nanosec


class Listener:
    """Keeps every message of the camera, by topic."""

    def __init__(self, context: rclpy.Context) -> None:
        self.node = rclpy.create_node('listener', namespace=NAMESPACE, context=context)
        self.executor = SingleThreadedExecutor(context=context)
        self.executor.add_node(self.node)
        self.messages = defaultdict(list)
        qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
        for topic, kind in TOPICS.items():
            self.node.create_subscription(kind, topic, lambda m, t=topic: self.messages[t].append(m), qos)

    def wait(self, condition: Callable[[], bool], timeout: float = 40.0) -> None:
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, {topic: len(found) for topic, found in self.messages.items()}
            self.executor.spin_once(timeout_sec=0.1)

    def call(self, kind, name: str, request):
        client = self.node.create_client(kind, f'simulated_camera/{name}')
        self.wait(client.service_is_ready)
        future = client.call_async(request)
        self.wait(future.done)
        return future.result()

    def set(self, name: str, value):
        parameter = Parameter(name, value=value).to_parameter_msg()
        request = SetParametersAtomically.Request(parameters=[parameter])
        return self.call(SetParametersAtomically, 'set_parameters_atomically', request).result


@pytest.fixture(scope='module')
def context():
    with own_domain(), ros() as context:
        yield context


@pytest.fixture(scope='module')
def camera(context):
    process = start('seed:=4', 'image_transport:=compressed')
    yield process
    process.kill()
    process.wait(10)


@pytest.fixture(scope='module')
def listener(context, camera):
    listener = Listener(context)
    listener.wait(lambda: len(listener.messages['image/compressed']) >= 3)
    yield listener
    listener.executor.shutdown()
    listener.node.destroy_node()


def test_all_topics_arrive_at_the_rate_with_the_same_stamps(listener):
    stamps = {}
    listener.messages.clear()
    listener.wait(lambda: all(len(listener.messages[topic]) >= 30 for topic in TOPICS))
    for topic in TOPICS:
        stamps[topic] = [nanoseconds(message.header) for message in listener.messages[topic]]
        assert {message.header.frame_id for message in listener.messages[topic]} == {OPTICAL_FRAME}
        gap = np.median(np.diff(stamps[topic])) / 1e9
        assert 0.08 < gap < 0.12, (topic, gap)
    together = set.intersection(*map(set, stamps.values()))
    assert len(together) >= 10  # a busy host loses some
    assert abs(time.time() - max(together) / 1e9) < 5


def test_messages_hold_the_scene(listener):
    scene = TableTop(4)
    rgb, depth = scene.render()
    image, depth_image, info, jpeg = (listener.messages[topic][-1] for topic in TOPICS)
    assert (image.encoding, image.width, image.height, image.step) == ('rgb8', 640, 480, 1920)
    assert bytes(image.data) == rgb.tobytes()
    assert (depth_image.encoding, depth_image.step) == ('32FC1', 2560)
    assert bytes(depth_image.data) == depth.tobytes()
    assert (info.width, info.height) == (640, 480)
    assert info.k == pytest.approx(scene.view.k.ravel())
    assert info.p.reshape(3, 4)[:, :3] == pytest.approx(scene.view.k)
    decoded = cv2.imdecode(np.frombuffer(jpeg.data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.abs(decoded.astype(int) - rgb).mean() < 3


def test_a_new_seed_shows_a_new_scene(listener):
    assert listener.set('seed', 5).successful
    answered = time.time_ns()
    listener.messages.clear()
    listener.wait(lambda: any(nanoseconds(m.header) > answered for m in listener.messages['image']))
    assert bytes(listener.messages['image'][-1].data) == TableTop(5).render()[0].tobytes()


@pytest.mark.parametrize(
    ('name', 'value'), [('seed', -1), ('seed', 'seven'), ('width', 320), ('rate_hz', 20.0), ('fault', 'sip')]
)
def test_bad_and_read_only_parameters_are_refused(listener, name, value):
    def current():
        request = GetParameters.Request(names=[name])
        return listener.call(GetParameters, 'get_parameters', request).values

    before = current()
    result = listener.set(name, value)
    assert not result.successful
    assert result.reason
    assert current() == before


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(context, number):
    # Started as bash starts background jobs: with SIGINT ignored.
    process = start(stderr=subprocess.PIPE, text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    try:
        line = ''
        while 'seed 0' not in line:
            line = process.stderr.readline()
            assert line, 'ended before it showed a scene'
        process.send_signal(number)
        _, errors = process.communicate(timeout=10)
    finally:
        process.kill()
    assert process.returncode == 0
    assert 'Traceback' not in errors


@pytest.mark.parametrize(
    ('parameter', 'says'),
    [('image_transport:=theora', "'theora'"), ('rate_hz:=0.1', '0.1'), ('seed:=many', 'many')],
)
def test_a_bad_parameter_ends_it_with_a_sentence(context, parameter, says):
    process = start(parameter, stderr=subprocess.PIPE, text=True)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert says in errors
    assert 'Traceback' not in errors


def test_pose_maps_the_optical_frame_into_the_world():
    view = TableTop(4).view
    transform = pose_of(view)
    assert isinstance(transform, TransformStamped)
    assert (transform.header.frame_id, transform.child_frame_id) == (WORLD_FRAME, OPTICAL_FRAME)
    q, t = transform.transform.rotation, transform.transform.translation
    vector, point = np.array([q.x, q.y, q.z]), np.array([0.1, -0.2, 0.7])
    # Rotation of a vector by a unit quaternion (Rodrigues' form).
    rotated = point + 2 * np.cross(vector, np.cross(vector, point) + q.w * point)
    assert rotated + [t.x, t.y, t.z] == pytest.approx(view.to_world(point))


def test_a_signal_while_mujoco_is_imported_ends_it_cleanly():
    """MuJoCo's C code makes an ImportError of the interrupt."""
    script = """
import os, signal, sys
from robobrain_ros.sim import camera

def interrupted():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except KeyboardInterrupt:
        raise ImportError('initialization failed')

camera.SimulatedCamera = interrupted
sys.exit(camera.main([]))
"""
    done = subprocess.run([sys.executable, '-c', script], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'Traceback' not in done.stderr
