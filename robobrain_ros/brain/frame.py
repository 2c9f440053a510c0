# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a request looks at: one picture, with what is known about the space in it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.brain import image_files
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.locate import NO_DEPTH
from robobrain_ros.geometry.transform import Transform

Rgb = NDArray[np.uint8]
"""height x width x 3."""
Depth = NDArray[np.floating[Any]]
"""height x width, metres along the optical axis."""


class Frame:
    """One picture, with depth, intrinsics and a transform where they are known.

    A source that converts its picture only when it is needed (a camera's message) overrides the methods. They may take
    milliseconds and run in a thread of their own.
    """

    light = True
    """``rgb`` takes about as long as the way to another thread and back, or less."""
    notes: tuple[str, ...] = ()
    """What to bear in mind with this picture, in sentences: every answer about it has them among its warnings."""

    def __init__(
        self,
        rgb: Rgb,
        depth: Depth | None = None,
        camera: CameraModel | None = None,
        transform: Transform | None = None,
        age: float = 0.0,
    ) -> None:
        """Arrays are kept, not copied.

        :param rgb: height x width x 3, uint8, RGB
        :param depth: height x width, float, metres along the optical axis, NaN or 0 where unknown; registered to the
            picture: of its size, or of its shape in another size
        :param camera: the picture's intrinsics; without them nothing can be said in metres
        :param transform: from the camera's optical frame to the frame that positions are wanted in; None: they are
            given in the optical frame (x right, y down, z forward)
        :param age: seconds since the picture was taken
        :raises BrainError: BAD_IMAGE for arrays of another shape or type
        """
        self.age = age
        self._rgb = _checked_rgb(rgb)
        self._depth = None if depth is None else _checked_depth(depth)
        if camera is not None and not isinstance(camera, CameraModel):
            raise _bad(f'camera is a {type(camera).__name__}; expected a Camera')
        self._camera = camera
        self._transform = transform

    @classmethod
    def of(cls, image: Any, depth: Depth | None = None, camera: CameraModel | None = None) -> 'Frame':
        """Make a frame of what people have in hand.

        :param image: path of a file, height x width x 3 uint8 RGB array, PIL image, or a Frame, which stays as it is
        :param depth: height x width array in metres; only beside an image that is no Frame
        :param camera: intrinsics; only beside an image that is no Frame
        :raises BrainError: BAD_IMAGE if the image cannot be read or is none
        """
        if isinstance(image, Frame):
            if depth is not None or camera is not None:
                raise _bad('depth and camera were given beside a Frame; put them into the Frame')
            return image
        if isinstance(image, str | Path):
            return cls(image_files.read(Path(image)), depth, camera)
        if hasattr(image, 'convert') and hasattr(image, 'getexif'):  # PIL's, which need not be installed
            return cls(_from_pil(image), depth, camera)
        return cls(image, depth, camera)

    def rgb(self) -> Rgb:
        """The picture.

        :returns: height x width x 3, uint8, RGB
        :raises BrainError: BAD_IMAGE if the picture cannot be used
        """
        return self._rgb

    def depth(self) -> Depth | None:
        """The depth image, registered to the picture.

        :returns: height x width, metres, NaN or 0 where unknown; None if there is none
        :raises BrainError: BAD_IMAGE if it cannot be used
        """
        return self._depth

    def depth_fault(self) -> str:
        """Why ``depth`` gives None, as a part of a sentence."""
        return NO_DEPTH

    def camera(self) -> CameraModel | None:
        """The picture's intrinsics.

        :returns: None if they are unknown
        :raises BrainError: if they belong to another picture
        :raises ValueError: if they make no sense
        """
        return self._camera

    def transform(self) -> Transform | None:
        """The way from the camera's optical frame to the frame that positions are wanted in; may wait for it.

        :returns: None if both are the same
        :raises LookupError: if the way is not known, with the reason
        """
        return self._transform


def _from_pil(image: Any) -> Rgb:
    from PIL import ImageOps

    if image.mode.startswith(('I', 'F')):
        raise _bad(f'the PIL image has mode {image.mode!r}, whose range nobody knows; scale it to 8 bits and RGB')
    try:
        return np.asarray(ImageOps.exif_transpose(image).convert('RGB'))
    except (OSError, ValueError) as error:  # a file that is cut off, an image that was closed
        raise _bad(f'the PIL image cannot be read: {error}') from error


def _checked_rgb(rgb: Any) -> Rgb:
    if not isinstance(rgb, np.ndarray):
        raise _bad(f'the image is a {type(rgb).__name__}; expected a path, an RGB array, a PIL image or a Frame')
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or rgb.size == 0:
        raise _bad(f'image of shape {rgb.shape} and type {rgb.dtype}: expected height x width x 3, uint8, RGB')
    return rgb


def _checked_depth(depth: Any) -> Depth:
    if not isinstance(depth, np.ndarray) or depth.ndim != 2 or depth.dtype.kind != 'f' or depth.size == 0:
        what = f'shape {depth.shape} and type {depth.dtype}' if isinstance(depth, np.ndarray) else type(depth).__name__
        raise _bad(f'depth of {what}: expected height x width, floating point, in metres')
    return depth.filled(np.nan) if isinstance(depth, np.ma.MaskedArray) else depth


def _bad(message: str) -> BrainError:
    return BrainError(ErrorCode.BAD_IMAGE, message)
