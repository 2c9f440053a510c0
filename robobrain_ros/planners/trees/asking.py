# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Leaves that ask the brain: where something is, or how a goal is reached step by step."""

from typing import Any

from py_trees.common import Status

from robobrain_ros.action import Query
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import PlanStep
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.places import places
from robobrain_ros.planners.trees.brain_leaf import BrainLeaf
from robobrain_ros.planners.trees.leaf import Words
from robobrain_ros.ros import topics

STAGES = {
    'QUEUED': 'waits for its turn',
    'WAITING_IMAGE': 'waits for an image',
    'PREFILL': 'looks at the image',
    'DECODE': 'answers',
    'PARSE': 'reads the answer',
    'PROJECT': 'computes positions',
}
"""Stages of a question in words."""


class Ask(BrainLeaf):
    """Asks the brain by ``~/query``; its Answer (msg/Answer) lies on the blackboard after SUCCESS.

    FAILURE says why: NOT_FOUND, or any other of the answer's error codes; NO_BRAIN if nobody answers.

    :param name: in the words of the tree
    :param instruction: what to look for or to do
    :param task: one of the tasks' names
    :param key: of the answer, on the blackboard
    :param brain: name of the node that is asked
    :param timeout_s: the question ends with TIMEOUT after this, seconds
    :param in_metres: fail with NO_DEPTH or the like unless a target has a position
    :param goal: further fields of the goal (action/Query.action), such as ``target_frame``
    :raises BadRequest: for a field that is none
    """

    def __init__(
        self,
        name: str,
        instruction: Words,
        task: str = 'pointing',
        key: str = 'answer',
        brain: str = topics.NODE,
        timeout_s: float = 30.0,
        in_metres: bool = False,
        **goal: Any,
    ) -> None:
        super().__init__(name, key, Query, topics.QUERY, instruction, brain, timeout_s, task=task, **goal)
        self._in_metres = in_metres

    def judge(self, status: int, result: Query.Result) -> Status:
        """Take the answer."""
        answer = result.answer
        if result.error_code != ErrorCode.OK:
            return self.fail(Failure(ErrorCode(result.error_code).name, result.error_message))
        if not result.success:
            return self.fail(Failure('INTERNAL', 'the goal was ended without an answer'))
        if self._in_metres:
            try:
                places(answer)
            except Failure as failure:
                return self.fail(failure)
        return self.succeed(answer, answer.text)

    def hear(self, feedback: Query.Feedback) -> str:
        """Say the stage, and the answer so far."""
        stage = STAGES.get(feedback.stage, feedback.stage)
        return f'{stage}: {feedback.partial_text}' if feedback.partial_text else stage


class Mission(Ask):
    """Asks for a plan whose steps say where they act; its Answer lies on the blackboard after SUCCESS, with ``steps``.

    FAILURE also if a step could not be grounded, with the reason of the first one. Its parameters are those of Ask.
    """

    def __init__(self, name: str, instruction: Words, key: str = 'plan', timeout_s: float = 60.0, **asked: Any) -> None:
        super().__init__(name, instruction, 'mission', key, timeout_s=timeout_s, **asked)

    def judge(self, status: int, result: Query.Result) -> Status:
        """Take the plan."""
        for number, step in enumerate(result.answer.steps, 1):
            if step.status == PlanStep.FAILED and result.error_code == ErrorCode.OK:
                words = f'step {number}, {step.description!r}: {step.error_message}'
                return self.fail(Failure(ErrorCode(step.error_code).name, words))
        return super().judge(status, result)

    def hear(self, feedback: Query.Feedback) -> str:
        """Say how many steps are grounded."""
        if not feedback.steps:
            return super().hear(feedback)
        grounded = sum(step.status != PlanStep.PLANNED for step in feedback.steps)
        return f'plans: {grounded} of {len(feedback.steps)} steps'
