# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Leaves that have the robot move, by planners that are asked on a topic and tell on another how far they are."""

import time
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from py_trees.common import Status
from std_msgs.msg import Empty, String

from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.goto import topics as goto_topics
from robobrain_ros.planners.status import BEFORE, HEARD, STARTED_S, Values, arrived, values_of
from robobrain_ros.planners.trees.leaf import Leaf, Words, said

KNOWN_S = 0.3
"""So long both topics must have been connected, seconds: then what was told before has come in."""


class PlannerLeaf(Leaf):
    """A leaf that asks a planner's node by topic, and reads its ``~/status``. Halting it makes the robot stop.

    The result on the blackboard is the last status, as a dict of its values and ``message``.

    :param node_name: of the planner, in the namespace of the tree's node unless it begins with /
    :param absent: code of the failure if it is not there
    """

    def __init__(self, name: str, key: str, kind: Any, request_topic: str, node_name: str, absent: str) -> None:
        super().__init__(name, key)
        self._kind, self._topic = kind, f'{node_name}/{request_topic}'
        self._node_name, self._absent = node_name, absent
        self._request: Any = None
        self._sent_s: float | None = None
        self._outcome = Status.RUNNING
        self._started = False
        self._began = 0.0
        self._connected_s: float | None = None

    def request(self) -> Any:
        """Make the message that begins it.

        :raises Failure: if there is none now
        """
        raise NotImplementedError

    def mine(self, values: Values) -> bool:
        """Whether a status is about this request."""
        raise NotImplementedError

    def done(self, values: Values) -> bool:
        """Whether such a status says that all is done.

        :raises Failure: if it says that it has failed
        """
        raise NotImplementedError

    def other(self, values: Values) -> Status:
        """Say what a status about another request means, once this one has begun."""
        return Status.RUNNING

    def setup(self, **given: Any) -> None:
        """Take the node, and begin to look for the planner.

        :raises BadRequest: without a node
        """
        super().setup(**given)
        assert self.node is not None
        self._requesting = self.node.create_publisher(self._kind, self._topic, 5)
        self._cancelling = self.node.create_publisher(Empty, f'{self._node_name}/cancel', 5)
        self._hearing = self.node.create_subscription(
            DiagnosticStatus, f'{self._node_name}/status', self._on_status, HEARD
        )

    def initialise(self) -> None:
        """Begin anew; the request is sent with the next update that finds the planner."""
        super().initialise()
        self._outcome, self._sent_s, self._started, self._began = Status.RUNNING, None, False, time.monotonic()
        self.feedback_message = f'looks for {self._node_name}'

    def update(self) -> Status:
        """Say how it is; does not block."""
        now = time.monotonic()
        if self._outcome is not Status.RUNNING:
            return self._outcome
        if not self._is_there(now):
            if self._sent_s is not None or now - self._began > self.found_s:
                return self.fail(Failure(self._absent, f'there is no node {self._node_name}: is it running?'))
        elif self._sent_s is None:
            try:
                self._request = self.request()
            except Failure as failure:
                return self.fail(failure)
            self._requesting.publish(self._request)
            self._sent_s = now
            self.feedback_message = 'sent'
        elif not self._started and now - self._sent_s > STARTED_S:
            words = f'{self._node_name} has not begun within {STARTED_S:g} s'
            self._cancelling.publish(Empty())
            return self.fail(Failure('TIMEOUT', words))
        return Status.RUNNING

    def terminate(self, new_status: Status) -> None:
        """Have the planner stop, if this is halted."""
        if new_status is Status.INVALID and self.status is Status.RUNNING:
            if self._sent_s is not None and self._outcome is Status.RUNNING:
                self._cancelling.publish(Empty())
            self.feedback_message = 'halted'
        self._sent_s = None

    def shutdown(self) -> None:
        """Leave the node."""
        if self.node is not None:
            self.node.destroy_publisher(self._requesting)
            self.node.destroy_publisher(self._cancelling)
            self.node.destroy_subscription(self._hearing)
            self.node = None

    def _is_there(self, now: float) -> bool:
        connected = self._requesting.get_subscription_count() > 0 and self._hearing.get_publisher_count() > 0
        if not connected:
            self._connected_s = None
        elif self._connected_s is None:
            self._connected_s = now
        return self._connected_s is not None and now - self._connected_s >= KNOWN_S

    def _on_status(self, message: DiagnosticStatus) -> None:
        if self._sent_s is None or self._outcome is not Status.RUNNING:
            return  # an old one, or not of this request
        values = values_of(message)
        if not self.mine(values):
            if self._started:
                self._outcome = self.other(values)
            return
        if not self._started and values.get('code') in BEFORE:
            return
        self._started = True
        self.feedback_message = message.message
        try:
            if self.done(values):
                self._outcome = self.succeed(values, message.message)
        except Failure as failure:
            self._outcome = self.fail(failure)


class Goto(PlannerLeaf):
    """Goes to a thing by the node robobrain_goto, whose parameter ``drive`` must be action; ends where it stands there.

    FAILURE says why, with the code that the node tells; NO_GOTO if it is not there.

    :param name: in the words of the tree
    :param instruction: what to go to, such as ``the red mug``
    :param key: of the last status, on the blackboard
    :param goto: name of the node
    """

    def __init__(self, name: str, instruction: Words, key: str = 'place', goto: str = goto_topics.NODE) -> None:
        topic = goto_topics.INSTRUCTION.removeprefix('~/')
        super().__init__(name, key, String, topic, goto, 'NO_GOTO')
        self._instruction = instruction

    def request(self) -> String:
        """Make the instruction."""
        return String(data=said(self._instruction))

    def mine(self, values: Values) -> bool:
        """Whether it is about this instruction."""
        return bool(values.get('instruction') == self._request.data)

    def done(self, values: Values) -> bool:
        """Whether the robot is there."""
        return arrived(values)

    def other(self, values: Values) -> Status:
        """Fail: the node does one thing at a time."""
        return self.fail(Failure('PREEMPTED', f'{values.get("instruction")!r} took its place'))
