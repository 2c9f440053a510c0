# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a tree does about each failure, without ROS: leaves that fail as the test says."""

import re
import subprocess
import sys
from typing import Any

import pytest
from py_trees.behaviour import Behaviour
from py_trees.behaviours import Failure as Fails
from py_trees.behaviours import Running, StatusQueue
from py_trees.blackboard import Blackboard
from py_trees.common import Status
from py_trees.composites import Selector
from repository import ROOT

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.failure import RECOVERIES, Failure, Recovery
from robobrain_ros.planners.trees import Leaf, recover

GIVEN = {Recovery.COME_NEARER: 'nearer', Recovery.LOOK_ELSEWHERE: 'elsewhere', Recovery.ASK: 'ask'}


class Scripted(Leaf):
    """Each run ends with the next code; '' is success."""

    def __init__(self, *codes: str) -> None:
        super().__init__('the task', 'result')
        self.codes, self.runs = list(codes), 0

    def update(self) -> Status:
        self.runs += 1
        code = self.codes.pop(0)
        return self.fail(Failure(code, 'as the test wants it')) if code else self.succeed(self.runs, 'done')


class Helps(Behaviour):
    """Takes two ticks, and counts."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.done = 0

    def initialise(self) -> None:
        self.ticks = 0

    def update(self) -> Status:
        self.ticks += 1
        if self.ticks == 1:
            return Status.RUNNING
        self.done += 1
        return Status.SUCCESS


@pytest.fixture(autouse=True)
def empty_blackboard():
    yield
    Blackboard.clear()


def end(root: Behaviour) -> Status:
    for _ in range(200):
        root.tick_once()
        if root.status is not Status.RUNNING:
            return root.status
    raise AssertionError('no end after 200 ticks')


@pytest.mark.parametrize('code', RECOVERIES)
def test_every_failure_gets_the_help_that_its_code_names(code):
    helps: dict[str, Any] = {name: Helps(name) for name in ('nearer', 'elsewhere', 'ask')}
    task = Scripted(code, '')
    root = recover(task, wait_s=0.0, **helps)
    recovery = RECOVERIES[code]
    assert end(root) is (Status.FAILURE if recovery is Recovery.NONE else Status.SUCCESS)
    assert task.runs == (1 if recovery is Recovery.NONE else 2)
    called = GIVEN.get(recovery)
    assert {name: one.done for name, one in helps.items()} == {name: int(name == called) for name in helps}


def test_the_guide_has_every_code_and_what_is_given_for_it():
    guide = (ROOT / 'docs' / 'guides' / 'behavior_trees.md').read_text()
    rows = re.findall(r'^\| `([A-Z_]+)`: [^|]* \| (`\w+`)? ?\| ([^|]*) \|$', guide, re.MULTILINE)
    assert {code: row[0] for row in rows for code in re.findall('`([A-Z_0-9]+)`', row[2])} == {
        code: recovery.value for code, recovery in RECOVERIES.items()
    }
    given = {Recovery(row[0]): row[1].strip('`') for row in rows if row[1]}
    assert given == GIVEN


def test_without_help_for_it_the_task_ends_at_once_and_says_why():
    task = Scripted('NOT_FOUND', '')
    root = recover(task)
    assert end(root) is Status.FAILURE
    assert task.runs == 1
    assert root.feedback_message == 'given up after 1 of 3 attempts: NOT_FOUND: as the test wants it'


def test_the_last_attempt_is_not_followed_by_help():
    task, elsewhere = Scripted('NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND', ''), Helps('look elsewhere')
    root = recover(task, elsewhere=elsewhere)
    assert end(root) is Status.FAILURE
    assert (task.runs, elsewhere.done) == (3, 2)
    assert end(root) is Status.SUCCESS, 'it begins anew, with all its attempts'


def test_one_behaviour_may_help_against_several_failures():
    person, task = Helps('ask a person'), Scripted('NOT_FOUND', 'BAD_IMAGE', '')
    assert end(recover(task, elsewhere=person, ask=person)) is Status.SUCCESS
    assert (task.runs, person.done) == (3, 2)


def test_help_that_fails_ends_it():
    task = Scripted('NOT_FOUND', '')
    assert end(recover(task, elsewhere=Fails('no other room'))) is Status.FAILURE
    assert task.runs == 1


def test_a_failure_that_no_leaf_has_told_is_one_for_a_person():
    ask = Helps('ask')
    quiet = StatusQueue('quiet', [Status.FAILURE, Status.SUCCESS], Status.SUCCESS)
    Blackboard.set('/failure', Failure('TIMEOUT', 'an old one'))
    assert end(recover(quiet, ask=ask)) is Status.SUCCESS
    assert ask.done == 1


def test_the_task_may_be_a_subtree_and_its_last_failure_counts():
    first, second, elsewhere = Scripted('TIMEOUT', ''), Scripted('NOT_FOUND'), Helps('elsewhere')
    root = recover(Selector('either', memory=True, children=[first, second]), elsewhere=elsewhere)
    assert end(root) is Status.SUCCESS
    assert (first.runs, second.runs, elsewhere.done) == (2, 1, 1)


def test_halting_stops_what_runs():
    helps = Running('turns for ever')
    root = recover(Scripted('NOT_FOUND'), elsewhere=helps)
    for _ in range(3):
        root.tick_once()
    assert helps.status is Status.RUNNING
    root.stop(Status.INVALID)
    assert {one.status for one in root.iterate()} == {Status.INVALID}


def test_at_least_one_attempt():
    with pytest.raises(BadRequest, match='attempts is 0, but must be at least 1'):
        recover(Scripted(''), attempts=0)


def test_without_py_trees_the_error_says_what_to_install():
    program = (
        'import importlib.util as util; find = util.find_spec; '
        'util.find_spec = lambda name: None if name == "py_trees" else find(name); '
        'import robobrain_ros.planners.trees'
    )
    done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "ImportError: behaviour trees need the package py_trees, which is not installed: pip install 'py-trees" in (
        done.stderr
    )
