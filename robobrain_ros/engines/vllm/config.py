# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How the embedded vLLM runs a model: every setting with its default, which is written here and nowhere else."""

from dataclasses import dataclass, field
from pathlib import Path

from robobrain_ros.engines.vllm import caches
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.errors import BadRequest

DEVICES = ('auto', 'cpu', 'cuda')
QUANTIZATIONS = ('none', 'fp8')
DTYPES = ('auto', 'float32', 'bfloat16', 'float16')
DECODE_KERNELS = ('auto', 'off')
MAX_IMAGES = 8
"""The most images of one request: a comparison of two moments has two for reference and three views of each; a chat
repeats the images of its earlier turns."""


@dataclass(frozen=True)
class EngineConfig:
    """How to run a model; the defaults serve the tiny checkpoint on a CPU and the 8B on a GPU.

    :param model: directory with the Hugging Face files of a Qwen-VL model
    :param device: ``cpu``, ``cuda``, or ``auto`` (what the installed torch offers)
    :param dtype: ``auto`` is float32 on a CPU (bfloat16 is four times slower there) and the model's own on a GPU
    :param max_model_len: longest prompt plus answer, tokens
    :param max_num_seqs: most requests that are computed at a time
    :param max_pixels: larger images are scaled down to this before the model sees them; one token is 32x32 pixels
    :param kv_cache_mb: memory for the KV cache, MiB; 0 takes 256 on a CPU and 1024 on a GPU
    :param stall_s: an engine that brings no token for this long is given up as dead, seconds
    :param quantization: ``fp8`` halves the weights of the language model's layers as they are loaded (GPU);
        ``none`` leaves them as they are on disk
    :param decode_kernels: ``auto`` makes single tokens by this package's own kernels, where they were measured to be
        faster (worker/decode_layer.py); ``off`` leaves them to vLLM's
    :param shared: HTTP clients ask the same engine: requests have priorities and may bring several images
    :param tensor_parallel_size: GPUs that share the model; on a CPU processes, each on ``OMP_NUM_THREADS`` cores
    :param cache_directory: where a GPU's compiled kernels are kept between starts; empty: each library's own place
    :param flaggems: operators to take from FlagGems (GPU)
    :raises BadRequest: for a choice that there is not, a count below 1, and a directory without a model
    """

    model: Path
    device: str = 'auto'
    dtype: str = 'auto'
    max_model_len: int = 4096
    max_num_seqs: int = 8
    max_pixels: int = 640 * 480
    kv_cache_mb: int = 0
    stall_s: float = 30.0
    quantization: str = 'none'
    decode_kernels: str = 'auto'
    shared: bool = False
    tensor_parallel_size: int = 1
    cache_directory: str = caches.DEFAULT
    flaggems: FlagGemsSettings = field(default_factory=FlagGemsSettings)

    def __post_init__(self) -> None:
        choices = {'device': DEVICES, 'quantization': QUANTIZATIONS, 'dtype': DTYPES, 'decode_kernels': DECODE_KERNELS}
        for name, known in choices.items():
            if (value := getattr(self, name)) not in known:
                *first, last = map(repr, known)
                raise BadRequest(f'{name} is {value!r}, but must be {", ".join(first)} or {last}')
        for name in ('max_model_len', 'max_num_seqs', 'max_pixels', 'tensor_parallel_size'):
            if type(value := getattr(self, name)) is not int or value < 1:
                raise BadRequest(f'{name} is {value!r}, but must be a whole number of 1 or more')
        if not (self.model / 'config.json').is_file():
            raise BadRequest(
                f"model is '{self.model}', but that is no directory with a model's config.json in it",
            )
