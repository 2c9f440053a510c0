# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The leaf that asks a person for help, and waits for the reply."""

import time

from py_trees.common import Status
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.trees.leaf import FAILURE, Leaf, Words, said

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""Who looks later sees the newest question, too."""


class AskPerson(Leaf):
    """Says what a person should help with, and waits for words; they lie on the blackboard after SUCCESS.

    It publishes std_msgs/String on ``question``, transient local, and listens on ``reply``; both in the node's
    namespace. FAILURE with TIMEOUT if nobody replies.

    :param name: in the words of the tree
    :param question: None: what failed last
    :param key: of the reply, on the blackboard
    :param timeout_s: how long it waits, seconds
    """

    def __init__(self, name: str, question: Words | None = None, key: str = 'reply', timeout_s: float = 600.0) -> None:
        super().__init__(name, key)
        self._question, self._timeout_s = question, timeout_s
        self._reply: str | None = None
        self._unasked: Failure | None = None
        self._began = 0.0

    def setup(self, **given: object) -> None:
        """Take the node, and open both topics.

        :raises BadRequest: without a node
        """
        super().setup(**given)
        assert self.node is not None
        self._asking = self.node.create_publisher(String, 'question', LATCHED)
        self._hearing = self.node.create_subscription(String, 'reply', self._on_reply, 5)

    def initialise(self) -> None:
        """Ask."""
        super().initialise()
        self._reply, self._unasked, self._began = None, None, time.monotonic()
        if self._question is None:
            failure = self.blackboard.get(FAILURE) if self.blackboard.exists(FAILURE) else None
            words = f'{failure.code}: {failure}' if isinstance(failure, Failure) else 'please help'
        else:
            try:
                words = said(self._question)
            except Failure as failure:
                self._unasked = failure
                return
        self.feedback_message = f'asks: {words}'
        self._asking.publish(String(data=words))

    def update(self) -> Status:
        """Say whether there is a reply; does not block."""
        if self._reply is not None:
            return self.succeed(self._reply, self._reply)
        if self._unasked is not None:
            return self.fail(self._unasked)
        if time.monotonic() - self._began > self._timeout_s:
            return self.fail(Failure('TIMEOUT', f'nobody has replied within {self._timeout_s:g} s'))
        return Status.RUNNING

    def shutdown(self) -> None:
        """Leave the node."""
        if self.node is not None:
            self.node.destroy_publisher(self._asking)
            self.node.destroy_subscription(self._hearing)
            self.node = None

    def _on_reply(self, message: String) -> None:
        if self.status is Status.RUNNING:
            self._reply = message.data
