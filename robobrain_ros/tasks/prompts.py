# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The texts with which the models are asked; ``{t}`` stands for what the user says.

Sources: those of RoboBrain 2.5 and 2.0 follow ``inference.py`` of the public repositories FlagOpen/RoboBrain2.5 and
FlagOpen/RoboBrain2.0, byte for byte; the tiny checkpoint was trained on those of 2.5 and ``PLAN_TINY``. No planning
prompt is published for RoboBrain 2.5; the one here asks for the JSON that ``planning.SCHEMA`` describes.
"""

from collections.abc import Mapping
from types import MappingProxyType

POINT = (
    '{t}. Please provide its 2D coordinates. Your answer should be formatted as a tuple, i.e. [(x, y)], '
    'where the tuple contains the x and y coordinates of a point satisfying the conditions above.'
)
BOX = 'Please provide the bounding box coordinate of the region this sentence describes: {t}.'
WAYPOINTS = (
    'Please predict 3D end-effector-centric waypoints to complete the task successfully. The task is '
    '"{t}". Your answer should be formatted as a list of tuples, i.e., [(x1, y1, d1), (x2, y2, d2), '
    '...], where each tuple contains the x and y coordinates and the depth of the point.'
)
JSON_PLAN = (
    'The task is "{t}". Please list the steps that the robot should take to complete the task, using '
    'only what is visible in the image. Your answer should be formatted as JSON, i.e. {"steps": '
    '[{"action": "...", "object": "...", "destination": "...", "description": "..."}, ...]}, where '
    'action is one verb, object is what is acted on, destination is where it goes or "", and description '
    'is the step in a short sentence.'
)

# RoboBrain 2.0's own
POINT_2_0 = (
    '{t}. Your answer should be formatted as a list of tuples, i.e. [(x1, y1), (x2, y2), ...], where each tuple '
    'contains the x and y coordinates of a point satisfying the conditions above. The coordinates should indicate the '
    'normalized pixel locations of the points in the image.'
)
AREA_2_0 = (
    'You are a robot using the joint control. The task is "{t}". Please predict a possible affordance area of the end '
    'effector.'
)
WAYPOINTS_2_0 = (
    'You are a robot using the joint control. The task is "{t}". Please predict up to 10 key trajectory points to '
    'complete the task. Your answer should be formatted as a list of tuples, i.e. [[x1, y1], [x2, y2], ...], where '
    'each tuple contains the x and y coordinates of a point.'
)
PLAN_TINY = 'The task is "{t}". Please list the steps to complete the task.'


def by_task(pointing: str, affordance: str, trajectory: str, planning: str) -> Mapping[str, str]:
    """A profile's prompts by the names of the tasks; general is what the user says, grounding is the same for all."""
    return MappingProxyType(
        {
            'general': '{t}',
            'pointing': pointing,
            'affordance': affordance,
            'grounding': BOX,
            'trajectory': trajectory,
            'planning': planning,
        }
    )
