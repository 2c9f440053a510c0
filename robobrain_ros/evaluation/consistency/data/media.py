# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Images, masks and videos of a benchmark: named safely, measured by their headers, read as FlagEvalMM sends them.

Whoever made the data is not trusted: a name must not lead out of the folder of its set, a file must be a picture of a
size that fits the memory, and a video must be one, not a list that names other files.
"""

import io
from pathlib import Path
from typing import IO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from robobrain_ros.errors import BadRequest

FORMATS = ('JPEG', 'PNG', 'WEBP')
"""What a picture may be, whatever the file's name ends in."""
MOST_BYTES = 1 << 28
"""A picture's file may have so many."""
MOST_PIXELS = 100_000_000
"""A picture, or a video's frame, may have so many."""
QUALITY = 95
"""JPEG quality at which FlagEvalMM sends images."""
FRAMES = 16
"""So many frames of a video are shown, evenly apart."""
MOST_FRAMES = 216_000
"""Longer videos are not read: an hour at 60 a second."""
DAMAGED = (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError)
"""What Pillow raises for pictures that it cannot read."""
VIDEOS = ('.mp4', '.mov', '.mkv', '.webm', '.avi')
"""How the name of a video ends."""


def inside(folder: Path, name: object) -> Path:
    """Return the file that an entry names, which must lie in the folder of its set.

    :param folder: resolved, without links
    :param name: what the entry says, relative to the folder
    :raises BadRequest: for what is no name, leads out of the folder (by ``..``, as an absolute path or through a
        link), or is no file, or an empty or too large one
    """
    if not isinstance(name, str) or not name:
        raise BadRequest(f'{quoted(name)} is no name of a file')
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder):
            raise BadRequest(f"{quoted(name)} leads out of '{folder}': files of a set lie in its folder")
        if not path.is_file():
            raise BadRequest(f"there is no file {quoted(name)} in '{folder}'")
        size = path.stat().st_size
    except (OSError, ValueError, RuntimeError) as error:  # a name that no file system takes, a circle of links
        raise BadRequest(f'cannot look for {quoted(name)}: {error}') from error
    if not size:
        raise BadRequest(f'{quoted(name)} is empty')
    if size > MOST_BYTES and path.suffix.lower() not in VIDEOS:
        raise BadRequest(f'{quoted(name)} has {size >> 20} MiB, but a picture may have {MOST_BYTES >> 20} at the most')
    return path


def opened(file: Path | IO[bytes], name: str) -> Image.Image:
    """Open a picture; its pixels are not read yet.

    :param name: of the file, quoted for errors
    :raises BadRequest: if it is no picture, or has more than ``MOST_PIXELS``
    """
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError as error:
        raise BadRequest(f'{name} is no picture ({", ".join(FORMATS)})') from error
    except DAMAGED as error:
        raise BadRequest(f'cannot read {name}: {error}') from error
    width, height = image.size
    if width * height > MOST_PIXELS:
        image.close()
        raise BadRequest(f'{name} has {width} x {height} pixels, more than the {MOST_PIXELS} that are read')
    return image


def size_of(path: Path) -> tuple[int, int]:
    """Return a picture's (width, height) in pixels as it is stored, from its header alone.

    :raises BadRequest: if it is no picture, or has more than ``MOST_PIXELS``
    """
    with opened(path, f"'{path}'") as image:
        return image.size


def as_sent(path: Path) -> NDArray[np.uint8]:
    """Read a picture and pack it once as JPEG of quality 95, as FlagEvalMM does with every image, PNG included.

    So each stack, embedded or served, gets the pixels that the public evaluation shows to a model, as long as it
    passes them on without loss. Pixels are as stored: nothing is turned by EXIF, as points are in stored pixels.

    :returns: height x width x 3, RGB
    :raises BadRequest: if it cannot be read
    """
    try:
        with opened(path, f"'{path}'") as image:
            return _packed(image.convert('RGB'))
    except DAMAGED as error:
        raise BadRequest(f"cannot read '{path}': {error}") from error


def check_video(path: Path) -> None:
    """Refuse what is no video by its first bytes, so that FFmpeg never takes a file for a list of others.

    :raises BadRequest: if it is none
    """
    try:
        with path.open('rb') as file:
            head = file.read(12)
    except OSError as error:
        raise BadRequest(f"cannot read '{path}': {error.strerror}") from error
    known = head[4:8] == b'ftyp' or head.startswith(b'\x1a\x45\xdf\xa3') or (head[:4], head[8:]) == (b'RIFF', b'AVI ')
    if not known:
        raise BadRequest(f"'{path}' is no video (MP4, Matroska, WebM or AVI)")


def frames_of(path: Path) -> tuple[NDArray[np.uint8], ...]:
    """Read frames of a video, the same ones as FlagEvalMM: all, or ``FRAMES`` of them evenly apart; blocks for seconds.

    :returns: each height x width x 3, RGB, packed once as JPEG
    :raises BadRequest: if it is no video that OpenCV can read, or longer than ``MOST_FRAMES``
    """
    check_video(path)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        total = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if total > MOST_FRAMES:
            raise BadRequest(f"'{path}' has {total} frames, but a video may have {MOST_FRAMES} at the most")
        pixels = capture.get(cv2.CAP_PROP_FRAME_WIDTH) * capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if pixels > MOST_PIXELS:
            raise BadRequest(f"frames of '{path}' have {pixels:.0f} pixels, more than the {MOST_PIXELS} that are read")
        wanted = np.arange(total) if total <= FRAMES else np.arange(0, total, total / FRAMES).astype(int)
        found = _grab(capture, {int(index) for index in wanted})
    finally:
        capture.release()
    if not found:
        raise BadRequest(f"'{path}' has no frame that can be read")
    return found


def quoted(value: object) -> str:
    """Quote a value for a sentence, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 80 else f'{text[:77]}...'


def _packed(image: Image.Image) -> NDArray[np.uint8]:
    packed = io.BytesIO()
    image.save(packed, 'JPEG', quality=QUALITY)
    with Image.open(packed, formats=('JPEG',)) as sent:
        return np.asarray(sent, np.uint8)


def _grab(capture: cv2.VideoCapture, wanted: set[int]) -> tuple[NDArray[np.uint8], ...]:
    found = []
    for index in range(max(wanted, default=-1) + 1):
        if not capture.grab():
            break
        if index in wanted:
            good, bgr = capture.retrieve()
            if good:
                found.append(_packed(Image.fromarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))))
    return tuple(found)
