# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The OpenAI API on the node's own engine, asked by the clients that people use."""

import base64
import json
import logging
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import httpx
import openai
import pytest

from robobrain_ros.answer import PointStatus
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands import serve
from robobrain_ros.errors import BadRequest, ErrorCode
from robobrain_ros.evaluation.tabletop import frame_of
from robobrain_ros.serving.config import ServeConfig, listen
from robobrain_ros.serving.server import HttpServer
from robobrain_ros.sim.scene import TableTop

pytestmark = pytest.mark.engine

SOON = 60
SCENE = TableTop(7)
PNG = base64.b64encode(cv2.imencode('.png', SCENE.render()[0][:, :, ::-1])[1].tobytes()).decode()
URL = f'data:image/png;base64,{PNG}'


def cameras(name):
    if name != 'wrist':
        raise BadRequest(f'there is no camera {name!r}')

    async def frame() -> Frame:
        return frame_of(SCENE)

    return frame


@pytest.fixture(scope='module')
def server(tiny_brain):
    server = HttpServer(tiny_brain, ServeConfig(0, max_requests=300), cameras)
    before = logging.getLogger().level
    server.start()
    assert logging.getLogger().level == before, 'others in this process still log'
    yield server
    server.close()


@pytest.fixture
def client(server):
    return openai.OpenAI(base_url=server.url, api_key='any', max_retries=0, timeout=SOON)


def turn(*parts):
    return [{'role': 'user', 'content': list(parts)}]


IMAGE, WORDS = {'type': 'image_url', 'image_url': {'url': URL}}, {'type': 'text', 'text': 'the gripper'}


def chat(server, body, **options):
    return httpx.post(f'{server.url}/chat/completions', json={'model': ''} | body, timeout=SOON, **options)


def ask(server, **body):
    return httpx.post(f'{server.url}/robobrain/ask', json={'instruction': 'the gripper'} | body, timeout=SOON)


def in_flight(brain):
    return brain.engine.client.output_processor.get_num_unfinished_requests()


def until(true, seconds=SOON):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, 'in time'
        time.sleep(0.01)


# --- clients as they are -------------------------------------------------------------------------------------------


def test_the_card_s_script(server, capsys, monkeypatch):
    """As the model's card has it: the module's own client."""
    monkeypatch.setattr(openai, 'api_key', 'EMPTY')
    monkeypatch.setattr(openai, 'base_url', f'{server.url}/')
    model = server.model_name
    messages: Any = [
        {'role': 'system', 'content': 'You are a helpful assistant.'},
        {'role': 'user', 'content': "What's the weather like today?"},
    ]
    response = openai.chat.completions.create(
        model=model, messages=messages, temperature=0.7, top_p=0.95, stream=False, max_tokens=8
    )
    for item in response:
        print(item)
    assert "('object', 'chat.completion')" in capsys.readouterr().out


def test_anythingllm_s_request(server):
    """Its "Generic OpenAI" provider: an empty system turn, ``detail``, streaming with usage."""
    models = httpx.get(f'{server.url}/models', headers={'Authorization': 'Bearer anything'}).json()
    assert models['object'] == 'list'
    assert [(one['id'], one['object']) for one in models['data']] == [('robobrain-tiny', 'model')]
    body = {
        'model': models['data'][0]['id'],
        'stream': True,
        'messages': [
            {'role': 'system', 'content': ''},
            *turn(WORDS, {'type': 'image_url', 'image_url': {'url': URL, 'detail': 'high'}}),
        ],
        'temperature': 0.7,
        'max_tokens': 12,
        'stream_options': {'include_usage': True},
    }
    headers = {'User-Agent': 'AnythingLLM/1.16.0', 'X-Custom': 'value'}
    chunks = events(server, body, headers)
    assert chunks[-1] == '[DONE]'
    read = [json.loads(chunk) for chunk in chunks[:-1]]
    assert any(choice['finish_reason'] for chunk in read for choice in chunk['choices'])
    assert read[-1]['usage']['completion_tokens'] <= 12


