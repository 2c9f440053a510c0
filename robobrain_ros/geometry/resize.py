# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Scaling an image as the models' own image processors do."""

import math
from typing import Any

import numpy as np


def resize(rgb: np.ndarray, size: tuple[int, int]) -> Any:
    """Scale an RGB image: bicubic with antialiasing, as the models were trained.

    :param rgb: height x width x 3, uint8
    :param size: (width, height), pixels
    :returns: PIL image
    """
    from PIL import Image

    image = Image.fromarray(rgb)
    return image if image.size == size else image.resize(size, Image.Resampling.BICUBIC)


def at_most(rgb: np.ndarray, most_pixels: int) -> np.ndarray:
    """Copy an RGB image, scaled down to at most so many pixels; width and height keep their ratio, nearly.

    :param rgb: height x width x 3, uint8, not empty
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, math.sqrt(most_pixels / (width * height)))
    return np.asarray(resize(rgb, (max(1, int(width * scale)), max(1, int(height * scale)))))
