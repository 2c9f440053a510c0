# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Action ``~/monitor``: watches one task at a time. A new goal takes the place of the running one, as in Nav2."""

import asyncio
import concurrent.futures
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile

from robobrain_ros.action import Monitor
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.progress_rules import Outcome
from robobrain_ros.brain.tracker import Tracker, Views
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros import topics
from robobrain_ros.ros.answering import LOGGED, ActiveNode, Answering
from robobrain_ros.ros.awaiting import in_callback
from robobrain_ros.ros.camera.views import NewestViews
from robobrain_ros.ros.monitor_goal import MonitorGoal
from robobrain_ros.ros.progress_messages import Series, progress
from robobrain_ros.ros.request_server import MOST_AT_ONCE, RESULT_S
from robobrain_ros.ros.watch import Ending, Look, Watch

GoalHandle: TypeAlias = 'ServerGoalHandle[Monitor.Goal, Monitor.Result, Monitor.Feedback]'

CANCELLED = Ending(Outcome.CANCELLED, ErrorCode.CANCELLED, 'the client cancelled')
SHUT = Ending(None, ErrorCode.NOT_ACTIVE, 'the node was deactivated')


class Monitoring:
    """Takes goals of ``~/monitor`` while the node is active, and brings every one to an end.

    :param node: whose action this is; its log gets a line when a watch begins, and one when a goal ends
    :param answering: what the active node has, and an end to all of it
    :param values: gives the parameters' values by name
    """

    def __init__(self, node: LifecycleNode, answering: Answering, values: Callable[[], Mapping[str, Any]]) -> None:
        self._node = node
        self._answering = answering
        self._values = values
        self._turn = threading.Lock()
        self._running: Watch | None = None
        """The one whose goal turned out to be usable last."""
        self._watches: dict[bytes, Watch] = {}
        """By the goal's UUID."""
        many = QoSProfile(depth=MOST_AT_ONCE)
        ActionServer(
            node,
            Monitor,
            f'~/{topics.MONITOR}',
            self._execute,
            callback_group=ReentrantCallbackGroup(),
            goal_callback=self._on_goal,
            cancel_callback=self._on_cancel,
            goal_service_qos_profile=many,
            cancel_service_qos_profile=many,
            result_service_qos_profile=many,
            result_timeout=RESULT_S,
        )

    def _on_goal(self, goal: Monitor.Goal) -> GoalResponse:
        if not self._answering.is_open:
            self._node.get_logger().warning(f'monitor {goal.instruction!r} rejected: the node is not active')
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    def _on_cancel(self, handle: GoalHandle) -> CancelResponse:
        watch = self._watches.get(bytes(handle.goal_id.uuid))
        if watch is not None:
            watch.stop(CANCELLED)
        return CancelResponse.ACCEPT

    async def _execute(self, handle: GoalHandle) -> Monitor.Result:
        series = Series()
        try:
            ending = await self._watch(handle, series)
        except BrainError as error:
            ending = Ending(None, error.code, str(error))
        except concurrent.futures.CancelledError:  # the brain was closed
            ending = SHUT
        except Exception as error:
            self._node.get_logger().error(f'a monitor failed by a defect:\n{traceback.format_exc()}')
            ending = Ending(None, ErrorCode.INTERNAL, f'{type(error).__name__}: {error}')
        self._log(handle.request.instruction, ending, series)
        if ending is CANCELLED and handle.is_cancel_requested:
            handle.canceled()
        elif ending.outcome is Outcome.SUCCEEDED:
            handle.succeed()
        else:
            handle.abort()
        return series.result(ending)

    async def _watch(self, handle: GoalHandle, series: Series) -> Ending:
        wanted = MonitorGoal.read(handle.request, self._values())
        watch, identity = Watch(wanted), bytes(handle.goal_id.uuid)
        with self._answering.at_work(lambda: watch.stop(SHUT)) as parts:
            self._watches[identity] = watch
            try:
                if handle.is_cancel_requested:  # it came before the watch was there
                    watch.stop(CANCELLED)
                prepare = partial(self._prepare, wanted, parts, watch)
                tell = self._teller(handle, wanted, parts, series)
                return await in_callback(self._node, parts.brain.loop.submit(watch.run(prepare, tell)))
            finally:
                del self._watches[identity]
                with self._turn:
                    if self._running is watch:
                        self._running = None

    async def _prepare(self, wanted: MonitorGoal, parts: ActiveNode, watch: Watch) -> tuple[Tracker, NewestViews]:
        goal, start = await _picture(wanted.read_goal), await _picture(wanted.read_start)
        brain, clock = parts.brain, self._node.get_clock()
        tracker = Tracker(brain, wanted.instruction, goal, wanted.modes, None if start is None else Views(start))
        names = wanted.cameras if brain.pipeline.profile.progress_views > 1 else (wanted.cameras[0], None, None)
        views = NewestViews(parts.cameras, names, wanted.max_image_age, lambda: clock.now().nanoseconds)
        with self._turn:  # only now: a goal that cannot be used ends no other
            before = self._running
            if before is not None and before.number > watch.number:  # its picture took longer to read
                raise BrainError(ErrorCode.PREEMPTED, 'a newer goal came')
            self._running = watch
        if before is not None:
            before.stop(Ending(None, ErrorCode.PREEMPTED, f'a newer goal came: {wanted.instruction[:LOGGED]!r}'))
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

    def _log(self, instruction: str, ending: Ending, series: Series) -> None:
        """One line a goal, the same fields always."""
        outcome = ending.outcome.name if ending.outcome else 'NOT_MONITORED'
        line = (
            f'monitor outcome={outcome} code={ending.code.name} samples={series.count} '
            f'instruction={instruction[:LOGGED]!r}: {series.reason(ending)}'
        )
        if ending.outcome:
            self._node.get_logger().info(line)
        else:
            self._node.get_logger().warning(line)  # rclpy takes one severity a line of code


async def _picture(read: Callable[[], Rgb] | None) -> Rgb | None:
    return None if read is None else await asyncio.to_thread(read)