def test_open_webui_s_request(server):
    """Model names of its list, an image before the words, ``stream_options`` dropped when it does not stream."""
    body = {'model': 'robobrain-tiny', 'stream': False, 'messages': turn(IMAGE, WORDS), 'max_tokens': 8}
    assert chat(server, body).json()['choices'][0]['message']['role'] == 'assistant'


def test_flagscale_s_request(server):
    """An empty model name, both limits of tokens, and fields that nobody knows."""
    body = {'model': '', 'messages': turn(WORDS), 'temperature': 0.0, 'max_completion_tokens': 200, 'stream': True}
    body |= {'stream_options': {'include_usage': True}, 'max_tokens': 4, 'n_predict': 200}
    assert events(server, body)[-1] == '[DONE]'


def events(server, body, headers=None):
    found = []
    with httpx.stream('POST', f'{server.url}/chat/completions', json=body, headers=headers, timeout=SOON) as response:
        assert response.status_code == 200
        found += [line[len('data: ') :] for line in response.iter_lines() if line.startswith('data: ')]
    return found


def test_a_client_sees_what_the_robot_sees(client, tiny_brain):
    """The same prompt about the same picture, which the package scales to the canvas, and vLLM does not."""
    robot = tiny_brain.ask('the gripper', frame_of(SCENE))
    words = tiny_brain.pipeline.profile.prompts['pointing'].replace('{t}', 'the gripper')
    said = client.chat.completions.create(
        model='robobrain-tiny', messages=turn(IMAGE, {'type': 'text', 'text': words}), max_tokens=24, temperature=0
    )
    u, v = json.loads(said.choices[0].message.content.replace('(', '[').replace(')', ']'))[0]
    assert robot.targets[0].pixel == pytest.approx((u * 0.64, v * 0.48), abs=8)


def test_structured_outputs(client):
    regex = r'\[\([0-9]{1,4}, [0-9]{1,4}\)\]'
    said = client.chat.completions.create(
        model='robobrain-tiny',
        messages=turn(IMAGE, WORDS),
        max_tokens=32,
        extra_body={'structured_outputs': {'regex': regex}},
    )
    x, y = said.choices[0].message.content.strip('[()]').split(', ')
    assert (x + y).isdigit()
    schema: dict[str, Any] = {'type': 'object', 'properties': {'x': {'type': 'boolean'}}, 'required': ['x']}
    schema['additionalProperties'] = False
    kind = {'type': 'json_schema', 'json_schema': {'name': 'p', 'schema': schema}}
    said = client.chat.completions.create(
        model='robobrain-tiny', messages=turn(WORDS), max_tokens=40, response_format=kind
    )
    assert isinstance(json.loads(said.choices[0].message.content)['x'], bool)


def test_functions_may_be_offered_where_the_template_has_them(client):
    function = {'name': 'grasp', 'parameters': {'type': 'object', 'properties': {}}}
    said = client.chat.completions.create(
        model='robobrain-tiny', messages=turn(WORDS), max_tokens=8, tools=[{'type': 'function', 'function': function}]
    )
    assert said.choices[0].finish_reason in ('stop', 'length', 'tool_calls')


def test_functions_are_refused_clearly_where_the_template_has_none(tiny_brain, monkeypatch):
    monkeypatch.setattr(tiny_brain.engine, 'has_tools', False)
    server = HttpServer(tiny_brain, ServeConfig(0))
    server.start()
    try:
        function = {'name': 'grasp', 'parameters': {'type': 'object', 'properties': {}}}
        body = {'messages': turn(WORDS), 'max_tokens': 8, 'tools': [{'type': 'function', 'function': function}]}
        refused = chat(server, body)
        assert refused.status_code == 400
        assert 'tool choice' in refused.json()['error']['message']
        assert chat(server, {'messages': turn(WORDS), 'max_tokens': 8}).status_code == 200
    finally:
        server.close()


