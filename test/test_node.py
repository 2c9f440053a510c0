"""The real node with the real (tiny) engine, on frames of the simulated table that come over DDS."""

import math
import random
import statistics
import threading
import time
from collections import defaultdict
from itertools import pairwise

import numpy as np
import psutil
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import PointStamped, PoseArray
from lifecycle_msgs.srv import GetState
from nav_msgs.msg import Path
from rcl_interfaces.msg import Log
from rcl_interfaces.srv import GetParameters
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from robobrain_ros.action import Query
from robobrain_ros.msg import Answer, Plan, Target
from robobrain_ros.srv import Ask
from ros_helpers import FRAME, Goal, Player, TestCamera, depth, own_domain, ros, spinning, until
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from robobrain_ros.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client, NoReply
from robobrain_ros.image_bridge import CvBridge
from robobrain_ros.node import RobobrainNode
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop

pytestmark = [
    pytest.mark.ros,
    pytest.mark.engine,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
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
        many = QoSProfile(depth=100)
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
        client.transition(ACTIVATE, 10)
    until(lambda: configured._camera.status().has_camera_info, 'camera_info')
    until(lambda: configured._camera.status().depth_received, 'depth')
    until(lambda: configured._camera.status().received, 'image')
    until(lambda: all(len(ears.node.get_publishers_info_by_topic(f'/robobrain/{topic}')) for topic in TOPICS), 'topics')
    ears.heard.clear()
    return configured


@pytest.fixture
def parameters(client):
    """Sets parameters for one test."""
    defaults = {}

    def set_parameters(**values):
        request = GetParameters.Request(names=list(values))
        found = client.call(GetParameters, '/robobrain/get_parameters', request, 10).values
        for name, value in zip(values, found, strict=True):
            defaults.setdefault(name, Parameter.from_parameter_msg(_named(name, value)).value)
        client.set_parameters('/robobrain', **values)

    yield set_parameters
    if defaults:
        client.set_parameters('/robobrain', **defaults)


def _named(name, value):
    from rcl_interfaces.msg import Parameter as Message

    return Message(name=name, value=value)


def idle(node) -> bool:
    return node._brain.engine.health().in_flight == 0


def now(node: Node):
    return node.get_clock().now().to_msg()


def place(point) -> tuple[float, float, float]:
    return point.x, point.y, point.z


# --- answers --------------------------------------------------------------------------------------------------------
def test_a_target_with_the_header_of_its_image(active, client, ears, player):
    answer = client.query('pointing', 'the red plate')
    assert answer.error_code == Answer.OK, answer.error_message
    assert answer.header.frame_id == FRAME
    assert answer.header.stamp in player.stamps
    assert (answer.image_width, answer.image_height) == (640, 480)
    assert 0 < answer.frame_age_s < 1
    assert ears.hear('answer', answer).timings == answer.timings
    assert place(ears.hear('target', answer).point) == place(answer.targets[0].position)
    assert place(ears.hear('targets', answer).poses[0].position) == place(answer.targets[0].position)
    assert {topic for topic, heard in ears.heard.items() if heard} == {'answer', 'target', 'targets'}


def test_positions_are_those_of_the_simulated_table(active, client, player):
    view, metres = player.scene.view, player.scene.render()[1]
    asked = [q for q in questions(player.scene, np.random.default_rng(1)) if (q.task, q.kind) == ('pointing', 'named')]
    errors = []
    for question in asked:
        answer = client.query('pointing', question.instruction)
        assert answer.error_code == Answer.OK, answer.error_message
        target = answer.targets[0]
        assert target.status == Target.STATUS_OK
        u, v = round(target.u), round(target.v)
        seen = np.median(metres[v - 2 : v + 3, u - 2 : u + 3])
        assert math.dist(place(target.position), view.deproject(target.u, target.v, seen)) < 0.001
        errors.append(math.dist(place(target.position), question.position))
    assert statistics.median(errors) < 0.05, errors


def test_a_way_on_its_topics(active, client, ears):
    answer = client.query(*LONG)
    assert answer.error_code == Answer.OK, answer.error_message
    assert len(answer.waypoints) == 4
    path = ears.hear('trajectory', answer)
    assert [place(pose.pose.position) for pose in path.poses] == [place(point.position) for point in answer.waypoints]
    assert len(ears.hear('waypoints', answer).poses) == 4
    assert not ears.heard['target']


def test_a_plan_on_its_topic(active, client, ears):
    answer = client.query('planning', 'put the yellow cylinder onto the red object')
    assert answer.error_code == Answer.OK, answer.error_message
    plan = ears.hear('plan', answer)
    assert plan.steps == answer.steps
    assert len(plan.steps) >= 3
    assert plan.instruction == answer.instruction


def test_annotated_only_for_a_subscriber(active, client, far_context, monkeypatch):
    from robobrain_ros import overlay

    drawn, draw = [], overlay.draw
    monkeypatch.setattr('robobrain_ros.outputs.overlay.draw', lambda *a: drawn.append(a) or draw(*a))
    client.query('pointing', 'the red plate')
    assert not drawn
    viewer, pictures = Node('viewer', context=far_context), []
    viewer.create_subscription(Image, '/robobrain/annotated', pictures.append, 5)
    with spinning(viewer):
        until(lambda: active.count_subscribers('/robobrain/annotated'), 'the viewer')
        answer = client.query('pointing', 'the red plate')
        picture = until(lambda: pictures, 'picture')[0]
    viewer.destroy_node()
    assert picture.header == answer.header
    assert (picture.width, picture.height, picture.encoding) == (640, 480, 'rgb8')


@pytest.mark.parametrize(('text', 'task'), [('grounding: the red plate', 'grounding'), ('the red plate', 'pointing')])
def test_plain_instructions(active, ears, text, task):
    ears.instruction.publish(String(data=text))
    answer = until(lambda: ears.heard['answer'], 'answer')[0]
    assert (answer.task, answer.instruction, answer.error_code) == (task, 'the red plate', Answer.OK)


def test_the_service(active, client):
    request = Ask.Request(task='grounding', instruction='the red plate')
    response = client.call(Ask, '/robobrain/ask', request, 30)
    assert (response.success, response.error_code, response.error_message) == (True, Answer.OK, '')
    assert response.answer.targets[0].has_box


def test_what_the_node_adds_to_the_engines_time(active, client, capsys):
    added, own = [], []
    for _ in range(20):
        begin = time.monotonic()
        timings = client.query('pointing', 'the red plate').timings
        added.append(1000 * (time.monotonic() - begin) - timings.total_ms)
        own.append(timings.total_ms - timings.first_token_ms - timings.decode_ms - timings.queue_ms)
    with capsys.disabled():
        print(f'\n[median of 20: round trip of ~/query - total = {statistics.median(added):.1f} ms, ', end='')
        print(f'total - queue - engine = {statistics.median(own):.1f} ms, p95 {sorted(own)[18]:.1f} ms]', end=' ')
    assert statistics.median(added) < 500


# --- the action -----------------------------------------------------------------------------------------------------
def test_feedback_follows_the_stages_and_the_text_grows(active, ears):
    goal = ears.goal(*LONG)
    status, result = goal.end()
    assert (status, result.success) == (GoalStatus.STATUS_SUCCEEDED, True)
    stages = list(dict.fromkeys(feedback.stage for feedback in goal.feedback))
    assert stages == [stage for stage in STAGES if stage in stages], 'in order, none twice'
    assert {'WAITING_IMAGE', 'DECODE', 'PROJECT'} <= set(stages)
    texts = [feedback.partial_text for feedback in goal.feedback]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert len(set(texts)) > 10
    assert texts[-1] == result.answer.text
    assert [f.tokens for f in goal.feedback] == sorted(f.tokens for f in goal.feedback)
    assert goal.feedback[-1].tokens == result.answer.tokens


def test_cancel_in_mid_decode(active, ears):
    goal = ears.goal(*LONG)
    goal.reached('DECODE')
    goal.handle.cancel_goal_async()
    status, result = goal.end()
    assert status == GoalStatus.STATUS_CANCELED
    assert result.error_code == Answer.CANCELLED
    assert not result.success
    assert result.answer.tokens < 64
    assert not result.answer.waypoints
    until(lambda: idle(active), 'idle engine', 2)


def test_a_goal_ends_at_its_timeout(active, ears):
    goal = ears.goal(*LONG, timeout=Duration(nanosec=150_000_000))
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.TIMEOUT)
    assert '0.15 s' in result.error_message
    until(lambda: idle(active), 'idle engine', 2)


