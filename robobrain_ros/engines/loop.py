# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An asyncio loop in a thread of its own, for code that lives in threads."""

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar('T')


class LoopThread:
    """Runs coroutines in one background thread; a daemon, so it never keeps a process alive.

    :param name: the thread's
    """

    def __init__(self, name: str) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def submit(self, coroutine: Coroutine[Any, Any, T]) -> 'concurrent.futures.Future[T]':
        """Start a coroutine from any thread.

        :returns: a future with the coroutine's result; cancelling it cancels the coroutine
        """
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def forbid(self, what: str) -> None:
        """Refuse to block the loop's own thread, which would wait for itself for ever.

        :param what: the function that blocks
        :raises RuntimeError: in that thread
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError(f'{what}() would wait for its own thread: call it elsewhere, not from a callback')

    def close(self, timeout_s: float = 10.0) -> None:
        """Cancel what still runs, stop the loop and wait for the thread. Not to be called from the loop itself.

        :param timeout_s: for the coroutines to end, then for the thread, seconds
        :raises concurrent.futures.TimeoutError: if the loop is stuck
        """
        if self.loop.is_closed():
            return

        async def cancel_all() -> None:
            tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=timeout_s)

        try:
            self.submit(cancel_all()).result(2 * timeout_s)
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(timeout_s)
            if not self._thread.is_alive():
                self.loop.close()
