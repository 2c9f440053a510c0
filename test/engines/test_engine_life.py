# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Starts, deaths and ends of real engines: nothing is left behind, whatever happens. Each test has its own."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest
from engine_helpers import ENDLESS, SOON, begun, deltas, generation, text

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.base import EngineDead, EngineState, Health
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.errors import ErrorCode
from robobrain_ros.tasks.profiles import detect_profile

pytestmark = [pytest.mark.engine, pytest.mark.timeout(240)]

TINY = EngineConfig(TINY_MODEL, device='cpu')


@pytest.fixture
def temporary(monkeypatch, tmp_path):  # tmp_path: pytest makes its own directories before, elsewhere
    """A directory for temporary files; a short one, since paths of sockets may have no more than 107 characters."""
    with tempfile.TemporaryDirectory(prefix='life_') as folder:
        monkeypatch.setattr(tempfile, 'tempdir', folder)
        monkeypatch.setenv('TMPDIR', folder)
        yield Path(folder)


def children() -> set[int]:
    """Processes below this one; Python's resource tracker lives as long as Python."""
    found = psutil.Process().children(recursive=True)
    return {child.pid for child in found if not any('resource_tracker' in word for word in words(child))}


def words(process: psutil.Process) -> list[str]:
    """Its command line; nothing of one that has ended meanwhile."""
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def shared_memory(pids) -> set[Path]:
    """The files in /dev/shm, semaphores among them, that these processes use."""
    lines = [line for pid in pids for line in Path(f'/proc/{pid}/maps').read_text().splitlines()]
    return {Path(line.split()[5]) for line in lines if ' /dev/shm/' in line}


def core_runs(engine: EmbeddedEngine) -> bool:
    """Whether vLLM's own process is there."""
    mine = [child for child in psutil.Process().children(recursive=True) if child.pid in engine._family.pids()]
    return any('spawn_main' in word for child in mine for word in words(child))


def eventually(true) -> None:
    deadline = time.monotonic() + SOON
    while not true():
        assert time.monotonic() < deadline, 'it did not come true in time'
        time.sleep(0.05)  # between two looks, until the deadline


def environment() -> dict[str, str]:
    """This process's variables, without the one in which pytest counts its own steps."""
    return {name: value for name, value in os.environ.items() if name != 'PYTEST_CURRENT_TEST'}


@pytest.fixture
def nothing_left(temporary):
    """After the test, all is as it was."""
    before, variables = children(), environment()
    yield
    assert children() == before
    assert environment() == variables
    assert [str(path) for path in temporary.rglob('*')] == []


@pytest.fixture
def loop(nothing_left):
    loop = LoopThread('life')
    yield loop
    loop.close()


def test_an_engine_that_is_killed_says_so_can_start_again_and_closes_while_it_works(loop):
    engine = EmbeddedEngine(TINY)
    told: list[str] = []

    async def answer() -> str:
        return text(await deltas(engine, generation()))

    async def first_life() -> str:
        with pytest.raises(EngineDead, match='stopped'):
            await answer()
        await engine.start(told.append)
        return await answer()

    async def death() -> None:
        task = await begun(engine, generation(max_tokens=700, guide=ENDLESS))
        for pid in engine.health().pids:
            os.kill(pid, signal.SIGKILL)
        with pytest.raises(EngineDead, match='the engine process died'):
            await task
        health = engine.health()
        assert (health.state, health.in_flight, health.error) == (EngineState.DEAD, 0, 'the engine process died')
        with pytest.raises(EngineDead):
            await answer()

    async def second_life() -> str:
        await engine.start(told.append)
        return await answer()

    async def end() -> Health:
        running = await begun(engine, generation(max_tokens=700, guide=ENDLESS))
        preparing = asyncio.create_task(deltas(engine, generation()))
        while engine.health().in_flight < 2:
            await asyncio.sleep(0)
        shared = shared_memory(engine.health().pids)
        assert shared
        await engine.close()
        assert not [path for path in shared if path.exists()]
        assert (await running)[-1].finish_reason == 'abort'
        (ended,) = await asyncio.gather(preparing, return_exceptions=True)  # it depends on how far it was
        assert str(ended) == 'the engine was closed meanwhile' or ended[-1].finish_reason == 'abort'  # type: ignore[index]
        await engine.close()
        return engine.health()

    said = loop.submit(first_life()).result(120)
    loop.submit(death()).result(SOON)
    assert loop.submit(second_life()).result(120) == said
    health = loop.submit(end()).result(SOON)
    assert (health.state, health.in_flight, health.pids) == (EngineState.STOPPED, 0, ())
    assert told == ['loading vLLM', f'starting the engine with {TINY_MODEL}', 'the engine is ready'] * 2


