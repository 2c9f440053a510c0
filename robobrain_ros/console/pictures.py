# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Pictures as browsers take them: JPEG of a bounded size, and depth in colours. No ROS in here."""

import cv2
import numpy as np
from numpy.typing import NDArray

QUALITY = 82
"""What JPEG files are written with, 1 .. 100."""
NEAREST_SHARE, FARTHEST_SHARE = 2, 98
"""Percentiles of the depths that get the first and the last colour: a few wild values do not count."""


def jpeg(rgb: NDArray[np.uint8], longest: int) -> bytes:
    """Write a picture as JPEG.

    :param rgb: height x width x 3, RGB
    :param longest: a longer side is scaled down to so many pixels
    """
    shrunk = shrink(rgb, longest)
    try:
        import simplejpeg
    except ImportError:  # a host with apt's packages only
        done, data = cv2.imencode('.jpg', cv2.cvtColor(shrunk, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        if not done:
            raise ValueError(f'OpenCV cannot write a picture of shape {rgb.shape} as JPEG') from None
        return data.tobytes()
    return bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(shrunk), QUALITY, 'RGB', '420', fastdct=True))


def shrink(image: NDArray[np.uint8], longest: int) -> NDArray[np.uint8]:
    """Return a picture whose longer side has at most ``longest`` pixels; the same one if that is so already."""
    height, width = image.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return image
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def depth_colours(metres: NDArray[np.float32]) -> tuple[NDArray[np.uint8], tuple[float, float] | None]:
    """Paint a depth image: near is bright yellow, far is dark blue, unknown is grey.

    :param metres: height x width, NaN where unknown
    :returns: height x width x 3, RGB; and the depths of the first and the last colour, None if nothing is known
    """
    known = np.isfinite(metres)
    picture = np.full((*metres.shape, 3), 60, np.uint8)
    if not known.any():
        return picture, None
    near, far = (float(value) for value in np.percentile(metres[known], [NEAREST_SHARE, FARTHEST_SHARE]))
    scaled = np.clip((far - np.where(known, metres, far)) / max(far - near, 1e-3), 0, 1)
    painted = cv2.applyColorMap((scaled * 255).astype(np.uint8), cv2.COLORMAP_CIVIDIS)
    picture[known] = cv2.cvtColor(painted, cv2.COLOR_BGR2RGB)[known]
    return picture, (near, far)
