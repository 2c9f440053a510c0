"""Engines of one process start one after the other."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

LOOK_S = 0.1
"""How often an engine that waits looks whether it is its turn, seconds."""
_turn = threading.Lock()


@asynccontextmanager
async def turn_to_start(report: Callable[[str], None]) -> AsyncIterator[None]:
    """Wait until nobody else is inside: what starts an engine sets environment variables, the whole process's.

    For engines in any event loop of any thread; the loop goes on meanwhile.

    :param report: hears of it, in words, if there is someone to wait for
    """
    if not _turn.acquire(blocking=False):
        report('waiting for another engine of this process to start')
        while not _turn.acquire(blocking=False):
            await asyncio.sleep(LOOK_S)
    try:
        yield
    finally:
        _turn.release()
