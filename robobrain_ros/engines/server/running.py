# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An answer that is fetched by a task of its own, so that it can be ended from elsewhere."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from robobrain_ros.engines.base import Delta


class Running:
    """Iterate over it for the pieces of an answer, then ``close`` it. Belongs to one event loop.

    :param pieces: where they come from; it is closed as soon as nobody wants more
    """

    def __init__(self, pieces: AsyncGenerator[Delta, None]) -> None:
        self._queue: asyncio.Queue[Delta | None] = asyncio.Queue()
        """None says that the task has ended."""
        self._aborted = False
        self._finished = False
        self._task = asyncio.create_task(self._fetch(pieces))
        self._task.add_done_callback(lambda _: self._queue.put_nowait(None))

    async def _fetch(self, pieces: AsyncGenerator[Delta, None]) -> None:
        async with aclosing(pieces):
            async for piece in pieces:
                self._queue.put_nowait(piece)

    def abort(self) -> None:
        """Let the answer end with reason ``abort``; returns at once."""
        self._aborted = True
        self._task.cancel()

    def __aiter__(self) -> 'Running':
        return self

    async def __anext__(self) -> Delta:
        """Wait for the next piece.

        :raises Exception: what the pieces raised, if they did
        """
        if self._finished:
            raise StopAsyncIteration
        piece = await self._queue.get()
        if piece is None:
            if not self._aborted:
                self._task.result()  # raises what there is to raise
                raise StopAsyncIteration
            piece = Delta(finish_reason='abort')
        self._finished = bool(piece.finish_reason)
        return piece

    async def close(self) -> None:
        """End what still runs, and wait until it has ended."""
        self._task.cancel()
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.exception()  # else asyncio says that nobody asked for it
