# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The brain on the topics of your camera, and the node that has Nav2 drive to what it is told; Nav2 runs already.

``ros2 launch robobrain_ros nav2.launch.py model:=/models/RoboBrain2.5-8B-NV image:=/camera/image_raw``
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from robobrain_ros.planners.goto import topics
from robobrain_ros.ros.end_launch import DIES_WITH_PARENT, end_launch

SHARE = get_package_share_path('robobrain_ros')


def start_goto(context: LaunchContext) -> list[Action]:
    """Start the node that asks the brain and sends Nav2 the pose.

    :raises RuntimeError: if goto_params_file is no file: launch would start the node without it
    """
    params_file = LaunchConfiguration('goto_params_file').perform(context)
    if not Path(params_file).is_file():
        raise RuntimeError(f'goto_params_file is {params_file!r}, but there is no such file')
    drive = LaunchConfiguration('drive').perform(context)
    return [
        Node(
            package='robobrain_ros',
            executable='robobrain_goto',
            exec_name='robobrain_goto',  # not the prefix
            prefix=DIES_WITH_PARENT,
            name=topics.NODE,
            namespace=LaunchConfiguration('namespace', default=''),
            parameters=[
                params_file,
                {
                    'use_sim_time': ParameterValue(
                        LaunchConfiguration('use_sim_time', default='false'), value_type=bool
                    ),
                    'drive': 'action' if drive == 'action' else 'topic',
                },
            ],
            remappings=[(topics.GOAL_POSE, 'goal_pose')] if drive == 'topic' else [],
            output='screen',
            on_exit=end_launch,
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Called by ``ros2 launch``."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'model',
                description="directory of a model's Hugging Face files; or the address of a server that runs it, such "
                'as http://robot-server:9010; required, and wins over params_file',
            ),
            DeclareLaunchArgument(
                'drive',
                default_value='topic',
                choices=['topic', 'action', 'none'],
                description="topic: publish the pose on goal_pose, where Nav2 takes it; action: call Nav2's "
                'NavigateToPose, which needs nav2_msgs; none: publish it on robobrain_goto/goal_pose, nothing moves',
            ),
            DeclareLaunchArgument(
                'goto_params_file',
                default_value=str(SHARE / 'config' / 'goto.yaml'),
                description='parameter file of robobrain_goto',
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'robobrain.launch.py')),
                launch_arguments={'model': LaunchConfiguration('model')}.items(),
            ),
            OpaqueFunction(function=start_goto),
        ]
    )