def test_several_images_in_one_chat(client):
    messages = [*turn(IMAGE, WORDS), {'role': 'assistant', 'content': '[(1, 2)]'}, *turn(IMAGE, WORDS)]
    assert client.chat.completions.create(model='robobrain-tiny', messages=messages, max_tokens=4).choices


def test_metrics_count(server):
    url = f'{server.url[:-3]}/metrics'
    text = httpx.get(url).text
    before = counted(text)
    assert str(TINY_MODEL) not in text, 'where the model lies'
    chat(server, {'messages': turn(WORDS), 'max_tokens': 4})
    until(lambda: counted(httpx.get(url).text) > before)


def counted(text):
    return sum(
        float(line.rsplit(' ', 1)[1]) for line in text.splitlines() if line.startswith('vllm:request_success_total')
    )


# --- this package's endpoint ---------------------------------------------------------------------------------------


def test_ask_gives_the_robot_s_answer(server, tiny_brain):
    for image in (PNG, URL):
        response = ask(server, image=image, request_id='mine')
        answer = response.json()
        assert (response.status_code, answer['success'], answer['request_id']) == (200, True, 'mine')
        expected = tiny_brain.ask('the gripper', SCENE.render()[0])
        assert answer['targets'][0]['pixel'] == pytest.approx(expected.targets[0].pixel)
        assert answer['targets'][0]['confidence'] == pytest.approx(expected.targets[0].confidence, abs=0.02)


def test_ask_about_a_camera_gives_metres(server, tiny_brain):
    answer = ask(server, camera='wrist').json()
    assert answer['targets'][0]['status'] == PointStatus.OK.name
    expected = tiny_brain.ask('the gripper', frame_of(SCENE)).targets[0].position
    assert answer['targets'][0]['position'] == pytest.approx(expected, abs=1e-3)


def test_ask_tells_how_far_it_is(server):
    kinds, stages = [], []
    body = {'instruction': 'the gripper', 'image': PNG, 'stream': True}
    with httpx.stream('POST', f'{server.url}/robobrain/ask', json=body, timeout=SOON) as response:
        assert response.headers['content-type'].startswith('text/event-stream')
        for line in response.iter_lines():
            if line.startswith('event: '):
                kinds.append(line[7:])
            elif line.startswith('data: '):
                data = json.loads(line[6:])
                stages.append(data.get('stage'))
    assert kinds == ['progress'] * (len(kinds) - 1) + ['answer']
    assert list(dict.fromkeys(stages[:-1])) == ['QUEUED', 'WAITING_IMAGE', 'PREFILL', 'DECODE', 'PARSE', 'PROJECT']
    assert data['success']


@pytest.mark.parametrize(
    ('body', 'status', 'sentence'),
    [
        ({}, 400, 'needs \\"image\\" or \\"camera\\"'),
        ({'image': PNG, 'camera': 'wrist'}, 400, 'has both: send one of them'),
        ({'image': '!!'}, 400, 'is not base64'),
        ({'image': 'é'}, 400, 'is not base64'),
        ({'image': 'AAAA'}, 400, 'no picture that OpenCV can read'),
        ({'image': PNG, 'instruction': ''}, 400, 'the instruction is empty'),
        ({'image': PNG, 'instruction': 5}, 400, 'instruction: Input should be a valid string'),
        ({'image': PNG, 'task': 'dance'}, 400, "'dance'"),
        ({'image': PNG, 'timeout_s': -1}, 400, 'timeout is -1'),
        ({'image': PNG, 'timeout_s': 0}, 504, 'no answer within 0 s'),
        ({'image': PNG, 'min_confidence': 2}, 400, 'min_confidence is 2'),
        ({'image': PNG, 'min_confidence': 1.0}, 200, 'UNSURE'),
        ({'image': PNG, 'colour': 'red'}, 400, "there is no field 'colour'. There are instruction, task, image"),
        ({'imgae': PNG}, 400, "there is no field 'imgae'; did you mean 'image'?"),
        ({'camera': 'none'}, 400, "no camera 'none'"),
        ({'image': PNG, 'instruction': 'the purple dragon'}, 200, '"success": '),
    ],
)
def test_ask_says_what_is_wrong(server, body, status, sentence):
    response = ask(server, **body)
    assert (response.status_code, sentence in response.text) == (status, True), response.text[:300]


