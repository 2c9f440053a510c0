# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The loop around attempts, what is made of how they went, and which episodes get a fault. No ROS runs here."""

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import cv2
import numpy as np
import pytest
from robobrain_ros.msg import Answer

from robobrain_ros.commands.demo_curves import draw
from robobrain_ros.commands.demo_faults import show, tally
from robobrain_ros.commands.episodes import Episode, Outcome, episodes
from robobrain_ros.commands.trials import MOST, plant, run
from robobrain_ros.commands.watching import Verdict
from robobrain_ros.sim.faults import Fault
from robobrain_ros.sim.layout import Item
from robobrain_ros.sim.world import Body, State

EPISODE = Episode(2_000_000, 'put', 'red cube', 'blue plate')
GOOD, BAD = 'SUCCEEDED', 'STALLED'


@dataclass
class Arena:
    """One table top, on which attempts end as told; the fault strikes in the first one."""

    ends: list[bool]
    error: int = Answer.OK
    fault: str = ''
    begun: list[str] = field(default_factory=list)
    attempts: int = 0

    def begin(self, episode, fault=''):
        self.fault = fault
        self.begun.append(fault)

    def attempt(self, episode, watcher=None):
        success = self.ends[self.attempts]
        self.attempts += 1
        picture = np.zeros((4, 4, 3), np.uint8)
        answer = Answer(error_code=self.error)
        answer.header.stamp.sec = 10 * self.attempts
        verdict = watcher.watch(episode.question[1]) if watcher and self.error == Answer.OK else None
        return Outcome(episode, answer, success, 0.1, True, (picture,) * 3, 2.0, self.fault, verdict)

    def states(self):
        cube = Item('cube', 'red', np.zeros(3), 0.03, 0.06, 0.0, 0.0, 0.0)
        plate = Item('plate', 'blue', np.zeros(3), 0.07, 0.012, 0.3, 0.0, 0.0)
        bodies = tuple(Body(item, np.array([item.x, item.y, 0.0])) for item in (cube, plate))
        states = [State(bodies, np.array([0.0, 0.0, 0.3 - 0.1 * part])) for part in range(MOST + 1)]
        return list(enumerate(states[: self.attempts + 1]))


class Watcher:
    """Gives verdicts as told."""

    def __init__(self, *verdicts):
        self.verdicts = list(verdicts)

    def remember(self, start):
        """Forget it."""

    def watch(self, instruction):
        """Watch nothing."""
        verdict = self.verdicts.pop(0)
        return Verdict(verdict, 'why', ((0.0, 0.0), (1.0, float('nan')), (2.0, 1.0 if verdict == GOOD else 0.2)))


def trial(ends, verdicts, fault='', **fields):
    arena: Any = Arena(ends, **fields)
    return run(arena, Watcher(*verdicts) if verdicts else None, EPISODE, fault)


def test_what_is_recovered_from():
    found = trial([False, True], [BAD, GOOD], 'slip')
    assert (found.fault, found.noticed, found.recovered) == ('slip', True, True)
    assert (found.success, found.first_success) == (True, False)
    assert (found.false_alarm, found.false_success) == (False, False)
    assert found.seconds == 4
    assert [point for point in found.truth if not point[1]] == [(10, 0.0), (20, 0.0)], 'from zero in each attempt'


def test_it_gives_up_after_so_many_attempts():
    found = trial([False] * 9, [BAD] * 9, 'push')
    assert len(found.outcomes) == MOST == 3
    assert (found.noticed, found.recovered, found.success) == (True, False, False)


def test_without_a_monitor_there_is_one_attempt():
    found = trial([False, True], [], 'drop')
    assert len(found.outcomes) == 1
    assert found.outcomes[0].verdict is None
    assert (found.noticed, found.success, found.first_success) == (False, False, False)


def test_what_is_taken_for_a_success_is_not_done_again():
    found = trial([False, True], [GOOD, GOOD], 'wrong')
    assert len(found.outcomes) == 1
    assert (found.noticed, found.false_success, found.false_alarm) == (False, True, False)


@pytest.mark.parametrize('verdict', ['STALLED', 'FAILED', 'TIMEOUT'])
def test_a_false_alarm_costs_another_attempt(verdict):
    found = trial([True, True], [verdict, GOOD])
    assert len(found.outcomes) == 2
    assert (found.false_alarm, found.noticed, found.recovered, found.success) == (True, False, False, True)


