# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Depth at a pixel: the lower median of a window of a depth image, or the reason why there is none."""

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from robobrain_ros.answer import PointStatus


class DepthMode(str, Enum):
    """Where the depth of a trajectory's waypoints comes from."""

    MODEL = 'model'
    """From the model's answer, as it is (rough: about 39 % within 5 cm by its report)."""
    SENSOR = 'sensor'
    """From the depth image: the surface behind the pixel, even where the waypoint is meant to hang above it."""
    MODEL_SCALED_TO_SENSOR = 'model_scaled_to_sensor'
    """The model's, times one factor that fits it to the sensor where something is touched (``locate.scale_factor``)."""


@dataclass(frozen=True)
class DepthRules:
    """How depth is read and judged.

    :raises ValueError: for a value out of range, with a sentence that quotes it
    """

    window_px: int = 5
    """Side of the window of depth pixels around a target, odd."""
    min_valid_fraction: float = 0.3
    """Least part of the window that must hold valid depth, 0 .. 1."""
    min_depth_m: float = 0.1
    max_depth_m: float = 10.0
    """Nearest and farthest depth that is believed, metres."""
    mode: DepthMode = DepthMode.MODEL_SCALED_TO_SENSOR
    """For waypoints; targets always take the sensor's depth."""
    model_depth_is_ray: bool = False
    """Whether the model's depth is the length of the ray instead of z along the optical axis (no source says which)."""
    least_spread_m: float = 0.0
    """Standard deviation that is added to that of every depth in quadrature, metres; a calibration sets it."""

    def __post_init__(self) -> None:
        if self.window_px < 1 or self.window_px % 2 == 0:
            raise ValueError(f'window_px is {self.window_px}; expected an odd, positive number')
        if not 0 <= self.min_valid_fraction <= 1:
            raise ValueError(f'min_valid_fraction is {self.min_valid_fraction}; expected 0 .. 1')
        if not 0 <= self.min_depth_m < self.max_depth_m:
            raise ValueError(
                f'min_depth_m is {self.min_depth_m}, max_depth_m is {self.max_depth_m}; '
                'expected 0 <= min_depth_m < max_depth_m'
            )


@dataclass(frozen=True)
class DepthSample:
    """What a depth image says about one place."""

    depth: float | None
    """Metres along the optical axis; only with status OK."""
    valid_fraction: float
    """Part of the window that held valid depth, 0 .. 1."""
    status: PointStatus
    reason: str = ''
    """Why there is no depth; empty with status OK."""
    spread: float = 0.0
    """Standard deviation of the depth: of the window's valid pixels, or by the model, metres."""


def sample_depth(
    depth_m: np.ndarray,
    u: float,
    v: float,
    window_px: int,
    min_valid_fraction: float,
    min_depth_m: float,
    max_depth_m: float,
) -> DepthSample:
    """Measure the depth around pixel (u, v) of the depth image itself.

    Valid are finite, positive values. Their lower median is a depth that was measured: at an edge it is the
    foreground's or the background's, never a mean of both that would hang in the air.

    :param depth_m: HxW floats in metres
    :param u: column in the depth image, may have a fraction
    :param v: row in the depth image, may have a fraction
    :param window_px: side of the square window in depth pixels, odd; it is clipped at the image's borders
    :param min_valid_fraction: with a smaller part of valid pixels (of those in the image) the status is NO_DEPTH
    :param min_depth_m: below this the status is OUT_OF_RANGE, metres
    :param max_depth_m: above this the status is OUT_OF_RANGE, metres
    :raises ValueError: if the image is not two-dimensional floats, or the window is not odd and positive
    """
    if depth_m.ndim != 2 or depth_m.dtype.kind != 'f':
        raise ValueError(f'depth image of shape {depth_m.shape}, type {depth_m.dtype}: expected HxW floats in metres')
    if window_px < 1 or window_px % 2 == 0:
        raise ValueError(f'window of {window_px} pixels: expected an odd, positive number')
    height, width = depth_m.shape
    if not (-0.5 <= u <= width - 0.5 and -0.5 <= v <= height - 0.5):
        return DepthSample(
            None, 0.0, PointStatus.NO_DEPTH, f'pixel ({u:g}, {v:g}) lies outside the {width}x{height} depth image'
        )
    column, row = min(math.floor(u + 0.5), width - 1), min(math.floor(v + 0.5), height - 1)
    half = window_px // 2
    window = depth_m[max(row - half, 0) : row + half + 1, max(column - half, 0) : column + half + 1]
    valid = window[np.isfinite(window) & (window > 0)]
    fraction = valid.size / window.size
    if valid.size == 0 or fraction < min_valid_fraction:
        return DepthSample(
            None,
            fraction,
            PointStatus.NO_DEPTH,
            f'{valid.size} of {window.size} depth pixels around ({u:g}, {v:g}) are valid',
        )
    middle = (valid.size - 1) // 2
    depth = float(np.partition(valid, middle)[middle])
    if not min_depth_m <= depth <= max_depth_m:
        return DepthSample(None, fraction, PointStatus.OUT_OF_RANGE, out_of_range(depth, min_depth_m, max_depth_m))
    return DepthSample(depth, fraction, PointStatus.OK, spread=float(np.std(valid)))


def out_of_range(depth_m: float, min_depth_m: float, max_depth_m: float) -> str:
    """Say in a sentence why the status is OUT_OF_RANGE; all in metres."""
    return f'depth {depth_m:.3f} m lies outside {min_depth_m:g} .. {max_depth_m:g} m'


def scale_pixel(u: float, v: float, source: tuple[int, int], target: tuple[int, int]) -> tuple[float, float]:
    """Find the pixel that shows, in a rescaled image, what pixel (u, v) shows in the original one.

    Pixel centres have whole coordinates, so edges (-0.5 and side - 0.5) map onto edges.

    :param source: (width, height) of the original image, pixels
    :param target: (width, height) of the rescaled image, pixels
    :returns: (u, v) in the rescaled image
    :raises ValueError: unless both sizes have exactly the same aspect ratio: one is then not a rescaled other
    """
    if source[0] * target[1] != source[1] * target[0]:
        raise ValueError(
            f'the depth image ({target[0]}x{target[1]}) has another aspect ratio than the colour image '
            f'({source[0]}x{source[1]})'
        )
    scale = target[0] / source[0]
    return (u + 0.5) * scale - 0.5, (v + 0.5) * scale - 0.5
