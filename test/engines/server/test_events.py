# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Whatever a server streams becomes deltas of the right types, or a fault with a sentence: nothing else."""

import asyncio
import json
import math
from collections.abc import AsyncIterator

from hypothesis import given, settings
from hypothesis import strategies as st

from robobrain_ros.engines.base import Delta
from robobrain_ros.engines.server.events import Reader, events
from robobrain_ros.engines.server.faults import Fault, told
from robobrain_ros.tasks.certainty import Token

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just('1e999')
NAMES = ('choices', 'delta', 'content', 'finish_reason', 'logprobs', 'usage', 'completion_tokens', 'token', 'logprob',
         'top_logprobs', 'error', 'message', 'code')  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
PLACE = st.fixed_dictionaries({'token': LEAVES, 'logprob': LEAVES, 'top_logprobs': st.lists(JSON, max_size=2) | JSON})
CHOICE = st.fixed_dictionaries(
    {'delta': st.fixed_dictionaries({'content': LEAVES}) | JSON},
    optional={'finish_reason': LEAVES | JSON, 'logprobs': st.fixed_dictionaries({'content': st.lists(PLACE)}) | JSON},
)
CHUNK = st.fixed_dictionaries(
    {'choices': st.lists(CHOICE, max_size=2) | JSON},
    optional={'usage': st.fixed_dictionaries({'completion_tokens': LEAVES}) | JSON},
)


def sound(delta: Delta) -> bool:
    return (
        isinstance(delta.text, str)
        and type(delta.tokens) is int
        and delta.tokens >= 0
        and all(isinstance(token, Token) and isinstance(token.text, str) for token in delta.spelled)
        and all(isinstance(text, str) and type(odds) is float for token in delta.spelled for text, odds in token.odds)
    )


@settings(max_examples=400, deadline=None)
@given(st.lists(CHUNK, max_size=4))
def test_chunks_become_deltas_or_faults(chunks):
    reader, found, said = Reader(5, (')]',)), [], 'nothing'
    try:
        for chunk in chunks:
            found.append(reader.read(chunk))
    except Fault as fault:
        said = fault.text
    assert all(delta is None or sound(delta) for delta in found)
    assert isinstance(reader.finish, str)
    assert 0 < len(said) < 800


async def _pieces(data: bytes, cuts: list[int]) -> AsyncIterator[bytes]:
    begin = 0
    for cut in sorted(cut % (len(data) + 1) for cut in cuts):
        yield data[begin:cut]
        begin = cut
    yield data[begin:]


async def _all(data: bytes, cuts: list[int]) -> list[dict]:
    return [event async for event in events(_pieces(data, cuts))]


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=80) | JSON.map(lambda value: b'data: ' + json.dumps(value).encode()), st.lists(st.integers(0))
)
def test_bytes_become_events_or_faults(data, cuts):
    found, said = [], 'nothing'
    try:
        found = asyncio.run(_all(data, cuts))
    except Fault as fault:
        said = fault.text
    assert all(isinstance(event, dict) for event in found)
    assert 0 < len(said) < 800
    assert said.isprintable()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0)), st.sampled_from([b'\n', b'\r\n']))
def test_it_does_not_matter_where_the_network_cuts(cuts, end):
    text = 'data: {"a": "é杯"}@: comment@@event: x@data:{"b": 2}@@data: [DONE]@@data: {"c": 3}@@'
    data = text.encode().replace(b'@', end)
    assert asyncio.run(_all(data, cuts)) == [{'a': 'é杯'}, {'b': 2}]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=50) | JSON.map(lambda value: json.dumps(value).encode()))
def test_what_a_server_says_of_a_failure_is_one_line(body):
    said = told(body)
    assert said
    assert said.isprintable()
    assert len(said) <= 303


def test_odds_are_numbers():
    place = {'token': 'a', 'logprob': -1, 'top_logprobs': []}
    delta = Reader(5).read({'choices': [{'delta': {}, 'logprobs': {'content': [place]}}]})
    assert delta.spelled == (Token('a', (('a', -1.0),)),)
    assert math.isclose(delta.spelled[0].odds[0][1], -1.0)
