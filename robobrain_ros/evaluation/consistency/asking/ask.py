# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A stack is asked every question of a set, several at a time, and each answer is kept as soon as it is there."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.engines.base import Engine, EngineDead, EngineRefused, EngineState, Generation
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.evaluation.consistency.answers.entries import split
from robobrain_ros.evaluation.consistency.answers.journal import Journal
from robobrain_ros.evaluation.consistency.data import layout
from robobrain_ros.evaluation.consistency.items import Item, Reply

ORDERS = ('fixed', 'shuffled')
RESTART_PAUSES_S = (0.0, 10.0, 60.0, 180.0)
"""Before each attempt to start a dead engine again: a server may take minutes to come back."""
BUSY_PAUSES_S = (1.0, 5.0, 20.0, 60.0)
"""Before a question is put again to a server that is full."""
MOST_DEATHS = 3
"""An engine that died so often without any answer in between is given up."""
DEATHS_EACH = 2
"""A question over which the engine died so often has no answer."""
SETTLE_S = 1.0
"""So long requests may take to end when the command is interrupted; less than ending.END_S."""
MAX_TOKENS = 1024
"""Answers are cut here by default: a model that reasons step by step before it answers takes some hundred tokens."""
Say = Callable[[str], None]
T = TypeVar('T')


@dataclass(frozen=True)
class How:
    """How a stack is asked; the answers of two stacks can be compared where all of it is the same."""

    concurrency: int = 1
    """So many questions are in flight."""
    order: str = 'fixed'
    """``fixed``, as in the data, or ``shuffled``."""
    seed: int = 0
    """Draws the shuffled order."""
    max_tokens: int = MAX_TOKENS
    """An answer is cut after so many tokens."""


