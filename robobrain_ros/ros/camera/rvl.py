# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""RVL, the lossless compression of depth images that compressed_depth_image_transport offers beside PNG.

Format: A. D. Wilson, Fast Lossless Depth Image Compression (ISS 2017), and image_transport_plugins, rvl_codec.cpp.
Numbers are variable in length: groups of three bits, lowest first, each in a nibble whose highest bit says that another
one follows; eight nibbles make a little-endian word, highest first. They alternate: how many zeros, how many
measurements, and for each of these its difference to the measurement before, with the sign in the lowest bit.
"""

import struct

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.ros.camera.encodings import MAX_PIXELS, CvBridgeError


def decode_rvl(data: memoryview) -> NDArray[np.uint16]:
    """Decode a depth image.

    :param data: width and height as 32 bit numbers, then the words
    :returns: height x width
    :raises CvBridgeError: for a size that nobody needs, and for data that ends early or says more than fits
    """
    if len(data) < 8:
        raise CvBridgeError(f'RVL of {len(data)} bytes: width and height alone take 8')
    width, height = struct.unpack('<II', data[:8])
    if not 0 < width * height <= MAX_PIXELS:
        raise CvBridgeError(f'the RVL header says {width}x{height}: 1 .. {MAX_PIXELS} pixels are accepted')
    numbers = _numbers(data[8:])
    depth = np.zeros(width * height, np.int64)
    at = pixel = 0
    runs: list[tuple[int, int, int]] = []
    while pixel < depth.size:
        if at + 1 >= numbers.size:
            raise CvBridgeError(f'RVL of {len(data)} bytes ends after {pixel} of {depth.size} pixels')
        pixel += int(numbers[at])
        count = int(numbers[at + 1])
        if pixel + count > depth.size or at + 2 + count > numbers.size:
            raise CvBridgeError(f'RVL of {len(data)} bytes is damaged at pixel {pixel} of {depth.size}')
        runs.append((pixel, at + 2, count))
        pixel, at = pixel + count, at + 2 + count
    if numbers[at:].any():
        raise CvBridgeError(f'RVL of {len(data)} bytes holds more than the {width}x{height} pixels of its header')
    measured = np.concatenate([numbers[start : start + count] for _, start, count in runs])
    values = np.cumsum((measured >> 1) ^ -(measured & 1))
    if values.size and not 0 < values.min() <= values.max() < 1 << 16:
        raise CvBridgeError(f'RVL of {len(data)} bytes is damaged: measurements of {values.min()} .. {values.max()}')
    done = 0
    for place, _, count in runs:
        depth[place : place + count] = values[done : done + count]
        done += count
    return depth.astype(np.uint16).reshape(height, width)


def _numbers(data: memoryview) -> NDArray[np.int64]:
    """All numbers in the words; what the last word is filled up with is numbers, too."""
    words = np.frombuffer(data[: len(data) // 4 * 4], '<u4')
    nibbles = ((words[:, None] >> np.arange(28, -1, -4, dtype=np.uint32)) & 15).astype(np.int64).ravel()
    last = np.flatnonzero(nibbles < 8)  # of each number
    if not last.size:
        return np.zeros(0, np.int64)
    nibbles = nibbles[: last[-1] + 1]
    first = np.concatenate([[0], last[:-1] + 1])
    place = np.arange(nibbles.size) - np.repeat(first, last - first + 1)
    if place.max() > 7:
        raise CvBridgeError('RVL with a number of more than 24 bits is damaged')
    return np.add.reduceat((nibbles & 7) << (3 * place), first)
