# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What one goal of action ``~/track`` asks for, with the node's parameters filled in where it says nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from robobrain_ros.action import Track
from robobrain_ros.brain.pursuit import PursuitRules
from robobrain_ros.msg import Instruction
from robobrain_ros.ros.request import Request, time_of
from robobrain_ros.ros.track_parameters import LONGEST_PERIOD_S, LONGEST_S, SHORTEST_LOST_S, SHORTEST_PERIOD_S

DEFAULT_TASK = 'pointing'


@dataclass(frozen=True)
class TrackGoal:
    """One goal, complete; times in seconds."""

    request: Request
    """What the model is asked, again and again; its ``timeout`` is that of each question."""
    rules: PursuitRules
    timeout: float
    lost: float
    """It ends when the thing was not seen for so long."""

    @classmethod
    def read(cls, message: Track.Goal, values: Mapping[str, Any]) -> 'TrackGoal':
        """Read a goal.

        :param values: the node's parameters
        :raises BadRequest: for what does not exist, or makes no sense; the task itself is not looked at
        """
        asked = Instruction(
            task=message.task,
            instruction=message.instruction,
            camera=message.camera,
            target_frame=message.target_frame,
            not_before=message.not_before,
            max_image_age=message.max_image_age,
            options=message.options,
        )
        return cls(
            request=Request.read(asked, {**values, 'default_task': DEFAULT_TASK}),
            rules=PursuitRules(
                period_s=time_of(
                    'period', message.period, values['track.period_s'], SHORTEST_PERIOD_S, LONGEST_PERIOD_S
                ),
                unconfirmed_s=values['track.unconfirmed_s'],
            ),
            timeout=time_of('timeout', message.timeout, values['track.timeout_s'], 0.0, LONGEST_S),
            lost=time_of('lost', message.lost, values['track.lost_s'], SHORTEST_LOST_S, LONGEST_S),
        )
