# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain ask --image`` takes: picture files, folders of them, videos, cameras, and standard input."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from robobrain_ros.brain import image_files
from robobrain_ros.commands.pictures import ADDED
from robobrain_ros.errors import BrainError, ErrorCode

STANDARD_INPUT = '-'
IMAGES = ('.png', '.jpg', '.jpeg', '.bmp', '.webp', '.tif', '.tiff', '.ppm')
"""Endings of the files that are taken from a folder."""
VIDEOS = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg')
SETTLE = 5
"""Frames of a camera that are thrown away: its exposure settles meanwhile."""
USUAL_FPS = 30.0
"""Frames a second of a video file that does not say how many it has."""
_OURS = re.compile(rf'{ADDED}(?:_\d+)?\Z')

Rgb = NDArray[np.uint8]


@dataclass(frozen=True)
class Picture:
    """One picture to ask about."""

    name: str
    """What people and programs see: ``photos/desk.jpg``, ``clip.mp4 at 2.0 s``, ``camera 0``, ``-``."""
    stem: str
    """How the name of a file about this picture begins."""
    image: Path | Rgb
    """What the brain looks at; an array is height x width x 3, RGB."""


class Source(Protocol):
    """Gives pictures, one or many, each time that it is asked."""

    def pictures(self) -> Iterator[Picture]:
        """Give the pictures; may block for as long as a disk or a camera takes.

        :raises BrainError: BAD_IMAGE if a picture cannot be got any more
        """


def find(name: str, every_s: float) -> Source:
    """Find what a name stands for, and check that it can be read.

    :param name: path of a picture, a folder or a video; the number of a camera; or ``-`` for standard input
    :param every_s: time between two frames of a video, seconds
    :raises BrainError: BAD_IMAGE, if there is no such thing or it cannot be read
    """
    if not name:
        raise _bad("--image is '', but must name a picture, a folder, a video or a camera, or be - for standard input")
    path = Path(name)
    if name == STANDARD_INPUT:
        return Fixed([Picture(name, 'stdin', image_files.decode(sys.stdin.buffer.read(), 'standard input'))])
    if re.fullmatch(r'[0-9]{1,3}', name) and not path.exists():
        return Camera(int(name))
    if path.is_dir():
        return folder(path)
    if path.suffix.lower() in VIDEOS:
        return Video(path, every_s)
    image_files.read(path)
    return Fixed([_file(path)])


@dataclass(frozen=True)
class Fixed:
    """Pictures that stay the same."""

    fixed: list[Picture]

    def pictures(self) -> Iterator[Picture]:
        """Give them in order."""
        return iter(self.fixed)


class Video:
    """Frames of a video file at regular times, the first frame first.

    :param every_s: time between two of them, seconds
    :raises BrainError: BAD_IMAGE if OpenCV cannot read it
    """

    def __init__(self, path: Path, every_s: float) -> None:
        self._path = path
        self._every_s = every_s
        if not path.is_file():
            raise _bad(f"'{path}' is no file")
        next(self.pictures())

    def pictures(self) -> Iterator[Picture]:
        """Read the file from its beginning; raises BAD_IMAGE if it has no frame."""
        number = -1
        with opened(str(self._path), f"'{self._path}' is no video that OpenCV can read") as video:
            fps = frames_a_second(video)
            step = max(1, round(self._every_s * fps))
            while video.grab():
                number += 1
                if number % step == 0:
                    found, bgr = video.retrieve()
                    if found:
                        at = f'{number / fps:.1f}'
                        yield Picture(f'{self._path} at {at} s', f'{self._path.stem}_{at}s', rgb_of(bgr))
        if number < 0:
            raise _bad(f"'{self._path}' is a video without frames")


class Camera:
    """A camera of this computer (Video4Linux). It is opened for each picture, so that no picture is an old one.

    :param index: its number, 0 for the first
    :raises BrainError: BAD_IMAGE if it gives no picture
    """

    def __init__(self, index: int) -> None:
        self._index = index
        next(self.pictures())

    def pictures(self) -> Iterator[Picture]:
        """Take one picture; raises BAD_IMAGE if none comes."""
        none = f'camera {self._index} gives no picture; ls /dev/video* shows the cameras of this computer'
        with opened(self._index, none) as camera:
            for _ in range(SETTLE):
                camera.grab()
            found, bgr = camera.read()
        if not found:
            raise _bad(none)
        yield Picture(f'camera {self._index}', f'camera{self._index}', rgb_of(bgr))


@contextmanager
def opened(what: str | int, otherwise: str) -> Iterator[cv2.VideoCapture]:
    """Open a video or a camera; what OpenCV writes to the terminal about failures helps nobody.

    :param otherwise: what to say where that fails
    :raises BrainError: BAD_IMAGE
    """
    logging: Any = cv2.utils.logging
    before = logging.getLogLevel()
    os.environ['OPENCV_FFMPEG_LOGLEVEL'] = '-8'  # AV_LOG_QUIET: FFmpeg writes to the terminal past OpenCV
    logging.setLogLevel(logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(what)
    try:
        if not capture.isOpened():
            raise _bad(otherwise)
        yield capture
    finally:
        capture.release()
        logging.setLogLevel(before)


def frames_a_second(video: cv2.VideoCapture) -> float:
    """Return how many frames a second an open video says that it has; ``USUAL_FPS`` where that cannot be."""
    fps = video.get(cv2.CAP_PROP_FPS)
    return fps if 0 < fps < 1000 else USUAL_FPS


def folder(place: Path) -> Fixed:
    """Take the pictures of a folder by name, but not those with answers on them.

    :raises BrainError: BAD_IMAGE if it holds none
    """
    try:
        paths = sorted(path for path in place.iterdir() if path.suffix.lower() in IMAGES and path.is_file())
    except OSError as error:
        raise _bad(f"cannot read '{place}': {error.strerror}") from error
    paths = [path for path in paths if not _OURS.search(path.stem)]
    if not paths:
        raise _bad(f"there is no picture in the folder '{place}'; their names end in {', '.join(IMAGES)}")
    return Fixed([_file(path) for path in paths])


def _file(path: Path) -> Picture:
    return Picture(str(path), path.stem, path)


def rgb_of(bgr: Any) -> Rgb:
    """Turn what OpenCV reads into what everything else here takes."""
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def _bad(message: str) -> BrainError:
    return BrainError(ErrorCode.BAD_IMAGE, message)
