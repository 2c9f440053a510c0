# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""What the pages show, newest values only: any thread posts, coroutines wait for changes. No ROS in here."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

Value = TypeVar('Value')


class Bell:
    """Rung in any thread; wakes every coroutine that waits for what it announces."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def ring(self) -> None:
        """Let everyone who waits look again."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def until(self, look: Callable[[], Value | None], timeout_s: float) -> Value | None:
        """Return what ``look`` gives as soon as that is not None; None after ``timeout_s`` seconds.

        :param look: called once, and after each ring
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout_s
        while True:
            mine = (loop, asyncio.Event())
            with self._lock:  # before it looks: a ring in between must not be lost
                self._waiting.append(mine)
            try:
                if (value := look()) is not None or loop.time() >= end:
                    return value
                await asyncio.wait_for(mine[1].wait(), end - loop.time())
            except asyncio.TimeoutError:
                return None
            finally:
                with self._lock:
                    if mine in self._waiting:
                        self._waiting.remove(mine)


class Board:
    """Values by name. Who reads slowly misses what was replaced meanwhile, and holds nobody up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[str, tuple[int, Any]] = {}
        self._version = 0
        self._bell = Bell()

    def post(self, name: str, value: Any) -> None:
        """Put a value, made of what JSON can hold, in the place of the one before; the caller leaves it as it is."""
        with self._lock:
            if name in self._values and self._values[name][1] == value:
                return
            self._version += 1
            self._values[name] = (self._version, value)
        self._bell.ring()

    def get(self, name: str) -> Any:
        """Return the newest value; None if there was none."""
        with self._lock:
            return self._values.get(name, (0, None))[1]

    async def changes(self, since: int, timeout_s: float) -> tuple[int, dict[str, Any]]:
        """Wait for values that are newer than ``since``, a version that this returned before; 0: all values.

        :returns: the version now, and the new values by name; none after ``timeout_s`` seconds without any
        """

        def newer() -> tuple[int, dict[str, Any]] | None:
            with self._lock:
                if self._version == since:
                    return None
                new = {name: value for name, (version, value) in self._values.items() if version > since}
                return self._version, new

        return await self._bell.until(newer, timeout_s) or (since, {})
