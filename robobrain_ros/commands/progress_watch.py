# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain progress`` does: checks everything, loads the model, then looks at one frame after the other."""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any

from robobrain_ros.brain import image_files
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.loading import engine_for
from robobrain_ros.brain.progress_rules import Judge, Rules
from robobrain_ros.brain.tracker import Sample, Tracker, Views
from robobrain_ros.commands.answers import CAUTION
from robobrain_ros.commands.output import Rows, Tell, results
from robobrain_ros.commands.progress_files import RunFolder, check_writable
from robobrain_ros.commands.progress_frames import Frames, sampled, synchronous
from robobrain_ros.commands.progress_pictures import Film, plot
from robobrain_ros.commands.stage_line import StageLine
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.progress_runs import answered
from robobrain_ros.evaluation.progress_scores import RunOutcome, run_outcome
from robobrain_ros.tasks.progress import Mode, pieces

BAR = 20
"""Characters of a bar that shows all of a task."""
OUTCOMES = {RunOutcome.SUCCESS: 'success', RunOutcome.PARTIAL: 'partial success', RunOutcome.FAILURE: 'failure'}


@dataclass(frozen=True)
class Watch:
    """What the command line says."""

    video: str
    left: str
    right: str
    """Empty: there is no such camera."""
    task: str
    goal: Path | None
    modes: tuple[Mode, ...]
    every: int
    to: Path
    plot: bool
    model: Path | str
    """A directory, or the address of a server."""
    options: Mapping[str, Any]
    """Those of ``Brain.load`` for it."""
    json: bool


def run(watch: Watch) -> int:
    """Tell the progress at each sampled frame; blocks while the model is loaded, and until the last frame.

    :returns: the exit code: 0 if the progress is known at some moment, else 1
    :raises BrainError: for what can be seen to be wrong before the model is loaded, and if the engine fails
    """
    _, profile = engine_for(watch.model, 'auto', watch.options)
    pieces(watch.task, profile)
    if (watch.left or watch.right) and profile.progress_views == 1:
        raise BadRequest(f'models of the profile {profile.name!r} see the front camera alone: leave --left and --right')
    goal = image_files.read(watch.goal) if watch.goal else None
    cameras = synchronous(watch.video, watch.left, watch.right)
    check_writable(watch.to)
    with results(watch.json) as tell, _load(watch, cameras) as brain:
        tracker = Tracker(brain, watch.task, goal, watch.modes)
        numbers = sampled(cameras['front'].count, watch.every)
        watching = _Watching(watch, RunFolder(watch.to, watch.task, watch.modes, goal), numbers[-1])
        try:
            with watching.film:
                for number, views in _views(cameras, numbers):
                    sample = asyncio.run(tracker.step(views, number / cameras['front'].fps))
                    watching.add(number, views, answered(sample), tell)
        except BaseException:  # also for Ctrl-C, or if the engine dies: what was found is kept
            watching.keep(f'{brain.model}: {watch.task}')
            print(f'What was found until then is in {watching.folder.path}', file=sys.stderr)
            raise
        watching.keep(f'{brain.model}: {watch.task}')
        return watching.conclude(brain, tell)


def _load(watch: Watch, cameras: Mapping[str, Frames]) -> Brain:
    height, width = next(cameras['front'].at([0])).shape[:2]
    with StageLine() as line:
        return Brain.load(watch.model, report=line.show, image_size=(width, height), **watch.options)


def _views(cameras: Mapping[str, Frames], numbers: Sequence[int]) -> Iterator[tuple[int, Views]]:
    """Yield the frames with these numbers, and their numbers."""
    for number, *pictures in zip(numbers, *(frames.at(numbers) for frames in cameras.values()), strict=True):
        yield number, Views(**dict(zip(cameras, pictures, strict=True)))


