# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Follows a point of a thing from image to image: pyramidal Lucas-Kanade on the thing's features, checked both ways.

Features are taken from the thing only, as the depth image cuts it out. In each image they are followed forward and
back; those that do not come home, or whose depth changes otherwise than that of the others, are dropped. What is left
tells how the thing moved, and the point moves with it. Whatever speaks against it (features that are torn apart, depth
that jumps at the point, another colour) makes the image one in which the point is not seen: it is never guessed.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.geometry.foreground import depth_around, thing_at

Rgb = NDArray[np.uint8]
Depth = NDArray[np.floating]
Points = NDArray[np.float32]
Grey = NDArray[np.uint8]

RADIUS = 0.05
"""Without a box, the thing reaches no farther from the point than this part of the image's width."""
MOST, APART_PX = 40, 3
"""Features of a thing: so many at most, and so far apart, pixels."""
WINDOW, LEVELS = (15, 15), 3
"""Side of Lucas-Kanade's window, pixels, and levels of the pyramid above the image."""
SEARCH_PX = 70
"""How far beyond twice the thing's radius features are looked for in the next image, pixels."""
HOME_PX = 1.0
"""A feature that is followed there and back ends no farther from where it began, pixels."""
LEAST = 3
"""Fewer features tell nothing."""
TOGETHER_PX = 1.5
"""Features are this near to where the thing's motion brings them, pixels."""
NEAR, TORN_PX = 8, 3.0
"""The features next to the point move as the thing does, to so many pixels; else there are two things."""
GROWTH = 1.25
"""The thing looks at most this many times as large or small as in the image before."""
JUMP_M, JUMP = 0.02, 0.02
"""Depth is off what is expected by more than this, metres and part of it: something else is seen there."""
FEATURE_JUMP_M = 0.03
"""A feature whose depth changes otherwise than that of the others, by more than this, is dropped, metres."""
LEAP_M = 0.15
"""Nothing comes nearer by more than this from one image to the next, metres."""
HALF = 0.5
"""With this part of its features a thing is seen, though its point is hidden; with less, new features are taken."""
DRIFT_PX = 0.3
"""What one step adds to the standard deviation of the point, in quadrature, pixels: as measured in the simulator."""
COLOUR = 25.0
"""Distance in CIE Lab, with lightness counted half, at which the point shows something else."""


@dataclass(frozen=True)
class Picture:
    """One image, with its depth where it is known."""

    rgb: Rgb
    """Height x width x 3."""
    depth_m: Depth | None = None
    """Height x width of the image, metres along the optical axis, NaN or 0 where unknown."""


@dataclass(frozen=True)
class Seen:
    """Where the point is in one image."""

    pixel: tuple[float, float]
    """Column and row."""
    depth_m: float
    """Along the optical axis, metres; NaN where it is unknown."""
    spread_px: float
    """Standard deviation of the pixel, from image to image, by how well the features agree."""
    spread_m: float
    """Standard deviation of the depth, by how well the features agree; 0 where it is unknown."""
    quality: float
    """Part of the features that are followed still, 0 .. 1."""
    hidden: bool = False
    """The point itself is hidden, or has no depth there; its depth is told by the features."""


