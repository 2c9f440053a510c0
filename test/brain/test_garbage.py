# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A request leaves nothing that only the garbage collector would find: that comes late, and an image is megabytes."""

import asyncio
import gc
import weakref

import pytest
from brain_fixtures import SOON, Picture, answer
from scripted_engine import Gate

from robobrain_ros.engines.watchdog import Watchdog
from robobrain_ros.errors import ErrorCode

pytest_plugins = ('brain_fixtures',)


@pytest.fixture(autouse=True)
def no_collector():
    gc.disable()
    yield
    gc.enable()


def asked(brain, task, picture):
    """A request about a picture that only it knows."""
    known = weakref.ref(picture)

    async def frame():
        return picture

    return brain.submit(task, 'the mug', frame), known


ENDS = {
    'answered': ('pointing', ['[(1, 1)]'], ErrorCode.OK),
    'not found': ('pointing', ['The mug is not visible in the image.'], ErrorCode.NOT_FOUND),
    'not parsable': ('pointing', ['?'], ErrorCode.UNPARSABLE),
    'a mission whose steps fail': ('mission', ['1. Grasp the mug'], ErrorCode.UNPARSABLE),
    'a mission without a plan': ('mission', [''], ErrorCode.UNPARSABLE),
}


@pytest.mark.parametrize(('task', 'script', 'code'), ENDS.values(), ids=ENDS.keys())
def test_its_image_goes_with_its_end(make, task, script, code):
    brain = make()
    brain.engine.script = script
    job, picture = asked(brain, task, Picture())
    assert job.done.result(SOON).code is code
    answer(brain)  # after all that the loop still had to do
    assert picture() is None


def test_its_image_goes_when_it_is_stopped(make):
    brain, gate = make(), Gate()
    brain.engine.script = [gate]
    job, picture = asked(brain, 'pointing', Picture())
    assert gate.reached.wait(SOON)
    job.stop(ErrorCode.CANCELLED, 'enough')
    assert job.done.result(SOON).code is ErrorCode.CANCELLED
    brain.engine.script = ['[(1, 1)]']
    answer(brain)
    assert picture() is None


def test_the_job_goes_with_the_last_who_knows_it(make):
    brain = make()
    brain.engine.script = ['not visible']
    job, _ = asked(brain, 'pointing', Picture())
    assert job.done.result(SOON).code is ErrorCode.NOT_FOUND
    answer(brain)
    known = weakref.ref(job)
    del job
    assert known() is None


class Item:
    """Something of the engine's."""


def test_what_the_engine_brought_goes_with_its_stream():
    known = []

    async def items():
        known.append(weakref.ref(item := Item()))
        yield item

    async def watch():
        async for _ in Watchdog(1.0).watch(items()):
            continue

    asyncio.run(watch())
    assert [item() for item in known] == [None]
