"""vLLM inside this process's tree: AsyncLLM here, its engine core in a child process, CPU or GPU by configuration."""

import asyncio
import gc
import logging
import os
import time
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from robobrain_ros.engines.base import Delta, EngineDead, EngineRefused, EngineState, Generation, Health
from robobrain_ros.engines.processes import Family
from robobrain_ros.engines.start_lock import exclusive_start
from robobrain_ros.engines.vllm import flaggems
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.environment import offline
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.engines.vllm.launch import Launch, launch, runs_on_cpu
from robobrain_ros.engines.vllm.preparation import Preparation, chat_format
from robobrain_ros.engines.vllm.warming import every_shape
from robobrain_ros.engines.vllm.worker.report import WorkerReport
from robobrain_ros.engines.watchdog import Stalled, Watchdog
from robobrain_ros.errors import BadRequest, BrainError
from robobrain_ros.geometry.resize import resize

T = TypeVar('T')

_log = logging.getLogger(__name__)


class EmbeddedEngine:
    """The Engine protocol (see base.py) on an embedded vLLM."""

    def __init__(self, config: EngineConfig) -> None:
        self._config = config
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
        self._template: Callable[[str], str] | None = None
        self._preparation: Preparation | None = None
        self._in_flight: set[str] = set()
        self._watchdog = Watchdog(config.stall_s)
        self._pids: tuple[int, ...] = ()

    async def start(self, report: Callable[[str], None]) -> None:
        """See Engine. Sets environment variables that vLLM reads, for this process and the engine's."""
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
        self._watchdog = Watchdog(self._config.stall_s)
        self._state, self._error, self._warm = EngineState.READY, '', None
        report('the engine is ready')

    async def _launch(self, report: Callable[[str], None]) -> None:
        self._choice = flaggems.Choice('off')
        async with exclusive_start(report):
            self._family = Family()
            report('loading vLLM')
            # in threads, since they take seconds to minutes
            self._on_cpu = await _in_thread(self._family, runs_on_cpu, self._config)
            self._choice = flaggems.usable(
                self._config.flaggems, os.environ, self._on_cpu, self._native_because, report
            )
            how = await _in_thread(self._family, launch, self._config, self._family.folder, self._choice, self._on_cpu)
            report(f'starting the engine with {self._config.model}')
            await _in_thread(self._family, self._create, self._family, how)
            await self._get_ready(report)

    async def _get_ready(self, report: Callable[[str], None]) -> None:
        """Learn from the engine's processes what requests need."""
        from robobrain_ros.engines.vllm import compat

        told = self._told()
        if self._choice.on and told:
            report(f'{self._choice}: {len(told.operators)} operators: {", ".join(told.operators)}')
        tokenizer = await compat.tokenizer(self._llm)
        self._template = chat_format(tokenizer, self._config.model)
        render, pixels = compat.renderer(self._llm), told.pixels if told else ''
        self._preparation = Preparation(render, tokenizer, self._config.model, pixels)

    def _reason(self, error: BaseException) -> str:
        """Why a start with FlagGems failed: the worker's words if it left any; BrainError if it is not to be worked
        around."""
        told = WorkerReport.read(Path(self._family.folder)) if self._family else None
        if told and told.refused:
            raise BadRequest(told.error) from error
        return f'FlagGems could not be enabled: {told.error}' if told and told.error else f'{error}'

    async def warm_up(self, generations: Sequence[Generation]) -> list[float]:
        """See Engine. If the engine dies meanwhile with FlagGems, it is started again without."""
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
        took = []
        for generation in generations if self._on_cpu else every_shape(generations):
            begin = time.monotonic()
            async for _ in self.generate(generation):
                continue
            took.append(1000 * (time.monotonic() - begin))
        return took

    def _told(self) -> WorkerReport | None:
        return WorkerReport.read(Path(self._family.folder)) if self._family else None

    def compilations(self) -> tuple[WorkerReport, WorkerReport]:
        """What the worker compiled: (since it began, since warm-up). All zero on a CPU, where nothing is compiled.

        Reads a small file; from any thread.
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
        """See Engine."""
        return self._limits.size(width, height)

    async def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        """See Engine."""
        if self._state is not EngineState.READY:
            raise EngineDead(self._error or f'the engine is {self._state.value}')
        from robobrain_ros.engines.vllm import compat

        llm, watchdog, preparation = self._llm, self._watchdog, self._preparation
        assert preparation is not None
        self._in_flight.add(generation.request_id)
        try:
            prepared = await preparation.prepare(*await asyncio.to_thread(self._prompt, generation))
            yield Delta()
            if generation.request_id not in self._in_flight:  # aborted before vLLM knew of it
                yield Delta(finish_reason='abort')
                return
            outputs = llm.generate(prepared, _sampling(generation, preparation), generation.request_id)
            async with aclosing(outputs):
                async for output in watchdog.watch(outputs):
                    piece = output.outputs[0]
                    yield Delta(piece.text, len(piece.token_ids), piece.finish_reason or '')
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

    async def score(self, generation: Generation, answer: str, top: int = 20) -> list[dict[int, float]]:
        """How likely the model finds a given answer: at each of its tokens, the log-probabilities of the ``top``
        likeliest tokens and of the given one, by token id. No Engine of the protocol's: for comparing engines.

        :raises EngineDead: if the engine is not ready
        """
        if self._state is not EngineState.READY or self._preparation is None:
            raise EngineDead(self._error or f'the engine is {self._state.value}')
        from vllm import SamplingParams

        from robobrain_ros.engines.vllm import compat

        prompt, image = await asyncio.to_thread(self._prompt, generation)
        tokenizer = await compat.tokenizer(self._llm)
        length = len(tokenizer.encode(answer, add_special_tokens=False))
        prepared = await self._preparation.prepare(prompt + answer, image)
        params = SamplingParams(temperature=0, max_tokens=1, prompt_logprobs=top)
        output = None
        async for output in self._llm.generate(prepared, params, generation.request_id):  # noqa: B007
            continue
        assert output is not None
        return [
            {token: entry.logprob for token, entry in place.items()}
            for place in output.prompt_logprobs[len(output.prompt_logprobs) - length :]
        ]

    def _create(self, family: Family, how: Launch) -> None:
        """Start vLLM; blocks until the model is loaded. It takes up the loop in which it is first used."""
        with offline(), family.adopt(how.environment):
            warnings.filterwarnings('ignore', category=FutureWarning, module='vllm')  # helps nobody; undone by the lock
            from vllm.engine.arg_utils import AsyncEngineArgs

            from robobrain_ros.engines.vllm.compat import Client

            # not returned: the future that would carry it lives on, and with it the engine after close()
            self._llm = Client.from_engine_args(AsyncEngineArgs(**how.arguments))

    def _prompt(self, generation: Generation) -> tuple[str, np.ndarray]:
        """The text in the model's format, and the image in the size that the model sees."""
        assert self._template is not None
        height, width = generation.image.shape[:2]
        image = resize(generation.image, self.input_size(width, height))
        return self._template(generation.text) + generation.reply_prefix, np.asarray(image)

    async def abort(self, request_id: str) -> None:
        """See Engine."""
        if self._llm is not None and request_id in self._in_flight:
            self._in_flight.discard(request_id)
            await self._llm.abort(request_id)

    def health(self) -> Health:
        """See Engine."""
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
        """See Engine."""
        try:
            for request_id in tuple(self._in_flight):
                await self.abort(request_id)
        except Exception:
            _log.exception('requests could not be aborted; their engine is closed all the same')
        llm, family = self._llm, self._family
        self._llm = self._family = self._preparation = None
        self._state, self._error, self._pids = EngineState.STOPPED, '', ()
        try:
            if llm is not None:
                from robobrain_ros.engines.vllm import compat

                compat.shutdown(llm)  # in this loop, or its output handler would report a dead engine
                await asyncio.sleep(0)  # lets that handler end
                del llm
                gc.collect()  # reference cycles hold its sockets
        finally:
            if family is not None:
                await asyncio.to_thread(family.close)


async def _in_thread(family: Family, work: Callable[..., T], *arguments: Any) -> T:
    """Run work that may start processes of the family. A thread cannot be cancelled: when this is, they are killed
    until the work has given up, so that it leaves nothing behind."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        while not running.done():
            await asyncio.to_thread(family.kill)
            await asyncio.wait([running], timeout=0.1)
        running.exception()  # of no interest
        raise


def _sampling(generation: Generation, preparation: Preparation) -> Any:
    """vLLM's parameters of a request.

    Stop strings are found by the client, in the text; until the engine hears of it, it has begun another step or two.
    Where a string is one token, the engine ends by itself. Not so with a grammar: there, stop tokens may come only
    behind the whole answer, so that its closing bracket would be forbidden.
    """
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    guide = generation.guide
    return SamplingParams(
        temperature=generation.temperature,
        max_tokens=generation.max_tokens,
        stop=list(generation.stop),
        stop_token_ids=None if guide else preparation.single_tokens(generation.stop),
        include_stop_str_in_output=True,
        output_kind=RequestOutputKind.DELTA,
        structured_outputs=StructuredOutputsParams(regex=guide.regex, json=guide.json_schema) if guide else None,
    )
