"""How much memory the node takes, for diagnostics. Nothing here waits."""

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MIB = 2**20


def resident_mib(pids: Iterable[int]) -> int:
    """Main memory of processes that is not paged out, MiB; those that are gone count nothing."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f'/proc/{pid}/statm').read_text().split()[1])
        except OSError:
            continue
    return pages * os.sysconf('SC_PAGE_SIZE') // MIB


def gpu_memory() -> dict[str, str]:
    """Used and total memory of each GPU, all programs together; empty where NVML (nvidia-ml-py) finds none."""
    nvml = _nvml()
    if nvml is None:
        return {}
    values = {}
    for number in range(nvml.nvmlDeviceGetCount()):
        memory = nvml.nvmlDeviceGetMemoryInfo(nvml.nvmlDeviceGetHandleByIndex(number))
        values[f'memory of GPU {number}, used / total (MiB)'] = f'{memory.used // MIB} / {memory.total // MIB}'
    return values


@functools.cache
def _nvml() -> Any:
    """The library, ready; None without it or without a driver."""
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml
