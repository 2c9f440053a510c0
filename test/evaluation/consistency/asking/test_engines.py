# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Engines for the comparison: a server gets the very pixels that a model loaded here gets; there is room for all."""

import base64
from pathlib import Path

import cv2
import numpy as np
import pytest
from stand_in_server import Exchange, listening, says, status

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.asking import engines
from robobrain_ros.evaluation.consistency.asking.ask import How, ask, running
from robobrain_ros.evaluation.consistency.data import layout
from robobrain_ros.evaluation.consistency.items import Item

SERVED = {'profile': 'robobrain-2.5'}
HOW = How(max_tokens=77)


def item(folder: Path, number: int) -> Item:
    """A question about noise, which shows each change of a pixel."""
    file = folder / f'{number}.png'
    cv2.imwrite(str(file), np.random.default_rng(number).integers(0, 256, (256, 320, 3), np.uint8))
    return Item('erqa', str(number), f'Look: <image 1> What is number {number}?', 'multiple-choice', 'A', (file,))


def test_a_server_is_asked_with_the_pixels_of_the_data_and_its_answers_and_errors_are_kept(tmp_path):
    items = [item(tmp_path, number) for number in range(4)]
    with listening() as server:
        server.usual = says('Answer: ', 'B')
        server.script = [says('A'), status(400, 'the prompt is too long')]
        engine, profile = engines.make(server.url, concurrency=1, max_tokens=77, options=SERVED)
        with running(engine, lambda text: None) as stack:
            replies = ask(stack, items, tmp_path / 'run', HOW, lambda text: None)
        bodies = [exchange.body for exchange in server.asked]
    assert profile.name == 'robobrain-2.5'
    assert [reply.text for reply in replies] == ['A', '', 'Answer: B', 'Answer: B']
    assert [bool(reply.error) for reply in replies] == [False, True, False, False]
    assert 'the prompt is too long' in replies[1].error
    for asked, body in zip(items, bodies, strict=True):
        (message,) = body['messages']
        kinds = [piece['type'] for piece in message['content']]
        assert kinds == ['text', 'image_url', 'text']
        url = message['content'][1]['image_url']['url']
        assert url.startswith('data:image/png;base64,')
        sent = cv2.imdecode(np.frombuffer(base64.b64decode(url.partition(',')[2]), np.uint8), cv2.IMREAD_COLOR_RGB)
        _, image, _ = layout.content(asked)
        assert np.array_equal(sent, image)
        assert (body['max_tokens'], body['temperature']) == (77, 0.0)


async def hang_up(exchange: Exchange) -> None:
    """Breaks off in the middle of an answer."""
    await exchange.begin()
    await exchange.text('Answer')
    exchange.cut()


def test_a_server_that_breaks_off_is_found_again_and_asked_again(tmp_path, monkeypatch):
    monkeypatch.setattr('robobrain_ros.evaluation.consistency.asking.ask.RESTART_PAUSES_S', (0.0, 0.0))
    told: list[str] = []
    items = [item(tmp_path, number) for number in range(3)]
    with listening() as server:
        server.script = [says('A'), hang_up, says('B'), says('C')]
        engine, _ = engines.make(server.url, concurrency=1, max_tokens=77, options=SERVED)
        with running(engine, told.append) as stack:
            replies = ask(stack, items, tmp_path / 'run', HOW, told.append)
    assert [(reply.text, reply.error) for reply in replies] == [('A', ''), ('B', ''), ('C', '')]
    assert any('starting it again' in text for text in told)


def test_a_model_here_has_room_for_long_questions_and_for_many():
    one, _ = engines.make('tiny', concurrency=1, max_tokens=256)
    many, profile = engines.make(TINY_MODEL, concurrency=64, max_tokens=256)
    assert profile.name == 'robobrain-tiny'
    assert (one.config.max_num_seqs, many.config.max_num_seqs) == (1, 64)
    assert one.config.max_model_len == many.config.max_model_len == 8192  # what the model takes
    assert one.config.max_pixels == engines.MAX_PIXELS
    assert many.config.kv_cache_mb > one.config.kv_cache_mb >= 256
    small, _ = engines.make('tiny', concurrency=1, max_tokens=100, options={'max_pixels': 204_800})
    assert small.config.max_model_len == engines.WORDS + 100 + 8 * 200


def test_more_options_reach_the_engine_and_wrong_ones_are_named():
    engine, _ = engines.make('tiny', concurrency=2, max_tokens=64, options={'dtype': 'bfloat16', 'kv_cache_mb': 300})
    assert (engine.config.dtype, engine.config.kv_cache_mb) == ('bfloat16', 300)
    with pytest.raises(BadRequest, match="no option 'speed'"):
        engines.make('tiny', concurrency=2, max_tokens=64, options={'speed': 2})
    with pytest.raises(BadRequest, match='max_tokens is 8192, but the model takes 8192'):
        engines.make('tiny', concurrency=2, max_tokens=8192)
    with pytest.raises(BadRequest, match='nowhere'):
        engines.make(Path('nowhere'), concurrency=2, max_tokens=64)