def test_an_endpoint_that_there_is_not_and_a_body_without_its_type(server):
    missing = httpx.post(f'{server.url}/robobrain/aks', json={}, timeout=SOON)
    assert (missing.status_code, missing.json()['error']['code']) == (404, 404)
    assert "there is no POST '/v1/robobrain/aks'; /docs lists" in missing.json()['error']['message']
    bare = httpx.post(f'{server.url}/robobrain/ask', content=b'{"instruction": "x"}', timeout=SOON)
    assert bare.status_code == 400
    assert 'send JSON with the header Content-Type: application/json' in bare.json()['error']['message']


def test_the_endpoint_is_documented(server):
    told = httpx.get(f'{server.url[:-3]}/openapi.json').json()
    assert 'instruction' in told['components']['schemas']['Ask']['properties']
    assert httpx.get(f'{server.url[:-3]}/docs').status_code == 200


# --- what goes wrong -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    'body',
    [
        {'messages': []},
        {'messages': 'x'},
        {'messages': turn({'type': 'image_url', 'image_url': {'url': 'data:image/png;base64,AAAA'}})},
        {'messages': turn({'type': 'image_url', 'image_url': {'url': 'data:'}})},
        {'messages': turn({'type': 'audio'})},
        {'messages': turn(*[IMAGE] * 9)},
        {'messages': turn(WORDS), 'max_tokens': 10**6},
        {'messages': turn(WORDS), 'max_tokens': -1},
        {'messages': turn(WORDS), 'temperature': 'hot'},
        {'messages': turn({'type': 'text', 'text': 'x ' * 20000})},
        {'messages': turn(WORDS), 'structured_outputs': {'regex': '('}},
        {'messages': turn(WORDS), 'model': 'gpt-4'},
    ],
)
def test_malformed_chats_are_refused_and_nothing_else_happens(server, tiny_brain, body):
    response = chat(server, {'max_tokens': 4} | body)
    assert 400 <= response.status_code < 500, response.text[:300]
    assert 'message' in response.json()['error']
    assert os.path.expanduser('~') not in response.text
    assert 'site-packages' not in response.text
    assert tiny_brain.ask('the gripper', frame_of(SCENE)).success


def test_nothing_is_fetched(server):
    with socket.create_server(('127.0.0.1', 0)) as elsewhere:
        elsewhere.settimeout(0.2)
        url = f'http://127.0.0.1:{elsewhere.getsockname()[1]}/a.png'
        assert chat(server, {'messages': turn({'type': 'image_url', 'image_url': {'url': url}})}).status_code == 400
        with pytest.raises(TimeoutError):
            elsewhere.accept()


