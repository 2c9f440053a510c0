# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Work for one goal of an action, in the engine's loop: it ends by itself, in time, or when it is told to."""

import asyncio
import itertools
import threading
from collections.abc import Awaitable, Callable
from enum import Enum
from functools import partial
from typing import Any, NamedTuple

from robobrain_ros.errors import BrainError, ErrorCode


class Ending(NamedTuple):
    """How it ended; without an outcome, the code says why."""

    outcome: Enum | None
    code: ErrorCode
    reason: str


_NUMBERS = itertools.count()


class Stoppable:
    """Work that is done once.

    :param timeout_s: its time limit, seconds
    :param timed_out: how it ends when the time is up
    """

    def __init__(self, timeout_s: float, timed_out: Ending) -> None:
        self.number = next(_NUMBERS)
        """Newer ones have higher numbers."""
        self._timeout_s = timeout_s
        self._timed_out = timed_out
        self._lock = threading.Lock()
        self._stopped: Ending | None = None
        self._task: asyncio.Task[Any] | None = None
        self._wake: Callable[[], object] = lambda: None
        """Has the loop end the work, while it is going on."""

    def stop(self, ending: Ending) -> None:
        """Let it end so, at once, in the midst of a step too; from any thread. The first call counts."""
        with self._lock:
            if self._stopped is None:
                self._stopped = ending
                self._wake()

    async def until_stopped(self, work: Callable[[], Awaitable[Ending]]) -> Ending:
        """Do the work until it ends, the time is up, or ``stop`` is called; a BrainError ends it without an outcome."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._stopped is not None:
                return self._stopped
            self._task, self._wake = asyncio.current_task(), partial(loop.call_soon_threadsafe, self._end)
        limit = loop.call_later(self._timeout_s, self.stop, self._timed_out)
        try:
            return await work()
        except BrainError as error:
            return Ending(None, error.code, str(error))
        except asyncio.CancelledError:
            if self._stopped is None:
                raise
            return self._stopped
        finally:
            limit.cancel()
            self._task = None
            with self._lock:
                self._wake = lambda: None

    def _end(self) -> None:
        if self._task is not None:  # else the work has ended since, and what follows it must not be cancelled
            self._task.cancel()
