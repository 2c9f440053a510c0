# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""CameraInput over DDS that subscribes only while a request waits."""

import threading

import numpy as np
import pytest
from camera_fixtures import K, Rig, nanoseconds, picture, publishing, waits
from ros_helpers import SOON, colour, depth, until
from sensor_msgs.msg import CameraInfo

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.camera import camera_input as cameras
from robobrain_ros.ros.camera.settings import CameraSettings

pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning')]
pytest_plugins = ('node_fixtures', 'camera_fixtures')


class Stream:
    """Shows pictures on a camera at 30 Hz until closed, colour first, as drivers that register depth do."""

    def __init__(self, camera):
        self.camera, self._stop = camera, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop.wait(1 / 30):
            head = self.camera.header()
            self.camera.image.publish(colour(head, picture(3)))
            self.camera.depth.publish(depth(head, np.ones((6, 8))))
            self.camera.info.publish(CameraInfo(header=head, width=8, height=6, k=K))

    def close(self):
        self._stop.set()
        self._thread.join(SOON)


@pytest.fixture
def stream(far_context):
    with publishing(far_context) as camera:
        stream = Stream(camera)
        yield stream
        stream.close()


def test_on_demand_the_first_frame_is_newer_than_the_request(context, loop, stream):
    rig = Rig(context, loop, CameraSettings(idle_s=0.5))
    try:
        until(lambda: rig.input.status().publishers, 'the camera')
        for _ in range(4):
            assert not rig.input.status().subscribed
            before, now = rig.input.status().received, stream.camera.node.get_clock().now().nanoseconds
            frame = rig.frame(not_before_ns=now)
            assert nanoseconds(frame.header) >= now
            assert (frame.rgb() == 3).all()
            assert rig.input.status().received > before
            until(lambda f=frame: f.depth() is not None and f.camera() is not None, 'what belongs to it')
            until(lambda: not rig.input.status().subscribed, 'release')
        received = rig.input.status().received
        with pytest.raises(AssertionError):
            until(lambda: rig.input.status().received > received, 'no image while nobody asks', 0.3)
    finally:
        rig.close()


def test_on_demand_a_request_that_ends_early_lets_go(context, loop):
    rig = Rig(context, loop, CameraSettings(idle_s=0.1))
    try:
        asked = rig.ask(timeout=60)
        until(lambda: rig.input.status().subscribed, 'subscriptions')
        asked.cancel()
        until(lambda: not rig.input.status().subscribed, 'release')
        assert rig.fault(timeout=0.1).code is ErrorCode.NO_IMAGE
        until(lambda: not rig.input.status().subscribed, 'release')
    finally:
        rig.close()


def test_on_demand_closing_while_a_request_waits(context, loop, far_context):
    rig = Rig(context, loop, CameraSettings(idle_s=SOON))
    with publishing(far_context) as camera:
        asked = rig.ask(timeout=1.0)
        rig.linked(camera)
        rig.close()
        with pytest.raises(BrainError):
            asked.result(SOON)
        until(lambda: not camera.image.get_subscription_count(), 'no subscription')


# --- after a pause --------------------------------------------------------------------------------------------------
@pytest.fixture
def rig(context, loop):
    rig = Rig(context, loop, CameraSettings(idle_s=0.1))
    yield rig
    rig.close()


def info(camera, focal_length=10.0) -> CameraInfo:
    k = [focal_length, *K[1:]]
    return CameraInfo(header=camera.header(), width=8, height=6, k=k)


def asked_and_linked(rig, camera, **options):
    """A request that waits, and is subscribed to all topics."""
    asked = rig.ask(timeout=60.0, **options)
    rig.linked(camera)
    return asked


def used(rig, camera) -> None:
    """A request was answered by an image and camera_info, then nobody asked any more."""
    asked = asked_and_linked(rig, camera)
    rig.deliver(camera.info, info(camera))
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    rig.deliver(camera.depth, depth(camera.header(), np.ones((6, 8))))
    assert asked.result(SOON).camera().fx == 10
    until(lambda: not rig.input.status().subscribed, 'release')


@pytest.fixture
def camera(far_context, rig):
    with publishing(far_context) as camera:
        until(lambda: rig.input.status().publishers, 'the camera')
        yield camera


