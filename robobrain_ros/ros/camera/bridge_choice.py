# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Which CvBridge converts raw images: the host's cv_bridge if it passes a test at import, else ours.

A cv_bridge built for another NumPy or OpenCV imports, and then fails or returns skewed pictures: only a test can tell.
"""

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from sensor_msgs.msg import Image

from robobrain_ros.ros.camera import image_bridge


def choose() -> tuple[Any, str, str]:
    """Test the host's cv_bridge, and choose it if it passes.

    :returns: the bridge to use, its name (``cv_bridge`` or ``robobrain_ros``), and why it was chosen
    """
    try:
        host = importlib.import_module('cv_bridge').CvBridge()
    except ModuleNotFoundError as error:
        why = (
            'cv_bridge is not installed, nor needed'
            if error.name == 'cv_bridge'
            else f'cv_bridge cannot be loaded: {error}'
        )
        return image_bridge.CvBridge(), 'robobrain_ros', why
    except Exception as error:  # a compiled module for another NumPy fails in many ways
        return image_bridge.CvBridge(), 'robobrain_ros', f'cv_bridge cannot be loaded: {type(error).__name__}: {error}'
    fault = self_test(host)
    if fault:
        return image_bridge.CvBridge(), 'robobrain_ros', f'cv_bridge failed its test: {fault}'
    return host, 'cv_bridge', 'cv_bridge passed its test'


def self_test(bridge: Any) -> str:
    """Convert small images whose result is known; takes about a millisecond.

    :returns: what went wrong with the first that failed, or an empty string
    """
    for msg, desired, expected in _cases():
        what = f'{msg.encoding} (step {msg.step}, is_bigendian {msg.is_bigendian}) to {desired}'
        try:
            image = np.asarray(bridge.imgmsg_to_cv2(msg, desired))
        except Exception as error:
            return f'{what}: {type(error).__name__}: {error}'
        if image.shape != expected.shape or image.dtype != expected.dtype:
            return f'{what}: gave {image.shape} {image.dtype}, expected {expected.shape} {expected.dtype}'
        if np.abs(image.astype(float) - expected).max() > 2:  # rounding of YUV
            return f'{what}: wrong pixels'
    return ''


def _cases() -> Iterator[tuple[Image, str, np.ndarray]]:
    """Message, desired encoding and expected array."""
    ramp = (np.arange(3 * 5 * 3, dtype=np.uint8) * 5).reshape(3, 5, 3)
    bgr, colour = ramp[..., ::-1], np.array([200, 100, 50], np.uint8)
    for pad in (0, 2):  # 2 is no whole number of pixels
        yield _message('rgb8', ramp, pad), 'rgb8', ramp
        yield _message('rgb8', ramp, pad), 'bgr8', bgr
        yield _message('bgr8', bgr, pad), 'rgb8', ramp
        yield _message('bgra8', np.dstack([bgr, bgr[..., 0]]), pad), 'rgb8', ramp
        yield _message('mono8', ramp[..., 0], pad), 'rgb8', ramp[..., :1].repeat(3, axis=2)
        numbers = (np.arange(15).reshape(3, 5) * 4000).astype('u2')
        metres = (np.arange(15).reshape(3, 5) / 4).astype('f4')
        grey = np.round(numbers / 257).astype('u1')
        for order in '<>':
            yield _message('16UC1', numbers.astype(f'{order}u2'), pad), 'passthrough', numbers
            yield _message('32FC1', metres.astype(f'{order}f4'), pad), 'passthrough', metres
            yield _message('mono16', numbers.astype(f'{order}u2'), pad), 'rgb8', grey[..., None].repeat(3, axis=2)
        red = np.full((4, 4, 3), (255, 0, 0), np.uint8)  # Y 81, U 90, V 240 in BT.601
        for name, pair in (
            ('yuv422', (90, 81, 240, 81)),
            ('uyvy', (90, 81, 240, 81)),
            ('yuv422_yuy2', (81, 90, 81, 240)),
            ('yuyv', (81, 90, 81, 240)),
        ):
            yield _message(name, np.tile(np.array(pair, np.uint8), (4, 2)), pad), 'rgb8', red
        plain = np.full((6, 6, 3), colour)
        for pattern in ('rggb', 'bggr', 'gbrg', 'grbg'):
            tile = colour[['rgb'.index(c) for c in pattern]].reshape(2, 2)
            yield _message(f'bayer_{pattern}8', np.tile(tile, (3, 3)), pad), 'rgb8', plain
            wide = np.tile(tile, (3, 3)).astype('>u2') * 257
            yield _message(f'bayer_{pattern}16', wide.astype('>u2'), pad), 'rgb8', plain


def _message(encoding: str, image: np.ndarray, pad: int) -> Image:
    """Image message with ``pad`` bytes after every row."""
    height = image.shape[0]
    rows = np.frombuffer(image.tobytes(), np.uint8).reshape(height, -1)
    width = rows.shape[1] // 2 if encoding.startswith(('yuv', 'uyvy', 'yuyv')) else image.shape[1]
    data = np.hstack([rows, np.full((height, pad), 255, np.uint8)])
    msg = Image(
        height=height,
        width=width,
        encoding=encoding,
        step=data.shape[1],
        is_bigendian=int(image.dtype.byteorder == '>'),
    )
    msg.data.frombytes(data.tobytes())
    return msg


BRIDGE, BRIDGE_NAME, BRIDGE_REASON = choose()
