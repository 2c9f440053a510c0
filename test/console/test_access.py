# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Who may ask the console: wrong hosts, origins, tokens and bodies, without a node."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from robobrain_ros.console.access import HEADERS, LARGEST, Access, Door

JSON = {'Content-Type': 'application/json'}


async def echo(request):
    body = await request.body()
    if body == b'"defect"':
        raise RuntimeError('a defect')
    return JSONResponse({'bytes': len(body)})


def app(access: Access) -> Door:
    return Door(Starlette(routes=[Route('/', echo), Route('/api', echo, methods=['GET', 'POST'])]), access)


def ask(method: str, path: str = '/api', *, token: str = '', base: str = 'http://127.0.0.1:9020', **more):
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app(Access(9020, token)), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base) as client:
            return await client.request(method, path, **more)

    return asyncio.run(send())


@pytest.mark.parametrize('host', ['127.0.0.1:9020', 'localhost:9020', '[::1]:9020', 'robot.localhost', '127.0.0.1'])
def test_this_machines_own_names_are_answered(host):
    assert ask('GET', headers={'Host': host}).status_code == 200


@pytest.mark.parametrize('host', ['evil.example', '10.0.0.7:9020', 'localhost.evil.example', '127.0.0.1.evil.example'])
def test_other_names_are_not_without_a_token(host):
    reply = ask('GET', headers={'Host': host})
    assert reply.status_code == 403
    assert host.split(':')[0] in reply.json()['error']


@pytest.mark.parametrize('host', ['', '[::1', ':9020', 'localhost:port'])
def test_a_host_that_is_none_is_refused(host):
    assert ask('GET', headers={'Host': host}).status_code in (400, 403)


@pytest.mark.parametrize(
    'origin', ['http://evil.example', 'null', 'http://127.0.0.1:9021', 'http://localhost:9020', 'http://[', 'x', '']
)
def test_pages_of_others_change_nothing(origin):
    assert ask('POST', headers=JSON | {'Origin': origin}, content='{}').status_code == 403


def test_the_own_page_and_programs_may_ask():
    assert ask('POST', headers=JSON | {'Origin': 'http://127.0.0.1:9020'}, content='{}').status_code == 200
    assert ask('POST', headers=JSON, content='{}').json() == {'bytes': 2}


@pytest.mark.parametrize('kind', ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', ''])
def test_forms_change_nothing(kind):
    assert ask('POST', headers={'Content-Type': kind}, content='{}').status_code == 415


@pytest.mark.parametrize('site', ['cross-site', 'same-site', 'none'])
def test_what_a_browser_says_of_the_page_counts(site):
    assert ask('POST', headers=JSON | {'Sec-Fetch-Site': site}, content='{}').status_code == 403


def test_pictures_are_not_shown_by_other_pages_but_a_link_opens_the_page():
    sent = {'Sec-Fetch-Site': 'cross-site'}
    assert ask('GET', headers=sent | {'Sec-Fetch-Mode': 'no-cors'}).status_code == 403
    assert ask('GET', headers=sent | {'Sec-Fetch-Mode': 'navigate'}).status_code == 200


def test_a_token_is_needed_once_and_leaves_the_address():
    for headers in ({}, {'Cookie': 'robobrain_console_9020=guess'}, {'Cookie': 'other=secret'}, {'Cookie': '\x7f=;;='}):
        assert ask('GET', token='secret', headers=headers).status_code == 401
    assert ask('GET', '/?token=guess', token='secret').status_code == 401
    assert ask('GET', '/api?token=secret', token='secret').status_code == 401
    reply = ask('GET', '/?token=secret', token='secret', base='http://robot:9020')
    assert (reply.status_code, reply.headers['Location']) == (303, '/')
    cookie = reply.headers['Set-Cookie']
    assert 'HttpOnly' in cookie
    assert 'SameSite=Strict' in cookie
    sent = {'Cookie': cookie.partition(';')[0]}
    assert ask('GET', '/', token='secret', base='http://robot:9020', headers=sent).status_code == 200
    wrong = sent | JSON | {'Origin': 'http://evil.example'}
    assert ask('POST', token='secret', base='http://robot:9020', headers=wrong, content='{}').status_code == 403


def test_without_a_token_the_address_opens_nothing():
    assert ask('GET', '/?token=', headers={'Host': 'evil.example'}).status_code == 403


@pytest.mark.parametrize(
    'content', [b'x' * (LARGEST + 1), [b'x' * LARGEST, b'x']], ids=['with its length', 'in pieces']
)
def test_large_bodies_are_refused(content):
    async def pieces():
        for piece in content:
            yield piece

    body = content if isinstance(content, bytes) else pieces()
    assert ask('POST', headers=JSON, content=body).status_code == 413


def test_a_defect_has_a_line_in_the_log_and_says_nothing_of_itself(caplog):
    reply = ask('POST', headers=JSON, content='"defect"')
    assert reply.status_code == 500
    assert 'a defect' in caplog.text
    assert 'RuntimeError' not in reply.text


def test_every_reply_forbids_what_is_not_ours():
    for reply in (ask('GET'), ask('GET', headers={'Host': 'evil.example'}), ask('GET', '/nothing')):
        for name, value in HEADERS.items():
            assert reply.headers[name] == value
    assert 'unsafe' not in HEADERS['content-security-policy']
