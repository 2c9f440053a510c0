# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Image messages to arrays: every encoding against pictures whose result is known."""

import struct

import cv2
import numpy as np
import pytest
from image_messages import GREY, HEIGHT, RGB, WIDTH, compressed, message, png
from sensor_msgs.msg import CameraInfo

from robobrain_ros.ros.camera.conversions import camera_from_info, to_depth, to_rgb
from robobrain_ros.ros.camera.encodings import COLOUR

COLOURS = {  # RGB -> Y, U, V in BT.601, studio range
    (255, 0, 0): (81, 90, 240),
    (0, 255, 0): (145, 54, 34),
    (0, 0, 255): (41, 240, 110),
    (255, 255, 255): (235, 128, 128),
    (0, 0, 0): (16, 128, 128),
}


def grey_rgb(image):
    return np.repeat(image[..., None], 3, axis=2)


PADS = pytest.mark.parametrize('pad', [0, 1, 6])
ORDERS = pytest.mark.parametrize('order', '<>')


@PADS
@ORDERS
@pytest.mark.parametrize(
    ('encoding', 'pick'),
    [
        ('rgb8', lambda x: x),
        ('bgr8', lambda x: x[..., ::-1]),
        ('mono8', None),
        ('rgba8', lambda x: np.dstack([x, x[..., 1]])),
        ('bgra8', lambda x: np.dstack([x[..., ::-1], x[..., 1]])),
    ],
)
def test_eight_bits(encoding, pick, pad, order):
    image, expected = (pick(RGB), RGB) if pick else (GREY, grey_rgb(GREY))
    result = to_rgb(message(encoding, image, WIDTH, HEIGHT, pad, order))
    assert result.dtype == np.uint8
    assert result.flags.c_contiguous
    np.testing.assert_array_equal(result, expected)


@PADS
@ORDERS
@pytest.mark.parametrize(
    ('encoding', 'pick'),
    [
        ('rgb16', lambda x: x),
        ('bgr16', lambda x: x[..., ::-1]),
        ('mono16', None),
        ('rgba16', lambda x: np.dstack([x, x[..., 1]])),
        ('bgra16', lambda x: np.dstack([x[..., ::-1], x[..., 1]])),
    ],
)
def test_sixteen_bits(encoding, pick, pad, order):
    wide = RGB.astype(np.uint16) * 257  # 255 -> 65535
    image, expected = (pick(wide), RGB) if pick else (wide[..., 0], grey_rgb(GREY))
    np.testing.assert_array_equal(to_rgb(message(encoding, image, WIDTH, HEIGHT, pad, order)), expected)


