# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What all leaves have in common: a ROS node, a result on the blackboard, and a failure that says what may help."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from py_trees.behaviour import Behaviour
from py_trees.common import Access, Status
from py_trees.trees import BehaviourTree
from rclpy.action import ActionClient
from rclpy.node import Node

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.action_goal import ActionGoal
from robobrain_ros.planners.failure import Failure

FAILURE = 'failure'
"""Key of the blackboard for why a leaf has failed last: a Failure with code, recovery and a sentence."""

Words: TypeAlias = str | Callable[[], str]
"""Plain words, or what gives them when the leaf begins, such as from the blackboard."""


def said(words: Words) -> str:
    """Give the words as they are now.

    :raises Failure: BAD_REQUEST, if their key of the blackboard holds nothing, or no text
    """
    try:
        found: object = words if isinstance(words, str) else words()
    except KeyError as error:
        raise Failure('BAD_REQUEST', f'there are no words for this leaf yet: {error}') from error
    if not isinstance(found, str):
        raise Failure('BAD_REQUEST', f'the words for this leaf are {str(found)[:80]!r}, but must be text')
    return found


def check_fields(goal: Any, fields: Mapping[str, Any]) -> None:
    """Refuse fields that a goal does not have: rclpy would ignore them.

    :param goal: type of the goal, such as Query.Goal
    :raises BadRequest: naming them
    """
    known = list(goal.get_fields_and_field_types())
    if unknown := [name for name in fields if name not in known]:
        raise BadRequest(f'the goal has no field {", ".join(map(repr, unknown))}; it has {", ".join(known)}')


class Leaf(Behaviour):
    """A leaf that works over ROS. Set up, tick and halt it in the thread that spins the node.

    :param name: in the words of the tree
    :param key: where its result lies on the blackboard after SUCCESS; nothing lies there while it runs
    """

    found_s = 5.0
    """So long it looks for the other node after its first tick, seconds: DDS takes a while to find it."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__(name)
        self.key = key
        self.failure: Failure | None = None
        """Why it has failed; None otherwise."""
        self.node: Node | None = None
        self.blackboard = self.attach_blackboard_client(name)
        for known in (key, FAILURE):
            self.blackboard.register_key(known, Access.WRITE)

    def setup(self, **given: Any) -> None:
        """Take the node; ``tree.setup(node=node)`` calls it.

        :raises BadRequest: without a node
        """
        if not isinstance(given.get('node'), Node):
            raise BadRequest(f'{self.name!r} needs a ROS node, such as tree.setup(node=node); got {given}')
        self.node = given['node']

    def initialise(self) -> None:
        """Forget what was before."""
        self.failure = None
        self.blackboard.unset(self.key)

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, and the other node has confirmed what was cancelled."""
        return self.status is not Status.RUNNING

    def succeed(self, result: Any, message: str) -> Status:
        """Put the result on the blackboard.

        :returns: SUCCESS
        """
        self.blackboard.set(self.key, result)
        self.feedback_message = message
        return Status.SUCCESS

    def fail(self, failure: Failure) -> Status:
        """Tell why, to the tree and to the blackboard.

        :returns: FAILURE
        """
        self.failure = failure
        self.blackboard.set(FAILURE, failure)
        self.feedback_message = f'{failure.code}: {failure}'
        return Status.FAILURE


class ActionLeaf(Leaf):
    """A leaf that sends a goal to an action. Halting it cancels the goal, also one that is not accepted yet.

    :param kind: type of the action
    :param action: its name, in the node's namespace unless it begins with /
    :param absent: code of the failure if nobody serves it
    """

    def __init__(self, name: str, key: str, kind: Any, action: str, absent: str) -> None:
        super().__init__(name, key)
        self._kind, self._action, self._absent = kind, action, absent
        self._client: ActionClient[Any, Any, Any] | None = None
        self._goal: ActionGoal | None = None
        self._halted: list[ActionGoal] = []
        self._run = 0
        self._outcome = Status.RUNNING
        self._began = 0.0

    def setup(self, **given: Any) -> None:
        """Take the node, and begin to look for the action.

        :raises BadRequest: without a node
        """
        super().setup(**given)
        assert self.node is not None
        self._client = ActionClient(self.node, self._kind, self._action)

    def goal(self) -> tuple[Any, float | None]:
        """Make the goal, and say after how many seconds without a result it is given up; None: never.

        :raises BadRequest: if there is none now; Failure too, with a code of its own
        """
        raise NotImplementedError

    def judge(self, status: int, result: Any) -> Status:
        """Take the result: call succeed or fail."""
        raise NotImplementedError

    def hear(self, feedback: Any) -> str:
        """Put feedback in words."""
        raise NotImplementedError

    def initialise(self) -> None:
        """Begin anew; the goal is sent with the next update that finds the server."""
        super().initialise()
        self._halted = [goal for goal in self._halted if not goal.settled]
        self._goal, self._outcome, self._began = None, Status.RUNNING, time.monotonic()
        self.feedback_message = f'looks for {self._action}'

    def update(self) -> Status:
        """Say how it is; does not block."""
        assert self._client is not None, 'setup comes first'
        waits = self._goal is None and self._outcome is Status.RUNNING
        if waits and (self._client.server_is_ready() or time.monotonic() - self._began > self.found_s):
            self._send()
        return self._outcome

    def terminate(self, new_status: Status) -> None:
        """Cancel what is under way, if it is halted."""
        self._run += 1
        if self._goal is not None:
            self._goal.stop(Failure('CANCELLED', 'the tree has halted it'))
            self._halted.append(self._goal)
            self._goal = None
        if new_status is Status.INVALID and self.status is Status.RUNNING:
            self.feedback_message = 'halted'

    def shutdown(self) -> None:
        """Leave the node; nothing is under way any more."""
        if self._client is not None:
            self._client.destroy()
            self._client = None

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, and the server has confirmed what was cancelled."""
        return super().settled and all(goal.settled for goal in self._halted)

    def _send(self) -> None:
        run = self._run

        def ended(status: int, result: Any) -> None:
            if run == self._run:
                self._outcome = self.judge(status, result)

        def failed(failure: Failure) -> None:
            if run == self._run:
                self._outcome = self.fail(failure)

        def feedback(message: Any) -> None:
            if run == self._run:
                self.feedback_message = self.hear(message)

        absent = Failure(self._absent, f'there is no action {self._action}: is its node running?')
        try:
            goal, timeout_s = self.goal()
        except BadRequest as error:
            failed(Failure(error.code.name, str(error)))
            return
        except Failure as failure:
            failed(failure)
            return
        self.feedback_message = 'sent'
        sent = ActionGoal(self.node, self._client, goal, timeout_s, absent, ended, failed, feedback)
        self._goal = sent if self._outcome is Status.RUNNING else None


def halt(tree: BehaviourTree, spin_once: Callable[[], Any], timeout_s: float = 2.0) -> bool:
    """Halt a tree, and wait until all that it had under way is cancelled; blocks. Do so before the node ends.

    :param spin_once: takes one message, such as ``lambda: rclpy.spin_once(node, timeout_sec=0.05)``
    :returns: whether everybody has confirmed it within ``timeout_s`` seconds
    """
    if tree.root.status is Status.RUNNING:
        tree.root.stop(Status.INVALID)
    leaves = [leaf for leaf in tree.root.iterate() if isinstance(leaf, Leaf)]
    end = time.monotonic() + timeout_s
    while not (settled := all(leaf.settled for leaf in leaves)) and time.monotonic() < end:
        spin_once()
    return settled
