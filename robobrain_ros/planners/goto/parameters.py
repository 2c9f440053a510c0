# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The parameters of the node robobrain_goto: names, types, ranges, defaults and meanings in one table.

Renew config/goto.yaml after a change: ``python -m robobrain_ros.planners.goto.parameters config/goto.yaml``.
"""

from collections.abc import Mapping
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros import topics, write_parameters
from robobrain_ros.ros.parameter import Parameter

PARAMETERS = (
    Parameter('brain', topics.NODE, 'name of the node that is asked, in this namespace unless it begins with /'),
    Parameter('camera', '', "which of the brain's cameras looks; '': its first one", dynamic=True, shared=True),
    Parameter('map_frame', 'map', 'fixed frame of the costmap, of the robot pose and of the goal pose'),
    Parameter('base_frame', 'base_link', "the robot's own frame, x forward; with robot_pose tf or answer_frame base"),
    Parameter(
        'robot_pose',
        'tf',
        "where the robot's pose comes from; tf: tf2, from base_frame to map_frame; topic: amcl_pose",
        ('tf', 'topic'),
    ),
    Parameter(
        'answer_frame',
        'map',
        'where the brain says that things are; map: in map_frame; base: in base_frame, which robot_pose topic then '
        'turns into map_frame: for a camera that is fixed on the robot, on hosts without tf2',
        ('map', 'base'),
    ),
    Parameter(
        'drive',
        'topic',
        'topic: only publish the goal pose; action: also drive there, by nav2_msgs/NavigateToPose',
        ('topic', 'action'),
    ),
    Parameter(
        'follow_s',
        0.0,
        'ask again so often, s, and publish object_pose each time, which Nav2 may follow; 0: ask once, for a goal pose',
        low=0.0,
        high=60.0,
        dynamic=True,
        shared=True,
    ),
    Parameter(
        'lost_s',
        5.0,
        'following ends when the target has not been seen for so long, s',
        low=0.0,
        high=600.0,
        dynamic=True,
        shared=True,
    ),
    Parameter(
        'standoff_m',
        0.8,
        'least distance between the robot and the target, m: half its depth and what its arm needs',
        low=0.05,
        high=10.0,
        dynamic=True,
        shared=True,
    ),
    Parameter(
        'max_standoff_m',
        1.2,
        'greatest distance, m: more than half of a table with the target in its middle, and the inflation radius',
        low=0.05,
        high=10.0,
        dynamic=True,
        shared=True,
    ),
    Parameter(
        'max_costmap_age_s',
        10.0,
        'an older costmap is not used, s; 0: any is, such as one that is published once',
        low=0.0,
        high=3600.0,
        dynamic=True,
        shared=True,
    ),
    Parameter(
        'timeout_s', 30.0, 'longest time that a question may take, s', low=0.1, high=3600.0, dynamic=True, shared=True
    ),
)


def check(values: Mapping[str, Any]) -> None:
    """Check values that have to go together.

    :raises BadRequest: if they do not; the sentence quotes them
    """
    if values['standoff_m'] > values['max_standoff_m']:
        raise BadRequest(
            f'standoff_m is {values["standoff_m"]} and max_standoff_m is {values["max_standoff_m"]}, '
            'but max_standoff_m must not be less than standoff_m'
        )
    if values['answer_frame'] == 'base' and values['robot_pose'] != 'topic':
        raise BadRequest(
            f"answer_frame is 'base', but robot_pose is {values['robot_pose']!r}: set it to 'topic', or "
            "answer_frame to 'map', since tf2 tells the brain where the robot is"
        )
    for name in ('brain', 'map_frame', 'base_frame'):
        if not values[name]:
            raise BadRequest(f"{name} is '', but must be a name")


MODULE = 'robobrain_ros.planners.goto.parameters'
MARKS = '# Those with + can be set while the node runs; the others only when it starts.'


def ros_file() -> str:
    """A ROS parameter file (YAML) with every parameter at its default."""
    return write_parameters.ros_file(PARAMETERS, MODULE, MARKS)


if __name__ == '__main__':
    write_parameters.main(MODULE, ros_file())
