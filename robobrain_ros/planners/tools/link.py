# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How many calls at a time, of a program that awaits, reach ROS: one node, which spins in a thread of its own."""

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, TypeVar

import rclpy
from rclpy.action import ActionClient
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from robobrain_ros.planners.action_goal import ActionGoal
from robobrain_ros.planners.failure import Failure
from robobrain_ros.ros.fastdds import use_image_profile
from robobrain_ros.ros.spin_safely import spin_safely

FIND_S = 5.0
"""So long a call looks for the node that it needs, seconds."""
LOOK_S = 0.05
"""So often it looks."""
CANCEL_S = 1.5
"""So long the end waits until all that was cancelled is confirmed, seconds."""

T = TypeVar('T')


def in_loop(loop: asyncio.AbstractEventLoop, function: Callable[..., object], *arguments: Any) -> None:
    """Have a loop call a function, from any thread; nobody is there to hear of it once the loop is closed."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)


class Link:
    """A node of its own in a context of its own. Coroutines of one asyncio loop use it; ``close`` is for any thread."""

    def __init__(self) -> None:
        use_image_profile()
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node(f'robobrain_mcp_{os.getpid()}', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self._goals: set[ActionGoal] = set()
        self.endings: list[Callable[[], bool]] = []
        """Each is called at the end, again and again, where the callbacks run: it stops what goes on, and tells whether
        that is confirmed."""
        self._closed = False
        self._thread = threading.Thread(
            target=spin_safely,
            args=(self.executor, self.node.get_logger()),
            name='robobrain-mcp-callbacks',
            daemon=True,
        )
        self._thread.start()

    async def act(self, work: Callable[[], T]) -> T:
        """Do something where the node's callbacks run, and await what it returns or raises."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def tell(found: T | None, error: Exception | None) -> None:
            if done.cancelled():
                return
            if error is None:
                done.set_result(found)  # type: ignore[arg-type]
            else:
                done.set_exception(error)

        def run() -> None:
            try:
                found, error = work(), None
            except Exception as raised:
                found, error = None, raised
            in_loop(loop, tell, found, error)

        self.executor.create_task(run)
        return await done

    async def until(self, condition: Callable[[], Any], timeout_s: float) -> bool:
        """Await a condition, which is looked at where the callbacks run; False if it does not hold in time."""
        deadline = time.monotonic() + timeout_s
        while not await self.act(condition):
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(LOOK_S)
        return True

    async def goal(
        self,
        client: 'ActionClient[Any, Any, Any]',
        goal: Any,
        timeout_s: float,
        absent: Failure,
        hear: Callable[[Any], Awaitable[None]],
    ) -> Any:
        """Send a goal of an action, and await its result; a cancelled caller cancels the goal.

        :param timeout_s: after so many seconds without a result it is cancelled
        :param absent: what is raised if no server is found within ``FIND_S`` seconds, or it is there no more
        :param hear: awaited for each feedback
        :raises Failure: if there is no result
        """
        if not await self.until(client.server_is_ready, FIND_S):
            raise absent
        loop = asyncio.get_running_loop()
        events: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

        def event(kind: str, what: Any) -> None:
            in_loop(loop, events.put_nowait, (kind, what))

        sent: list[ActionGoal] = []
        over = False

        def begin() -> None:
            if over:
                return
            sent.append(
                ActionGoal(
                    self.node,
                    client,
                    goal,
                    timeout_s,
                    absent,
                    lambda status, result: event('result', result),
                    lambda failure: event('failure', failure),
                    lambda feedback: event('feedback', feedback),
                )
            )
            self._goals = {one for one in self._goals if not one.settled} | set(sent)

        self.executor.create_task(begin)
        try:
            while True:
                kind, what = await events.get()
                if kind == 'result':
                    return what
                if kind == 'failure':
                    raise what
                await hear(what)
        finally:
            over = True  # if it has not begun, it need not
            given_up = Failure('CANCELLED', 'the client cancelled')
            self.executor.create_task(lambda: _stop(sent, given_up))

    async def call(self, kind: Any, service: str, request: Any, timeout_s: float) -> Any:
        """Call a service, and await its reply; None if none comes in time."""
        loop = asyncio.get_running_loop()
        replied: asyncio.Future[Any] = loop.create_future()
        client: Any = await self.act(lambda: self.node.create_client(kind, service))

        def tell(reply: Any) -> None:
            if not replied.done():
                replied.set_result(reply)

        def send() -> None:
            future = client.call_async(request)
            future.add_done_callback(lambda done: in_loop(loop, tell, done.result()))

        try:
            if not await self.until(client.service_is_ready, timeout_s):
                return None
            await self.act(send)
            await asyncio.wait([replied], timeout=timeout_s)
            return replied.result() if replied.done() else None
        finally:
            self.executor.create_task(lambda: self.node.destroy_client(client))

    def close(self) -> None:
        """Cancel what is under way, wait until that is confirmed, ``CANCEL_S`` at most, and leave ROS; blocks."""
        if self._closed:
            return
        self._closed = True
        ended = Failure('CANCELLED', 'the server of these tools ended')

        def settle() -> bool:
            for goal in self._goals:
                goal.stop(ended)
            confirmed = [one() for one in self.endings] + [goal.settled for goal in self._goals]
            return all(confirmed)

        deadline = time.monotonic() + CANCEL_S
        settling = self.executor.create_task(settle)
        while time.monotonic() < deadline and not (settling.done() and settling.result()):
            time.sleep(LOOK_S)
            if settling.done() and not settling.result():
                settling = self.executor.create_task(settle)
        self.executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)


def _stop(goals: Iterable[ActionGoal], why: Failure) -> None:
    for goal in list(goals):
        goal.stop(why)
