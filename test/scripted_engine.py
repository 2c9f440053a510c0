"""An Engine for unit tests that answers by a script: no model, no process, no waiting."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from robobrain_ros.engines.base import Delta, EngineDead, EngineState, Generation, Health


class Gate:
    """Where a script waits until the test opens it; both sides may be in any thread."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        """Someone stands before it."""
        self._opened: Future[None] = Future()

    def open(self) -> None:
        """Let everyone through, now and later."""
        self._opened.set_result(None)

    async def wait(self) -> None:
        """Until it is open."""
        self.reached.set()
        await asyncio.shield(asyncio.wrap_future(self._opened))


@dataclass(frozen=True)
class Die:
    """The engine process dies."""


Item = str | Delta | Exception | Gate | Die
DEFAULT = ('[(500, ', '250)]')


class ScriptedEngine:
    """The Engine protocol. Every request follows ``script``, or the one for its instruction in ``scripts``.

    A script is a sequence of: a text (one delta of one token), a Delta, an exception to raise, a Gate to wait for
    (one that nobody opens: the engine hangs), ``Die()``. One that ends without a finish reason
    gets an empty delta with ``stop``.
    """

    def __init__(self, script: Sequence[Item] = DEFAULT, size: tuple[int, int] = (320, 256)) -> None:
        self.script = script
        self.scripts: dict[str, Sequence[Item]] = {}
        self.preparation: Sequence[Item] = ()
        """What a request does before its first delta."""
        self.start_script: list[Sequence[Item]] = []
        """What the next starts do, one each; later ones succeed at once."""
        self.starts = 0
        self.closed = 0
        self.asked: list[Generation] = []
        self.running: set[str] = set()
        self.most_running = 0
        self._size = size
        self._health = Health(EngineState.STOPPED)

    async def start(self, report: Callable[[str], None]) -> None:
        """See Engine."""
        self.starts += 1
        self._health = Health(EngineState.STARTING)
        try:
            for item in self.start_script.pop(0) if self.start_script else ():
                await self._act(item)
        except asyncio.CancelledError:
            self._health = Health(EngineState.STOPPED)
            raise
        except Exception as error:
            self._health = Health(EngineState.DEAD, error=str(error))
            raise
        self._health = Health(EngineState.READY)
        report('ready')

    async def warm_up(self, generations: Sequence[Generation]) -> list[float]:
        """See Engine."""
        return [0.0 for _ in generations]

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """See Engine."""
        return self._size

    async def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        """See Engine."""
        if self._health.state is not EngineState.READY:
            raise EngineDead('the engine is not there')
        self.asked.append(generation)
        self.running.add(generation.request_id)
        self.most_running = max(self.most_running, len(self.running))
        try:
            for item in self.preparation:
                await self._act(item)
            yield Delta()
            script = next((script for key, script in self.scripts.items() if key in generation.text), self.script)
            for item in script:
                if isinstance(item, str | Delta):
                    await asyncio.sleep(0)  # the loop goes round between two tokens
                    delta = Delta(item, 1) if isinstance(item, str) else item
                    yield delta
                    if delta.finish_reason:
                        return
                else:
                    await self._act(item)
            yield Delta(finish_reason='stop')
        finally:
            self.running.discard(generation.request_id)

    async def _act(self, item: Item) -> None:
        if isinstance(item, Gate):
            await item.wait()
        elif isinstance(item, Exception):
            raise item
        elif isinstance(item, Die):
            self.die()
            raise EngineDead('the engine process died')

    def die(self) -> None:
        """The engine process is gone."""
        self._health = Health(EngineState.DEAD, error='the engine process died')

    async def abort(self, request_id: str) -> None:
        """See Engine."""
        raise NotImplementedError('requests are aborted by cancelling their task')

    def health(self) -> Health:
        """See Engine."""
        return self._health

    async def close(self) -> None:
        """See Engine."""
        self.closed += 1
        self._health = Health(EngineState.STOPPED)
