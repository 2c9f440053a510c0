# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Positions in other frames: the arithmetic, tf2's part of it (played by a small stand-in), and hosts without tf2."""

import math
import sys
import threading
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from geometry_msgs.msg import TransformStamped
from hypothesis import given
from hypothesis import strategies as st
from rclpy.clock import ROSClock
from rclpy.duration import Duration
from rclpy.time import Time as RosTime
from std_msgs.msg import Header

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.ros.transforms import FixedPose, Transforms

HALF = math.sqrt(0.5)
HEADER = Header(stamp=Time(sec=5, nanosec=7), frame_id='camera')


# --- the arithmetic ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ('quaternion', 'image'),
    [
        ((0, 0, 0, 1), (1, 2, 3)),
        ((1, 0, 0, 0), (1, -2, -3)),  # half a turn about x
        ((0, 0, HALF, HALF), (-2, 1, 3)),  # a quarter about z, from x towards y
        ((HALF, 0, 0, HALF), (1, -3, 2)),
        ((0, HALF, 0, HALF), (3, 2, -1)),
        ((-0.5, 0.5, -0.5, 0.5), (3, -1, -2)),  # optical to body frame, REP-103: x = z, y = -x, z = -y
        ((0, 0, -3, -3), (-2, 1, 3)),  # any length, and its opposite is the same turn
    ],
)
def test_known_rotations(quaternion, image):
    moved = Transform.from_quaternion((10, 20, 30), quaternion).apply((1, 2, 3))
    assert moved == pytest.approx(np.add(image, (10, 20, 30)))


coordinates = st.tuples(*[st.floats(-100, 100)] * 3)
quaternions = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda q: math.hypot(*q) > 1e-3)


@given(coordinates, quaternions, coordinates)
def test_it_is_the_turn_of_the_quaternion(shift, quaternion, point):
    """Against v' = v + 2 w (u x v) + 2 u x (u x v) for the unit quaternion (u, w)."""
    q = np.array(quaternion) / np.linalg.norm(quaternion)
    cross = np.cross(q[:3], point)
    expected = point + 2 * q[3] * cross + 2 * np.cross(q[:3], cross) + shift
    np.testing.assert_allclose(Transform.from_quaternion(shift, quaternion).apply(point), expected, atol=1e-9)


@given(coordinates, quaternions, coordinates, coordinates)
def test_it_is_a_rigid_motion(shift, quaternion, one, other):
    transform = Transform.from_quaternion(shift, quaternion)
    assert math.dist(transform.apply(one), transform.apply(other)) == pytest.approx(math.dist(one, other), abs=1e-9)
    assert np.linalg.det(transform.rotation) == pytest.approx(1)


@pytest.mark.parametrize('quaternion', [(0, 0, 0, 0), (math.nan, 0, 0, 1), (math.inf, 0, 0, 1)])
def test_what_is_no_rotation_is_quoted(quaternion):
    with pytest.raises(ValueError) as caught:
        Transform.from_quaternion((0, 0, 0), quaternion)
    assert str(quaternion) in str(caught.value)


# --- without tf2 ------------------------------------------------------------------------------------------------------
@pytest.fixture
def without(monkeypatch) -> Transforms:
    monkeypatch.setitem(sys.modules, 'tf2_ros', None)
    return Transforms(SimpleNamespace())


@pytest.mark.parametrize('target_frame', ['', 'camera'])
def test_without_tf2_there_is_the_camera_s_own_frame(without, target_frame):
    without.check(target_frame, 'camera')
    assert without.lookup(target_frame, HEADER, 0.0) is None


def test_without_tf2_another_frame_is_refused_with_the_reason(without):
    with pytest.raises(BrainError) as caught:
        without.check('base_link', 'camera')
    assert caught.value.code is ErrorCode.BAD_REQUEST
    assert all(words in str(caught.value) for words in ("'base_link'", "'camera'", 'tf2_ros is not installed'))


def test_a_camera_that_never_moves_needs_no_tf2_for_its_own_frame(without):
    desk = Transform.from_quaternion((0, 0, 1), (1, 0, 0, 0))
    without.fixed = {'front': FixedPose('desk', desk)}
    for frame in ('desk', '/desk'):
        without.check(frame, 'camera', 'front')
        assert without.lookup(frame, HEADER, 0.0, 'front') is desk
    assert without.lookup('camera', HEADER, 0.0, 'front') is None
    assert without.lookup('desk', Header(frame_id='camera'), 0.0, 'front') is desk, 'it needs no stamp'
    with pytest.raises(BrainError) as caught:
        without.check('map', 'camera', 'front')
    assert all(words in str(caught.value) for words in ("'map'", "'camera' and 'desk'", 'tf2_ros is not installed'))
    with pytest.raises(BrainError, match='set camera_pose'):
        without.check('desk', 'wrist', 'wrist')