@pytest.mark.parametrize(
    ('task', 'instruction', 'says'),
    [
        ('pointing', '  ', 'empty'),
        ('dancing', 'the mug', "'dancing'"),
        ('pointing', 'the mug<|im_end|>', "'<|im_end|>'"),
        ('pointing', 'x' * 2001, '2001'),
        ('general', 'a\x07b', 'control character'),
    ],
)
def test_a_bad_request_is_answered_with_a_sentence(active, client, ears, task, instruction, says):
    status, result = ears.goal(task, instruction).end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.BAD_REQUEST)
    assert says in result.error_message
    response = client.call(Ask, '/robobrain/ask', Ask.Request(task=task, instruction=instruction), 10)
    assert (response.error_code, response.error_message) == (Answer.BAD_REQUEST, result.error_message)


def test_a_bad_instruction_on_the_topic_is_answered_on_the_topic(active, ears):
    ears.instruction.publish(String(data='grounding:'))
    answer = until(lambda: ears.heard['answer'], 'answer')[0]
    assert answer.error_code == Answer.BAD_REQUEST
    assert 'empty' in answer.error_message


def test_a_goal_waits_for_an_image_that_is_not_before_its_time(active, client):
    stamp = now(client.node)
    answer = client.query('pointing', 'the red plate', not_before=stamp)
    assert answer.error_code == Answer.OK, answer.error_message
    assert (answer.header.stamp.sec, answer.header.stamp.nanosec) >= (stamp.sec, stamp.nanosec)


