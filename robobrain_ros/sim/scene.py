# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A seeded table top with toys and a gripper: its picture, its depth and the truth about both."""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.sim.backend import choose_backend
from robobrain_ros.sim.layout import Item, Layout, draw
from robobrain_ros.sim.mjcf import model_xml
from robobrain_ros.sim.view import Array, View

TABLE, GRIPPER, BACKGROUND = -1, -2, -3
"""Labels of pixels that show no object. The wrist and the arm are background, as the model was taught."""

# Fewer visible pixels than this, per 320x240 image, is too little to point at.
LEAST_OBJECT, LEAST_HANDLE, LEAST_GRIPPER = 40, 14, 30


@dataclass(frozen=True)
class Region:
    """What is seen of something, in pixels ((0, 0) is the centre of the top left pixel)."""

    pixel: tuple[float, float]
    """The centroid; the nearest pixel that belongs to the region where the centroid itself does not."""
    box: tuple[float, float, float, float]
    """(u_min, v_min, u_max, v_max) along the outer edges of the outermost pixels."""
    area: int


@dataclass(frozen=True)
class SceneObject:
    """An object on the table and what is seen of it."""

    item: Item
    position: Array
    """Its middle, half-way up its axis, in the camera's optical frame, metres."""
    centre: tuple[float, float]
    """Where its middle is projected to, in pixels, hidden or not."""
    region: Region | None
    """None where next to nothing of it is seen."""
    handle: Region | None = None
    """What is seen of a mug's handle; None where that is next to nothing, and for all else. Its ``pixel`` is where to
    hold it: well inside of what is seen of its bars, as near as that is to the middle of the outer one."""

    @property
    def name(self) -> str:
        """Colour and shape, such as ``red mug``: no two objects of a scene share it."""
        return f'{self.item.colour} {self.item.shape}'


@dataclass(frozen=True)
class Gripper:
    """The gripper: the point between its finger tips, and what is seen of palm and fingers."""

    position: Array
    """The point between its finger tips, in the camera's optical frame, metres."""
    pixel: tuple[float, float]
    """Where that point is projected to, hidden or not."""
    region: Region | None
    """None where next to nothing of palm and fingers is seen."""


@dataclass(frozen=True)
class Truth:
    """What a test or a demo may compare answers with; never published."""

    objects: tuple[SceneObject, ...]
    gripper: Gripper
    labels: NDArray[np.int8]
    """(height, width): the index into ``objects`` of what each pixel shows, or TABLE, GRIPPER or BACKGROUND."""
    handles: NDArray[np.bool_]
    """(height, width): whether a pixel shows the handle of a mug."""


