# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Our CvBridge behaves as cv_bridge's, and the host's cv_bridge is used only where it works."""

import array
import sys
import types

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from robobrain_ros.errors import BrainError
from robobrain_ros.ros.camera import bridge_choice, conversions
from robobrain_ros.ros.camera.bridge_choice import choose, self_test
from robobrain_ros.ros.camera.encodings import COLOUR, CvBridgeError, find
from robobrain_ros.ros.camera.image_bridge import CvBridge

RGB = np.arange(5 * 7 * 3, dtype=np.uint8).reshape(5, 7, 3)
BRIDGE = CvBridge()


@pytest.mark.parametrize('dtype', ['u1', 'i1', 'u2', 'i2', 'i4', 'f4', 'f8', '>u2', '>f4'])
@pytest.mark.parametrize('channels', [1, 2, 3, 4])
def test_round_trip_of_every_opencv_type(dtype, channels):
    image = np.arange(5 * 7 * channels).astype(dtype).reshape((5, 7, channels) if channels > 1 else (5, 7))
    header = Header(frame_id='camera')
    msg = BRIDGE.cv2_to_imgmsg(image, header=header)
    assert msg.header == header
    assert msg.encoding.endswith(f'C{channels}')
    assert (msg.height, msg.width, msg.step) == (5, 7, 7 * channels * image.dtype.itemsize)
    assert bytes(msg.data) == image.tobytes()
    assert msg.is_bigendian == int(dtype.startswith('>'))
    back = BRIDGE.imgmsg_to_cv2(msg)
    assert back.dtype == image.dtype.newbyteorder('=')
    np.testing.assert_array_equal(back, image)


def test_arrays_that_are_not_contiguous():
    msg = BRIDGE.cv2_to_imgmsg(RGB[::2, ::2, ::-1], 'bgr8')
    np.testing.assert_array_equal(BRIDGE.imgmsg_to_cv2(msg, 'rgb8'), RGB[::2, ::2])


def test_passthrough_shares_the_memory_of_the_message():
    msg = BRIDGE.cv2_to_imgmsg(RGB, 'rgb8')
    assert np.shares_memory(BRIDGE.imgmsg_to_cv2(msg), np.frombuffer(msg.data, np.uint8))


@pytest.mark.parametrize(
    ('source', 'target', 'expected'),
    [
        ('rgb8', 'bgr8', RGB[..., ::-1]),
        ('rgb8', 'rgba8', np.dstack([RGB, np.full((5, 7), 255, np.uint8)])),
        ('rgb8', 'rgb16', RGB.astype('u2') * 257),
        ('rgb8', 'bgr16', RGB[..., ::-1].astype('u2') * 257),
        ('rgb8', '8UC3', RGB),
        ('rgb8', '32FC3', RGB.astype('f4')),
        ('8UC3', '16UC3', RGB.astype('u2')),
        ('rgb8', 'mono8', np.round(RGB @ [0.299, 0.587, 0.114]).astype('u1')),
    ],
)
def test_conversions(source, target, expected):
    result = BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(RGB, source), target)
    assert result.dtype == expected.dtype
    np.testing.assert_array_equal(result, expected)


@pytest.mark.parametrize(
    ('source', 'target', 'words'),
    [
        ('8UC3', 'rgb8', '8UC3 says nothing about colour'),
        ('rgb8', '8UC1', 'number of channels'),
        ('rgb8', 'bayer_rggb8', 'no conversion from rgb8'),
        ('rgb8', 'nonsense', "'nonsense' is not supported"),
    ],
)
def test_conversions_that_make_no_sense(source, target, words):
    with pytest.raises(CvBridgeError, match=words):
        BRIDGE.imgmsg_to_cv2(BRIDGE.cv2_to_imgmsg(RGB, source), target)


