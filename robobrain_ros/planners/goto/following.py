# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Following a thing: asking where it is again and again, for as long as it is seen."""

import time
from collections.abc import Callable
from typing import Any, TypeAlias

from geometry_msgs.msg import Point
from rclpy.node import Node

from robobrain_ros.msg import Answer
from robobrain_ros.planners.action_goal import STEADY, ActionGoal
from robobrain_ros.planners.failure import Failure

HOPELESS = 'BAD_REQUEST'
"""What asking again does not help. That another client's question took the place of this one is no such thing."""


Asker: TypeAlias = Callable[[Callable[[Answer], None], Callable[[Failure], None]], ActionGoal]
"""Sends the brain a question, and takes what is called with the answer, and what without one."""


class Following:
    """Asks, tells where the thing is, and asks again, until it is lost or stopped; use it in the node's executor only.

    :param ask: sends the question; what it calls back may come at once
    :param place: finds the place in an answer, or raises Failure
    :param period_s: from one question to the next, seconds; longer where an answer takes longer
    :param lost_s: it ends when the thing has not been seen for so long, seconds, with the newest reason
    :param seen: called with each place, and the answer that it is from
    :param failed: called once, when it has ended
    """

    def __init__(
        self,
        node: Node,
        ask: Asker,
        place: Callable[[Answer], Point],
        period_s: float,
        lost_s: float,
        seen: Callable[[Point, Answer], None],
        failed: Callable[[Failure], None],
    ) -> None:
        self._node, self._ask, self._place = node, ask, place
        self._period_s, self._lost_s = period_s, lost_s
        self._seen, self._failed = seen, failed
        self._over = False
        self._last_seen = self._asked_at = time.monotonic()
        self._timer: Any = None
        self._question: ActionGoal | None = None
        self._ask_now()

    @property
    def settled(self) -> bool:
        """Whether it has ended, and the brain has confirmed that."""
        return self._over and (self._question is None or self._question.settled)

    def stop(self, failure: Failure) -> None:
        """Ask no more, cancel the question that is under way, and fail; does nothing once it has ended."""
        if not self._over:
            self.end()
            self._failed(failure)

    def end(self) -> None:
        """Ask no more, and cancel the question that is under way, without a word."""
        self._over = True
        self._forget_timer()
        if self._question is not None:
            self._question.stop(Failure('CANCELLED', 'no longer followed'))

    def _ask_now(self) -> None:
        self._forget_timer()
        self._asked_at = time.monotonic()
        self._question = self._ask(self._on_answer, self._on_failure)

    def _on_answer(self, answer: Answer) -> None:
        if self._over:
            return
        try:
            place = self._place(answer)
        except Failure as failure:
            self._on_failure(failure)
            return
        self._last_seen = time.monotonic()
        self._seen(place, answer)
        self._ask_later()

    def _on_failure(self, failure: Failure) -> None:
        if self._over:
            return
        unseen_s = time.monotonic() - self._last_seen
        if failure.code == HOPELESS:
            self.stop(failure)
        elif unseen_s >= self._lost_s:
            self.stop(Failure(failure.code, f'not seen for {unseen_s:.1f} s: {failure}'))
        else:
            self._ask_later()

    def _ask_later(self) -> None:
        if not self._over:
            wait_s = max(self._period_s - (time.monotonic() - self._asked_at), 0.01)
            self._timer = self._node.create_timer(wait_s, self._ask_now, clock=STEADY)

    def _forget_timer(self) -> None:
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
            self._timer = None