@dataclass(frozen=True)
class Stack:
    """An engine that has been started, for code that blocks.

    :param engine: its coroutines run in ``loop``
    """

    engine: Engine
    loop: LoopThread

    def wait(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the engine's loop and wait for its end; an interrupt cancels it first."""
        ended = threading.Event()

        async def run() -> T:
            try:
                return await coroutine
            finally:
                ended.set()

        future = self.loop.submit(run())
        try:
            return future.result()
        except BaseException:
            if future.cancel():
                ended.wait(SETTLE_S)
            raise


@contextmanager
def running(engine: Engine, tell: Say) -> Iterator[Stack]:
    """Start an engine for a ``with`` block, and end it behind; blocks for seconds to minutes.

    :param tell: hears what the engine does while it starts
    :raises EngineDead: if it cannot be started
    """
    stack = Stack(engine, LoopThread('consistency'))
    try:
        stack.wait(engine.start(tell))
        yield stack
    finally:
        try:
            stack.loop.submit(engine.close()).result()
        finally:
            stack.loop.close()


def ask(
    stack: Stack,
    items: Sequence[Item],
    folder: Path,
    how: How,
    tell: Say,
) -> tuple[Reply, ...]:
    """Ask all questions of one set, greedily, and keep each answer in the run's directory. Blocks.

    What was answered there before is not asked again; what failed is. A process that is killed loses the questions
    in flight, ``how.concurrency`` at most. An engine that dies is started again, and its questions are asked once more.

    :param items: of one set
    :param folder: the run's directory; files lie in the folder of the set's name in it
    :param tell: hears in sentences what goes wrong
    :returns: one reply to each item, in the items' order; where there is no answer, its ``error`` says why
    :raises BadRequest: for values out of range, and for a directory with answers that were got in another way
    :raises EngineDead: if the engine died and does not come back; the next call goes on where this one was
    """
    if how.order not in ORDERS:
        raise BadRequest(f"order is {how.order!r}, but must be 'fixed' or 'shuffled'")
    for name, value in (('concurrency', how.concurrency), ('max_tokens', how.max_tokens)):
        if value < 1:
            raise BadRequest(f'{name} is {value!r}, but must be 1 or more')
    if len(names := {item.set_name for item in items}) != 1:
        raise BadRequest(f'questions of one set are asked at a time, not of {sorted(names)}')
    journal = Journal(folder, names.pop())
    about = {'model_name': stack.engine.model, 'max_tokens': how.max_tokens, 'temperature': 0.0, 'order': how.order}
    journal.begin(about | ({'seed': how.seed} if how.order == 'shuffled' else {}) | {'num_workers': how.concurrency})
    replies = journal.find(items, tell)
    left = [item for item in items if item.question_id not in replies]
    if replies:
        tell(f'{items[0].set_name}: {len(replies)} of {len(items)} questions were answered before')
    if how.order == 'shuffled':
        random.Random(how.seed).shuffle(left)
    if left:
        journal.reopen()
        with Progress(items[0].set_name, len(left), 'questions') as progress:

            def heard(reply: Reply) -> None:
                journal.keep(reply)
                replies[reply.question_id] = reply
                progress.advance()

            stack.wait(_Asking(stack.engine, how.max_tokens, tell).all(left, how.concurrency, heard))
    return tuple(replies[item.question_id] for item in items)


async def at_once(count: int, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``work`` so many times side by side; if one fails, the others are cancelled, and its error is raised.

    :param work: makes a coroutine
    """
    workers = [asyncio.create_task(work()) for _ in range(count)]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)


class _Asking:
    """Puts questions to an engine, and starts it again when it dies."""

    def __init__(self, engine: Engine, max_tokens: int, tell: Say) -> None:
        self._engine = engine
        self._max_tokens = max_tokens
        self._tell = tell
        self._reviving = asyncio.Lock()
        self._deaths = 0
        """Since the last answer."""

    async def all(self, items: Sequence[Item], concurrency: int, heard: Callable[[Reply], None]) -> None:
        waiting = iter(items)

        async def work() -> None:
            for item in waiting:
                heard(await self._one(item))

        await at_once(min(concurrency, len(items)), work)

    async def _one(self, item: Item) -> Reply:
        failed = Reply(item.question_id, item.prompt, '')
        try:
            content = await asyncio.to_thread(layout.content, item)
        except BrainError as error:
            return replace(failed, error=str(error))
        generation = Generation(content, self._max_tokens, f'{item.set_name}-{item.question_id}')
        pauses, deaths = iter(BUSY_PAUSES_S), 0
        while True:
            try:
                async with self._reviving:  # an engine that is being started takes no questions
                    pass
                return await self._answer(item, generation)
            except EngineDead as error:
                deaths += 1
                await self._revive(error)
                if deaths == DEATHS_EACH:
                    return replace(failed, error=f'the engine died each time it was asked: {error}')
            except BrainError as error:
                pause = next(pauses, None) if error.code is ErrorCode.BUSY else None
                if pause is None:
                    return replace(failed, error=str(error) or f'the engine failed with {error.code.name}')
                await asyncio.sleep(pause)

    async def _answer(self, item: Item, generation: Generation) -> Reply:
        begin, pieces, tokens, finish = time.monotonic(), list[str](), 0, ''
        async for delta in self._engine.generate(generation):
            pieces.append(delta.text)
            tokens += delta.tokens
            finish = delta.finish_reason or finish
        if finish == 'abort':
            raise EngineRefused('the engine gave the question up')
        self._deaths = 0
        reason, text = split(''.join(pieces))
        took = time.monotonic() - begin
        return Reply(item.question_id, item.prompt, text, '', 0, tokens, took, finish, reason)

    async def _revive(self, death: EngineDead) -> None:
        """Start the engine again, once for all whose questions it took along.

        :raises EngineDead: if it does not come back
        """
        async with self._reviving:
            if self._engine.health().state is EngineState.READY:
                return
            self._deaths += 1
            if self._deaths >= MOST_DEATHS:
                raise death
            for number, pause in enumerate(RESTART_PAUSES_S, 1):
                self._tell(f'{death}; starting it again{f" in {pause:g} s" if pause else ""}')
                await asyncio.sleep(pause)
                try:
                    await self._engine.start(self._tell)
                    return
                except EngineDead as error:
                    death = error
                    if number == len(RESTART_PAUSES_S):
                        raise
