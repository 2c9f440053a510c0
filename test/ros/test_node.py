# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The real node with the real (tiny) engine, on frames of the simulated table that come over DDS."""

import math
import statistics
import threading

import httpx
import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from node_fixtures import LONG, children, idle, now, place
from rcl_interfaces.srv import GetParameters
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer, Target
from robobrain_ros.srv import Ask
from ros_helpers import FRAME, SOON, Player, TestCamera, depth, ros, spinning, until
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

from robobrain_ros.ros.camera.image_bridge import CvBridge
from robobrain_ros.ros.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, Client, NoReply
from robobrain_ros.ros.node import RobobrainNode
from robobrain_ros.ros.spin_safely import spin_safely
from robobrain_ros.sim.questions import questions

pytest_plugins = ('node_fixtures',)
pytestmark = [
    pytest.mark.ros,
    pytest.mark.engine,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]


# --- answers ----------------------------------------------------------------------------------------------------------
def test_a_target_with_the_header_of_its_image(active, client, ears, player):
    answer = client.query('pointing', 'the red plate')
    assert answer.error_code == Answer.OK, answer.error_message
    assert answer.header.frame_id == FRAME
    assert answer.header.stamp in player.stamps
    assert (answer.image_width, answer.image_height) == (640, 480)
    assert answer.frame_age_s > 0
    assert ears.hear('answer', answer).timings == answer.timings
    assert place(ears.hear('target', answer).point) == place(answer.targets[0].position)
    posed = ears.hear('target_with_covariance', answer).pose
    assert place(posed.pose.position) == place(answer.targets[0].position)
    matrix = posed.covariance.reshape(6, 6)[:3, :3]
    assert tuple(matrix.ravel()) == tuple(answer.targets[0].position_covariance)
    assert 0 < answer.targets[0].confidence <= 1
    assert np.linalg.eigvalsh(matrix).min() > 0
    assert place(ears.hear('targets', answer).poses[0].position) == place(answer.targets[0].position)
    assert {topic for topic, heard in ears.heard.items() if heard} == {
        'answer',
        'target',
        'target_pose',
        'target_with_covariance',
        'targets',
    }


def asked_over_http(node, **body):
    url = f'http://127.0.0.1:{node.value("serve.port")}/v1/robobrain/ask'
    return httpx.post(url, json={'instruction': 'the red plate'} | body, timeout=SOON)


def test_http_clients_see_what_the_camera_sees(active, client):
    answer = client.query('pointing', 'the red plate')
    response = asked_over_http(active, camera='')
    assert response.status_code == 200, response.text
    assert response.json()['model'] == answer.model
    assert response.json()['targets'][0]['position'] == pytest.approx(place(answer.targets[0].position), abs=0.01)
    refused = asked_over_http(active, camera='wrist')
    assert (refused.status_code, refused.json()['code']) == (400, 'BAD_REQUEST')
    assert "camera is 'wrist', but this node has a single camera" in refused.json()['message']


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
    ears.hear('answer', answer)  # the last of them
    assert not [target for target in ears.heard['target'] if target.header == answer.header]


def test_a_plan_on_its_topic(active, client, ears):
    answer = client.query('planning', 'put the yellow cylinder onto the red object')
    assert answer.error_code == Answer.OK, answer.error_message
    plan = ears.hear('plan', answer)
    assert plan.steps == answer.steps
    assert len(plan.steps) >= 3
    assert plan.instruction == answer.instruction


def test_annotated_only_for_a_subscriber(active, client, far_context, monkeypatch):
    from robobrain_ros.brain import overlay

    drawn, draw = [], overlay.draw
    monkeypatch.setattr('robobrain_ros.ros.outputs.overlay.draw', lambda *a: drawn.append(a) or draw(*a))
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
    # that of the test before may still be on its way
    answer = until(lambda: [answer for answer in ears.heard['answer'] if answer.task == task], 'answer')[0]
    assert (answer.instruction, answer.error_code) == ('the red plate', Answer.OK)


def test_the_service(active, client):
    request = Ask.Request(task='grounding', instruction='the red plate')
    response = client.call(Ask, '/robobrain/ask', request, SOON)
    assert (response.success, response.error_code, response.error_message) == (True, Answer.OK, '')
    assert response.answer.targets[0].has_box


