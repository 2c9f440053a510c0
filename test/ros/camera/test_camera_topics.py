# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""CameraInput over DDS: names, types and reliability of what it subscribes to."""

import cv2
import numpy as np
import pytest
from camera_fixtures import BEST_EFFORT, RELIABLE, K, Rig, picture, publishing
from rclpy.node import Node
from ros_helpers import SOON, colour, depth, ros, until
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.camera.image_bridge import CvBridge
from robobrain_ros.ros.camera.settings import CameraSettings

pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning')]
pytest_plugins = ('node_fixtures', 'camera_fixtures')


def test_a_publisher_may_come_late(rig, far_context):
    asked = rig.ask()
    with publishing(far_context) as camera:
        rig.linked(camera)
        camera.image.publish(colour(camera.header(), picture(3)))
        assert (asked.result(SOON).rgb() == 3).all()


def test_reliability_follows_the_publishers(rig, far_context):
    for policy in (BEST_EFFORT, RELIABLE, BEST_EFFORT):
        with publishing(far_context, reliability=policy) as camera:
            rig.linked(camera, policy)
            rig.deliver(camera.image, colour(camera.header(), picture()))
        until(lambda p=camera: not rig.node.get_publishers_info_by_topic('/image'), 'the publisher is gone')


def test_mixed_publishers_are_all_heard(rig, far_context):
    with publishing(far_context, reliability=RELIABLE) as first:
        rig.linked(first, RELIABLE)
        with publishing(far_context, reliability=BEST_EFFORT) as second:
            rig.linked(second, BEST_EFFORT)
            for camera in (first, second):
                until(lambda c=camera: c.image.get_subscription_count() == 1, 'link')
                rig.deliver(camera.image, colour(camera.header(), picture()))


def test_compressed_images(context, far_context, loop):
    rig = Rig(context, loop, CameraSettings(image_transport='compressed'))
    names = ('/image/compressed', '/depth/image', '/camera_info')
    try:
        with publishing(far_context, CompressedImage, names=names) as camera:
            rig.linked(camera)
            message = CvBridge().cv2_to_compressed_imgmsg(picture(100, 64, 48))
            message.header = camera.header()
            rig.deliver(camera.image, message)
            assert abs(rig.frame().rgb().astype(int) - 100).max() <= 2
            garbage = CompressedImage(header=camera.header(), format='jpeg', data=[1, 2, 3])
            rig.deliver(camera.image, garbage)
            with pytest.raises(BrainError, match='neither JPEG, PNG, TIFF nor WebP'):
                rig.frame().rgb()
    finally:
        rig.close()


def test_named_cameras_have_topics_of_their_own(context, far_context, loop):
    rigs = {name: Rig(context, loop, CameraSettings(name), name='robobrain') for name in ('front', 'wrist')}
    try:
        for value, (name, rig) in enumerate(rigs.items(), 1):
            topics = (f'/{name}/image', f'/{name}/depth/image', f'/{name}/camera_info')
            assert rig.input.status().topic == topics[0]
            with publishing(far_context, names=topics) as camera:
                rig.linked(camera)
                head = camera.header()
                rig.deliver(camera.image, colour(head, picture(value)))
                rig.deliver(camera.depth, depth(head, np.full((6, 8), float(value))))
                rig.deliver(camera.info, CameraInfo(header=head, width=8, height=6))
        for value, rig in enumerate(rigs.values(), 1):
            frame = rig.frame()
            assert (frame.rgb() == value).all()
            assert (frame.depth() == value).all()
            assert rig.input.status().received == rig.input.status().depth_received == 1
    finally:
        for rig in rigs.values():
            rig.close()


def compressed_depth(head: Header, millimetres: np.ndarray) -> CompressedImage:
    """As compressed_depth_image_transport writes it: 12 bytes of its settings, then PNG."""
    data = bytes(12) + cv2.imencode('.png', millimetres)[1].tobytes()
    return CompressedImage(header=head, format='16UC1; compressedDepth png', data=data)


