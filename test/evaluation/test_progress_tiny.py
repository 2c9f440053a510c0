# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The shipped checkpoint tells how far simulated runs are: those that succeed rise to the end, others do not."""

import numpy as np
import pytest
from engine_helpers import SOON

from robobrain_ros.brain.tracker import Sample, Tracker, Views
from robobrain_ros.evaluation.progress_scores import voc
from robobrain_ros.evaluation.tabletop import FIRST_SEED
from robobrain_ros.sim.goals import Goal, goals
from robobrain_ros.sim.series import series
from robobrain_ros.sim.world import World

pytestmark = pytest.mark.engine
SEEDS = (FIRST_SEED, FIRST_SEED + 1, FIRST_SEED + 2, FIRST_SEED + 4)
"""Held-out tables on which something can be put somewhere."""


@pytest.fixture(scope='module')
def followed(tiny_brain) -> dict[tuple[int, str], list[Sample]]:
    """Samples of each run, by seed and fault: every second state, and the last one."""
    found = {}
    for seed in SEEDS:
        world, rng = World(seed), np.random.default_rng(seed)
        goal = _first_put(world)
        end = series(world.state, goal, rng)[-1]
        for fault in ('', 'drop'):
            states = series(world.state, goal, rng, fault, most=10)
            first, *frames, picture = world.film([*states[:-1:2], states[-1], end])
            tracker = Tracker(tiny_brain, goal.text, picture, start=Views(first))
            steps = [tiny_brain.loop.submit(tracker.step(Views(frame), 0.0)).result(SOON) for frame in frames]
            found[seed, fault] = steps
    return found


def _first_put(world: World) -> Goal:
    return next(goal for goal in goals(world.state) if goal.kind == 'put')


def test_every_answer_is_a_score(followed):
    assert [sample.texts for samples in followed.values() for sample in samples if not sample.valid] == []


def test_runs_that_succeed_rise_to_their_end(followed):
    runs = [followed[seed, ''] for seed in SEEDS]
    assert np.mean([voc([sample.progress for sample in run]) for run in runs]) > 0.8
    assert np.mean([run[-1].progress > 0.85 for run in runs]) > 0.7


def test_what_was_dropped_is_no_success(followed):
    ends = [followed[seed, 'drop'][-1].progress for seed in SEEDS]
    assert np.mean([end < 0.85 for end in ends]) > 0.7
    assert np.mean(ends) < np.mean([followed[seed, ''][-1].progress for seed in SEEDS]) - 0.3
