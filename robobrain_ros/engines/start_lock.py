# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Engines of one process start one after the other, and leave the process as it was."""

import asyncio
import os
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

LOOK_S = 0.1
"""How often an engine that waits for another one looks whether that has started, seconds."""
_lock = threading.Lock()


@asynccontextmanager
async def exclusive_start(report: Callable[[str], None]) -> AsyncIterator[None]:
    """Wait until no other engine of this process starts, and afterwards put back what this start has changed.

    What starts an engine sets environment variables, which are the whole process's. For engines in any event loop of
    any thread; the loop goes on meanwhile.

    :param report: hears of it, in words, if there is another engine to wait for
    """
    if not _lock.acquire(blocking=False):
        report('waiting for another engine of this process to start')
        while not _lock.acquire(blocking=False):
            await asyncio.sleep(LOOK_S)
    try:
        with process_restored(), main_module_hidden():
            yield
    finally:
        _lock.release()


@contextmanager
def process_restored() -> Iterator[None]:
    """Afterwards this process's environment variables and warning filters are as they were before.

    They belong to all threads: what another thread changes meanwhile is undone, too.
    """
    before = dict(os.environ)
    with warnings.catch_warnings():
        try:
            yield
        finally:
            for name in os.environ.keys() - before.keys():
                os.environ.pop(name, None)
            os.environ.update({name: value for name, value in before.items() if os.environ.get(name) != value})


@contextmanager
def main_module_hidden() -> Iterator[None]:
    """Processes that multiprocessing spawns meanwhile do not import this program's main module.

    Otherwise the engine's process would run a script that has no ``if __name__ == '__main__'`` once more, which would
    start an engine of its own. The engine needs nothing of that module.
    """
    main = vars(sys.modules['__main__'])
    hidden: dict[str, object] = {name: main[name] for name in ('__file__', '__spec__') if name in main}
    main.pop('__file__', None)
    main['__spec__'] = None
    try:
        yield
    finally:
        main.pop('__spec__', None)
        main.update(hidden)
