# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The commands that run Gazebo so that it ends with what started it, also when that is killed."""

import os
import shutil
from pathlib import Path

from robobrain_ros.ros.end_launch import DIES_WITH_PARENT

PLUGIN_PATH = 'GZ_SIM_SYSTEM_PLUGIN_PATH'


def commands(world: Path, headless: bool) -> dict[str, list[str]]:
    """Return the command of each process of Gazebo, by the process's name.

    ``gz sim`` alone would fork server and window into process groups of their own, which live on when it is killed.
    With ``-s`` and ``-g`` each of the two is one process.

    :param world: SDF file of the world, which starts to run at once
    :param headless: no window; the server then draws through EGL, without a display
    :raises RuntimeError: Gazebo is not installed; says what to install
    """
    gz = shutil.which('gz')
    if gz is None:
        raise RuntimeError(
            'gazebo.launch.py needs the command gz of Gazebo, which is not in PATH: apt install ros-$ROS_DISTRO-ros-gz'
        )
    start = [*DIES_WITH_PARENT.split(), gz, 'sim']
    if headless:
        return {'gazebo_server': [*start, '-s', '--headless-rendering', '-r', str(world)]}
    return {'gazebo_server': [*start, '-s', '-r', str(world)], 'gazebo_window': [*start, '-g']}


def environment() -> dict[str, str]:
    """Return what Gazebo needs to find its plugins that ROS packages bring, such as gz_ros2_control.

    They lie with the libraries of those packages; ros_gz_sim's own launch file sets the same.
    """
    paths = [os.environ.get(name, '') for name in (PLUGIN_PATH, 'LD_LIBRARY_PATH')]
    return {PLUGIN_PATH: os.pathsep.join(filter(None, paths))}