@pytest.mark.parametrize(
    ('image', 'encoding'),
    [
        (RGB, 'mono8'),
        (RGB, 'rgb16'),
        (RGB[..., 0], 'rgb8'),
        (RGB[..., 0], 'nv12'),
        (np.zeros((0, 4), 'u1'), 'passthrough'),
        (np.zeros((2, 2, 5), 'u1'), 'passthrough'),
        (np.zeros((2, 2), 'u8'), 'passthrough'),
        (np.zeros(4, 'u1'), 'mono8'),
    ],
)
def test_arrays_that_do_not_fit_the_encoding(image, encoding):
    with pytest.raises(CvBridgeError):
        BRIDGE.cv2_to_imgmsg(image, encoding)


def test_errors_are_type_errors_as_in_cv_bridge():
    assert issubclass(CvBridgeError, TypeError)
    with pytest.raises(TypeError, match='list'):
        BRIDGE.cv2_to_imgmsg([[1, 2]])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match='list'):
        BRIDGE.cv2_to_compressed_imgmsg([[1, 2]])  # type: ignore[arg-type]


def test_compressed_round_trip():
    msg = BRIDGE.cv2_to_compressed_imgmsg(RGB, 'png')
    assert msg.format == 'png'
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(msg), RGB)
    np.testing.assert_array_equal(BRIDGE.compressed_imgmsg_to_cv2(msg, 'rgb8'), RGB[..., ::-1])
    assert BRIDGE.cv2_to_compressed_imgmsg(RGB).format == 'jpg'


@pytest.mark.parametrize(
    'call',
    [
        lambda: BRIDGE.compressed_imgmsg_to_cv2(CompressedImage(format='jpeg')),
        lambda: BRIDGE.compressed_imgmsg_to_cv2(CompressedImage(format='jpeg', data=array.array('B', b'nonsense'))),
        lambda: BRIDGE.cv2_to_compressed_imgmsg(RGB, 'nonsense'),
        lambda: BRIDGE.cv2_to_compressed_imgmsg(np.zeros((2, 2, 2), np.uint8), 'jpg'),
    ],
)
def test_compression_that_fails(call):
    with pytest.raises(CvBridgeError):
        call()


class Wrapped(CvBridge):
    """A host's cv_bridge: ours, but not the same class."""


class NoPadding(CvBridge):
    """As in cv_bridge 1.13: takes the rows one after the other, wherever they end."""

    def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
        step = find(img_msg.encoding).pixel_bytes * img_msg.width
        fields = {name: getattr(img_msg, name) for name in ('width', 'height', 'encoding', 'is_bigendian')}
        tight = Image(**fields, step=step, data=img_msg.data[: step * img_msg.height])
        return super().imgmsg_to_cv2(tight, desired_encoding)


class NoByteOrder(CvBridge):
    def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
        fields = {name: getattr(img_msg, name) for name in ('width', 'height', 'encoding', 'step', 'data')}
        return super().imgmsg_to_cv2(Image(**fields, is_bigendian=0), desired_encoding)


class Swapped(CvBridge):
    """Gives BGR where RGB was wanted."""

    def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
        image = super().imgmsg_to_cv2(img_msg, desired_encoding)
        return image[..., ::-1] if desired_encoding == 'rgb8' else image


class SignedDepth(CvBridge):
    def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
        image = super().imgmsg_to_cv2(img_msg, desired_encoding)
        return image.view(np.int16) if img_msg.encoding == '16UC1' else image


class WrongBayer(CvBridge):
    def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
        swap = {'bayer_rggb8': 'bayer_bggr8', 'bayer_gbrg16': 'bayer_grbg16'}
        fields = {name: getattr(img_msg, name) for name in ('width', 'height', 'is_bigendian', 'step', 'data')}
        fields['encoding'] = swap.get(img_msg.encoding, img_msg.encoding)
        return super().imgmsg_to_cv2(Image(**fields), desired_encoding)


class NoYuv(CvBridge):
    def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
        if 'yuv' in img_msg.encoding:
            raise RuntimeError('Unrecognized image encoding')
        return super().imgmsg_to_cv2(img_msg, desired_encoding)


class Crashing(CvBridge):
    def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
        raise SystemError('initialization of cv_bridge_boost raised unreported exception')


