# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The loop in a thread: results, errors, cancellation, and an end that leaves nothing running."""

import asyncio
import threading
from concurrent.futures import CancelledError

import pytest

from robobrain_ros.engines.loop import LoopThread

SOON = 10.0


@pytest.fixture
def loop():
    thread = LoopThread('a test loop')
    yield thread
    thread.close()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate()]


def test_coroutines_run_in_its_thread_and_give_back_results_and_errors(loop):
    async def where() -> str:
        return threading.current_thread().name

    async def fail() -> None:
        raise KeyError('x')

    assert loop.submit(where()).result(SOON) == 'a test loop'
    with pytest.raises(KeyError):
        loop.submit(fail()).result(SOON)


def test_cancelling_the_future_cancels_the_coroutine(loop):
    begun, ended = threading.Event(), threading.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    future = loop.submit(work())
    assert begun.wait(SOON)
    future.cancel()
    assert ended.wait(SOON)


def test_close_cancels_what_runs_waits_for_its_end_and_may_be_repeated():
    loop, begun, steps = LoopThread('closing'), threading.Event(), []

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append('cleaned up')

    future = loop.submit(work())
    assert begun.wait(SOON)
    loop.close()
    assert steps == ['cleaned up']
    assert 'closing' not in threads()
    with pytest.raises(CancelledError):
        future.result(SOON)
    loop.close()


def test_close_gives_up_on_a_coroutine_that_will_not_end():
    loop, begun, release = LoopThread('stubborn'), threading.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    loop.submit(work())
    assert begun.wait(SOON)
    loop.close(timeout_s=0.1)
    assert 'stubborn' not in threads()
