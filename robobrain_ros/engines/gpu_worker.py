"""vLLM's worker on a GPU (``worker_cls``): enables FlagGems first where that is wanted, and counts what is compiled.

Imported by vLLM in the engine's process only.
"""

import functools
import os
from pathlib import Path
from typing import Any

from vllm.v1.worker.gpu_worker import Worker

from robobrain_ros.engines.flaggems import Choice
from robobrain_ros.engines.flaggems_worker import enable
from robobrain_ros.engines.worker_report import WorkerReport
from robobrain_ros.errors import BrainError

QUALIFIED_NAME = f'{__name__}.GpuWorker'


class GpuWorker(Worker):
    """Its ``additional_config`` may hold ``flaggems``, the fields of a Choice."""

    def init_device(self) -> None:
        """Choose the GPU; then, before anything is loaded, compiled or captured, what is described above."""
        super().init_device()
        folder = Path(os.environ['TMPDIR'])  # the engine's own: see processes.Family
        report = WorkerReport()
        keep = (lambda: report.write(folder)) if self.rank == 0 else lambda: None
        count_compilations(report, keep)
        wanted = self.vllm_config.additional_config.get('flaggems')
        try:
            if wanted:
                report.operators = enable(Choice(**wanted))
        except Exception as error:
            report.error, report.refused = f'{type(error).__name__}: {error}', isinstance(error, BrainError)
            if report.refused:
                report.error = str(error)
            raise
        finally:
            keep()


def count_compilations(report: WorkerReport, changed: Any) -> None:
    """Count what Triton does in this process from now on.

    ``knobs.compilation.listener`` hears of each kernel that is made ready, with whether it came from the cache;
    ``Autotuner._bench`` times one variant of a kernel (FlagGems' own tuner is derived from it).
    """
    from triton import knobs
    from triton.runtime.autotuner import Autotuner

    before = knobs.compilation.listener

    def listen(**event: Any) -> None:
        if event['cache_hit']:
            report.loaded += 1
        else:
            report.compiled += 1
        changed()
        if before is not None:
            before(**event)

    bench = Autotuner._bench

    @functools.wraps(bench)
    def timed(*arguments: Any, **options: Any) -> Any:
        report.tuned += 1
        changed()
        return bench(*arguments, **options)

    knobs.compilation.listener = listen
    Autotuner._bench = timed
