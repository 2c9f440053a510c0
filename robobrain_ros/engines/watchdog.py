# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An engine that lives but brings nothing is found out by its silence."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import TypeVar

T = TypeVar('T')

IMPATIENT_S = 2.0
"""Requests that were given up sooner say nothing about the engine: it had no time to answer."""


class Stalled(Exception):
    """The engine brought nothing for too long."""


class Watchdog:
    """Counts how long one engine has owed a token, over all requests that were given up meanwhile.

    :param stall_s: this long without a token, and the engine counts as stalled, seconds
    """

    def __init__(self, stall_s: float) -> None:
        self._stall_s = stall_s
        self._owed = 0.0

    async def watch(self, outputs: AsyncIterator[T]) -> AsyncIterator[T]:
        """Pass on what the engine brings for one request, until it brings no more.

        :raises Stalled: after ``stall_s`` seconds without any item, those of earlier requests included
        """
        while True:
            begin = time.monotonic()
            step = asyncio.ensure_future(anext(outputs))
            try:  # not wait_for: up to Python 3.11 it swallows a cancellation that meets a token
                await asyncio.wait([step], timeout=max(self._stall_s - self._owed, IMPATIENT_S))
            finally:
                if not step.done():
                    waited = time.monotonic() - begin
                    self._owed += waited if waited >= IMPATIENT_S else 0.0
                    step.cancel()
                    await asyncio.wait([step])
            if step.cancelled():
                raise Stalled(f'the engine brought no token for {self._owed:.0f} s (stall_s is {self._stall_s:g})')
            self._owed = 0.0
            try:
                item = step.result()
            except StopAsyncIteration:
                return
            finally:
                del step  # it knows the exception, which knows this frame: only the garbage collector would end that
            yield item