def test_compressed_depth(context, far_context, loop):
    rig = Rig(context, loop, CameraSettings('front', depth_transport='compressedDepth'))
    names = ('/front/image', '/front/depth/image/compressedDepth', '/front/camera_info')
    try:
        with publishing(far_context, names=names, depth_kind=CompressedImage) as camera:
            rig.linked(camera)
            head = camera.header()
            rig.deliver(camera.image, colour(head, picture()))
            camera.depth.publish(compressed_depth(head, np.full((6, 8), 1500, np.uint16)))
            until(lambda: rig.input.status().depth_received, 'depth')
            np.testing.assert_allclose(rig.frame().depth(), 1.5)
            camera.depth.publish(CompressedImage(header=head, format='16UC1; compressedDepth', data=[1, 2, 3]))
            until(lambda: rig.input.status().depth_received == 2, 'garbage')
            np.testing.assert_allclose(rig.frame().depth(), 1.5, err_msg='the first with the exact stamp stays')
            head = camera.header()
            rig.deliver(camera.image, colour(head, picture()))
            camera.depth.publish(CompressedImage(header=head, format='16UC1; compressedDepth', data=[1, 2, 3]))
            until(lambda: rig.input.status().depth_received == 3, 'garbage')
            with pytest.raises(BrainError) as caught:
                rig.frame().depth()
            assert caught.value.code is ErrorCode.BAD_IMAGE
    finally:
        rig.close()


REMAPS = ('__node:=brain', '__ns:=/robot', 'image:=/cam/rgb', '/cam/rgb:=/elsewhere', 'depth/image:=aligned')


@pytest.mark.parametrize('local', [False, True], ids=['command line', "node's own arguments"])
def test_names_are_resolved_once(domain, far_context, loop, local):
    arguments = [item for remap in REMAPS for item in ('-r', remap)]
    with ros(*([] if local else arguments)) as context:
        rig = Rig(context, loop, cli_args=['--ros-args', *arguments] if local else None)
        try:
            assert rig.node.get_fully_qualified_name() == '/robot/brain'
            assert rig.input.status().topic == '/cam/rgb'
            until(lambda: '/robot/brain_images' in full_names(rig.node), 'the helper node')
            assert set(full_names(rig.node)) == {'/robot/brain', '/robot/brain_images'}
            with publishing(far_context, names=('/cam/rgb', '/robot/aligned', '/robot/camera_info')) as camera:
                rig.linked(camera)
                rig.deliver(camera.image, colour(camera.header(), picture(2)))
                rig.deliver(camera.depth, depth(camera.header(), np.ones((6, 8))))
                assert (rig.frame().rgb() == 2).all()
        finally:
            rig.close()


def full_names(node: Node) -> list[str]:
    return [f'{space.rstrip("/")}/{name}' for name, space in node.get_node_names_and_namespaces() if space == '/robot']


@pytest.mark.parametrize(
    ('name', 'coefficient', 'warned'),
    [('image_rect_color', 0.1, True), ('image_rect', 0.0, False), ('direct', 0.1, False)],
)
def test_a_rectified_image_whose_camera_info_has_distortion_is_warned_about(
    context, far_context, loop, name, coefficient, warned
):
    """Points would be undistorted twice: image_proc publishes image_rect beside the raw image's camera_info."""
    rig = Rig(context, loop, CameraSettings(name=name))
    try:
        with publishing(
            far_context, names=(f'/{name}/image', f'/{name}/depth/image', f'/{name}/camera_info')
        ) as camera:
            rig.linked(camera)
            head = camera.header()
            info = CameraInfo(header=head, width=8, height=6, k=K, distortion_model='plumb_bob')
            info.d = [coefficient, 0.0, 0.0, 0.0, 0.0]
            rig.deliver(camera.info, info)
            rig.deliver(camera.image, colour(head, picture()))
            assert ['is rectified by its name' in note for note in rig.frame().notes] == [True] * warned
    finally:
        rig.close()
