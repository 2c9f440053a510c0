# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How vLLM is to be started for a configuration: its arguments, and the environment of its processes."""

import os
from dataclasses import asdict, dataclass, replace
from typing import Any

from robobrain_ros import __version__
from robobrain_ros.engines.vllm import caches, cuda_graphs, memory_check, plugin, ranks
from robobrain_ros.engines.vllm.config import MAX_IMAGES, EngineConfig
from robobrain_ros.engines.vllm.environment import WANTED, variables
from robobrain_ros.engines.vllm.flaggems import Choice, installed_version
from robobrain_ros.errors import BadRequest

FP8: dict[str, Any] = {'quantization': 'fp8_per_tensor', 'quantization_config': {'ignore': [r're:visual\..*']}}
"""vLLM quantizes the language model's layers as they are loaded. In the vision tower, quantizing the inputs takes
longer than its products gain: 1 ms more to the first token on an H200, besides what it costs in precision."""

SHARED: dict[str, Any] = {
    'scheduling_policy': 'priority',
    'disable_log_stats': False,  # for /metrics
    # an empty list would allow all; serving/checks.py has the list that counts
    'allowed_media_domains': ['none.invalid'],
}
"""What changes where HTTP clients ask, too."""

SERVER = 'vllm.entrypoints.openai.api_server'
"""The module that is vLLM's own server, for comparison."""


@dataclass(frozen=True)
class Launch:
    """How to start vLLM.

    :param arguments: keyword arguments of AsyncEngineArgs
    :param environment: variables for the engine's processes, and for this one while vLLM is imported and started
    :param on_cpu: else on one or more GPUs
    """

    arguments: dict[str, Any]
    environment: dict[str, str]
    on_cpu: bool


def runs_on_cpu(config: EngineConfig) -> bool:
    """Whether the model will run on the CPU. Imports torch: seconds.

    :raises BadRequest: if the installed torch cannot do what the configuration says
    """
    for name in ('TORCH_LOGS', 'TORCH_CPP_LOG_LEVEL'):  # torch reads them once, at this import
        os.environ.setdefault(name, WANTED[name])
    import torch

    has_gpu = torch.cuda.is_available()
    if config.device == 'cuda' and not has_gpu:  # vLLM would take the CPU without a word
        raise BadRequest(
            f"device is 'cuda', but torch {torch.__version__} finds no GPU that it can use; "
            "set device to 'cpu', or install the CUDA builds of torch and vLLM"
        )
    on_cpu = config.device == 'cpu' or not has_gpu
    if on_cpu and torch.version.cuda:  # vLLM runs on what it was built for, whatever it is told
        raise BadRequest(
            f'the model is to run on the CPU, but torch {torch.__version__} is built for CUDA, and its vLLM too; '
            'install the builds for CPUs (requirements/cpu.lock), or let device be auto on a host with a GPU'
        )
    places = len(os.sched_getaffinity(0)) if on_cpu else torch.cuda.device_count()
    if config.tensor_parallel_size > places:  # on a CPU, ranks without a core of their own would wait for each other
        found = f'this process has {places} CPU cores' if on_cpu else f'torch finds {places} GPUs here'
        raise BadRequest(f'tensor_parallel_size is {config.tensor_parallel_size}, but {found}')
    return on_cpu


def launch(config: EngineConfig, folder: str, choice: Choice, on_cpu: bool) -> Launch:
    """Check that the configuration can work on this host, and say how to start vLLM for it; makes the caches' folders.

    :param folder: for temporary files
    :param choice: FlagGems' operators; must be off on a CPU
    :param on_cpu: whether the model runs on the CPU, as ``runs_on_cpu`` found
    :raises BadRequest: for what does not go together, or does not fit into memory
    """
    fp8 = config.quantization == 'fp8'
    if fp8 and on_cpu:
        raise BadRequest("quantization is 'fp8', but the model runs on the CPU; set it to 'none'")
    if fp8 and (method := memory_check.quantized(config.model)):
        raise BadRequest(
            f"quantization is 'fp8', but the model's files are quantized already ({method}); set it to 'none'"
        )
    if heads := memory_check.indivisible_heads(config.model, config.tensor_parallel_size):
        raise BadRequest(
            f"tensor_parallel_size is {config.tensor_parallel_size}, but so many ranks cannot share the model's "
            f'{heads} attention heads equally'
        )
    if fp8 and config.dtype == 'float32':
        raise BadRequest("quantization is 'fp8', but dtype is 'float32'; take bfloat16 or auto")
    float32 = config.dtype == 'float32' or (on_cpu and config.dtype == 'auto')
    device = 'cpu' if on_cpu else 'cuda'
    kv_cache = config.kv_cache_mb << 20 or memory_check.DEFAULT_KV[device]
    part = memory_check.check(
        config.model,
        device,
        kv_cache,
        config.max_pixels,
        config.max_model_len,
        float32,
        fp8,
        config.tensor_parallel_size,
    )
    arguments: dict[str, Any] = {
        'model': str(config.model),
        'dtype': 'float32' if float32 else config.dtype,
        'max_model_len': config.max_model_len,
        'max_num_seqs': config.max_num_seqs,
        'tensor_parallel_size': config.tensor_parallel_size,
        'kv_cache_memory_bytes': kv_cache // config.tensor_parallel_size,
        'limit_mm_per_prompt': {'image': MAX_IMAGES, 'video': 0},
        # every camera image is new; and a request that is cancelled early leaves that cache inconsistent
        'mm_processor_cache_gb': 0,
        'structured_outputs_config': {'backend': 'xgrammar', 'disable_any_whitespace': True},
        'disable_log_stats': True,
        'use_tqdm_on_load': False,
        'seed': 0,
    }
    if config.shared:
        arguments |= SHARED | {'served_model_name': config.model.name}  # else /metrics tells where the model lies
    environment = variables(on_cpu, folder) | ranks.environment(on_cpu)
    if on_cpu:
        return Launch(arguments | {'enforce_eager': True, 'block_size': 32}, environment, True)
    # vLLM refuses to start where less than this part is free, whatever it needs; by default 0.92
    arguments['gpu_memory_utilization'] = min(part, 0.92)
    arguments['compilation_config'] = cuda_graphs.compilation(config)
    arguments['worker_cls'] = 'robobrain_ros.engines.vllm.worker.gpu_worker.GpuWorker'
    if fp8:
        arguments |= FP8
    # parts of vLLM's key for what it compiled: with other ones it compiles anew
    arguments |= plugin.arguments(config.model, config.decode_kernels != 'off')
    arguments['additional_config']['package'] = __version__
    if choice.on:  # without who decided
        arguments['additional_config']['flaggems'] = asdict(replace(choice, decided_by=''))
    environment |= caches.environment(config.cache_directory, choice.on)
    return Launch(arguments, environment | cuda_graphs.environment(config, installed_version('vllm')), False)