def test_images_of_a_named_host_are_fetched(tiny_brain):
    class Pictures(BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == '/moved.png':
                self.send_response(302)
                self.send_header('Location', f'http://127.0.0.1:{elsewhere.getsockname()[1]}/a.png')
                self.end_headers()
                return
            self.send_response(200)
            self.end_headers()
            self.wfile.write(base64.b64decode(PNG))

        def log_message(self, *_):
            pass

    elsewhere = socket.create_server(('127.0.0.1', 0))
    elsewhere.settimeout(0.2)
    pictures = ThreadingHTTPServer(('127.0.0.1', 0), Pictures)
    threading.Thread(target=pictures.serve_forever, daemon=True).start()
    server = HttpServer(tiny_brain, ServeConfig(0, image_hosts=('127.0.0.1',)))
    server.start()
    try:
        url = {'url': f'http://127.0.0.1:{pictures.server_port}/a.png'}
        body = {'messages': turn({'type': 'image_url', 'image_url': url}, WORDS), 'max_tokens': 4}
        response = chat(server, body)
        assert response.status_code == 200, response.text
        url['url'] = url['url'].replace('a.png', 'moved.png')
        assert chat(server, body).status_code >= 400
        with pytest.raises(TimeoutError):
            elsewhere.accept()
    finally:
        server.close()
        elsewhere.close()
        pictures.shutdown()
        pictures.server_close()


def test_no_page_of_another_origin_reads_the_answers(server):
    for path in ('models', 'robobrain/ask'):
        response = httpx.options(
            f'{server.url}/{path}', headers={'Origin': 'https://evil.example', 'Access-Control-Request-Method': 'POST'}
        )
        assert 'access-control-allow-origin' not in response.headers
    models = httpx.get(f'{server.url}/models', headers={'Origin': 'https://evil.example'})
    assert 'access-control-allow-origin' not in models.headers


def test_who_leaves_gives_back_the_engine(server, tiny_brain):
    """Within seconds; to its end the answer would take longer."""
    body = {'model': '', 'messages': turn(WORDS), 'max_tokens': 3800, 'ignore_eos': True, 'stream': True}
    with httpx.stream('POST', f'{server.url}/chat/completions', json=body, timeout=SOON) as response:
        first = [line for line, _ in zip(response.iter_lines(), range(6), strict=False)]
        assert '"delta"' in first[0], first
    until(lambda: in_flight(tiny_brain) == 0, 10)
    whole = body | {'stream': False}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f'{server.url}/chat/completions', json=whole, timeout=1.0)
    until(lambda: in_flight(tiny_brain) == 0, 10)


def test_many_at_once_are_all_answered(server, tiny_brain):
    def one(number):
        return chat(
            server, {'messages': turn({'type': 'text', 'text': f'number {number}'}), 'max_tokens': 2}
        ).status_code

    with ThreadPoolExecutor(50) as pool:
        assert set(pool.map(one, range(200))) == {200}
    assert tiny_brain.ask('the gripper', frame_of(SCENE)).success


def test_the_robot_comes_first(server, tiny_brain):
    """With more chats than the engine computes at a time, a robot's request is not behind them."""
    body = {'messages': turn(WORDS), 'max_tokens': 300, 'ignore_eos': True}
    threads = [threading.Thread(target=chat, args=(server, body)) for _ in range(20)]
    for thread in threads:
        thread.start()
    until(lambda: in_flight(tiny_brain) == tiny_brain.engine.config.max_num_seqs - 1)
    assert tiny_brain.ask('the gripper', frame_of(SCENE)).success
    assert in_flight(tiny_brain) > 0, 'before the chats have ended'
    for thread in threads:
        thread.join(SOON)
        assert not thread.is_alive()


def test_logs_have_neither_prompts_nor_keys(tiny_brain, caplog, capfd):
    server = HttpServer(tiny_brain, ServeConfig(0, api_key='kEy-123', model_name='brain'))
    server.start()
    try:
        assert chat(server, {'messages': turn(WORDS)}).status_code == 401
        headers = {'Authorization': 'Bearer kEy-123'}
        secret = {'type': 'text', 'text': 'pRivate words'}
        assert chat(server, {'messages': turn(secret), 'max_tokens': 4}, headers=headers).status_code == 200
        assert chat(server, {'messages': turn(secret), 'max_tokens': -4}, headers=headers).status_code == 400
        assert httpx.get(f'{server.url}/models', headers=headers).json()['data'][0]['id'] == 'brain'
    finally:
        server.close()
    logged = caplog.text + ''.join(capfd.readouterr())
    assert 'kEy-123' not in logged
    assert 'pRivate' not in logged


