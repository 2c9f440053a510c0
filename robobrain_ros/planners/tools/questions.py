# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The tools ask, point, plan and look: one question to the brain about what a camera sees now."""

from collections.abc import Mapping
from typing import Any

from rclpy.parameter import Parameter as RosParameter

from robobrain_ros.action import Query
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Answer
from robobrain_ros.planners.tools.arguments import CAMERA, INSTRUCTION, OPTIONS, TASK
from robobrain_ros.planners.tools.results import Result, jpeg
from robobrain_ros.planners.tools.robot import Report, Robot
from robobrain_ros.planners.tools.tool import Tool
from robobrain_ros.ros import from_messages
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.client import duration
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.tasks import MISSION
from robobrain_ros.tasks.planning import PLANNING
from robobrain_ros.tasks.pointing import POINTING

NEEDED = ('instruction',)
GROUNDED = Parameter('grounded', True, 'say also where in the picture each step acts, which takes longer')
_COMMON = tuple(OPTIONS[name] for name in ('target_frame', 'timeout_s'))
_LEFT_OUT = ('success', 'code', 'message', 'timings', 'model_origin', 'request_id', 'complete', 'tokens', 'frame_age')
"""Fields of an answer that are told under other names, or are nothing that an agent can use."""
_UNREAD = ('covariance', 'spread', 'valid_fraction')
"""Fields of a place that are for programs."""
PLACES = 'Places are told in pixels of the picture, and in metres where the camera measures depth.'


async def ask(robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
    """Ask any question, with any option that a request may have."""
    answer = await _ask(robot, given.get('task', TASK.default), given, report)
    return _result(answer)


async def point(robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
    """Ask where something is."""
    return _result(await _ask(robot, POINTING.name, given, report))


async def plan(robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
    """Ask for the steps of a task."""
    task = MISSION if given.get(GROUNDED.name, GROUNDED.default) else PLANNING.name
    return _result(await _ask(robot, task, given, report))


async def look(robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
    """Ask any question, and return the picture on which the answer is drawn."""
    answer, image = await robot.pictured(lambda: _ask(robot, given.get('task', TASK.default), given, report))
    return _result(answer, b'' if image is None else jpeg(to_rgb(image)))


async def _ask(robot: Robot, task: str, given: Mapping[str, Any], report: Report) -> Answer:
    if task in (PLANNING.name, MISSION):
        await robot.check_plans()
    timeout_s = given.get('timeout_s', robot.timeout_s)
    options = {name: value for name, value in given.items() if name in OPTIONS and name != 'timeout_s'}
    goal = Query.Goal(
        task=task,
        instruction=given['instruction'],
        camera=given.get('camera', ''),
        timeout=duration(timeout_s),
        options=[RosParameter(name, value=value).to_parameter_msg() for name, value in options.items()],
    )
    return await robot.ask(goal, timeout_s, report)


def _result(message: Answer, picture: bytes = b'') -> Result:
    stamp = message.header.stamp
    answer = from_messages.answer(message)
    values = {
        **_without(_UNREAD, {name: value for name, value in answer.to_dict().items() if name not in _LEFT_OUT}),
        'camera': message.camera,
        'image_stamp': f'{stamp.sec}.{stamp.nanosec:09}' if message.image_width else '',
        'position_frame': message.position_frame,
    }
    return Result(ErrorCode(message.error_code).name, message.error_message, values, jpeg=picture)


def _without(names: tuple[str, ...], value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without(names, item) for key, item in value.items() if key not in names}
    return [_without(names, item) for item in value] if isinstance(value, list) else value


QUESTIONS = (
    Tool(
        'ask',
        f"Asks the robot's vision-language model a question about what its camera sees now. {PLACES}",
        (INSTRUCTION, TASK, CAMERA, *OPTIONS.values()),
        NEEDED,
        ask,
    ),
    Tool(
        'point',
        f'{POINTING.description} {PLACES}',
        (INSTRUCTION, CAMERA, *_COMMON, OPTIONS['min_confidence']),
        NEEDED,
        point,
    ),
    Tool('plan', f'{PLANNING.description} {PLACES}', (INSTRUCTION, GROUNDED, CAMERA, *_COMMON), NEEDED, plan),
    Tool(
        'look',
        'Asks as ask does, and returns also the picture that the answer is about, with the answer drawn on it.',
        (INSTRUCTION, TASK, CAMERA, *_COMMON),
        NEEDED,
        look,
    ),
)
"""In the order in which agents see them."""
