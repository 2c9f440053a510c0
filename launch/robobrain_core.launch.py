"""The lifecycle node alone, brought up to active: include this one in a launch file of your robot."""

from ament_index_python.packages import get_package_share_path
from launch import LaunchContext, LaunchDescription
from launch.action import Action
from launch.actions import DeclareLaunchArgument, EmitEvent, GroupAction, OpaqueFunction, RegisterEventHandler
from launch.conditions import IfCondition
from launch.events import matches_action
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import LifecycleNode
from launch_ros.event_handlers import OnStateTransition
from launch_ros.events.lifecycle import ChangeState
from launch_ros.parameter_descriptions import ParameterValue
from lifecycle_msgs.msg import Transition

from robobrain_ros.ros import topics

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
            default_value='',
            description="directory of a model's Hugging Face files; empty: as params_file says",
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
            default_value='setpriv --pdeathsig TERM',
            description='what the node is started with; this ends it, and its engine, when ros2 launch is killed',
        ),
    ]


def start_node(context: LaunchContext) -> list[Action]:
    """Start the node and, with ``autostart``, ask it to configure and then to activate."""
    overrides = {
        name: ParameterValue(value, value_type=str) for name in OVERRIDES if (value := argument(context, name))
    }
    node = LifecycleNode(
        package='robobrain_ros',
        executable='robobrain_node',
        exec_name='robobrain_node',  # not the prefix
        prefix=LaunchConfiguration('prefix'),
        name=topics.NODE,
        namespace=LaunchConfiguration('namespace'),
        parameters=[
            LaunchConfiguration('params_file'),
            {'use_sim_time': ParameterValue(LaunchConfiguration('use_sim_time'), value_type=bool), **overrides},
        ],
        ros_arguments=['--log-level', LaunchConfiguration('log_level')],
        sigterm_timeout=argument(context, 'sigterm_timeout'),  # now: it is used when a group around this has ended
        output='screen',
        emulate_tty=True,
    )
    configure, activate = (
        EmitEvent(event=ChangeState(lifecycle_node_matcher=matches_action(node), transition_id=transition))
        for transition in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE)
    )
    # Once, and only from configuring: whoever deactivates or configures the node later keeps it as he set it.
    activate_when_configured = RegisterEventHandler(
        OnStateTransition(
            target_lifecycle_node=node,
            start_state='configuring',
            goal_state='inactive',
            entities=[activate],
            handle_once=True,
        )
    )
    autostart = GroupAction(
        [activate_when_configured, configure], scoped=False, condition=IfCondition(LaunchConfiguration('autostart'))
    )
    return [node, autostart]


def argument(context: LaunchContext, name: str) -> str:
    """An argument's value in this launch."""
    return str(LaunchConfiguration(name).perform(context))


def generate_launch_description() -> LaunchDescription:
    """Called by ``ros2 launch``."""
    return LaunchDescription([*declare_arguments(), OpaqueFunction(function=start_node)])
