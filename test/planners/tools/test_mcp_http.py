# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain mcp --port`` : only who has the key, and comes by a name of this machine, comes in."""

import re
import subprocess
from types import SimpleNamespace

import httpx2
import pytest
from mcp.client.streamable_http import streamable_http_client
from mcp_fixtures import COMMAND, agent_of
from repository import ROOT
from ros_helpers import SOON, until

pytest_plugins = ('node_fixtures', 'mcp_fixtures')
pytestmark = pytest.mark.ros

KEY = 'only-for-this-test'
HELLO = {
    'jsonrpc': '2.0',
    'id': 1,
    'method': 'initialize',
    'params': {'protocolVersion': '2025-06-18', 'capabilities': {}, 'clientInfo': {'name': 'test', 'version': '1'}},
}
JSON = {'Accept': 'application/json, text/event-stream', 'Content-Type': 'application/json'}
BEARER = {'Authorization': f'Bearer {KEY}'}


def serve(*options):
    process = subprocess.Popen(
        [*COMMAND, '--port', '0', *options], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    line = process.stderr.readline()
    (url,) = re.findall(r'^robobrain mcp: serving at (http://127\.0\.0\.1:[0-9]+/mcp)\n', line)
    return SimpleNamespace(process=process, url=url)


def end(server):
    server.process.terminate()
    out, log = server.process.communicate(timeout=SOON)
    assert (server.process.returncode, out) == (143, ''), log
    assert 'Traceback' not in log


@pytest.fixture(scope='module')
def keyed(shop, tmp_path_factory):
    file = tmp_path_factory.mktemp('key') / 'key.txt'
    file.write_text(f'{KEY}\n')
    server = serve('--api-key-file', str(file), '--allow-motion')
    yield server
    end(server)


@pytest.fixture(scope='module')
def open_to_this_machine(shop):
    server = serve()
    yield server
    end(server)


def post(server, **headers):
    def ready():
        try:
            return httpx2.post(server.url, json=HELLO, headers=JSON | headers, timeout=SOON)
        except httpx2.ConnectError:
            return None

    return until(ready, 'a reply')


@pytest.mark.parametrize('headers', [{}, {'Authorization': 'Bearer another'}, {'Authorization': f'Basic {KEY}'}])
def test_without_the_right_key_nobody_comes_in(keyed, headers):
    reply = post(keyed, **headers)
    assert (reply.status_code, reply.headers['www-authenticate']) == (401, 'Bearer')
    assert reply.json() == {'error': 'this server needs its API key as bearer token'}


def test_with_the_key_one_comes_in(keyed):
    reply = post(keyed, **BEARER)
    assert reply.status_code == 200
    assert '"name":"robobrain"' in reply.text


@pytest.mark.parametrize('header', [{'Origin': 'http://evil.example'}, {'Host': 'evil.example'}])
def test_pages_of_other_hosts_are_refused_with_and_without_a_key(keyed, open_to_this_machine, header):
    assert post(keyed, **BEARER, **header).status_code in (403, 421)
    assert post(open_to_this_machine, **header).status_code in (403, 421)
    assert post(open_to_this_machine).status_code == 200


@pytest.mark.parametrize('mode', ['auto', 'legacy'])
def test_the_protocol_s_own_client_calls_tools(keyed, mode):
    transport = streamable_http_client(keyed.url, http_client=httpx2.AsyncClient(headers=BEARER, timeout=SOON))
    with agent_of(transport, mode=mode) as agent:
        assert 'navigate_to_target' in agent.tools()
        answer = agent.call('point', instruction='the mug')
    assert (answer.is_error, answer.structured_content['targets'][0]['pixel']) == (False, [32, 12])


@pytest.mark.parametrize('mode', ['auto', 'legacy'])
def test_a_client_that_is_gone_ends_its_request(open_to_this_machine, shop, mode):
    connection = httpx2.AsyncClient(timeout=SOON)
    with agent_of(streamable_http_client(open_to_this_machine.url, http_client=connection), mode=mode) as agent:
        agent.start('point', instruction='hang')
        until(lambda: shop.engine.running, 'the request in the engine')
        agent.run(connection.aclose())
        until(lambda: not shop.engine.running, 'the end of the request')
