# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Files that say what is to be served, of three kinds, each of which can be printed as the others."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import yaml

from robobrain_ros import checkpoints
from robobrain_ros.engines.vllm import flaggems
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.parameter_files import VALUES
from robobrain_ros.ros.parameters import BY_NAME
from robobrain_ros.serving import flagscale, own_arguments
from robobrain_ros.serving.deployment import Deployment, from_command


def read(file: Path, overrides: Sequence[str], given: Mapping[str, Any]) -> Deployment:
    """Read FlagScale's serve.yaml, a file of node parameters, or a script with a line ``vllm serve``.

    :param overrides: ``key.path=value``, of FlagScale's files only
    :param given: arguments of ``vllm serve`` that win over the file's; another model than the file's goes by its own
        name, unless that is given, too
    :raises BadRequest: if it cannot be read, or says nothing that can be served
    """
    try:
        text = file.read_text(encoding='utf-8')
        content = yaml.safe_load(text) if file.suffix in ('.yaml', '.yml') else text
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise BadRequest(f"'{file}' cannot be read: {' '.join(str(error).split())}") from None
    parameters = _parameters(content)
    if parameters is None and not isinstance(content, str):
        return _with(flagscale.read(file, overrides), given)
    if overrides:
        raise BadRequest(f"{overrides[0]!r} is given, but '{file}' is not one of FlagScale's files")
    if parameters is None:
        try:
            return _with(from_command(text), given)
        except BadRequest as error:
            raise BadRequest(f"'{file}' is taken for a script: {error}") from None
    values = {name: parameter.default for name, parameter in BY_NAME.items()}
    values |= {name: BY_NAME[name].read(value) for name, value in parameters.items() if name in BY_NAME}
    given, notes = _named(str(values['model']), values['serve.model_name'], given)
    values |= {own_arguments.SAME[name]: value for name, value in given.items()}
    return replace(own_arguments.from_parameters(values), passed_over=notes)


def for_this_engine(of: Deployment) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Give the node's parameters, the same as fields of EngineConfig, and sentences about what has no effect.

    The fields lack the model, and FlagGems, which the variables name.

    :raises BadRequest: for what this package's engine cannot do
    """
    values, notes = _node_parameters(of)
    options = {each.name: values[each.name] for each in fields(EngineConfig) if each.name in values.keys() - {'model'}}
    if 'max_num_seqs' in of.arguments:
        options['max_num_seqs'] = own_arguments.whole('max_num_seqs', of.arguments['max_num_seqs'])
    return values, options, notes


def printed(of: Deployment, kind: str) -> tuple[str, list[str]]:
    """Write it as a file of another kind, and say what that file cannot.

    :param kind: ``parameters``, ``vllm`` or ``flagscale``
    :raises BadRequest: for what a node's parameters cannot say
    """
    if kind == 'flagscale':
        return flagscale.write(of), list(of.passed_over)
    if kind == 'vllm':
        variables = [f'{name}={shlex.quote(value)}' for name, value in of.environment.items()]
        return ' '.join([*variables, shlex.join(of.command())]) + '\n', list(of.passed_over)
    values, notes = _node_parameters(of)
    if (most := of.arguments.get('max_num_seqs', EngineConfig.max_num_seqs)) != EngineConfig.max_num_seqs:
        notes.append(f'engine_args.max_num_seqs is {most!r}, but a node always has {EngineConfig.max_num_seqs}')
    notes += [
        f'the variable {name}={value} is no parameter: set it where the node is started'
        for name, value in of.environment.items()
        if name not in (flaggems.SWITCH, flaggems.WHITELIST, flaggems.BLACKLIST)
    ]
    return yaml.safe_dump({'/**': {VALUES: values}}, sort_keys=False, allow_unicode=True, width=1000), notes


def _with(of: Deployment, given: Mapping[str, Any]) -> Deployment:
    given, notes = _named(of.arguments['model'], of.arguments.get('served_model_name'), given)
    return replace(of, arguments={**of.arguments, **given}, passed_over=(*of.passed_over, *notes))


def _named(model: str, name: Any, given: Mapping[str, Any]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """Add the name of another model than the file's: clients must not take it for the file's.

    :param model: the file's
    :param name: the file's, or nothing
    :returns: what is given with that name, and a sentence about it; as it came where the file's name is right
    """
    if not (model and name and 'model' in given) or 'served_model_name' in given:
        return given, ()
    chosen = Path(given['model'])
    own = own_arguments.own_name(chosen)
    if own == name or checkpoints.directory(model).resolve() == chosen.resolve():
        return given, ()
    note = f'clients find {chosen} as {own!r}: the name {name!r} is that of {model}; --served-model-name changes it'
    return {**given, 'served_model_name': own}, (note,)


def _node_parameters(of: Deployment) -> tuple[dict[str, Any], list[str]]:
    values, notes = own_arguments.parameters(of)
    return {name: BY_NAME[name].read(value) for name, value in values.items()}, notes


def _parameters(content: Any) -> dict[str, Any] | None:
    """Collect what the sections of a ROS parameter file set, by full name; None if it is no such file."""
    if not isinstance(content, Mapping):
        return None
    sections = [value for key, value in content.items() if key == VALUES]
    found = _flat(sections[0]) if sections else None
    for value in content.values():
        deeper = _parameters(value) if not sections else None
        found = (found or {}) | deeper if deeper is not None else found
    return found


def _flat(values: Any, prefix: str = '') -> dict[str, Any]:
    if not isinstance(values, Mapping):
        return {prefix.rstrip('.'): values} if prefix else {}
    return {name: value for key, one in values.items() for name, value in _flat(one, f'{prefix}{key}.').items()}