class TableTop:
    """One scene. The same seed gives the same scene, and the same image on the same machine.

    Everything is drawn once, here, which takes some 0.3 s of software rendering; nothing of OpenGL is kept.

    :param seed: not negative
    :param width: image width in pixels
    :param height: image height in pixels; the model was trained on an aspect ratio of 4:3
    :raises ValueError: a negative seed, or an image size that no table top fits into
    :raises RuntimeError: no OpenGL here; says what to install. Or one that draws things where they cannot be
    """

    def __init__(self, seed: int, width: int = 640, height: int = 480) -> None:
        if seed < 0:
            raise ValueError(f'seed {seed} is negative; use 0, 1, 2 ...')
        if min(width, height) < 32:
            raise ValueError(f'an image of {width}x{height} is too small; use at least 32 pixels a side')
        self._show(seed, draw(seed, width, height))

    @classmethod
    def from_layout(cls, layout: Layout, seed: int) -> 'TableTop':
        """Draw a layout that was changed after it was drawn, so that the seed alone does not give the scene again.

        :raises RuntimeError: no OpenGL here; says what to install. Or one that draws things where they cannot be
        """
        scene = cls.__new__(cls)
        scene._show(seed, layout)
        return scene

    def _show(self, seed: int, layout: Layout) -> None:
        self.seed, self.layout = seed, layout
        self._rgb, self._depth, self._truth = _observe(layout)

    @property
    def view(self) -> View:
        """The camera: intrinsics, and pose in the world."""
        return self.layout.view

    def render(self) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return (rgb, depth): (height, width, 3), and (height, width) in metres along the optical axis.

        Both are read-only and always the same arrays: the scene stands still. Depth is NaN where there is only sky,
        past the edges of floor and wall.
        """
        return self._rgb, self._depth

    def truth(self) -> Truth:
        """Return what is where. Nothing is calculated again."""
        return self._truth


def compile_model(layout: Layout) -> Any:
    """Compile the MuJoCo model of a layout, with the right OpenGL backend chosen.

    :raises RuntimeError: no OpenGL here; says what to install
    """
    choose_backend()
    import mujoco  # reads MUJOCO_GL when it is imported

    return mujoco.MjModel.from_xml_string(model_xml(layout))


def photograph(model: Any, view: View) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.int32]]:
    """Draw a model as it stands: rgb, depth in metres (NaN where there is nothing), and the number of each geom."""
    import mujoco

    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    mujoco.mj_camlight(model, data)
    with mujoco.Renderer(model, view.height, view.width, max_geom=200) as renderer:
        renderer.update_scene(data, camera='camera')
        rgb = renderer.render()
    # Numbers of geoms are drawn as colours. NVIDIA's driver blends several samples of them into the number of something
    # else, so these are drawn with one: https://github.com/google-deepmind/dm_control/issues/395
    quality = model.vis.quality
    samples, quality.offsamples = quality.offsamples, 0
    try:
        with mujoco.Renderer(model, view.height, view.width, max_geom=200) as renderer:
            renderer.update_scene(data, camera='camera')
            renderer.enable_depth_rendering()
            depth = renderer.render()
            renderer.enable_segmentation_rendering()
            geoms = renderer.render()[..., 0]
    finally:
        quality.offsamples = samples
    depth[geoms < 0] = np.nan
    return rgb, depth, geoms


def _observe(layout: Layout) -> tuple[NDArray[np.uint8], NDArray[np.float32], Truth]:
    view, model = layout.view, compile_model(layout)
    rgb, depth, geoms = photograph(model, view)
    items = [model.body(f'item{i}') for i in range(len(layout.items))]
    gripper = model.body('gripper')
    label_of = np.full(model.ngeom + 1, BACKGROUND, dtype=np.int8)  # the last one stands for geom -1: nothing there
    label_of[model.geom('table').id] = TABLE
    label_of[gripper.geomadr[0] : gripper.geomadr[0] + 3] = GRIPPER
    for index, body in enumerate(items):
        label_of[body.geomadr[0] : body.geomadr[0] + body.geomnum[0]] = index
    labels = label_of[geoms]
    handles = np.zeros(labels.shape, dtype=bool)
    for body in items:
        handles |= (geoms > body.geomadr[0]) & (geoms < body.geomadr[0] + body.geomnum[0])
    objects = tuple(
        _describe(view, item, labels == index, handles & (labels == index)) for index, item in enumerate(layout.items)
    )
    hand = _region(labels == GRIPPER, LEAST_GRIPPER)
    tip = Gripper(view.to_camera(layout.gripper), _pixel(view, layout.gripper), hand)
    for thing in objects:
        _check(view, thing)
    for array in (rgb, depth, labels, handles):
        array.flags.writeable = False
    return rgb, depth, Truth(objects, tip, labels, handles)


def _check(view: View, thing: SceneObject) -> None:
    """Refuse an object that is seen where its outline is not projected to: the driver draws it wrongly.

    :raises RuntimeError: says what is drawn where
    """
    if thing.region is None:
        return
    item = thing.item
    reach = max(item.reach, item.grip_gap + 0.006)  # a mug's handle and a plate's rim are a few millimetres larger
    sides, heights = (-reach, reach), (0.0, item.height + 0.003)
    corners = view.project([(item.x + x, item.y + y, z) for x in sides for y in sides for z in heights])
    low, high = corners.min(axis=0)[:2] - 2, corners.max(axis=0)[:2] + 2
    left, top, right, bottom = thing.region.box
    if left < low[0] or top < low[1] or right > high[0] or bottom > high[1]:
        raise RuntimeError(
            f'OpenGL draws pixels of the {thing.name} at {thing.region.box}, outside of its outline '
            f'({low[0]:.0f}, {low[1]:.0f}, {high[0]:.0f}, {high[1]:.0f}): the truth about this scene cannot be trusted'
        )


def _describe(view: View, item: Item, mask: NDArray[np.bool_], handle: NDArray[np.bool_]) -> SceneObject:
    return SceneObject(
        item=item,
        position=view.to_camera(item.centre),
        centre=_pixel(view, item.centre),
        region=_region(mask, LEAST_OBJECT),
        handle=_handle(view, item, handle) if item.shape == 'mug' else None,
    )


def _handle(view: View, item: Item, mask: NDArray[np.bool_]) -> Region | None:
    region = _region(mask, LEAST_HANDLE)
    if region is None:
        return None
    # The centroid of a bent bar lies beside it, and the pixel next to that on its very edge: a rounding error misses.
    inside = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, 3)
    rows, columns = np.nonzero(inside >= 0.7 * inside.max())
    u, v = _pixel(view, item.grip)
    nearest = np.argmin((columns - u) ** 2 + (rows - v) ** 2)
    return replace(region, pixel=(float(columns[nearest]), float(rows[nearest])))


def _pixel(view: View, point: Array) -> tuple[float, float]:
    u, v, _ = view.project(point)
    return float(u), float(v)


def _region(mask: NDArray[np.bool_], least: int) -> Region | None:
    """Describe the pixels of a mask; None if they are less than ``least``, counted in an image of 320x240."""
    rows, columns = np.nonzero(mask)
    if len(rows) < least * mask.size / (320 * 240):
        return None
    u, v = columns.mean(), rows.mean()
    nearest = np.argmin((columns - u) ** 2 + (rows - v) ** 2)
    if max(abs(columns[nearest] - u), abs(rows[nearest] - v)) > 1:
        u, v = columns[nearest], rows[nearest]
    box = (columns.min() - 0.5, rows.min() - 0.5, columns.max() + 0.5, rows.max() + 0.5)
    return Region((float(u), float(v)), (float(box[0]), float(box[1]), float(box[2]), float(box[3])), len(rows))
