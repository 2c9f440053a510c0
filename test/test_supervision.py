"""A dead engine is started again, as often as it takes, with growing pauses."""

import asyncio

import pytest
from scripted_engine import ScriptedEngine

from robobrain_ros.engines import supervision
from robobrain_ros.engines.base import EngineDead, EngineRefused, EngineState


@pytest.fixture
def pauses(monkeypatch):
    """The pauses that were made; they take no time."""
    made, sleep = [], asyncio.sleep

    async def no_sleep(seconds: float) -> None:
        made.append(seconds)
        await sleep(0)

    monkeypatch.setattr(supervision.asyncio, 'sleep', no_sleep)
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
    assert told == ['the engine process died; starting it again']
    assert engine.health().state is EngineState.READY
    assert set(pauses) == {supervision.POLL_S}


def test_failures_are_reported_and_the_pauses_grow_up_to_a_limit(pauses):
    engine = ScriptedEngine()
    engine.start_script = [(), *[(EngineDead('no memory'),)] * 9]
    told = watch(engine, lambda _: engine.starts == 11)
    assert [pause for pause in pauses if pause != supervision.POLL_S] == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert 'no memory; trying again in 60 s' in told
    assert engine.health().state is EngineState.READY


def test_after_a_success_the_pauses_begin_anew(pauses):
    engine = ScriptedEngine()
    engine.start_script = [(), (EngineDead('no'),), (EngineDead('no'),), (), (EngineDead('no'),)]

    async def revive() -> None:
        await engine.start(lambda _: None)
        if engine.starts == 4:
            engine.die()

    watch(engine, lambda _: engine.starts == 6, revive)
    assert [pause for pause in pauses if pause != supervision.POLL_S] == [1, 2, 1]


@pytest.mark.parametrize('error', [EngineRefused('bad warm-up'), RuntimeError('a defect')])
def test_nothing_that_goes_wrong_ends_the_watch(pauses, error):
    engine = ScriptedEngine()
    engine.start_script = [(), (error,)]
    told = watch(engine, lambda _: engine.starts == 3)
    assert f'{error}; trying again in 1 s' in told
    assert engine.health().state is EngineState.READY


def test_a_healthy_engine_is_left_alone(pauses):
    engine = ScriptedEngine()
    told = watch(engine, lambda _: len(pauses) > 50)
    assert engine.starts == 2  # the test's own, and the one after the death
    assert len(told) == 1
