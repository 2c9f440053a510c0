# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What is to be served, in the arguments of vLLM's server, and the command line that says so."""

import itertools
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from robobrain_ros.errors import BadRequest

VLLM_PORT = 8000
"""Where vLLM's server listens if nobody says."""

_SHORT = {'-tp': 'tensor_parallel_size', '-pp': 'pipeline_parallel_size', '-dp': 'data_parallel_size'}
_COUNTS = re.compile(r'\w+=\d+(,\w+=\d+)*')
"""image=18,video=0: older vLLM's spelling, in FlagScale's examples, which vLLM cannot read any more."""
_ASIDE = re.compile(r'\s(?:[12&]?>|[|;<&])')
"""Where a shell's line goes on with something else than arguments."""


@dataclass(frozen=True)
class Deployment:
    """A server to be.

    :param arguments: of ``vllm serve``, by name with underscores, ``model`` among them; mappings and lists as such,
        ``no_x: True`` as ``x: False``
    :param environment: variables of the server's processes
    :param passed_over: sentences about what else was said, and has no effect here
    """

    arguments: Mapping[str, Any]
    environment: Mapping[str, str] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """Give the command line, ``vllm serve`` and what follows, as FlagScale would write it."""
        words = ['vllm', 'serve', str(self.arguments['model'])]
        for name, value in self.arguments.items():
            option = name.replace('_', '-')
            if name == 'model':
                continue
            if isinstance(value, bool):
                words.append(f'--{option}' if value else f'--no-{option}')
            elif isinstance(value, list):
                words += [f'--{option}', *map(str, value)]
            else:
                words += [f'--{option}', written(value)]
        return words


def deployment(
    arguments: Mapping[str, Any], environment: Mapping[str, Any], passed_over: tuple[str, ...] = ()
) -> Deployment:
    """Make a Deployment of arguments as people write them: dashes, JSON in quotes, no_x, no port.

    :raises BadRequest: if no model is named, or an argument has no value
    """
    read: dict[str, Any] = {}
    for name, value in arguments.items():
        known = name.replace('-', '_')
        if value is None:
            raise BadRequest(f'engine_args.{name} has no value')
        if value is True and known.startswith('no_'):
            known, value = known[3:], False
        if isinstance(value, str) and value[:1] in ('{', '['):
            try:
                value = json.loads(value)
            except ValueError:
                raise BadRequest(f'engine_args.{name} is {value!r}, but that is no JSON') from None
        if known == 'limit_mm_per_prompt' and _COUNTS.fullmatch(str(value)):
            value = {kind: int(count) for kind, count in (one.split('=') for one in value.split(','))}
        read[known] = value
    if not isinstance(read.get('model'), str):
        raise BadRequest(f'engine_args.model is {read.get("model")!r}, but must be the directory of a model')
    read.setdefault('port', VLLM_PORT)
    return Deployment(read, {name: str(value) for name, value in environment.items()}, passed_over)


def from_command(script: str) -> Deployment:
    """Read the command ``vllm serve`` in a shell's script, with the variables that are set for it.

    :raises BadRequest: if it is not there once, or cannot be read
    """
    environment: dict[str, str] = {}
    found: list[list[str]] = []
    for line in script.replace('\\\n', ' ').splitlines():
        try:
            words = shlex.split(_ASIDE.split(line)[0], comments=True)
        except ValueError as error:
            raise BadRequest(f'{line.strip()[:80]!r} cannot be read: {error}') from None
        pairs = enumerate(itertools.pairwise(words))
        place = next((at for at, (one, two) in pairs if (Path(one).name, two) == ('vllm', 'serve')), None)
        before = words if place is None else words[:place]
        if place is not None or words[:1] == ['export']:
            environment |= dict(word.split('=', 1) for word in before if re.match(r'[A-Za-z_]\w*=', word))
        if place is not None:
            found.append(words[place + 2 :])
    if len(found) != 1:
        raise BadRequest(f"there are {len(found)} lines with 'vllm serve', but one must say what is to be served")
    return deployment(_read_words(found[0]), environment)


def written(value: Any) -> str:
    """Write an argument's value as vLLM's server reads it: mappings and lists as JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else str(value)


def typed(text: str) -> Any:
    """Read a number where a text is one; all else stays a text."""
    for kind, pattern in ((int, r'-?\d+'), (float, r'-?\d*\.\d+(e-?\d+)?')):
        if re.fullmatch(pattern, text):
            return kind(text)
    return text


def _read_words(words: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    values = list(words)
    if values and not values[0].startswith('-'):
        found['model'] = values.pop(0)
    name = ''
    for word in values:
        if not re.match(r'-+[a-zA-Z]', word):
            if not name:
                raise BadRequest(f'{word!r} belongs to no option of vllm serve; the model comes first')
            before = found[name]
            value = typed(word)
            found[name] = value if before is True else [*(before if isinstance(before, list) else [before]), value]
            continue
        option, equals, value = word.partition('=')
        name = _SHORT.get(option, option.lstrip('-').replace('-', '_'))
        if not option.startswith('--') and option not in _SHORT:
            raise BadRequest(f'{option!r} is not read here: write the long form of the option')
        found[name] = typed(value) if equals else True
    return found