def test_a_start_that_is_cancelled_leaves_nothing(loop):
    engine = EmbeddedEngine(TINY)

    async def cancel_once_the_process_is_there() -> None:
        task = asyncio.create_task(engine.start(lambda _: None))
        while not (engine._family and core_runs(engine)):
            await asyncio.wait([task], timeout=0.05)
            assert not task.done()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert engine.health().state is EngineState.STOPPED

    loop.submit(cancel_once_the_process_is_there()).result(120)


def test_what_is_half_made_is_ended_at_once_and_not_by_the_garbage_collector(monkeypatch):
    """It may run in the thread that vLLM's shutdown waits for; by then there must be nothing to wait for."""
    from vllm.v1.engine.async_llm import AsyncLLM

    from robobrain_ros.engines.vllm.compat import Client

    waited: list[str] = []

    def fail(self: Any) -> None:
        self.renderer = SimpleNamespace(shutdown=lambda: waited.append('for the thread'))
        raise RuntimeError('the core died')

    monkeypatch.setattr(AsyncLLM, '__init__', fail)
    with pytest.raises(RuntimeError, match='the core died') as kept:  # with it what was half made: not yet collected
        Client()
    assert waited == ['for the thread']
    del kept


def test_a_model_that_cannot_be_loaded_fails_the_start_and_leaves_nothing(loop, tmp_path):
    for name in ('config.json', 'preprocessor_config.json', 'tokenizer.json', 'tokenizer_config.json'):
        (tmp_path / name).write_bytes((TINY_MODEL / name).read_bytes())
    engine = EmbeddedEngine(EngineConfig(tmp_path, device='cpu'))  # it has no weights
    with pytest.raises(EngineDead, match='the engine did not start: '):
        loop.submit(engine.start(lambda _: None)).result(120)
    health = engine.health()
    assert (health.state, health.pids) == (EngineState.DEAD, ())
    assert health.error.startswith('the engine did not start: ')
    loop.submit(engine.close()).result(SOON)


def test_a_brain_closed_while_its_engine_starts_leaves_nothing(nothing_left):
    engine = EmbeddedEngine(TINY)
    brain = Brain(engine, detect_profile(TINY_MODEL))
    started = brain.start(lambda _: None)
    eventually(lambda: engine._family and core_runs(engine))
    brain.close()
    assert started.cancelled()


OWNER = f"""
    import asyncio, pathlib, sys
    from robobrain_ros.engines.vllm.config import EngineConfig
    from robobrain_ros.engines.vllm.embedded import EmbeddedEngine

    async def main():
        engine = EmbeddedEngine(EngineConfig(pathlib.Path({str(TINY_MODEL)!r}), device='cpu'))
        await engine.start(lambda _: None)
        print(*engine.health().pids, flush=True)
        sys.stdin.read()

    if __name__ == '__main__':
        asyncio.run(main())
"""


@pytest.mark.parametrize('number', [signal.SIGKILL, signal.SIGHUP])
def test_no_engine_outlives_an_owner_that_is_killed(nothing_left, temporary, tmp_path, number):
    script = tmp_path / 'owner.py'
    script.write_text(textwrap.dedent(OWNER))
    with subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        try:
            pids = [int(word) for word in owner.stdout.readline().split()]
            family = psutil.Process(owner.pid).children(recursive=True)
            assert set(pids) <= {process.pid for process in family}
            assert len(list(temporary.glob('robobrain_*'))) == 1
            shared = shared_memory(pids)
        finally:
            owner.send_signal(number)
            owner.wait(SOON)
    assert pids
    eventually(lambda: not any(process.is_running() for process in family))
    eventually(lambda: not any(path.exists() for path in [*shared, *temporary.iterdir()]))


def test_a_brain_revives_an_engine_that_is_stuck(nothing_left):
    """Stopped, not killed: nothing tells the owner but the missing tokens."""
    brain = Brain(EmbeddedEngine(replace(TINY, stall_s=5.0)), detect_profile(TINY_MODEL))
    told: list[str] = []

    async def frame() -> Frame:
        return Frame(generation().images[0])

    try:
        brain.start(told.append).result(120)
        pids = brain.engine.health().pids
        job = brain.submit(
            'general',
            'Detect all objects.',
            frame,
            report=lambda job: stop(pids) if job.answer.text else 0,  # type: ignore[arg-type]
        )
        answer = job.done.result(SOON)
        assert answer.code is ErrorCode.ENGINE_DEAD
        assert answer.message == 'the engine brought no token for 5 s (stall_s is 5)'
        eventually(lambda: told.count('the engine is ready') == 2)
        eventually(lambda: told[-1].startswith('warm after'))
        assert brain.submit('general', 'Detect all objects.', frame).done.result(SOON).success
        assert not set(pids) & set(brain.engine.health().pids)
    finally:
        brain.close()


def stop(pids: tuple[int, ...]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
