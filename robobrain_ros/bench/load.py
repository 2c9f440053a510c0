# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A client that keeps the node busy with goals, and notes how each one ends."""

import itertools
import time
from collections import Counter
from typing import Any

from builtin_interfaces.msg import Duration
from rclpy.action import ActionClient

from robobrain_ros.action import Query
from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros import topics
from robobrain_ros.ros.client import Client

QUESTIONS = (
    ('pointing', 'the gripper'),
    ('grounding', 'the red bowl'),
    ('affordance', 'the handle of the mug'),
    ('trajectory', 'reach the red plate'),
    ('planning', 'put all cubes in the bowl'),
    ('general', 'List the objects on the table with their 2D coordinates.'),
)
ANSWERED = ('OK', 'NOT_FOUND', 'UNPARSABLE')
"""The model answered, whether it found anything or not."""
TIMEOUT_S = 20
"""Time that each goal is given."""
HUNG_S = TIMEOUT_S + 10
"""A goal that has not ended by then hangs."""
PAUSE_S = 0.1
"""Rest after a goal that failed: without it, thousands of retries would slow the engine's start down."""


class Load:
    """Keeps goals of ``~/query`` going while ``pump`` runs.

    :param at_once: how many goals at a time
    """

    def __init__(self, client: Client, at_once: int) -> None:
        self.outcomes: Counter[str] = Counter()
        """How often goals ended with each error code; REJECTED ones never began."""
        self.hung = 0
        """Goals that did not end."""
        self._executor = client.executor
        self._at_once = at_once
        self._action: ActionClient[Any, Any, Any] = ActionClient(client.node, Query, f'{client.name}/{topics.QUERY}')
        self._questions = itertools.cycle(QUESTIONS)
        self._numbers = itertools.count()
        self._begun: dict[int, float] = {}
        self._paused_until = 0.0

    @property
    def answered(self) -> int:
        """Goals that ended with one of ANSWERED."""
        return sum(self.outcomes[code] for code in ANSWERED)

    def pump(self, seconds: float) -> None:
        """Keep goals going for so long; blocks."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if len(self._begun) < self._at_once and time.monotonic() >= self._paused_until:
                self._send()
            self._step(min(left, 0.05))

    def drain(self) -> None:
        """Wait for the end of all goals that were sent; blocks for up to HUNG_S."""
        while self._begun:
            self._step(0.1)

    def close(self) -> None:
        """End the client's part of the action."""
        self._action.destroy()

    def _step(self, timeout_s: float) -> None:
        self._executor.spin_once(timeout_s)
        late = time.monotonic() - HUNG_S
        for number in [number for number, begun in self._begun.items() if begun < late]:
            del self._begun[number]
            self.hung += 1

    def _send(self) -> None:
        task, instruction = next(self._questions)
        number = next(self._numbers)
        self._begun[number] = time.monotonic()
        goal = Query.Goal(task=task, instruction=instruction, timeout=Duration(sec=TIMEOUT_S))

        def ended(done: Any) -> None:
            self._end(number, ErrorCode(done.result().result.error_code).name)

        def accepted(sent: Any) -> None:
            if sent.result().accepted:
                sent.result().get_result_async().add_done_callback(ended)
            else:
                self._end(number, 'REJECTED')

        self._action.send_goal_async(goal).add_done_callback(accepted)

    def _end(self, number: int, how: str) -> None:
        if self._begun.pop(number, None) is not None:  # else it was counted as hung
            self.outcomes[how] += 1
            if how not in ANSWERED:
                self._paused_until = time.monotonic() + PAUSE_S
