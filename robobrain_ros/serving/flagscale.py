# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""FlagScale's pair of files, serve.yaml and serve/NAME.yaml, of its 0.8 and 1.0 lines: read, and written.

FlagScale reads them by hydra, which is not needed here: defaults that name groups, key.path=value, ${a.b} and
${oc.env:NAME,default} are all that such files use.
"""

import difflib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from robobrain_ros.errors import BadRequest
from robobrain_ros.serving.deployment import Deployment, deployment, typed, written

FOUND = ('vllm_model', 'sglang_model')
"""FlagScale 0.8 serves what has one of these as serve_id; 1.0 takes any."""

READ: dict[str, set[str]] = {
    '': {'defaults', 'experiment', 'action', 'hydra', 'serve'},
    'experiment': {'exp_name', 'exp_dir', 'task', 'runner', 'envs'},
    'experiment.task': {'type', 'backend', 'entrypoint'},
    'experiment.runner': {'type', 'ssh_port', 'deploy', 'cli_args'},
    'experiment.runner.deploy': {'port', 'use_fs_serve'},
    'experiment.runner.cli_args': {'port', 'model_path', 'engine_args'},
}
"""Keys that are read here, or change nothing on one computer. People are told of all others."""
ITEM = {'serve_id', 'engine', 'engine_args', 'engine_args_specific', 'profile', 'resources'}

_REFERENCE = re.compile(r'\$\{([^{}]*)\}')
_NESTED = re.compile(r'\$\{[^}]*\$\{')


def read(file: Path, overrides: Sequence[str] = ()) -> Deployment:
    """Read what FlagScale would serve.

    The port is that of cli_args, else of runner.deploy, else of the engine's arguments, else 8000.

    :param file: the outer file; groups of its defaults lie beside it
    :param overrides: ``key.path=value``, as hydra takes them: ``+`` in front adds a key, ``group=name`` takes another
        file of a group; numbers in a path count the items of a list
    :raises BadRequest: if a file cannot be read, or says something else than one vLLM server
    """
    content = _compose(file, overrides)
    experiment = _mapping(content, 'experiment')
    task = _mapping(content, 'experiment.task')
    if 'deploy' in experiment:  # its place before 0.8
        experiment.setdefault('runner', {})['deploy'] = experiment.pop('deploy')
    if task.get('type', 'serve') != 'serve' or task.get('entrypoint'):
        raise BadRequest(f"experiment.task is {task!r}, but only type 'serve' without an entrypoint can be served here")
    item = _item(content)
    notes = [
        f'{path}{"." if path else ""}{key} has no effect: it is for FlagScale'
        for path, known in READ.items()
        for key, value in _mapping(content, path).items()
        if key not in known and value is not None
    ]
    notes += [f'serve.{key} has no effect: it is for FlagScale' for key in item if key not in ITEM]
    specific = _mapping(item, 'engine_args_specific').get('vllm') or {}
    arguments = {**specific, **_mapping(item, 'engine_args')}
    chosen = _mapping(content, 'experiment.runner.cli_args')
    port = chosen.get('port') or _mapping(content, 'experiment.runner.deploy').get('port')
    given = {'port': port, 'model': chosen.get('model_path')}
    arguments |= {name: value for name, value in given.items() if value} | _json(chosen.get('engine_args'))
    environment = _mapping(content, 'experiment.envs')
    if environment.pop('nodes_envs', None):
        notes.append('experiment.envs.nodes_envs has no effect: it is for FlagScale')
    return deployment(_resolved(arguments, content), _resolved(environment, content), tuple(notes))


def write(of: Deployment) -> str:
    """Write the inner file, serve/NAME.yaml; the variables are for experiment.envs of the outer one."""
    arguments: dict[str, Any] = {}
    for name, value in of.arguments.items():
        if value is False:
            arguments[f'no_{name}'] = True  # FlagScale leaves out what is false
        else:
            arguments[name] = written(value) if isinstance(value, Mapping | list) else value
    item = {'serve_id': FOUND[0], 'engine': 'vllm', 'engine_args': arguments}
    head = ''.join(f'# experiment.envs.{name}: {value}\n' for name, value in of.environment.items())
    return f'{head}{yaml.safe_dump([item], sort_keys=False, allow_unicode=True, width=1000)}'


def _compose(file: Path, overrides: Sequence[str]) -> dict[str, Any]:
    """Put the groups' files into the outer one, then the overrides."""
    content = _load(file)
    if not isinstance(content, dict):
        raise BadRequest(f"'{file}' is not FlagScale's serve.yaml: it must be a mapping with the key experiment")
    split = [_split(override) for override in overrides]
    for default in content.pop('defaults', None) or ['_self_']:
        if default == '_self_':
            continue
        if not (isinstance(default, dict) and len(default) == 1):
            raise BadRequest(f"defaults of '{file}' has {default!r}, but must be _self_ and lines like 'serve: 8b'")
        ((group, name),) = default.items()
        name = next((value for key, value, _ in reversed(split) if key == group), name)
        split = [one for one in split if one[0] != group]
        content[group] = _load(file.parent / group / f'{str(name).removesuffix(".yaml")}.yaml')
    for key, value, new in split:
        _put(content, key, value, new)
    return content


