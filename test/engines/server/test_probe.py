# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What is found out about a server when the engine starts, and the words for what is wrong there."""

import asyncio

import pytest
from stand_in_server import Exchange, engine_of, says, stand_ins, status

from robobrain_ros.engines.base import EngineState
from robobrain_ros.errors import BrainError

SOON = 20.0


def started(prepare, **options):
    """What the engine reports at its start; ``prepare`` gets the server before."""

    async def work():
        told = []
        async with stand_ins() as (server,):
            prepare(server)
            engine = engine_of(server, **options)
            try:
                await engine.start(told.append)
                assert engine.health().state is EngineState.READY
            finally:
                await engine.close()
        return '\n'.join(told)

    return asyncio.run(asyncio.wait_for(work(), SOON))


def models(*names):
    return lambda server: setattr(server, 'models', {'object': 'list', 'data': [{'id': name} for name in names]})


def probed(act):
    return lambda server: setattr(server, 'probe', act)


async def no_images(exchange: Exchange) -> None:
    """A language model without eyes."""
    if any(isinstance(message['content'], list) for message in exchange.body['messages']):
        await status(400, 'brain is not a multimodal model')(exchange)
    else:
        await says('I see')(exchange)


def test_the_only_model_is_taken():
    assert 'serves brain' in started(models('brain'))
    assert 'serves two' in started(models('one', 'two'), model='two')


def test_what_the_server_lacks_is_said():
    assert 'does not obey structured_outputs: no guided decoding' in started(probed(says('grey')))


@pytest.mark.parametrize(
    ('prepare', 'words'),
    [
        (models('one', 'two'), "serves 'one', 'two': set server.model to the one to ask"),
        (models(), 'serves none: set server.model'),
        (lambda server: setattr(server, 'models', {'hello': 'world'}), 'is no list of models.*Check server.url'),
        (lambda server: setattr(server, 'models', [1, 2]), 'is no list of models'),
        (lambda server: setattr(server, 'health', status(503, 'engine died')), 'engine died'),
        (
            lambda server: setattr(server, 'key', 'secret'),
            '401 without a key.*server.api_key_file .*--api-key-file, or the variable ROBOBRAIN_API_KEY',
        ),
        (probed(no_images), "model 'brain' of .* takes no images .*brain is not a multimodal model.*vision-language"),
        (probed(status(400, 'no')), 'takes no chat request'),
        (probed(status(500, 'broken')), 'broken'),
        (probed(status(503, 'loading')), 'not there, or not yet'),
    ],
)
def test_what_is_wrong_is_said_with_what_mends_it(prepare, words):
    with pytest.raises(BrainError, match=f'(?s)^no server can be used: .*{words}'):
        started(prepare)


def test_a_name_that_is_not_served_is_quoted_with_those_that_are():
    with pytest.raises(BrainError, match=r"server\.model is 'robo', but .* serves 'one', 'two'"):
        started(models('one', 'two'), model='robo')


def test_a_server_without_a_page_for_health_is_well_if_it_lists_its_models():
    assert 'serves brain' in started(lambda server: setattr(server, 'health', status(404)))


def test_a_start_can_be_cancelled():
    async def silent(exchange: Exchange) -> None:
        await asyncio.sleep(60)

    async def work():
        async with stand_ins() as (server,):
            server.probe = silent
            engine = engine_of(server, timeout_s=30.0)
            task = asyncio.create_task(engine.start(lambda text: None))
            await asyncio.sleep(0.3)
            assert engine.health().state is EngineState.STARTING
            task.cancel()
            await asyncio.wait([task])
            assert engine.health().state is EngineState.STOPPED
            assert engine.health().details == {}

    asyncio.run(asyncio.wait_for(work(), SOON))
