# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Work that is told to end at the moment it ends by itself, and whoever goes on after it."""

import asyncio
import threading

import pytest

from robobrain_ros.errors import BadRequest, ErrorCode
from robobrain_ros.ros.stoppable import Ending, Stoppable

UP = Ending(None, ErrorCode.TIMEOUT, 'the time is up')
DONE = Ending(None, ErrorCode.OK, 'done')
STOP = Ending(None, ErrorCode.CANCELLED, 'stopped')
pytestmark = pytest.mark.timeout(20)


async def never() -> Ending:
    await asyncio.Event().wait()
    raise AssertionError


def test_the_time_is_up():
    assert asyncio.run(Stoppable(0.02, UP).until_stopped(never)) == UP


def test_it_is_stopped_from_another_thread():
    work = Stoppable(60, UP)

    async def run():
        threading.Timer(0.02, work.stop, [STOP]).start()
        return await work.until_stopped(never)

    assert asyncio.run(run()) == STOP


def test_it_is_stopped_before_it_begins():
    work = Stoppable(60, UP)
    work.stop(STOP)
    work.stop(UP)
    assert asyncio.run(work.until_stopped(never)) == STOP


def test_a_stop_that_comes_with_the_end_does_not_cancel_what_follows():
    work = Stoppable(60, UP)

    async def end() -> Ending:
        work.stop(STOP)  # the loop hears of it after this work has ended
        return DONE

    async def run():
        ending = await work.until_stopped(end)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return ending

    assert asyncio.run(run()) == DONE


def test_whoever_cancels_the_task_itself_is_obeyed():
    async def run():
        task = asyncio.ensure_future(Stoppable(60, UP).until_stopped(never))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_a_reason_that_users_know_ends_it():
    async def fails() -> Ending:
        raise BadRequest('so not')

    assert asyncio.run(Stoppable(60, UP).until_stopped(fails)) == Ending(None, ErrorCode.BAD_REQUEST, 'so not')
