# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Image preparation, made once: the size at which a Qwen-VL model sees an image, the resizing, and the patches."""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from robobrain_ros.errors import BadRequest, BrainError, ErrorCode

CLIP_MEAN, CLIP_STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
"""What Hugging Face's Qwen2-VL image processor takes where a checkpoint does not say: red, green, blue, 0 .. 1."""
PIXELS = 'pixels'
"""The part of a request that holds what ``Patches.pixels`` returns, in place of ``pixel_values``. By another name,
since vLLM joins the images of one step that have parts of the same names."""


@dataclass(frozen=True)
class ImageLimits:
    """What a checkpoint's image processor accepts.

    :param factor: sides are multiples of this (patch size x spatial merge)
    :param min_pixels: smaller images are scaled up to this
    :param max_pixels: larger images are scaled down to this
    """

    factor: int
    min_pixels: int
    max_pixels: int

    @classmethod
    def read(cls, model: Path, max_pixels: int) -> 'ImageLimits':
        """Read the limits in ``model``/preprocessor_config.json.

        :param model: directory with the model's files
        :param max_pixels: the caller's own cap; the lower one counts
        :raises BadRequest: if the file cannot be used, or the cap is below what the model takes
        """
        path = model / 'preprocessor_config.json'
        try:
            config = json.loads(path.read_text())
            size = config.get('size') or {}
            least = int(size.get('shortest_edge') or config['min_pixels'])
            most = int(size.get('longest_edge') or config['max_pixels'])
            factor = int(config['patch_size']) * int(config['merge_size'])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadRequest(f"cannot read the image limits in '{path}': {error!r}") from error
        if not (factor > 0 and 0 < least <= most):
            raise BadRequest(
                f"'{path}' says sides of {factor} pixels and {least} to {most} pixels in all, which nothing fulfils",
            )
        if max_pixels < least:
            raise BadRequest(f'max_pixels is {max_pixels}, but this model takes no less than {least} pixels')
        return cls(factor, least, min(most, max_pixels))

    def size(self, width: int, height: int) -> tuple[int, int]:
        """How large the model sees an image.

        The rule is ``smart_resize`` of Hugging Face's Qwen2-VL image processor: sides become the nearest multiples of
        ``factor``; where that leaves the limits, the image is scaled with its aspect ratio kept, then rounded
        inwards. Doing it here makes the processor's own resizing a no-op, but for strips (one side several times the
        times the other), which it may resize once more.

        :param width: of the image as it was taken, pixels
        :param height: of the image as it was taken, pixels
        :returns: (width, height), pixels
        :raises BrainError: if one side is more than 200 times the other (the processor refuses that)
        """
        if min(width, height) < 1 or max(width, height) > 200 * min(width, height):
            raise BrainError(
                ErrorCode.BAD_IMAGE, f'the image is {width}x{height}, but no side may be over 200 times the other'
            )
        factor = self.factor
        new_height = round(height / factor) * factor
        new_width = round(width / factor) * factor
        if new_height * new_width > self.max_pixels:
            scale = math.sqrt(height * width / self.max_pixels)
            new_height = max(factor, math.floor(height / scale / factor) * factor)
            new_width = max(factor, math.floor(width / scale / factor) * factor)
        elif new_height * new_width < self.min_pixels:
            scale = math.sqrt(self.min_pixels / (height * width))
            new_height = math.ceil(height * scale / factor) * factor
            new_width = math.ceil(width * scale / factor) * factor
        return new_width, new_height


