# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One goal of an action on its way, which can be cancelled at any time; for nodes that must not block."""

import time
import weakref
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.node import Node

from robobrain_ros.planners.failure import Failure

STEADY = Clock(clock_type=ClockType.STEADY_TIME)
"""Runs on while a simulation stands."""
WATCH_S = 0.25
"""So often it looks whether the time is up, or the server gone."""


class ActionGoal:
    """Sends a goal, and calls back once when it has ended, in whatever way; use it in the node's executor only.

    :param client: of the action
    :param timeout_s: after so many seconds without a result, the goal is cancelled and fails with TIMEOUT; None: never
    :param absent: how it fails if there is no server, or no more
    :param ended: called with the action's status (action_msgs/GoalStatus) and result
    :param failed: called instead, with the reason, if there is no result
    :param feedback: called with each feedback until then
    """

    def __init__(
        self,
        node: Node,
        client: 'ActionClient[Any, Any, Any]',
        goal: Any,
        timeout_s: float | None,
        absent: Failure,
        ended: Callable[[int, Any], None],
        failed: Callable[[Failure], None],
        feedback: Callable[[Any], None] = lambda feedback: None,
    ) -> None:
        self._node, self._client, self._absent = node, client, absent
        self._ended, self._failed, self._feedback = ended, failed, feedback
        self._handle: Any = None
        self._cancelling: Any = None
        self._over = False
        self._timeout_s, self._began = timeout_s, time.monotonic()
        self._timer: Any = None
        self._sent: Any = None
        if not client.server_is_ready():
            self.stop(absent)
            return
        self._timer = node.create_timer(WATCH_S, self._watch, clock=STEADY)
        me = weakref.ref(self)  # rclpy keeps what hears the feedback of a goal that was rejected

        def hear(message: Any) -> None:
            if (goal := me()) is not None and not goal._over:
                goal._feedback(message.feedback)

        self._sent = client.send_goal_async(goal, feedback_callback=hear)
        self._sent.add_done_callback(self._on_reply)

    @property
    def settled(self) -> bool:
        """Whether it has ended, and the server has confirmed what it had to be told."""
        waiting = (future for future in (self._sent, self._cancelling) if future is not None)
        return self._over and all(future.done() for future in waiting)

    def stop(self, failure: Failure) -> None:
        """Cancel the goal, as soon as the server has accepted it, and fail at once; does nothing once it has ended."""
        if not self._over:
            self._cancel()
            self._end()
            self._failed(failure)

    def _watch(self) -> None:
        if self._timeout_s is not None and time.monotonic() - self._began > self._timeout_s:
            self.stop(Failure('TIMEOUT', f'{self._client._action_name}: no result within {self._timeout_s:g} s'))
        elif not self._client.server_is_ready():
            self.stop(self._absent)

    def _on_reply(self, replied: Any) -> None:
        self._handle = replied.result()
        if self._over:
            self._cancel()
            if self._handle.accepted:
                self._handle.get_result_async()  # only then does rclpy forget the goal
        elif self._handle.accepted:
            self._handle.get_result_async().add_done_callback(self._on_result)
        else:
            self._end()
            self._failed(Failure('NOT_ACTIVE', 'the goal was rejected: the server takes none now'))

    def _on_result(self, replied: Any) -> None:
        response = replied.result()
        if not self._over and response.status != GoalStatus.STATUS_UNKNOWN:
            self._end()
            self._ended(response.status, response.result)

    def _cancel(self) -> None:
        if self._handle is not None and self._handle.accepted:
            self._cancelling = self._handle.cancel_goal_async()

    def _end(self) -> None:
        self._over = True
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
