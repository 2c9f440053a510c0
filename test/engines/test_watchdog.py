# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Silence is counted over requests: an engine that is stuck is found out, however impatient its clients are."""

import asyncio

import pytest

from robobrain_ros.engines import watchdog
from robobrain_ros.engines.watchdog import Stalled, Watchdog


async def tokens(*items, stuck=True):
    for item in items:
        yield item
    if stuck:
        await asyncio.Event().wait()


async def collect(dog, outputs, patience=None):
    heard = []

    async def listen():
        async for item in dog.watch(outputs):
            heard.append(item)

    try:
        await asyncio.wait_for(listen(), patience)
    except asyncio.TimeoutError:
        return [*heard, 'gave up']
    return heard


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(watchdog, 'IMPATIENT_S', 0.05)


def test_a_lively_engine_is_left_alone():
    assert asyncio.run(collect(Watchdog(0.1), tokens(1, 2, 3, stuck=False))) == [1, 2, 3]


def test_one_patient_request_finds_it_out():
    with pytest.raises(Stalled, match=r'no token for 0 s \(stall_s is 0\.2\)'):
        asyncio.run(collect(Watchdog(0.2), tokens(1)))


def test_requests_that_give_up_count_together():
    async def three():
        dog = Watchdog(0.25)
        assert await collect(dog, tokens(), 0.1) == ['gave up']
        assert await collect(dog, tokens(), 0.1) == ['gave up']
        with pytest.raises(Stalled):
            await collect(dog, tokens(), 0.2)

    asyncio.run(three())


def test_a_token_forgives_all():
    async def some():
        dog = Watchdog(0.3)
        for _ in range(6):
            assert await collect(dog, tokens('token'), 0.1) == ['token', 'gave up']
            assert await collect(dog, tokens('token', stuck=False)) == ['token']

    asyncio.run(some())


def test_quick_preemption_says_nothing_about_the_engine():
    async def many():
        dog = Watchdog(0.1)
        for _ in range(20):
            assert await collect(dog, tokens(), 0.01) == ['gave up']

    asyncio.run(many())
