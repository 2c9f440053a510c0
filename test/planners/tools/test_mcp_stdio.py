# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain mcp`` over stdio, by the protocol's own client, against a real node whose engine answers by a script."""

import base64
import json
import signal
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from mcp_fixtures import RawClient, agent_of
from rclpy.action import ActionServer
from rclpy.node import Node
from robobrain_ros.action import Query
from robobrain_ros.msg import Answer
from ros_helpers import SOON, ros, spinning, until

from robobrain_ros.planners.tools import arguments
from robobrain_ros.planners.tools.questions import QUESTIONS
from robobrain_ros.planners.tools.watching import WATCHING
from robobrain_ros.ros.client import ACTIVATE, DEACTIVATE

pytest_plugins = ('node_fixtures', 'mcp_fixtures')
pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def agent(shop):
    with agent_of(()) as agent:
        yield agent


@pytest.fixture(scope='module')
def old_agent(shop):
    """With the handshake of clients before 2026, such as RoboOS's."""
    with agent_of((), mode='legacy') as agent:
        yield agent


def told(result):
    """Its values; they are also there as text, for clients that read no others."""
    assert json.loads(result.content[0].text) == result.structured_content
    assert result.is_error == (result.structured_content['error_code'] != 'OK')
    return result.structured_content


@pytest.mark.parametrize('which', ['agent', 'old_agent'])
def test_tools_are_listed_as_the_tables_have_them_and_none_moves(request, which):
    tools = request.getfixturevalue(which).tools()
    assert list(tools) == ['ask', 'point', 'plan', 'look', 'progress', 'status']
    for known in (*QUESTIONS, *WATCHING):
        assert tools[known.name].input_schema == arguments.schema(known.fields, known.required)
        assert tools[known.name].description == known.description
        assert tools[known.name].annotations.read_only_hint


@pytest.mark.parametrize('which', ['agent', 'old_agent'])
def test_ask_answers_with_pixels_and_metres(request, which):
    answer = told(request.getfixturevalue(which).call('ask', instruction='the mug', task='affordance'))
    assert (answer['error_code'], answer['task']) == ('OK', 'affordance')
    (target,) = answer['targets']
    assert target['pixel'] == [32, 12]
    assert target['position'] == pytest.approx([0.0083, -0.1917, 1.0], abs=1e-3)
    assert answer['position_frame'] == 'camera_color_optical_frame'


def test_an_option_counts_for_its_request(agent):
    answer = told(agent.call('ask', instruction='the mug', max_depth_m=0.5))
    assert [target['status'] for target in answer['targets']] == ['OUT_OF_RANGE']
    assert told(agent.call('point', instruction='the mug'))['targets'][0]['status'] == 'OK'


def test_point_says_that_something_is_not_there_and_what_may_help(agent):
    answer = told(agent.call('point', instruction='the unicorn'))
    assert (answer['error_code'], answer['recovery']) == ('NOT_FOUND', 'LOOK_ELSEWHERE')
    assert 'does not see it' in answer['message']


def test_plan_gives_steps_in_words_or_with_places(agent, shop):
    steps = [{'action': 'pick', 'object': 'mug'}, {'action': 'place', 'object': 'mug', 'destination': 'plate'}]
    shop.engine.scripts['tidy'] = [json.dumps(steps)]
    in_words = told(agent.call('plan', instruction='tidy up', grounded=False))
    assert (in_words['error_code'], in_words['task']) == ('OK', 'planning')
    assert [step['object'] for step in in_words['steps']] == ['mug', 'mug']
    with_places = told(agent.call('plan', instruction='tidy up'))
    assert with_places['task'] == 'mission'
    assert with_places['steps'][0]['targets'][0]['pixel'] == [32, 12]


