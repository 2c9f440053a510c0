# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The front door by itself, before applications that the test controls."""

import asyncio
import json

import pytest

from robobrain_ros.serving import front
from robobrain_ros.serving.checks import LARGEST, Refused
from robobrain_ros.serving.config import ServeConfig
from robobrain_ros.serving.front import Front

SOON = 10


class Client:
    """One connection's request to an ASGI application."""

    def __init__(self, app, path='/v1/chat/completions', body=b'{}', method='POST', parts=None, headers=()):
        self.inbox: asyncio.Queue = asyncio.Queue()
        for part in parts if parts is not None else [{'body': body}]:
            self.inbox.put_nowait({'type': 'http.request'} | part)
        self.sent = []
        named = [(b'host', b'localhost'), *headers]
        scope = {'type': 'http', 'path': path, 'method': method, 'headers': named}
        self.task = asyncio.ensure_future(app(scope, self.inbox.get, self._send))

    async def _send(self, message):
        self.sent.append(message)

    def leave(self):
        self.inbox.put_nowait({'type': 'http.disconnect'})

    async def end(self):
        await asyncio.wait_for(self.task, SOON)
        return self.status, json.loads(self.text) if self.text else None

    @property
    def status(self):
        return self.sent[0]['status'] if self.sent else None

    @property
    def text(self):
        return b''.join(message.get('body', b'') for message in self.sent[1:])

    @property
    def headers(self):
        return dict(self.sent[0]['headers'])


class Theirs:
    """An application that answers when it is let, and tells what it got."""

    def __init__(self):
        self.bodies, self.running, self.gate = [], 0, asyncio.Event()
        self.gate.set()
        self.missing = None

    async def get(self):
        if self.missing:
            raise self.missing
        return self

    async def __call__(self, scope, receive, send):
        self.bodies.append((await receive()).get('body') if scope['method'] == 'POST' else scope['path'])
        self.running += 1
        try:
            await self.gate.wait()
            await front._reply(send, 200, {'from': scope['path']}, {})
        finally:
            self.running -= 1


class World:
    def __init__(self, working=1, **config):
        self.theirs, self.own, self.trouble = Theirs(), Theirs(), ''
        self.front = Front(ServeConfig(**config), working, self.theirs.get, self.own, lambda: self.trouble)

    def ask(self, **request):
        return Client(self.front, **request)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 3 * SOON))


async def until(true):
    while not true():
        await asyncio.sleep(0.001)


def test_requests_go_where_they_belong():
    async def main():
        world = World()
        assert await world.ask(body=b'{"a": 1}').end() == (200, {'from': '/v1/chat/completions'})
        assert await world.ask(path='/v1/models', method='GET').end() == (200, {'from': '/v1/models'})
        assert await world.ask(path='/v1/robobrain/ask', body=b'{"b": 2}').end() == (200, {'from': '/v1/robobrain/ask'})
        assert await world.ask(path='/docs', method='GET').end() == (200, {'from': '/docs'})
        assert (world.theirs.bodies, world.own.bodies) == ([b'{"a": 1}', '/v1/models'], [b'{"b": 2}', '/docs'])

    run(main())


@pytest.mark.parametrize(
    'path', ['/', '/v1', '/v1/chat', '/sleep', '/reset_prefix_cache', '/v1/load_lora_adapter', '/x' * 500]
)
def test_other_endpoints_of_vllm_are_not_there(path):
    async def main():
        world = World()
        status, body = await world.ask(path=path).end()
        assert (status, world.theirs.bodies) == (404, [])
        assert f"there is no POST '{path[:80]}'" in body['error']['message']

    run(main())


def test_a_body_comes_in_parts():
    async def main():
        world = World()
        parts = [{'body': b'{"a"', 'more_body': True}, {'body': b': 1', 'more_body': True}, {'body': b'}'}]
        assert (await world.ask(parts=parts).end())[0] == 200
        assert world.theirs.bodies == [b'{"a": 1}']

    run(main())