class _Watching:
    """Takes the samples of a run: shows them, and writes what is to be left of them.

    :param last: number of the last frame that will come
    """

    def __init__(self, watch: Watch, folder: RunFolder, last: int) -> None:
        self._watch, self.folder = watch, folder
        self._seen: list[tuple[int, Sample]] = []
        self._rows: Rows | None = None
        self._judge = Judge(Rules())
        self._verdict: dict[str, Any] | None = None
        self.film = Film(folder.path / 'reward_vis.mp4', last)

    def add(self, number: int, views: Views, sample: Sample, tell: Tell) -> None:
        """Take the next frame and what was found out about it."""
        self._seen.append((number, sample))
        verdict = self._judge.add(sample.stamp_s, sample.progress)
        if verdict and not self._verdict:
            self._verdict = {'frame': number, 'outcome': verdict.outcome.value, 'reason': verdict.reason}
        self.folder.add(number, views, sample)
        if self._watch.plot:
            self.film.add(number, views.front, sample)
        tell({'frame': number, **_values(sample)})
        if not self._watch.json:
            self._show(number, sample)

    def _show(self, number: int, sample: Sample) -> None:
        modes = self._watch.modes if len(self._watch.modes) > 1 else ()
        if self._rows is None:
            columns: dict[str, int | None] = {'frame': 6, 'progress': 8, 'hop': 6}
            self._rows = Rows(columns | {mode.value: len(mode.value) for mode in modes} | {'': None})
        cells = [str(number), _percent(sample.progress), _percent(sample.hop, '+')]
        cells += [_percent(sample.modes.get(mode, nan)) for mode in modes]
        if isnan(sample.progress):
            self._rows.add(*cells, sample.fault, style='red')
        else:
            self._rows.add(*cells, '█' * round(BAR * sample.progress))

    def keep(self, title: str) -> None:
        """Write the files that hold all samples."""
        self.folder.write()
        if self._watch.plot and len(self._seen) > 1:
            plot(self._seen, self.folder.path / 'progress.png', title)

    def conclude(self, brain: Brain, tell: Tell) -> int:
        """Say what it comes to, and return the exit code."""
        curve = [sample.progress for _, sample in self._seen[1:]]
        known = [value for value in curve if not isnan(value)]
        answers = [value for _, sample in self._seen[1:] for value in sample.modes.values()]
        invalid = sum(map(isnan, answers))
        outcome = run_outcome(curve)
        caution = CAUTION if brain.pipeline.profile.demonstration else None
        found: dict[str, Any] = {
            'model': brain.model,
            'task': self._watch.task,
            'modes': [mode.value for mode in self._watch.modes],
            'progress': known[-1] if known else None,
            'highest': max(known, default=None),
            'outcome': OUTCOMES[outcome] if known else None,
            'verdict': self._verdict,
            'answers': len(answers),
            'invalid': invalid,
        }
        tell(found | {'folder': str(self.folder.path), 'caution': caution})
        if not self._watch.json:
            print(_in_words(found, OUTCOMES[outcome]), f'Files are in {self.folder.path}', sep='\n')
            if caution:
                print(f'caution: {caution}', file=sys.stderr)
        return 0 if known else 1


def _in_words(found: Mapping[str, Any], outcome: str) -> str:
    words = []
    if found['progress'] is not None:
        words += [f'Progress at the end: {_percent(found["progress"])}; highest: {_percent(found["highest"])}.']
        words += [f'By the whole curve: {outcome}.']
    if verdict := found['verdict']:
        words += [f'A monitor would say at frame {verdict["frame"]}: {verdict["outcome"]}; {verdict["reason"]}.']
    if found['invalid']:
        words += [f'{found["invalid"]} of {found["answers"]} answers gave no score; they count as unknown, not as 0.']
    return ' '.join(words)


def _values(sample: Sample) -> dict[str, Any]:
    """Return a sample as plain values."""
    return {
        'stamp_s': round(sample.stamp_s, 3),
        'progress': sample.progress,
        'hop': sample.hop,
        'modes': {mode.value: value for mode, value in sample.modes.items()},
        'weight': sample.weight,
        'fault': sample.fault,
        'texts': {mode.value: text for mode, text in sample.texts.items()},
        'milliseconds': round(sample.milliseconds, 1),
    }


def _percent(value: float, sign: str = '') -> str:
    return '-' if isnan(value) else f'{100 * value:{sign}.0f} %'
