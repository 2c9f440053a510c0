# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Who is let in, and which bodies are worked on."""

import json

import pytest

from robobrain_ros.errors import BadRequest
from robobrain_ros.serving.checks import Refused, admit, read_json
from robobrain_ros.serving.config import KEY_VARIABLE, ServeConfig, wanted_key

OPEN, LOCKED = ServeConfig(), ServeConfig(host='0.0.0.0', api_key='secret')


def refusal(call, *arguments):
    with pytest.raises(Refused) as raised:
        call(*arguments)
    return raised.value


@pytest.mark.parametrize('host', ['0.0.0.0', '192.168.1.5', '::', 'robot', ''])
def test_other_machines_need_a_key(host):
    with pytest.raises(BadRequest, match=r'which other machines can reach.*ROBOBRAIN_API_KEY'):
        ServeConfig(host=host)
    ServeConfig(host=host, api_key='secret')


@pytest.mark.parametrize('host', ['127.0.0.1', '127.9.9.9', '::1', 'localhost'])
def test_this_machine_needs_none(host):
    ServeConfig(host=host)


@pytest.mark.parametrize(
    ('change', 'sentence'),
    [
        ({'port': 70000}, '70000'),
        ({'port': -1}, '-1'),
        ({'max_requests': 0}, '0, but must be 1'),
        ({'api_key': 'a b'}, 'blanks'),
    ],
)
def test_values_that_cannot_be(change, sentence):
    with pytest.raises(BadRequest, match=sentence):
        ServeConfig(**change)


def test_the_key_is_never_shown():
    assert 'secret' not in repr(LOCKED)
    with pytest.raises(BadRequest) as raised:
        ServeConfig(api_key='se cret')
    assert 'cret' not in str(raised.value)


def test_the_key_comes_from_a_file_or_a_variable(tmp_path, monkeypatch):
    monkeypatch.delenv(KEY_VARIABLE, raising=False)
    assert wanted_key('') == ''
    monkeypatch.setenv(KEY_VARIABLE, 'from-variable')
    assert wanted_key('') == 'from-variable'
    file = tmp_path / 'key'
    file.write_text('from-file\n')
    assert wanted_key(str(file)) == 'from-file'
    for content, why in ((b'\n', 'without blanks'), (b'\xff', 'ASCII'), (b'a\nb', 'without blanks')):
        file.write_bytes(content)
        with pytest.raises(BadRequest, match=why):
            wanted_key(str(file))
    with pytest.raises(BadRequest, match='No such file'):
        wanted_key(str(tmp_path / 'none'))


@pytest.mark.parametrize(
    'value',
    [b'', b'secret', b'Basic secret', b'Bearer', b'Bearer wrong', b'Bearer secret2', b'Bearer \xff', b'bearer  x'],
)
def test_without_the_right_key_nobody_is_let_in(value):
    refused = refusal(admit, [(b'authorization', value), (b'host', b'localhost')], LOCKED)
    assert (refused.status, refused.headers) == (401, {'WWW-Authenticate': 'Bearer'})
    assert 'secret' not in str(refused)


def test_with_the_right_key_the_host_may_have_any_name():
    for value in (b'Bearer secret', b'bearer  secret '):
        admit([(b'authorization', value), (b'host', b'robot.example:9010')], LOCKED)


@pytest.mark.parametrize('host', [b'localhost:9010', b'127.0.0.1', b'[::1]:9010', b'127.0.0.2:1', b'x.localhost'])
def test_without_a_key_this_machine_is_let_in(host):
    admit([(b'host', host)], OPEN)


@pytest.mark.parametrize(
    'host', [b'evil.example', b'evil.example:9010', b'localhost.evil.example', b'', b'10.0.0.1', b'[', b'[::1']
)
def test_without_a_key_pages_of_others_are_not(host):
    assert refusal(admit, [(b'host', host)], OPEN).status == 403


