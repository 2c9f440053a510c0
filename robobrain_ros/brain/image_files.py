# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Pictures from files and into files, by OpenCV."""

from itertools import count
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.brain import jpeg
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode

ENDINGS = ('.png', '.jpg', '.jpeg')
"""What the name of a picture that is written may end in."""
MOST_BYTES = 1 << 28
"""Larger files are not read: whoever names one must not fill the memory."""


def read(path: Path) -> NDArray[np.uint8]:
    """Read a picture; turned as its EXIF data says.

    :returns: height x width x 3, RGB
    :raises BrainError: BAD_IMAGE if there is no such file, it has more than ``MOST_BYTES``, OpenCV cannot read it, or
        it is a JPEG that is not whole
    """
    try:
        found = path.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        found = False
    if not found:
        raise BrainError(ErrorCode.BAD_IMAGE, f"'{path}' is no file")
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            why = f"'{path}' has {size >> 20} MiB, but a picture may have {MOST_BYTES >> 20} MiB at the most"
            raise BrainError(ErrorCode.BAD_IMAGE, why)
        data = path.read_bytes()
    except OSError as error:
        raise BrainError(ErrorCode.BAD_IMAGE, f"cannot read '{path}': {error.strerror}") from error
    return decode(data, f"'{path}'")


def decode(data: bytes, name: str) -> NDArray[np.uint8]:
    """Read a picture from the bytes of its file; turned as its EXIF data says.

    :param name: of the picture, for errors
    :returns: height x width x 3, RGB
    :raises BrainError: BAD_IMAGE if OpenCV cannot read it, or it is a JPEG that is not whole
    """
    try:
        if data.startswith(jpeg.MAGIC):
            jpeg.decode_whole(data)
        bgr = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error as error:  # such as a header with more pixels than OpenCV allows
        raise BrainError(ErrorCode.BAD_IMAGE, f'OpenCV refuses to read {name}: {error.err}') from error
    except ValueError as error:
        raise BrainError(ErrorCode.BAD_IMAGE, f'{name} is a {error}') from error
    if bgr is None:
        raise BrainError(ErrorCode.BAD_IMAGE, f'{name} is no picture that OpenCV can read')
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def write(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Write a picture over what is there; the file's ending says the format.

    :param rgb: height x width x 3
    :raises BadRequest: if it cannot be written, with the reason
    """
    data = _encode(path, rgb)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _unwritable(path, error) from error


def write_new(path: Path, rgb: NDArray[np.uint8]) -> Path:
    """Write a picture without touching files that exist: where the name is taken, ``_2``, ``_3`` ... is appended.

    :param rgb: height x width x 3
    :returns: where it was written
    :raises BadRequest: if it cannot be written, with the reason
    """
    data = _encode(path, rgb)
    for number in count(1):
        free = path if number == 1 else path.with_name(f'{path.stem}_{number}{path.suffix}')
        try:
            with free.open('xb') as file:
                file.write(data)
        except FileExistsError:
            continue
        except OSError as error:
            raise _unwritable(free, error) from error
        return free
    raise AssertionError('count has no end')


def _encode(path: Path, rgb: NDArray[np.uint8]) -> bytes:
    if path.suffix.lower() not in ENDINGS:
        raise BadRequest(f"cannot write '{path}': the name must end in {', '.join(ENDINGS)}")
    _, data = cv2.imencode(path.suffix, cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))
    return data.tobytes()


def _unwritable(path: Path, error: OSError) -> BadRequest:
    return BadRequest(f"cannot write '{path}': {error.strerror}")
