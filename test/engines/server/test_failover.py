# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Several servers: who is asked, what happens to requests when one goes, and how it comes back."""

import asyncio

import pytest
from engine_helpers import begun, deltas, generation, text
from stand_in_server import Exchange, engine_for, engine_of, says, stand_ins, status

from robobrain_ros.engines.base import EngineState, Loss
from robobrain_ros.engines.server import engine as server_engine
from robobrain_ros.engines.supervision import supervise
from robobrain_ros.errors import BrainError, ErrorCode

SOON = 30.0
ANSWER = '[(500, 250)]'


@pytest.fixture(autouse=True)
def quick_polls(monkeypatch):
    monkeypatch.setattr(server_engine, 'POLL_S', 0.05)


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, SOON))


async def until(condition):
    while not condition():
        await asyncio.sleep(0.01)


async def talks(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.text('well')
    await asyncio.sleep(60)


async def cut(exchange: Exchange) -> None:
    exchange.cut()


def test_the_server_with_the_fewest_requests_is_asked():
    async def work():
        async with stand_ins(3) as servers, engine_for(*servers) as engine:
            for server in servers:
                server.usual = talks
            tasks = [await begun(engine, generation()) for _ in range(6)]
            loads = [len(server.asked) for server in servers]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            return loads

    assert run(work()) == [2, 2, 2]


@pytest.mark.parametrize('fault', [cut, status(500), status(502), status(401), status(404), status(429)])
def test_what_one_server_has_not_begun_another_one_answers(fault):
    async def work():
        async with stand_ins(2) as (first, second), engine_for(first, second) as engine:
            first.script = [fault, fault]
            stream = await deltas(engine, generation())
            assert [delta.text for delta in stream].count('') == 2  # it begins once, and ends once
            assert len(second.asked) == 1
            return text(stream)

    assert run(work()) == ANSWER


def test_what_a_server_refuses_no_other_is_asked():
    async def work():
        async with stand_ins(2) as (first, second), engine_for(first, second) as engine:
            first.script = [status(400, 'bad prompt')]
            with pytest.raises(BrainError, match='bad prompt'):
                await deltas(engine, generation())
            return len(second.asked)

    assert run(work()) == 0


def test_an_answer_that_was_cut_is_lost_and_the_others_go_on():
    async def cut_in_the_middle(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.text('[(')
        exchange.cut()

    async def work():
        async with stand_ins(2) as (first, second), engine_for(first, second) as engine:
            first.script, first.probe = [cut_in_the_middle], status(503)
            with pytest.raises(BrainError, match='middle') as caught:
                await deltas(engine, generation())
            assert caught.value.code is ErrorCode.ENGINE_DEAD
            assert engine.health().state is EngineState.READY
            assert text(await deltas(engine, generation())) == ANSWER
            assert (len(first.asked), len(second.asked)) == (1, 1)

    run(work())


def test_a_server_that_went_is_left_out_until_it_answers_again():
    async def work():
        async with stand_ins(2) as (first, second), engine_for(first, second) as engine:
            await first.stop()
            for _ in range(3):
                assert text(await deltas(engine, generation())) == ANSWER
            assert (len(first.asked), len(second.asked)) == (0, 3)
            assert first.url in engine.health().details
            assert engine.health().details[first.url] != ''
            first.probe = status(503, 'loading')
            await first.start()
            await asyncio.sleep(0.3)
            await deltas(engine, generation())
            assert len(first.asked) == 0  # it listens, but cannot answer yet
            first.probe = says('4', '2')
            await until(lambda: 'serves' in engine.health().details[first.url])
            await deltas(engine, generation())
            assert len(first.asked) == 1

    run(work())


def test_a_server_that_says_that_it_is_ill_is_left_out_before_a_request_finds_out():
    async def work():
        async with stand_ins(2) as (first, second), engine_for(first, second) as engine:
            first.health = status(503, 'the engine died')
            await until(lambda: 'the engine died' in engine.health().details[first.url])
            await deltas(engine, generation())
            assert len(first.asked) == 0

    run(work())


def test_no_request_that_had_not_begun_is_lost_while_servers_come_and_go():
    async def work():
        async with stand_ins(2) as servers, engine_for(*servers) as engine:
            for server in servers:
                server.usual = slow
            asking = asyncio.create_task(ask_all(engine))
            for number in range(6):
                server = servers[number % 2]
                await server.stop()
                await asyncio.sleep(0.1)
                await server.start()
                await until(lambda server=server: 'serves' in engine.health().details[server.url])
            return await asking, len(servers[0].asked), len(servers[1].asked)

    async def slow(exchange: Exchange) -> None:
        await asyncio.sleep(0.05)
        await says('[(500, ', '250)]')(exchange)

    async def ask_all(engine):
        answers = []
        for _ in range(40):
            answers += await asyncio.gather(*(one(engine) for _ in range(4)))
        return answers

    async def one(engine):
        stream, request = [], generation()
        try:
            async for delta in engine.generate(request):
                stream.append(delta)
        except BrainError:
            assert any(delta.tokens for delta in stream)  # cut in the middle of its answer
            return None
        return text(stream)

    answers, first, second = run(work())
    assert set(answers) <= {ANSWER, None}
    assert answers.count(ANSWER) >= 150
    assert min(first, second) > 10


def test_with_no_server_left_the_engine_is_dead_and_the_supervisor_brings_it_back():
    async def work():
        heard = []
        async with stand_ins(2) as servers, engine_for(*servers) as engine:
            supervisor = asyncio.create_task(supervise(engine, lambda: engine.start(heard.append), heard.append))
            for server in servers:
                await server.stop()
            with pytest.raises(BrainError, match='check that the server runs') as caught:
                await deltas(engine, generation())
            assert caught.value.code is ErrorCode.ENGINE_DEAD
            await until(lambda: any('no server can be used' in text for text in heard))
            assert all(isinstance(text, Loss) for text in heard if 'left out' in text or 'trying again' in text)
            await servers[1].start()
            await until(lambda: engine.health().state is EngineState.READY)
            assert text(await deltas(engine, generation())) == ANSWER
            supervisor.cancel()
            await asyncio.wait([supervisor])

    run(work())


def test_a_start_leaves_servers_at_work_that_came_back_by_themselves():
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.usual = talks
            task = await begun(engine, generation())
            await engine.start(lambda text: None)
            assert not task.done()
            task.cancel()
            await asyncio.wait([task])

    run(work())


def test_servers_of_different_models_are_not_mixed():
    async def work():
        async with stand_ins(2) as (first, second):
            second.models = {'data': [{'id': 'another'}]}
            async with engine_for(first, second) as engine:
                assert engine.model == 'brain'
                assert "serves 'another'" in engine.health().details[second.url]
                await until(lambda: 'set server.model' in engine.health().details[second.url])  # asked once more
                second.models = first.models
                await until(lambda: 'serves brain' in engine.health().details[second.url])

    run(work())


def test_a_server_that_is_too_busy_to_say_how_it_is_goes_on_with_its_request():
    async def silent(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    async def work():
        async with stand_ins() as (server,), engine_for(server, timeout_s=1.0) as engine:
            server.health = silent

            async def slow(exchange: Exchange) -> None:
                await exchange.begin()
                for _ in range(5):
                    await exchange.text('so ')
                    await asyncio.sleep(0.5)
                server.health = status(200)
                await exchange.text('there', 'stop')
                await exchange.end()

            server.script = [slow]
            return text(await deltas(engine, generation())), engine.health().state

    assert run(work()) == ('so so so so so there', EngineState.READY)


def test_a_new_key_in_the_file_is_found(tmp_path):
    (tmp_path / 'key').write_text('old')

    async def work():
        heard = []
        async with stand_ins() as (server,):
            server.key = 'old'
            async with engine_for(server, api_key_file=str(tmp_path / 'key')) as engine:
                supervisor = asyncio.create_task(supervise(engine, lambda: engine.start(heard.append), heard.append))
                server.key = 'new'
                with pytest.raises(BrainError, match='401'):
                    await deltas(engine, generation())
                (tmp_path / 'key').write_text('new')
                await until(lambda: engine.health().state is EngineState.READY)
                assert text(await deltas(engine, generation())) == ANSWER
                supervisor.cancel()
                await asyncio.wait([supervisor])

    run(work())


def test_the_loss_of_a_server_is_worth_a_warning_and_its_return_is_not():
    async def work():
        heard = []
        async with stand_ins(2) as (first, second):
            engine = engine_of(first, second)
            await engine.start(heard.append)
            heard.clear()
            first.health = status(503)
            await until(lambda: '503' in engine.health().details[first.url])
            first.health = status(200)
            await until(lambda: 'serves' in engine.health().details[first.url])
            await engine.close()
        lost, back = heard
        assert isinstance(lost, Loss)
        assert lost.startswith(f'left out: {first.url} answers 503')
        assert not isinstance(back, Loss)
        assert back == f'{first.url} is back'

    run(work())


def test_a_listener_that_fails_does_not_end_the_watch():
    def report(text):
        if 'left out' in text:
            raise ValueError('a defect of the listener')

    async def work():
        async with stand_ins(2) as (first, second):
            engine = engine_of(first, second)
            await engine.start(report)
            first.health = status(503)
            await until(lambda: '503' in engine.health().details[first.url])
            first.health = status(200)
            await until(lambda: 'serves' in engine.health().details[first.url])
            await engine.close()

    run(work())
