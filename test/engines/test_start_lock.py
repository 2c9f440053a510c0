# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Engines of one process start one after the other, whatever becomes of them, and leave it as it was."""

import asyncio
import os
import threading
import warnings
from concurrent import futures
from contextlib import nullcontext

import pytest

from robobrain_ros.brain import brain
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines import start_lock
from robobrain_ros.engines.base import EngineDead, EngineState
from robobrain_ros.engines.processes import Family
from robobrain_ros.engines.start_lock import exclusive_start
from robobrain_ros.engines.vllm import embedded
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.tasks.profiles import PROFILES

SOON = 30.0


def ignore(text: str) -> None:
    pass


@pytest.fixture(autouse=True)
def free_before_and_after(monkeypatch):
    monkeypatch.setattr(start_lock, 'LOOK_S', 0.001)
    assert not start_lock._lock.locked()
    yield
    assert not start_lock._lock.locked()


class Room:
    """Counts who is inside."""

    def __init__(self) -> None:
        self.inside = self.most = self.visits = 0

    async def visit(self) -> None:
        async with exclusive_start(ignore):
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.005)
            self.inside -= 1
            self.visits += 1


def test_one_after_the_other_in_one_loop():
    room = Room()

    async def run() -> None:
        await asyncio.wait_for(asyncio.gather(*[room.visit() for _ in range(10)]), SOON)

    asyncio.run(run())
    assert (room.most, room.visits) == (1, 10)


def test_one_after_the_other_in_several_threads():
    room = Room()
    threads = [threading.Thread(target=lambda: asyncio.run(room.visit())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert (room.most, room.visits) == (1, 5)


@pytest.mark.parametrize('fault', [KeyError, asyncio.CancelledError])
def test_a_start_that_fails_or_is_cancelled_leaves_the_turn_to_the_next(fault):
    async def run() -> None:
        with pytest.raises(fault):
            async with exclusive_start(ignore):
                raise fault
        await asyncio.wait_for(Room().visit(), SOON)

    asyncio.run(run())


@pytest.mark.parametrize('end', [None, KeyError, asyncio.CancelledError])
def test_the_process_is_as_before_however_the_start_ends(end, monkeypatch):
    monkeypatch.setenv('STARTED_WITH', 'mine')
    monkeypatch.setenv('NOT_WANTED', 'mine')

    async def run() -> None:
        async with exclusive_start(ignore):
            os.environ.update(STARTED_WITH='vllm', ADDED='1')
            del os.environ['NOT_WANTED']
            warnings.simplefilter('ignore', SyntaxWarning)
            if end:
                raise end

    before = dict(os.environ), list(warnings.filters)
    with pytest.raises(end) if end else nullcontext():
        asyncio.run(run())
    assert (dict(os.environ), warnings.filters) == before


def test_a_start_that_waits_finds_the_process_as_the_first_one_found_it():
    seen = []

    async def start() -> None:
        async with exclusive_start(ignore):
            seen.append(os.environ.get('ADDED'))
            os.environ['ADDED'] = '1'
            await asyncio.sleep(0.005)

    async def run() -> None:
        await asyncio.wait_for(asyncio.gather(start(), start(), start()), SOON)

    asyncio.run(run())
    assert seen == [None] * 3
    assert 'ADDED' not in os.environ


def test_waiting_may_be_cancelled():
    async def run() -> None:
        async with exclusive_start(ignore):
            waiting = asyncio.create_task(Room().visit())
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            assert start_lock._lock.locked(), 'it is the turn of the one inside still'

    asyncio.run(run())


def test_an_embedded_engine_waits_for_its_turn_says_so_and_may_be_cancelled_meanwhile():
    engine, told, other = EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu')), asyncio.Queue(), Family()

    async def run() -> None:
        async with exclusive_start(ignore):
            with other.adopt():
                starting = asyncio.create_task(engine.start(told.put_nowait))
                said = await asyncio.wait_for(told.get(), SOON)
                assert said == 'waiting for another engine of this process to start'
                await asyncio.wait([starting], timeout=0.3)
                assert (starting.done(), told.empty(), engine.health().state) == (False, True, EngineState.STARTING)
                assert other.pids() == [], 'it would be killed with the other engine'
                starting.cancel()
                await asyncio.wait([starting])
                assert starting.cancelled()
        assert engine.health().state is EngineState.STOPPED

    try:
        asyncio.run(run())
    finally:
        other.close()


def test_closing_a_brain_whose_start_is_stuck_leaves_the_turn_to_the_next(monkeypatch):
    """As if vLLM did not come back, in its thread, which cannot be cancelled."""
    monkeypatch.setattr(brain, 'CLOSE_S', 0.2)
    stuck, free = threading.Event(), threading.Event()

    def hang(_: EngineConfig) -> bool:
        stuck.set()
        free.wait(SOON)
        raise EngineDead('it came back too late')

    monkeypatch.setattr(embedded, 'runs_on_cpu', hang)
    stubborn = brain.Brain(EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu')), PROFILES['robobrain-2.5'])
    try:
        stubborn.start(ignore)
        assert stuck.wait(SOON)
        assert start_lock._lock.locked()
        with pytest.raises(futures.TimeoutError):
            stubborn.close()
        assert not start_lock._lock.locked()
    finally:
        free.set()
