# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Will the model fit? Answered before the engine starts, from the model's files and the memory that is free now."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from robobrain_ros.errors import BadRequest

MIB = 2**20
OVERHEAD = {'cpu': 1500 * MIB, 'cuda': 2300 * MIB}
"""What the engine process needs beside the model: libraries, CUDA's context, graphs, activations of the language model.
Measured: 1.3 GiB on a CPU (tiny checkpoint); on an H200 20054 MiB in all for the 8B with 1024 MiB of KV cache (vLLM
0.25.1), of which 16724 are weights, 340 CUDA graphs, and some hundred the CUDA context of the process that asked."""
DEFAULT_KV = {'cpu': 256 * MIB, 'cuda': 1024 * MIB}
"""Bytes of KV cache where the configuration says nothing, by device."""
RESERVED = 512 * MIB
"""Bytes of a GPU that its driver and a desktop take."""
VISION_BYTES = 24
"""Bytes of activations in the vision tower by pixel, hidden unit and 1/256 (a patch has 256 pixels), at its peak."""


@dataclass(frozen=True)
class Need:
    """Memory for one engine, bytes by what it is for."""

    weights: int
    kv_cache: int
    vision: int
    overhead: int

    @property
    def total(self) -> int:
        """Bytes for all of it."""
        return self.weights + self.kv_cache + self.vision + self.overhead

    def __str__(self) -> str:
        parts = {'weights': self.weights, 'KV cache': self.kv_cache, 'vision': self.vision, 'engine': self.overhead}
        return f'{_gib(self.total)} ({", ".join(f"{name} {_gib(size)}" for name, size in parts.items())})'


