"""vLLM inside this process's tree: AsyncLLM here, its engine core in a child process, CPU or GPU by configuration."""

import asyncio
import gc
import json
import logging
import os
import time
import warnings
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

from robobrain_ros.engines import memory
from robobrain_ros.engines.base import (
    Delta,
    EngineConfig,
    EngineDead,
    EngineRefused,
    EngineState,
    Generation,
    Health,
)
from robobrain_ros.engines.images import ImageLimits, resize
from robobrain_ros.engines.processes import Family
from robobrain_ros.engines.watchdog import Stalled, Watchdog
from robobrain_ros.errors import BrainError, ErrorCode

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
        self._llm: Any = None
        self._template: Callable[[str], str] | None = None
        self._in_flight: set[str] = set()
        self._watchdog = Watchdog(config.stall_s)
        self._pids: tuple[int, ...] = ()

    async def start(self, report: Callable[[str], None]) -> None:
        """See Engine. Sets environment variables that vLLM reads, for this process and the engine's."""
        await self.close()
        self._state = EngineState.STARTING
        self._family = Family()
        try:
            report('loading vLLM')
            # in threads, since they take seconds to minutes
            arguments = await _in_thread(self._family, _arguments, self._config, self._family.folder)
            report(f'starting the engine with {self._config.model}')
            with self._family.adopt():
                await _in_thread(self._family, self._create, arguments)
            from robobrain_ros.engines import vllm_versions

            self._template = _chat_template(await vllm_versions.tokenizer(self._llm), self._config.model)
        except asyncio.CancelledError:
            await self.close()
            raise
        except Exception as error:
            await self.close()
            self._state, self._error = EngineState.DEAD, f'the engine did not start: {error}'
            raise EngineDead(self._error) from error
        self._pids = tuple(self._family.pids())
        self._watchdog = Watchdog(self._config.stall_s)
        self._state, self._error = EngineState.READY, ''
        report('the engine is ready')

    async def warm_up(self, generations: Sequence[Generation]) -> list[float]:
        """See Engine."""
        took = []
        for generation in generations:
            begin = time.monotonic()
            async for _ in self.generate(generation):
                continue
            took.append(1000 * (time.monotonic() - begin))
        return took

    def input_size(self, width: int, height: int) -> tuple[int, int]:
        """See Engine."""
        return self._limits.size(width, height)

    async def generate(self, generation: Generation) -> AsyncIterator[Delta]:
        """See Engine."""
        if self._state is not EngineState.READY:
            raise EngineDead(self._error or f'the engine is {self._state.value}')
        from robobrain_ros.engines import vllm_versions

        llm, watchdog = self._llm, self._watchdog
        self._in_flight.add(generation.request_id)
        try:
            prepared = await vllm_versions.prepare(llm, await asyncio.to_thread(self._prompt, generation))
            yield Delta()
            if generation.request_id not in self._in_flight:  # aborted before vLLM knew of it
                yield Delta(finish_reason='abort')
                return
            outputs = llm.generate(prepared, _sampling(generation), generation.request_id)
            async with aclosing(outputs):
                async for output in watchdog.watch(outputs):
                    piece = output.outputs[0]
                    yield Delta(piece.text, len(piece.token_ids), piece.finish_reason or '')
        except (vllm_versions.EngineDeadError, Stalled) as error:
            what = str(error) if isinstance(error, Stalled) else 'the engine process died'
            if llm is self._llm:  # else there is a new one already
                self._state, self._error = EngineState.DEAD, what
            raise EngineDead(what) from error
        except Exception as error:
            if llm is not self._llm:
                raise EngineDead('the engine was closed meanwhile') from error
            reason = vllm_versions.refusal(error)
            if reason is None:
                raise
            raise EngineRefused(f'the engine refused the request: {reason}') from error
        finally:
            self._in_flight.discard(generation.request_id)

    def _create(self, arguments: dict[str, Any]) -> None:
        """Start vLLM; blocks until the model is loaded. It takes up the loop in which it is first used."""
        from vllm.engine.arg_utils import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        # not returned: the future that would carry it lives on, and with it the engine after close()
        self._llm = AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments))

    def _prompt(self, generation: Generation) -> dict[str, Any]:
        assert self._template is not None
        height, width = generation.image.shape[:2]
        image = resize(generation.image, self.input_size(width, height))
        prompt = self._template(generation.text) + generation.reply_prefix
        return {'prompt': prompt, 'multi_modal_data': {'image': image}}

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
        return Health(state, len(self._in_flight), self._pids, error)

    async def close(self) -> None:
        """See Engine."""
        try:
            for request_id in tuple(self._in_flight):
                await self.abort(request_id)
        except Exception:
            _log.exception('requests could not be aborted; their engine is closed all the same')
        llm, family = self._llm, self._family
        self._llm = self._family = None
        self._state, self._error, self._pids = EngineState.STOPPED, '', ()
        try:
            if llm is not None:
                from robobrain_ros.engines import vllm_versions

                vllm_versions.shutdown(llm)  # in this loop, or its output handler would report a dead engine
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


