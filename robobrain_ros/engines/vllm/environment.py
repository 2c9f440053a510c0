# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What vLLM is told by environment variables, and how its client in our own process is kept off the network.

The variables are for the engine's processes, which inherit them as they start; vLLM's client, in our process, reads
the same ones meanwhile. Afterwards it needs none of them (looked up in 0.33), so that they need not stay.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

OFFLINE = 'HF_HUB_OFFLINE'
WANTED = {
    OFFLINE: '1',
    'VLLM_NO_USAGE_STATS': '1',
    # warnings about missing GPUs and such help nobody; VLLM_LOGGING_LEVEL=INFO brings vLLM's own log back
    'VLLM_LOGGING_LEVEL': 'ERROR',
    'TORCH_LOGS': '-all',
    'TORCH_CPP_LOG_LEVEL': 'ERROR',
    # the second one: of semaphores that Python removes when a killed engine has left them
    'PYTHONWARNINGS': 'ignore::FutureWarning,ignore::UserWarning:multiprocessing.resource_tracker',
}
"""Where the user has set one of these, it stays as it is."""
NEEDED = {'VLLM_WORKER_MULTIPROC_METHOD': 'spawn'}
"""Whatever the user has set: DDS and our event loop have threads, which a fork would break."""
WANTED_ON_CPU = {'OMP_NUM_THREADS': '1'}
"""More threads than free cores: twenty times slower."""
NEEDED_ON_CPU = {
    'TORCHDYNAMO_DISABLE': '1',  # compiling would cost minutes at each start
    'VLLM_ENABLE_V1_MULTIPROCESSING': '0',  # a single worker inside the engine core, as on one GPU
}


def variables(on_cpu: bool, folder: str) -> dict[str, str]:
    """What every vLLM of this package needs.

    :param on_cpu: whether the model runs on the CPU
    :param folder: for sockets and temporary files
    """
    wanted = WANTED | WANTED_ON_CPU if on_cpu else WANTED
    found = {name: os.environ.get(name, value) for name, value in wanted.items()} | NEEDED
    found['VLLM_RPC_BASE_PATH'] = folder
    if not on_cpu:
        return found
    return found | NEEDED_ON_CPU | {'TORCHINDUCTOR_CACHE_DIR': folder} | openmp_library()


def openmp_library(torch: Path | None = None) -> dict[str, str]:
    """Name PyTorch's OpenMP library in a way that also works where it lies in a folder with a space in its name.

    vLLM puts the library's path into LD_PRELOAD, and the loader splits that at spaces: each process would complain of
    files that do not exist, and run without the library. vLLM leaves the variable alone if it names a libgomp: here it
    is the file's name only, and LD_LIBRARY_PATH, which is not split at spaces, says where that is.

    :param torch: folder of the package torch; None: that of the installed one
    :returns: variables by name; empty where vLLM's way works, or the user has chosen a library
    """
    if torch is None:
        spec = find_spec('torch')
        if spec is None or spec.origin is None:
            return {}
        torch = Path(spec.origin).parent
    preloaded = os.environ.get('LD_PRELOAD', '')
    if ' ' not in str(torch) or any(name in preloaded for name in ('libomp', 'libgomp', 'libiomp')):
        return {}
    places = (torch.parent / 'torch.libs', torch / 'lib')  # in vLLM's order (vllm/platforms/cpu.py)
    library = next((file for place in places for file in sorted(place.glob('libgomp*.so*'))), None)
    if library is None:
        return {}
    searched = os.environ.get('LD_LIBRARY_PATH', '')
    return {
        'LD_PRELOAD': ':'.join(filter(None, (preloaded, library.name))),
        'LD_LIBRARY_PATH': ':'.join(filter(None, (str(library.parent), searched))),
    }


@contextmanager
def offline() -> Iterator[None]:
    """Keep Hugging Face's library in this process off the network meanwhile, unless HF_HUB_OFFLINE says otherwise.

    The library reads that variable only once, at its import, which may be long past, or still to come and then hold
    for all of the program's life.
    """
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    if OFFLINE not in os.environ:
        constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before
