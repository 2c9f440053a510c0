# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The surface around a pixel, as a plane through the depth image that noise, holes and edges do not mislead.

A plane is a straight line in inverse depth: 1 / z = a x + b y + c for all rays (x, y, 1) that meet it, and (a, b, c) is
its normal. So the fit is linear, and the noise stays where it is in the measurement, along the ray.
"""

import math
from dataclasses import dataclass

import numpy as np

from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.depth import scale_pixel
from robobrain_ros.geometry.locate import Scene
from robobrain_ros.geometry.transform import Vector

RADIUS_M, LEAST_RADIUS_PX = 0.025, 18
"""The plane is fitted to what lies so far around the pixel, metres; and at least so many depth pixels."""
POINTS_ACROSS = 48
"""A larger area is thinned out to so many depth pixels across."""
NEARNESS = 4.0
"""What lies at the rim of the area counts exp(-NEARNESS) as much as what lies at the pixel."""
MIDDLE_PX = 5
"""Side of the window of depth pixels through whose median the surface goes."""
NEAREST_M = 0.001
"""Less than this is no depth of any sensor, metres."""
TRIALS = 128
"""Planes through the middle and two other points that are tried."""
LEAST_WIDE = 0.05
"""The triangle of such a plane has at least this part of the squared radius: narrower ones amplify the noise."""
TOLERANCE = (0.003, 0.02)
"""Depth may be off its surface by three times the noise that it shows; least and most, in parts of the depth."""
LEAST_POINTS = 30
LEAST_VALID = 0.2
"""Part of the area that must hold valid depth."""
LEAST_FLAT = 0.3
"""Part of the valid depth, the nearer the more, that must lie on one plane."""


def surface_normal(scene: Scene, pixel: tuple[float, float]) -> Vector:
    """Fit a plane to the surface that a pixel shows. Takes a few milliseconds.

    Of several surfaces around the pixel, such as an object and the table behind it, the one at the pixel counts.

    :param scene: with a camera, and with the depth that belongs to its image
    :param pixel: (u, v) in the colour image, column and row
    :returns: unit vector into the surface, away from the camera, in the camera's optical frame
    :raises ValueError: if there is no plane, with the reason as a part of a sentence
    """
    if scene.camera is None or scene.depth_m is None:
        raise ValueError(scene.depth_fault if scene.camera else 'there is no camera_info')
    patch = _patch(scene.camera, scene.depth_m, scene.image_size, pixel)
    a, b, c = _refined(patch, _first(patch))
    x, y, _ = scene.camera.ray(*pixel)
    normal = np.array((a, b, c - a * x - b * y))
    x, y, z = (float(value) for value in normal / np.linalg.norm(normal))
    return x, y, z


@dataclass(frozen=True)
class _Patch:
    """Depth around a pixel, as far as it is valid."""

    pixel: str
    rays: np.ndarray
    """Nx2: x and y of each ray (x, y, 1), from that of the pixel."""
    depths: np.ndarray
    """N, metres along the optical axis."""
    weights: np.ndarray
    """N: what is near the pixel counts more."""
    middle: float
    """Depth of the surface that the pixel shows, metres."""
    tolerance: float
    """What noise may do to a depth, metres: beyond this it belongs to another surface."""

    def off(self, planes: np.ndarray) -> np.ndarray:
        """How far the depths lie from planes (..., 3), metres; to first order."""
        said = planes[..., :2] @ self.rays.T + planes[..., 2:]
        return np.asarray(np.abs((said - 1 / self.depths) * self.depths * self.middle))


def _patch(camera: CameraModel, depth_m: np.ndarray, image_size: tuple[int, int], pixel: tuple[float, float]) -> _Patch:
    named = f'pixel ({pixel[0]:g}, {pixel[1]:g})'
    height, width = depth_m.shape
    column, row = scale_pixel(*pixel, image_size, (width, height))
    near = _cut(depth_m, column, row, MIDDLE_PX // 2, 1)[2]
    valid = near[_is_valid(near)]
    if not valid.size:
        raise ValueError(f'there is no depth at {named}')
    middle = float(np.partition(valid, (valid.size - 1) // 2)[(valid.size - 1) // 2])
    scale = width / image_size[0]
    radius = max(RADIUS_M * camera.fx * scale / middle, LEAST_RADIUS_PX)
    columns, rows, depths = _cut(depth_m, column, row, math.ceil(radius), max(1, round(2 * radius / POINTS_ACROSS)))
    right, down = columns - column, rows - row
    inside = right**2 + down**2 <= radius**2
    known = inside & _is_valid(depths)
    count, area = np.count_nonzero(known), np.count_nonzero(inside)
    if count < max(LEAST_POINTS, LEAST_VALID * area):
        raise ValueError(f'{count} of {area} depth pixels around {named} are valid')
    right, down = right[known], down[known]
    return _Patch(
        named,
        _rays(camera, pixel, right / scale, down / scale),
        depths[known],
        np.exp(-NEARNESS * (right**2 + down**2) / radius**2),
        middle,
        _tolerance(depths, middle),
    )


def _cut(
    image: np.ndarray, column: float, row: float, reach: int, step: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns, rows and values of every ``step``-th pixel of a square, as far as it lies in the image."""
    offsets = np.arange(-reach, reach + 1, step)
    columns, rows = math.floor(column + 0.5) + offsets, math.floor(row + 0.5) + offsets
    columns = columns[(columns >= 0) & (columns < image.shape[1])]
    rows = rows[(rows >= 0) & (rows < image.shape[0])]
    across, down = np.meshgrid(columns, rows)
    return across, down, image[down, across].astype(np.float64)


def _is_valid(depths: np.ndarray) -> np.ndarray:
    return np.asarray(np.isfinite(depths) & (depths > NEAREST_M))


def _rays(camera: CameraModel, pixel: tuple[float, float], right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Nx2: by how much x and y of rays (x, y, 1) differ from the pixel's, so many pixels beside it.

    Nine rays are exact; those between follow from them by a quadratic, since undistorting one takes long.
    """
    reach = max(np.abs(right).max(), np.abs(down).max())
    (u, v), steps = pixel, (-reach, 0, reach)
    known = np.array([[camera.ray(u + aside, v + further)[:2] for further in steps] for aside in steps])
    across, along = _quadratics(right / reach), _quadratics(down / reach)
    return np.asarray(np.einsum('in,jn,ijk->nk', across, along, known - known[1, 1]))


def _quadratics(t: np.ndarray) -> np.ndarray:
    """3xN: Lagrange's polynomials for the places -1, 0 and 1."""
    return np.stack((t * (t - 1) / 2, 1 - t**2, t * (t + 1) / 2))


def _tolerance(depths: np.ndarray, middle: float) -> float:
    """By how much depths of one surface differ, by how far each is from the mean of its neighbours in its row."""
    known = np.where(_is_valid(depths), depths, np.nan)
    bends = known[:, 1:-1] - (known[:, :-2] + known[:, 2:]) / 2
    bends = bends[np.isfinite(bends)]
    noise = 1.4826 * float(np.median(np.abs(bends))) / math.sqrt(1.5) if bends.size else math.inf
    return float(np.clip(3 * noise, TOLERANCE[0] * middle, TOLERANCE[1] * middle))


def _first(patch: _Patch) -> np.ndarray:
    """The plane through the middle and two other points on which most of the patch lies."""
    chance = np.random.default_rng(0)  # the same for the same image
    pairs = chance.choice(len(patch.depths), (TRIALS, 2), p=patch.weights / patch.weights.sum())
    (x1, y1), (x2, y2) = patch.rays[pairs[:, 0]].T, patch.rays[pairs[:, 1]].T
    rise1, rise2 = (1 / patch.depths[pairs] - 1 / patch.middle).T
    area = x1 * y2 - x2 * y1
    wide = np.abs(area) > LEAST_WIDE * np.max(np.sum(patch.rays**2, axis=1))
    if not wide.any():
        raise ValueError(f'the valid depth around {patch.pixel} lies on a line')
    a = (rise1 * y2 - rise2 * y1)[wide] / area[wide]
    b = (rise2 * x1 - rise1 * x2)[wide] / area[wide]
    planes = np.stack((a, b, np.full_like(a, 1 / patch.middle)), axis=1)
    score = (patch.off(planes) < patch.tolerance) @ patch.weights
    return np.asarray(planes[np.argmax(score)])


def _refined(patch: _Patch, plane: np.ndarray) -> np.ndarray:
    """The plane by least squares through all points that lie on it."""
    known = np.column_stack((patch.rays, np.ones(len(patch.rays))))
    for _ in range(3):
        near = patch.off(plane) < patch.tolerance
        flat = patch.weights[near].sum() / patch.weights.sum()
        if np.count_nonzero(near) < LEAST_POINTS or flat < LEAST_FLAT:
            raise ValueError(f'no plane fits the depth around {patch.pixel}')
        plane = np.linalg.lstsq(known[near], 1 / patch.depths[near], rcond=None)[0]
    return plane
