# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A planner's node as tools use it: asked on one topic, it tells on another how far it is, and stops by a third."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus
from std_msgs.msg import Empty

from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.status import ASKING, BEFORE, FAILED, HEARD, STARTED_S, Values, values_of
from robobrain_ros.planners.tools.link import CANCEL_S, FIND_S, Link, in_loop
from robobrain_ros.planners.tools.robot import MATCH_S, Report

WATCH_S = 0.5
"""So often it is looked whether the planner is still there, seconds."""


class Planner:
    """A planner's node; one request at a time.

    :param name: its full name
    :param kind: type of the request
    :param topic: of the request, below the node's name
    :param absent: code of the failure if it is not there
    """

    def __init__(self, link: Link, name: str, kind: Any, topic: str, absent: str) -> None:
        self._link, self.name, self._absent = link, name, absent
        self._requesting = link.node.create_publisher(kind, f'{name}/{topic}', 5)
        self._cancelling = link.node.create_publisher(Empty, f'{name}/cancel', 5)
        self._hear: Callable[[Values], object] = lambda values: None
        self._hearing = link.node.create_subscription(DiagnosticStatus, f'{name}/status', self._on_status, HEARD)
        self._busy = self._moving = self._stopping = False
        link.endings.append(self._settle)

    async def move(
        self,
        make: Callable[[], Awaitable[Any]],
        mine: Callable[[Values], bool],
        done: Callable[[Values], bool],
        timeout_s: float,
        report: Report,
    ) -> Values:
        """Send a request, and await its end; a cancelled caller, or the end of the time, makes the robot stop.

        :param make: gives the request, once the planner is found
        :param mine: whether a status is about this request
        :param done: whether such a status says that all is done; raises Failure if it says that it has failed
        :returns: the last status
        :raises Failure: if the planner is not there or not any more, does something else, or fails
        """
        if self._busy:
            raise Failure(
                'BUSY', f'{self.name} does already what another call asked for: await that call, or cancel it'
            )
        self._busy = True
        try:
            await self._find()
            return await self._watch(await make(), mine, done, timeout_s, report)
        finally:
            self._busy = False

    def stop(self) -> None:
        """Have the robot stop, whoever had it begin; does not wait."""
        self._cancelling.publish(Empty())

    def _settle(self) -> bool:
        if self._moving and not self._stopping:
            self._stopping = True
            self.stop()
        return not self._stopping

    async def _find(self) -> None:
        if not await self._link.until(self._is_there, FIND_S):
            raise Failure(self._absent, f'{self.name.removeprefix("/")} does not run: there is no node {self.name}')
        await asyncio.sleep(MATCH_S)  # what it said last has come, and is not taken for an answer
        await self._link.until(lambda: not self._stopping, CANCEL_S)
        self._stopping = False  # else this request could not be stopped

    async def _watch(
        self,
        request: Any,
        mine: Callable[[Values], bool],
        done: Callable[[Values], bool],
        timeout_s: float,
        report: Report,
    ) -> Values:
        loop, begin = asyncio.get_running_loop(), time.monotonic()
        events: asyncio.Queue[Values | None] = asyncio.Queue()
        started, ended = False, False
        ticking = asyncio.create_task(_tick(events))
        self._hear = lambda values: in_loop(loop, events.put_nowait, values)
        self._moving = True
        self._requesting.publish(request)
        try:
            while True:
                values = await events.get()
                elapsed_s = time.monotonic() - begin
                if elapsed_s > timeout_s:
                    raise Failure('TIMEOUT', f'{self.name} has not ended within {timeout_s:g} s, and was told to stop')
                if values is None:
                    if not await self._link.act(self._is_there):
                        ended = True
                        raise Failure(self._absent, f'{self.name} has ended meanwhile')
                    if not started and elapsed_s > STARTED_S:
                        raise Failure('TIMEOUT', f'{self.name} has not begun within {STARTED_S:g} s')
                    continue
                if not mine(values):
                    if started and values.get('state') == ASKING:
                        ended = True
                        raise Failure('PREEMPTED', f'something else took its place: {values["message"]}')
                    continue
                if not started and values.get('code') in BEFORE:
                    continue
                started = ended = True  # if what follows raises
                if done(values):
                    return values
                ended = False
                await report(values['message'])
        finally:
            ticking.cancel()
            self._hear = lambda values: None
            self._moving = not ended
            self._settle()
            self._moving = False

    def _is_there(self) -> bool:
        return bool(self._requesting.get_subscription_count() and self._hearing.get_publisher_count())

    def _on_status(self, message: DiagnosticStatus) -> None:
        values = values_of(message)
        if values.get('state') == FAILED and values.get('code') != 'BUSY':  # that is about another request
            self._stopping = False
        self._hear(values)


async def _tick(events: 'asyncio.Queue[Values | None]') -> None:
    while True:
        await asyncio.sleep(WATCH_S)
        events.put_nowait(None)
