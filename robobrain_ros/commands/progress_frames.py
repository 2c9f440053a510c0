# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain progress`` looks at: the frames of a video file, or of a folder of pictures, by their numbers."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import cv2

from robobrain_ros.brain.frame import Frame, Rgb
from robobrain_ros.commands.sources import USUAL_FPS, VIDEOS, folder, frames_a_second, opened, rgb_of
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode


class Frames:
    """The frames of one camera in the order of time.

    It counts the frames of a video by reading it to its end, since what files say of that is often wrong.

    :param name: path of a video file, or of a folder whose pictures are taken in the order of their names
    :raises BrainError: if it cannot be read
    """

    def __init__(self, name: str) -> None:
        self._path = Path(name)
        self.name = name
        is_folder = bool(name) and self._path.is_dir()  # no name is not the current folder
        self._pictures = [picture.image for picture in folder(self._path).pictures()] if is_folder else []
        self.count, self.fps = len(self._pictures), USUAL_FPS
        """How many there are, and how many a second; of a folder nobody knows the latter."""
        if not self._pictures:
            if self._path.suffix.lower() not in VIDEOS or not self._path.is_file():
                raise BadRequest(f'{name!r} is neither a folder of pictures nor a video file ({", ".join(VIDEOS)})')
            with self._opened() as video:
                self.fps = frames_a_second(video)
                while video.grab():
                    self.count += 1

    def _opened(self) -> AbstractContextManager[cv2.VideoCapture]:
        return opened(str(self._path), f'{self.name!r} is no video that OpenCV can read')

    def at(self, numbers: Sequence[int]) -> Iterator[Rgb]:
        """Yield some frames: height x width x 3, RGB.

        :param numbers: in rising order, from 0
        :raises BrainError: BAD_IMAGE if one of them cannot be read
        """
        if self._pictures:
            yield from (Frame.of(self._pictures[number]).rgb() for number in numbers)
            return
        wanted, number = iter(numbers), -1
        with self._opened() as video:
            for next_one in wanted:
                found, bgr = False, None
                while number < next_one and video.grab():
                    number += 1
                if number == next_one:
                    found, bgr = video.retrieve()
                if not found:
                    raise BrainError(ErrorCode.BAD_IMAGE, f'frame {next_one} of {self.name!r} cannot be read')
                yield rgb_of(bgr)


def sampled(count: int, every: int) -> list[int]:
    """Choose the frames to look at: 0, ``every``, twice that and so on, and always the last one."""
    return sorted({*range(0, count, every), count - 1})


def synchronous(front: str, left: str = '', right: str = '') -> dict[str, Frames]:
    """Open one to three cameras, whose frames are of the same times.

    :param left: of the left wrist; empty if there is none
    :param right: of the right wrist; likewise
    :returns: those that there are, by ``front``, ``left`` and ``right``
    :raises BrainError: if one cannot be read, they differ in their number of frames, or there is only one frame
    """
    names = {'front': front, 'left': left, 'right': right}
    found = {camera: Frames(name) for camera, name in names.items() if name or camera == 'front'}
    if len({frames.count for frames in found.values()}) > 1:
        told = ', '.join(f'{frames.count} of {frames.name!r}' for frames in found.values())
        raise BadRequest(f'all cameras must have the same number of frames, but there are {told}')
    if found['front'].count < 2:
        raise BadRequest(f'{front!r} has a single frame, but progress is told from two on')
    return found
