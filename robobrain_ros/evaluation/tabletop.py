# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain evaluate``: how well a model sees the simulated table top, over seeded scenes, by the real engine."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from robobrain_ros.answer import Answer
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.commands.output import Tell, console, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.evaluation import fitting, reliability
from robobrain_ros.evaluation.overlap import iou
from robobrain_ros.evaluation.report import BEGIN, END, for_programs, markdown, table
from robobrain_ros.evaluation.samples import TASKS, Sample, samples
from robobrain_ros.evaluation.scoring import camera_of, score
from robobrain_ros.sim.chinese import HELD_OUT_CHINESE, TAUGHT_CHINESE
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT, Phrases
from robobrain_ros.sim.questions import Question, questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks.profiles import CALIBRATION

__all__ = ['FIRST_SEED', 'calibrate', 'frame_of', 'iou', 'run', 'score']

FIRST_SEED = 1_000_000
"""Scenes from here on are held out: training uses other seeds."""
ENGLISH, CHINESE = (TAUGHT, HELD_OUT), (TAUGHT_CHINESE, HELD_OUT_CHINESE)
"""What training asked, and what it never asked."""


def frame_of(scene: TableTop) -> Frame:
    """Return what the simulated camera sees, without a camera node in between."""
    rgb, depth = scene.render()
    return Frame(rgb, depth, camera_of(scene))


def run(
    scenes: int,
    model: Path,
    card: Path | None = None,
    task: str | None = None,
    tell: Tell = ignore,
    plot: Path | None = None,
) -> int:
    """Ask about simulated scenes, print a table by task and kind, return the exit code 0. Blocks; some 5 s a scene.

    Questions in phrasings and about objects that the shipped checkpoint never met in training have rows of their own.
    So have those in Chinese, which count in no other figure.

    :param scenes: how many, from ``FIRST_SEED`` on
    :param model: a checkpoint's folder
    :param card: a README.md whose evaluation table is replaced
    :param task: ask the questions of this task alone, which are those that are asked among all
    :param tell: takes the figures as ``report.for_programs`` and ``reliability.figures`` return them
    :param plot: a picture file for the reliability plot
    :raises ValueError: if the card has no place for the table
    :raises OSError: if the card or the plot cannot be written
    """
    if card and not {BEGIN, END} <= set(card.read_text().splitlines()):
        raise ValueError(f"'{card}' has no lines {BEGIN!r} and {END!r} to put the table between")
    found: defaultdict[tuple[str, str, str], list[Mapping[str, float]]] = defaultdict(list)
    sure: list[Sample] = []
    with Progress('evaluate', scenes, 'scenes') as progress, Brain.load(model, report=progress.say) as brain:
        for seed in range(FIRST_SEED, FIRST_SEED + scenes):
            scene = TableTop(seed)
            for question, answer in _ask(brain, scene, np.random.default_rng(seed), task):
                scores = score(question, answer, scene)
                found[question.novel, question.task, question.kind].append(scores)
                sure += samples(question, answer, scene, bool(scores['right']))
            for question, answer in _ask(brain, scene, np.random.default_rng(seed), task, CHINESE):
                found[question.novel, question.task, question.kind].append(score(question, answer, scene))
            progress.advance()
    heading = f'{scenes} scenes from seed {FIRST_SEED}, one question of each kind per scene.'
    console().print(heading, table(found), *([reliability.table(sure)] if sure else []), sep='\n')
    known = {'model': model.name, 'scenes': scenes, 'first_seed': FIRST_SEED, 'reliability': reliability.figures(sure)}
    tell(known | for_programs(found))
    if plot:
        reliability.plot(sure, plot, f'{model.name}: {heading}')
    if card:
        before, rest = card.read_text().split(BEGIN)
        card.write_text(
            f'{before}{BEGIN}\n{heading}\n\n{markdown(found)}\n\n{reliability.markdown(sure)}\n{END}{rest.split(END)[1]}'
        )
    return 0


def calibrate(scenes: int, model: Path, tell: Tell = ignore) -> int:
    """Calibrate a model's confidence, write the calibration beside the model, return the exit code 0. Blocks.

    Scenes begin at ``fitting.FIRST_SEED``: ``run`` asks about others.

    :param scenes: how many; each gives some ten places a task
    :param model: a checkpoint's folder, which gets ``calibration.json``
    :param tell: takes what is written there
    :raises OSError: if it cannot be written
    """
    found: list[Sample] = []
    with Progress('calibrate', scenes, 'scenes') as progress, Brain.load(model, report=progress.say) as brain:
        brain.pipeline.profile = replace(brain.pipeline.profile, calibration=None)
        for seed in range(fitting.FIRST_SEED, fitting.FIRST_SEED + scenes):
            scene = TableTop(seed)
            for task in TASKS:
                for question, answer in _ask(brain, scene, np.random.default_rng(seed), task):
                    right = score(question, answer, scene)['right']
                    found += samples(question, answer, scene, bool(right))
            progress.advance()
    made = fitting.calibrated(found, scenes)
    (model / CALIBRATION).write_text(made.to_json(), encoding='utf-8')
    console().print(f'{len(found)} places in {scenes} scenes: {model / CALIBRATION} is written.')
    tell(made.to_dict())
    return 0


def _ask(
    brain: Brain, scene: TableTop, rng: np.random.Generator, task: str | None, language: Sequence[Phrases] = ENGLISH
) -> Iterator[tuple[Question, Answer]]:
    """Ask one question of each task and kind that the scene allows; one more where the model never met it."""
    frame = frame_of(scene)
    every = [question for phrases in language for question in questions(scene, rng, phrases)]
    seen: set[tuple[str, str, str]] = set()
    for index in rng.permutation(len(every)):
        question = every[index]
        key = (question.novel, question.task, question.kind)
        if key in seen or task not in (None, question.task):
            continue
        seen.add(key)
        yield question, brain.ask(question.instruction, frame, task=question.task)