@PADS
@pytest.mark.parametrize('colour', COLOURS)
@pytest.mark.parametrize(
    ('encoding', 'pair'), [('yuv422', 'uyvy'), ('uyvy', 'uyvy'), ('yuv422_yuy2', 'yuyv'), ('yuyv', 'yuyv')]
)
def test_yuv422(encoding, pair, colour, pad):
    values = dict(zip('yuv', COLOURS[colour], strict=True))
    image = np.tile(np.array([values[c] for c in pair], np.uint8), (HEIGHT, WIDTH // 2))
    result = to_rgb(message(encoding, image, WIDTH, HEIGHT, pad))
    np.testing.assert_allclose(result, np.full((HEIGHT, WIDTH, 3), colour), atol=2)


@PADS
@pytest.mark.parametrize('colour', COLOURS)
@pytest.mark.parametrize(('encoding', 'pair'), [('nv12', 'uv'), ('nv21', 'vu')])
def test_planar_yuv(encoding, pair, colour, pad):
    values = dict(zip('yuv', COLOURS[colour], strict=True))
    chroma = np.tile(np.array([values[c] for c in pair], np.uint8), (HEIGHT // 2, WIDTH // 2))
    image = np.vstack([np.full((HEIGHT, WIDTH), values['y'], np.uint8), chroma])
    result = to_rgb(message(encoding, image, WIDTH, HEIGHT, pad))
    np.testing.assert_allclose(result, np.full((HEIGHT, WIDTH, 3), colour), atol=2)


@pytest.mark.parametrize('colour', COLOURS)
def test_planar_yuv_of_full_resolution(colour):
    values = dict(zip('yuv', COLOURS[colour], strict=True))
    chroma = np.tile(np.array([values['u'], values['v']], np.uint8), (2 * HEIGHT, WIDTH // 2))
    image = np.vstack([np.full((HEIGHT, WIDTH), values['y'], np.uint8), chroma])
    result = to_rgb(message('nv24', image, WIDTH, HEIGHT))
    np.testing.assert_allclose(result, np.full((HEIGHT, WIDTH, 3), colour), atol=2)


@pytest.mark.parametrize('ending', ['.tiff', '.webp'])
def test_other_file_formats_of_image_transport(ending):
    data = cv2.imencode(ending, np.tile(RGB[..., ::-1], (9, 9, 1)), [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    np.testing.assert_array_equal(
        to_rgb(compressed(f'bgr8; {ending[1:]} compressed bgr8', data)), np.tile(RGB, (9, 9, 1))
    )


@PADS
@ORDERS
@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer(pattern, bits, pad, order):
    colour = (200, 100, 50)
    tile = np.array([colour['rgb'.index(c)] for c in pattern], np.uint8).reshape(2, 2)
    image = np.tile(tile, (HEIGHT // 2, WIDTH // 2))
    image = image if bits == 8 else image.astype(np.uint16) * 257  # type: ignore[assignment]
    result = to_rgb(message(f'bayer_{pattern}{bits}', image, WIDTH, HEIGHT, pad, order))
    np.testing.assert_array_equal(result, np.full((HEIGHT, WIDTH, 3), colour))


def test_the_tests_above_cover_every_colour_encoding():
    covered = {
        f'{name}{bits}'
        for bits in (8, 16)
        for name in ('rgb', 'bgr', 'rgba', 'bgra', 'mono', 'bayer_rggb', 'bayer_bggr', 'bayer_gbrg', 'bayer_grbg')
    }
    assert covered | {'yuv422', 'uyvy', 'yuv422_yuy2', 'yuyv', 'nv12', 'nv21', 'nv24'} == set(COLOUR)


@pytest.mark.parametrize('text', ['png', 'rgb8; png compressed bgr8', 'bgr8; png compressed bgr8'])
def test_png_is_exact(text):
    np.testing.assert_array_equal(to_rgb(compressed(text, png(RGB[..., ::-1]))), RGB)


def test_png_with_channels_in_the_order_that_the_format_says():
    np.testing.assert_array_equal(to_rgb(compressed('rgb8; png compressed rgb8', png(RGB))), RGB)


def test_png_grey_alpha_and_sixteen_bits():
    np.testing.assert_array_equal(to_rgb(compressed('png', png(GREY))), grey_rgb(GREY))
    np.testing.assert_array_equal(to_rgb(compressed('png', png(np.dstack([RGB[..., ::-1], GREY])))), RGB)
    np.testing.assert_array_equal(to_rgb(compressed('png', png(RGB[..., ::-1].astype(np.uint16) * 257))), RGB)
    np.testing.assert_array_equal(
        to_rgb(compressed('mono16; png compressed ', png(GREY.astype(np.uint16) * 257))), grey_rgb(GREY)
    )


@pytest.mark.parametrize('text', ['jpeg', 'jpg', 'rgb8; jpeg compressed bgr8', ''])
def test_jpeg(text):
    image = np.full((32, 48, 3), (200, 60, 30), np.uint8)
    result = to_rgb(compressed(text, cv2.imencode('.jpg', image[..., ::-1])[1].tobytes()))
    np.testing.assert_allclose(result, image, atol=4)


def test_jpeg_is_not_rotated_by_its_exif_tag():
    data = cv2.imencode('.jpg', np.zeros((16, 32, 3), np.uint8))[1].tobytes()
    tiff = b'MM\0*' + struct.pack('>IHHHIHHI', 8, 1, 0x112, 3, 1, 6, 0, 0)  # orientation 6: rotate by 90 degrees
    segment = b'\xff\xe1' + struct.pack('>H', 8 + len(tiff)) + b'Exif\0\0' + tiff
    assert to_rgb(compressed('jpeg', data[:2] + segment + data[2:])).shape == (16, 32, 3)


@PADS
@ORDERS
def test_depth_in_millimetres(pad, order):
    millimetres = np.array([[0, 1, 500], [1234, 65534, 0]], np.uint16)
    depth = to_depth(message('16UC1', millimetres, 3, 2, pad, order))
    assert depth.dtype == np.float32
    np.testing.assert_allclose(depth, [[np.nan, 0.001, 0.5], [1.234, 65.534, np.nan]], rtol=1e-6)


@PADS
@ORDERS
def test_depth_in_metres(pad, order):
    metres = np.array([[0.5, np.nan, np.inf, -np.inf], [0.0, -1.0, 3.25, 1e-3]], np.float32)
    msg = message('32FC1', metres, 4, 2, pad, order)
    before = bytes(msg.data)
    depth = to_depth(msg)
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(depth, np.array([[0.5] + [np.nan] * 3, [np.nan, np.nan, 3.25, 1e-3]], np.float32))
    assert bytes(msg.data) == before


@pytest.mark.parametrize('text', ['16UC1; compressedDepth', '16UC1; compressedDepth png', '16UC1; png compressed '])
def test_compressed_depth_in_millimetres(text):
    header = b'' if text.endswith('compressed ') else struct.pack('<iff', 0, 0, 0)
    data = header + png(np.array([[0, 1500], [250, 9]], np.uint16))
    np.testing.assert_allclose(to_depth(compressed(text, data)), [[np.nan, 1.5], [0.25, 0.009]], rtol=1e-6)


def test_compressed_depth_in_metres():
    metres = np.array([[0.4, 1.0], [2.5, 7.0]])
    quantum, furthest = 100.0, 10.0  # defaults of compressed_depth_image_transport
    a = quantum * (quantum + 1)
    b = 1 - a / furthest
    stored = np.append(a / metres + b, 0).astype(np.uint16).reshape(1, 5)
    depth = to_depth(compressed('32FC1; compressedDepth png', struct.pack('<iff', 0, a, b) + png(stored)))
    np.testing.assert_allclose(depth[0, :4], metres.ravel(), rtol=0.01)
    assert np.isnan(depth[0, 4])


def info(**fields):
    return CameraInfo(
        **{
            'width': 640,
            'height': 480,
            'k': [500.0, 0.0, 320.0, 0.0, 510.0, 240.0, 0.0, 0.0, 1.0],
            'distortion_model': 'plumb_bob',
            'd': [0.0] * 5,
            **fields,
        }
    )


def test_camera_from_info():
    msg = info(d=[-0.1, 0.01, 0.001, 0.002, 0.0])
    msg.header.frame_id = 'front_optical'
    camera = camera_from_info(msg)
    assert (camera.width, camera.height, camera.frame_id, camera.model) == (640, 480, 'front_optical', 'plumb_bob')
    assert (camera.fx, camera.fy, camera.cx, camera.cy) == (500, 510, 320, 240)
    assert camera.distortion == (-0.1, 0.01, 0.001, 0.002, 0.0)


def test_camera_from_info_with_region_and_binning():
    msg = info(binning_x=2, binning_y=2)
    msg.roi.x_offset, msg.roi.y_offset, msg.roi.width, msg.roi.height = 100, 40, 400, 300
    camera = camera_from_info(msg)
    assert (camera.width, camera.height, camera.fx, camera.fy) == (200, 150, 250, 255)
    assert (camera.cx, camera.cy) == (109.75, 99.75)


def test_an_uncalibrated_camera_is_refused():
    with pytest.raises(ValueError, match='not calibrated'):
        camera_from_info(CameraInfo(width=640, height=480))
