# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The encodings of sensor_msgs/Image, and a checked numpy view of a message's pixels.

Names and meaning follow sensor_msgs/image_encodings.hpp; the planar formats ``nv12``, ``nv21`` and ``nv24`` are laid
out as in V4L2: all rows of brightness, then half as many (nv24: twice as many) of interleaved colour, with that step.
"""

import re
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_PIXELS = 1 << 26
"""Images of more pixels (67 million, 8192 x 8192) are refused: a header can claim any size."""

_DTYPES = {'8U': 'u1', '8S': 'i1', '16U': 'u2', '16S': 'i2', '32S': 'i4', '32F': 'f4', '64F': 'f8'}


class CvBridgeError(TypeError):
    """A conversion that makes no sense or a malformed message; a TypeError, as cv_bridge's error of that name is."""


@dataclass(frozen=True)
class Encoding:
    """How one encoding lays out its pixels, and how OpenCV turns it into colours."""

    name: str
    dtype: np.dtype
    channels: int
    """Numbers a pixel in each row of the buffer."""
    cvt: str = ''
    """``cv2.COLOR_*`` constant with {} for the target's name; empty where the encoding says nothing about colour."""
    family: str = ''
    """OpenCV's name of the channel order (RGB, BGR, RGBA, BGRA, GRAY), for encodings that can be a target."""
    planar: int = 0
    """Colour rows that follow, in halves of the brightness rows: 1 where colour has half the resolution; 0: none."""
    even: tuple[int, int] = (1, 1)
    """Width and height must be multiples of these."""
    smallest: int = 1
    """Least width and height that can be converted (a Bayer pixel needs its neighbours)."""

    @property
    def is_colour(self) -> bool:
        """Whether the numbers stand for colours or brightness."""
        return bool(self.cvt)

    @property
    def pixel_bytes(self) -> int:
        """Bytes that a pixel takes in each row of the buffer."""
        return self.dtype.itemsize * self.channels

    def rows(self, height: int) -> int:
        """Rows of the buffer for an image of ``height`` rows."""
        return height + height * self.planar // 2


def _colour_table() -> dict[str, Encoding]:
    table = []
    for bits in ('8', '16'):
        dtype = np.dtype(f'u{int(bits) // 8}')
        for name, channels, family in (
            ('rgb', 3, 'RGB'),
            ('bgr', 3, 'BGR'),
            ('rgba', 4, 'RGBA'),
            ('bgra', 4, 'BGRA'),
            ('mono', 1, 'GRAY'),
        ):
            table.append(Encoding(name + bits, dtype, channels, f'COLOR_{family}2{{}}', family))
        # ROS names the first two pixels of the first two rows, OpenCV those of the second row and column.
        for name, opencv in (('rggb', 'BG'), ('bggr', 'RG'), ('gbrg', 'GR'), ('grbg', 'GB')):
            table.append(Encoding(f'bayer_{name}{bits}', dtype, 1, f'COLOR_Bayer{opencv}2{{}}', smallest=3))
    u8 = np.dtype('u1')
    for name, opencv in (('yuv422', 'UYVY'), ('uyvy', 'UYVY'), ('yuv422_yuy2', 'YUY2'), ('yuyv', 'YUY2')):
        table.append(Encoding(name, u8, 2, f'COLOR_YUV2{{}}_{opencv}', even=(2, 1)))
    for name, opencv in (('nv12', 'NV12'), ('nv21', 'NV21')):
        table.append(Encoding(name, u8, 1, f'COLOR_YUV2{{}}_{opencv}', planar=1, even=(2, 2)))
    table.append(Encoding('nv24', u8, 1, 'COLOR_YUV2{}_NV24', planar=4))
    return {encoding.name: encoding for encoding in table}


COLOUR = _colour_table()
"""Every encoding that stands for colour or brightness, by name."""

DEPTH = ('16UC1', '32FC1')
"""Depth images by REP-118: millimetres with 0 for invalid, and metres."""


def find(name: str) -> Encoding:
    """The layout of an encoding, by its name in sensor_msgs/Image.

    :raises CvBridgeError: if there is no such encoding, or it is not supported
    """
    if name in COLOUR:
        return COLOUR[name]
    raw = re.fullmatch('(8U|8S|16U|16S|32S|32F|64F)C([1-4])', name)
    if raw is None:
        raise CvBridgeError(
            f'encoding {name!r} is not supported; supported are {", ".join(COLOUR)} and OpenCV types '
            f'such as {" and ".join(DEPTH)}'
        )
    return Encoding(name, np.dtype(_DTYPES[raw[1]]), int(raw[2]))


def pixels(msg: Any) -> np.ndarray:
    """Array of an Image message: HxW or HxWxC in the encoding's own type and native byte order.

    Shares the message's memory where the byte order allows; row padding is skipped. Planar formats give their
    brightness rows and then their colour rows, each of W bytes.

    :param msg: a sensor_msgs/Image
    :raises CvBridgeError: if encoding, width, height, step and the number of bytes do not fit together
    """
    encoding, width, height = find(msg.encoding), msg.width, msg.height
    what = f'{width}x{height} {encoding.name} image'
    if width < encoding.smallest or height < encoding.smallest:
        raise CvBridgeError(f'{what}: width and height must be at least {encoding.smallest}')
    if width * height > MAX_PIXELS:
        raise CvBridgeError(f'{what}: more than {MAX_PIXELS} pixels')
    if width % encoding.even[0] or height % encoding.even[1]:
        raise CvBridgeError(f'{what}: width must be a multiple of {encoding.even[0]} and height of {encoding.even[1]}')
    row, rows = width * encoding.pixel_bytes, encoding.rows(height)
    if msg.step < row:
        raise CvBridgeError(f'{what}: step is {msg.step} bytes, but a row has {row}')
    data = np.frombuffer(msg.data, np.uint8) if len(msg.data) else np.empty(0, np.uint8)
    if data.size != rows * msg.step:
        raise CvBridgeError(f'{what}: {data.size} bytes of data, but {rows} rows of {msg.step} are {rows * msg.step}')
    image = data.reshape(rows, msg.step)[:, :row]
    if encoding.dtype.itemsize > 1:
        image = np.ascontiguousarray(image)
    image = image.view(encoding.dtype)
    if encoding.dtype.itemsize > 1 and bool(msg.is_bigendian) != (sys.byteorder == 'big'):
        image = image.byteswap()
    return image.reshape(rows, width, encoding.channels) if encoding.channels > 1 else image
