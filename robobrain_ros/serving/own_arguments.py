# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What this package's engine makes of vLLM's arguments: parameters of the node, and back again."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robobrain_ros import checkpoints
from robobrain_ros.engines.server.discovery import TINY_PROFILE
from robobrain_ros.engines.vllm import flaggems
from robobrain_ros.engines.vllm.config import MAX_IMAGES, EngineConfig
from robobrain_ros.errors import BadRequest
from robobrain_ros.serving.config import PORT, ServeConfig
from robobrain_ros.serving.deployment import Deployment

MIB = 1 << 20
IMAGES = 'limit_mm_per_prompt'

SAME = {
    'model': 'model',
    'served_model_name': 'serve.model_name',
    'host': 'serve.host',
    'port': 'serve.port',
    'dtype': 'dtype',
    'tensor_parallel_size': 'tensor_parallel_size',
}
"""The parameter that is the same as an argument of vLLM's."""
CONVERTED = ('max_num_seqs', 'max_model_len', 'kv_cache_memory_bytes', 'quantization', 'mm_processor_kwargs')
"""Others that this package's engine takes; max_num_seqs is no parameter of the node."""

_DEFAULT = "vLLM's default"
_LOG = 'neither prompts nor keys are logged'
_GRAPHS = 'CUDA graphs are recorded on a GPU for the sizes that robots need'
DECIDED: dict[str, tuple[Any, str]] = {
    'gpu_memory_utilization': (None, 'as much as the model, one step and kv_cache_memory_bytes need'),
    IMAGES: ({'image': MAX_IMAGES, 'video': 0}, f'{MAX_IMAGES} images in a request, and no video'),
    'enforce_eager': (False, _GRAPHS),
    'compilation_config': (None, _GRAPHS),
    'enable_prefix_caching': (True, _DEFAULT),
    'enable_chunked_prefill': (True, _DEFAULT),
    'max_num_batched_tokens': (None, _DEFAULT),
    'distributed_executor_backend': (None, 'processes of this computer'),
    'block_size': (None, 'as the processor or GPU needs it'),
    'seed': (0, '0'),
    'mm_processor_cache_gb': (0, '0, since every image of a camera is new'),
    'scheduling_policy': ('priority', "priority: a robot's requests come first"),
    'structured_outputs_config': (None, 'xgrammar'),
    'trust_remote_code': (False, 'code that comes with weights is never run'),
    'enable_auto_tool_choice': (True, "functions are offered where the model's template has them"),
    'tool_call_parser': ('hermes', 'hermes'),
    'allowed_media_domains': (None, 'images are fetched from the hosts of --image-host only'),
    'disable_log_stats': (False, 'counted for /metrics'),
    'enable_log_requests': (False, _LOG),
    'uvicorn_log_level': (None, _LOG),
    'disable_uvicorn_access_log': (True, _LOG),
}
"""Arguments that this package's engine decides itself: the value that it has, if there is one, and why in words."""

REFUSED: dict[str, tuple[Any, str]] = {
    'pipeline_parallel_size': (1, 'this engine splits a model by tensor_parallel_size only'),
    'data_parallel_size': (1, 'a second copy of the model is a second server here'),
    'api_key': (
        None,
        'name a file by --api-key-file, or set the variable ROBOBRAIN_API_KEY: this file is read by many',
    ),
    'ssl_keyfile': (None, 'this server speaks HTTP only: put a proxy with TLS in front of it'),
    'ssl_certfile': (None, 'this server speaks HTTP only: put a proxy with TLS in front of it'),
}
"""Arguments that would change what is served or who may ask, so that they are not passed over: the one value that is
right, and why in words."""

_DTYPES = {'half': 'float16', 'float': 'float32'}
_UNITS = {'k': 10**3, 'm': 10**6, 'g': 10**9, 't': 10**12, 'K': 1 << 10, 'M': 1 << 20, 'G': 1 << 30, 'T': 1 << 40}


def parameters(deployment: Deployment) -> tuple[dict[str, Any], list[str]]:
    """Give the node's parameters, unchecked, and sentences about what has no effect.

    :raises BadRequest: for an argument that this package's engine cannot fulfil; with the nearest name, if it is
        known under none
    """
    values: dict[str, Any] = {}
    notes = list(deployment.passed_over)
    for name, value in deployment.arguments.items():
        if name in SAME:
            values[SAME[name]] = _DTYPES.get(value, value) if name == 'dtype' else value
        elif name in CONVERTED:
            values |= _converted(deployment, name, value)
        elif name in DECIDED:
            own, why = DECIDED[name]
            if own is None or value != own:
                notes.append(f'engine_args.{name} has no effect: this engine decides it ({why})')
        elif name not in REFUSED:
            raise BadRequest(_unknown(name))
        elif value != REFUSED[name][0]:
            said = '' if name == 'api_key' else f' is {value!r}'
            raise BadRequest(f'engine_args.{name}{said}, but {REFUSED[name][1]}')
    return values | _flaggems_parameters(deployment.environment), notes