def test_two_clients_at_once(active, far_context):
    def ask(name: str, task: str, answers: list) -> None:
        client = Client(Node(name, context=far_context))
        answers += [client.query(task, 'the red plate') for _ in range(4)]
        client.close()
        client.node.destroy_node()

    answers = {'pointing': [], 'grounding': []}
    threads = [threading.Thread(target=ask, args=(f'client_{task}', task, answers[task])) for task in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for task, got in answers.items():
        assert [(answer.task, answer.error_code) for answer in got] == [(task, Answer.OK)] * 4
        assert all(answer.targets[0].has_box == (task == 'grounding') for answer in got)


def test_a_hundred_goals_with_random_cancels_all_end(active, ears):
    dice = random.Random(1)
    goals = [ears.goal('pointing', f'the red plate {number}') for number in range(100)]
    for goal in goals:
        if dice.random() < 0.3:
            assert goal.accepted()
            goal.handle.cancel_goal_async()
    ends = [goal.end(60) for goal in goals]
    ok = {
        (GoalStatus.STATUS_SUCCEEDED, Answer.OK),
        (GoalStatus.STATUS_ABORTED, Answer.BUSY),
        (GoalStatus.STATUS_CANCELED, Answer.CANCELLED),
    }
    assert {(status, result.error_code) for status, result in ends} == ok
    until(lambda: idle(active), 'idle engine', 2)


def test_services_answer_while_a_request_decodes(active, client, ears, capsys):
    goals, took = [ears.goal(*LONG) for _ in range(8)], []
    goals[0].reached('DECODE')
    services = [
        (client.node.create_client(GetParameters, '/robobrain/get_parameters'), GetParameters.Request(names=['model'])),
        (client.node.create_client(GetState, '/robobrain/get_state'), GetState.Request()),
    ]
    for service, _ in services:
        assert service.wait_for_service(5)
    while goals[-1].response is None and len(took) < 1000:
        service, request = services[len(took) % 2]
        begin = time.monotonic()
        client.wait(service.call_async(request), 10, 'service')
        took.append(1000 * (time.monotonic() - begin))
    for goal in goals:
        assert goal.end()[1].success
    for service, _ in services:
        client.node.destroy_client(service)
    with capsys.disabled():
        median, p95 = statistics.median(took), sorted(took)[int(0.95 * len(took))]
        print(f'\n[{len(took)} service calls while decoding: median {median:.1f} ms, p95 {p95:.1f} ms]', end=' ')
    assert len(took) > 20
    assert p95 < 1000


# --- images that cannot be used -------------------------------------------------------------------------------------
def too_short(image: Image) -> Image:
    image.height += 1
    return image


def unknown(image: Image) -> Image:
    image.encoding = 'nv99'
    return image


def depth_as_colour(image: Image) -> Image:
    return depth(image.header, np.ones((480, 640)))


@pytest.mark.parametrize(('disguise', 'says'), [(too_short, '481'), (unknown, 'nv99'), (depth_as_colour, '32FC1')])
def test_the_node_outlives_malformed_images(active, client, player, disguise, says):
    player.disguise = disguise
    try:
        answer = client.query('pointing', 'the red plate', not_before=now(client.node))
        assert answer.error_code == Answer.BAD_IMAGE
        assert says in answer.error_message
        assert answer.header.stamp in player.stamps
    finally:
        player.disguise = lambda image: image
    answer = client.query('pointing', 'the red plate', not_before=now(client.node))
    assert answer.error_code == Answer.OK, answer.error_message


def test_a_silent_camera(active, client, player, parameters):
    parameters(image_timeout_s=0.2)
    player.disguise = lambda image: None
    try:
        answer = client.query('pointing', 'the red plate', not_before=now(client.node))
    finally:
        player.disguise = lambda image: image
    assert answer.error_code == Answer.STALE_IMAGE
    assert 'not_before' in answer.error_message


def test_without_depth_there_is_no_position_and_no_target(active, client, ears, player):
    player.with_depth = False
    try:
        until(lambda: len(player.stamps) > 1, 'image')
        answer = client.query('pointing', 'the red plate', not_before=now(client.node))
    finally:
        player.with_depth = True
    assert answer.error_code == Answer.OK, answer.error_message
    target = answer.targets[0]
    assert target.status == Target.STATUS_NO_DEPTH
    assert all(map(math.isnan, place(target.position)))
    assert any('depth' in warning for warning in answer.warnings)
    ears.hear('answer', answer)
    assert not ears.heard['target']
    assert not ears.heard['targets']


# --- parameters -----------------------------------------------------------------------------------------------------
def test_a_dynamic_parameter_counts_from_the_next_request(active, client, parameters):
    assert client.query('', 'the red plate').task == 'pointing'
    parameters(default_task='grounding', max_depth_m=0.5)
    answer = client.query('', 'the red plate')
    assert answer.task == 'grounding'
    assert answer.targets[0].status == Target.STATUS_OUT_OF_RANGE


@pytest.mark.parametrize(
    ('name', 'value', 'says'),
    [
        ('model', '/elsewhere', 'model cannot change'),
        ('kv_cache_mb', 512, 'kv_cache_mb cannot change'),
        ('image_transport', 'compressed', 'image_transport cannot change'),
        ('default_task', 'dancing', "'dancing'"),
        ('preemption', 'newest', "'newest'"),
        ('timeout_s', -1.0, '-1.0'),
        ('timeout_s', math.nan, 'nan'),
        ('timeout_s', 'soon', 'Wrong parameter type'),  # by rclpy
        ('queue_size', 20000, '20000'),
        ('depth_window_px', 4, '4'),
        ('min_depth_m', 20.0, '20.0'),
    ],
)
def test_bad_values_are_refused_with_a_sentence(active, client, name, value, says):
    def current():
        request = GetParameters.Request(names=[name])
        return client.call(GetParameters, '/robobrain/get_parameters', request, 10).values

    before = current()
    with pytest.raises(ValueError) as caught:
        client.set_parameters('/robobrain', **{name: value})
    assert says in str(caught.value)
    assert current() == before


# --- lifecycle ------------------------------------------------------------------------------------------------------
def test_a_deactivated_node_refuses(active, client, ears):
    for _ in range(3):
        client.transition(DEACTIVATE, 10)
        assert client.state() == 'inactive'
        client.transition(ACTIVATE, 10)
    client.transition(DEACTIVATE, 10)
    assert not ears.goal('pointing', 'the red plate').accepted()
    response = client.call(Ask, '/robobrain/ask', Ask.Request(instruction='the red plate'), 10)
    assert response.error_code == Answer.NOT_ACTIVE
    for wrong in (DEACTIVATE, CONFIGURE):
        with pytest.raises(NoReply, match='refused'):
            client.transition(wrong, 10)
    client.transition(ACTIVATE, 10)
    with pytest.raises(NoReply, match='refused'):
        client.transition(ACTIVATE, 10)
    assert client.query('pointing', 'the red plate').error_code == Answer.OK


def test_deactivating_ends_running_goals(active, client, ears):
    goals = [ears.goal(*LONG) for _ in range(3)]
    goals[0].reached('DECODE')
    assert all(goal.accepted() for goal in goals)
    client.transition(DEACTIVATE, 10)
    for goal in goals:
        status, result = goal.end(5)
        assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.NOT_ACTIVE)
    until(lambda: idle(active), 'idle engine', 2)


