# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Runs of the simulated gripper and their true progress: what succeeds ends at 1, what goes wrong where it should."""

import numpy as np
import pytest

from robobrain_ros.sim.goals import LIFT_M, Goal, goals, progress_of
from robobrain_ros.sim.layout import draw
from robobrain_ros.sim.phrases import HELD_OUT, TAUGHT
from robobrain_ros.sim.series import FAULTS, series
from robobrain_ros.sim.world import Body, State

SEEDS = range(12)


def begin(seed):
    layout = draw(seed, 640, 480)
    return State(tuple(Body(item, np.array([item.x, item.y, 0.0])) for item in layout.items), layout.gripper)


def runs(fault, kinds=('reach', 'pick', 'put', 'put all')):
    """Yield the goal and the progress of each state of runs on many tables."""
    found = 0
    for seed in SEEDS:
        start, rng = begin(seed), np.random.default_rng(seed)
        for goal in goals(start):
            if goal.kind in kinds:
                try:
                    states = series(start, goal, rng, fault)
                except ValueError:
                    assert fault == 'wrong'  # where there is nothing else to take
                    continue
                found += 1
                yield goal, states, [progress_of(start, state, goal) for state in states]
    assert found > 10


def test_a_run_that_succeeds_never_falls_back_and_ends_at_exactly_one():
    for goal, states, progress in runs(''):
        assert progress[0] == 0, goal
        assert progress[-1] == 1, goal
        assert progress == sorted(progress), goal
        assert 8 <= len(states) <= 16


def test_every_goal_comes_up_and_is_said_in_words_that_name_it():
    seen = set()
    for seed in SEEDS:
        start, rng = begin(seed), np.random.default_rng(seed)
        for goal in goals(start):
            seen.add(goal.kind)
            for phrases in (TAUGHT, HELD_OUT):
                text = goal.say(start, rng, phrases)
                assert '{' not in text
                assert text == text.strip()
    assert seen == {'reach', 'pick', 'put', 'put all'}
    assert Goal('put', 'red cube', 'blue bowl').text == 'put the red cube in the blue bowl'


@pytest.mark.parametrize('fault', FAULTS)
def test_a_run_that_fails_does_not_end_at_one(fault):
    kinds = ('reach', 'pick', 'put', 'put all') if fault not in ('slip', 'drop') else ('pick', 'put', 'put all')
    for goal, _, progress in runs(fault, kinds):
        assert progress[0] == 0, goal
        assert 0 <= progress[-1] < 1, goal


def test_what_slips_drops_or_is_pushed_is_worth_the_way_to_it_alone():
    for fault in ('slip', 'drop', 'push'):
        for goal, _, progress in runs(fault, ('put',)):
            assert progress[-1] <= 0.25, (fault, goal)
    assert max(max(progress) for *_, progress in runs('drop', ('put',))) > 0.5


def test_another_thing_is_worth_less_than_the_way_to_the_right_one():
    for goal, _, progress in runs('wrong', ('pick', 'put')):
        assert progress[-1] <= 0.5, goal
    start = begin(7)
    movable = [goal.what for goal in goals(start) if goal.kind == 'pick']
    goal, other = Goal('pick', movable[0]), movable[1]
    near = start.moved(start.body(goal.what).position + [0, 0, 0.05])
    assert progress_of(start, near, goal) > 0.2
    loaded = State(near.bodies, near.gripper, held=other)
    assert progress_of(start, loaded, goal) == pytest.approx(progress_of(start, near, goal) / 2, abs=0.05)


def test_what_was_done_and_undone_was_at_one_before():
    for goal, states, progress in runs('undo', ('put', 'pick')):
        assert progress[-1] <= 0.5, goal
        assert len(states) >= 8
    assert np.mean([max(progress) == 1 for *_, progress in runs('undo', ('put', 'pick'))]) > 0.5


def test_a_run_that_stalls_ends_without_progress():
    for goal, _, progress in runs('stall'):
        assert progress[-3:-1] == pytest.approx([progress[-1]] * 2, abs=0.1), goal


def test_progress_knows_nothing_of_time():
    start = begin(3)
    goal = next(goal for goal in goals(start) if goal.kind == 'put')
    states = series(start, goal, np.random.default_rng(0))
    forward = [progress_of(start, state, goal) for state in states]
    assert [progress_of(start, state, goal) for state in reversed(states)] == forward[::-1]


def test_a_thing_is_picked_up_once_it_is_lifted():
    start = begin(3)
    goal = next(goal for goal in goals(start) if goal.kind == 'pick')
    at = start.moved(start.body(goal.what).position + [0, 0, 0.02]).closed()
    assert at.held == goal.what
    assert progress_of(start, at, goal) == pytest.approx(0.5)
    assert progress_of(start, at.moved(at.gripper + [0, 0, LIFT_M / 2]), goal) == pytest.approx(0.75)
    assert progress_of(start, at.moved(at.gripper + [0, 0, LIFT_M]), goal) == 1
    assert progress_of(start, at.moved(at.gripper + [0, 0, LIFT_M]).opened(), goal) <= 0.5


def test_faults_that_do_not_exist_or_cannot_happen_are_refused():
    start = begin(3)
    goal = next(iter(goals(start)))
    with pytest.raises(ValueError, match="no fault 'slp'; use slip"):
        series(start, goal, np.random.default_rng(0), 'slp')
    with pytest.raises(ValueError, match='could slip'):
        series(start, goal, np.random.default_rng(0), 'slip')
    with pytest.raises(KeyError):
        progress_of(start, start, Goal('reach', 'pink cube'))
