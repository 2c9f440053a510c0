# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain monitor`` and ``robobrain remember`` do with the running node."""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robobrain_ros.action import Monitor
from robobrain_ros.brain import image_files
from robobrain_ros.brain.progress_rules import MOST_HOLD, Outcome
from robobrain_ros.commands.monitor_line import ProgressLine
from robobrain_ros.commands.output import results
from robobrain_ros.commands.running_node import check_name, connect, state_of
from robobrain_ros.errors import BadRequest, ErrorCode
from robobrain_ros.msg import Progress
from robobrain_ros.ros.camera.image_bridge import CvBridge
from robobrain_ros.ros.client import Client, Rejected, duration
from robobrain_ros.ros.monitor_parameters import LONGEST_S
from robobrain_ros.srv import Remember

OUTCOMES = {getattr(Monitor.Result, name): name for name in ('NOT_MONITORED', *Outcome.__members__)}
"""Names of the action's constants."""
DIGITS = 4
"""Decimal digits of figures in JSON."""


@dataclass(frozen=True)
class MonitorOptions:
    """What the command line says; 0 and empty texts leave it to the node."""

    task: str
    goal: str
    start: str
    node: str
    cameras: tuple[str, str, str]
    modes: Sequence[str]
    period_s: float
    timeout_s: float
    success_at: float
    hold: int
    drop: float
    stall_s: float
    json: bool


def monitor(asked: MonitorOptions) -> int:
    """Let the node watch a task, and show its progress; blocks until there is an outcome.

    :returns: the exit code: 0 if the task has succeeded, else 1
    :raises BrainError: for what can be seen to be wrong before the node is asked
    :raises NoReply: if the node is not there, rejects the goal, or ends meanwhile
    """
    check_name(asked.node)
    if asked.timeout_s > LONGEST_S:
        raise BadRequest(f'--timeout is {asked.timeout_s:g}, but must be at most {LONGEST_S:g} seconds')
    if asked.hold > MOST_HOLD:  # a very large one would become another number on its way
        raise BadRequest(f'--hold is {asked.hold}, but must be at most {MOST_HOLD}')
    goal = _goal(asked)
    with results(asked.json) as tell, connect(asked.node) as client:
        result = _watch(client, asked, goal, tell)
    outcome = OUTCOMES[result.outcome]
    if not asked.json:
        code = '' if result.error_code == ErrorCode.OK else f' ({ErrorCode(result.error_code).name})'
        print(f'{outcome}{code}: {result.reason}')
    return 0 if result.outcome == Monitor.Result.SUCCEEDED else 1


def remember(name: str, start: bool, image: Path | None, node: str, camera: str) -> int:
    """Let the node keep an image, and print where it is; blocks until then.

    :param start: it shows the start of the task, not its goal
    :param image: a picture file; None: the newest image of ``camera``
    :returns: 0
    :raises BrainError: if the file cannot be read, or the node cannot keep the image
    :raises NoReply: if the node is not there or does not answer
    """
    check_name(node)
    request: dict[str, Any] = {'camera': camera, 'kind': Remember.Request.START if start else Remember.Request.GOAL}
    if image is not None:
        request['image'] = CvBridge().cv2_to_imgmsg(image_files.read(image), 'rgb8')
    with connect(node) as client:
        print(client.remember(name, **request))
    return 0


def _goal(asked: MonitorOptions) -> dict[str, Any]:
    front, left, right = asked.cameras
    goal: dict[str, Any] = {
        'camera': front,
        'left_camera': left,
        'right_camera': right,
        'start_name': asked.start,
        'modes': list(asked.modes),
        'period': duration(asked.period_s),
        'success_at': asked.success_at,
        'hold': asked.hold,
        'drop': asked.drop,
        'stall': duration(asked.stall_s),
    }
    if Path(asked.goal).suffix.lower() in image_files.ENDINGS or Path(asked.goal).is_file():
        goal['goal_image'] = CvBridge().cv2_to_imgmsg(image_files.read(Path(asked.goal)), 'rgb8')
    else:
        goal['goal_name'] = asked.goal
    return goal


def _watch(client: Client, asked: MonitorOptions, goal: dict[str, Any], tell: Any) -> Monitor.Result:
    try:
        watched = client.monitor(asked.task, asked.timeout_s, **goal)
    except Rejected as error:
        raise Rejected(f'{error}; {state_of(client)}') from None
    with watched, nullcontext() if asked.json else ProgressLine(asked.task) as line:
        for feedback in watched:
            sample = feedback.sample
            tell(progress_record(sample))
            if line is not None:
                line.show(feedback.elapsed_s, sample.value, _details(sample), sample.error_message)
    assert watched.result is not None
    tell(
        {
            'outcome': OUTCOMES[watched.result.outcome],
            'code': ErrorCode(watched.result.error_code).name,
            'reason': watched.result.reason,
            'progress': _figure(watched.result.progress),
            'samples': len(watched.result.values),
            'invalid': watched.result.invalid,
        }
    )
    return watched.result


def _details(sample: Progress) -> dict[str, float]:
    names = ('hop', 'incremental', 'forward', 'backward')
    return {name: getattr(sample, name) for name in names}


def progress_record(sample: Progress) -> dict[str, Any]:
    """Return a sample as plain values; what is unknown is None."""
    stamp = sample.header.stamp
    return {
        'image_stamp': f'{stamp.sec}.{stamp.nanosec:09}',
        'camera': sample.camera,
        'progress': _figure(sample.value),
        **{name: _figure(value) for name, value in _details(sample).items()},
        'weight': _figure(sample.weight),
        'code': ErrorCode(sample.error_code).name,
        'message': sample.error_message,
    }


def _figure(value: float) -> float | None:
    return None if math.isnan(value) else round(value, DIGITS)
