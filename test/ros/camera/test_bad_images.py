# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Malformed image messages get a BrainError that says what is wrong, and no wrong picture."""

import array
import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from image_messages import GREY, HEIGHT, RGB, WIDTH, compressed, message, png
from PIL import Image as PillowImage
from sensor_msgs.msg import Image

from robobrain_ros.brain import image_files
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.camera.conversions import to_depth, to_rgb
from robobrain_ros.ros.camera.encodings import COLOUR, MAX_PIXELS


def refused(convert, msg, *words):
    """The error's text, after checking its code and that it contains ``words``."""
    with pytest.raises(BrainError) as caught:
        convert(msg)
    assert caught.value.code is ErrorCode.BAD_IMAGE
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ('encoding', 'words'),
    [
        ('16UC1', ('16UC1', 'depth')),
        ('32FC1', ('32FC1', 'depth')),
        ('8UC1', ('8UC1', 'mono8')),
        ('8UC3', ('8UC3', 'rgb8')),
        ('', ("''", 'rgb8')),
        ('8UC5', ('8UC5',)),
        ('RGB8', ('RGB8',)),
        ('rgb8\n', ('rgb8',)),
        ('8UC1\n', ('8UC1',)),
    ],
)
def test_colour_of_other_encodings_is_refused_by_name(encoding, words):
    refused(to_rgb, message(encoding, np.zeros((2, 16), np.uint8), 4, 2), *words)


@pytest.mark.parametrize('encoding', ['rgb8', 'mono8', '16SC1', '64FC1', 'bayer_rggb16', 'depth', '32FC2'])
def test_depth_of_other_encodings_is_refused_by_name(encoding):
    refused(to_depth, message(encoding, np.zeros((2, 16), np.uint8), 2, 2), encoding, '16UC1', '32FC1')


@pytest.mark.parametrize('text', ['16UC1; compressedDepth png', '32FC1; compressedDepth', '16UC1; png compressed '])
def test_compressed_depth_is_no_colour(text):
    refused(to_rgb, compressed(text, png(GREY)), text.strip(), 'depth')


def test_sixteen_bit_grey_of_unknown_meaning_is_no_colour():
    refused(to_rgb, compressed('png', png(GREY.astype(np.uint16))), 'png', 'mono16')


@pytest.mark.parametrize(
    ('text', 'data'),
    [
        ('jpeg', b'\xff\xd8\xff'),
        ('16UC1; compressedDepth rvl', bytes(40)),
        ('16UC1; compressedDepth', bytes(11)),
        ('16UC1; compressedDepth', bytes(12) + png(GREY)),
        ('rgb8; png compressed', png(RGB)),
        ('16UC1; jpeg compressed', bytes(9)),
        ('32FC1; png compressed', png(GREY.astype(np.uint16))),
        ('32FC1; compressedDepth', struct.pack('<iff', 1, 0, 0) + png(GREY.astype(np.uint16))),
        ('32FC1; compressedDepth', struct.pack('<iff', 1, -2, 0) + png(GREY.astype(np.uint16))),
        ('32FC1; compressedDepth', struct.pack('<iff', 1, np.nan, 0) + png(GREY.astype(np.uint16))),
        ('32FC1; compressedDepth', struct.pack('<iff', 1, 10100, np.inf) + png(GREY.astype(np.uint16))),
        ('32FC1; compressedDepth', struct.pack('<iff', 1, 10100, 1.5) + png(GREY.astype(np.uint16))),
    ],
)
def test_other_compressed_depth_is_refused(text, data):
    refused(to_depth, compressed(text, data), text.split(';')[0])


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        ({'width': 0}, ('0x6',)),
        ({'height': 0}, ('8x0',)),
        ({'step': 23}, ('23', '24')),
        ({'step': 0}, ('step is 0',)),
        ({'height': 7}, ('144', '168')),
        ({'data': array.array('B')}, ('0 bytes',)),
        ({'data': array.array('B', bytes(145))}, ('145', '144')),
        ({'width': 2**32 - 1, 'height': 2**32 - 1}, ('4294967295x4294967295', str(MAX_PIXELS))),
        ({'width': 2**20, 'step': 3 * 2**20}, ('1048576x6', '144')),
        ({'encoding': 'bgra8'}, ('24', '32')),
        ({'encoding': 'yuyv', 'width': 7}, ('7x6', 'multiple of 2')),
        ({'encoding': 'nv12', 'height': 5}, ('8x5', 'multiple')),
        ({'encoding': 'bayer_rggb8', 'height': 2, 'data': array.array('B', bytes(48))}, ('8x2', 'at least 3')),
    ],
)
def test_inconsistent_messages_are_refused_with_numbers(changes, words):
    msg = message('rgb8', RGB, WIDTH, HEIGHT)
    for name, value in changes.items():
        setattr(msg, name, value)
    refused(to_rgb, msg, msg.encoding, *words)


