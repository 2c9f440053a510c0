# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Pixels <-> rays <-> points for one camera. Frames: camera optical (REP-103: x right, y down, z forward), metres.

Pixel (0, 0) is the centre of the top left pixel. Distortion models are those of sensor_msgs/CameraInfo (REP-104).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robobrain_ros.geometry.distortion import checked, distort, undistort

_ACCURACY_PX = 0.01
"""How far off an undistorted pixel may be."""
_WIDEST = 20
"""Images of so many focal lengths (a fisheye of 220 degrees has 4) come from a K that is not in pixels."""


@dataclass(frozen=True)
class CameraModel:
    """Intrinsics of an image as it is published: region of interest and binning are already in the numbers.

    :param width: of the image, pixels
    :param height: of the image, pixels
    :param fx: focal length across, pixels
    :param fy: focal length down, pixels
    :param cx: column of the optical axis, pixels
    :param cy: row of the optical axis, pixels
    :param model: plumb_bob, rational_polynomial or equidistant
    :param distortion: coefficients in OpenCV's order; empty for a camera without distortion
    :param frame_id: name of the optical frame in tf2
    :param skew: K's second number: columns that a pixel moves to the right for each y at z = 1, pixels
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float
    model: str = 'plumb_bob'
    distortion: tuple[float, ...] = ()
    frame_id: str = ''
    skew: float = 0.0

    def __post_init__(self) -> None:
        """Numbers become Python's own, since NumPy's cannot be written as JSON.

        :raises ValueError: for numbers that make no sense, and for a distortion model that is not known
        """
        numbers = {name: float(getattr(self, name)) for name in ('fx', 'fy', 'cx', 'cy', 'skew')}
        if not all(map(math.isfinite, numbers.values())) or min(numbers['fx'], numbers['fy']) <= 0:
            raise ValueError(f'the camera has {numbers}: expected finite numbers with fx, fy > 0')
        if self.width < 1 or self.height < 1:
            raise ValueError(f'camera image of {self.width}x{self.height} pixels: width and height must be positive')
        if self.width > _WIDEST * numbers['fx'] or self.height > _WIDEST * numbers['fy']:
            raise ValueError(
                f'fx {numbers["fx"]:g}, fy {numbers["fy"]:g} do not fit an image of {self.width}x{self.height}: '
                'expected focal lengths in pixels, not in millimetres or parts of the image'
            )
        model, distortion = checked(self.model, self.distortion)
        for name, value in (numbers | {'model': model, 'distortion': distortion}).items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_calibration(
        cls,
        *,
        width: int,
        height: int,
        k: Sequence[float],
        d: Sequence[float] = (),
        model: str = '',
        frame_id: str = '',
        binning: tuple[int, int] = (1, 1),
        roi: tuple[int, int, int, int] = (0, 0, 0, 0),
    ) -> 'CameraModel':
        """Make a camera from a calibration of the full sensor; the arguments are fields of sensor_msgs/CameraInfo.

        :param width: of the calibrated, full image in pixels
        :param height: of the calibrated, full image in pixels
        :param k: 3x3 matrix, row by row: fx, skew, cx, 0, fy, cy, 0, 0, 1; skew is 0 for nearly all cameras
        :param d: distortion coefficients; empty for none
        :param model: plumb_bob, rational_polynomial, equidistant or a name that means one of these; any name where
            ``d`` is empty or zero
        :param binning: pixels (x, y) combined to one; 0 means 1. A binned pixel's centre is the centre of those it
            combines: c' = (c + 0.5) / binning - 0.5
        :param roi: (x_offset, y_offset, width, height) in full, unbinned pixels; all zero is the full image
        :raises ValueError: if the camera is not calibrated or the values make no sense
        """
        fx, skew, fy, cx, cy = _focal(k)
        model, distortion = checked(model, d)
        if width < 1 or height < 1:
            raise ValueError(f'camera image of {width}x{height} pixels: width and height must be positive')
        if not (-0.5 <= cx <= width and -0.5 <= cy <= height):
            raise ValueError(f'K has cx {cx:g}, cy {cy:g}, outside of {width}x{height}: it is for another image size')
        x, y, w, h = roi if any(roi) else (0, 0, width, height)
        if min(x, y) < 0 or min(w, h) < 1 or x + w > width or y + h > height:
            raise ValueError(f'region of interest {w}x{h} at ({x}, {y}) does not lie in the {width}x{height} image')
        if min(binning) < 0 or w < binning[0] or h < binning[1]:
            raise ValueError(f'binning {binning} does not fit an image of {w}x{h} pixels')
        bx, by = max(binning[0], 1), max(binning[1], 1)
        return cls(
            width=w // bx,
            height=h // by,
            fx=fx / bx,
            skew=skew / bx,
            fy=fy / by,
            cx=(cx - x + 0.5) / bx - 0.5,
            cy=(cy - y + 0.5) / by - 0.5,
            model=model,
            distortion=distortion,
            frame_id=frame_id,
        )

    def ray(self, u: float, v: float) -> tuple[float, float, float]:
        """Find the direction in which a pixel looks; multiply it by z to get the point.

        :param u: column of the pixel, may have a fraction
        :param v: row of the pixel, may have a fraction
        :returns: (x, y, 1) in the optical frame
        :raises ValueError: if the pixel is not finite, or the distortion model maps no direction in front to it
        """
        if not (math.isfinite(u) and math.isfinite(v)):
            raise ValueError(f'pixel ({u}, {v}) is not finite')
        y = (v - self.cy) / self.fy
        x = (u - self.cx - self.skew * y) / self.fx
        if self.distortion:
            accuracy = _ACCURACY_PX / max(self.fx, self.fy)
            solved = undistort(self.model, self.distortion, (x, y), accuracy)
            if solved is None:
                raise ValueError(f'pixel ({u:g}, {v:g}): {self.model} distortion {self.distortion} has no inverse')
            x, y = solved
        return x, y, 1.0

    def deproject(self, u: float, v: float, z: float) -> tuple[float, float, float]:
        """Find the point that a pixel shows.

        :param u: column of the pixel, may have a fraction
        :param v: row of the pixel, may have a fraction
        :param z: depth along the optical axis, metres
        :returns: (x, y, z) in the optical frame, metres
        :raises ValueError: if the pixel is not finite, the distortion model maps no direction in front to it, or z is
            not finite and positive
        """
        if not (math.isfinite(z) and z > 0):
            raise ValueError(f'depth {z} m: expected a finite, positive number')
        x, y, _ = self.ray(u, v)
        return x * z, y * z, z

    def project(self, point: Sequence[float]) -> tuple[float, float]:
        """Find the pixel that shows a point.

        :param point: (x, y, z) in the optical frame, metres
        :returns: (u, v), column and row; may lie outside the image
        :raises ValueError: if the point is not finite or not in front of the camera
        """
        x, y, z = (float(value) for value in point)
        if not (math.isfinite(x) and math.isfinite(y) and math.isfinite(z) and z > 0):
            raise ValueError(f'point ({x}, {y}, {z}): expected finite numbers with z > 0')
        x, y = x / z, y / z
        if self.distortion:
            x, y = distort(self.model, self.distortion, np.array([[x, y]]))[0]
        return float(x * self.fx + y * self.skew + self.cx), float(y * self.fy + self.cy)


def _focal(k: Sequence[float]) -> tuple[float, float, float, float, float]:
    """fx, skew, fy, cx, cy of a checked 3x3 matrix."""
    if len(k) != 9:
        raise ValueError(f'K has {len(k)} numbers; expected 9')
    if not any(k):
        raise ValueError('K is all zero: the camera is not calibrated')
    fx, skew, cx, zero_3, fy, cy, *last = k
    if not all(math.isfinite(value) for value in k) or fx <= 0 or fy <= 0:
        raise ValueError(f'K has fx {fx}, fy {fy}, cx {cx}, cy {cy}: expected finite numbers with fx, fy > 0')
    if (zero_3, *last) != (0, 0, 0, 1):
        raise ValueError(f'K is {list(k)}; expected [fx, skew, cx, 0, fy, cy, 0, 0, 1]')
    return fx, skew, fy, cx, cy
