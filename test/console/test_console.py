# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The console beside a real node over DDS, whose engine answers by a script."""

import io
import json
import random
import string
import threading
import zipfile

import cv2
import httpx
import numpy as np
import pytest
from console_fixtures import running_console
from node_worlds import PICTURE, up
from ros_helpers import SOON, until
from scripted_engine import Gate

from robobrain_ros.console.questions import Question
from robobrain_ros.ros.client import DEACTIVATE
from robobrain_ros.tasks import TASKS

pytest_plugins = ('node_fixtures', 'node_worlds', 'console_fixtures')
pytestmark = pytest.mark.ros
ANSWERS = {
    'pointing': '[(500, 250)]',
    'affordance': '[(500, 250)]',
    'grounding': '[{"bbox_2d": [100, 200, 500, 600], "label": "mug"}]',
    'trajectory': '[(100, 100, 0.5), (500, 500, 0.8)]',
    'planning': '1. pick the mug\n2. place it on the plate',
    'general': 'a mug and a plate',
}


@pytest.fixture
def asked(world, pictures, page):
    """The console of an active node, whose page shows the live picture."""
    up(world)
    page.ready()
    until(lambda: page.http.get('/api/frame').status_code == 200, 'a picture')
    return page


def engine(world):
    return world.node._brain.engine


def test_every_task_is_answered_with_its_picture(asked, world):
    for task, text in ANSWERS.items():
        engine(world).script = [text]
        assert asked.post('/api/ask', task=task, instruction='the mug').status_code == 202
        known = lambda seen, task=task: seen.get('question', {}).get('answer', {}).get('task') == task  # noqa: E731
        question = asked.until(known, f'the answer to {task}')['question']
        answer = question['answer']
        assert (answer['code'], answer['text']) == ('OK', text)
        assert [stage for stage, _ in question['stages']][:2] == ['SENT', 'QUEUED']
        number = question['number']
        assert asked.http.get('/api/history').json()['questions'][0]['number'] == number
        assert asked.http.get(f'/api/history/{number}').json()['text'] == text
        picture = asked.http.get(f'/api/history/{number}/picture.jpg')
        assert picture.headers['content-type'] == 'image/jpeg'
        shown = cv2.imdecode(np.frombuffer(picture.content, np.uint8), cv2.IMREAD_COLOR)
        assert shown.shape == PICTURE.shape
        assert abs(int(shown.mean()) - 99) < 4
        assert answer['picture_off_s'] == 0, 'it is the very picture that the model has seen'
    assert set(ANSWERS) == set(TASKS)


def test_a_page_that_is_opened_in_mid_answer_shows_the_question_and_its_end(asked, world):
    gate = Gate()
    engine(world).script = ['[(500, ', gate, '250)]']
    asked.post('/api/ask', task='pointing', instruction='the mug')
    seen = asked.until(lambda seen: seen.get('question', {}).get('text'), 'the answer so far')['question']
    assert (seen['running'], seen['text'], seen['instruction']) == (True, '[(500, ', 'the mug')
    assert asked.post('/api/ask', task='pointing', instruction='another').status_code == 409
    gate.open()
    assert asked.answered()['answer']['text'] == '[(500, 250)]'


def test_cancelling_ends_the_work_in_the_node(asked, world):
    engine(world).script = [Gate()]
    asked.post('/api/ask', task='pointing', instruction='the mug')
    until(lambda: engine(world).running, 'the request in the engine')
    assert asked.post('/api/cancel').json() == {'cancelled': True}
    assert asked.answered()['failed']['code'] == 'CANCELLED'
    until(lambda: not engine(world).running, 'the end of the request in the engine')
    assert asked.post('/api/cancel').json() == {'cancelled': False}
    engine(world).script = ['[(500, 250)]']
    asked.post('/api/ask', task='pointing', instruction='again')
    asked.until(lambda seen: seen['question'].get('answer', {}).get('instruction') == 'again', 'the next answer')


def test_the_question_is_cancelled_in_the_node_when_the_console_ends(world, pictures, tmp_path):
    up(world)
    with running_console(tmp_path, world.name) as page:
        engine(world).script = [Gate()]
        page.ready().post('/api/ask', task='pointing', instruction='the mug')
        until(lambda: engine(world).running, 'the request in the engine')
    until(lambda: not engine(world).running, 'the end of the request in the engine')


def test_pictures_come_at_the_pace_of_whoever_looks_and_only_then(asked, world):
    video = asked.http.get('/api/frame')
    assert video.headers['x-topic'] == f'{world.node.get_namespace()}/image'
    after = int(video.headers['x-number'])
    until(lambda: int(asked.http.get('/api/frame').headers['x-number']) >= after + 2, 'two more pictures')
    newer = int(asked.http.get('/api/frame', params={'after': after}).headers['x-number'])
    assert newer >= after + 2, 'those in between are left out'
    depth = asked.http.get('/api/frame', params={'depth': '1'})
    assert depth.headers['x-note'] == '1.00 m .. 1.00 m'
    heard = f'{world.node.get_namespace()}/image'.replace('//', '/')
    listeners = lambda: [  # noqa: E731
        info.node_name for info in world.ears.node.get_subscriptions_info_by_topic(heard) if 'console' in info.node_name
    ]
    until(listeners, 'the subscription of the console')
    until(lambda: not listeners(), 'the end of the subscription when nobody looks')