@pytest.mark.parametrize(
    'url',
    [
        *('http://169.254.169.254/latest', 'https://evil.example/a.png', 'file:///etc/passwd', '/etc/passwd', ''),
        *('FILE:///etc/passwd', ' http://x', 'http://images.example.evil.example/', 'ftp://images.example/x'),
        *('http://images.example@evil.example/', 'http://[::1', 'blob:x', 'http:\\\\images.example'),
    ],
)
@pytest.mark.parametrize('shape', ['{"image_url": {"url": %s}}', '{"image_url": %s}', '{"input": [{"video_url": %s}]}'])
def test_nothing_is_fetched_from_elsewhere(url, shape):
    body = f'{{"messages": [{{"content": [{shape % json.dumps(url)}]}}]}}'.encode()
    refused = refusal(read_json, body, ('images.example',))
    assert refused.status == 400
    assert 'data URL' in str(refused)


@pytest.mark.parametrize(
    'url', ['data:image/png;base64,AAAA', 'DATA:,x', 'http://images.example/a.png', 'https://images.example:8/']
)
def test_data_and_named_hosts_are_fine(url):
    body = json.dumps({'messages': [{'content': [{'image_url': {'url': url}}]}]}).encode()
    assert read_json(body, ('images.example',))['messages']


@pytest.mark.parametrize(
    ('body', 'sentence'),
    [
        (b'', 'is not JSON'),
        (b'{', 'is not JSON'),
        (b'\xff{}', 'is not JSON'),
        (b'[]', 'must be a JSON object, not list'),
        (b'"x"', 'must be a JSON object, not str'),
        (b'null', 'must be a JSON object, not NoneType'),
        (b'[' * 100_000, 'is not JSON'),
        (b'{"instruction": "\\uD800"}', 'is not JSON'),
        (b'{"a":' * 100 + b'1' + b'}' * 100, '64 levels deep'),
    ],
)
def test_bodies_that_are_no_requests(body, sentence):
    refused = refusal(read_json, body, ())
    assert (refused.status, sentence in str(refused)) == (400, True)
    assert refused.body()['error']['type'] == 'invalid_request_error'


@pytest.mark.parametrize(
    ('body', 'sentence'),
    [
        ({'n': 2}, 'n is 2, but must be 1'),
        ({'best_of': 10**30}, 'best_of is 1000000000'),
        ({'use_beam_search': True}, 'use_beam_search is set'),
        ({'prompt': ['a', 'b']}, '"prompt" holds 2 prompts'),
        ({'prompt': [[1, 2], [3]]}, '"prompt" holds 2 prompts'),
    ],
)
def test_a_request_takes_one_place_of_the_engine(body, sentence):
    refused = refusal(read_json, json.dumps(body).encode(), ())
    assert (refused.status, sentence in str(refused)) == (400, True)


@pytest.mark.parametrize(
    ('body', 'sentence'),
    [
        ({'structured_outputs': {'choice': ['x' * 1000] * 2000}}, 'but may have 32768'),
        ({'response_format': {'schema': {'enum': ['x' * 40_000]}}}, '"response_format" has'),
        ({'tools': [{'function': {'name': 'x' * 40_000}}]}, '"tools" has'),
        ({'text': {'format': {'schema': {'maxLength': 10**9}}}}, 'add up to 1000000000, but may to 20000'),
        ({'structured_outputs': {'json': '{"maxLength": 15000, "a": {"minLength":6000}}'}}, 'add up to 21000'),
    ],
)
def test_grammars_that_hold_up_the_robot_are_refused(body, sentence):
    refused = refusal(read_json, json.dumps(body).encode(), ())
    assert (refused.status, sentence in str(refused)) == (400, True)


def test_a_body_of_many_values_is_refused_before_it_is_read():
    refused = refusal(read_json, b'{"prompt": [' + b'0,' * 300_000 + b'0]}', ())
    assert (refused.status, 'more than 200000 values' in str(refused)) == (400, True)


@pytest.mark.parametrize(
    'body',
    [
        {'prompt': '\U0001f600 and \\ud800'},
        {'n': 1, 'best_of': 1, 'use_beam_search': False, 'prompt': 'a'},
        {'n': None, 'prompt': [1, 2, 3]},
        {'prompt': ['a']},
        {'structured_outputs': {'json': {'type': 'string', 'maxLength': 4096}}, 'tools': [], 'text': None},
    ],
)
def test_what_clients_send_is_fine(body):
    assert read_json(json.dumps(body).encode(), ()) == body
