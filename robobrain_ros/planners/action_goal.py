# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One goal of an action on its way, which can be cancelled at any time; for nodes that must not block."""

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


class ActionGoal:
    """Sends a goal, and calls back once when it has ended, in whatever way; use it in the node's executor only.

    :param client: of the action; its server has to be known
    :param timeout_s: after so many seconds without a result, the goal is cancelled and ends with TIMEOUT; None: never
    :param ended: called with the action's status (action_msgs/GoalStatus) and result, or with a Failure
    """

    def __init__(
        self,
        node: Node,
        client: 'ActionClient[Any, Any, Any]',
        goal: Any,
        timeout_s: float | None,
        ended: Callable[[int, Any], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._node = node
        self._handle: Any = None
        self._ended, self._failed = ended, failed
        self._over = False
        self._timer = None
        if timeout_s is not None:
            late = Failure('TIMEOUT', f'{client._action_name}: no result within {timeout_s:g} s')
            self._timer = node.create_timer(timeout_s, lambda: self.stop(late), clock=STEADY)
        client.send_goal_async(goal).add_done_callback(self._on_reply)

    def stop(self, failure: Failure) -> None:
        """Cancel the goal, as soon as the server has accepted it, and fail at once; does nothing once it has ended."""
        if not self._over:
            self._cancel()
            self._end()
            self._failed(failure)

    def _on_reply(self, replied: Any) -> None:
        self._handle = replied.result()
        if self._over:
            self._cancel()
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
            self._handle.cancel_goal_async()

    def _end(self) -> None:
        self._over = True
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
