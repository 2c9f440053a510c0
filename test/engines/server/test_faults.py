# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Servers that fail in every way that networks know: how the request ends, in which words, and what happens then."""

import asyncio
import socket

import httpx
import pytest
from engine_helpers import deltas, generation, text
from stand_in_server import LIMITS, Exchange, engine_for, engine_of, says, stand_ins, status

from robobrain_ros.engines.base import EngineState
from robobrain_ros.engines.server.config import ServerConfig
from robobrain_ros.engines.server.engine import ServerEngine
from robobrain_ros.engines.server.faults import Kind, of_transport
from robobrain_ros.errors import BrainError, ErrorCode

SOON = 30.0
KEY = 'sk-very-secret'


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, SOON))


async def cut(exchange: Exchange) -> None:
    exchange.cut()


async def cut_in_the_middle(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.text('[(50')
    exchange.cut()


async def ends_in_the_middle(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.text('[(50')
    await exchange.send(b'0\r\n\r\n')


async def stalls(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.text('[(50')
    await asyncio.sleep(60)


async def silent(exchange: Exchange) -> None:
    await asyncio.sleep(60)


async def breathes_only(exchange: Exchange) -> None:
    await exchange.begin()
    while True:
        await exchange.piece(b': still here\n\n')
        await asyncio.sleep(0.1)


async def garbage(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.piece(b'\x00\xff<html>\n\n')
    await exchange.end()


async def no_json(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.event(b'{"choices": [')
    await exchange.end()


async def other_json(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.event({'choices': [{'delta': {'content': 7}}]})
    await exchange.end()


async def endless_line(exchange: Exchange) -> None:
    await exchange.begin()
    while True:
        await exchange.piece(b'x' * 65536)


async def error_event(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.event({'error': {'message': 'out of memory', 'code': 500}})
    await exchange.end()


async def refusing_event(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.event({'error': {'message': 'bad regex', 'code': 400}})
    await exchange.end()


async def page(exchange: Exchange) -> None:
    await exchange.begin('text/html')
    await exchange.piece(b'<html>Welcome to our portal</html>')
    await exchange.end()


DEAD, FAILED, BUSY = ErrorCode.ENGINE_DEAD, ErrorCode.ENGINE_FAILED, ErrorCode.BUSY
FAULTS = [
    (cut, DEAD, 'closed without an answer'),
    (cut_in_the_middle, DEAD, 'middle'),
    (ends_in_the_middle, DEAD, 'middle'),
    (stalls, DEAD, r'sent nothing for 2 s \(server.timeout_s\)'),
    (silent, DEAD, 'server.timeout_s'),
    (breathes_only, DEAD, 'server.timeout_s'),
    (garbage, FAILED, 'no events'),
    (no_json, FAILED, 'no JSON object'),
    (other_json, FAILED, 'no piece of an answer'),
    (endless_line, FAILED, 'a line of over'),
    (error_event, FAILED, 'out of memory'),
    (refusing_event, FAILED, 'bad regex'),
    (page, FAILED, 'text/html'),
    (says('', finish='error'), FAILED, 'ended the answer with an error'),
    (status(500), FAILED, '500: for a reason'),
    (status(502), DEAD, '502'),
    (status(503, 'loading'), DEAD, 'loading; the model is not there, or not yet'),
    (status(400, 'prompt too long'), FAILED, 'prompt too long'),
    (status(401), DEAD, 'server.api_key_file'),
    (status(403), DEAD, 'server.api_key_file'),
    (status(404, 'no such model'), DEAD, 'no such model; check server.url and server.model'),
    (status(413), FAILED, "server.image_format to 'jpeg'"),
    (status(429, retry_after='600'), BUSY, 'full.*ask again in 600 s'),
    (status(307, location='http://elsewhere/'), DEAD, "'http://elsewhere/'; set server.url"),
]


@pytest.mark.parametrize(('act', 'code', 'words'), FAULTS, ids=[f'{index}' for index in range(len(FAULTS))])
def test_every_fault_ends_the_request_with_a_code_and_a_sentence_and_is_survived(act, code, words):
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.usual = act
            with pytest.raises(BrainError, match=words) as caught:
                await deltas(engine, generation())
            assert caught.value.code is code
            assert engine.health().in_flight == 0
            dead = engine.health().state is EngineState.DEAD
            assert dead == (code is DEAD)
            assert bool(engine.health().error) == dead
            server.usual = says('[(500, ', '250)]')
            if dead:  # as the supervisor does
                await engine.start(lambda text: None)
            assert text(await deltas(engine, generation())) == '[(500, 250)]'
            assert engine.health().state is EngineState.READY

    run(work())


def test_a_full_server_is_asked_again_when_it_says():
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.script = [status(429, retry_after='0.2'), status(429, retry_after='0')]
            return text(await deltas(engine, generation())), len(server.asked)

    assert run(work()) == ('[(500, 250)]', 3)


def test_a_server_that_stays_full_is_busy():
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.usual = status(429, retry_after='0.05')
            with pytest.raises(BrainError, match='full') as caught:
                await deltas(engine, generation())
            assert caught.value.code is ErrorCode.BUSY
            assert engine.health().state is EngineState.READY
            return len(server.asked)

    assert run(work()) == 3


def test_an_idle_connection_that_was_closed_costs_nothing():
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.script = [cut]
            return text(await deltas(engine, generation())), engine.health().state

    assert run(work()) == ('[(500, 250)]', EngineState.READY)


@pytest.mark.parametrize('fault', [status(500), error_event, garbage])
def test_a_server_that_failed_once_gets_a_second_chance(fault):
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.script = [fault]
            return text(await deltas(engine, generation())), len(server.asked)

    assert run(work()) == ('[(500, 250)]', 2)


def test_what_comes_behind_a_finished_answer_harms_nobody():
    async def act(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.text('done', 'stop')
        exchange.cut()

    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.script = [act]
            stream = await deltas(engine, generation())
            assert engine.health().state is EngineState.READY
            return text(stream), stream[-1].finish_reason

    assert run(work()) == ('done', 'stop')


def test_a_slow_first_byte_is_waited_for():
    async def act(exchange: Exchange) -> None:
        await asyncio.sleep(1.0)
        await says('late')(exchange)

    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.script = [act]
            return text(await deltas(engine, generation()))

    assert run(work()) == 'late'


def start_fails(url: str, words: str) -> None:
    async def work():
        engine = ServerEngine(ServerConfig(url, timeout_s=1.0), LIMITS)
        with pytest.raises(BrainError, match=words) as caught:
            await engine.start(lambda text: None)
        assert caught.value.code is ErrorCode.ENGINE_DEAD
        assert engine.health().state is EngineState.DEAD

    run(work())


def test_a_server_that_is_not_there_is_named():
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))  # and nobody listens
        start_fails(f'http://127.0.0.1:{free.getsockname()[1]}', 'check that the server runs')


def test_a_name_that_nobody_has_is_named():
    start_fails('http://no-such-host.invalid:9010', 'no-such-host.invalid:9010.*server.url')


def test_a_name_that_cannot_be_one_is_a_failure_like_others():
    start_fails('http://a..b', 'no server can be used')
    start_fails(f'http://{"a" * 300}', 'no server can be used')


def test_https_to_a_server_that_speaks_http_is_explained():
    async def work():
        async with stand_ins() as (server,):
            url = server.url.replace('http:', 'https:')
            engine = ServerEngine(ServerConfig(url, timeout_s=1.0), LIMITS)
            with pytest.raises(BrainError, match=r'not https: change server\.url'):
                await engine.start(lambda text: None)

    run(work())


@pytest.mark.parametrize(
    ('said', 'mend'),
    [
        ('[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate', 'SSL_CERT_FILE'),
        ('[SSL: WRONG_VERSION_NUMBER] wrong version number', 'not https'),
    ],
)
def test_faults_of_tls_name_what_mends_them(said, mend):
    fault = of_transport(httpx.ConnectError(said), 'https://a', False, 5.0)
    assert fault.kind is Kind.GONE
    assert mend in fault.text


def test_a_key_is_sent_and_never_shown(tmp_path, caplog, capfd):
    caplog.set_level('DEBUG')
    file = tmp_path / 'key'
    file.write_text(f'{KEY}\n')

    async def work():
        told = []
        async with stand_ins() as (server,):
            server.key = KEY
            engine = engine_of(server, api_key_file=str(file))
            await engine.start(told.append)
            await deltas(engine, generation())
            server.key = 'another'  # the stand-in repeats the one that it got
            with pytest.raises(BrainError, match=r'no such key: Bearer \*\*\*') as caught:
                await deltas(engine, generation())
            shown = [*told, str(caught.value), repr(caught.value), str(engine.health()), repr(engine._endpoints)]
            await engine.close()
            return shown

    out = capfd.readouterr()
    assert KEY not in '\n'.join([*run(work()), caplog.text, out.out, out.err])
