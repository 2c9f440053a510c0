# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A whole run of a robot, judged by a model: in the order of time, and backwards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.loading import engine_for
from robobrain_ros.brain.tracker import Sample, Tracker, Views
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.tasks.progress import Mode, pieces


@dataclass(frozen=True)
class Run:
    """What is judged: a task, what the cameras saw from its start on, and a picture of its goal if there is one."""

    task: str
    looks: Sequence[Views]
    goal: Rgb | None


def check(model: Path, tasks: Iterable[str] = ('any task',)) -> None:
    """Find out, before it is loaded, whether a model can tell the progress of some tasks.

    :param model: a checkpoint's folder
    :param tasks: what will be judged
    :raises BadRequest: if it cannot, or one of them is not fit for the prompt
    """
    _, profile = engine_for(model, 'auto', {})
    for task in tasks:
        pieces(task, profile)


def answered(sample: Sample) -> Sample:
    """Return the sample, if the model has answered.

    :raises BrainError: if the engine has failed instead
    """
    if sample.code not in (ErrorCode.OK, ErrorCode.UNPARSABLE):
        raise BrainError(sample.code, sample.fault)
    return sample


async def judge(brain: Brain, run: Run, modes: Sequence[Mode] = tuple(Mode)) -> list[Sample]:
    """Judge a run in the order of time.

    :returns: a sample for each look but the first, which is the start
    :raises BrainError: if the engine fails; an answer without a score is no such failure
    """
    tracker = Tracker(brain, run.task, run.goal, modes, run.looks[0])
    return [answered(await tracker.step(look, float(number))) for number, look in enumerate(run.looks[1:], 1)]


async def judge_back(brain: Brain, run: Run) -> list[float]:
    """Judge a run backwards: each look is compared with the one that came after it, as if it had come before.

    The reference pictures of start and goal stay what they are.

    :returns: the hop that led to each look but the last, in the order of time; NaN where there is none
    :raises BrainError: if the engine fails
    """
    tracker = Tracker(brain, run.task, run.goal, (Mode.INCREMENTAL,), run.looks[0])
    first = answered(await tracker.step(run.looks[-1], 0.0))  # asked only to make it the look before the next one
    hops = [answered(await tracker.step(look, 0.0)).hop for look in reversed(run.looks[:-1])]
    if isnan(first.hop) and hops:
        hops[0] = nan  # it was compared with the start
    return hops[::-1]
