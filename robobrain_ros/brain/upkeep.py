# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The engine of a brain: started, warmed up, watched, started again whenever it dies, and closed."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from robobrain_ros.brain.pipeline import Pipeline, Settings
from robobrain_ros.engines.base import EngineState, Health
from robobrain_ros.engines.supervision import supervise


class Upkeep:
    """Looks after one engine; all coroutines belong to the engine's loop.

    :param settings: gives those with which the engine warms up
    """

    def __init__(self, pipeline: Pipeline, settings: Callable[[], Settings]) -> None:
        self._pipeline, self._engine, self._settings = pipeline, pipeline.engine, settings
        self._task: asyncio.Task[Any] | None = None
        """Starts the engine, then watches it."""
        self._warm = False

    async def begin(self, report: Callable[[str], None], image_size: tuple[int, int], warm_up: Sequence[str]) -> None:
        """Start the engine and run each task of ``warm_up`` once; from then on it is started again whenever it dies.

        :param report: hears what is going on, in words, now and at later restarts
        :param image_size: (width, height) in pixels of the picture that the tasks are run on
        :param warm_up: names of tasks
        :raises EngineDead: if it cannot be started
        """
        self._task = asyncio.current_task()
        await self._start(report, image_size, warm_up)
        revive = lambda: self._start(report, image_size, warm_up)  # noqa: E731
        self._task = asyncio.create_task(supervise(self._engine, revive, report))

    async def _start(self, report: Callable[[str], None], image_size: tuple[int, int], warm_up: Sequence[str]) -> None:
        self._warm = False
        requests = self._pipeline.rehearsal(warm_up, image_size, self._settings())
        await self._engine.start(report)
        report(f'warming up with images of {image_size[0]}x{image_size[1]}')
        took = await self._engine.warm_up(requests)
        self._warm = True
        report(f'warm after {sum(took) / 1000:.1f} s; the last request took {took[-1]:.0f} ms')

    def health(self) -> Health:
        """The engine's state now, from any thread; STARTING also while it warms up."""
        health = self._engine.health()
        cold = health.state is EngineState.READY and not self._warm
        return replace(health, state=EngineState.STARTING) if cold else health

    async def end(self) -> None:
        """Close the engine, also while it starts."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._engine.close()
