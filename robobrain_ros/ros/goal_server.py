# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An action whose goals go on for long: one runs at a time, and a new goal takes its place, as in Nav2."""

import concurrent.futures
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, Protocol, TypeVar

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.answering import LOGGED, ActiveNode, Answering
from robobrain_ros.ros.awaiting import in_callback
from robobrain_ros.ros.request_server import MOST_AT_ONCE, RESULT_S
from robobrain_ros.ros.stoppable import Ending, Stoppable

SHUT = Ending(None, ErrorCode.NOT_ACTIVE, 'the node was deactivated')


class Record(Protocol):
    """What has come of a goal so far."""

    @property
    def count(self) -> int:
        """Samples, or poses, so far."""

    def reason(self, ending: Ending) -> str:
        """Why it ended so, in a sentence."""

    def result(self, ending: Ending) -> Any:
        """The result of the action."""


R = TypeVar('R', bound=Record)


class GoalServer(ABC, Generic[R]):
    """Takes goals while the node is active, and brings every one to an end.

    :param node: whose action this is; its log gets one line when a goal ends
    :param answering: what the active node has, and an end to all of it
    :param values: gives the parameters' values by name
    :param kind: the action's type
    :param name: the action's name below the node's; also in the log
    :param counted: what the record counts, in the log
    :param cancelled: how a goal ends that its client cancels
    """

    def __init__(
        self,
        node: LifecycleNode,
        answering: Answering,
        values: Callable[[], Mapping[str, Any]],
        kind: Any,
        name: str,
        counted: str,
        cancelled: Ending,
    ) -> None:
        self._node = node
        self._answering = answering
        self._values = values
        self._name = name
        self._counted = counted
        self._cancelled = cancelled
        self._turn = threading.Lock()
        self._running: Stoppable | None = None
        """The one whose goal turned out to be usable last."""
        self._all: dict[bytes, Stoppable] = {}
        """By the goal's UUID."""
        many = QoSProfile(depth=MOST_AT_ONCE)
        ActionServer(
            node,
            kind,
            f'~/{name}',
            self._execute,
            callback_group=ReentrantCallbackGroup(),
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
            goal_service_qos_profile=many,
            cancel_service_qos_profile=many,
            result_service_qos_profile=many,
            result_timeout=RESULT_S,
        )

    @abstractmethod
    def record(self) -> R:
        """A new record, for a goal that was just accepted."""

    @abstractmethod
    def begin(self, handle: Any, record: R) -> tuple[Stoppable, Callable[[ActiveNode], Awaitable[Ending]]]:
        """Read a goal.

        :returns: what ends its work, and the work itself, which is done in the engine's loop
        :raises BrainError: if the goal cannot be used
        """

    def succeeded(self, ending: Ending) -> bool:
        """Whether that is a success."""
        return False

    def take_turn(self, work: Stoppable, instruction: str) -> None:
        """End the goal that runs; call this when it is known that the new one can be used: else it ends no other.

        :raises BrainError: PREEMPTED if a goal runs that is newer than this one, which took longer to begin
        """
        with self._turn:
            before = self._running
            if before is not None and before.number > work.number:
                raise BrainError(ErrorCode.PREEMPTED, 'a newer goal came')
            self._running = work
        if before is not None:
            before.stop(Ending(None, ErrorCode.PREEMPTED, f'a newer goal came: {instruction[:LOGGED]!r}'))

    def _on_goal(self, goal: Any) -> GoalResponse:
        if not self._answering.is_open:
            self._node.get_logger().warning(f'{self._name} {goal.instruction!r} rejected: the node is not active')
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_cancel(self, handle: Any) -> CancelResponse:
        work = self._all.get(bytes(handle.goal_id.uuid))
        if work is not None:
            work.stop(self._cancelled)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: Any) -> Any:
        record = self.record()
        try:
            ending = await self._work(handle, record)
        except BrainError as error:
            ending = Ending(None, error.code, str(error))
        except concurrent.futures.CancelledError:  # the brain was closed
            ending = SHUT
        except Exception as error:
            self._node.get_logger().error(f'a {self._name} failed by a defect:\n{traceback.format_exc()}')
            ending = Ending(None, ErrorCode.INTERNAL, f'{type(error).__name__}: {error}')
        self._log(handle.request.instruction, ending, record)
        if ending is self._cancelled and handle.is_cancel_requested:
            handle.canceled()
        elif self.succeeded(ending):
            handle.succeed()
        else:
            handle.abort()
        return record.result(ending)

    async def _work(self, handle: Any, record: R) -> Ending:
        (work, run), identity = self.begin(handle, record), bytes(handle.goal_id.uuid)
        with self._answering.at_work(lambda: work.stop(SHUT)) as parts:
            self._all[identity] = work
            try:
                if handle.is_cancel_requested:  # it came before the work was there
                    work.stop(self._cancelled)
                return await in_callback(self._node, parts.brain.loop.submit(_awaited(run(parts))))
            finally:
                del self._all[identity]
                with self._turn:
                    if self._running is work:
                        self._running = None

    def _log(self, instruction: str, ending: Ending, record: R) -> None:
        """One line a goal, the same fields always."""
        outcome = ending.outcome.name if ending.outcome else f'NOT_{self._name.upper()}ED'
        line = (
            f'{self._name} outcome={outcome} code={ending.code.name} {self._counted}={record.count} '
            f'instruction={instruction[:LOGGED]!r}: {record.reason(ending)}'
        )
        if ending.outcome:
            self._node.get_logger().info(line)
        else:
            self._node.get_logger().warning(line)  # rclpy takes one severity a line of code


async def _awaited(work: Awaitable[Ending]) -> Ending:
    return await work
