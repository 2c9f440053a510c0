# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain progress`` leaves behind, in the files of Robo-Dopamine's scripts, which other tools read.

A run's folder has ``.cache/CAMERA/frame_000030.png`` and ``.cache/ref_end.png``, what the model saw; ``sample.json``,
what it was asked; ``pred_vllm.json``, what it answered and what follows from that; and ``latest_progress.json``, the
last sample. What is unknown is null there; the scripts themselves write 0.
"""

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np

from robobrain_ros.brain import image_files
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.tracker import BLANK, Sample, Views
from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.progress import Mode, read_score

CAMERAS = {'front': 'cam_high', 'left': 'cam_left_wrist', 'right': 'cam_right_wrist'}


@dataclass(frozen=True)
class _Frame:
    """One sampled frame: its number, and the files of the front, left and right camera."""

    number: int
    files: tuple[str, ...]


def check_writable(to: Path) -> None:
    """Find out, before long work, whether a folder can be made here; makes ``to`` itself if it is not there.

    :raises BadRequest: if not, with the reason
    """
    try:
        to.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryDirectory(dir=to).cleanup()
    except OSError as error:
        raise BadRequest(f"cannot write into '{to}': {error.strerror}") from error


class RunFolder:
    """The files of one run. Frames are written as they come, the lists by ``write``.

    :param to: the folder of all runs, in which this one gets a folder named by the time, such as ``26-11-28-09-15-00``
    :param task: what the robot is doing
    :param modes: those that are asked for; the images and the name of a sample are those of the first one
    :param goal: the picture of the task done; None: a grey one stands for it
    :raises OSError: if nothing can be written there, which ``check_writable`` finds out
    """

    def __init__(self, to: Path, task: str, modes: Sequence[Mode], goal: Rgb | None) -> None:
        self._task, self._modes = task, tuple(modes)
        self.path = _new_folder(to, datetime.now().strftime('%y-%m-%d-%H-%M-%S')).resolve()
        for camera in CAMERAS.values():
            (self.path / '.cache' / camera).mkdir(parents=True)
        self._goal = str(self.path / '.cache' / 'ref_end.png')
        image_files.write(Path(self._goal), np.full((224, 224, 3), BLANK, np.uint8) if goal is None else goal)
        self._start: _Frame | None = None
        self._before: _Frame | None = None
        """What the next frame is compared with: the last one whose progress is known."""
        self._progress = 0.0
        self._asked: list[dict[str, Any]] = []
        self._answered: list[dict[str, Any]] = []

    def add(self, number: int, views: Views, sample: Sample) -> None:
        """Keep the next frame, and what was found out about it.

        :param number: of the frame in its video
        :param sample: of the first frame, which nothing was asked about, only its pictures are kept
        """
        frame = _Frame(number, self._keep(number, views))
        if self._start is None or self._before is None:
            self._start = self._before = frame
            return
        asked = self._question(self._start, self._before, frame)
        if not isnan(sample.hop):
            self._before = frame
        modes = {mode.value: _by_mode(sample, mode) for mode in self._modes}
        hop = sample.hop if Mode.INCREMENTAL in self._modes else sample.progress - self._progress  # as in the scripts
        self._progress = self._progress if isnan(sample.progress) else sample.progress
        found: dict[str, Any] = {'hop': _or_none(hop), 'progress': _or_none(sample.progress)}
        self._asked.append(asked)
        several = {'modes': modes, 'weight': _or_none(sample.weight)} if len(modes) > 1 else {}
        self._answered.append(asked | {'pred': sample.texts[self._modes[0]]} | found | several)
        latest: dict[str, Any] = {
            'step': len(self._asked),
            'stamp': sample.stamp_s,
            'latency_s': sample.milliseconds / 1000,
        }
        latest |= {'task': self._task, **found, 'progress_percent': _or_none(100 * sample.progress), 'modes': modes}
        latest |= {'frames': dict(zip(CAMERAS.values(), frame.files, strict=True))}
        self._write('latest_progress.json', latest)

    def write(self) -> None:
        """Write the lists of what was asked and answered until now."""
        self._write('sample.json', self._asked)
        self._write('pred_vllm.json', self._answered)

    def _keep(self, number: int, views: Views) -> tuple[str, ...]:
        """Write a frame's pictures; a camera that there is none of is the front camera once more."""
        files: list[str] = []
        for view, camera in CAMERAS.items():
            rgb = getattr(views, view)
            if rgb is None:
                files.append(files[0])
                continue
            file = self.path / '.cache' / camera / f'frame_{number:06d}.png'
            image_files.write(file, rgb)
            files.append(str(file))
        return tuple(files)

    def _question(self, start: '_Frame', before: '_Frame', now: '_Frame') -> dict[str, Any]:
        """Return a sample's question as the scripts write it: name, task and eight files."""
        name, compared = {
            Mode.INCREMENTAL: (f'bf_{before.number:06d}', before.files),
            Mode.FORWARD: (f'start_{start.number:06d}', start.files),
            Mode.BACKWARD: ('goal', (self._goal,) * 3),
        }[self._modes[0]]
        which = f'step-{self.path.name}-{len(self._asked):04d}-{name}-af_{now.number:06d}'
        return {'id': which, 'task': self._task, 'image': [start.files[0], self._goal, *compared, *now.files]}

    def _write(self, name: str, content: Any) -> None:
        """Replace a file as a whole, so that whoever reads it meanwhile finds the old one or the new one."""
        whole, part = self.path / name, self.path / f'{name}.part'
        try:
            part.write_text(json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + '\n', encoding='utf-8')
            os.replace(part, whole)
        except OSError as error:
            raise BadRequest(f"cannot write '{whole}': {error.strerror}") from error


def _by_mode(sample: Sample, mode: Mode) -> Mapping[str, Any]:
    text, progress = sample.texts[mode], _or_none(sample.modes[mode])
    return {'pred': text, 'score': None if progress is None else _or_none(read_score(text)), 'progress': progress}


def _new_folder(to: Path, name: str) -> Path:
    """Make a folder; where the name is taken, a number is added."""
    for number in count(1):
        folder = to / (name if number == 1 else f'{name}_{number}')
        with suppress(FileExistsError):
            folder.mkdir(parents=True)
            return folder
    raise AssertionError('count() has no end')


def _or_none(value: float) -> float | None:
    return None if isnan(value) else value
