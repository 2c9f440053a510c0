"""The node with its engine, one for each test file, and what stands around it: camera, client, listener.

For test files that say ``pytest_plugins = ('node_fixtures',)``.
"""

from collections import defaultdict

import psutil
import pytest
from geometry_msgs.msg import PointStamped, PoseArray
from nav_msgs.msg import Path
from rcl_interfaces.msg import Log
from rcl_interfaces.srv import GetParameters
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.qos import DurabilityPolicy, QoSProfile
from robobrain_ros.action import Query
from robobrain_ros.msg import Answer, Plan
from ros_helpers import SOON, Goal, Player, TestCamera, own_domain, ros, spinning, until
from std_msgs.msg import String

from robobrain_ros.client import ACTIVATE, CONFIGURE, Client
from robobrain_ros.node import RobobrainNode
from robobrain_ros.sim.scene import TableTop

SEED = 7
LONG = ('trajectory', 'reach the red plate')
"""A question whose answer takes some 64 tokens."""
TOPICS = {
    'answer': Answer,
    'target': PointStamped,
    'targets': PoseArray,
    'waypoints': PoseArray,
    'trajectory': Path,
    'plan': Plan,
}
STAGES = ['QUEUED', 'WAITING_IMAGE', 'PREFILL', 'DECODE', 'PARSE', 'PROJECT']


class Ears:
    """Hears all that the node says, and asks through the action, in a thread of its own."""

    def __init__(self, context, name='/robobrain'):
        self.node = Node('ears', context=context)
        self.heard = defaultdict(list)
        for topic, kind in TOPICS.items():
            self.node.create_subscription(kind, f'{name}/{topic}', lambda m, t=topic: self.heard[t].append(m), 10)
        self.log: list[Log] = []
        latched = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.node.create_subscription(Log, '/rosout', self.log.append, latched)
        many = QoSProfile(depth=1000)
        services = {f'{service}_service_qos_profile': many for service in ('goal', 'cancel', 'result')}
        self.action = ActionClient(self.node, Query, f'{name}/query', **services)
        self.instruction = self.node.create_publisher(String, f'{name}/instruction', 10)

    def goal(self, *arguments, **fields) -> Goal:
        return Goal(self.action, *arguments, **fields)

    def hear(self, topic: str, answer: Answer):
        """The message on a topic that belongs to an answer."""

        def found():
            return [message for message in self.heard[topic] if message.header == answer.header]

        return until(found, f'message on ~/{topic}')[-1]


@pytest.fixture(scope='module')
def domain():
    with own_domain() as domain:
        yield domain


@pytest.fixture(scope='module')
def far_context(domain):
    """Everything but the node: another participant."""
    with ros() as context:
        yield context


@pytest.fixture(scope='module')
def player(far_context):
    player = Player(TestCamera(far_context), TableTop(SEED))
    yield player
    player.close()


@pytest.fixture(scope='module')
def node(domain):
    with ros() as context:
        node = RobobrainNode(context=context)
        with spinning(node):
            yield node
        node.destroy_node()


@pytest.fixture(scope='module')
def client(far_context):
    client = Client(Node('client', context=far_context))
    yield client
    client.close()
    client.node.destroy_node()


@pytest.fixture(scope='module')
def ears(far_context):
    ears = Ears(far_context)
    with spinning(ears.node):
        yield ears
    ears.node.destroy_node()


@pytest.fixture(scope='module')
def configured(node, client, player, ears):
    """The one engine of this module."""
    client.transition(CONFIGURE, 110)
    until(ears.action.server_is_ready, 'the action server')
    return node


@pytest.fixture
def active(configured, client, player, ears):
    """The node, active again if the test before left it otherwise."""
    if client.state() == 'inactive':
        client.transition(ACTIVATE, SOON)
    until(lambda: configured._cameras[''].status().has_camera_info, 'camera_info')
    until(lambda: configured._cameras[''].status().depth_received, 'depth')
    until(lambda: configured._cameras[''].status().received, 'image')
    until(lambda: all(len(ears.node.get_publishers_info_by_topic(f'/robobrain/{topic}')) for topic in TOPICS), 'topics')
    ears.heard.clear()
    return configured


@pytest.fixture
def parameters(client):
    """Sets parameters for one test."""
    defaults = {}

    def set_parameters(**values):
        request = GetParameters.Request(names=list(values))
        found = client.call(GetParameters, '/robobrain/get_parameters', request, SOON).values
        for name, value in zip(values, found, strict=True):
            defaults.setdefault(name, parameter_value_to_python(value))
        client.set_parameters('/robobrain', **values)

    yield set_parameters
    if defaults:
        client.set_parameters('/robobrain', **defaults)


def idle(node) -> bool:
    return node._brain.engine.health().in_flight == 0


def now(node: Node):
    return node.get_clock().now().to_msg()


def place(point) -> tuple[float, float, float]:
    return point.x, point.y, point.z


def children() -> set[int]:
    """All processes below this one."""
    return {process.pid for process in psutil.Process().children(recursive=True)}