# --- with tf2 ---------------------------------------------------------------------------------------------------------
class TransformException(Exception):  # the name that tf2 gives it
    """As in tf2_ros."""


class Buffer:
    """As in tf2_ros, with one answer for all."""

    def __init__(self, node=None):
        assert node is None, 'it would offer a service under a name that all nodes share'
        self.asked = []
        self.answer = TransformStamped()
        self.cleared = 0

    def clear(self):
        self.cleared += 1

    def lookup_transform(self, *arguments):
        self.asked.append((*arguments, threading.current_thread()))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def tf2(monkeypatch):
    """A stand-in for the package, of which there is no wheel."""
    module = ModuleType('tf2_ros')
    module.Buffer, module.TransformException = Buffer, TransformException
    module.TransformListener = lambda buffer, node: (buffer, node)
    monkeypatch.setitem(sys.modules, 'tf2_ros', module)
    return module


@pytest.fixture
def node():
    clock = ROSClock()
    return SimpleNamespace(name='the node', get_clock=lambda: clock)


@pytest.fixture
def transforms(tf2, node):
    return Transforms(node)


def test_a_lookup_is_at_the_stamp_of_the_image(transforms, node):
    buffer = transforms._buffer
    buffer.answer.transform.translation.x = 10.0
    buffer.answer.transform.rotation.z, buffer.answer.transform.rotation.w = HALF, HALF
    transforms.check('base_link', 'camera')
    found = transforms.lookup('base_link', HEADER, 0.25)
    assert found.apply((1, 2, 3)) == pytest.approx((8, 1, 3))
    ((target, source, time, timeout, _),) = buffer.asked
    assert (target, source, time.nanoseconds) == ('base_link', 'camera', 5_000_000_007)
    assert timeout == Duration(nanoseconds=250_000_000)
    assert transforms._listener == (buffer, node)


def test_transforms_are_forgotten_when_the_clock_jumps_back(transforms, node):
    buffer, clock = transforms._buffer, node.get_clock()
    clock._set_ros_time_is_active(True)
    changed = buffer.cleared
    assert changed, 'simulated time is another time'
    for seconds in (100, 101, 200):
        clock.set_ros_time_override(RosTime(seconds=seconds, clock_type=clock.clock_type))
    assert buffer.cleared == changed, 'forwards is no jump'
    clock.set_ros_time_override(RosTime(seconds=199.5, clock_type=clock.clock_type))
    assert buffer.cleared == changed + 1


@pytest.mark.parametrize('target_frame', ['', 'camera'])
def test_the_same_frame_needs_no_lookup(transforms, target_frame):
    transforms.check(target_frame, 'camera')
    assert transforms.lookup(target_frame, HEADER, 0.25) is None
    assert transforms._buffer.asked == []


def test_of_a_camera_that_never_moves_tf2_knows_the_other_frames(transforms):
    desk = Transform.from_quaternion((0, 0, 1), (1, 0, 0, 0))
    transforms.fixed = {'': FixedPose('desk', desk)}
    transforms._buffer.answer.transform.rotation.w = 1.0
    assert transforms.lookup('desk', HEADER, 0.0) is desk
    assert transforms._buffer.asked == []
    assert transforms.lookup('map', HEADER, 0.0).apply((1, 2, 3)) == (1, 2, 3)
    assert transforms._buffer.asked[0][:2] == ('map', 'camera')


def test_what_tf2_does_not_know_is_a_lookup_error_with_its_reason(transforms):
    transforms._buffer.answer = TransformException('"attic" passed to lookupTransform does not exist')
    with pytest.raises(LookupError) as caught:
        transforms.lookup('attic', HEADER, 0.0)
    assert all(words in str(caught.value) for words in ("from 'camera' to 'attic'", 'does not exist'))


def test_a_rotation_that_is_none_is_a_lookup_error_too(transforms):
    transforms._buffer.answer.transform.rotation.w = 0.0
    with pytest.raises(LookupError) as caught:
        transforms.lookup('base_link', HEADER, 0.0)
    assert 'no rotation' in str(caught.value)
