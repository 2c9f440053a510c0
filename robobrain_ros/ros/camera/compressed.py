"""JPEG and PNG from cameras: decoded only after the size in their headers was checked.

Formats: PNG (W3C, third edition) chunk IHDR; JPEG (ITU-T T.81, B.2.2) frame header SOFn.
"""

import struct

import cv2
import numpy as np

from robobrain_ros.ros.camera.encodings import MAX_PIXELS, CvBridgeError

_PNG = b'\x89PNG\r\n\x1a\n'
_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # C4, C8 and CC are tables and extensions, not frame headers


def decode(data: bytes | bytearray | memoryview) -> np.ndarray:
    """Decode one complete JPEG or PNG file, pixels as stored: no rotation by EXIF, for camera_info knows none.

    :returns: HxW grey, HxWx3 BGR or HxWx4 BGRA, uint8 or uint16
    :raises CvBridgeError: if it is neither, was cut short, is damaged or has more than ``MAX_PIXELS`` pixels
    """
    raw = bytes(data)
    width, height = size(raw)
    if not 0 < width * height <= MAX_PIXELS:
        raise CvBridgeError(f'the header says {width}x{height}: 1 .. {MAX_PIXELS} pixels are accepted')
    try:
        image = cv2.imdecode(np.frombuffer(raw, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise CvBridgeError(f'OpenCV: {error}') from error
    if image is None or image.shape[:2] != (height, width):
        raise CvBridgeError(f'{len(raw)} bytes with the header of a {width}x{height} image are damaged')
    return image


def size(data: bytes) -> tuple[int, int]:
    """(width, height) from the header of a JPEG or PNG file.

    :raises CvBridgeError: if it is neither, or ends before its last marker
    """
    if data.startswith(_PNG):
        if len(data) < 24 or data[12:16] != b'IHDR' or data.find(b'IEND', 24) < 0:
            raise CvBridgeError(f'PNG of {len(data)} bytes is cut short')
        width, height = struct.unpack('>II', data[16:24])
        return width, height
    if data.startswith(b'\xff\xd8\xff'):
        return _jpeg_size(data)
    raise CvBridgeError(f'{len(data)} bytes that begin with {data[:4].hex(" ") or "nothing"} are neither JPEG nor PNG')


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