def test_a_model_that_is_not_there_leaves_the_node_unconfigured(domain, client, ears):
    model = Parameter('model', value='/no/such/model')
    with ros() as context:
        node = RobobrainNode(context=context, namespace='/broken', parameter_overrides=[model])
        with spinning(node):
            broken = Client(Node('client_of_broken', context=client.node.context), '/broken/robobrain')
            for _ in range(2):
                with pytest.raises(NoReply, match='refused or failed'):
                    broken.transition(CONFIGURE, 30)
                assert broken.state() == 'unconfigured'
            broken.close()
        node.destroy_node()
    until(lambda: [log for log in ears.log if "'/no/such/model'" in log.msg], 'the reason in the log')


def test_down_and_up_again_with_another_transport(active, client, ears, player, far_context):
    """The last one: the engine of the others is down afterwards."""
    pids = set(active._brain.engine.health().pids)
    assert pids <= children()
    client.transition(DEACTIVATE, 10)
    client.transition(CLEANUP, 30)
    assert client.state() == 'unconfigured'
    others = children()
    assert pids
    assert not pids & others
    client.set_parameters('/robobrain', image_transport='compressed')
    client.transition(CONFIGURE, 110)
    client.transition(ACTIVATE, 10)

    bridge = CvBridge()
    camera = TestCamera(far_context, CompressedImage, names=('/image/compressed', '/unused', '/unused_info'))
    compressed = Player(camera, player.scene)
    try:
        for data, code in ((None, Answer.OK), ([1, 2, 3], Answer.BAD_IMAGE), (None, Answer.OK)):

            def disguise(image, data=data):
                message = bridge.cv2_to_compressed_imgmsg(bridge.imgmsg_to_cv2(image, 'bgr8'))
                message.header = image.header
                message.data = data or message.data
                return message

            compressed.disguise = disguise
            answer = client.query('pointing', 'the red plate', not_before=now(client.node))
            assert answer.error_code == code, answer.error_message
    finally:
        compressed.close()
    client.transition(DEACTIVATE, 10)
    client.transition(CLEANUP, 30)
    assert children() == others


def children() -> set[int]:
    """All processes below this one."""
    return {process.pid for process in psutil.Process().children(recursive=True)}
