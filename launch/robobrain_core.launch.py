# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The lifecycle node alone, brought up to active: include this one in a launch file of your robot."""

import threading
from functools import partial
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, LogInfo, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.ros_adapters import get_ros_node
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.exceptions import InvalidHandle

from robobrain_ros.ros import topics
from robobrain_ros.ros.end_launch import DIES_WITH_PARENT, end_launch

CONFIG = get_package_share_path('robobrain_ros') / 'config'
OVERRIDES = ('model', 'device', 'image_transport')
"""Arguments that are parameters of the node, too; where they are not empty, they win over params_file."""


def declare_arguments() -> list[Action]:
    """What can be chosen on the command line or by the including launch file."""
    return [
        DeclareLaunchArgument('namespace', default_value='', description='namespace of the node and its topics'),
        DeclareLaunchArgument(
            'preset',
            default_value='robobrain',
            choices=['robobrain', 'laptop_cpu', 'desktop_gpu', 'jetson'],
            description='which parameter file of this package (config/PRESET.yaml) describes the computer',
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value=[f'{CONFIG}/', LaunchConfiguration('preset'), '.yaml'],
            description='parameter file of your own, instead of a preset',
        ),
        DeclareLaunchArgument(
            'model',
            description="directory of a model's Hugging Face files; or the address of a server that runs it, such as "
            'http://robot-server:9010; or tiny: the demonstration checkpoint, which knows the simulated table of this '
            'package only; required, and wins over params_file',
        ),
        DeclareLaunchArgument(
            'device',
            default_value='',
            choices=['', 'auto', 'cpu', 'cuda'],
            description='what runs the model; empty: as params_file says',
        ),
        DeclareLaunchArgument(
            'image_transport',
            default_value='',
            choices=['', 'raw', 'compressed'],
            description='raw: topic image; compressed: topic image/compressed; empty: as params_file says',
        ),
        DeclareLaunchArgument(
            'use_sim_time',
            default_value='false',
            choices=['true', 'false'],
            description='take the time from /clock, as with Gazebo or a played bag',
        ),
        DeclareLaunchArgument(
            'autostart',
            default_value='true',
            choices=['true', 'false'],
            description='configure and activate the node; false leaves that to a lifecycle manager',
        ),
        DeclareLaunchArgument(
            'required',
            default_value='true',
            choices=['true', 'false'],
            description='end the whole launch, with exit code 1 after a failure, when the node ends or cannot be '
            'configured or activated; false: everything else goes on',
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='info',
            choices=['debug', 'info', 'warn', 'error', 'fatal'],
            description='least severity that the node, and ROS inside it, log',
        ),
        DeclareLaunchArgument(
            'sigterm_timeout',
            default_value='20',
            description='seconds that the node has, after Ctrl-C, to end its engine before it gets SIGTERM',
        ),
        DeclareLaunchArgument(
            'prefix',
            default_value=DIES_WITH_PARENT,
            description='what the node is started with; this ends it, and its engine, when ros2 launch is killed',
        ),
    ]


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node and, with ``autostart``, ask it to configure and then to activate.

    :raises RuntimeError: if params_file is no file: launch would start the node without it
    """
    params_file = argument(context, 'params_file')
    if not Path(params_file).is_file():
        raise RuntimeError(f'params_file is {params_file!r}, but there is no such file')
    overrides = {
        name: ParameterValue(value, value_type=str) for name in OVERRIDES if (value := argument(context, name))
    }
    required = argument(context, 'required') == 'true'  # now, as below: used when a group around this has ended
    node = LifecycleNode(
        package='robobrain_ros',
        executable='robobrain_node',
        exec_name='robobrain_node',  # not the prefix
        prefix=LaunchConfiguration('prefix'),
        name=topics.NODE,
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            params_file,
            {'use_sim_time': ParameterValue(LaunchConfiguration('use_sim_time'), value_type=bool), **overrides},
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        sigterm_timeout=argument(context, 'sigterm_timeout'),
        output='screen',
        emulate_tty=True,
        on_exit=end_launch if required else None,
    )
    if argument(context, 'autostart') == 'false':
        return [node]
    return [node, OpaqueFunction(function=partial(begin_bring_up, node=node, required=required))]


def begin_bring_up(context: LaunchContext, node: LifecycleNode, required: bool) -> None:
    """Bring the node up in a thread, whose exceptions are launch's."""
    client = get_ros_node(context).create_client(ChangeState, f'{node.node_name}/change_state')
    context.add_completion_future(
        context.asyncio_loop.run_in_executor(None, bring_up, context, client, node.node_name, required)
    )


def bring_up(context: LaunchContext, client: Any, name: str, required: bool) -> None:
    """Configure and activate a node; blocks until it is active, or the launch ends.

    It waits for the replies: an event of a transition that fails at once may come before launch can hear it.

    :raises RuntimeError: if the node refuses, and is required
    """
    for transition, word in (
        (Transition.TRANSITION_CONFIGURE, 'configured'),
        (Transition.TRANSITION_ACTIVATE, 'activated'),
    ):
        try:
            reply = change_state(context, client, transition)
        except InvalidHandle:  # the launch has ended meanwhile, and with it the client
            return
        if reply is None:
            return
        if not reply.success:
            fault = f'{name} could not be {word}: its own messages above say why'
            if required:
                raise RuntimeError(fault)
            LogInfo(msg=fault).execute(context)
            return


def change_state(context: LaunchContext, client: Any, transition: int) -> ChangeState.Response | None:
    """Ask for a transition; blocks until the reply, or returns None as soon as the launch ends."""
    while not client.wait_for_service(timeout_sec=0.5):
        if context.is_shutdown:
            return None
    replied = threading.Event()
    reply = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
    reply.add_done_callback(lambda _: replied.set())
    while not replied.wait(0.5):
        if context.is_shutdown:
            return None
    return reply.result()


def argument(context: LaunchContext, name: str) -> str:
    """An argument's value in this launch."""
    return str(LaunchConfiguration(name).perform(context))


def generate_launch_description() -> LaunchDescription:
    """Called by ``ros2 launch``."""
    return LaunchDescription([*declare_arguments(), OpaqueFunction(function=start_node)])
