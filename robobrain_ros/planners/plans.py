# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Plans for robobrain_arm that others than the brain make, about what the brain has answered."""

from collections.abc import Sequence

from robobrain_ros.msg import Answer, Plan, PlanStep


def plan_of(answer: Answer, instruction: str, steps: Sequence[PlanStep], request_id: str) -> Plan:
    """Make a plan whose steps act where an answer says.

    :param answer: its image and its frame are the plan's
    :param instruction: what the plan is for, in words
    :param request_id: by which what the arm says on ``~/status`` is known to be about this plan; unique
    """
    return Plan(
        header=answer.header,
        position_frame=answer.position_frame,
        model=answer.model,
        request_id=request_id,
        instruction=instruction,
        steps=steps,
    )