def need(
    model: Path, device: str, kv_cache: int, max_pixels: int, float32: bool, fp8: bool = False, ranks: int = 1
) -> Need:
    """Estimate what an engine takes of main memory, or of each of its GPUs; OVERHEAD tells how that was measured.

    :param model: directory with the model's files
    :param device: ``cpu`` or ``cuda``
    :param kv_cache: bytes, of all ranks together
    :param max_pixels: of the largest image
    :param float32: the weights, two bytes each on disk, are widened to four
    :param fp8: those that ``fp8_saves`` names are narrowed to one
    :param ranks: processes that share the model, each with a GPU of its own, or all with the main memory
    """
    vision = json.loads((model / 'config.json').read_text()).get('vision_config', {})
    weights = sum(file.stat().st_size for file in model.glob('*.safetensors'))
    weights = weights * (2 if float32 else 1) - (fp8_saves(model) if fp8 else 0)
    activations = VISION_BYTES * max_pixels // 256 * int(vision.get('hidden_size', 0))
    if device == 'cpu':
        return Need(weights, kv_cache, activations * ranks, OVERHEAD[device] * ranks)
    return Need(weights // ranks, kv_cache // ranks, activations, OVERHEAD[device])


def fp8_saves(model: Path) -> int:
    """Count what fp8 saves: half of the matrices in the language model's layers.

    Embeddings, the output layer, norms and the vision tower stay as they are.
    The files' headers tell (https://huggingface.co/docs/safetensors: eight bytes of length, then JSON).

    :param model: directory with the model's files
    :returns: bytes
    """
    saved = 0
    for file in model.glob('*.safetensors'):
        with open(file, 'rb') as stream:
            header = json.loads(stream.read(int.from_bytes(stream.read(8), 'little')))
        for name, tensor in header.items():
            if name != '__metadata__' and '.layers.' in name and 'visual' not in name and len(tensor['shape']) == 2:
                begin, end = tensor['data_offsets']
                saved += (end - begin) // 2
    return saved


def quantized(model: Path) -> str:
    """Read how a model's files are quantized.

    :param model: directory with the model's files
    :returns: ``quant_method`` of their config.json; empty if they are not quantized
    """
    found = json.loads((model / 'config.json').read_text()).get('quantization_config') or {}
    return str(found.get('quant_method', 'quantization_config')) if found else ''


def indivisible_heads(model: Path, ranks: int) -> int:
    """Look for attention heads that so many ranks cannot share equally.

    :param model: directory with the model's files
    :param ranks: processes that share the model
    :returns: how many heads the language model or the vision tower has that cannot be shared; 0 if all can
    """
    config = json.loads((model / 'config.json').read_text())
    heads: tuple[int, int] = (
        config.get('text_config', config).get('num_attention_heads', 0),
        config.get('vision_config', {}).get('num_heads', 0),
    )
    return next((number for number in heads if number % ranks), 0)


def kv_token_bytes(model: Path, float32: bool, ranks: int = 1) -> int:
    """Count the KV cache that one token takes: a key and a value for each head of each layer.

    :param model: directory with the model's files
    :param float32: four bytes a number instead of two
    :param ranks: processes that share the model
    :returns: bytes, in all ranks together
    """
    config = json.loads((model / 'config.json').read_text())
    text = config.get('text_config', config)
    heads = max(text.get('num_key_value_heads', text['num_attention_heads']), ranks)  # each rank has one at least
    width = text.get('head_dim') or text['hidden_size'] // text['num_attention_heads']
    return int(2 * text['num_hidden_layers'] * heads * width * (4 if float32 else 2))


def memory(device: str, gpus: int = 1) -> tuple[int, int]:
    """Look how much main memory, or memory of a GPU (by nvidia-smi), is free now.

    Free main memory is what programs can have without swapping.

    :param device: ``cpu`` or ``cuda``
    :param gpus: so many are looked at, the first that CUDA_VISIBLE_DEVICES shows; the fullest counts
    :returns: (free, total), bytes
    :raises OSError: if there is nothing that tells
    :raises subprocess.SubprocessError: if nvidia-smi fails
    :raises ValueError: if what it tells is no number
    """
    if device == 'cpu':
        fields = dict(line.split(':') for line in Path('/proc/meminfo').read_text().splitlines())
        free, total = (int(fields[name].split()[0]) * 1024 for name in ('MemAvailable', 'MemTotal'))
        return free, total
    shown = os.environ.get('CUDA_VISIBLE_DEVICES', '')
    names = shown.split(',') if shown else [str(number) for number in range(gpus)]
    query = ['nvidia-smi', '-i', ','.join(names[:gpus]), '--query-gpu=memory.free,memory.total']
    answer = subprocess.run(
        [*query, '--format=csv,noheader,nounits'], capture_output=True, text=True, timeout=20, check=True
    )
    free, total = min([int(value) * MIB for value in line.split(',')] for line in answer.stdout.splitlines())
    return free, total


def check(
    model: Path,
    device: str,
    kv_cache: int,
    max_pixels: int,
    max_model_len: int,
    float32: bool,
    fp8: bool = False,
    ranks: int = 1,
) -> float:
    """Check, before the engine starts, that the model and one longest request fit into memory.

    :param model: directory with the model's files
    :param device: ``cpu`` or ``cuda``
    :param kv_cache: bytes, of all ranks together
    :param max_pixels: of the largest image
    :param max_model_len: longest prompt plus answer, tokens
    :param float32: the weights, two bytes each on disk, are widened to four
    :param fp8: the language model's matrices are narrowed to one byte a weight
    :param ranks: processes that share the model, each with a GPU of its own, or all with the main memory
    :returns: the part of each device's memory that the engine needs, 0 .. 1 (1 if it cannot be told)
    :raises BadRequest: if it cannot work, with the numbers and the parameter to change
    """
    wanted = need(model, device, kv_cache, max_pixels, float32, fp8, ranks)
    longest = max_model_len * kv_token_bytes(model, float32, ranks)
    if longest > kv_cache:
        raise BadRequest(
            f'one request of max_model_len {max_model_len} tokens takes {longest / MIB:.0f} MiB of KV cache, but there '
            f'are {kv_cache / MIB:.0f}: lower max_model_len, or raise kv_cache_mb',
        )
    try:
        available, total = memory(device, ranks)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return 1.0  # what cannot be measured is not refused
    if wanted.total > available:
        halve = '' if fp8 or device == 'cpu' else 'set quantization to fp8, '
        raise BadRequest(
            f'the engine needs {wanted}, but {_gib(available)} are free on {device}, {_gib(wanted.total - available)} '
            f'too few: stop other programs, lower kv_cache_mb or max_pixels, {halve}or take a smaller model',
        )
    return wanted.total / total


def preset(model: Path, gib: int, fp8: bool, max_pixels: int, max_model_len: int) -> tuple[bool, str]:
    """Say whether a model fits on a GPU of this size with the default KV cache, and how.

    :param model: directory with the model's files
    :param gib: the GPU's memory as it is sold, GiB
    :param fp8: the language model's matrices are narrowed to one byte a weight
    :param max_pixels: of the largest image
    :param max_model_len: longest prompt plus answer, tokens
    :returns: (fits, a sentence with the parameters to set)
    """
    wanted = need(model, 'cuda', DEFAULT_KV['cuda'], max_pixels, float32=False, fp8=fp8)
    spare = gib * 2**30 - RESERVED - wanted.total
    how = 'quantization:=fp8' if fp8 else 'as it is'
    if spare < 0:
        return False, f'{how}: needs {wanted}, {_gib(-spare)} too many'
    room = (DEFAULT_KV['cuda'] + spare) // MIB
    text = json.loads((model / 'config.json').read_text()).get('text_config', {})
    longest = (DEFAULT_KV['cuda'] + spare) // kv_token_bytes(model, float32=False)
    longest = min(longest, text.get('max_position_embeddings', longest))
    return True, (
        f'{how}: needs {wanted}; kv_cache_mb may be up to {room}, max_model_len up to {longest} '
        f'({max_model_len} takes {max_model_len * kv_token_bytes(model, float32=False) / MIB:.0f} MiB)'
    )


def _gib(size: float) -> str:
    return f'{size / 2**30:.1f} GiB'
