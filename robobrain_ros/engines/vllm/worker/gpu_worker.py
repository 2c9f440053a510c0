# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""vLLM's worker on a GPU (``worker_cls``).

It enables FlagGems first where that is wanted, counts what is compiled, and takes shortcuts to the first token.

Imported by vLLM in the engine's process only. Counting is for knowing, shortcuts are for speed: where they fail, the
log says so and the engine goes on.
"""

import functools
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from vllm.v1.worker.gpu_worker import Worker

from robobrain_ros.engines.vllm import ranks
from robobrain_ros.engines.vllm.flaggems import Choice
from robobrain_ros.engines.vllm.worker import vision_encoder
from robobrain_ros.engines.vllm.worker.flaggems_worker import enable
from robobrain_ros.engines.vllm.worker.report import WorkerReport
from robobrain_ros.errors import BrainError

PRODUCTS = frozenset({'mm', 'mm_out'})
"""FlagGems' operators whose work decode_layer.py would take away."""

_log = logging.getLogger(__name__)


class GpuWorker(Worker):
    """Its ``additional_config`` may hold ``flaggems``, the fields of a Choice."""

    def __init__(self, *arguments: Any, distributed_init_method: str, **options: Any) -> None:
        super().__init__(*arguments, distributed_init_method=ranks.meeting_place(), **options)

    def init_device(self) -> None:
        """Choose the GPU; then, before anything is loaded, compiled or captured, what is described above."""
        super().init_device()
        self._report = report = WorkerReport()
        write = _keeper(report)
        self._keep = keep = write if self.rank == 0 else lambda: None
        try:
            count_compilations(report, keep)
        except Exception as error:  # Triton's insides, which change between versions
            _log.warning('what Triton compiles is not counted: %r', error)
        wanted = self.vllm_config.additional_config.get('flaggems')
        try:
            if wanted:
                report.operators = enable(Choice(**wanted))
        except Exception as error:
            report.error, report.refused = f'{type(error).__name__}: {error}', isinstance(error, BrainError)
            if report.refused:
                report.error = str(error)
            write()  # by every rank: the first to fail ends the others, before they can say why
            raise
        keep()

    def load_model(self, **options: Any) -> None:
        """Load it, as vLLM does; then let steps of one token take the shorter way."""
        super().load_model(**options)
        self._report.decode = reason = self._install_decode()
        _log.info('tokens are made by %s', f"vLLM's kernels: {reason}" if reason else 'own kernels')
        self._keep()

    def _install_decode(self) -> str:
        """Why that was not done; empty if it was."""
        if reason := self.vllm_config.additional_config.get('vllm_decodes'):
            return reason
        if not PRODUCTS.isdisjoint(self._report.operators):
            return "FlagGems' products are wanted"
        try:
            return self.get_model().decide(self.vllm_config.compilation_config)
        except Exception as error:  # vLLM's insides, which change between versions
            return f'this vLLM is another one: {error!r}'

    def compile_or_warm_up_model(self) -> Any:
        """Compile and record, as vLLM does and a little more; then take the shortcuts."""
        try:
            vision_encoder.compile_grids(self.model_runner)
        except Exception as error:  # vLLM's insides, which change between versions
            _log.warning('the first image of a new size will be slow: %r', error)
        result = super().compile_or_warm_up_model()
        # what is left for the CPU is too small to be shared: waking other threads takes longer, on a busy host much
        torch.set_num_threads(1)
        pixels = ''
        try:
            pixels = vision_encoder.install(self.model_runner)
        except Exception as error:  # vLLM's insides, which change between versions
            _log.warning('images take the long way to the vision tower: %r', error)
        if ranks.in_all(bool(pixels)):  # else a request with PIXELS would stop one, and the others wait for that one
            self._report.pixels = pixels
        self._keep()
        return result


def _keeper(report: WorkerReport) -> Callable[[], None]:
    """A function that writes the report into the engine's own folder (TMPDIR, see processes.Family)."""

    def keep() -> None:
        try:
            report.write(Path(tempfile.gettempdir()))
        except OSError as error:  # a full disk, or the folder is gone because its owner ends
            _log.warning("the worker's report cannot be written: %s", error)

    return keep


def count_compilations(report: WorkerReport, changed: Callable[[], None]) -> None:
    """Count what Triton (3.5, 3.6) does in this process from now on.

    ``knobs.compilation.listener`` hears of each kernel that is made ready, with whether it came from the cache;
    ``Autotuner._bench`` times one variant of a kernel (FlagGems' own tuner is derived from it).

    :param changed: called after each
    :raises Exception: if Triton has no such places; nothing is changed then
    """
    from triton import knobs
    from triton.runtime.autotuner import Autotuner

    before, bench = knobs.compilation.listener, Autotuner._bench

    def listen(**event: Any) -> None:
        if event.get('cache_hit'):
            report.loaded += 1
        else:
            report.compiled += 1
        changed()
        if before is not None:
            before(**event)

    @functools.wraps(bench)
    def timed(*arguments: Any, **options: Any) -> Any:
        report.tuned += 1
        changed()
        return bench(*arguments, **options)

    knobs.compilation.listener = listen
    Autotuner._bench = timed
