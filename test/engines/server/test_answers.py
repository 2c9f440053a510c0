# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a server is sent, and what its answer becomes: a stand-in over real connections."""

import asyncio
import base64
import io
import json

import numpy as np
import pytest
from engine_helpers import begun, deltas, generation, text
from PIL import Image
from stand_in_server import Exchange, engine_for, says, stand_ins, status

from robobrain_ros.engines.base import Delta, EngineRefused, EngineState
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.tasks.base import Guide
from robobrain_ros.tasks.certainty import Token


def answered(request, *script, probe=None, **options):
    """The deltas of one request, and the exchange that it was."""

    async def work():
        async with stand_ins() as (server,):
            server.probe = probe or server.probe
            server.script = list(script)
            async with engine_for(server, **options) as engine:
                stream = await deltas(engine, request)
                assert engine.health().in_flight == 0
                return stream, server.asked[-1]

    return asyncio.run(asyncio.wait_for(work(), 20))


def test_the_stream_begins_empty_and_ends_with_a_reason():
    stream, _ = answered(generation(), says('[(5', '00)]'))
    assert stream == [Delta(), Delta('[(5', 1), Delta('00)]', 1), Delta(finish_reason='stop')]


def test_a_request_is_one_user_turn_with_the_image_first_and_without_a_chat_model_s_sampling():
    _, exchange = answered(generation('where?', temperature=0.5))
    (message,) = exchange.body['messages']
    assert message['role'] == 'user'
    assert [part['type'] for part in message['content']] == ['image_url', 'text']
    assert message['content'][1]['text'] == 'where?'
    wanted = {'model': 'brain', 'max_tokens': 64, 'temperature': 0.5, 'top_p': 1.0, 'repetition_penalty': 1.0}
    assert wanted.items() <= exchange.body.items()
    assert exchange.body['stream_options']['include_usage']
    assert not {'logprobs', 'stop', 'structured_outputs', 'continue_final_message'} & exchange.body.keys()


@pytest.mark.parametrize(('image_format', 'most_wrong'), [('png', 0), ('jpeg', 12)])
def test_images_travel_in_the_size_that_the_model_sees(image_format, most_wrong):
    rows, columns = np.mgrid[:960, :1280]
    image = np.stack([rows % 256, columns % 256, (rows + columns) % 256], axis=-1).astype(np.uint8) // 4 * 2
    _, exchange = answered(generation(image=image[:480, :256]), image_format=image_format)
    kind, _, packed = exchange.body['messages'][0]['content'][0]['image_url']['url'].partition(';base64,')
    assert kind == f'data:image/{image_format}'
    seen = np.asarray(Image.open(io.BytesIO(base64.b64decode(packed))))
    assert seen.shape == (480, 256, 3)
    assert np.abs(seen[:100, :100].astype(int) - image[:100, :100]).max() <= most_wrong
    _, exchange = answered(generation(image=image))
    packed = exchange.body['messages'][0]['content'][0]['image_url']['url'].partition(';base64,')[2]
    assert Image.open(io.BytesIO(base64.b64decode(packed))).size == (640, 480)


def test_what_the_server_offers_is_used():
    guide = Guide(regex='[a-z]{2}')
    asked = generation(guide=guide, stop=(')]',), reply_prefix='<answer>', alternatives=3)
    _, exchange = answered(asked)
    body = exchange.body
    assert body['structured_outputs'] == {'regex': '[a-z]{2}', 'disable_any_whitespace': True}
    assert (body['stop'], body['include_stop_str_in_output']) == ([')]'], True)
    assert (body['logprobs'], body['top_logprobs']) == (True, 3)
    assert body['messages'][1] == {'role': 'assistant', 'content': '<answer>'}
    assert (body['continue_final_message'], body['add_generation_prompt']) == (True, False)


async def openai_only(exchange: Exchange) -> None:
    """Knows OpenAI's fields, and refuses others."""
    if unknown := exchange.body.keys() - {'model', 'messages', 'max_tokens', 'temperature', 'top_p', 'stream',
                                          'stream_options'}:  # fmt: skip
        await status(400, f'unknown fields {sorted(unknown)}')(exchange)
    else:
        await says('a picture')(exchange)


def test_a_server_of_few_words_is_asked_in_these():
    stream, _ = answered(generation(stop=(')]',), alternatives=3), openai_only, probe=openai_only)
    assert text(stream) == 'a picture'
    for options in ({'guide': Guide(regex='a')}, {'reply_prefix': '<answer>'}):
        with pytest.raises(EngineRefused, match='server does not'):
            answered(generation(**options), probe=openai_only)


def test_a_server_that_ignores_grammars_is_noticed():
    with pytest.raises(EngineRefused, match='guided_decoding'):
        answered(generation(guide=Guide(regex='[a-z]')), probe=says('grey'))


@pytest.mark.parametrize('pieces', [['[(1, 2)', '] and more'], ['[(1, 2)] and', ' more'], [*'[(1, 2)] and more']])
def test_stop_strings_are_found_here_where_the_server_would_swallow_them(pieces):
    async def endless(exchange: Exchange) -> None:
        await exchange.begin()
        for piece in pieces:
            await exchange.text(piece)
        await asyncio.sleep(60)

    stream, exchange = answered(generation(stop=(']]', ')]')), endless, probe=says('grey'))
    assert 'stop' not in exchange.body
    assert (text(stream), stream[-1].finish_reason) == ('[(1, 2)]', 'stop')