def test_after_a_pause_nothing_of_before_is_used(rig, camera, monkeypatch):
    monkeypatch.setattr(cameras, 'INFO_S', 2 * SOON)
    used(rig, camera)
    status = rig.input.status()
    assert (status.rate_hz, status.age_s, status.has_camera_info) == (0, float('inf'), False)
    asked = asked_and_linked(rig, camera)
    waits(asked)  # though the old image would be new enough
    rig.deliver(camera.image, colour(camera.header(), picture(2)))
    assert rig.input.status().rate_hz == 0, 'one image since it subscribed again'
    waits(asked)  # this camera has published camera_info before
    rig.deliver(camera.info, info(camera, 20.0))
    frame = asked.result(SOON)
    assert (frame.rgb() == 2).all()
    assert frame.camera().fx == 20
    assert frame.depth() is None


def test_camera_info_that_stays_away_is_waited_for_only_once(rig, camera):
    used(rig, camera)
    other = asked_and_linked(rig, camera, not_before_ns=2 * 10**18)
    rig.deliver(camera.image, colour(camera.header(), picture(2)))
    frame = rig.frame(timeout=0.1)
    assert (frame.rgb() == 2).all()
    assert frame.camera() is None
    other.cancel()
    until(lambda: not rig.input.status().subscribed, 'release')
    asked = asked_and_linked(rig, camera)
    rig.deliver(camera.image, colour(camera.header(), picture(3)))
    assert (asked.result(SOON).rgb() == 3).all()


def test_camera_info_that_stays_away_costs_a_request_little_of_its_time(rig, camera, monkeypatch):
    monkeypatch.setattr(cameras, 'INFO_S', 0.3)
    used(rig, camera)
    asked = asked_and_linked(rig, camera)
    rig.deliver(camera.image, colour(camera.header(), picture(2)))
    frame = asked.result(SOON)  # of the 60 s that it may wait
    assert (frame.rgb() == 2).all()
    assert frame.camera() is None


def test_a_request_that_ends_while_only_camera_info_is_missing_is_the_last_to_wait_for_it(rig, camera, monkeypatch):
    """As by a client whose own time is short: else none of its requests would ever be answered."""
    monkeypatch.setattr(cameras, 'INFO_S', 2 * SOON)
    used(rig, camera)
    asked = asked_and_linked(rig, camera)
    rig.deliver(camera.image, colour(camera.header(), picture(2)))
    waits(asked)
    asked.cancel()
    until(lambda: not rig.input.status().subscribed, 'release')
    asked = asked_and_linked(rig, camera)
    rig.deliver(camera.image, colour(camera.header(), picture(3)))
    assert (asked.result(SOON).rgb() == 3).all()


@pytest.mark.parametrize('too_old', [False, True])
def test_a_request_that_ends_without_a_usable_image_leaves_the_next_one_its_camera_info(
    rig, camera, monkeypatch, too_old
):
    monkeypatch.setattr(cameras, 'INFO_S', 2 * SOON)
    used(rig, camera)
    asked = asked_and_linked(rig, camera, not_before_ns=2 * 10**18)
    if too_old:
        rig.deliver(camera.image, colour(camera.header(), picture(2)))
    waits(asked)
    asked.cancel()
    until(lambda: not rig.input.status().subscribed, 'release')
    asked = asked_and_linked(rig, camera)
    rig.deliver(camera.image, colour(camera.header(), picture(3)))
    waits(asked)
    rig.deliver(camera.info, info(camera, 20.0))
    assert asked.result(SOON).camera().fx == 20


def test_camera_info_that_was_published_only_once_is_heard_after_every_pause(rig, far_context):
    """By a latched publisher."""
    with publishing(far_context, latched_info=True) as camera:
        until(lambda: rig.input.status().publishers, 'the camera')
        camera.info.publish(info(camera))
        for value in (1, 2):
            asked = asked_and_linked(rig, camera)
            until(lambda: rig.input.status().has_camera_info, 'camera_info')
            rig.deliver(camera.image, colour(camera.header(), picture(value)))
            assert asked.result(SOON).camera().fx == 10
            until(lambda: not rig.input.status().subscribed, 'release')


def test_a_camera_that_never_published_camera_info_answers_without(rig, camera):
    for value in (1, 2):
        asked = asked_and_linked(rig, camera)
        rig.deliver(camera.image, colour(camera.header(), picture(value)))
        frame = asked.result(SOON)
        assert (frame.rgb() == value).all()
        assert frame.camera() is None
        until(lambda: not rig.input.status().subscribed, 'release')


def test_a_frame_of_before_the_pause_takes_nothing_of_after_it(rig, camera):
    asked = asked_and_linked(rig, camera)
    rig.deliver(camera.image, colour(camera.header(), picture(1)))
    frame = asked.result(SOON)
    until(lambda: not rig.input.status().subscribed, 'release')
    asked_and_linked(rig, camera)
    rig.deliver(camera.info, info(camera))
    assert frame.camera() is None