class PointTracker:
    """Follows one point; a step takes 1 - 3 ms at 640x480.

    :param picture: where the point is known
    :param pixel: the point, column and row
    :param box: (u_min, v_min, u_max, v_max) of the thing, if it is known, pixels
    :raises ValueError: if there is nothing at the point that can be followed, with the reason as a part of a sentence
    """

    def __init__(
        self,
        picture: Picture,
        pixel: tuple[float, float],
        box: tuple[float, float, float, float] | None = None,
    ) -> None:
        height, width = picture.rgb.shape[:2]
        if not (-0.5 <= pixel[0] < width - 0.5 and -0.5 <= pixel[1] < height - 0.5):
            raise ValueError(f'pixel ({pixel[0]:.0f}, {pixel[1]:.0f}) lies outside the {width}x{height} image')
        self._point = np.array(pixel, np.float64)
        self.radius_px = max(box[2] - box[0], box[3] - box[1]) / 2 if box else RADIUS * width
        """How far the thing reaches from the point at most."""
        self._grey = _grey(picture.rgb)
        self._colour = _colour(picture.rgb, self._point)
        self._features: Points = np.zeros((0, 2), np.float32)
        self._depths = np.zeros(0)
        self._count = 1
        self._take_features(picture)
        if len(self._features) < LEAST:
            raise ValueError(f'nothing around pixel ({pixel[0]:.0f}, {pixel[1]:.0f}) has a texture to follow')
        self._depth = _depth(picture, self._point)
        self._steps = 0
        self.seen = Seen(pixel, self._depth, 0.5, 0.0, 1.0)
        """Where it was in the last image that showed it."""

    def step(self, picture: Picture) -> Seen | str:
        """Look for the point in the next image; in one of another size it is not seen.

        :returns: where it is, or why it is not seen there; then the next image is compared with the last that showed it
        """
        grey = _grey(picture.rgb)
        if grey.shape != self._grey.shape:
            (height, width), (old_height, old_width) = grey.shape, self._grey.shape
            return f'the image is {width}x{height}, that before was {old_width}x{old_height}'
        kept, after, change = self._followed(grey, picture)
        before = self._features[kept]
        if len(before) < LEAST:
            return f'{len(before)} of {self._count} features are seen still'
        found, together = cv2.estimateAffinePartial2D(
            before, after, method=cv2.RANSAC, ransacReprojThreshold=TOGETHER_PX
        )
        if found is None or np.count_nonzero(together) < LEAST:
            return 'its features do not move together'
        motion, inside = np.asarray(found, np.float64), np.asarray(together).ravel() > 0
        growth = math.hypot(motion[0, 0], motion[1, 0])
        if not 1 / GROWTH < growth < GROWTH:
            return f'it seems {growth:.2f} times as large as in the image before'
        point = motion[:, :2] @ self._point + motion[:, 2]
        near = np.argsort(np.linalg.norm(before - self._point, axis=1))[:NEAR]
        shift = np.median(after[near] - before[near], axis=0)
        if np.linalg.norm(point - self._point - shift) > TORN_PX:
            return 'its features are torn apart'
        height, width = grey.shape
        if not (-0.5 <= point[0] < width - 0.5 and -0.5 <= point[1] < height - 0.5):
            return 'it has left the image'
        return self._judged(picture, grey, point, motion, kept[inside], after[inside], change[inside])

    def _judged(
        self,
        picture: Picture,
        grey: Grey,
        point: NDArray[np.float64],
        motion: NDArray[np.float64],
        kept: NDArray[np.int64],
        features: Points,
        change: NDArray[np.float64],
    ) -> Seen | str:
        """Look at what is seen at the point; take it if that is the thing.

        :param kept: which of the features moved together
        :param features: where they are now
        :param change: how much nearer (negative) or farther each of them is, metres
        """
        before = self._features[kept]
        part = len(features) / self._count
        known = change[np.isfinite(change)]
        depth = _depth(picture, point)
        leap = float(np.median(known)) if known.size else math.nan
        if abs(leap) > LEAP_M:
            return f'what is seen there is {leap:+.2f} m off'
        expected = self._depth + leap
        hidden = math.isfinite(expected) and not abs(depth - expected) <= JUMP_M + JUMP * expected
        if hidden and (part < HALF or len(features) <= LEAST):
            where = f'is {depth - expected:+.3f} m off' if math.isfinite(depth) else 'is unknown'
            return f'depth at its point {where}, and {len(features)} of {self._count} features are seen still'
        if not hidden:
            off = float(np.linalg.norm((_colour(picture.rgb, point) - self._colour) * (0.5, 1, 1)))
            if off > COLOUR:
                return f'its point has another colour, {off:.0f} off in CIE Lab'
        depth = expected if hidden else depth
        self._point, self._grey, self._features = point, grey, features
        self._depths = np.where(np.isfinite(change), self._depths[kept] + change, self._depths[kept])
        self._depth = depth if math.isfinite(depth) else self._depth
        self._steps += 1
        spread = math.hypot(self._residual(before, features, motion), DRIFT_PX * math.sqrt(self._steps))
        scatter = float(np.std(known)) if known.size else 0.0
        if part < HALF and not hidden:
            self._take_features(picture)
        self.seen = Seen((float(point[0]), float(point[1])), depth, spread, scatter, part, hidden)
        return self.seen

    @staticmethod
    def _residual(before: Points, after: Points, motion: NDArray[np.float64]) -> float:
        """How far features are from where the motion brings them, pixels."""
        moved = before @ motion[:, :2].T + motion[:, 2]
        return float(np.sqrt(np.mean(np.sum((after - moved) ** 2, axis=1))))

    def _followed(self, grey: Grey, picture: Picture) -> tuple[NDArray[np.int64], Points, NDArray[np.float64]]:
        """Which features are found again, where they are, and how their depth changed, metres."""
        height, width = grey.shape
        reach = int(2 * self.radius_px + SEARCH_PX)
        column, row = (int(value) for value in self._point)
        left, top = max(column - reach, 0), max(row - reach, 0)
        cut = slice(top, row + reach), slice(left, column + reach)  # Lucas-Kanade takes its time by the image's size
        corner = np.array((left, top), np.float32)
        old, new = np.ascontiguousarray(self._grey[cut]), np.ascontiguousarray(grey[cut])
        start = (self._features - corner)[:, None]
        there, found = _flow(old, new, start)
        home, back = _flow(new, old, there)
        off = np.linalg.norm((home - start)[:, 0], axis=1)
        after = there[:, 0] + corner
        inside = ((after >= 0) & (after <= (width - 1, height - 1))).all(axis=1)
        good = found & back & (off < HOME_PX) & inside
        change = np.full(len(after), np.nan)
        if picture.depth_m is not None and good.any():
            change[good] = depth_around(picture.depth_m, after[good]) - self._depths[good]
            known = np.isfinite(change)
            if np.count_nonzero(known) >= LEAST:
                good &= ~(np.abs(change - np.median(change[known])) > FEATURE_JUMP_M)
        return np.flatnonzero(good), after[good], change[good]

    def _take_features(self, picture: Picture) -> None:
        """Take new features of the thing around the point."""
        depth = np.full(self._grey.shape, np.nan) if picture.depth_m is None else picture.depth_m
        thing, (left, top) = thing_at(depth, (float(self._point[0]), float(self._point[1])), self.radius_px)
        mask = cv2.dilate(thing.astype(np.uint8), np.ones((3, 3), np.uint8))  # corners lie on its outline
        grey = self._grey[top : top + mask.shape[0], left : left + mask.shape[1]]
        found = cv2.goodFeaturesToTrack(grey, MOST, 0.01, APART_PX, mask=mask, blockSize=5)
        corners = np.zeros((0, 2), np.float32) if found is None else found[:, 0]
        self._features = (corners + np.array((left, top), np.float32)).astype(np.float32)
        self._count = max(len(self._features), 1)
        self._depths = depth_around(depth, self._features)


def _grey(rgb: Rgb) -> Grey:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def _flow(old: Grey, new: Grey, points: Points) -> tuple[Points, NDArray[np.bool_]]:
    """Where points (Nx1x2) of one image are in another, and which of them were found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(old, new, points, points.copy(), winSize=WINDOW, maxLevel=LEVELS)
    return np.asarray(there, np.float32), np.asarray(found).ravel() > 0


def _depth(picture: Picture, point: NDArray[np.float64]) -> float:
    return math.nan if picture.depth_m is None else float(depth_around(picture.depth_m, point[None], half=2)[0])


def _colour(rgb: Rgb, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean colour of 7x7 pixels, CIE Lab."""
    column, row = (max(round(float(value)), 3) for value in point)
    window = rgb[row - 3 : row + 4, column - 3 : column + 4]
    lab = cv2.cvtColor(np.ascontiguousarray(window), cv2.COLOR_RGB2LAB)
    return np.asarray(lab.reshape(-1, 3).mean(axis=0), np.float64)
