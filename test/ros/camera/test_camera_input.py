# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""CameraInput over DDS: which image a request gets, and what belongs to it."""

import threading
import time
from concurrent.futures import CancelledError

import numpy as np
import pytest
from camera_fixtures import Rig, nanoseconds, picture, waits
from ros_helpers import FRAME, SOON, TestCamera, colour, depth, later, until
from sensor_msgs.msg import CameraInfo
from std_msgs.msg import Header

from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.camera.image_bridge import CvBridge

pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning')]
pytest_plugins = ('node_fixtures', 'camera_fixtures')


def test_the_newest_image_wins(rig, camera):
    for value in (1, 2, 3):
        rig.deliver(camera.image, colour(camera.header(), picture(value)))
    frame = rig.frame()
    assert (frame.rgb() == 3).all()
    assert frame.header.frame_id == FRAME
    assert 0 < frame.age < SOON
    rig.deliver(camera.image, colour(camera.header(), picture(4)))
    assert (frame.rgb() == 3).all(), 'a frame handed out keeps its image'
    assert (rig.input.status().received, rig.input.status().unused) == (4, 2)


def test_a_request_waits_for_the_first_image(rig, camera):
    asked = rig.ask()
    waits(asked)
    camera.image.publish(colour(camera.header(), picture(7)))
    assert (asked.result(SOON).rgb() == 7).all()


def test_many_requests_wait_for_one_image(rig, camera):
    asked = [rig.ask() for _ in range(20)]
    camera.image.publish(colour(camera.header(), picture(7)))
    assert {int(request.result(SOON).rgb()[0, 0, 0]) for request in asked} == {7}