def _arguments(config: EngineConfig, folder: str) -> dict[str, Any]:
    """Keyword arguments of AsyncEngineArgs, after setting up what vLLM reads from the environment at its import."""
    for name in ('VLLM_NO_USAGE_STATS', 'HF_HUB_OFFLINE'):
        os.environ.setdefault(name, '1')
    # warnings about missing GPUs and such help nobody; VLLM_LOGGING_LEVEL=INFO brings vLLM's own log back
    os.environ.setdefault('VLLM_LOGGING_LEVEL', 'ERROR')
    os.environ.setdefault('TORCH_LOGS', '-all')
    os.environ.setdefault('TORCH_CPP_LOG_LEVEL', 'ERROR')
    os.environ.setdefault('PYTHONWARNINGS', 'ignore::FutureWarning')
    warnings.filterwarnings('ignore', category=FutureWarning, module='vllm')
    os.environ['VLLM_WORKER_MULTIPROC_METHOD'] = 'spawn'  # DDS and this loop have threads, which a fork would break
    import torch

    has_gpu = torch.cuda.is_available()
    if config.device == 'cuda' and not has_gpu:  # vLLM would take the CPU without a word
        raise BrainError(
            ErrorCode.BAD_REQUEST,
            f"device is 'cuda', but torch {torch.__version__} finds no GPU that it can use; "
            "set device to 'cpu', or install the CUDA builds of torch and vLLM",
        )
    on_cpu = config.device == 'cpu' or not has_gpu
    if on_cpu and torch.version.cuda:  # vLLM runs on what it was built for, whatever it is told
        raise BrainError(
            ErrorCode.BAD_REQUEST,
            f'the model is to run on the CPU, but torch {torch.__version__} is built for CUDA, and its vLLM too; '
            'install the builds for CPUs (requirements/cpu.lock), or let device be auto on a host with a GPU',
        )
    float32 = config.dtype == 'float32' or (on_cpu and config.dtype == 'auto')
    kv_cache = (config.kv_cache_mb or (256 if on_cpu else 1024)) << 20
    device = 'cpu' if on_cpu else 'cuda'
    part = memory.check(config.model, device, kv_cache, config.max_pixels, config.max_model_len, float32)
    arguments: dict[str, Any] = {
        'model': str(config.model),
        'dtype': 'float32' if float32 else config.dtype,
        'max_model_len': config.max_model_len,
        'max_num_seqs': config.max_num_seqs,
        'kv_cache_memory_bytes': kv_cache,
        'limit_mm_per_prompt': {'image': 1, 'video': 0},
        # every camera image is new; and a request that is cancelled early leaves that cache inconsistent
        'mm_processor_cache_gb': 0,
        'structured_outputs_config': {'backend': 'xgrammar', 'disable_any_whitespace': True},
        'disable_log_stats': True,
        'use_tqdm_on_load': False,
        'seed': 0,
    }
    if on_cpu:
        os.environ['VLLM_ENABLE_V1_MULTIPROCESSING'] = '0'  # the worker inside the engine core, as on one GPU
        os.environ.setdefault('OMP_NUM_THREADS', '1')  # more threads than free cores: twenty times slower
        os.environ['TORCHDYNAMO_DISABLE'] = '1'  # compiling would cost minutes at each start
        os.environ['TORCHINDUCTOR_CACHE_DIR'] = folder
        arguments |= {'enforce_eager': True, 'block_size': 32}
    else:
        # vLLM refuses to start where less than this part is free, whatever it needs; by default 0.92
        arguments['gpu_memory_utilization'] = min(part, 0.92)
    return arguments


def _chat_template(tokenizer: Any, model: Path) -> Callable[[str], str]:
    """The function that puts a user's text, after an image, into the model's chat format."""
    template = getattr(tokenizer, 'chat_template', None)
    if not template:  # older checkpoints keep it apart
        template = json.loads((model / 'chat_template.json').read_text())['chat_template']

    def render(text: str) -> str:
        content = [{'type': 'image'}, {'type': 'text', 'text': text}]
        return tokenizer.apply_chat_template(
            [{'role': 'user', 'content': content}], chat_template=template, tokenize=False, add_generation_prompt=True
        )

    return render


def _sampling(generation: Generation) -> Any:
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

    guide = generation.guide
    return SamplingParams(
        temperature=generation.temperature,
        max_tokens=generation.max_tokens,
        stop=list(generation.stop),
        include_stop_str_in_output=True,
        output_kind=RequestOutputKind.DELTA,
        structured_outputs=StructuredOutputsParams(regex=guide.regex, json=guide.json_schema) if guide else None,
    )