def _load(file: Path) -> Any:
    try:
        return yaml.safe_load(file.read_text(encoding='utf-8'))
    except FileNotFoundError:
        there = ', '.join(sorted(path.stem for path in file.parent.glob('*.yaml')))
        raise BadRequest(f"there is no file '{file}'{f'; there are {there}' if there else ''}") from None
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise BadRequest(f"'{file}' cannot be read: {' '.join(str(error).split())}") from None


def _split(override: str) -> tuple[str, Any, bool]:
    key, equals, text = override.partition('=')
    if not equals or not key.lstrip('+'):
        raise BadRequest(f'{override!r} must be like experiment.runner.deploy.port=9010')
    try:
        return key.lstrip('+'), yaml.safe_load(text), key.startswith('+')
    except yaml.YAMLError:
        raise BadRequest(f'{override!r}: the value cannot be read as YAML') from None


def _put(content: Any, path: str, value: Any, new: bool) -> None:
    *parents, last = path.split('.')
    place, adds = content, f'; +{path}=... adds it'
    for part in parents:
        if isinstance(place, dict) and new and place.get(part) is None:
            place[part] = {}
            place = place[part]
        else:
            place = place[_key(place, part, path, adds)]
    if isinstance(place, dict) and new:
        place[last] = value
    else:
        place[_key(place, last, path, adds)] = value


def _key(place: Any, part: str, path: str, otherwise: str = '') -> Any:
    """Find the key or number that a part of a path means."""
    if isinstance(place, list) and part.isdigit() and int(part) < len(place):
        return int(part)
    if isinstance(place, dict) and part in place:
        return part
    known = map(str, place if isinstance(place, dict) else range(len(place)) if isinstance(place, list) else ())
    near = difflib.get_close_matches(part, list(known), 1)
    hint = f'; did you mean {near[0]!r}?' if near else otherwise
    raise BadRequest(f'{path}: there is no {part!r} in the files{hint}')


def _item(content: Mapping[str, Any]) -> dict[str, Any]:
    items = content.get('serve')
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadRequest(f'serve is {items!r}, but must be a list of servers')
    named = [item for item in items if item.get('serve_id') in FOUND] or items
    if len(named) != 1:
        names = [item.get('serve_id') for item in items]
        raise BadRequest(f'serve has {len(named)} servers, {names!r}, but exactly one can be served here')
    engine = named[0].get('engine', 'vllm')
    if engine != 'vllm':
        raise BadRequest(f"serve.engine is {engine!r}, but must be 'vllm'")
    found: dict[str, Any] = named[0]
    return found


def _mapping(content: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Find a mapping by its path; an empty one if it is not there."""
    found = dict(content)
    place: Any = content
    for part in path.split('.') if path else ():
        place = place.get(part)
        if place is None:
            return {}
        if not isinstance(place, dict):
            raise BadRequest(f'{path} is {place!r}, but must be keys with values')
        found = place
    return found


def _json(text: Any) -> dict[str, Any]:
    """Read what --engine-args of FlagScale says."""
    try:
        found = json.loads(text or '{}') if not isinstance(text, dict) else text
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise BadRequest(f'experiment.runner.cli_args.engine_args is {text!r}, but must be a JSON object in quotes')
    return found


def _resolved(value: Any, content: Mapping[str, Any]) -> Any:
    """Put in what ${...} stands for."""
    if isinstance(value, dict):
        return {key: _resolved(one, content) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, content) for one in value]
    if not isinstance(value, str) or '${' not in value:
        return value
    if _NESTED.search(value):
        raise BadRequest(f'{value!r} cannot be read: ${{...}} within another is not supported')
    if whole := _REFERENCE.fullmatch(value):
        return _referred(whole[1], content)
    return _REFERENCE.sub(lambda match: str(_referred(match[1], content)), value)


def _referred(name: str, content: Mapping[str, Any]) -> Any:
    resolver, colon, rest = name.partition(':')
    if colon:
        variable, comma, default = (part.strip() for part in rest.partition(','))
        if resolver != 'oc.env':
            raise BadRequest(f'${{{name}}} cannot be read: of the resolvers, only oc.env is known here')
        if variable not in os.environ and not comma:
            raise BadRequest(f'${{{name}}}: the variable {variable} is not set')
        return typed(os.environ.get(variable, default))
    found: Any = content
    for part in name.split('.'):
        found = found[_key(found, part, name)]
    return _resolved(found, content)
