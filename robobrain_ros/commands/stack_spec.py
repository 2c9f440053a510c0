# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A stack in one argument of a command line: a model's directory or a server's address, and how it runs."""

import argparse
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from robobrain_ros import checkpoints
from robobrain_ros.engines.base import Engine
from robobrain_ros.engines.key_file import KEY_VARIABLE
from robobrain_ros.engines.server.config import ServerConfig, addresses
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.engines.vllm.flaggems import FlagGemsSettings
from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.profiles import Profile

ADDRESS = '://'
HELP = (
    "a model's directory, tiny, or the address of a server, with options behind it, such as "
    '/models/8B,flaggems=full,quantization=fp8'
)
"""What an argument that ``stack`` reads is."""


@dataclass(frozen=True)
class StackSpec:
    """A stack as the command line names it."""

    text: str
    model: Path | str
    """A directory, or an address."""
    options: dict[str, Any] = field(default_factory=dict)
    """Fields of ``EngineConfig``; of a server those of ``ServerConfig``, ``served_model`` and ``profile``."""

    def make(self, concurrency: int, max_tokens: int) -> tuple[Engine, Profile]:
        """Make the engine, which does not run yet, and find out how its model is asked. Blocks for seconds.

        :param concurrency: so many questions are in flight
        :param max_tokens: of an answer
        :raises BadRequest: for a directory without a model, or a value that an option cannot have
        :raises EngineDead: if a server has to be asked for its model's name, and does not answer
        """
        from robobrain_ros.evaluation.consistency.asking import engines

        return engines.make(self.model, concurrency=concurrency, max_tokens=max_tokens, options=self.options)


def stack(text: str) -> StackSpec:
    """Read a stack; a type for argparse.

    :param text: such as ``tiny``, ``/models/8B,flaggems=full`` or ``http://host:9010,served_model=NAME``
    :raises argparse.ArgumentTypeError: for no model, an option that there is not, or a value of another type
    """
    parts = text.split(',')
    places = [part for part in parts if '=' not in part or ADDRESS in part]
    try:
        if ADDRESS in text:
            addresses(','.join(places))
            model: Path | str = ','.join(places)
        elif re.fullmatch(r'[\w.-]+:\d+', places[0] if places else ''):
            raise BadRequest(f'{places[0]!r} must be an address such as http://{places[0]}')
        elif len(places) == 1 and parts[0] == places[0]:
            model = checkpoints.directory(places[0])
        else:
            raise BadRequest(f'{text!r} must be {HELP}')
        options = dict(_option(part, ADDRESS in text) for part in parts if part not in places)
    except (BadRequest, ValueError) as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if ADDRESS in text:
        options = {'api_key_variable': KEY_VARIABLE} | options
    return StackSpec(text, model, options)


def _option(text: str, of_server: bool) -> tuple[str, Any]:
    name, _, value = text.partition('=')
    known = _known(of_server)
    if name not in known:
        raise BadRequest(f'there is no option {name!r}; there are {", ".join(sorted(known))}')
    if known[name] is FlagGemsSettings:
        return name, FlagGemsSettings(value)
    try:
        return name, known[name](value)
    except ValueError as error:
        what = 'a whole number' if known[name] is int else 'a number'
        raise BadRequest(f'{name} is {value!r}, but must be {what}') from error


def _known(of_server: bool) -> dict[str, type]:
    """Return the options, and of which type their values are."""
    if of_server:
        found = {one.name: type(one.default) for one in fields(ServerConfig) if one.name not in ('url', 'model')}
        return found | {'served_model': str, 'profile': str}
    found = {one.name: type(one.default) for one in fields(EngineConfig) if one.name not in ('model', 'shared')}
    return found | {'device': str, 'flaggems': FlagGemsSettings}