@dataclass(frozen=True)
class Patches:
    """How a checkpoint's image processor turns pixels into rows for the vision tower.

    :param patch: side of a patch, pixels
    :param merge: this many patches a side become one token
    :param temporal: frames a row holds; an image is repeated
    :param mean: of red, green, blue, 0 .. 1
    :param std: standard deviation of red, green, blue, 0 .. 1
    """

    patch: int
    merge: int
    temporal: int
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def read(cls, model: Path) -> 'Patches':
        """Read ``model``/preprocessor_config.json, which ImageLimits has found usable.

        :param model: directory with the model's files
        """
        config = json.loads((model / 'preprocessor_config.json').read_text())
        mean, std = config.get('image_mean') or CLIP_MEAN, config.get('image_std') or CLIP_STD
        sides = int(config['patch_size']), int(config['merge_size']), int(config.get('temporal_patch_size', 2))
        return cls(*sides, tuple(mean), tuple(std))

    def rows(self, rgb: np.ndarray, dtype: Any) -> Any:
        """Make what Hugging Face's Qwen2-VL image processor makes of an image that needs no resizing, to the last bit.

        In NumPy, so in this one thread: torch would share the work among all cores, which takes 2 ms where they are
        idle, but 15 to 60 where others use them, as on a robot.

        :param rgb: height x width x 3, uint8; sides are multiples of patch x merge
        :param dtype: torch's; normalized for floating point, the plain pixels for uint8
        :returns: torch tensor, (height/patch x width/patch) x (3 x temporal x patch x patch)
        """
        import torch

        height, width = rgb.shape[:2]
        table = self._table(dtype)
        side = self.patch * self.merge
        planes = np.empty((3, height, width), table.dtype)
        for channel in range(3):
            np.take(table[channel], rgb[..., channel], out=planes[channel], mode='clip')  # else it copies once more
        cut = planes.reshape(3, height // side, self.merge, self.patch, width // side, self.merge, self.patch)
        shape = (height // side, width // side, self.merge, self.merge, 3, self.temporal, self.patch, self.patch)
        rows = np.empty(shape, table.dtype)
        rows[...] = cut.transpose(1, 4, 2, 5, 0, 3, 6)[:, :, :, :, :, np.newaxis]
        return torch.from_numpy(rows.reshape(height * width // self.patch**2, -1).view(np.uint8)).view(dtype)

    def pixels(self, rgb: np.ndarray) -> Any:
        """Copy an image for ``spread``: its bytes in their order, a quarter of what ``rows`` makes of them.

        :param rgb: height x width x 3, uint8; sides are multiples of patch x merge
        :returns: torch tensor, uint8, (height/patch x width/patch) x (3 x patch x patch); a row is no patch
        """
        import torch

        return torch.from_numpy(np.array(rgb, order='C').reshape(-1, 3 * self.patch**2))

    def spread(self, pixels: Any, grids: list[list[int]], levels: Any) -> Any:
        """Make what ``rows`` makes, to the last bit, on the device that the pixels are on.

        :param pixels: of one or more images, one after the other
        :param grids: of each image 1, height/patch, width/patch
        :param levels: what ``levels`` returned, on the same device
        :returns: the rows of all images, one after the other
        """
        import torch

        channel = torch.arange(3, device=pixels.device).view(3, 1, 1)
        images = []
        for image, (_, high, wide) in zip(pixels.split([high * wide for _, high, wide in grids]), grids, strict=True):
            sides = high // self.merge, self.merge, self.patch, wide // self.merge, self.merge, self.patch
            patches = levels[channel, image.view(*sides, 3).permute(0, 3, 1, 4, 6, 2, 5).long()]
            frames = patches.unsqueeze(5).expand(*patches.shape[:5], self.temporal, *patches.shape[5:])
            images.append(frames.reshape(high * wide, -1))
        return torch.cat(images)

    def levels(self, dtype: Any) -> Any:
        """Compute the value that the model sees for each of the 256 levels in each channel.

        :param dtype: torch's; normalized for floating point, 0 .. 255 for uint8
        :returns: torch tensor, 3 x 256, of that dtype
        """
        import torch

        levels = torch.arange(256).repeat(3, 1).to(torch.float32)
        if dtype.is_floating_point:
            mean, std = (torch.tensor(values).mul(255).view(3, 1) for values in (self.mean, self.std))
            levels = levels.sub_(mean).div_(std)
        return levels.to(dtype)

    def _table(self, dtype: Any) -> np.ndarray:
        """The levels as unsigned integers, since NumPy has no bfloat16."""
        import torch

        values = self.levels(dtype)
        levels: np.ndarray = values.view(torch.uint8).numpy().view(f'u{values.element_size()}')
        return levels