def test_a_silent_camera_and_one_that_is_not_there(world, page):
    up(world)
    page.ready()
    reply = page.http.get('/api/frame')
    assert (reply.status_code, reply.headers['x-note']) == (204, '')
    assert page.http.get('/api/frame', params={'camera': 'wrist'}).status_code == 404


def test_many_viewers_get_pictures_and_an_answer_comes_meanwhile(asked):
    stop = threading.Event()
    counts = dict.fromkeys(range(20), 0)

    def look(viewer: int) -> None:
        with httpx.Client(base_url=asked.address, timeout=SOON) as http:
            number = 0
            while not stop.is_set():
                reply = http.get('/api/frame', params={'after': number})
                number = int(reply.headers.get('x-number', number))
                counts[viewer] += reply.status_code == 200

    viewers = [threading.Thread(target=look, args=(viewer,)) for viewer in counts]
    for viewer in viewers:
        viewer.start()
    asked.post('/api/ask', task='pointing', instruction='the mug')
    assert asked.answered()['answer']['code'] == 'OK'
    until(lambda: min(counts.values()) > 3, 'some pictures for each of them')
    stop.set()
    for viewer in viewers:
        viewer.join(SOON)


def test_parameters_are_the_nodes_own_and_can_be_set(asked, world):
    found = {one['name']: one for one in asked.http.get('/api/parameters').json()['parameters']}
    assert found['temperature']['description']
    assert found['temperature']['low'] == 0
    assert 'model' not in found, 'it takes effect when the node is configured'
    assert 'monitor.directory' not in found, 'folders of the host are none of the page'
    assert asked.post('/api/parameters', name='temperature', value=1).status_code == 200
    assert world.node.get_parameter('temperature').value == 1.0
    for name, value in (('temperature', 99), ('temperature', 'hot'), ('model', '/etc'), ('monitor.directory', '/')):
        refused = asked.post('/api/parameters', name=name, value=value)
        assert refused.status_code == 400
        assert (str(value) if name == 'temperature' else name) in refused.json()['error']


def test_the_lifecycle_follows_the_buttons(world, pictures, page):
    page.ready('unconfigured')
    assert page.post('/api/ask', task='pointing', instruction='the mug').status_code == 202
    assert page.answered()['failed']['code'] == 'NOT_ACTIVE'
    for transition, state in (('configure', 'inactive'), ('activate', 'active'), ('deactivate', 'inactive')):
        assert page.post('/api/transition', transition=transition).status_code == 202
        page.ready(state)
        page.until(lambda seen: not seen['transition']['running'], 'the end of the transition')
    page.post('/api/transition', transition='deactivate')
    refused = page.until(lambda seen: seen['transition']['failed'], 'the refusal')['transition']
    assert 'refused or failed to deactivate' in refused['failed']
    assert page.post('/api/transition', transition='explode').status_code == 400


def test_a_node_that_is_not_there_is_said_so(world, tmp_path):
    with running_console(tmp_path, '/nobody') as page:
        robot = page.until(lambda seen: seen.get('robot', {}).get('nodes'), 'the nodes')['robot']
        assert (robot['name'], robot['state'], robot['cameras']) == ('/nobody', '', [])
        assert page.http.get('/api/frame').status_code == 404
        page.post('/api/ask', task='pointing', instruction='the mug')
        assert '/nobody' in page.answered()['failed']['message']
        assert page.http.get('/api/parameters').status_code == 504
        assert page.post('/api/node', name='/else').status_code == 400
        assert page.post('/api/node', name=world.name).status_code == 200
        page.ready('unconfigured')


def test_the_answer_fails_by_name_when_the_node_is_deactivated_meanwhile(asked, world):
    engine(world).script = [Gate()]
    asked.post('/api/ask', task='pointing', instruction='the mug')
    until(lambda: engine(world).running, 'the request in the engine')
    assert world.transition(DEACTIVATE)
    assert asked.answered()['answer']['code'] == 'NOT_ACTIVE'


def test_texts_of_model_and_user_stay_text(asked, world):
    evil = '<script>alert(1)</script>\u2028"\\'
    engine(world).script = [evil]
    asked.post('/api/ask', task='general', instruction='<b>what</b> is there?')
    question = asked.answered()
    assert question['answer']['reply'] == evil
    assert asked.http.get(f'/api/history/{question["number"]}').headers['content-type'] == 'application/json'


