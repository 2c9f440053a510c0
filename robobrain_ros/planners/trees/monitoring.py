# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The leaf that watches whether a task succeeds."""

from typing import Any

from py_trees.common import Status

from robobrain_ros.action import Monitor as Action
from robobrain_ros.errors import ErrorCode
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.trees.brain_leaf import BrainLeaf
from robobrain_ros.planners.trees.leaf import Words
from robobrain_ros.ros import topics

CODES = {Action.Result.FAILED: 'TASK_FAILED', Action.Result.STALLED: 'TASK_STALLED', Action.Result.TIMEOUT: 'TIMEOUT'}
"""Code of the failure, by the outcome."""


class Monitor(BrainLeaf):
    """Watches a task by ``~/monitor``, beside what carries it out; Monitor.Result lies on the blackboard after SUCCESS.

    FAILURE says why: TASK_FAILED if progress fell, TASK_STALLED if it did not grow, TIMEOUT, or an error code.

    :param name: in the words of the tree
    :param instruction: the task, in one line
    :param key: of the result, on the blackboard
    :param brain: name of the node that watches
    :param timeout_s: it ends with TIMEOUT after this, seconds
    :param goal: further fields of the goal (action/Monitor.action), such as ``goal_name``
    :raises BadRequest: for a field that is none
    """

    def __init__(
        self,
        name: str,
        instruction: Words,
        key: str = 'progress',
        brain: str = topics.NODE,
        timeout_s: float = 600.0,
        **goal: Any,
    ) -> None:
        super().__init__(name, key, Action, topics.MONITOR, instruction, brain, timeout_s, **goal)

    def judge(self, status: int, result: Action.Result) -> Status:
        """Take the verdict."""
        if result.outcome == Action.Result.SUCCEEDED:
            return self.succeed(result, result.reason)
        code = CODES.get(result.outcome, ErrorCode(result.error_code).name)
        return self.fail(Failure(code if code != 'OK' else 'INTERNAL', result.reason))

    def hear(self, feedback: Action.Feedback) -> str:
        """Say how far the task is."""
        sample = feedback.sample
        return f'progress {sample.value:.0%}' if sample.valid else f'progress unknown: {sample.error_message}'
