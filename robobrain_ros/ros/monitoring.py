# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Action ``~/monitor``: watches one task at a time. A new goal takes the place of the running one, as in Nav2."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from rclpy.action.server import ServerGoalHandle
from rclpy.lifecycle import LifecycleNode

from robobrain_ros.action import Monitor
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.progress_rules import Outcome
from robobrain_ros.brain.tracker import Tracker, Views
from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros import topics
from robobrain_ros.ros.answering import ActiveNode, Answering
from robobrain_ros.ros.camera.views import NewestViews
from robobrain_ros.ros.goal_server import GoalServer
from robobrain_ros.ros.monitor_goal import MonitorGoal
from robobrain_ros.ros.progress_messages import Series, progress
from robobrain_ros.ros.stoppable import Ending
from robobrain_ros.ros.watch import Look, Watch

GoalHandle: TypeAlias = 'ServerGoalHandle[Monitor.Goal, Monitor.Result, Monitor.Feedback]'

CANCELLED = Ending(Outcome.CANCELLED, ErrorCode.CANCELLED, 'the client cancelled')


class Monitoring(GoalServer[Series]):
    """Takes goals of ``~/monitor`` while the node is active, and brings every one to an end.

    :param node: whose action this is; its log gets a line when a watch begins, and one when a goal ends
    :param answering: what the active node has, and an end to all of it
    :param values: gives the parameters' values by name
    """

    def __init__(self, node: LifecycleNode, answering: Answering, values: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__(node, answering, values, Monitor, topics.MONITOR, 'samples', CANCELLED)

    def record(self) -> Series:
        """A new series, without samples."""
        return Series()

    def succeeded(self, ending: Ending) -> bool:
        """Whether the task is done."""
        return ending.outcome is Outcome.SUCCEEDED

    def begin(self, handle: GoalHandle, record: Series) -> tuple[Watch, Callable[[ActiveNode], Awaitable[Ending]]]:
        """Read a goal: return what ends its watch, and the watch itself.

        :raises BrainError: if the goal cannot be used
        """
        wanted = MonitorGoal.read(handle.request, self._values())
        watch = Watch(wanted)

        def run(parts: ActiveNode) -> Awaitable[Ending]:
            return watch.run(partial(self._prepare, wanted, parts, watch), self._teller(handle, wanted, parts, record))

        return watch, run

    async def _prepare(self, wanted: MonitorGoal, parts: ActiveNode, watch: Watch) -> tuple[Tracker, NewestViews]:
        goal, start = await _picture(wanted.read_goal), await _picture(wanted.read_start)
        brain, clock = parts.brain, self._node.get_clock()
        tracker = Tracker(brain, wanted.instruction, goal, wanted.modes, None if start is None else Views(start))
        names = wanted.cameras if brain.pipeline.profile.progress_views > 1 else (wanted.cameras[0], None, None)
        views = NewestViews(parts.cameras, names, wanted.max_image_age, lambda: clock.now().nanoseconds)
        self.take_turn(watch, wanted.instruction)
        modes = ', '.join(mode.value for mode in wanted.modes)
        self._node.get_logger().info(f'monitor begins: every {wanted.period:g} s, {modes}: {wanted.instruction!r}')
        return tracker, views

    def _teller(
        self, handle: GoalHandle, wanted: MonitorGoal, parts: ActiveNode, series: Series
    ) -> Callable[[Look], None]:
        """Make the function that publishes each look, in the engine's loop."""
        begin = time.monotonic()
        about = {
            'camera': wanted.cameras[0],
            'goal_id': bytes(handle.goal_id.uuid).hex(),
            'model': parts.brain.model,
            'instruction': wanted.instruction,
        }

        def tell(look: Look) -> None:
            sample = progress(look, **about)
            series.add(sample)
            parts.outputs.progress(sample)
            if handle.is_active:
                elapsed_s = time.monotonic() - begin
                handle.publish_feedback(Monitor.Feedback(sample=sample, samples=series.count, elapsed_s=elapsed_s))

        return tell


async def _picture(read: Callable[[], Rgb] | None) -> Rgb | None:
    return None if read is None else await asyncio.to_thread(read)