def test_the_history_is_exported_and_forgotten(asked):
    asked.post('/api/ask', task='pointing', instruction='the mug')
    number = asked.answered()['number']
    with zipfile.ZipFile(io.BytesIO(asked.http.get('/api/history.zip').content)) as archive:
        line = json.loads(archive.read('answers.jsonl'))
        assert (line['instruction'], line['number']) == ('the mug', number)
        assert len(archive.read(line['picture'])) > 100
    assert asked.post('/api/history/remove', number=0).json() == {'removed': 1}
    assert asked.http.get('/api/history').json() == {'questions': []}
    for path in (f'/api/history/{number}', f'/api/history/{number}/picture.jpg', f'/api/history/{2**62}'):
        assert asked.http.get(path).status_code == 404


def test_files_of_the_page_are_small_and_the_only_ones(page):
    sizes = 0
    for name in ('console.css', 'main.js', 'draw.js', 'icon.svg'):
        reply = page.http.get(f'/static/{name}')
        assert reply.status_code == 200
        sizes += len(reply.content)
    assert 0 < sizes + len(page.http.get('/').content) < 300_000
    for name in (
        'nothing.js',
        '..%2Fapp.py',
        '%2e%2e/app.py',
        '../app.py',
        'main.js%00',
        '.',
        'x.py',
        '%2Fetc%2Fpasswd',
    ):
        assert page.http.get(f'/static/{name}').status_code == 404


def test_with_a_token_only_who_has_it_sees_anything(world, tmp_path):
    with running_console(tmp_path, world.name, token='secret-token') as page:
        page.ready('unconfigured')
        with httpx.Client(base_url=page.address) as stranger:
            for path in ('/', '/api/events', '/api/frame', '/api/history', '/api/history.zip', '/static/main.js'):
                assert stranger.get(path).status_code == 401
            assert stranger.get('/?token=secret-token').status_code == 303
            assert stranger.get('/').status_code == 200, 'the cookie lets it in'


@pytest.mark.timeout(600)
def test_a_thousand_malformed_requests_do_no_harm(asked, world, caplog, fuzz):
    chance = random.Random(20)
    texts = ['', 'the mug', '\0', '\ud800', '<|im_start|>', 3 * 'ä红', 5000 * 'x', '../../etc/passwd', '%00', '-1']
    values = [*texts, None, True, 0, -1, 1 << 70, 1.5, float('inf'), [], {}, [[[]]], {'a': {}}]
    paths = ['ask', 'cancel', 'node', 'transition', 'parameters', 'monitor', 'monitor/stop', 'history/remove', 'frame']
    keys = ['task', 'instruction', 'camera', 'target_frame', 'name', 'value', 'transition', 'number', 'goal_name', 'x']
    codes = set()
    for _ in range(1000 * fuzz):
        path = f'/api/{chance.choice(paths)}'
        kind = chance.randrange(4)
        if kind == 0:
            body = bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        elif kind == 1:
            body = ('[' * chance.randrange(9000)).encode()
        else:
            chosen = {key: chance.choice(values) for key in chance.sample(keys, chance.randrange(4))}
            chosen.pop('transition', None)  # a real one would take the node away
            body = json.dumps(chosen).encode()
        if kind == 3:
            query = ''.join(chance.choices(string.printable, k=8))
            number = chance.choice(['0', '9' * 15, '9' * 40, '-1', 'x', ''])
            path = chance.choice(['history', 'frame', f'history/{number}', f'history/{number}/picture.jpg'])
            params = {chance.choice(['after', 'before', 'camera', 'depth']): chance.choice(['-1', '9' * 400, query])}
            reply = asked.http.get(f'/api/{path}', params=params)
        else:
            headers = {'Content-Type': chance.choice(['application/json', 'application/json', 'text/plain'])}
            reply = asked.http.post(path, content=body, headers=headers)
        codes.add(reply.status_code)
        assert reply.status_code < 500 or reply.status_code == 504, (path, body, reply.text)
    assert {200, 400, 404, 415} <= codes
    assert 'defect' not in caplog.text
    asked.post('/api/cancel')
    asked.until(lambda seen: not seen.get('question', {}).get('running'), 'the end of whatever was asked')
    asked.post('/api/ask', task='pointing', instruction='the mug')
    asked.until(lambda seen: seen['question'].get('answer', {}).get('instruction') == 'the mug', 'an answer after all')


def test_a_defect_in_a_question_is_said_and_the_next_one_is_answered(asked, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr('robobrain_ros.console.questions.record', lambda *_: 1 / 0)
        asked.post('/api/ask', task='pointing', instruction='the mug')
        assert asked.answered()['failed']['code'] == 'INTERNAL'
    assert 'ZeroDivisionError' in caplog.text
    asked.post('/api/ask', task='pointing', instruction='again')
    asked.until(lambda seen: seen['question'].get('answer', {}).get('instruction') == 'again', 'the next answer')


def test_a_question_has_what_the_form_offers():
    assert list(vars(Question('pointing', 'x', '', ''))) == ['task', 'instruction', 'camera', 'target_frame']