# --- images that cannot be used ---------------------------------------------------------------------------------------
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
    parameters(image_timeout_s=0.2, max_image_age_s=60.0)
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


# --- parameters -------------------------------------------------------------------------------------------------------
def test_a_dynamic_parameter_counts_from_the_next_request(active, client, parameters):
    assert client.query('', 'the red plate').task == 'pointing'
    parameters(default_task='grounding', max_depth_m=0.5)
    # a new image: one from before may be of a test that showed no depth
    answer = client.query('', 'the red plate', not_before=now(client.node))
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
        return client.call(GetParameters, '/robobrain/get_parameters', request, SOON).values

    before = current()
    with pytest.raises(ValueError) as caught:
        client.set_parameters('/robobrain', **{name: value})
    assert says in str(caught.value)
    assert current() == before


def test_values_that_stay_the_same_may_be_set_again(active, client):
    """As `ros2 param load` does."""
    client.set_parameters('/robobrain', model='tiny', kv_cache_mb=0, timeout_s=60.0)


# --- lifecycle --------------------------------------------------------------------------------------------------------
def test_a_deactivated_node_refuses(active, client, ears):
    for _ in range(3):
        client.transition(DEACTIVATE, SOON)
        assert client.state() == 'inactive'
        client.transition(ACTIVATE, SOON)
    client.transition(DEACTIVATE, SOON)
    assert not ears.goal('pointing', 'the red plate').accepted()
    response = client.call(Ask, '/robobrain/ask', Ask.Request(instruction='the red plate'), SOON)
    assert response.error_code == Answer.NOT_ACTIVE
    assert asked_over_http(active, camera='').json()['code'] == 'NOT_ACTIVE'
    for wrong in (DEACTIVATE, CONFIGURE):
        with pytest.raises(NoReply, match='refused'):
            client.transition(wrong, SOON)
    client.transition(ACTIVATE, SOON)
    with pytest.raises(NoReply, match='refused'):
        client.transition(ACTIVATE, SOON)
    assert client.query('pointing', 'the red plate').error_code == Answer.OK


def test_deactivating_ends_running_goals(active, client, ears):
    goals = [ears.goal(*LONG) for _ in range(6)]
    goals[0].reached('DECODE')
    assert all(goal.accepted() for goal in goals)
    client.transition(DEACTIVATE, SOON)
    for goal in goals[3:]:  # the first ones may have come to their ends by themselves
        status, result = goal.end()
        assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.NOT_ACTIVE)
    until(lambda: idle(active), 'idle engine')


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


def test_a_defect_in_a_callback_does_not_silence_the_others(domain, client, ears):
    with ros() as context:
        node = RobobrainNode(context=context, namespace='/defective')
        failing = node.create_timer(0.05, lambda: 1 // 0)
        executor = SingleThreadedExecutor(context=context)
        executor.add_node(node)
        thread = threading.Thread(target=spin_safely, args=(executor, node.get_logger()))
        thread.start()
        other = Client(Node('client_of_defective', context=client.node.context), '/defective/robobrain')
        until(lambda: [log for log in ears.log if 'ZeroDivisionError' in log.msg], 'the reason in the log')
        failing.cancel()
        assert other.state() == 'unconfigured'
        other.close()
        executor.shutdown()
        thread.join(10)
        assert not thread.is_alive()
        node.destroy_node()


def test_down_and_up_again_with_another_transport(active, client, ears, player, far_context):
    """The last one: the engine of the others is down afterwards."""
    pids = set(active._brain.engine.health().pids)
    assert pids <= children()
    client.transition(DEACTIVATE, SOON)
    client.transition(CLEANUP, SOON)
    assert client.state() == 'unconfigured'
    with pytest.raises(httpx.ConnectError):
        asked_over_http(active)
    others = children()
    assert pids
    assert not pids & others
    client.set_parameters('/robobrain', image_transport='compressed')
    client.transition(CONFIGURE, 110)
    client.transition(ACTIVATE, SOON)

    bridge = CvBridge()
    camera = TestCamera(far_context, CompressedImage, names=('/image/compressed', '/unused', '/unused_info'))
    compressed = Player(camera, player.scene, disguise=lambda image: None)
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
    client.transition(DEACTIVATE, SOON)
    client.transition(CLEANUP, SOON)
    assert children() == others