def test_bodies_that_are_too_large_or_too_slow(monkeypatch):
    monkeypatch.setattr(front, 'BODY_S', 0.05)

    async def main():
        world = World()
        large = (b'content-length', str(LARGEST + 1).encode())
        assert (await world.ask(headers=[large]).end())[0] == 413
        parts = [{'body': bytes(LARGEST // 2), 'more_body': True}] * 3
        assert (await world.ask(parts=parts).end())[0] == 413
        assert (await world.ask(parts=[{'body': b'{', 'more_body': True}]).end())[0] == 408
        assert (await world.ask(parts=[{'body': b'{', 'more_body': True}, {'type': 'http.disconnect'}]).end())[0] == 400
        assert world.theirs.bodies == []
        assert (await world.ask().end())[0] == 200, 'and it goes on'

    run(main())


def test_more_than_may_be_worked_on_wait_and_more_than_that_are_sent_away():
    async def main():
        world = World(working=2, max_requests=4)
        world.theirs.gate.clear()
        clients = [world.ask(body=b'{"seed": %d}' % number) for number in range(4)]
        await until(lambda: world.theirs.running == 2)
        late = world.ask()
        status, body = await late.end()
        assert (status, late.headers[b'retry-after']) == (429, b'2')
        assert '4 requests are being worked on' in body['error']['message']
        assert world.theirs.running == 2
        world.theirs.gate.set()
        assert [(await client.end())[0] for client in clients] == [200] * 4
        assert world.theirs.bodies == [b'{"seed": %d}' % number for number in range(4)], 'in order'
        assert (await world.ask().end())[0] == 200

    run(main())


def test_who_leaves_while_waiting_takes_no_turn():
    async def main():
        world = World(working=1, max_requests=3)
        world.theirs.gate.clear()
        first, gone, last = (world.ask(body=b'{"seed": %d}' % number) for number in range(3))
        await until(lambda: world.theirs.running == 1)
        gone.leave()
        await asyncio.wait_for(gone.task, SOON)
        assert gone.sent == []
        world.theirs.gate.set()
        assert [(await client.end())[0] for client in (first, last)] == [200, 200]
        assert world.theirs.bodies == [b'{"seed": 0}', b'{"seed": 2}']

    run(main())


def test_a_waiting_connection_that_is_cancelled_leaks_no_turn():
    async def main():
        world = World(working=1, max_requests=50)
        for _ in range(20):
            world.theirs.gate.clear()
            first, second = world.ask(), world.ask()
            await until(lambda: world.theirs.running == 1)
            second.task.cancel()
            world.theirs.gate.set()
            await first.end()
            await asyncio.wait([second.task], timeout=SOON)
            assert (await world.ask().end())[0] == 200

    run(main())


def test_the_robot_s_own_endpoint_does_not_wait_for_chats():
    async def main():
        world = World(working=1)
        world.theirs.gate.clear()
        chat = world.ask()
        await until(lambda: world.theirs.running == 1)
        assert (await world.ask(path='/v1/robobrain/ask').end())[0] == 200
        world.theirs.gate.set()
        assert (await chat.end())[0] == 200

    run(main())


def test_health_needs_no_key_and_says_why_not():
    async def main():
        world = World(api_key='secret')
        assert await world.ask(path='/health', method='GET').end() == (200, {'status': 'ok'})
        world.trouble = 'the engine process died'
        told = {'status': 'unavailable', 'reason': 'the engine process died'}
        assert await world.ask(path='/health', method='GET').end() == (503, told)
        assert (await world.ask(path='/v1/models', method='GET').end())[0] == 401
        key = [(b'authorization', b'Bearer secret')]
        assert (await world.ask(path='/v1/models', method='GET', headers=key).end())[0] == 200

    run(main())


def test_without_an_engine_clients_are_told_and_turns_come_back():
    async def main():
        world = World(working=1)
        world.theirs.missing = Refused(503, 'the engine is starting', {'Retry-After': '2'})
        for _ in range(3):
            client = world.ask()
            assert (await client.end())[1]['error']['message'] == 'the engine is starting'
            assert (client.status, client.headers[b'retry-after']) == (503, b'2')
        world.theirs.missing = None
        assert (await world.ask().end())[0] == 200

    run(main())


def test_a_defect_is_told_without_details(caplog):
    async def main():
        world = World()
        world.theirs.missing = ZeroDivisionError('of /home/someone/secret')
        status, body = await world.ask().end()
        assert (status, 'secret' in str(body)) == (500, False)
        assert 'ZeroDivisionError' in caplog.text

    run(main())


def test_websockets_are_closed_and_lifespan_is_ignored():
    async def main():
        world, sent = World(), []

        async def send(message):
            sent.append(message)

        await world.front({'type': 'websocket', 'path': '/v1/realtime'}, None, send)
        await world.front({'type': 'lifespan'}, None, send)
        assert sent == [{'type': 'websocket.close', 'code': 1008}]

    run(main())
