# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A dead engine is started again, as often as it takes, with growing pauses."""

import asyncio
import math
from types import SimpleNamespace

import pytest
from scripted_engine import ScriptedEngine

from robobrain_ros.engines import supervision
from robobrain_ros.engines.base import EngineDead, EngineRefused, EngineState, Loss


class Pauses(list[float]):
    """Those that were made before the starts. They take no time but on this clock, as do looks at the engine."""

    now = 0.0


@pytest.fixture
def pauses(monkeypatch):
    made, sleep = Pauses(), asyncio.sleep

    async def no_sleep(seconds: float) -> None:
        made.now += seconds
        if seconds != supervision.POLL_S:
            made.append(seconds)
        await sleep(0)

    monkeypatch.setattr(supervision.asyncio, 'sleep', no_sleep)
    monkeypatch.setattr(supervision, 'time', SimpleNamespace(monotonic=lambda: made.now))
    return made


def watch(engine: ScriptedEngine, until, revive=None) -> list[str]:
    """Supervise until ``until()``; returns what was reported."""
    told: list[str] = []

    async def run() -> None:
        await engine.start(told.append)
        engine.die()
        told.clear()
        task = asyncio.create_task(
            supervision.supervise(engine, revive or (lambda: engine.start(lambda _: None)), told.append)
        )
        while not until(told):
            await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(run())
    return told


def test_a_dead_engine_is_started_again(pauses):
    engine = ScriptedEngine()
    told = watch(engine, lambda _: engine.starts == 2)
    assert told == ['the engine process died; trying again now']
    assert all(isinstance(text, Loss) for text in told), 'each is worth a warning'
    assert engine.health().state is EngineState.READY
    assert pauses == [0]


def test_failures_are_reported_and_the_pauses_grow_up_to_a_limit(pauses):
    engine = ScriptedEngine()
    engine.start_script = [(), *[(EngineDead('no memory'),)] * 9]
    told = watch(engine, lambda _: engine.starts == 11)
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert 'no memory; trying again in 30 s' in told
    assert engine.health().state is EngineState.READY


class Mortal(ScriptedEngine):
    """Dies so many seconds after each start."""

    def __init__(self, lives: list[float], clock: Pauses) -> None:
        super().__init__()
        self._lives, self._clock, self._end = lives, clock, 0.0

    async def start(self, report) -> None:
        await super().start(report)
        self._end = self._clock.now + self._lives.pop(0)

    def health(self):
        if self._clock.now >= self._end:
            self.die()
        return super().health()


@pytest.mark.parametrize(
    ('lives', 'expected'),
    [
        ([0, 5, 5, 5, 5, 5], [0, 1, 2, 4, 8, 16]),  # starts well, but does not last
        ([0, 70, 70, 70, 70, 70], [0, 0, 0, 0, 0, 0]),
        ([0, 5, 5, 70, 5, 5], [0, 1, 2, 0, 1, 2]),
    ],
)
def test_only_an_engine_that_lasted_makes_the_pauses_begin_anew(pauses, lives, expected):
    engine = Mortal([*lives, math.inf], pauses)
    watch(engine, lambda _: engine.starts == len(lives) + 1)
    assert pauses == expected


@pytest.mark.parametrize('error', [EngineRefused('bad warm-up'), RuntimeError('a defect')])
def test_nothing_that_goes_wrong_ends_the_watch(pauses, error):
    engine = ScriptedEngine()
    engine.start_script = [(), (error,)]
    told = watch(engine, lambda _: engine.starts == 3)
    assert f'{error}; trying again in 1 s' in told
    assert engine.health().state is EngineState.READY


def test_a_warm_up_that_fails_is_tried_again_though_the_engine_lives(pauses):
    engine, faults = ScriptedEngine(), [EngineRefused('bad warm-up')]

    async def revive() -> None:
        await engine.start(lambda _: None)
        if faults:
            raise faults.pop()

    told = watch(engine, lambda _: engine.starts == 3, revive)
    assert 'bad warm-up; trying again in 1 s' in told


def test_a_healthy_engine_is_left_alone(pauses):
    engine = ScriptedEngine()
    told = watch(engine, lambda _: pauses.now > 1000)
    assert engine.starts == 2  # the test's own, and the one after the death
    assert len(told) == 1
