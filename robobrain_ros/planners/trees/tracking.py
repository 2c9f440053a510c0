# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The leaf that follows a thing from image to image."""

from typing import Any

from py_trees.common import Status

from robobrain_ros.action import Track as Action
from robobrain_ros.errors import ErrorCode
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.trees.brain_leaf import BrainLeaf
from robobrain_ros.planners.trees.leaf import Words
from robobrain_ros.ros import topics


class Track(BrainLeaf):
    """Follows a thing by ``~/track``, beside what needs its place; RUNNING until it is halted or lost.

    While the thing is seen, the newest feedback (action/Track.action) lies on the blackboard, with its target. As
    soon as it is not seen, nothing does. FAILURE says why it has ended: the code of the result; NO_BRAIN if
    nobody follows.

    :param name: in the words of the tree
    :param instruction: the thing in words, such as ``the red mug``
    :param key: of the newest feedback, on the blackboard
    :param brain: name of the node that follows
    :param timeout_s: it ends with TIMEOUT after this, seconds
    :param goal: further fields of the goal (action/Track.action), such as ``target_frame``
    :raises BadRequest: for a field that is none
    """

    def __init__(
        self,
        name: str,
        instruction: Words,
        key: str = 'seen',
        brain: str = topics.NODE,
        timeout_s: float = 600.0,
        **goal: Any,
    ) -> None:
        super().__init__(name, key, Action, topics.TRACK, instruction, brain, timeout_s, **goal)

    def judge(self, status: int, result: Action.Result) -> Status:
        """Say why it has ended; no end of its own is a success."""
        code = ErrorCode(result.error_code)
        return self.fail(Failure(code.name if code else 'INTERNAL', result.reason))

    def hear(self, feedback: Action.Feedback) -> str:
        """Put the newest place on the blackboard, or take the old one from there."""
        if feedback.state == Action.Feedback.TRACKING:
            self.blackboard.set(self.key, feedback)
            return 'sees it'
        self.blackboard.unset(self.key)
        return f'does not see it: {feedback.message}'

    def terminate(self, new_status: Status) -> None:
        """Cancel what is under way, if it is halted; an old place is none."""
        super().terminate(new_status)
        self.blackboard.unset(self.key)
