# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Depth as drivers publish it: holes under other numbers, other names, and the RVL compression."""

import contextlib
import struct

import numpy as np
import pytest
from image_messages import compressed, message

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import BrainError
from robobrain_ros.geometry.depth import sample_depth
from robobrain_ros.ros.camera.conversions import to_depth
from robobrain_ros.ros.camera.rvl import decode_rvl


def rvl(depth) -> bytes:
    """The reference encoder, A. D. Wilson's paper line by line."""
    nibbles: list[int] = []

    def put(value: int) -> None:
        while True:
            nibble, value = value & 7, value >> 3
            nibbles.append(nibble | (8 if value else 0))
            if not value:
                return

    flat, at, previous = [int(value) for value in depth.ravel()], 0, 0
    while at < len(flat):
        begin = at
        while at < len(flat) and flat[at] == 0:
            at += 1
        put(at - begin)
        begin = at
        while at < len(flat) and flat[at] != 0:
            at += 1
        put(at - begin)
        for value in flat[begin:at]:
            delta, previous = value - previous, value
            put(2 * delta if delta >= 0 else -2 * delta - 1)
    nibbles += [0] * (-len(nibbles) % 8)
    words = [int(''.join(f'{n:x}' for n in nibbles[i : i + 8]), 16) for i in range(0, len(nibbles), 8)]
    return struct.pack(f'<II{len(words)}I', depth.shape[1], depth.shape[0], *words)


def depth_images():
    rng = np.random.default_rng(5)
    smooth = (800 + 200 * np.sin(np.arange(48 * 64) / 90)).reshape(48, 64)
    holes = np.where(rng.random((48, 64)) < 0.3, 0, smooth).astype(np.uint16)
    return [
        holes,
        rng.integers(0, 65535, (7, 5), np.uint16),
        np.zeros((4, 4), np.uint16),
        np.full((3, 3), 65535, np.uint16),
    ]


@pytest.mark.parametrize('depth', depth_images(), ids=['holes', 'noise', 'empty', 'full'])
def test_rvl_is_exact(depth):
    np.testing.assert_array_equal(decode_rvl(memoryview(rvl(depth))), depth)


def test_rvl_in_its_transport():
    depth = depth_images()[0]
    metres = to_depth(compressed('16UC1; compressedDepth rvl', bytes(12) + rvl(depth)))
    np.testing.assert_allclose(metres, np.where(depth > 0, depth * 0.001, np.nan), rtol=1e-6)


@pytest.mark.parametrize('end', [0, 4, 8, 12, 60, 200])
def test_rvl_that_ends_early_is_refused(end):
    with pytest.raises(BrainError, match='RVL'):
        to_depth(compressed('16UC1; compressedDepth rvl', bytes(12) + rvl(depth_images()[0])[:end]))


def test_rvl_that_cannot_be_is_refused():
    """Its header says fewer pixels, bytes follow, or a damaged difference leads below 1 mm or above 65535 mm."""
    whole, high = rvl(depth_images()[0]), rvl(np.full((2, 2), 65000))
    few = struct.pack('<II', 64, 47) + whole[8:]
    for damaged, says in (
        (few, 'holds more than the 64x47 pixels'),
        (whole + b'\x12\x34\x56\x78', 'holds more than'),
        (struct.pack('<III', 2, 2, 0x04910000), r'measurements of -5 \.\. -5'),
        (rvl(np.full((2, 2), 66000)), r'measurements of 66000 \.\. 66000'),
    ):
        with pytest.raises(BrainError, match=says):
            to_depth(compressed('16UC1; compressedDepth rvl', bytes(12) + damaged))
    assert np.isfinite(to_depth(compressed('16UC1; compressedDepth rvl', bytes(12) + high))).all()
    padded = to_depth(compressed('16UC1; compressedDepth rvl', bytes(12) + high + bytes(8)))
    assert padded.shape == (2, 2)


def test_rvl_of_rubbish_gives_an_image_or_an_error():
    rng = np.random.default_rng(8)
    for _ in range(300):
        data = struct.pack('<II', 16, 12) + rng.bytes(4 * int(rng.integers(0, 200)))
        with contextlib.suppress(BrainError):
            assert to_depth(compressed('16UC1; compressedDepth rvl', bytes(12) + data)).shape == (12, 16)


def test_rvl_with_a_huge_header_is_refused():
    with pytest.raises(BrainError, match='65536x65536'):
        to_depth(compressed('16UC1; compressedDepth rvl', bytes(12) + struct.pack('<II', 65536, 65536) + bytes(64)))


def test_65535_is_a_hole():
    depth = np.array([[800, 65535], [0, 65534]], np.uint16)
    np.testing.assert_allclose(to_depth(message('16UC1', depth, 2, 2)), [[0.8, np.nan], [np.nan, 65.534]], rtol=1e-6)


@pytest.mark.parametrize('hole', [0, 65535])
def test_a_window_that_is_mostly_holes_has_the_depth_of_the_rest(hole):
    """Two thirds of it, as a driver publishes a dark object."""
    depth = np.where(np.arange(81).reshape(9, 9) % 3, hole, 800).astype(np.uint16)
    sample = sample_depth(to_depth(message('16UC1', depth, 9, 9)), 4, 4, 9, 0.3, 0.1, 10.0)
    assert (sample.status, sample.depth) == (PointStatus.OK, pytest.approx(0.8))
    assert sample.valid_fraction == pytest.approx(1 / 3)


def test_absurd_metres_are_holes():
    depth = np.array([[0.8, 1e6], [np.inf, 1000.5]], np.float32)
    np.testing.assert_allclose(to_depth(message('32FC1', depth, 2, 2)), [[0.8, np.nan], [np.nan, np.nan]])


def test_mono16_on_the_depth_topic_is_millimetres():
    """The encoding that several drivers give to depth; depth_image_proc takes it so."""
    np.testing.assert_allclose(
        to_depth(message('mono16', np.array([[800, 0]], np.uint16), 2, 1)), [[0.8, np.nan]], rtol=1e-6
    )
