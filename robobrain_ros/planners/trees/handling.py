# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Leaves that have an arm move, by the node robobrain_arm: take a thing, put it down, carry a plan out."""

import uuid
from typing import Any

from py_trees.common import Access

from robobrain_ros.msg import Answer, Plan, PlanStep
from robobrain_ros.planners.arm import topics as arm_topics
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.plans import plan_of
from robobrain_ros.planners.status import Values, carried_out
from robobrain_ros.planners.trees.moving import PlannerLeaf


class CarryOut(PlannerLeaf):
    """Carries out the plan that a Mission has left on the blackboard.

    robobrain_arm carries the brain's plans out as soon as they are made, unless its parameter ``brain`` is empty: leave
    it empty for trees. FAILURE says why, with the code that the node tells; NO_ARM if it is not there.

    :param name: in the words of the tree
    :param of: key of the Answer with the plan, on the blackboard
    :param key: of the last status, on the blackboard; its value ``holds`` names what the hand holds
    :param arm: name of the node
    """

    def __init__(self, name: str, of: str = 'plan', key: str = 'hand', arm: str = arm_topics.NODE) -> None:
        super().__init__(name, key, Plan, arm_topics.PLAN.removeprefix('~/'), arm, 'NO_ARM')
        self._of = of
        self.blackboard.register_key(of, Access.READ)

    def steps(self, answer: Answer) -> list[PlanStep]:
        """Say what the arm is to do about an answer."""
        return list(answer.steps)

    def request(self) -> Plan:
        """Make the plan.

        :raises Failure: if there is no answer on the blackboard
        """
        answer = self.blackboard.get(self._of) if self.blackboard.exists(self._of) else None
        if not isinstance(answer, Answer):
            raise Failure('BAD_REQUEST', f'there is no answer at {self._of!r} on the blackboard: ask for it before')
        return plan_of(answer, answer.instruction, self.steps(answer), str(uuid.uuid4()))

    def mine(self, values: Values) -> bool:
        """Whether a status is about this plan."""
        return bool(values.get('request_id') == self._request.request_id)

    def done(self, values: Values) -> bool:
        """Whether the arm has carried it out."""
        return carried_out(values)


class Pick(CarryOut):
    """Takes the thing that an Ask has found: its Answer, with a position, lies on the blackboard.

    Its parameters are those of CarryOut.
    """

    def __init__(self, name: str, of: str = 'answer', **more: Any) -> None:
        super().__init__(name, of, **more)

    def steps(self, answer: Answer) -> list[PlanStep]:
        """Take it."""
        return [_step(answer, 'pick', f'pick up {answer.instruction}', object=answer.instruction)]


class Place(CarryOut):
    """Puts what the hand holds on the thing, or at the place, that an Ask has found: its Answer lies on the blackboard.

    Its parameters are those of CarryOut.
    """

    def __init__(self, name: str, of: str = 'answer', **more: Any) -> None:
        super().__init__(name, of, **more)

    def steps(self, answer: Answer) -> list[PlanStep]:
        """Put it there."""
        return [_step(answer, 'place', f'put it on {answer.instruction}', destination=answer.instruction)]


def _step(answer: Answer, action: str, description: str, **named: str) -> PlanStep:
    """Make a step that acts where an answer points to; the first of its targets counts."""
    return PlanStep(action=action, description=description, status=PlanStep.GROUNDED, targets=answer.targets, **named)
