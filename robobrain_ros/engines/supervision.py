# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An engine that died is started again, with growing pauses where that fails or does not last."""

import asyncio
import logging
import math
import time
from collections.abc import Awaitable, Callable

from robobrain_ros.engines.base import Engine, EngineState, Loss

_log = logging.getLogger(__name__)

POLL_S = 0.5
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""An engine that lived this long died of something new: it is started again without a pause."""


async def supervise(engine: Engine, revive: Callable[[], Awaitable[None]], report: Callable[[str], None]) -> None:
    """Watch the engine, and start it again when it is dead, until cancelled.

    :param engine: it has been started already
    :param revive: starts and warms up the engine; whatever it raises, it is tried again
    :param report: hears of each death and each start that failed, in words
    """

    def say(text: str) -> None:
        try:
            report(text)
        except Exception:  # the listener's defect must not end the watch
            _log.exception('nobody heard: %s', text)

    pause, revived = 0.0, -math.inf
    failure: Exception | None = None
    while True:
        await asyncio.sleep(POLL_S)
        health = engine.health()
        if failure is None and health.state is not EngineState.DEAD:
            continue
        if failure is None and time.monotonic() - revived >= STEADY_S:
            pause = 0.0
        say(Loss(f'{failure or health.error}; trying again {f"in {pause:g} s" if pause else "now"}'))
        await asyncio.sleep(pause)
        pause = min(max(2 * pause, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        try:
            await revive()
            failure, revived = None, time.monotonic()
        except Exception as error:  # ends here, or nobody would start the engine any more
            failure = error
