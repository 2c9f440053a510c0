# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node on the topics of your camera.

``ros2 launch robobrain_ros robobrain.launch.py model:=/models/RoboBrain2.5-8B-NV image:=/camera/image_raw``
"""

from ament_index_python.packages import get_package_share_path
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    IncludeLaunchDescription,
    PopEnvironment,
    PopLaunchConfigurations,
    PushEnvironment,
    PushLaunchConfigurations,
    SetEnvironmentVariable,
)
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import SetRemap

from robobrain_ros.ros import topics
from robobrain_ros.ros.fastdds import image_profile

CORE = get_package_share_path('robobrain_ros') / 'launch' / 'robobrain_core.launch.py'


def generate_launch_description() -> LaunchDescription:
    """Called by ``ros2 launch``."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'model',
                description="directory of a model's Hugging Face files; or the address of a server that runs it, such "
                'as http://robot-server:9010; or tiny: the demonstration checkpoint, which knows the simulated table '
                'of this package only; required, and wins over params_file',
            ),
            DeclareLaunchArgument(
                'image',
                default_value=topics.IMAGE,
                description="topic of the camera's colour images; also with image_transport compressed without its "
                '/compressed',
            ),
            DeclareLaunchArgument(
                'camera_info',
                default_value=topics.CAMERA_INFO,
                description='topic of the intrinsics of the colour camera',
            ),
            DeclareLaunchArgument(
                'depth_image',
                default_value=topics.DEPTH_IMAGE,
                description='topic of depth registered to the colour images: 16UC1 in mm or 32FC1 in m',
            ),
            # What GroupAction does, which would hide the arguments of the included file from --show-args.
            PushLaunchConfigurations(),
            PushEnvironment(),
            *(SetEnvironmentVariable(name, value) for name, value in image_profile().items()),
            SetRemap(topics.IMAGE, LaunchConfiguration('image')),
            SetRemap(topics.CAMERA_INFO, LaunchConfiguration('camera_info')),
            SetRemap(topics.DEPTH_IMAGE, LaunchConfiguration('depth_image')),
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(CORE)),
                launch_arguments={'model': LaunchConfiguration('model')}.items(),  # else launch says that it lacks one
            ),
            PopEnvironment(),
            PopLaunchConfigurations(),
        ]
    )
