"""Scaling an image as the models' own image processors do."""

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
