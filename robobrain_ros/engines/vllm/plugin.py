# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""vLLM's door to this package: the entry point ``robobrain`` of the group ``vllm.general_plugins`` (setup.py).

vLLM calls ``register`` in each of its processes, whoever starts it. It makes an architecture known by name and imports
nothing of a model; only an engine whose configuration asks for that architecture gets it. So a vLLM that somebody else
starts in the same environment is as before.
"""

import json
import os
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from robobrain_ros.engines.vllm.flaggems import installed_version

GROUP, NAME = 'vllm.general_plugins', 'robobrain'
REPLACED = 'Qwen3VLForConditionalGeneration'
"""The architecture whose model class ours is derived from."""
ARCHITECTURE = 'RoboBrainForConditionalGeneration'
"""Ours. vLLM takes from its ending that the model generates text."""
MODEL = 'robobrain_ros.engines.vllm.worker.decoding_model:DecodingModel'
VERSION = '0.25.'
"""The vLLM for which the model class was made and measured: the insides that it uses change with each."""


def register() -> None:
    """Make the architecture known to the vLLM of this process; any number of times."""
    from vllm import ModelRegistry

    if ARCHITECTURE not in ModelRegistry.get_supported_archs():
        ModelRegistry.register_model(ARCHITECTURE, MODEL)


def obstacle(model: Path) -> str:
    """Why an engine with this model cannot have the architecture; empty if it can.

    :param model: directory with the model's files
    """
    architectures = json.loads((model / 'config.json').read_text()).get('architectures') or []
    if REPLACED not in architectures:
        return f'{", ".join(architectures) or "the model"} has no layers of Qwen3-VL'
    if not (version := installed_version('vllm')).startswith(VERSION):
        return f'made for vLLM {VERSION}x, not for {version or "none"}'
    if not entry_points(group=GROUP, name=NAME):
        return f"this package's plugin {NAME!r} for vLLM is not installed: install the package with pip"
    if 'VLLM_PLUGINS' in os.environ and NAME not in os.environ['VLLM_PLUGINS'].split(','):
        return f'VLLM_PLUGINS is {os.environ["VLLM_PLUGINS"]!r}, which leaves out {NAME!r}'
    return ''


def arguments(model: Path, wanted: bool) -> dict[str, Any]:
    """Arguments of AsyncEngineArgs that ask for the architecture; the worker is told why not if they do not.

    :param model: directory with the model's files
    :param wanted: what the configuration says (``decode_kernels`` is not off)
    """
    reason = obstacle(model) if wanted else 'decode_kernels is off'
    told: dict[str, Any] = {'additional_config': {'vllm_decodes': reason}}
    return told if reason else told | {'hf_overrides': {'architectures': [ARCHITECTURE]}}