def test_a_request_waits_for_an_image_that_is_not_before_its_time(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    not_before = camera.node.get_clock().now().nanoseconds
    asked = rig.ask(not_before_ns=not_before)
    waits(asked)
    camera.image.publish(colour(camera.header(), picture(2)))
    frame = asked.result(SOON)
    assert nanoseconds(frame.header) >= not_before
    assert (frame.rgb() == 2).all()


def test_without_an_image_the_fault_names_topic_and_publishers(rig, camera):
    fault = rig.fault(timeout=0.1)
    assert fault.code is ErrorCode.NO_IMAGE
    assert "'/image'" in str(fault)
    assert 'its publishers: /test_camera (reliable)' in str(fault)
    assert '0.1 s' in str(fault)


@pytest.mark.parametrize(
    ('ago', 'options', 'says'),
    [
        (3000.0, {'max_age': 2.0}, ('is 300', '2 s are allowed')),
        (-5.0, {}, ('in the future', 'use_sim_time')),
        (0.0, {'not_before_ns': 2 * 10**18}, ('older than not_before',)),
    ],
)
def test_an_unfit_image_is_refused_with_its_age(rig, camera, ago, options, says):
    rig.deliver(camera.image, colour(camera.header(ago), picture()))
    fault = rig.fault(timeout=0.1, **options)
    assert fault.code is ErrorCode.STALE_IMAGE
    assert all(words in str(fault) for words in says), str(fault)


def test_a_stamp_a_little_in_the_future_is_no_fault(rig, camera):
    rig.deliver(camera.image, colour(camera.header(-0.5), picture()))
    assert rig.frame().age == 0


def test_an_image_without_stamp_ages_from_its_arrival(rig, camera):
    rig.deliver(camera.image, colour(Header(frame_id=FRAME), picture()))
    rig.deliver(camera.depth, depth(Header(frame_id=FRAME), np.full((6, 8), 1.0)))
    frame = rig.frame()
    assert 0 < frame.age < SOON
    assert frame.depth() is None  # nothing says that it is this image's
    age = frame.age
    until(lambda: rig.frame().age > age + 0.1, 'the same image, older')
    assert rig.fault(timeout=0.0, max_age=0.05).code is ErrorCode.STALE_IMAGE
    fault = rig.fault(timeout=0.1, not_before_ns=camera.node.get_clock().now().nanoseconds)
    assert fault.code is ErrorCode.STALE_IMAGE
    assert 'no stamp' in str(fault)


# --- what belongs to it ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize('topic', ['depth', 'info'])
def test_another_frame_is_refused(rig, camera, topic):
    """As of a depth camera that is not registered to the colour camera."""
    header = camera.header(0.1)
    other = Header(stamp=header.stamp, frame_id='depth_optical_frame')
    rig.deliver(camera.image, colour(header, picture()))
    frame = rig.frame()
    if topic == 'depth':
        rig.deliver(camera.depth, depth(other, np.full((6, 8), 1.0)))
        until(lambda: frame._depth is not None, 'the depth')
        with pytest.raises(BrainError, match=r"depth image is in frame 'depth_optical_frame'.*register it"):
            frame.depth()
    else:
        rig.deliver(camera.info, CameraInfo(header=other, width=8, height=6))
        with pytest.raises(BrainError, match="camera_info is in frame 'depth_optical_frame'"):
            rig.frame().camera()


def test_depth_is_matched_by_stamp(rig, camera):
    head = camera.header()
    for milliseconds, metres in ((-200, 1.0), (-15, 2.0), (-5, 3.0), (95, 4.0)):
        rig.deliver(camera.depth, depth(later(head, milliseconds), np.full((6, 8), metres)))
    rig.deliver(camera.image, colour(head, picture()))
    found = rig.frame().depth()
    assert found is not None
    assert (found == 3.0).all()


def test_depth_outside_the_slop_is_none(rig, camera):
    head = camera.header()
    rig.deliver(camera.depth, depth(later(head, -300), np.ones((6, 8))))
    rig.deliver(camera.image, colour(head, picture()))
    assert rig.frame().depth() is None


def test_whoever_wants_depth_can_wait_for_it(rig, camera):
    head = camera.header()
    rig.deliver(camera.image, colour(head, picture(1)))
    frame = rig.frame()
    waiting = rig.loop.submit(rig.input.depth_of(frame, SOON))
    waits(waiting)
    rig.deliver(camera.depth, depth(later(head, 500), np.ones((6, 8))))
    waits(waiting)  # that is of another image
    rig.deliver(camera.depth, depth(head, np.ones((6, 8))))
    waiting.result(SOON)
    assert frame.has_depth
    rig.deliver(camera.image, colour(later(head, 900), picture(2)))
    newer = rig.frame(not_before_ns=nanoseconds(later(head, 900)))
    rig.loop.submit(rig.input.depth_of(newer, 0.05)).result(SOON)
    assert not newer.has_depth, 'but not for ever'


def test_without_a_depth_topic_nobody_waits_for_depth(rig, far_context):
    silent = TestCamera(far_context)
    silent.node.destroy_publisher(silent.depth)
    try:
        rig.linked(silent, publishers=[silent.image])
        rig.deliver(silent.image, colour(silent.header(), picture(1)))
        until(lambda: not rig.input._subscriptions.publishers('/depth/image'), 'the end of the depth')
        rig.loop.submit(rig.input.depth_of(rig.frame(), 10 * SOON)).result(SOON)
    finally:
        silent.close()


def test_depth_may_come_after_the_image_and_after_the_request(rig, camera):
    head = camera.header(0.1)
    rig.deliver(camera.image, colour(head, picture()))
    frame = rig.frame()
    assert frame.depth() is None
    near = later(head, 20)
    rig.deliver(camera.depth, depth(near, np.full((6, 8), 1.0)))
    assert frame.depth().max() == 1.0
    rig.deliver(camera.depth, depth(head, np.full((6, 8), 2.0)))
    assert frame.depth().max() == 2.0, 'the exact stamp is better'
    rig.deliver(camera.depth, depth(near, np.full((6, 8), 3.0)))
    assert frame.depth().max() == 2.0, 'and stays'


def test_camera_info_makes_the_camera(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture()))
    assert rig.frame().camera() is None
    k = [10.0, 0.0, 3.5, 0.0, 10.0, 2.5, 0.0, 0.0, 1.0]
    rig.deliver(camera.info, CameraInfo(header=camera.header(), width=8, height=6, k=k, distortion_model='plumb_bob'))
    assert (rig.frame().camera().width, rig.frame().camera().height) == (8, 6)