def test_log_probabilities_become_tokens_with_their_alternatives():
    async def act(exchange: Exchange) -> None:
        others = [{'token': '5', 'logprob': -0.1}, {'token': '4', 'logprob': -2.5}]
        place = {'token': '7', 'logprob': -4.0, 'top_logprobs': others}
        await exchange.begin()
        choice = {'delta': {'content': '7'}, 'logprobs': {'content': [place]}, 'finish_reason': 'length'}
        await exchange.event({'choices': [choice]})
        await exchange.end()

    stream, _ = answered(generation(alternatives=2), act)
    assert stream[1].spelled == (Token('7', (('7', -4.0), ('5', -0.1), ('4', -2.5))),)
    assert (stream[1].tokens, stream[-1].finish_reason) == (1, 'length')


@pytest.mark.parametrize('at_end', [False, True])
def test_tokens_are_counted_as_the_server_counts_them(at_end):
    async def act(exchange: Exchange) -> None:
        await exchange.begin()
        for tokens, piece in ((2, 'ab'), (3, 'c')):
            event = {'choices': [{'delta': {'content': piece}, 'finish_reason': None}]}
            await exchange.event(event if at_end else event | {'usage': {'completion_tokens': tokens}})
        await exchange.text('', 'stop')
        await exchange.event({'choices': [], 'usage': {'completion_tokens': 4}})
        await exchange.end()

    stream, _ = answered(generation(), act)
    assert (text(stream), sum(delta.tokens for delta in stream)) == ('abc', 4)
    if not at_end:
        assert [delta.tokens for delta in stream if delta.text] == [2, 1]


def test_parts_that_other_servers_leave_out_are_not_missed():
    async def act(exchange: Exchange) -> None:
        place = {'token': 'a', 'logprob': -0.5, 'top_logprobs': None}
        choice = {'delta': {'content': 'a'}, 'logprobs': {'content': [place]}}
        await exchange.begin()
        await exchange.event({'choices': [{'delta': {'role': 'assistant'}}], 'usage': None})
        await exchange.event({'choices': [choice], 'usage': {}})
        await exchange.event({'choices': [{'delta': None, 'finish_reason': 'stop'}]})
        await exchange.send(b'0\r\n\r\n')  # without a word that all is done

    stream, _ = answered(generation(), act)
    assert stream[1:] == [Delta('a', 1, '', (Token('a', (('a', -0.5),)),)), Delta(finish_reason='stop')]


def test_a_server_that_does_not_stop_is_cut_at_the_limit():
    async def endless(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.text('la ')
            await asyncio.sleep(0)

    stream, _ = answered(generation(max_tokens=5), endless)
    assert stream[-1].finish_reason == 'length'
    assert sum(delta.tokens for delta in stream) <= 6


def test_connections_are_used_again():
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            for _ in range(10):
                await deltas(engine, generation())
            return server.connections

    assert asyncio.run(work()) <= 2


@pytest.mark.parametrize('way', ['cancel', 'abort', 'close'])
def test_a_request_that_is_ended_closes_its_connection(way):
    async def talks(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.text('well')
        await asyncio.sleep(60)

    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.script = [talks]
            request = generation()
            task = await begun(engine, request)
            assert engine.health().in_flight == 1
            if way == 'cancel':
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()
            else:
                await (engine.abort(request.request_id) if way == 'abort' else engine.close())
                assert (await task)[-1].finish_reason == 'abort'
            while not server.gone:
                await asyncio.sleep(0.01)
            assert engine.health().in_flight == 0
            await engine.abort('unknown')

    asyncio.run(asyncio.wait_for(work(), 20))


@pytest.mark.parametrize('moment', ['at once', 'before the first byte'])
def test_an_abort_that_comes_early_ends_it_too(moment):
    async def silent(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            server.script = [silent]
            request = generation()
            task = asyncio.create_task(deltas(engine, request))
            while not engine.health().in_flight or (moment != 'at once' and not server.asked):
                await asyncio.sleep(0)
            await engine.abort(request.request_id)
            return await task

    assert asyncio.run(asyncio.wait_for(work(), 20)) == [Delta(finish_reason='abort')]


def test_images_that_no_model_takes_are_refused():
    with pytest.raises(BrainError, match='300x1') as caught:
        answered(generation(image=np.zeros((1, 300, 3), np.uint8)))
    assert caught.value.code is ErrorCode.BAD_IMAGE


def test_an_engine_that_has_not_started_or_was_closed_says_so():
    async def work():
        async with stand_ins() as (server,), engine_for(server) as engine:
            await engine.close()
            await engine.close()
            assert engine.health().state is EngineState.STOPPED
            with pytest.raises(BrainError, match='stopped') as caught:
                await deltas(engine, generation())
            assert caught.value.code is ErrorCode.ENGINE_DEAD
            await engine.start(lambda text: None)
            return await engine.warm_up([generation(), generation()])

    assert all(0 < took < 5000 for took in asyncio.run(work()))


def test_bodies_are_json_of_plain_ascii_sizes():
    _, exchange = answered(generation('去拿红色的杯子 "\u2028"'))
    assert exchange.body['messages'][0]['content'][1]['text'] == '去拿红色的杯子 "\u2028"'
    assert json.loads(json.dumps(exchange.body)) == exchange.body
