# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A simulated camera over a table top, the node with the model that ships, and RViz where it is installed."""

from ament_index_python.packages import PackageNotFoundError, get_package_prefix, get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, LogInfo, OpaqueFunction
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from robobrain_ros import checkpoints
from robobrain_ros.ros import topics
from robobrain_ros.ros.end_launch import DIES_WITH_PARENT, end_launch

SHARE = get_package_share_path('robobrain_ros')


def start_rviz(context: LaunchContext) -> list[Action]:
    """RViz with the answers of the node in its namespace, or a line that says why not."""
    namespace = LaunchConfiguration('namespace', default='').perform(context).strip('/')
    prefix = f'/{namespace}' if namespace else ''
    try:
        get_package_prefix('rviz2')
    except PackageNotFoundError:
        answers = ' and '.join(f'{prefix}/{topics.NODE}/{name}' for name in (topics.ANSWER, topics.ANNOTATED))
        return [LogInfo(msg=f'rviz2 is not installed: the answers are on {answers}')]
    names = [*topics.CAMERA, *(f'{topics.NODE}/{name}' for name in topics.OUTPUTS)]
    return [
        Node(
            package='rviz2',
            executable='rviz2',
            arguments=['-d', str(SHARE / 'config' / 'robobrain.rviz')],
            remappings=[(f'/{name}', f'{prefix}/{name}') for name in names] if prefix else [],
        )
    ]


def generate_launch_description() -> LaunchDescription:
    """Called by ``ros2 launch``."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'model',
                default_value=checkpoints.TINY,
                description="directory of a model's Hugging Face files, or tiny: the demonstration checkpoint, made "
                'for this table',
            ),
            DeclareLaunchArgument('seed', default_value='7', description='which table top the camera sees, 0 or more'),
            DeclareLaunchArgument(
                'rviz', default_value='true', choices=['true', 'false'], description='show RViz, where it is installed'
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'robobrain.launch.py')),
                launch_arguments={'model': LaunchConfiguration('model')}.items(),
            ),
            Node(
                package='robobrain_ros',
                executable='simulated_camera',
                exec_name='simulated_camera',  # not the prefix
                prefix=DIES_WITH_PARENT,
                namespace=LaunchConfiguration('namespace', default=''),
                parameters=[
                    {
                        'seed': ParameterValue(LaunchConfiguration('seed'), value_type=int),
                        'image_transport': 'compressed',  # both kinds, so that the node may take either
                    }
                ],
                output='screen',
                on_exit=end_launch,
            ),
            OpaqueFunction(function=start_rviz, condition=IfCondition(LaunchConfiguration('rviz'))),
        ]
    )
