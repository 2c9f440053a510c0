# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What one goal of action ``~/monitor`` asks for, with the node's parameters filled in where it says nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os.path import expanduser  # that of Path raises RuntimeError for a user who is not there
from pathlib import Path
from typing import Any

from robobrain_ros.action import Monitor
from robobrain_ros.brain import image_files
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.progress_rules import Rules
from robobrain_ros.brain.reference_images import Moment, ReferenceImages
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.monitor_parameters import LONGEST_PERIOD_S, LONGEST_S, SHORTEST_PERIOD_S
from robobrain_ros.ros.request import known_camera, time_of
from robobrain_ros.tasks.progress import Mode


@dataclass(frozen=True)
class MonitorGoal:
    """One goal, complete; times in seconds.

    :param cameras: names of the front, left and right one; None: the front view stands for it
    :param read_goal: reads the goal image, which may take some 10 ms; None where there is none
    :param read_start: reads the start image, likewise
    """

    instruction: str
    cameras: tuple[str, str | None, str | None]
    modes: tuple[Mode, ...]
    period: float
    timeout: float
    max_image_age: float
    image_timeout: float
    rules: Rules
    read_goal: Callable[[], Rgb] | None
    read_start: Callable[[], Rgb] | None

    @classmethod
    def read(cls, message: Monitor.Goal, values: Mapping[str, Any]) -> 'MonitorGoal':
        """Read a goal; its pictures are not looked at yet.

        :param values: the node's parameters
        :raises BadRequest: for what does not exist, or does not go together
        """
        read_goal = _goal_image(message, values)
        return cls(
            instruction=message.instruction,
            cameras=_cameras(message, values['cameras']),
            modes=_modes(message.modes, read_goal is not None),
            period=time_of('period', message.period, values['monitor.period_s'], SHORTEST_PERIOD_S, LONGEST_PERIOD_S),
            timeout=time_of('timeout', message.timeout, values['monitor.timeout_s'], 0.0, LONGEST_S),
            max_image_age=values['max_image_age_s'],
            image_timeout=values['image_timeout_s'],
            rules=Rules(
                success_at=_number(message.success_at) or values['monitor.success_at'],
                hold=message.hold or values['monitor.hold'],
                drop=_number(message.drop) or values['monitor.drop'],
                stall_s=time_of('stall', message.stall, values['monitor.stall_s'], 0.0, LONGEST_S),
                least_gain=values['monitor.least_gain'],
            ),
            read_goal=read_goal,
            read_start=_remembered(message.start_name, Moment.START, values),
        )


def _cameras(message: Monitor.Goal, names: Sequence[str]) -> tuple[str, str | None, str | None]:
    front = known_camera(message.camera, names)
    sides = [
        known_camera(side, names, field) if side else None
        for field, side in (('left_camera', message.left_camera), ('right_camera', message.right_camera))
    ]
    left, right = (None if side == front else side for side in sides)
    return front, left, right


def _modes(names: Sequence[str], with_goal: bool) -> tuple[Mode, ...]:
    known = {mode.value: mode for mode in Mode}
    for name in names:
        if name not in known:
            raise BadRequest(f'mode is {name[:20]!r}, but must be one of {", ".join(known)}')
        if known[name] is Mode.BACKWARD and not with_goal:
            raise BadRequest(
                f'mode {name!r} compares with the goal image, but there is none: set goal_image, goal_file or goal_name'
            )
    return tuple(mode for mode in Mode if (mode.value in names if names else with_goal or mode is not Mode.BACKWARD))


def _goal_image(message: Monitor.Goal, values: Mapping[str, Any]) -> Callable[[], Rgb] | None:
    given = {
        'goal_image': bool(message.goal_image.height or message.goal_image.width or len(message.goal_image.data)),
        'goal_file': bool(message.goal_file),
        'goal_name': bool(message.goal_name),
    }
    names = [name for name, is_given in given.items() if is_given]
    if len(names) > 1:
        raise BadRequest(f'{" and ".join(names)} are set, but there is one goal image: set one of them')
    if given['goal_image']:
        return lambda: to_rgb(message.goal_image)
    if given['goal_file']:
        return lambda: image_files.read(Path(expanduser(message.goal_file)))
    return _remembered(message.goal_name, Moment.GOAL, values)


def _remembered(name: str, moment: Moment, values: Mapping[str, Any]) -> Callable[[], Rgb] | None:
    images = ReferenceImages(values['monitor.directory'])
    return (lambda: images.read(name, moment)) if name else None


def _number(value: float) -> float:
    """A float32 as the decimal number that was written."""
    return round(float(value), 6)
