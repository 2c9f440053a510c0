# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""JPEG, PNG, TIFF and WebP from cameras: decoded only after the size in their headers was checked.

Formats: PNG (W3C, third edition) chunk IHDR; JPEG (ITU-T T.81, B.2.2) frame header SOFn; TIFF and WebP by Pillow.
"""

import io
import struct

import cv2
import numpy as np
from PIL import Image

from robobrain_ros.brain import jpeg
from robobrain_ros.ros.camera.encodings import MAX_PIXELS, CvBridgeError

_PNG = b'\x89PNG\r\n\x1a\n'
_TIFF = (b'II*\x00', b'MM\x00*')
_VIDEO_START = (b'\x00\x00\x00\x01', b'\x00\x00\x01')
_ORIENTATION = 0x0112
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # C4, C8 and CC are tables and extensions, not frame headers


def decode(data: bytes | bytearray | memoryview) -> np.ndarray:
    """Decode one complete picture file, pixels as stored: no rotation by EXIF, for camera_info knows none.

    :returns: HxW grey, HxWx3 BGR or HxWx4 BGRA, uint8 or uint16
    :raises CvBridgeError: if it is none of JPEG, PNG, TIFF and WebP, was cut short, is damaged or has more than
        ``MAX_PIXELS`` pixels
    """
    raw = bytes(data)
    width, height = size(raw)
    if not 0 < width * height <= MAX_PIXELS:
        raise CvBridgeError(f'the header says {width}x{height}: 1 .. {MAX_PIXELS} pixels are accepted')
    try:
        whole = jpeg.decode_whole(raw) if raw.startswith(jpeg.MAGIC) else None
    except ValueError as error:
        raise CvBridgeError(str(error)) from error
    if whole is not None:
        return whole
    try:
        image = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise CvBridgeError(f'OpenCV: {error}') from error
    if image is None or image.shape[:2] != (height, width):
        raise CvBridgeError(f'{len(raw)} bytes with the header of a {width}x{height} image are damaged')
    return image


def size(data: bytes) -> tuple[int, int]:
    """(width, height) from the header of a picture file.

    :raises CvBridgeError: if it is none of the four formats, or ends before its last marker
    """
    if data.startswith(_PNG):
        if len(data) < 24 or data[12:16] != b'IHDR' or data.find(b'IEND', 24) < 0:
            raise CvBridgeError(f'PNG of {len(data)} bytes is cut short')
        width, height = struct.unpack('>II', data[16:24])
        return width, height
    if data.startswith(jpeg.MAGIC):
        return _jpeg_size(data)
    if data.startswith(_TIFF) or (data[:4] == b'RIFF' and data[8:12] == b'WEBP'):
        return _pillow_size(data)
    if data.startswith(_VIDEO_START):
        raise CvBridgeError(
            f'{len(data)} bytes are a packet of H.264 or H.265 video, which cannot be decoded without the packets '
            'before it; publish pictures instead, for example by: ros2 run image_transport republish'
        )
    raise CvBridgeError(
        f'{len(data)} bytes that begin with {data[:4].hex(" ") or "nothing"} are neither JPEG, PNG, TIFF nor WebP'
    )


def _pillow_size(data: bytes) -> tuple[int, int]:
    try:
        with Image.open(io.BytesIO(data), formats=('TIFF', 'WEBP')) as picture:  # reads no more than the header
            size, orientation = picture.size, picture.getexif().get(_ORIENTATION, 1)
    except Exception as error:  # Pillow's readers raise whatever a damaged header leads them to
        raise CvBridgeError(f'{len(data)} bytes with the header of a TIFF or WebP file are damaged: {error}') from error
    if data.startswith(_TIFF) and orientation != 1:  # OpenCV turns these, whatever it is asked for
        raise CvBridgeError(f'TIFF with orientation {orientation}: camera_info is for a picture that is not turned')
    return size


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 <= len(data):
        if data[at] != 0xFF:
            raise CvBridgeError(f'JPEG of {len(data)} bytes is damaged: no marker at byte {at}')
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker in _SOF:
            # Decoders fill what is missing with grey, which nobody could tell from a grey scene.
            if data.find(b'\xff\xd9', at) < 0:
                break
            height, width = struct.unpack('>HH', data[at + 5 : at + 9])
            return width, height
        at += 2 + struct.unpack('>H', data[at + 2 : at + 4])[0]
    raise CvBridgeError(f'JPEG of {len(data)} bytes is cut short')
