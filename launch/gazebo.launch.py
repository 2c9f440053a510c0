# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Gazebo Harmonic with the table top and its RGB-D camera, the bridge to ROS, and the node in simulated time."""

from collections.abc import Sequence
from pathlib import Path

from ament_index_python.packages import PackageNotFoundError, get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, ExecuteProcess, IncludeLaunchDescription, OpaqueFunction
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from robobrain_ros import checkpoints
from robobrain_ros.ros.end_launch import DIES_WITH_PARENT, end_launch
from robobrain_ros.ros.fastdds import image_profile
from robobrain_ros.sim.gazebo import commands, environment
from robobrain_ros.sim.sdf import camera_pose
from robobrain_ros.sim.view import OPTICAL_FRAME, WORLD_FRAME

SHARE = get_package_share_path('robobrain_ros')
CAMERA_FRAME = 'camera_link'
"""Stands where the optical frame does, with x forward, y left and z up."""
OPTICAL_ROTATION = ('-0.5', '0.5', '-0.5', '0.5')
"""From such a frame to its optical frame, x y z w (REP-103)."""


def start_gazebo(context: LaunchContext) -> list[Action]:
    """Gazebo, the bridge and the camera's frames; here, so that --show-args works without Gazebo."""
    try:
        get_package_share_path('ros_gz_bridge')
    except PackageNotFoundError as error:
        raise RuntimeError(
            'gazebo.launch.py needs ros_gz_bridge, which is not installed: '
            f'apt install ros-$ROS_DISTRO-ros-gz ({error.args[0]})'
        ) from error
    world = Path(LaunchConfiguration('world').perform(context))
    pose = camera_pose(world)
    headless = LaunchConfiguration('headless').perform(context) == 'true'
    return [
        *(
            ExecuteProcess(cmd=command, name=name, additional_env=environment(), on_exit=end_launch, output='screen')
            for name, command in commands(world, headless).items()
        ),
        Node(
            package='ros_gz_bridge',
            executable='parameter_bridge',
            exec_name='parameter_bridge',  # not the prefix
            prefix=DIES_WITH_PARENT,
            name='gz_bridge',
            namespace=LaunchConfiguration('namespace', default=''),
            parameters=[{'config_file': str(SHARE / 'config' / 'gz_bridge.yaml')}],
            additional_env=image_profile(),  # raw images need it
            output='screen',
        ),
        static_transform(WORLD_FRAME, CAMERA_FRAME, pose[:3], pose[3:]),
        static_transform(CAMERA_FRAME, OPTICAL_FRAME, ('0', '0', '0'), OPTICAL_ROTATION),
    ]


def static_transform(parent: str, child: str, place: Sequence[str], turn: Sequence[str]) -> Action:
    """A publisher of a frame that does not move."""
    names = ('--x', '--y', '--z', '--qx', '--qy', '--qz', '--qw')
    numbers = (word for pair in zip(names, [*place, *turn], strict=True) for word in pair)
    return Node(
        package='tf2_ros',
        executable='static_transform_publisher',
        exec_name='static_transform_publisher',
        prefix=DIES_WITH_PARENT,
        name=f'{child}_publisher',
        arguments=[*numbers, '--frame-id', parent, '--child-frame-id', child],
        output='log',
    )


def generate_launch_description() -> LaunchDescription:
    """Called by ``ros2 launch``."""
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'world',
                default_value=str(SHARE / 'worlds' / 'tabletop.sdf'),
                description='a table top: of this package, or made by python -m robobrain_ros.sim.sdf SEED FILE',
            ),
            DeclareLaunchArgument(
                'headless',
                default_value='false',
                choices=['true', 'false'],
                description='no window: only the server, which then draws through EGL',
            ),
            DeclareLaunchArgument(
                'model',
                default_value=checkpoints.TINY,
                description="directory of a model's Hugging Face files, or tiny: the demonstration checkpoint, made "
                'for this table',
            ),
            OpaqueFunction(function=start_gazebo),  # first: without Gazebo, nothing is started
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'robobrain.launch.py')),
                launch_arguments={'use_sim_time': 'true', 'model': LaunchConfiguration('model')}.items(),
            ),
        ]
    )