def test_a_port_that_is_taken_is_named(server, tiny_brain):
    with pytest.raises(BadRequest, match=f'127.0.0.1:{server.port}: .*; choose another serve.port'):
        HttpServer(tiny_brain, ServeConfig(server.port)).start()


@pytest.mark.parametrize('host', ['203.0.113.7', 'no.such.host.invalid'])
def test_an_address_of_another_machine_is_named(host):
    with pytest.raises(BadRequest, match=rf'cannot serve at {host}:.*serve\.host must be an address of this machine'):
        listen(ServeConfig(0, host, api_key='any'))


def test_a_port_that_is_taken_is_said_before_the_model_is_loaded(server, monkeypatch):
    monkeypatch.setattr(Brain, 'load', lambda *_, **__: pytest.fail('loaded'))
    with pytest.raises(BadRequest, match=r'choose another serve\.port'):
        serve.run('tiny', ServeConfig(server.port))


def test_a_server_s_end_is_the_end_of_its_streams(tiny_brain):
    server = HttpServer(tiny_brain, ServeConfig(0))
    server.start()
    body = {'model': '', 'messages': turn(WORDS), 'max_tokens': 3000, 'ignore_eos': True, 'stream': True}
    with httpx.stream('POST', f'{server.url}/chat/completions', json=body, timeout=SOON) as response:
        lines = response.iter_lines()
        next(lines)
        begin = time.monotonic()
        server.close()
        rest = list(lines)
        assert time.monotonic() - begin < 10
    assert rest[-2:] == ['data: [DONE]', '']
    server.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(f'{server.url}/models')
    assert in_flight(tiny_brain) == 0
    assert tiny_brain.ask('the gripper', frame_of(SCENE)).success


def test_an_engine_that_runs_elsewhere_is_not_served(make_remote):
    with pytest.raises(BadRequest, match='let clients ask its server themselves'):
        HttpServer(make_remote, ServeConfig(0))


@pytest.fixture
def make_remote():
    class Remote:
        engine = object()

    return Remote()


def test_the_server_outlives_its_engine():
    with Brain.load(shared=True, device='cpu', warm_up=('pointing',)) as brain:
        server = HttpServer(brain, ServeConfig(0))
        server.start()
        try:
            for round in range(2):
                assert chat(server, {'messages': turn(WORDS), 'max_tokens': 4}).status_code == 200, round
                assert httpx.get(f'{server.url[:-3]}/health').json() == {'status': 'ok'}
                for pid in brain.health().pids:
                    os.kill(pid, signal.SIGKILL)
                until(lambda: httpx.get(f'{server.url[:-3]}/health').status_code == 503)
                refused = chat(server, {'messages': turn(WORDS), 'max_tokens': 4})
                assert refused.status_code in (500, 503), refused.text
                if not round:
                    until(lambda: httpx.get(f'{server.url[:-3]}/health').status_code == 200, 120)
        finally:
            server.close()


def test_asks_wait_for_each_other_and_not_in_the_robot_s_queue(server, tiny_brain):
    """Whatever the robot's policy is, an HTTP ask neither preempts its requests nor makes them wait for their turn."""
    before = tiny_brain.settings
    tiny_brain.settings = replace(before, policy='newest_wins')
    try:
        with ThreadPoolExecutor(9) as pool:
            robot = [pool.submit(tiny_brain.ask, 'the gripper', frame_of(SCENE))]
            asked = [pool.submit(ask, server, image=PNG) for _ in range(8)]
            assert robot[0].result(SOON).success
            assert [one.result(SOON).json()['code'] for one in asked] == ['OK'] * 8
        job = tiny_brain.submit('trajectory', 'reach for the red mug', cameras('wrist'))
        assert ask(server, image=PNG).status_code == 200
        assert job.done.result(SOON).code is not ErrorCode.PREEMPTED
    finally:
        tiny_brain.settings = before
