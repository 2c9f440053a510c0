# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain evaluate --progress``: how well a model sees how far a task is, on runs of the simulated gripper."""

import asyncio
from pathlib import Path

import numpy as np

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.tracker import Views
from robobrain_ros.commands.output import Tell, console, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.evaluation.progress_runs import Run, check, judge, judge_back
from robobrain_ros.evaluation.progress_table import FUSED, Judged, figures, tables
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.sim.goals import Goal, goals, progress_of
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT
from robobrain_ros.sim.series import FAULTS, series
from robobrain_ros.sim.world import State, World

NEW_PHRASES = 0.3
"""Share of runs whose task is said in words that the shipped checkpoint never met in training."""


def run(runs: int, model: Path, tell: Tell = ignore) -> int:
    """Judge simulated runs, print tables, return the exit code 0. Blocks; some 20 s a run on two CPU cores.

    Half of the runs go wrong; half are judged without a picture of the goal.

    :param runs: how many, one on each table top from seed ``FIRST_SEED`` on
    :param model: a checkpoint's folder
    :param tell: takes the figures as ``progress_table.figures`` returns them
    :raises BadRequest: if the model cannot tell progress
    """
    check(model)
    found: list[Judged] = []
    with Progress('evaluate', runs, 'runs') as progress, Brain.load(model, report=progress.say) as brain:
        for number in range(runs):
            found.append(asyncio.run(_judge(brain, FIRST_SEED + number, bool(number // 2 % 2), not number % 2)))
            progress.advance()
    known = figures(found)
    wrong, blind = sum(bool(run.fault) for run in found), sum(not run.goal for run in found)
    heading = f'Runs: {runs}, from seed {FIRST_SEED}. Go wrong: {wrong}. Without a goal image: {blind}.'
    console().print(heading, '', *tables(known), sep='\n')
    tell({'model': model.name, 'first_seed': FIRST_SEED, **known})
    return 0


async def _judge(brain: Brain, seed: int, fails: bool, has_goal: bool) -> Judged:
    rng = np.random.default_rng((seed, 17))
    world = World(seed)
    goal, fault, states = _draw(world.state, rng, fails)
    text = goal.say(world.state, rng, HELD_OUT if rng.random() < NEW_PHRASES else TAUGHT)
    done = series(world.state, goal, rng)[-1]
    *frames, picture = world.film([*states, done])
    looked = Run(text, [Views(frame) for frame in frames], picture if has_goal else None)
    samples = await judge(brain, looked)
    curves = {mode.value: [sample.modes[mode] for sample in samples] for mode in samples[0].modes}
    truth = [progress_of(world.state, state, goal) for state in states[1:]]
    curves |= {FUSED: [sample.progress for sample in samples]}
    back = await judge_back(brain, looked)
    return Judged(fault, has_goal, truth, curves, back, [sample.milliseconds for sample in samples])


def _draw(start: State, rng: np.random.Generator, fails: bool) -> tuple[Goal, str, list[State]]:
    """Draw something to do on a table, and a run that does it or goes wrong."""
    found = list(goals(start))
    kinds = sorted({goal.kind for goal in found})
    for _ in range(100):
        kind = kinds[int(rng.integers(len(kinds)))]
        alike = [goal for goal in found if goal.kind == kind]
        goal = alike[int(rng.integers(len(alike)))]
        fault = FAULTS[int(rng.integers(len(FAULTS)))] if fails else ''
        try:
            return goal, fault, series(start, goal, rng, fault)
        except ValueError:  # this goal cannot fail so on this table
            continue
    raise ValueError(f'nothing on this table can {"go wrong" if fails else "be done"}')