@pytest.mark.parametrize('verdict', [
    Verdict('NOT_MONITORED', 'why', ()), Verdict('TIMEOUT', 'why', ((0.0, float('nan')), (1.0, float('nan')))),
])  # fmt: skip
def test_a_monitor_that_cannot_tell_asks_for_nothing(verdict):
    watcher = Watcher()
    watcher.watch = lambda instruction: verdict
    arena: Any = Arena([True, False], fault='slip')
    found = run(arena, watcher, EPISODE, 'slip')
    assert len(found.outcomes) == 1
    assert (found.success, found.noticed, found.false_alarm, found.false_success) == (True, False, False, False)


def test_an_answer_that_is_an_error_is_not_asked_for_again():
    found = trial([False, True], [BAD, GOOD], error=Answer.NOT_FOUND)
    assert len(found.outcomes) == 1
    assert found.outcomes[0].verdict is None


def test_a_fault_is_planted_once():
    arena: Any = Arena([False, True])
    run(arena, Watcher(BAD, GOOD), EPISODE, 'slip')
    assert arena.begun == ['slip']


@pytest.fixture(scope='module')
def some():
    return list(islice(episodes(2_000_000, ('put',)), 12))


@pytest.mark.parametrize(('share', 'number'), [(0.0, 0), (0.3, 3), (0.25, 3), (1.0, 12)])
def test_so_many_episodes_get_a_fault(some, share, number):
    faults = [fault for _, fault in plant(some, share)]
    assert sum(map(bool, faults)) == number
    assert faults == [fault for _, fault in plant(some, share)]
    assert set(faults) <= {'', *(fault.value for fault in Fault)}


def test_all_faults_come_up_about_equally_often(some):
    faults = [fault for _, fault in plant(some, 1.0)]
    counts = [faults.count(fault.value) for fault in Fault]
    assert min(counts) >= 2, 'some table tops have nothing that could be mistaken'
    assert max(counts) <= 4


@pytest.fixture(scope='module')
def records():
    trials = [
        trial([False, True], [BAD, GOOD], 'slip'),
        trial([False], [GOOD], 'slip'),
        trial([False] * 3, [BAD] * 3, 'wrong'),
        trial([True, True], [BAD, GOOD]),
        trial([True], [GOOD]),
    ]
    return [one.record() for one in trials]


def test_the_counts(records):
    counts = tally(records)
    assert list(counts) == ['', 'slip', 'drop', 'push', 'wrong', 'all']
    assert counts['slip'] == {
        'episodes': 2, 'noticed': 1, 'recovered': 1, 'false_alarm': 0, 'false_success': 1, 'success': 1,
        'success_without_monitor': 0,
    }  # fmt: skip
    assert counts['drop']['episodes'] == 0
    assert (counts['']['false_alarm'], counts['']['success']) == (1, 2)
    assert (counts['all']['episodes'], counts['all']['success']) == (5, 3)
    assert counts['all']['success_without_monitor'] == 2


def test_the_table(records, capsys):
    show(tally(records), True)
    table = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in table.splitlines()[-4:]}
    assert list(rows) == ['none', 'slip', 'wrong', 'all'], 'only what happened'
    assert rows['none'] == ['2', '-', '-', '1', '2/2', '2/2']
    assert rows['slip'] == ['2', '1/2', '1/2', '0', '1/2', '0/2']
    assert rows['all'] == ['5', '2/3', '1/3', '1', '3/5', '2/5']
    assert max(map(len, table.splitlines())) <= 80
    show(tally(records), False)
    assert '3/5' not in capsys.readouterr().out


def test_the_curves(records, tmp_path):
    draw(records, tmp_path / 'progress.png')
    picture = cv2.imread(str(tmp_path / 'progress.png'))
    assert picture.shape[0] >= 600, 'an episode without a fault, a slip and a wrong grasp'
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 20


@pytest.mark.parametrize(
    ('verdict', 'carried_out', 'failed'),
    [
        ('STALLED', False, True),
        ('STALLED', True, False),
        ('TIMEOUT', True, False),
        ('FAILED', True, True),
        ('SUCCEEDED', False, False),
    ],
)
def test_that_nothing_goes_on_is_no_failure_where_all_has_been_carried_out(verdict, carried_out, failed):
    seen = Verdict(verdict, '', ((1.0, 0.5),))
    outcome = Outcome(EPISODE, Answer(), False, 0.1, True, (), 2.0, '', seen, carried_out=carried_out)
    assert outcome.seems_failed is failed