def test_the_test_passes_for_a_bridge_that_works():
    assert self_test(CvBridge()) == ''


@pytest.mark.parametrize(
    ('bridge', 'culprit'),
    [
        (NoPadding, 'step'),
        (NoByteOrder, 'is_bigendian 1'),
        (Swapped, 'rgb8'),
        (SignedDepth, '16UC1'),
        (WrongBayer, 'bayer_rggb8'),
        (NoYuv, 'yuv422'),
        (Crashing, 'SystemError'),
    ],
)
def test_the_test_finds_bridges_that_do_not_work(bridge, culprit):
    assert culprit in self_test(bridge())


def install(monkeypatch, bridge):
    module = types.ModuleType('cv_bridge')
    module.CvBridge = bridge
    monkeypatch.setitem(sys.modules, 'cv_bridge', module)


def test_a_host_bridge_that_works_is_chosen(monkeypatch):
    install(monkeypatch, Wrapped)
    bridge, name, reason = choose()
    assert type(bridge) is Wrapped
    assert (name, reason) == ('cv_bridge', 'cv_bridge passed its test')


def test_a_host_bridge_that_is_broken_is_not_chosen(monkeypatch):
    install(monkeypatch, SignedDepth)
    bridge, name, reason = choose()
    assert type(bridge) is CvBridge
    assert name == 'robobrain_ros'
    assert reason.startswith('cv_bridge failed its test: 16UC1')


def test_a_host_bridge_that_cannot_be_loaded_is_not_chosen(monkeypatch):
    install(monkeypatch, property(lambda self: 1))  # not callable
    _, name, reason = choose()
    assert name == 'robobrain_ros'
    assert 'cannot be loaded: TypeError' in reason


def test_a_host_bridge_that_is_not_there_is_not_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    assert choose()[1:] == ('robobrain_ros', 'cv_bridge is not installed, nor needed')


def test_the_choice_made_at_import_is_known():
    assert conversions.BRIDGE_NAME == bridge_choice.BRIDGE_NAME
    assert conversions.BRIDGE_NAME in ('cv_bridge', 'robobrain_ros')
    assert conversions.BRIDGE_REASON


def test_raw_images_go_through_the_chosen_bridge_but_planar_and_malformed_ones_do_not(monkeypatch):
    seen = []

    class Spy(CvBridge):
        def imgmsg_to_cv2(self, img_msg, desired_encoding='passthrough'):
            seen.append(img_msg.encoding)
            return super().imgmsg_to_cv2(img_msg, desired_encoding)

    monkeypatch.setattr(conversions, 'BRIDGE', Spy())
    conversions.to_rgb(BRIDGE.cv2_to_imgmsg(RGB, 'bgr8'))
    conversions.to_depth(BRIDGE.cv2_to_imgmsg(np.ones((2, 2), np.uint16), '16UC1'))
    conversions.to_rgb(Image(width=2, height=2, step=2, encoding='nv12', data=array.array('B', bytes(6))))
    with pytest.raises(BrainError):
        conversions.to_rgb(Image(width=2, height=2, step=6, encoding='rgb8', data=array.array('B', bytes(11))))
    assert seen == ['bgr8', '16UC1']
    assert COLOUR['nv12'].planar


def test_an_error_of_the_host_bridge_becomes_a_brain_error(monkeypatch):
    monkeypatch.setattr(conversions, 'BRIDGE', Crashing())
    with pytest.raises(BrainError, match='7x5 bgr8 image: initialization of cv_bridge_boost'):
        conversions.to_rgb(BRIDGE.cv2_to_imgmsg(RGB, 'bgr8'))


def test_decoded_images_of_other_types_have_no_encoding():
    image = cv2.imencode('.tiff', np.ones((3, 3), np.float32))[1]
    msg = CompressedImage(format='tiff', data=array.array('B', image.tobytes()))
    with pytest.raises(CvBridgeError, match='float32'):
        BRIDGE.compressed_imgmsg_to_cv2(msg, 'rgb8')
