# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One task being watched: a look every period, judged, until there is an outcome. Lives in the engine's loop."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeAlias

from std_msgs.msg import Header

from robobrain_ros.brain.progress_rules import Judge, Outcome
from robobrain_ros.brain.tracker import Sample, Tracker
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.camera.views import NewestViews
from robobrain_ros.ros.monitor_goal import MonitorGoal
from robobrain_ros.ros.stoppable import Ending, Stoppable

IMAGE_S = 1.0
"""A look waits for its images for one period, and for so long where that is longer, seconds."""


class Look(NamedTuple):
    """What one period has brought."""

    header: Header
    """The front image has it; empty if there was none."""
    found: Sample | BrainError
    """A sample, or why there is none."""


Prepare: TypeAlias = Callable[[], Awaitable[tuple[Tracker, NewestViews]]]


class Watch(Stoppable):
    """Watches one task, once.

    :param goal: period, limits and rules
    """

    def __init__(self, goal: MonitorGoal) -> None:
        timed_out = Ending(Outcome.TIMEOUT, ErrorCode.TIMEOUT, f'no outcome within {goal.timeout:g} s')
        super().__init__(goal.timeout, timed_out)
        self._goal = goal

    async def run(self, prepare: Prepare, tell: Callable[[Look], None]) -> Ending:
        """Watch until there is an outcome, the time is up, or ``stop`` is called.

        A look that fails (no image, the engine is dead, an answer without a score) is told, and the next one follows.

        :param prepare: gives what asks the model and what gives the images; raises BrainError for a goal that cannot be
            used
        :param tell: hears every look at once
        """

        async def watch() -> Ending:
            return await self._watch(*await prepare(), tell)

        return await self.until_stopped(watch)

    async def _watch(self, tracker: Tracker, views: NewestViews, tell: Callable[[Look], None]) -> Ending:
        judge, clock = Judge(self._goal.rules), asyncio.get_running_loop().time
        due = clock()
        while True:
            await asyncio.sleep(due - clock())
            due = max(due, clock()) + self._goal.period
            look = await self._look(tracker, views)
            tell(look)
            if isinstance(look.found, Sample):
                verdict = judge.add(look.found.stamp_s, look.found.progress)
                if verdict is not None:
                    return Ending(verdict.outcome, ErrorCode.OK, verdict.reason)

    async def _look(self, tracker: Tracker, views: NewestViews) -> Look:
        header = Header()
        wait_s = min(self._goal.image_timeout, max(self._goal.period, IMAGE_S))
        try:
            header, seen = await views.look(wait_s)
            stamp_s = header.stamp.sec + header.stamp.nanosec / 1e9
            return Look(header, await tracker.step(seen, stamp_s))
        except BrainError as error:
            return Look(header, error)