def test_look_returns_the_picture_with_the_answer_on_it(agent):
    result = agent.call('look', instruction='the mug')
    assert told(result)['error_code'] == 'OK'
    (picture,) = [item for item in result.content if item.type == 'image']
    assert picture.mime_type == 'image/jpeg'
    pixels = cv2.imdecode(np.frombuffer(base64.b64decode(picture.data), np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (48, 64, 3)
    assert np.ptp(pixels) > 60  # the camera's picture has a single grey


def test_progress_watches_until_the_time_is_up_and_tells_how_it_goes_on(agent, shop):
    shop.engine.scripts['pour the tea'] = ['+10%']
    heard = []

    async def hear(done, total, message):
        heard.append((done, message))

    call = agent.start('progress', {'progress_callback': hear}, instruction='pour the tea', timeout_s=1.5, period_s=0.5)
    watched = told(call.result(SOON))
    assert (watched['outcome'], watched['error_code']) == ('TIMEOUT', 'OK')
    assert 'no outcome within 1.5 s' in watched['message']
    assert watched['samples'] >= 2
    assert all(message.startswith('progress 0') for _, message in heard)
    assert sorted(heard) == heard  # the protocol wants what is told to grow
    assert len(heard) >= 2


def test_status_tells_of_engine_camera_and_model(agent):
    known = told(agent.call('status'))
    assert (known['node'], known['state'], known['error_code']) == ('/shop/robobrain', 'active', 'OK')
    assert known['parts']['engine']['message'] == 'ready'
    assert known['parts']['camera']['publishers'].startswith('/test_camera')
    assert 'demonstration checkpoint' in known['parts']['model']['message']


@pytest.mark.parametrize(
    ('name', 'given', 'words'),
    [
        ('ask', {'instruction': 'the mug', 'temperature': 7}, 'temperature is 7.0, but must lie in 0.0 .. 2.0'),
        ('ask', {'instruction': 'the mug', 'camera': 'left'}, "camera is 'left', but this node has a single camera"),
        ('point', {'object': 'the mug'}, "there is no argument 'object'; there are instruction"),
        ('point', {'instruction': '<|im_end|>'}, 'chat markup'),
        ('progress', {'instruction': 'x', 'goal_name': 'nothing'}, "'nothing'"),
        ('sing', {}, "there is no tool 'sing'; there are ask, point"),
        ('navigate_to_target', {'target': 'the table'}, "there is no tool 'navigate_to_target'"),
    ],
)
def test_what_is_wrong_is_answered_with_a_sentence(agent, name, given, words):
    answer = told(agent.call(name, **given))
    assert answer['error_code'] == 'BAD_REQUEST'
    assert words in answer['message']


def test_calls_at_the_same_time_are_all_answered(agent):
    calls = [agent.start('point', instruction=f'thing {number}') for number in range(5)]
    calls += [agent.start('status'), agent.start('point', instruction='the unicorn')]
    answers = [told(call.result(SOON)) for call in calls]
    assert [answer.get('instruction') for answer in answers[:5]] == [f'thing {number}' for number in range(5)]
    assert [answer['error_code'] for answer in answers[5:]] == ['OK', 'NOT_FOUND']


def test_a_question_ends_when_its_time_is_up(agent, shop):
    answer = told(agent.call('point', instruction='hang', timeout_s=0.5))
    assert (answer['error_code'], answer['recovery']) == ('TIMEOUT', 'RETRY')
    assert not shop.engine.running


@pytest.mark.parametrize('which', ['agent', 'old_agent'])
def test_a_call_that_is_cancelled_is_cancelled_in_the_node(request, which, shop):
    call = request.getfixturevalue(which).start('point', instruction='hang')
    until(lambda: shop.engine.running, 'the request in the engine')
    call.cancel()
    until(lambda: not shop.engine.running, 'the end of the request')
    assert told(request.getfixturevalue(which).call('point', instruction='the mug'))['error_code'] == 'OK'


def test_a_node_that_is_not_active_is_said_to_be_so_and_works_again_later(agent, shop):
    shop.driver.transition(DEACTIVATE, SOON)
    try:
        for name, given in (('point', {'instruction': 'the mug'}), ('progress', {'instruction': 'a'}), ('status', {})):
            answer = told(agent.call(name, **given))
            assert (answer['error_code'], answer['recovery']) == ('NOT_ACTIVE', 'WAIT')
            assert 'inactive' in answer['message']
    finally:
        shop.driver.transition(ACTIVATE, SOON)
    until(lambda: told(agent.call('point', instruction='the mug'))['error_code'] == 'OK', 'an answer')


def test_stdout_has_nothing_but_the_protocol_and_a_killed_client_ends_server_and_request(shop):
    client = RawClient()
    client.send('tools/call', 1, name='status', arguments={})
    client.send('tools/call', 2, name='point', arguments={'instruction': 'hang'})
    assert client.receive()['id'] == 1
    until(lambda: shop.engine.running, 'the request in the engine')
    code, log = client.close()
    assert (code, 'Traceback' in log) == (0, False), log
    until(lambda: not shop.engine.running, 'the end of the request')


def test_a_signal_ends_server_and_request(shop):
    client = RawClient()
    client.send('tools/call', 1, name='point', arguments={'instruction': 'hang'})
    until(lambda: shop.engine.running, 'the request in the engine')
    client.process.send_signal(signal.SIGTERM)
    until(lambda: client.process.poll() is not None, 'the end of the process')
    until(lambda: not shop.engine.running, 'the end of the request')
    code, log = client.close()
    assert (code, 'Traceback' in log) == (143, False), log


def test_a_node_that_is_not_there_is_said_to_be_so(domain):
    with agent_of(('--node', '/nowhere')) as agent:
        calls = [agent.start('status'), agent.start('point', instruction='the mug')]
        for answer in (told(call.result(SOON)) for call in calls):
            assert (answer['error_code'], answer['recovery']) == ('NO_BRAIN', 'WAIT')
            assert f'/nowhere was not found: is it running, with ROS_DOMAIN_ID {domain} as here?' in answer['message']


@contextmanager
def brain_elsewhere():
    """A stand-in for a node that is started and ended again, in a process of its own as far as DDS knows."""

    def answer(handle):
        handle.succeed()
        return Query.Result(success=True, answer=Answer(instruction=handle.request.instruction))

    with ros() as context:
        node = Node('robobrain', namespace='/elsewhere', context=context)
        server = ActionServer(node, Query, '~/query', answer)
        with spinning(node):
            yield
            server.destroy()
        node.destroy_node()


def test_a_node_that_is_started_again_is_found_again(domain):
    with agent_of(('--node', '/elsewhere/robobrain')) as agent:
        for _ in range(2):
            with brain_elsewhere():
                assert told(agent.call('point', instruction='the mug'))['instruction'] == 'the mug'
            assert told(agent.call('point', instruction='the mug'))['error_code'] == 'NO_BRAIN'
