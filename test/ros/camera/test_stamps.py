# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Stamps and frames as drivers set them: which image is the newest, and what is said about stamps that do not fit."""

import re
import time

import numpy as np
import pytest
from camera_fixtures import K, Rig, nanoseconds, picture, publishing
from ros_helpers import colour, depth, later
from sensor_msgs.msg import CameraInfo, CompressedImage
from std_msgs.msg import Header

from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros.camera import camera_frame
from robobrain_ros.ros.camera.camera_frame import Arrival
from robobrain_ros.ros.camera.camera_input import ARRIVAL_NOTE
from robobrain_ros.ros.camera.settings import CameraSettings

pytestmark = [pytest.mark.ros]
pytest_plugins = ('node_fixtures', 'camera_fixtures')
METRES = np.full((6, 8), 0.8, np.float32)


def test_an_older_image_that_comes_later_displaces_nothing(rig, camera):
    head = camera.header()
    rig.deliver(camera.image, colour(head, picture(1)))
    rig.deliver(camera.image, colour(later(head, -400), picture(2)))
    assert (rig.frame(not_before_ns=nanoseconds(head)).rgb() == 1).all()
    assert rig.input.status().unused == 1
    rig.deliver(camera.image, colour(later(head, 1), picture(3)))
    assert (rig.frame().rgb() == 3).all()


def test_an_image_without_stamp_displaces_none_that_has_one(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    rig.deliver(camera.image, colour(Header(frame_id=camera.frame), picture(2)))
    assert (rig.frame().rgb() == 1).all()


def test_after_a_jump_back_the_image_that_came_since_is_the_newest(rig, camera):
    """A recording that is played again: its first image may come before the time that it belongs to."""
    head = camera.header()
    rig.deliver(camera.image, colour(head, picture(1)))
    rig.deliver(camera.image, colour(later(head, -400), picture(2)))
    rig.input._on_jump(None)
    assert (rig.frame().rgb() == 2).all()


def arrival(stamp_s: float) -> Arrival:
    return Arrival(colour(Header(), picture())) if not stamp_s else Arrival(image(stamp_s))


def image(stamp_s: float):
    message = colour(Header(), picture())
    message.header.stamp.sec, message.header.stamp.nanosec = int(stamp_s), int(stamp_s % 1 * 1e9)
    return message


@pytest.mark.parametrize(
    ('held', 'comes', 'now', 'gives_way'),
    [
        (100.0, 100.5, 101.0, True),
        (100.0, 100.0, 101.0, True),
        (100.0, 99.5, 101.0, False),
        (100.0, 0.0, 101.0, False),
        (0.0, 0.0, 101.0, True),
        (0.0, 50.0, 101.0, True),
        (100.0, 3.0, 3.1, True),  # the clock was set back, as by a simulation that starts again
    ],
)
def test_newest_is_newest_by_stamp(held, comes, now, gives_way):
    assert arrival(held).gives_way(image(comes), int(now * 1e9)) is gives_way


def test_a_driver_whose_clock_was_set_back_is_heard_again(monkeypatch):
    held = arrival(100.0)
    begin = time.monotonic()
    monkeypatch.setattr(camera_frame.time, 'monotonic', lambda: begin + 1.1)
    assert held.gives_way(image(90.0), int(101e9))


def test_depth_that_is_too_far_off_is_said_to_be(rig, camera):
    head = camera.header()
    rig.deliver(camera.depth, depth(later(head, -60), METRES))
    rig.deliver(camera.image, colour(head, picture()))
    frame = rig.frame()
    assert frame.depth() is None
    assert frame.depth_fault() == 'the nearest depth image is 60 ms off, and depth_slop_s allows 50 ms'


def test_depth_without_stamps_is_said_to_have_none(rig, camera):
    rig.deliver(camera.depth, depth(Header(frame_id=camera.frame), METRES))
    rig.deliver(camera.image, colour(camera.header(), picture()))
    assert rig.frame().depth_fault().startswith('depth images come without stamps')


def test_without_depth_none_came(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture()))
    assert rig.frame().depth_fault() == 'no depth image came with the colour image'