def test_size_and_encoding_may_change_in_mid_stream(rig, camera):
    bridge = CvBridge()
    for encoding, image in (
        ('rgb8', picture(9)),
        ('bgr8', picture(8, 16, 12)),
        ('mono8', np.full((3, 4), 7, np.uint8)),
        ('rgba8', np.full((24, 32, 4), 6, np.uint8)),
    ):
        rig.deliver(camera.image, bridge.cv2_to_imgmsg(image, encoding, camera.header()))
        rgb = rig.frame().rgb()
        assert rgb.shape == (*image.shape[:2], 3)
        assert (rgb == image.flat[0]).all()


def test_a_bad_image_is_a_fault_of_that_image_only(rig, camera):
    bad = colour(camera.header(), picture())
    bad.height = 99
    rig.deliver(camera.image, bad)
    with pytest.raises(BrainError) as caught:
        rig.frame().rgb()
    assert caught.value.code is ErrorCode.BAD_IMAGE
    rig.deliver(camera.image, colour(camera.header(), picture(5)))
    assert (rig.frame().rgb() == 5).all()


def test_intrinsics_may_come_after_the_image(rig, camera):
    """Of a camera that has just been subscribed to, as on demand."""
    rig.deliver(camera.image, colour(camera.header(), picture()))
    frame = rig.frame()
    assert frame.camera() is None
    k = [10.0, 0.0, 3.5, 0.0, 10.0, 2.5, 0.0, 0.0, 1.0]
    rig.deliver(camera.info, CameraInfo(header=camera.header(), width=8, height=6, k=k))
    assert frame.camera().fx == 10.0
    k[0] = 20.0
    seen = rig.input._info
    camera.info.publish(CameraInfo(header=camera.header(), width=8, height=6, k=k))
    until(lambda: rig.input._info is not seen, 'other intrinsics')
    assert frame.camera().fx == 10.0, 'the image keeps those that it got'


# --- status and end -------------------------------------------------------------------------------------------------
def test_status_tells_rate_and_age(rig, camera):
    silent = rig.input.status()
    assert (silent.received, silent.rate_hz, silent.age_s, silent.publishers) == (
        0,
        0.0,
        float('inf'),
        '/test_camera (reliable)',
    )
    before = until(lambda: rig.input.status().silent_s, 'some silence')
    begin = time.monotonic()
    assert rig.input.status().silent_s >= before
    period = threading.Event()
    for _ in range(10):
        rig.deliver(camera.image, colour(camera.header(0.5), picture()))
        period.wait(0.05)
    status = rig.input.status()
    assert status.topic == '/image'
    assert status.received == 10
    assert status.silent_s <= time.monotonic() - begin, 'since the newest image'
    assert 0 < status.rate_hz < 20
    assert 0.5 <= status.age_s < SOON
    assert not status.has_camera_info


def test_a_request_may_be_given_up(rig, camera):
    asked = rig.ask(timeout=60)
    waits(asked)
    asked.cancel()
    with pytest.raises(CancelledError):
        asked.result(SOON)
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    assert (rig.frame().rgb() == 1).all()


def test_closing_while_a_request_waits(context, loop):
    rig = Rig(context, loop)
    asked = rig.ask(timeout=0.5)
    rig.close()
    with pytest.raises(BrainError):
        asked.result(SOON)
    assert 'robobrain_images' not in {thread.name for thread in threading.enumerate()}


def test_the_loop_of_an_old_request_may_be_gone(rig, camera):
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    other = LoopThread('short-lived')
    assert (other.submit(rig.input.frame(0, 60.0, SOON)).result(SOON).rgb() == 1).all()
    other.close()
    rig.deliver(camera.image, colour(camera.header(), picture(2)))
    rig.deliver(camera.image, colour(camera.header(), picture(3)))
    assert (rig.frame().rgb() == 3).all()
