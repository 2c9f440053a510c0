# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Progress as people look at it: a plot of a whole run, and its film with the curve growing below the picture."""

from collections.abc import Sequence
from math import isnan
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from robobrain_ros.brain.canvas import Canvas, Colour
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.lettering import EAST_ASIAN, printable
from robobrain_ros.brain.overlay import FAILED, WHITE
from robobrain_ros.brain.tracker import Sample
from robobrain_ros.errors import BadRequest

FPS = 4.0
"""Sampled frames a second of the film, as in the published script."""
WIDTH, STRIP = 640, 120
"""The film's width, and the height of the curve below its picture, pixels."""
LOWEST, HIGHEST = 32, 2 * WIDTH
"""The height of its picture; one that is flatter or taller is squeezed: codecs take no others."""
_CURVE: Colour = (90, 220, 120)
_GRID: Colour = (70, 70, 70)


def plot(samples: Sequence[tuple[int, Sample]], file: Path, title: str) -> None:
    """Draw the progress of a run, by every mode and fused, and its hops below.

    :param samples: number of the frame in its video, and what was found out about it
    :param file: its ending says the format, such as .png
    :raises OSError: if the file cannot be written
    """
    from matplotlib import font_manager
    from matplotlib.figure import Figure  # no pyplot: it would look for a display

    there = {entry.name for entry in font_manager.fontManager.ttflist}
    frames = [number for number, _ in samples]
    modes = list(samples[-1][1].modes)
    figure = Figure((9, 6), layout='constrained')
    fonts = ['DejaVu Sans', *(name for name in EAST_ASIAN if name in there)]
    figure.suptitle(printable(title), family=fonts, parse_math=False)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    for mode in modes if len(modes) > 1 else ():
        values = [sample.modes.get(mode, 0.0) for _, sample in samples]
        above.plot(frames, values, marker='.', linewidth=1, alpha=0.7, label=mode.value)
    name = 'fused' if len(modes) > 1 else modes[0].value
    above.plot(frames, [sample.progress for _, sample in samples], marker='o', color='black', label=name)
    unknown = [number for number, sample in samples if isnan(sample.progress)]
    above.plot(unknown, [0.0] * len(unknown), 'x', color='red', label='no score' if unknown else None)
    above.set(ylabel='progress', ylim=(-0.02, 1.02))
    hops = np.array([sample.hop for _, sample in samples])
    width = 0.6 * min(np.diff(frames), default=1)
    below.bar(frames, np.nan_to_num(hops), width, color=np.where(hops < 0, 'tab:red', 'tab:green'))
    below.set(xlabel='frame', ylabel='hop', ylim=(-1, 1))
    for axes in (above, below):
        axes.grid(alpha=0.3)
    above.legend(loc='upper left')
    figure.savefig(file, dpi=100)


class Film:
    """Writes a video of the sampled frames, each with its figures and the curve until then; use it in a ``with`` block.

    The file is made when the first frame comes.

    :param file: must end in .mp4
    :param last: number of the last frame that will come: the curve is as wide as it takes to get there
    """

    def __init__(self, file: Path, last: int) -> None:
        self._file, self._last = file, last
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._curve: list[tuple[int, float]] = []

    def __enter__(self) -> 'Film':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.release()

    def add(self, number: int, front: Rgb, sample: Sample) -> None:
        """Append a frame.

        :param number: of the frame in its video
        :param front: height x width x 3, RGB; those after the first one are brought to its size
        :raises BadRequest: if the file cannot be written
        """
        if self._writer is None:
            height = min(max(front.shape[0] * WIDTH / front.shape[1], LOWEST), HIGHEST)
            height = round(height / 2) * 2
            self._size = (WIDTH, height)
            whole = (WIDTH, height + STRIP)
            self._writer = cv2.VideoWriter(str(self._file), cv2.VideoWriter.fourcc(*'mp4v'), FPS, whole)
            if not self._writer.isOpened():
                raise BadRequest(f"cannot write a video to '{self._file}'")
        self._curve.append((number, sample.progress))
        scaled = cv2.resize(front, self._size, interpolation=cv2.INTER_AREA)
        canvas = Canvas(np.vstack([np.asarray(scaled, np.uint8), self._strip()]))
        known = not isnan(sample.progress)
        words = f'frame {number}: progress {sample.progress:.2f}' if known else f'frame {number}: no score'
        words += '' if isnan(sample.hop) else f', hop {sample.hop:+.2f}'
        canvas.block([(words, WHITE if known else FAILED)], top=True)
        self._writer.write(cv2.cvtColor(canvas.image, cv2.COLOR_RGB2BGR))

    def _strip(self) -> Rgb:
        strip = np.zeros((STRIP, WIDTH, 3), np.uint8)
        for level in (0.0, 0.5, 1.0):
            cv2.line(strip, self._place(0, level), self._place(self._last, level), _GRID)
        for (before, was), (number, value) in zip(self._curve, self._curve[1:], strict=False):
            if not (isnan(was) or isnan(value)):
                cv2.line(strip, self._place(before, was), self._place(number, value), _CURVE, 2, cv2.LINE_AA)
        for number, value in self._curve:
            place = self._place(number, 0.0 if isnan(value) else value)
            cv2.circle(strip, place, 3, FAILED if isnan(value) else _CURVE, -1, cv2.LINE_AA)
        return strip

    def _place(self, number: int, progress: float) -> tuple[int, int]:
        margin = 8
        across = margin + number / self._last * (WIDTH - 1 - 2 * margin)
        return round(across), round(STRIP - 1 - margin - progress * (STRIP - 1 - 2 * margin))
