# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The thing that a pixel shows, cut out of the depth image: what lies on none of the large planes around it.

On a table, in a shelf, before a wall: what a thing stands on is a plane, and a plane is a straight line in inverse
depth, 1 / z = a u + b v + c, whatever the camera's intrinsics are.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

Depth = NDArray[np.floating]
Mask = NDArray[np.bool_]

AROUND = 2.5
"""Planes are looked for in a square that reaches this many radii from the pixel."""
OFF_M = 0.006
"""What is this far off a plane does not lie on it, metres."""
LIKE = 0.1
"""The thing's depth differs by no more than this part of it from that of the pixel."""
MOST_PLANES, LEAST_PART = 3, 0.15
"""Planes that are taken away at most, each with this part of the ring around the pixel or more."""
TRIALS = 64
SAMPLES = 500
"""Depth pixels of the ring that take part."""
LEAST_PX, MOST_PART = 25, 0.5
"""A thing has so many pixels or more, and at most this part of the square."""


def thing_at(depth_m: Depth, pixel: tuple[float, float], radius_px: float) -> tuple[Mask, tuple[int, int]]:
    """Cut out the thing that a pixel shows. Takes a millisecond or two.

    :param depth_m: HxW, metres, NaN or 0 where unknown
    :param pixel: (u, v) in the depth image, column and row, inside of it
    :param radius_px: the largest radius that the thing may have, pixels
    :returns: its mask in a square around the pixel, and (column, row) of the square's upper left pixel. Where no thing
        stands out, as with a sheet on a table, the disc of this radius, as far as its depth is that of the pixel
    """
    height, width = depth_m.shape
    column, row = min(max(round(pixel[0]), 0), width - 1), min(max(round(pixel[1]), 0), height - 1)
    reach = math.ceil(AROUND * radius_px)
    left, top = max(column - reach, 0), max(row - reach, 0)
    depth = depth_m[top : row + reach + 1, left : column + reach + 1].astype(np.float64)
    down, right = np.mgrid[top : top + depth.shape[0], left : left + depth.shape[1]]
    down, right = down - pixel[1], right - pixel[0]
    disc = right**2 + down**2 <= radius_px**2
    valid = np.isfinite(depth) & (depth > 0)
    middle = depth_around(depth_m, np.array([[column, row]]))[0]
    if math.isnan(middle):
        return disc, (left, top)
    like = valid & (np.abs(depth - middle) < LIKE * middle)
    inverse = np.where(valid, 1 / np.where(valid, depth, 1), np.nan)
    off = like & _off_planes(inverse, np.dstack((right, down, np.ones_like(right))), valid & ~disc)
    off = cv2.morphologyEx(off.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    labels = cv2.connectedComponents(off, connectivity=4)[1]
    label = labels[row - top, column - left]
    thing = labels == label
    if not label or not LEAST_PX <= np.count_nonzero(thing) <= MOST_PART * thing.size:
        return disc & like, (left, top)
    return thing, (left, top)


def depth_around(depth_m: Depth, pixels: NDArray[np.number], half: int = 1) -> NDArray[np.float64]:
    """Measure the depth at pixels: each the lower median of the valid depth in a window; NaN where there is none.

    :param pixels: Nx2, column and row, inside of the depth image
    :param half: the window reaches this many pixels from its middle
    """
    height, width = depth_m.shape
    offsets = np.arange(-half, half + 1)
    columns, rows = np.rint(pixels).astype(int).T
    across = np.clip(columns[:, None] + np.tile(offsets, offsets.size), 0, width - 1)
    down = np.clip(rows[:, None] + np.repeat(offsets, offsets.size), 0, height - 1)
    window = depth_m[down, across].astype(np.float64)
    window[~(window > 0)] = np.nan
    window.sort(axis=1)  # NaN last
    known = np.count_nonzero(np.isfinite(window), axis=1)
    return np.asarray(window[np.arange(len(window)), np.maximum(known - 1, 0) // 2])


def _off_planes(inverse: NDArray[np.float64], places: NDArray[np.float64], ring: Mask) -> Mask:
    """Which pixels lie on none of the planes that the ring shows.

    :param places: HxWx3: (u, v, 1)
    """
    step = max(1, int(math.sqrt(np.count_nonzero(ring) / SAMPLES)))
    thin = np.zeros_like(ring)
    thin[::step, ::step] = ring[::step, ::step]
    known, said = places[thin].astype(np.float64), inverse[thin]
    least, chance = max(LEAST_PART * len(said), 30), np.random.default_rng(0)  # the same for the same image
    off = np.ones_like(ring)
    for _ in range(MOST_PLANES):
        if len(said) < least:
            break
        picked = chance.integers(len(said), size=(TRIALS, 3))
        picked = picked[np.abs(np.linalg.det(known[picked])) > 1]  # the others lie on a line
        if not len(picked):
            break
        tried = np.linalg.solve(known[picked], said[picked][..., None])[..., 0]
        counts = np.count_nonzero(_off_m(known @ tried.T, said[:, None]) < OFF_M, axis=0)
        plane = tried[np.argmax(counts)]
        if counts.max() < least:
            break
        for _ in range(2):
            on = _off_m(known @ plane, said) < OFF_M
            plane = np.linalg.lstsq(known[on], said[on], rcond=None)[0]
        off &= ~(_off_m(places @ plane, inverse) < OFF_M)
        on = _off_m(known @ plane, said) < OFF_M
        known, said = known[~on], said[~on]
    return off


def _off_m(plane: NDArray[np.float64], inverse: NDArray[np.float64]) -> NDArray[np.float64]:
    """By how many metres depths differ from those of a plane, to first order; all arguments are inverse depths."""
    return np.asarray(np.abs(plane - inverse) / inverse**2)
