# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a tree does about a failure: wait, try again, come nearer, look elsewhere, ask a person."""

from collections.abc import Iterator, Mapping

from py_trees.behaviour import Behaviour
from py_trees.behaviours import Success
from py_trees.common import Access, Status
from py_trees.composites import Composite
from py_trees.timers import Timer

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.failure import Failure, Recovery
from robobrain_ros.planners.trees.leaf import FAILURE


class Recover(Composite):
    """Does a task; when it fails, does what may help against that failure, and then the task again.

    It fails with the task if nothing is there that may help, if that fails itself, or after the last attempt.

    :param task: whose leaves tell their failures, as those of this package do
    :param helps: what may help, by the recovery that the failure's code has
    :param attempts: so often the task is done, at most
    """

    def __init__(self, name: str, task: Behaviour, helps: Mapping[Recovery, Behaviour], attempts: int) -> None:
        if attempts < 1:
            raise BadRequest(f'attempts is {attempts}, but must be at least 1')
        super().__init__(name, [task, *dict.fromkeys(helps.values())])  # one may be there for several
        self._task, self._helps, self._attempts = task, dict(helps), attempts
        self._failures = 0
        self._blackboard = self.attach_blackboard_client(name)
        self._blackboard.register_key(FAILURE, Access.WRITE)

    def tick(self) -> Iterator[Behaviour]:
        """Go on with the task, or with what may help; each begins with a tick of its own."""
        if self.status is not Status.RUNNING:
            self._failures = 0
            self._begin(self._task)
            self.initialise()
        current = self.current_child
        assert current is not None
        yield from current.tick()
        if current.status is Status.RUNNING:
            self.status = Status.RUNNING
        elif current is not self._task:
            self._end_help(current.status)
        elif current.status is Status.SUCCESS:
            self.feedback_message = ''
            self.stop(Status.SUCCESS)
        else:
            self._on_failure()
        yield self

    def _begin(self, child: Behaviour) -> None:
        self.current_child = child
        if child is self._task:
            self._blackboard.unset(FAILURE)

    def _end_help(self, status: Status) -> None:
        if status is Status.SUCCESS:
            self._begin(self._task)
            self.status = Status.RUNNING
        else:
            self.stop(Status.FAILURE)

    def _on_failure(self) -> None:
        self._failures += 1
        failure = self._blackboard.get(FAILURE) if self._blackboard.exists(FAILURE) else None
        recovery = failure.recovery if isinstance(failure, Failure) else Recovery.ASK
        help_ = self._helps.get(recovery)
        why = f'{failure.code}: {failure}' if isinstance(failure, Failure) else 'no leaf said why'
        if help_ is None or self._failures >= self._attempts:
            self.feedback_message = f'given up after {self._failures} of {self._attempts} attempts: {why}'
            self.stop(Status.FAILURE)
        else:
            self.feedback_message = f'attempt {self._failures} of {self._attempts}: {why}; now: {help_.name}'
            self._begin(help_)
            self.status = Status.RUNNING


def recover(
    task: Behaviour,
    attempts: int = 3,
    wait_s: float = 3.0,
    nearer: Behaviour | None = None,
    elsewhere: Behaviour | None = None,
    ask: Behaviour | None = None,
) -> Recover:
    """Do a task, and what may help when it fails: the ready subtree around any of the leaves.

    WAIT waits for ``wait_s``, and RETRY tries again at once. For the other recoveries the robot has to move or a person
    has to help: a recovery for which nothing is given ends the task. One behaviour may be given for several. What was
    halted is never tried again.

    :param task: a leaf, or a subtree of some
    :param attempts: so often the task is done, at most
    :param wait_s: before it is tried again, where something is not there yet, seconds
    :param nearer: goes towards the thing (COME_NEARER)
    :param elsewhere: turns camera or robot, or goes into another room (LOOK_ELSEWHERE)
    :param ask: asks a person (ASK), such as AskPerson
    """
    helps: dict[Recovery, Behaviour] = {
        Recovery.WAIT: Timer(f'wait {wait_s:g} s', wait_s),
        Recovery.RETRY: Success('again'),
    }
    for recovery, help_ in ((Recovery.COME_NEARER, nearer), (Recovery.LOOK_ELSEWHERE, elsewhere), (Recovery.ASK, ask)):
        if help_ is not None:
            helps[recovery] = help_
    return Recover(f'recover: {task.name}', task, helps, attempts)
