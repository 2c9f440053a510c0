# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The brain on the topics of your camera, and the node that has an arm carry out its plans.

``ros2 launch robobrain_ros arm.launch.py model:=/models/RoboBrain2.5-8B-NV image:=/camera/color/image_raw``
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

from robobrain_ros.planners.arm import topics
from robobrain_ros.ros import topics as brain_topics
from robobrain_ros.ros.end_launch import DIES_WITH_PARENT, end_launch

SHARE = get_package_share_path('robobrain_ros')


def start_arm(context: LaunchContext) -> list[Action]:
    """Start the node that moves the arm, and the simulated arm where that is asked for.

    :raises RuntimeError: if arm_params_file is no file: launch would start the node without it
    """
    params_file = LaunchConfiguration('arm_params_file').perform(context)
    if not Path(params_file).is_file():
        raise RuntimeError(f'arm_params_file is {params_file!r}, but there is no such file')
    simulated = LaunchConfiguration('simulated_arm').perform(context) == 'true'
    sim_time = ParameterValue(LaunchConfiguration('use_sim_time', default='false'), value_type=bool)
    namespace = LaunchConfiguration('namespace', default='')
    camera = {
        name: LaunchConfiguration(argument, default=name)
        for name, argument in ((brain_topics.DEPTH_IMAGE, 'depth_image'), (brain_topics.CAMERA_INFO, 'camera_info'))
    }
    nodes: list[Action] = [
        Node(
            package='robobrain_ros',
            executable='robobrain_arm',
            exec_name='robobrain_arm',  # not the prefix
            prefix=DIES_WITH_PARENT,
            name=topics.NODE,
            namespace=namespace,
            parameters=[
                params_file,
                {'use_sim_time': sim_time} | ({'camera_pose': 'topic'} if simulated else {}),
            ],
            remappings=list(camera.items()),
            output='screen',
            on_exit=end_launch,
        )
    ]
    if simulated:
        nodes.append(
            Node(
                package='robobrain_ros',
                executable='simulated_arm',
                exec_name='simulated_arm',
                prefix=DIES_WITH_PARENT,
                namespace=namespace,
                output='screen',
                on_exit=end_launch,
            )
        )
    return nodes


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
                'simulated_arm',
                default_value='false',
                choices=['true', 'false'],
                description='true: start a simulated UR5e with its camera, instead of a robot; needs MuJoCo',
            ),
            DeclareLaunchArgument(
                'arm_params_file',
                default_value=str(SHARE / 'config' / 'arm.yaml'),
                description='parameter file of robobrain_arm',
            ),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'robobrain.launch.py')),
                launch_arguments={'model': LaunchConfiguration('model')}.items(),
            ),
            OpaqueFunction(function=start_arm),
        ]
    )
