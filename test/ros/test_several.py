# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Several cameras on one node, and two nodes side by side: who answers, about which image, and who hears it."""

import sys
import threading
from contextlib import ExitStack

import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from node_fixtures import LONG, Ears, place
from rcl_interfaces.msg import Parameter as OptionMessage
from rclpy.node import Node
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer, Instruction, Target
from robobrain_ros.srv import Ask
from ros_helpers import SOON, Player, TestCamera, own_domain, ros, spinning, until
from std_msgs.msg import String
from visualization_msgs.msg import MarkerArray

from robobrain_ros.commands.local_stack import LocalStack, bring_up
from robobrain_ros.ros.client import DEACTIVATE, Client
from robobrain_ros.ros.node import RobobrainNode
from robobrain_ros.sim.scene import TableTop

pytestmark = [
    pytest.mark.ros,
    pytest.mark.engine,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
PLATE = 'the red plate'


def start_here(stack: ExitStack, namespace: str, **parameters) -> RobobrainNode:
    """A node in this process."""
    overrides = [Parameter(name, value=value) for name, value in ({'model': 'tiny'} | parameters).items()]
    node = RobobrainNode(context=stack.enter_context(ros()), namespace=namespace, parameter_overrides=overrides)
    stack.callback(node.destroy_node)
    stack.enter_context(spinning(node))
    return node


class Side:
    """What stands around the node in a namespace."""

    def __init__(self, stack: ExitStack, far_context, namespace: str, seeds: dict[str, int]) -> None:
        """:param seeds: of the scenes that the cameras show, by the cameras' names"""
        self.client = Client(Node(f'client_of_{namespace}', context=far_context), f'/{namespace}/robobrain')
        stack.callback(self.client.close)
        self.ears = Ears(far_context, f'/{namespace}/robobrain')
        stack.enter_context(spinning(self.ears.node))
        self.players = {}
        for name, seed in seeds.items():
            prefix = f'/{namespace}/{name}' if name else f'/{namespace}'
            names = [f'{prefix}/{topic}' for topic in ('image', 'depth/image', 'camera_info')]
            camera = TestCamera(far_context, names=names, frame=f'{namespace}_{name}_optical')
            self.players[name] = Player(camera, TableTop(seed))
            stack.callback(self.players[name].close)

    def up(self) -> None:
        bring_up(self.client)
        until(self.ears.action.server_is_ready, 'the action server')

    def hear_nothing(self) -> dict[str, list]:
        """What was heard before, and an empty record from now on."""
        heard = dict(self.ears.heard)
        self.ears.heard.clear()
        return heard


@pytest.fixture(scope='module')
def sides():
    """Node /a with two cameras, on demand, and node /b with one, in a process of its own."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setitem(sys.modules, 'tf2_ros', None)  # as on hosts without it
        stack.enter_context(own_domain())
        far = stack.enter_context(ros())
        two = {'cameras': ['front', 'wrist'], 'image_subscription': 'on_demand', 'image_idle_s': 0.3}
        a, b = Side(stack, far, 'a', {'front': 7, 'wrist': 3}), Side(stack, far, 'b', {'': 7})
        stack.enter_context(LocalStack()).start('ros.node', ['--ros-args', '-r', '__ns:=/b', '-p', 'model:=tiny'])
        a.node = start_here(stack, 'a', **two)
        starts = [threading.Thread(target=side.up) for side in (a, b)]
        for start in starts:
            start.start()
        for start in starts:
            start.join(115)
        assert {a.client.state(), b.client.state()} == {'active'}
        yield a, b


@pytest.fixture
def a(sides):
    sides[0].hear_nothing()
    return sides[0]


@pytest.fixture
def b(sides):
    sides[1].hear_nothing()
    return sides[1]


def option(name, value) -> OptionMessage:
    return Parameter(name, value=value).to_parameter_msg()


# --- cameras ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(('asked', 'camera'), [('front', 'front'), ('wrist', 'wrist'), ('', 'front')])
def test_a_goal_names_its_camera(a, asked, camera):
    answer = a.client.query('pointing', PLATE, camera=asked)
    assert answer.error_code == Answer.OK, answer.error_message
    assert (answer.camera, answer.header.frame_id) == (camera, f'a_{camera}_optical')
    assert answer.position_frame == answer.header.frame_id
    assert answer.header.stamp in a.players[camera].stamps
    target = answer.targets[0]
    depth = a.players[camera].scene.render()[1]
    assert target.status == Target.STATUS_OK, list(answer.warnings)
    assert abs(target.position.z - depth[round(target.v), round(target.u)]) < 0.02
    point = a.ears.hear('target', answer)
    assert place(point.point) == place(target.position)


def test_an_unknown_camera_is_refused_with_the_names_of_those_that_there_are(a):
    status, result = a.ears.goal('pointing', PLATE, camera='rear').end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.BAD_REQUEST)
    assert "'rear', but must be one of 'front', 'wrist'" in result.error_message


def test_on_demand_only_the_camera_that_is_asked_is_listened_to(a):
    cameras = a.node._cameras
    until(lambda: not any(camera.status().subscribed for camera in cameras.values()), 'release')
    before = {name: camera.status().received for name, camera in cameras.items()}
    answer = a.client.query('pointing', PLATE, camera='wrist')
    assert answer.error_code == Answer.OK, answer.error_message
    assert answer.targets[0].status == Target.STATUS_OK, 'depth and intrinsics of the first image are there, too'
    assert cameras['wrist'].status().received > before['wrist']
    assert cameras['front'].status().received == before['front']


# --- what a request may say -------------------------------------------------------------------------------------------
def test_the_request_topic_takes_options_for_one_request(a, monkeypatch):
    asked, generate = [], a.node._brain.engine.generate
    monkeypatch.setattr(a.node._brain.engine, 'generate', lambda one: asked.append(one) or generate(one))
    publisher = a.ears.node.create_publisher(Instruction, '/a/robobrain/request', 10)
    until(publisher.get_subscription_count, 'the subscription')
    guided = [option('guided_decoding', True), option('max_depth_m', 0.2)]
    for options in (guided, []):
        a.hear_nothing()
        publisher.publish(Instruction(task='pointing', instruction='red plate', camera='wrist', options=options))
        # the answer to the test before may come only now
        (answer,) = until(lambda: [one for one in a.ears.heard['answer'] if one.instruction == 'red plate'], 'answer')
        assert (answer.error_code, answer.camera) == (Answer.OK, 'wrist')
        expected = Target.STATUS_OUT_OF_RANGE if options else Target.STATUS_OK
        assert answer.targets[0].status == expected
    assert [one.guide is not None for one in asked] == [True, False]
    a.hear_nothing()
    timeout = Duration(nanosec=150_000_000)
    publisher.publish(Instruction(task=LONG[0], instruction=LONG[1], timeout=timeout))
    answer = until(lambda: a.ears.heard['answer'], 'answer')[0]
    assert answer.error_code == Answer.TIMEOUT
    assert '0.15 s' in answer.error_message
    a.ears.node.destroy_publisher(publisher)


@pytest.mark.parametrize(
    ('name', 'value', 'says'),
    [('image_transport', 'compressed', 'cannot be set for one request'), ('temperature', 3.0, '3.0')],
)
def test_a_bad_option_is_refused_on_every_way(a, name, value, says):
    fields = {'instruction': PLATE, 'options': [option(name, value)]}
    replies = [
        a.ears.goal('pointing', **fields).end()[1],
        a.client.call(Ask, '/a/robobrain/ask', Ask.Request(**fields), SOON),
    ]
    publisher = a.ears.node.create_publisher(Instruction, '/a/robobrain/request', 10)
    until(publisher.get_subscription_count, 'the subscription')
    a.hear_nothing()
    publisher.publish(Instruction(**fields))
    replies += until(lambda: a.ears.heard['answer'], 'answer')
    a.ears.node.destroy_publisher(publisher)
    for reply in replies:
        assert reply.error_code == Answer.BAD_REQUEST
        assert says in reply.error_message


def test_without_tf2_another_frame_is_refused_and_the_own_one_is_not(a):
    own = a.client.query('pointing', PLATE, target_frame='a_front_optical')
    assert (own.error_code, own.position_frame) == (Answer.OK, 'a_front_optical')
    other = a.client.query('pointing', PLATE, target_frame='base_link')
    assert other.error_code == Answer.BAD_REQUEST
    for words in ("'base_link'", "'a_front_optical'", 'tf2_ros is not installed'):
        assert words in other.error_message
    assert other.tokens == 0, 'refused before the model was asked'


def test_markers_only_for_a_subscriber(a, monkeypatch):
    from robobrain_ros.ros import markers

    drawn = []
    draw = markers.markers
    monkeypatch.setattr('robobrain_ros.ros.outputs.markers', lambda *these: drawn.append(these) or draw(*these))
    a.client.query('pointing', PLATE)
    assert not drawn
    heard = []
    subscription = a.ears.node.create_subscription(MarkerArray, '/a/robobrain/markers', heard.append, 5)
    until(lambda: a.node.count_subscribers('/a/robobrain/markers'), 'the viewer')
    answer = a.client.query('pointing', PLATE)
    array = until(lambda: heard, 'markers')[0]
    a.ears.node.destroy_subscription(subscription)
    assert len(drawn) == 1
    assert place(array.markers[1].pose.position) == place(answer.targets[0].position)
    assert {marker.header.frame_id for marker in array.markers} == {'a_front_optical'}
    assert array.markers[1].header.stamp == answer.header.stamp


# --- two nodes --------------------------------------------------------------------------------------------------------
def test_two_nodes_share_no_name(a, b):
    topics = {name for name, _ in a.ears.node.get_topic_names_and_types()}
    common = {name for name in topics if not name.startswith(('/a/', '/b/'))}
    assert common <= {'/diagnostics', '/rosout', '/parameter_events', '/tf', '/tf_static', '/clock'}
    for own, other in (('/a', '/b/'), ('/b', '/a/')):
        found = a.node.get_subscriber_names_and_types_by_node('robobrain', own)
        found += a.node.get_publisher_names_and_types_by_node('robobrain', own)
        names = [name for name, _ in found]
        assert f'{own}/robobrain/answer' in names
        assert not [name for name in names if name.startswith(other)]


def test_two_nodes_answer_at_once_and_each_about_its_own_image(a, b):
    answers = {side: [] for side in (a, b)}

    def ask(side):
        answers[side] += [side.client.query('pointing', PLATE) for _ in range(4)]

    threads = [threading.Thread(target=ask, args=(side,)) for side in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for side, frame in ((a, 'a_front_optical'), (b, 'b__optical')):
        assert [(one.error_code, one.header.frame_id) for one in answers[side]] == [(Answer.OK, frame)] * 4
        until(lambda s=side: len(s.ears.heard['answer']) >= 4, 'answers on the topic')
        assert {one.header.frame_id for one in side.ears.heard['answer']} == {frame}


def test_what_is_said_to_one_is_not_heard_by_the_other(a, b):
    b.ears.instruction.publish(String(data=f'grounding: {PLATE}'))
    until(lambda: b.ears.heard['answer'], 'answer of /b')
    a.client.set_parameters('/a/robobrain', default_task='general')
    assert b.client.query('', PLATE).task == 'pointing'
    a.client.set_parameters('/a/robobrain', default_task='pointing')
    assert not a.ears.heard['answer']


def test_one_may_rest_while_the_other_works(a, b):
    """The last one: /a stays inactive."""
    goals = [a.ears.goal(*LONG) for _ in range(4)]
    goals[0].reached('DECODE')
    assert all(goal.accepted() for goal in goals)
    a.client.transition(DEACTIVATE, SOON)
    assert goals[-1].end()[1].error_code == Answer.NOT_ACTIVE
    assert b.client.query('pointing', PLATE).error_code == Answer.OK
    assert (a.client.state(), b.client.state()) == ('inactive', 'active')
