# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A model's name as a program gives it, and the engine that runs it: here, or on a server."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from robobrain_ros import checkpoints
from robobrain_ros.engines.base import Engine
from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.profiles import Profile, detect_profile

_MARK = '://'


def engine_for(model: str | Path, device: str, options: Mapping[str, Any]) -> tuple[Engine, Profile]:
    """Make an engine, which does not run yet, and find out how its model is asked.

    :param model: directory of a checkpoint, ``tiny``, or the address of a server
    :param device: see EngineConfig; of a server only ``auto``
    :param options: fields of EngineConfig; of a server those of ServerConfig, ``served_model`` and ``profile``
    :raises BadRequest: for a directory without a model, or an option that does not exist
    :raises EngineDead: if a server has to be asked for its model's name, and does not answer
    """
    return _served(str(model), device, options) if _MARK in str(model) else _embedded(model, device, options)


def _embedded(model: str | Path, device: str, options: Mapping[str, Any]) -> tuple[Engine, Profile]:
    from robobrain_ros.engines.vllm.config import EngineConfig
    from robobrain_ros.engines.vllm.embedded import EmbeddedEngine

    _check(options, {field.name for field in fields(EngineConfig)})
    config = EngineConfig(checkpoints.directory(model), device=device, **options)
    try:
        profile = detect_profile(config.model)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    return EmbeddedEngine(config), profile


def _served(url: str, device: str, options: Mapping[str, Any]) -> tuple[Engine, Profile]:
    from robobrain_ros.engines.server.config import ServerConfig
    from robobrain_ros.engines.server.discovery import find
    from robobrain_ros.engines.server.engine import ServerEngine

    known = {field.name for field in fields(ServerConfig)} - {'url', 'model'}
    _check(options, known | {'served_model', 'profile'})
    if device != 'auto':
        raise BadRequest(f"device is {device!r}, but the model runs on a server: leave it 'auto'")
    kept = {name: value for name, value in options.items() if name in known}
    config = ServerConfig(url, options.get('served_model', ''), **kept)
    profile, limits = find(config, options.get('profile', 'auto'))
    return ServerEngine(config, limits), profile


def _check(options: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(options.keys() - known):
        raise BadRequest(f'there is no option {unknown[0]!r}; there are {", ".join(sorted(known))}')