def _converted(deployment: Deployment, name: str, value: Any) -> dict[str, Any]:
    if name == 'kv_cache_memory_bytes':  # of each GPU
        gpus = whole('tensor_parallel_size', deployment.arguments.get('tensor_parallel_size', 1))
        return {'kv_cache_mb': whole(name, value) * gpus // MIB}
    if name == 'max_model_len':
        return {'max_model_len': whole(name, value)}
    if name == 'quantization':
        if value not in ('fp8', 'fp8_per_tensor'):
            raise BadRequest(
                f"engine_args.quantization is {value!r}, but must be 'fp8', or absent: files that are quantized "
                'tell it themselves'
            )
        return {'quantization': 'fp8'}
    if name == 'mm_processor_kwargs':
        if not isinstance(value, Mapping) or set(value) != {'max_pixels'}:
            raise BadRequest(
                f'engine_args.mm_processor_kwargs is {value!r}, but must be like \'{{"max_pixels": 307200}}\''
            )
        return dict(value)
    return {}


def from_parameters(values: Mapping[str, Any]) -> Deployment:
    """Say how vLLM's server would serve what a node with these parameters serves.

    What only this package's engine can do is left out: kernels, its watch over stalls, its caches.

    :param values: all parameters of the engine and of HTTP by name, each of them checked
    :raises BadRequest: if the node runs no model itself, or takes operators that no variable of vLLM's plugin can name
    """
    if values['engine'] == 'server' or '://' in values['model'] or not values['model']:
        raise BadRequest(f'model is {values["model"]!r}, but must be the directory of a model to be served')
    arguments = {name: values[parameter] for name, parameter in SAME.items()}
    directory = checkpoints.directory(values['model'])
    arguments['model'] = str(directory)
    arguments['served_model_name'] = values['serve.model_name'] or own_name(directory)
    arguments['port'] = values['serve.port'] or PORT
    arguments['max_model_len'] = values['max_model_len']
    arguments['max_num_seqs'] = EngineConfig.max_num_seqs
    if values['kv_cache_mb']:
        arguments['kv_cache_memory_bytes'] = values['kv_cache_mb'] * MIB // values['tensor_parallel_size']
    if values['quantization'] != 'none':
        arguments['quantization'] = values['quantization']
    arguments[IMAGES] = DECIDED[IMAGES][0]
    arguments['mm_processor_kwargs'] = {'max_pixels': values['max_pixels']}
    return Deployment(arguments, _flaggems_variables(values))


def own_name(directory: Path) -> str:
    """Return the name under which clients find a model that nobody has given another one.

    :param directory: that of the model
    """
    tiny = directory == checkpoints.TINY_MODEL
    return TINY_PROFILE if tiny else ServeConfig().served_name(directory.resolve().name)


def whole(name: str, value: Any) -> int:
    """Read a whole number as vLLM does: 2G is 2 * 1024^3, 2g is 2 * 1000^3.

    :raises BadRequest: for what is none
    """
    found = re.fullmatch(r'(\d+(?:\.\d+)?)([kmgtKMGT]?)', str(value))
    if not found or isinstance(value, bool):
        raise BadRequest(f'engine_args.{name} is {value!r}, but must be a whole number, such as 4096 or 2G')
    return int(float(found[1]) * _UNITS[found[2]]) if found[2] else int(float(found[1]))


def _flaggems_parameters(environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the variables of vLLM's plugin for FlagGems as parameters."""
    if flaggems.SWITCH not in environment:
        return {}
    choice = flaggems.decide(flaggems.FlagGemsSettings(), environment)
    lists = {'flaggems.include': [*choice.include], 'flaggems.exclude': [*choice.exclude]}
    return {'flaggems.profile': choice.profile} | {name: value for name, value in lists.items() if value}


def _flaggems_variables(values: Mapping[str, Any]) -> dict[str, str]:
    profile = values['flaggems.profile']
    include, exclude = (list(filter(None, values[f'flaggems.{name}'])) for name in ('include', 'exclude'))
    if profile == 'auto':
        return {}
    if profile == 'off' or (profile == 'safe' and not include + exclude):
        return {flaggems.SWITCH: '0' if profile == 'off' else '1'}
    if profile == 'full' and not exclude:
        raise BadRequest(
            "flaggems.profile is 'full', but USE_FLAGGEMS alone means 'safe', and a list names single ones"
        )
    if profile in ('full', 'custom') and exclude:
        return {flaggems.SWITCH: '1', flaggems.BLACKLIST: ','.join(exclude)}
    named = [name for name in (*flaggems.PROFILES[profile], *include) if name not in exclude]
    return {flaggems.SWITCH: '1', flaggems.WHITELIST: ','.join(named)}


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, [*SAME, *CONVERTED, *DECIDED, *REFUSED], 1, 0.75)
    hint = f'; did you mean {near[0]!r}?' if near else ', and vllm serve or FlagScale may'
    return f'engine_args.{name}: this engine has no such argument{hint}'
