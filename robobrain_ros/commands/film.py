# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Films of episodes: a GIF, which web pages play by themselves, and an MP4 video."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from robobrain_ros.brain.canvas import Canvas
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.overlay import FAILED, WHITE
from robobrain_ros.commands.episodes import Outcome
from robobrain_ros.errors import BadRequest

SIZE = (480, 360)
"""(width, height) of a film, pixels."""
COLOURS = 128
"""So many has a scene of a GIF: one palette for all its pictures, so that only what moves takes space."""
FPS = 10
BEFORE_S, ANSWER_S, AFTER_S = 1.2, 3.0, 1.8
"""How long a film shows the camera's picture, that with the answer, and the end."""


@dataclass(frozen=True)
class Shot:
    """A picture of a film, and how long it is shown."""

    picture: Rgb
    """``SIZE``, RGB."""
    seconds: float


def shot(picture: Rgb, seconds: float, above: str = '', below: str = '', good: bool = True) -> Shot:
    """Scale a picture to ``SIZE`` and write texts along its upper and its lower edge.

    :param good: False writes what stands above in the colour of failures
    """
    canvas = Canvas(np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), np.uint8))
    for text, colour, top in ((above, WHITE if good else FAILED, True), (below, WHITE, False)):
        if text:
            canvas.block([(text, colour)], top=top)
    return Shot(canvas.image, seconds)


def scene(outcome: Outcome, moving: Sequence[Shot]) -> list[Shot]:
    """Return the film of an episode: the camera's picture, the answer drawn on it, the motion, the end.

    :param moving: pictures of the motion
    """
    task, instruction = outcome.episode.question
    asked = f'{task}: {instruction}'
    before, answer, after = outcome.pictures
    end = f'{asked}: {"done" if outcome.success else "failed"}'
    return [
        shot(before, BEFORE_S, asked),
        shot(answer, ANSWER_S),
        *moving,
        shot(after, AFTER_S, end, '' if outcome.success else outcome.remark(), outcome.success),
    ]


def write_gif(path: Path, scenes: Sequence[Sequence[Shot]], colours: int = COLOURS) -> None:
    """Write scenes as a GIF that repeats for ever.

    :param scenes: at least one picture
    :param colours: of each scene; fewer make the file smaller
    :raises OSError: if the file cannot be written
    """
    images = []
    for shots in scenes:
        heap = np.vstack([shots[place].picture for place in (0, len(shots) // 3, len(shots) // 2, -1)])
        palette = Image.fromarray(heap).quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=1)
        images += [Image.fromarray(one.picture).quantize(palette=palette, dither=Image.Dither.NONE) for one in shots]
    durations = [round(1000 * one.seconds) for shots in scenes for one in shots]
    options: dict[str, Any] = {'duration': durations, 'loop': 0, 'optimize': False}
    images[0].save(path, save_all=True, append_images=images[1:], **options)


class Video:
    """Writes scenes to an MP4 file one after the other; call ``close`` at the end.

    :raises BadRequest: if the file cannot be written
    """

    def __init__(self, path: Path) -> None:
        self._writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'mp4v'), FPS, SIZE)
        if not self._writer.isOpened():
            raise BadRequest(f"cannot write a video to '{path}'")

    def add(self, shots: Sequence[Shot]) -> None:
        """Append a scene."""
        for one in shots:
            for _ in range(max(1, round(one.seconds * FPS))):
                self._writer.write(cv2.cvtColor(one.picture, cv2.COLOR_RGB2BGR))

    def close(self) -> None:
        """Finish the file."""
        self._writer.release()
