# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The tools progress and status: how far a task is, and how the robot's brain is."""

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus

from robobrain_ros.action import Monitor
from robobrain_ros.brain.progress_rules import Outcome
from robobrain_ros.errors import ErrorCode
from robobrain_ros.planners.tools.arguments import CAMERA, INSTRUCTION
from robobrain_ros.planners.tools.results import Result
from robobrain_ros.planners.tools.robot import Report, Robot
from robobrain_ros.planners.tools.tool import Tool
from robobrain_ros.ros.client import duration
from robobrain_ros.ros.monitor_parameters import MONITOR
from robobrain_ros.ros.parameter import Parameter

OUTCOMES = {getattr(Monitor.Result, name): name for name in ('NOT_MONITORED', *Outcome.__members__)}
"""Names of the action's constants."""
_HEAD = 'monitor.'
RULES = tuple(
    Parameter(known.name.removeprefix(_HEAD), known.default, known.description, low=known.low, high=known.high)
    for known in MONITOR
    if known.name.removeprefix(_HEAD) in ('period_s', 'timeout_s', 'success_at', 'hold', 'drop', 'stall_s')
)
"""Those of the node's parameters that a goal may set for itself."""
GOAL_NAME = Parameter('goal_name', '', 'a picture of the task done, by the name under which robobrain remember kept it')
START_NAME = Parameter('start_name', '', 'a picture of the task not begun, kept likewise; empty: what is seen first')
LEVELS = {DiagnosticStatus.OK: 'OK', DiagnosticStatus.WARN: 'WARN', DiagnosticStatus.ERROR: 'ERROR'}


async def progress(robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
    """Watch a task until it has an outcome, or the time is up."""
    timeout_s = given.get('timeout_s', robot.timeout_s)
    goal = Monitor.Goal(
        instruction=given['instruction'],
        camera=given.get('camera', ''),
        goal_name=given.get('goal_name', ''),
        start_name=given.get('start_name', ''),
        period=duration(given.get('period_s', 0.0)),
        timeout=duration(timeout_s),
        success_at=given.get('success_at', 0.0),
        hold=given.get('hold', 0),
        drop=given.get('drop', 0.0),
        stall=duration(given.get('stall_s', 0.0)),
    )
    result = await robot.monitor(goal, timeout_s, report)
    outcome = OUTCOMES[result.outcome]
    code = ErrorCode(result.error_code)
    if result.outcome == Monitor.Result.TIMEOUT:  # as wanted: it was watched for so long
        code = ErrorCode.OK
    values = {
        'outcome': outcome,
        'progress': result.progress,
        'samples': len(result.values),
        'invalid_samples': result.invalid,
        'latest': list(result.values)[-10:],
    }
    return Result(code.name, result.reason, values)


async def status(robot: Robot, given: Mapping[str, Any], report: Report) -> Result:
    """Tell how the node, its engine and its cameras are."""
    if not await robot.is_there():
        return Result.of(robot.absent)
    state = await robot.state()
    parts = {
        name: {
            'level': LEVELS.get(found.level, 'STALE'),
            'message': found.message,
            **{pair.key: pair.value for pair in found.values},
        }
        for name, found in (await robot.diagnostics()).items()
    }
    words = f'{robot.brain} is {state or "loading its model, perhaps: it does not tell its state"}'
    return Result(
        'OK' if state == 'active' else 'NOT_ACTIVE', words, {'node': robot.brain, 'state': state, 'parts': parts}
    )


WATCHING = (
    Tool(
        'progress',
        'Watches through the camera how far a task is that the robot, or a person, is doing: until it has succeeded, '
        'failed or stalled, or timeout_s is over. Progress is 0 at the start and 1 when it is done.',
        (INSTRUCTION, CAMERA, GOAL_NAME, START_NAME, *RULES),
        ('instruction',),
        progress,
    ),
    Tool(
        'status',
        "Tells how the robot's brain is: whether it takes questions, which cameras it has and whether they send "
        'pictures, and which model answers.',
        (),
        (),
        status,
    ),
)
"""In the order in which agents see them."""
