# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""vLLM inside this process's tree: AsyncLLM here, its engine core in a child process, CPU or GPU by configuration."""

import asyncio
import gc
import logging
import os
import time
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from robobrain_ros.engines.base import Delta, EngineDead, EngineRefused, EngineState, Generation, Health
from robobrain_ros.engines.processes import Family
from robobrain_ros.engines.start_lock import exclusive_start
from robobrain_ros.engines.threads import in_thread
from robobrain_ros.engines.vllm import flaggems
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.environment import offline
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.engines.vllm.launch import Launch, launch, runs_on_cpu
from robobrain_ros.engines.vllm.preparation import Preparation, chat_format, chat_template, fitted
from robobrain_ros.engines.vllm.sampling import sampling, spelled
from robobrain_ros.engines.vllm.warming import every_shape, side_by_side
from robobrain_ros.engines.vllm.worker.report import WorkerReport
from robobrain_ros.engines.watchdog import Stalled, Watchdog
from robobrain_ros.errors import BadRequest, BrainError
from robobrain_ros.weights import manifest

_log = logging.getLogger(__name__)


class EmbeddedEngine:
    """A model in a vLLM of its own: the Engine protocol of base.py, on processes that end with this one.

    All coroutines belong to one event loop: the one that ``start`` ran in.

    :param config: how to run the model; nothing is loaded before ``start``
    :raises BadRequest: for a model whose image limits cannot be read, or leave nothing of ``max_pixels``
    """

    def __init__(self, config: EngineConfig) -> None:
        self.config = config
        self.model, self.origin = config.model.resolve().name, manifest.known_origin(config.model)
        self._limits = ImageLimits.read(config.model, config.max_pixels)
        self._state = EngineState.STOPPED
        self._error = ''
        self._family: Family | None = None
        self._choice = flaggems.Choice('off')
        self._native_because = ''
        """Set when FlagGems failed; from then on this engine does without."""
        self._on_cpu = True
        self._warm: WorkerReport | None = None
        """What had been compiled when warm-up ended."""
        self._llm: Any = None
        self._template: Callable[[Sequence[str | np.ndarray]], str] | None = None
        self.has_tools = False
        """Whether the model's chat template can offer functions to call; known once it is ready."""
        self._preparation: Preparation | None = None
        self._in_flight: set[str] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._watchdog = Watchdog(config.stall_s)
        self._pids: tuple[int, ...] = ()

    async def start(self, report: Callable[[str], None]) -> None:
        """Load the model; takes seconds to minutes. Waits for other engines of this process that start.

        Meanwhile environment variables and warning filters of this process are vLLM's; afterwards, also after a
        failure, they are as before. Cancelling it ends all that it has begun, before it returns.

        :param report: hears what is going on, in words
        :raises EngineDead: if the model cannot be loaded
        """
        await self.close()
        self._state = EngineState.STARTING
        try:
            try:
                await self._launch(report)
            except Exception as error:
                if not self._choice.on or isinstance(error, BrainError):
                    raise
                self._native_because = self._reason(error)
                await self.close()  # a process with half of its operators replaced is of no use
                self._state = EngineState.STARTING
                await self._launch(report)
        except asyncio.CancelledError:
            await self.close()
            raise
        except Exception as error:
            await self.close()
            self._state, self._error = EngineState.DEAD, f'the engine did not start: {error}'
            raise EngineDead(self._error) from error
        assert self._family is not None
        self._pids = tuple(self._family.pids())
        self._watchdog = Watchdog(self.config.stall_s)
        self._state, self._error, self._warm = EngineState.READY, '', None
        report('the engine is ready')

    async def _launch(self, report: Callable[[str], None]) -> None:
        self._choice = flaggems.Choice('off')
        async with exclusive_start(report):
            self._family = Family()
            report('loading vLLM')
            # in threads, since they take seconds to minutes
            self._on_cpu = await in_thread(self._family, runs_on_cpu, self.config)
            self._choice = flaggems.usable(self.config.flaggems, os.environ, self._on_cpu, self._native_because, report)
            how = await in_thread(self._family, launch, self.config, self._family.folder, self._choice, self._on_cpu)
            report(f'starting the engine with {self.config.model}')
            await in_thread(self._family, self._create, self._family, how)
            await self._get_ready(report)

    async def _get_ready(self, report: Callable[[str], None]) -> None:
        """Learn from the engine's processes what requests need."""
        from robobrain_ros.engines.vllm import compat

        told = self._told()
        if self._choice.on and told:
            report(f'{self._choice}: {len(told.operators)} operators: {", ".join(told.operators)}')
        tokenizer = await compat.tokenizer(self._llm)
        self._template = chat_format(tokenizer, self.config.model)
        self.has_tools = 'tools' in chat_template(tokenizer, self.config.model)
        render, pixels = compat.renderer(self._llm), told.pixels if told else ''
        self._preparation = Preparation(render, tokenizer, self.config.model, pixels)

    def _reason(self, error: BaseException) -> str:
        """Say why a start with FlagGems failed: in the worker's words if it left any.

        :raises BadRequest: if it failed by the configuration, which is not to be worked around
        """
        told = WorkerReport.read(Path(self._family.folder)) if self._family else None
        if told and told.refused:
            raise BadRequest(told.error) from error
        return f'FlagGems could not be enabled: {told.error}' if told and told.error else f'{error}'

    async def until_idle(self, within_s: float) -> None:
        """Wait until none of the robot's own requests runs, or for so many seconds."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._idle.wait(), within_s)

    @property
    def client(self) -> Any:
        """The AsyncLLM of vLLM while the engine is ready, for others in this process; else None."""
        return self._llm if self.health().state is EngineState.READY else None

    async def warm_up(self, generations: Sequence[Generation]) -> list[float]:
        """Run requests to their end, one after the other; on a GPU also others, until every kernel is compiled.

        If the engine dies meanwhile with FlagGems, it is started again without.

        :returns: how long each request took, milliseconds
        :raises EngineDead: if the engine dies without FlagGems
        """
        try:
            took = await self._run(generations)
        except EngineDead as error:
            if not self._choice.on:
                raise
            self._native_because = f'the engine died while warming up with FlagGems: {error}'
            await self.start(_log.warning)
            took = await self._run(generations)
        self._warm = self._told()
        return took

    async def _run(self, generations: Sequence[Generation]) -> list[float]:
        if self.config.shared and not self._on_cpu:
            crowd = side_by_side(generations, self.config.max_num_seqs)
            await asyncio.gather(*(self._to_end(generation) for generation in crowd))
        return [await self._to_end(one) for one in (generations if self._on_cpu else every_shape(generations))]

    async def _to_end(self, generation: Generation) -> float:
        begin = time.monotonic()
        async for _ in self.generate(generation):
            continue
        return 1000 * (time.monotonic() - begin)

    def _told(self) -> WorkerReport | None:
        return WorkerReport.read(Path(self._family.folder)) if self._family else None

    def compilations(self) -> tuple[WorkerReport, WorkerReport]:
        """Tell what the worker compiled; all zero on a CPU, where nothing is. Reads a small file; from any thread.

        :returns: (since it began, since warm-up)
        """
        now, warm = self._told() or WorkerReport(), self._warm or WorkerReport()
        since = replace(
            now,
            compiled=now.compiled - warm.compiled,
            loaded=now.loaded - warm.loaded,
            tuned=now.tuned - warm.tuned,
        )
        return now, since

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """How large the model sees an image of this size.

        :param width: of the image as it was taken, pixels
        :param height: of the image as it was taken, pixels
        :returns: (width, height), pixels
        :raises BrainError: if one side is more than 200 times the other
        """
        return self._limits.size(width, height)

    async def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        """Stream the answer. Cancelling the task that iterates aborts the request in the engine.

        :raises EngineDead: if the engine is not ready, or dies or stalls meanwhile
        :raises EngineRefused: if the engine does not take the request
        :raises BrainError: for an image that the model does not take
        """
        if self._state is not EngineState.READY:
            raise EngineDead(self._error or f'the engine is {self._state.value}')
        from robobrain_ros.engines.vllm import compat

        llm, watchdog, preparation = self._llm, self._watchdog, self._preparation
        assert preparation is not None
        self._in_flight.add(generation.request_id)
        self._idle.clear()
        try:
            prepared = await self.prepare(generation)
            yield Delta()
            if generation.request_id not in self._in_flight:  # aborted before vLLM knew of it
                yield Delta(finish_reason='abort')
                return
            outputs = llm.generate(prepared, sampling(generation, preparation), generation.request_id)
            async with aclosing(outputs):
                async for output in watchdog.watch(outputs):
                    piece = output.outputs[0]
                    yield Delta(piece.text, len(piece.token_ids), piece.finish_reason or '', spelled(piece))
        except (compat.EngineDeadError, Stalled) as error:
            what = str(error) if isinstance(error, Stalled) else 'the engine process died'
            if llm is self._llm:  # else there is a new one already
                self._state, self._error = EngineState.DEAD, what
            raise EngineDead(what) from error
        except Exception as error:
            if llm is not self._llm:
                raise EngineDead('the engine was closed meanwhile') from error
            reason = compat.refusal(error)
            if reason is None:
                raise
            raise EngineRefused(f'the engine refused the request: {reason}') from error
        finally:
            self._in_flight.discard(generation.request_id)
            if not self._in_flight:
                self._idle.set()

    def _create(self, family: Family, how: Launch) -> None:
        """Start vLLM; blocks until the model is loaded. It takes up the loop in which it is first used."""
        with offline(), family.adopt(how.environment):
            warnings.filterwarnings('ignore', category=FutureWarning, module='vllm')  # helps nobody; undone by the lock
            from robobrain_ros.engines.vllm import compat

            # not returned: the future that would carry it lives on, and with it the engine after close()
            self._llm = compat.start(how.arguments)

    async def prepare(self, generation: Generation, answer: str = '') -> Any:
        """Make of a question what vLLM takes, in a thread; the engine must be ready.

        :param answer: text that the model has said already
        :raises BrainError: for an image that the model does not take
        """
        assert self._preparation is not None
        prompt, images = await asyncio.to_thread(self._prompt, generation)
        return await self._preparation.prepare(prompt + answer, images)

    def _prompt(self, generation: Generation) -> tuple[str, list[np.ndarray]]:
        """The text in the model's format, and the images in the size that the model sees."""
        assert self._template is not None
        prompt = self._template(generation.content) + generation.reply_prefix
        return prompt, fitted(generation.images, self.input_size)

    async def abort(self, request_id: str) -> None:
        """End a request; its stream finishes with reason ``abort``.

        :param request_id: that of its Generation; an unknown one is ignored
        """
        if self._llm is not None and request_id in self._in_flight:
            self._in_flight.discard(request_id)
            await self._llm.abort(request_id)

    def health(self) -> Health:
        """Tell the engine's state now; does not block, and may be called from any thread."""
        state, error, llm = self._state, self._error, self._llm
        if state is EngineState.READY and llm is not None and llm.errored:
            state, error = EngineState.DEAD, 'the engine process died'
        return Health(state, len(self._in_flight), self._pids, error, self._details())

    def _details(self) -> dict[str, str]:
        """What is on: for diagnostics."""
        if self._on_cpu or self._state is not EngineState.READY:
            return {}
        now, since = self.compilations()
        operators = ', '.join(now.operators)
        gems = f'{self._choice.profile}: {operators}' if self._choice.on else f'off ({self._choice.decided_by})'
        decode = f"vLLM's ({now.decode})" if now.decode else "this package's"
        return {
            'FlagGems': gems,
            'decode kernels': decode,
            'kernels compiled, loaded or tuned since warm-up': f'{since.pauses}',
        }

    async def close(self) -> None:
        """End the engine with all its processes and give back its memory; any number of times.

        Requests in flight end with reason ``abort``. While ``start`` runs, cancel that instead.
        """
        try:
            for request_id in tuple(self._in_flight):
                await self.abort(request_id)
        except Exception:
            _log.exception('requests could not be aborted; their engine is closed all the same')
        llm, family = self._llm, self._family
        self._llm = self._family = self._preparation = None
        self._state, self._error, self._pids = EngineState.STOPPED, '', ()
        processes = family.pids() if family is not None else []
        try:
            if llm is not None:
                from robobrain_ros.engines.vllm import compat

                compat.shutdown(llm)  # in this loop, or its output handler would report a dead engine
                await asyncio.sleep(0)  # lets that handler end
                del llm
                gc.collect()  # reference cycles hold its sockets
        finally:
            if family is not None:
                await asyncio.to_thread(family.close, processes)
