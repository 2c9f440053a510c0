# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""HTTP requests as guests of the robot's engine: behind its own requests, and ended when the server ends."""

import asyncio

import pytest

from robobrain_ros.engines.vllm import openai_app
from robobrain_ros.engines.vllm.openai_app import GUEST, Guests


class Llm:
    """Notes what is asked of it; generates numbers until it is told to stop."""

    model_config = 'known'

    def __init__(self):
        self.asked, self.aborted = [], []

    async def generate(self, prompt, sampling_params, request_id, **options):
        self.asked.append((prompt, request_id, options))
        for number in range(1000):
            if request_id in self.aborted:
                return
            yield number
            await asyncio.sleep(0)

    async def abort(self, request_ids):
        self.aborted += request_ids


async def at_once(within_s):
    pass


async def collect(outputs):
    return [output async for output in outputs]


def test_whatever_a_guest_says_it_comes_after_the_robot():
    async def main():
        llm = Llm()
        guests = Guests(llm, at_once)
        assert guests.model_config == 'known'
        await collect(guests.generate('hello', None, 'a', priority=-100, trace_headers='kept'))
        assert llm.asked == [('hello', 'a', {'priority': GUEST, 'trace_headers': 'kept'})]
        assert GUEST > 0

    asyncio.run(main())


def test_a_guest_begins_when_the_robot_has_its_answer():
    async def main():
        llm, idle, waited = Llm(), asyncio.Event(), []

        async def until_idle(within_s):
            waited.append(within_s)
            await idle.wait()

        guest = asyncio.create_task(collect(Guests(llm, until_idle).generate('hello', None, 'a')))
        for _ in range(10):
            await asyncio.sleep(0)
        assert (llm.asked, waited) == ([], [openai_app.HOLD_S])
        idle.set()
        assert len(await asyncio.wait_for(guest, 10)) == 1000

    asyncio.run(main())


def test_the_server_s_end_ends_its_guests():
    async def main():
        llm = Llm()
        guests = Guests(llm, at_once)
        running = [asyncio.create_task(collect(guests.generate('x', None, name))) for name in 'ab']
        while len(llm.asked) < 2:
            await asyncio.sleep(0)
        await guests.end_all()
        assert sorted(llm.aborted) == ['a', 'b']
        for task in running:
            assert len(await asyncio.wait_for(task, 10)) < 1000
        llm.aborted.clear()
        await guests.end_all()
        assert llm.aborted == []

    asyncio.run(main())


@pytest.mark.engine
def test_the_engine_says_when_it_is_idle(tiny_brain):
    engine = tiny_brain.engine
    run = lambda coroutine: tiny_brain.loop.submit(coroutine).result(60)  # noqa: E731
    run(asyncio.wait_for(engine.until_idle(30), 5))

    async def busy():
        engine._in_flight.add('x')
        engine._idle.clear()
        begin = asyncio.get_running_loop().time()
        await engine.until_idle(0.05)
        engine._in_flight.discard('x')
        engine._idle.set()
        return asyncio.get_running_loop().time() - begin

    assert 0.04 <= run(busy()) < 5
