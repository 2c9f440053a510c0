# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The client's side of an action whose goals go on for long: feedback as it comes, then the result."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, TypeVar

from rclpy.action import ActionClient

from robobrain_ros.ros.client import ACCEPT_S, CANCEL_S, Client, NoReply, Rejected

LATE_S = 5.0
"""So much longer than its time limit a goal may take to end, seconds."""

F = TypeVar('F')
R = TypeVar('R')


class LongGoal(Generic[F, R]):
    """A goal that the node works on.

    Iterating blocks until the next feedback, and ends when the node has ended the goal; then ``result`` is there. At
    the end of its ``with`` block the goal is cancelled, if it still runs.
    """

    def __init__(self, client: Client, kind: Any, name: str, goal: Any, timeout_s: float) -> None:
        """Send the goal, and block until the node has accepted it.

        :param kind: the action's type
        :param name: the action's name below the node's
        :param timeout_s: the goal's own time limit, seconds
        :raises NoReply: if the node is not there or does not answer
        :raises Rejected: if it is not active
        """
        self.result: R | None = None
        """How it ended; None until then."""
        self._client = client
        self._name = name
        self._heard: deque[F] = deque()
        self._action: Any = ActionClient(client.node, kind, f'{client.name}/{name}')
        self._handle: Any = None
        try:
            client.until(self._action.server_is_ready, ACCEPT_S, f'action {client.name}/{name}')
            sent = self._action.send_goal_async(goal, feedback_callback=lambda one: self._heard.append(one.feedback))
            handle = client.wait(sent, ACCEPT_S, f'goal to {client.name}, which may be loading its model')
            if not handle.accepted:
                raise Rejected(f'{client.name} rejected the goal, because it was not active')
            self._handle, self._ended = handle, handle.get_result_async()
        except BaseException:
            self._action.destroy()
            raise
        self._deadline = time.monotonic() + timeout_s + LATE_S

    def __enter__(self) -> 'LongGoal[F, R]':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.cancel()
        finally:
            self._action.destroy()

    def __iter__(self) -> Iterator[F]:
        """Yield each feedback, oldest first.

        :raises NoReply: if the node has not ended the goal some seconds after its time limit
        """
        while self.result is None:
            left_s = self._deadline - time.monotonic()
            self._client.until(lambda: self._heard or self._ended.done(), left_s, self._name)
            if self._ended.done():
                self.result = self._ended.result().result
            while self._heard:
                yield self._heard.popleft()

    def cancel(self) -> None:
        """Ask the node to end it, if it still runs, and wait for the result for a second or two."""
        if self.result is None:
            with suppress(NoReply):
                self._client.wait(self._handle.cancel_goal_async(), CANCEL_S, 'cancelling')
                self.result = self._client.wait(self._ended, CANCEL_S, f'the end of {self._name}').result
