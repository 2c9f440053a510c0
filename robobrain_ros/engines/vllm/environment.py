"""What vLLM is told by environment variables, and how its client in our own process is kept off the network.

The variables are for the engine's processes, which inherit them as they start; vLLM's client, in our process, reads
the same ones meanwhile. Afterwards it needs none of them (looked up in 0.33), so that they need not stay.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

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
    return found | NEEDED_ON_CPU | {'TORCHINDUCTOR_CACHE_DIR': folder} if on_cpu else found


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
