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
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Empty, String

from robobrain_ros.planners.failure import RECOVERIES, Failure
from robobrain_ros.planners.goto import telling
from robobrain_ros.planners.goto import topics as goto_topics
from robobrain_ros.planners.trees.leaf import Leaf, Words, said

KNOWN_S = 0.3
"""So long both topics must have been connected, seconds: then what was told before has come in."""
STARTED_S = 5.0
"""So long a planner may take to say that it has begun, seconds."""
STATUS = QoSProfile(depth=20, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""States may follow each other faster than they are read."""


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

    def begins(self, values: dict[str, str]) -> bool:
        """Whether a status says that the request has been taken."""
        raise NotImplementedError

    def judge(self, values: dict[str, str]) -> Status:
        """Say what a later status means: RUNNING, or what succeed or fail return."""
        raise NotImplementedError

    def setup(self, **given: Any) -> None:
        """Take the node, and begin to look for the planner.

        :raises BadRequest: without a node
        """
        super().setup(**given)
        assert self.node is not None
        self._requesting = self.node.create_publisher(self._kind, self._topic, 5)
        self._cancelling = self.node.create_publisher(Empty, f'{self._node_name}/cancel', 5)
        self._hearing = self.node.create_subscription(
            DiagnosticStatus, f'{self._node_name}/status', self._on_status, STATUS
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
        values = {pair.key: pair.value for pair in message.values} | {'message': message.message}
        if not self._started:
            self._started = self.begins(values)
        if self._started:
            self.feedback_message = message.message
            self._outcome = self.judge(values)


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

    def begins(self, values: dict[str, str]) -> bool:
        """Whether it is about this; if the same was under way before, that ends as PREEMPTED."""
        return values.get('instruction') == self._request.data and values.get('code') != 'PREEMPTED'

    def judge(self, values: dict[str, str]) -> Status:
        """Read the state."""
        state = values.get('state')
        if values.get('instruction') != self._request.data:
            return self.fail(Failure('PREEMPTED', f'{values.get("instruction")!r} took its place'))
        if state == telling.ARRIVED:
            return self.succeed(values, values['message'])
        if state == telling.FAILED:
            code = values.get('code', '')
            known = code if code in RECOVERIES else 'INTERNAL'
            return self.fail(Failure(known, values['message'], int(values.get('number', 0))))
        if state in (telling.GOAL, telling.FOLLOWING, telling.FOLLOWED):
            words = f'{self._node_name} does not tell when it is there: it must run with drive: action and follow_s: 0'
            return self.fail(Failure('BAD_REQUEST', words))
        return Status.RUNNING
