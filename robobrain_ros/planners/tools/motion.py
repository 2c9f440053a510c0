# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The tools that have the robot move. RoboOS 2 calls three of them by their names, and reads a sentence and a state."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from std_msgs.msg import String

from robobrain_ros.action import Query
from robobrain_ros.msg import Plan, PlanStep
from robobrain_ros.planners.arm import topics as arm_topics
from robobrain_ros.planners.goto import topics as goto_topics
from robobrain_ros.planners.places import places
from robobrain_ros.planners.plans import plan_of
from robobrain_ros.planners.status import Values, arrived, carried_out
from robobrain_ros.planners.tools.planner import Planner
from robobrain_ros.planners.tools.results import Result
from robobrain_ros.planners.tools.robot import Report, Robot
from robobrain_ros.planners.tools.tool import Tool
from robobrain_ros.ros.client import duration
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.tasks.pointing import POINTING

TARGET = Parameter('target', '', 'what to go to, in words, such as "the kitchen table"')
OBJECT = Parameter('object', '', 'what to take, in words, such as "the red mug"')
HELD = Parameter('object', '', 'what the robot holds, in words; empty: whatever it holds')
AFFORDANCE = Parameter('affordance', '', 'where to put it, in words, such as "the yellow plate"')


class Motion:
    """What the tools that move share: the planners' nodes, in the namespace of the brain.

    :param timeout_s: a motion is stopped after so many seconds
    """

    def __init__(self, robot: Robot, timeout_s: float) -> None:
        space = robot.brain.rpartition('/')[0]
        self._timeout_s = timeout_s
        self._goto = Planner(
            robot.link,
            f'{space}/{goto_topics.NODE}',
            String,
            goto_topics.INSTRUCTION.removeprefix('~/'),
            'NO_GOTO',
        )
        self._arm = Planner(
            robot.link, f'{space}/{arm_topics.NODE}', Plan, arm_topics.PLAN.removeprefix('~/'), 'NO_ARM'
        )

    async def navigate(self, robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
        """Go to a thing."""
        target = given['target'].strip()

        def mine(values: Values) -> bool:
            return bool(values.get('instruction') == target)

        async def make() -> String:
            return String(data=target)

        values = await self._goto.move(make, mine, arrived, self._timeout_s, report)
        return _skill(f'Navigation to {target} is done. {values["message"]}', {'position': target})

    async def grasp(self, robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
        """Take a thing."""
        thing = given['object'].strip()
        step = PlanStep(action='pick', object=thing, description=f'pick up {thing}')
        values = await self._carry_out(robot, step, thing, report)
        return _skill(f'{thing} is grasped. {values["message"]}', {'grasped': thing})

    async def place(self, robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
        """Put down what is held."""
        where, thing = given['affordance'].strip(), given.get('object', '').strip() or 'it'
        step = PlanStep(action='place', object=thing, destination=where, description=f'put {thing} on {where}')
        values = await self._carry_out(robot, step, where, report)
        return _skill(f'{thing} is placed on {where}. {values["message"]}', {'grasped': 'None'})

    async def stop(self, robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
        """Have the robot stop whatever it does."""
        for planner in (self._goto, self._arm):
            planner.stop()
        return Result('OK', f'{self._goto.name} and {self._arm.name} were told to stop')

    async def _carry_out(self, robot: Robot, step: PlanStep, where: str, report: Report) -> Values:
        """Ask where a step acts, and have the arm do it. The model decides about the place only, not about the step."""
        request_id = str(uuid.uuid4())

        async def make() -> Plan:
            goal = Query.Goal(task=POINTING.name, instruction=where, timeout=duration(robot.timeout_s))
            answer = await robot.ask(goal, robot.timeout_s, report)
            places(answer)  # raises Failure where there is none in metres
            step.status, step.targets = PlanStep.GROUNDED, answer.targets
            return plan_of(answer, step.description, [step], request_id)

        def mine(values: Values) -> bool:
            return values.get('request_id') == request_id

        return await self._arm.move(make, mine, carried_out, self._timeout_s, report)


def _skill(words: str, state: Mapping[str, str]) -> Result:
    """Say what RoboOS reads: a sentence, then the state that has changed."""
    return Result('OK', words, {'state': state}, (words, json.dumps(state)))


def tools(motion: Motion) -> tuple[Tool, ...]:
    """Make the tools, in the order in which agents see them."""
    return (
        Tool(
            'navigate_to_target',
            'Drives the robot to a thing that its camera sees, and ends when the robot stands before it. '
            'Do not call it again once it has succeeded.',
            (TARGET,),
            (TARGET.name,),
            motion.navigate,
            moves=True,
        ),
        Tool(
            'grasp_object',
            'Takes a thing that the camera sees with the arm. Do not call it again once it has succeeded.',
            (OBJECT,),
            (OBJECT.name,),
            motion.grasp,
            moves=True,
        ),
        Tool(
            'place_to_affordance',
            'Puts what the arm holds on or into something. Do not call it again once it has succeeded.',
            (AFFORDANCE, HELD),
            (AFFORDANCE.name,),
            motion.place,
            moves=True,
        ),
        Tool('stop', 'Has the robot stop whatever it does, whoever had it begin.', (), (), motion.stop, moves=True),
    )
