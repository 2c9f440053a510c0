# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The robot as tools see it: the brain's actions and state, reached through one link to ROS."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from lifecycle_msgs.srv import GetState
from rclpy.action import ActionClient
from sensor_msgs.msg import Image

from robobrain_ros.action import Monitor, Query
from robobrain_ros.msg import Answer
from robobrain_ros.planners.arm import topics as arm_topics
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.tools.link import FIND_S, Link
from robobrain_ros.ros import topics

REPLY_S = 5.0
"""So much longer than its time limit a goal may take to end, seconds."""
STATE_S = 2.0
"""So long it waits for the node to tell its state, seconds."""
DISCOVERY_S = 1.0
"""So long after its start a node knows of all that were there before, seconds."""
MATCH_S = 0.3
"""So long after it was made a subscription is known to the publisher, seconds."""
PICTURE_S = 3.0
"""So long it waits for the picture with an answer, which comes behind it, seconds."""
FRESH_S = 3.0
"""Diagnostics are older than this only if the node is gone, seconds."""

Report = Callable[[str], Awaitable[None]]
"""Tells the client in words how far a call is."""


class Robot:
    """What a call of a tool can ask of the robot; for coroutines of one asyncio loop.

    :param brain: full name of the node robobrain
    :param timeout_s: time limit of a call that sets none, seconds
    """

    def __init__(self, link: Link, brain: str, timeout_s: float) -> None:
        self.link, self.brain, self.timeout_s = link, brain, timeout_s
        self._began = time.monotonic()
        self._query: Any = ActionClient(link.node, Query, f'{brain}/{topics.QUERY}')
        self._monitor: Any = ActionClient(link.node, Monitor, f'{brain}/{topics.MONITOR}')
        self._diagnostics: dict[str, tuple[float, DiagnosticStatus]] = {}
        link.node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, self._on_diagnostics, 5)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        head, now = f'{self.brain}: ', time.monotonic()
        for status in message.status:
            if status.name.startswith(head):
                self._diagnostics[status.name.removeprefix(head)] = (now, status)

    @property
    def absent(self) -> Failure:
        """Why nothing can be asked if the node is not there."""
        domain = os.environ.get('ROS_DOMAIN_ID', '0')
        return Failure(
            'NO_BRAIN',
            f'the node {self.brain} was not found: is it running, with ROS_DOMAIN_ID {domain} as here? '
            'robobrain up, or ros2 launch, starts it',
        )

    async def ask(self, goal: Query.Goal, timeout_s: float, report: Report) -> Answer:
        """Ask the brain; the answer may be that it failed.

        :raises Failure: if the node is not there, not active, or gives no answer
        """
        last = ''

        async def hear(feedback: Query.Feedback) -> None:
            nonlocal last
            if feedback.stage != last:
                last = feedback.stage
                await report(last)

        result = await self._goal(self._query, goal, timeout_s, hear)
        return result.answer

    async def monitor(self, goal: Monitor.Goal, timeout_s: float, report: Report) -> Monitor.Result:
        """Let the brain watch a task until it has an outcome.

        :raises Failure: if the node is not there, not active, or gives no result
        """

        async def hear(feedback: Monitor.Feedback) -> None:
            sample = feedback.sample
            words = f'progress {sample.value:.3f}' if sample.valid else sample.error_message
            await report(words)

        return await self._goal(self._monitor, goal, timeout_s, hear)

    async def _goal(self, client: Any, goal: Any, timeout_s: float, hear: Callable[[Any], Awaitable[None]]) -> Any:
        try:
            return await self.link.goal(client, goal, timeout_s + REPLY_S, self.absent, hear)
        except Failure as failure:
            if failure.code != 'NOT_ACTIVE':
                raise
            state = await self.state() or 'loading its model, perhaps'
            raise Failure('NOT_ACTIVE', f'{self.brain} takes no requests: it is {state}') from None

    async def state(self) -> str:
        """Ask for the lifecycle state; empty if the node does not tell it."""
        reply = await self.link.call(GetState, f'{self.brain}/get_state', GetState.Request(), STATE_S)
        return str(reply.current_state.label) if reply else ''

    async def diagnostics(self) -> dict[str, DiagnosticStatus]:
        """Return what the node tells about its engine, cameras and requests, by their names; empty if it is gone."""
        await self.link.until(self._fresh, STATE_S)
        return await self.link.act(self._fresh)

    def _fresh(self) -> dict[str, DiagnosticStatus]:
        now = time.monotonic()
        return {name: status for name, (heard_s, status) in self._diagnostics.items() if now - heard_s < FRESH_S}

    async def check_plans(self) -> None:
        """Make sure that a plan is only told.

        :raises Failure: if robobrain_arm does each plan of the brain as soon as it is there
        """
        await asyncio.sleep(self._began + DISCOVERY_S - time.monotonic())
        topic = f'{self.brain}/{topics.PLAN}'
        listening = await self.link.act(lambda: self.link.node.get_subscriptions_info_by_topic(topic))
        if any(one.node_name == arm_topics.NODE for one in listening):
            raise Failure(
                'BAD_REQUEST',
                f'{arm_topics.NODE} does each plan of {self.brain} at once, and to ask for one must not move the '
                "robot: start it with brain:='' (in a shell: -p \"brain:=''\"), and have it take and put things "
                'by the tools for that',
            )

    async def is_there(self) -> bool:
        """Tell whether the node is found now, or within ``FIND_S`` seconds."""
        return await self.link.until(self._query.server_is_ready, FIND_S)

    async def pictured(self, ask: Callable[[], Awaitable[Answer]]) -> tuple[Answer, Image | None]:
        """Ask, and take the picture on which the node draws the answer, which it does only while someone listens.

        :returns: None if no picture came
        """
        heard: list[Image] = []
        topic = f'{self.brain}/{topics.ANNOTATED}'
        node = self.link.node
        listening = await self.link.act(lambda: node.create_subscription(Image, topic, heard.append, 5))
        try:
            await asyncio.sleep(MATCH_S)
            answer = await ask()

            def find() -> list[Image]:
                return [image for image in heard if image.header == answer.header]

            if answer.image_width and await self.link.until(find, PICTURE_S):
                return answer, find()[0]
            return answer, None
        finally:
            self.link.executor.create_task(lambda: node.destroy_subscription(listening))