@pytest.mark.parametrize('cut', [0, 3, 20, 60, -1])
@pytest.mark.parametrize('ending', ['.png', '.jpg'])
def test_files_that_were_cut_short_are_refused(ending, cut):
    data = cv2.imencode(ending, np.tile(RGB, (9, 9, 1)))[1].tobytes()
    refused(to_rgb, compressed('', data[:cut] if cut else b''), 'bytes')


@pytest.mark.parametrize('quality', [60, 95])
def test_a_jpeg_with_a_gap_is_refused(quality):
    """As a lost USB or network packet leaves it: the end marker is there, and decoders only warn."""
    rng = np.random.default_rng(3)
    picture = cv2.resize(rng.integers(0, 255, (40, 60, 3), np.uint8), (640, 480))
    whole = cv2.imencode('.jpg', picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    middle = len(whole) // 2
    to_rgb(compressed('jpeg', whole))
    for damaged in (
        whole[:middle] + b'\xff\xd9',
        whole[: len(whole) // 20 + 700] + b'\xff\xd9',
        whole[:middle] + whole[middle + 4096 :],
        whole[:middle] + bytes(2000) + whole[middle + 2000 :],
    ):
        refused(to_rgb, compressed('jpeg', damaged), 'incomplete JPEG')


def encoded(kind, mode='RGB', **options):
    file = io.BytesIO()
    picture = cv2.resize(np.random.default_rng(3).integers(0, 255, (30, 40, 3), np.uint8), (160, 120))
    PillowImage.fromarray(picture).convert(mode).save(file, kind, **options)
    return file.getvalue()


FILES = {
    'jpeg': encoded('JPEG'),
    'progressive': encoded('JPEG', progressive=True),
    'grey jpeg': encoded('JPEG', 'L'),
    'cmyk jpeg': encoded('JPEG', 'CMYK'),
    'png': encoded('PNG'),
    'palette png': encoded('PNG', 'P'),
    'tiff': encoded('TIFF'),
    'lzw tiff': encoded('TIFF', compression='tiff_lzw'),
    'webp': encoded('WEBP'),
    'lossless webp': encoded('WEBP', lossless=True),
}


@pytest.mark.parametrize('name', FILES)
def test_a_file_that_ends_anywhere_is_refused(name):
    """Also by the command line, and also where an end marker was put behind what is left."""
    whole = FILES[name]
    assert to_rgb(compressed('', whole)).shape == image_files.decode(whole, name).shape == (120, 160, 3)
    end = {b'\xff\xd8': b'\xff\xd9', b'\x89P': b'\0\0\0\0IEND\xaeB`\x82'}.get(whole[:2], b'')
    for at in range(len(whole) // 21, len(whole) - 20, len(whole) // 21):
        for cut in {whole[:at], whole[:at] + end}:
            refused(to_rgb, compressed('', cut), 'bytes')
            with pytest.raises(BrainError) as caught:
                image_files.decode(cut, name)
            assert caught.value.code is ErrorCode.BAD_IMAGE


@pytest.mark.parametrize('kind', ['JPEG', 'PNG', 'WEBP', 'TIFF'])
def test_no_picture_is_turned(kind):
    """camera_info is for pixels as the sensor has them; OpenCV turns a TIFF whatever it is asked for."""
    exif = PillowImage.Exif()
    exif[0x0112] = 3
    turned = compressed('', encoded(kind, exif=exif))
    if kind == 'TIFF':
        refused(to_rgb, turned, 'orientation 3')
    else:
        np.testing.assert_array_equal(to_rgb(turned), to_rgb(compressed('', encoded(kind))))


def test_a_cmyk_jpeg_with_a_gap_is_refused():
    whole = FILES['cmyk jpeg']
    refused(to_rgb, compressed('jpeg', whole[:5000] + whole[9000:]), 'incomplete JPEG')


@pytest.mark.parametrize('start', [b'\x00\x00\x00\x01\x67', b'\x00\x00\x01\x40'])
def test_a_packet_of_video_is_named(start):
    refused(to_rgb, compressed('h264', start + bytes(100)), 'H.264', 'republish')


@pytest.mark.parametrize('start', [b'II*\x00', b'MM\x00*', b'RIFF\x10\x00\x00\x00WEBPVP8 '])
def test_damaged_tiff_and_webp_are_refused(start):
    refused(to_rgb, compressed('', start + bytes(60)), 'damaged')


def png_bomb(width, height):
    def chunk(name, body):
        return struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body))

    return (
        b'\x89PNG\r\n\x1a\n'
        + chunk(b'IHDR', struct.pack('>IIBBBBB', width, height, 8, 0, 0, 0, 0))
        + chunk(b'IDAT', zlib.compress(bytes(10**6)))
        + chunk(b'IEND', b'')
    )


def test_decompression_bombs_are_refused_by_their_header():
    refused(to_rgb, compressed('png', png_bomb(60000, 60000)), '60000x60000', str(MAX_PIXELS))
    refused(to_rgb, compressed('png', png_bomb(0, 10)), '0x10')
    refused(to_depth, compressed('16UC1; compressedDepth', bytes(12) + png_bomb(60000, 60000)), '60000x60000')
    jpeg = bytearray(cv2.imencode('.jpg', RGB)[1].tobytes())
    at = jpeg.index(b'\xff\xc0') + 5
    jpeg[at : at + 4] = b'\xff' * 4
    refused(to_rgb, compressed('jpeg', jpeg), '65535x65535')


def mutations(rng, count):
    """Messages that were valid until a few fields or bytes changed."""
    raw = [message(name, np.zeros((9, 32), np.uint8), 8, 6) for name in COLOUR] + [
        message('16UC1', np.ones((6, 8), np.uint16), 8, 6),
        message('32FC1', np.ones((6, 8), np.float32), 8, 6),
    ]
    packed = [
        ('png', png(RGB)),
        ('jpeg', cv2.imencode('.jpg', np.tile(RGB, (4, 4, 1)))[1].tobytes()),
        ('16UC1; compressedDepth', struct.pack('<iff', 0, 1, 2) + png(GREY.astype(np.uint16))),
        ('32FC1; compressedDepth png', struct.pack('<iff', 1, 1, 0) + png(GREY.astype(np.uint16))),
    ]
    names = [*COLOUR, '16UC1', '32FC1', '8UC3', '64FC4', 'garbage', '']
    sizes = [0, 1, 2, 3, 5, 8, 255, 65536, 2**31, 2**32 - 1]
    for _ in range(count):
        source = raw[rng.integers(len(raw))]
        fields = ('width', 'height', 'encoding', 'step', 'is_bigendian', 'data')
        msg = Image(**{field: getattr(source, field) for field in fields})
        for field in rng.choice(fields, rng.integers(1, 4)):
            if field == 'data':
                msg.data = array.array('B', rng.bytes(int(rng.choice([0, 1, 47, 96, 144, 192, 288, 384]))))
            elif field == 'encoding':
                msg.encoding = str(rng.choice(names))
            else:
                setattr(msg, field, int(rng.choice([0, 1, 255])) if field == 'is_bigendian' else int(rng.choice(sizes)))
        yield msg
    for _ in range(count):
        text, data = packed[rng.integers(len(packed))]
        data = bytearray(data[: rng.integers(len(data))] if rng.random() < 0.2 else data)
        for place in rng.integers(0, max(len(data), 1), rng.integers(0, 4)):
            if data:
                data[place] = rng.integers(256)
        yield compressed(str(rng.choice(['', 'jpeg', '16UC1', ';;', 'é'])) if rng.random() < 0.2 else text, data)


@pytest.mark.timeout(0)  # --fuzz 10 takes minutes
def test_mutated_messages_give_an_array_or_a_brain_error(fuzz, counted):
    arrays = errors = 0
    for msg in counted(mutations(np.random.default_rng(20251123), 600 * fuzz), 1200 * fuzz):
        for convert, kind, dimensions in ((to_rgb, np.uint8, 3), (to_depth, np.float32, 2)):
            try:
                result = convert(msg)
            except BrainError as error:
                errors += error.code is ErrorCode.BAD_IMAGE
            else:
                assert (result.dtype, result.ndim) == (kind, dimensions)
                arrays += 1
    assert arrays + errors == 2400 * fuzz
    assert arrays > 20
