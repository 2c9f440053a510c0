"""An engine that died is started again, with growing pauses where that fails."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from robobrain_ros.engines.base import Engine, EngineState

_log = logging.getLogger(__name__)

POLL_S = 0.5
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0


async def supervise(engine: Engine, revive: Callable[[], Awaitable[None]], report: Callable[[str], None]) -> None:
    """Watch the engine until cancelled.

    :param revive: starts and warms up the engine; whatever it raises, it is tried again
    :param report: hears of deaths and recoveries, in words
    """

    def say(text: str) -> None:
        try:
            report(text)
        except Exception:  # the listener's defect must not end the watch
            _log.exception('nobody heard: %s', text)

    pause = FIRST_PAUSE_S
    while True:
        await asyncio.sleep(POLL_S)
        health = engine.health()
        if health.state is not EngineState.DEAD:
            continue
        say(f'{health.error}; starting it again')
        try:
            await revive()
            pause = FIRST_PAUSE_S
        except Exception as error:  # ends here, or nobody would start the engine any more
            say(f'{error}; trying again in {pause:g} s')
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