def test_a_slash_in_front_of_a_frame_is_no_difference(rig, camera):
    head = camera.header()
    rig.deliver(camera.depth, depth(Header(stamp=head.stamp, frame_id=f'/{camera.frame}'), METRES))
    rig.deliver(camera.image, colour(head, picture()))
    assert rig.frame().depth() is not None


@pytest.mark.parametrize('stamp_s', [12.5, 4e9])
def test_stamps_of_another_epoch_name_use_sim_time(rig, camera, stamp_s):
    """A simulator's stamps on wall time, and the other way round."""
    rig.deliver(camera.image, image(min(stamp_s, 2**31 - 1)))
    fault = rig.fault(timeout=0.1)
    assert fault.code is ErrorCode.STALE_IMAGE
    assert 'use_sim_time' in str(fault)
    assert 'simulated time' in str(fault)
    assert 'stamp_source' in str(fault)


def test_an_image_that_is_old_when_it_comes_names_the_clocks(rig, camera):
    """A driver whose clock is 40 s behind: its images are not stale, whatever their stamps say."""
    rig.deliver(camera.image, colour(camera.header(40.0), picture()))
    assert re.search(
        r'40\.\d\d s old, and 1 s are allowed; it came \d.* clocks', str(rig.fault(timeout=0.1, max_age=1))
    )


def test_an_image_that_was_fresh_when_it_came_names_no_clocks(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture()))
    assert 'clocks' not in str(rig.fault(timeout=0.0, max_age=0.0))


@pytest.mark.parametrize('slashes', [('/', ''), ('', '/'), ('/', '/')])
def test_a_slash_in_front_is_no_difference_for_camera_info_either(rig, camera, slashes):
    image, info = (Header(stamp=camera.header().stamp, frame_id=slash + camera.frame) for slash in slashes)
    rig.deliver(camera.info, CameraInfo(header=info, width=8, height=6, k=K))
    rig.deliver(camera.image, colour(image, picture()))
    assert rig.frame().camera().width == 8


def test_stamps_that_jump_to_and_fro_never_take_the_newest_back(rig, camera, monkeypatch):
    monkeypatch.setattr(camera_frame, 'KEPT_S', 60.0)  # however slow this machine is
    head = camera.header(0.6)
    for number, milliseconds in enumerate((0, 300, 100, -200, 299, 301, 0, 250), 1):
        rig.deliver(camera.image, colour(later(head, milliseconds), picture(number)))
    assert (rig.frame().rgb() == 6).all()


def test_a_topic_of_another_type_is_named(context, loop, far_context):
    rig = Rig(context, loop, CameraSettings(name='wrong'))
    names = ('/wrong/image', '/wrong/depth/image', '/wrong/camera_info')
    try:
        with publishing(far_context, CompressedImage, names=names) as camera:
            fault = ''
            deadline = time.monotonic() + 10
            while 'has type' not in fault and time.monotonic() < deadline:
                fault = str(rig.fault(timeout=0.1))
            assert "'/wrong/image' has type sensor_msgs/msg/CompressedImage" in fault
            assert 'sensor_msgs/msg/Image is expected' in fault
            assert camera.image.topic_name == '/wrong/image'
    finally:
        rig.close()


def test_stamps_of_arrival(context, loop, far_context):
    """For drivers whose stamps cannot be used: images are fresh, depth belongs to them, and every answer says so."""
    names = ('/odd/image', '/odd/depth/image', '/odd/camera_info')
    rig = Rig(context, loop, CameraSettings(name='odd', stamp_source='arrival'))
    try:
        with publishing(far_context, names=names) as camera:
            rig.linked(camera)
            before = rig.node.get_clock().now().nanoseconds
            rig.deliver(camera.depth, depth(Header(frame_id=camera.frame), METRES))
            rig.deliver(camera.image, colour(camera.header(3000.0), picture(5)))
            frame = rig.frame(not_before_ns=before)
            assert nanoseconds(frame.header) >= before
            assert frame.depth() is not None
            assert frame.notes == (ARRIVAL_NOTE,)
    finally:
        rig.close()
