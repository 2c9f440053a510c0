"""Engines of one process start one after the other, whatever becomes of them."""

import asyncio
import threading

import pytest

from robobrain_ros.engines import turn
from robobrain_ros.engines.base import EngineConfig, EngineState
from robobrain_ros.engines.embedded import EmbeddedEngine
from robobrain_ros.engines.turn import turn_to_start
from robobrain_ros.parameters import TINY_MODEL

SOON = 30.0


@pytest.fixture(autouse=True)
def free_before_and_after(monkeypatch):
    monkeypatch.setattr(turn, 'LOOK_S', 0.001)
    assert not turn._turn.locked()
    yield
    assert not turn._turn.locked()


class Room:
    """Counts who is inside."""

    def __init__(self) -> None:
        self.inside = self.most = self.visits = 0

    async def visit(self) -> None:
        async with turn_to_start():
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.005)
            self.inside -= 1
            self.visits += 1


def test_one_after_the_other_in_one_loop():
    room = Room()

    async def run() -> None:
        await asyncio.wait_for(asyncio.gather(*[room.visit() for _ in range(10)]), SOON)

    asyncio.run(run())
    assert (room.most, room.visits) == (1, 10)


def test_one_after_the_other_in_several_threads():
    room = Room()
    threads = [threading.Thread(target=lambda: asyncio.run(room.visit())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert (room.most, room.visits) == (1, 5)


@pytest.mark.parametrize('fault', [KeyError, asyncio.CancelledError])
def test_a_start_that_fails_or_is_cancelled_leaves_the_turn_to_the_next(fault):
    async def run() -> None:
        with pytest.raises(fault):
            async with turn_to_start():
                raise fault
        await asyncio.wait_for(Room().visit(), SOON)

    asyncio.run(run())


def test_waiting_may_be_cancelled():
    async def run() -> None:
        async with turn_to_start():
            waiting = asyncio.create_task(Room().visit())
            await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.wait([waiting])
            assert waiting.cancelled()
            assert turn._turn.locked(), 'it is the turn of the one inside still'

    asyncio.run(run())


def test_an_embedded_engine_waits_for_its_turn_and_may_be_cancelled_meanwhile():
    engine, told = EmbeddedEngine(EngineConfig(TINY_MODEL, device='cpu')), []

    async def run() -> None:
        async with turn_to_start():
            starting = asyncio.create_task(engine.start(told.append))
            done, _ = await asyncio.wait([starting], timeout=0.3)
            assert not done
            assert (told, engine.health().state) == ([], EngineState.STARTING)
            starting.cancel()
            await asyncio.wait([starting])
            assert starting.cancelled()
        assert engine.health().state is EngineState.STOPPED

    asyncio.run(run())
