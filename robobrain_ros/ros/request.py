# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One request as a client sent it, with the node's parameters filled in where it said nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Duration
from rclpy.parameter import parameter_value_to_python

from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.from_parameters import settings
from robobrain_ros.ros.parameters import BY_NAME, LONGEST_S
from robobrain_ros.tasks import parse_instruction


@dataclass(frozen=True)
class Request:
    """What one request asks for, complete; times in seconds."""

    request_id: str
    task: str
    instruction: str
    camera: str
    target_frame: str
    not_before_ns: int
    max_image_age: float
    image_timeout: float
    tf_timeout: float
    timeout: float
    settings: Settings

    @classmethod
    def read(cls, message: Any, values: Mapping[str, Any]) -> 'Request':
        """Read a request from a message with the fields of msg/Instruction.msg.

        :param values: the node's parameters
        :raises BadRequest: for options that are none, and values that make no sense
        """
        values = {**values, **_options(message.options)}
        camera = known_camera(message.camera, values['cameras'])
        age, timeout = seconds(message.max_image_age), seconds(message.timeout)
        if not (0 <= age <= LONGEST_S and 0 <= timeout <= LONGEST_S):
            raise BadRequest(
                f'timeout is {timeout:g} s and max_image_age is {age:g} s, but neither may be negative, '
                f'nor more than {LONGEST_S:g} s'
            )
        task, instruction = message.task.strip() or values['default_task'], message.instruction
        if not message.task.strip() and instruction.strip():
            task, instruction = parse_instruction(instruction, task)
        return cls(
            request_id=message.request_id,
            task=task,
            instruction=instruction,
            camera=camera,
            target_frame=message.target_frame or values['target_frame'],
            not_before_ns=message.not_before.sec * 10**9 + message.not_before.nanosec,
            max_image_age=age or values['max_image_age_s'],
            image_timeout=values['image_timeout_s'],
            tf_timeout=values['tf_timeout_s'],
            timeout=timeout or values['timeout_s'],
            settings=settings(values),
        )


def _options(options: Any) -> dict[str, Any]:
    values = {}
    for option in options:
        parameter = BY_NAME.get(option.name)
        if parameter is None or not parameter.per_request:
            can = ', '.join(name for name, known in BY_NAME.items() if known.per_request)
            raise BadRequest(f'option {option.name!r} cannot be set for one request; these can: {can}')
        try:
            value = parameter_value_to_python(option.value)
        except RuntimeError as error:
            raise BadRequest(f'option {option.name}: {error}') from error
        try:
            values[option.name] = parameter.read(value)
        except BadRequest as error:
            raise BadRequest(f'option {error}') from error
    return values


def known_camera(camera: str, cameras: Sequence[str], field: str = 'camera') -> str:
    """The camera that a client means.

    :param camera: its name; empty: the first one
    :param cameras: the names that there are
    :param field: where the client said it, in the words of an error
    :raises BadRequest: if there is none of this name
    """
    if not camera or camera in cameras:
        return camera or cameras[0]
    if not any(cameras):
        why = f'but this node has a single camera, which has no name: leave {field} empty'
    else:
        why = f'but must be one of {", ".join(map(repr, filter(None, cameras)))}, or empty'
    raise BadRequest(f'{field} is {camera!r}, {why}')


def time_of(name: str, duration: Duration, otherwise: float, low: float, high: float) -> float:
    """Seconds of a goal's field, which has to lie in a range.

    :param otherwise: what stands for zero
    :raises BadRequest: if it does not lie there
    """
    given = seconds(duration)
    if given and not low <= given <= high:
        raise BadRequest(f'{name} is {given:g} s, but must lie in {low:g} .. {high:g} s')
    return given or otherwise


def seconds(duration: Duration) -> float:
    """Length of a duration, seconds; may be negative."""
    return float(duration.sec + duration.nanosec / 1e9)
