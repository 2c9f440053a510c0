# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Writes the node's parameters as a ROS parameter file and as a Markdown table.

Renew config/robobrain.yaml after a change of ros/parameters.py:
``python -m robobrain_ros.ros.write_parameters config/robobrain.yaml``. The table is in docs/reference/parameters.md:
``python docs/write_reference.py``.
"""

import argparse
import textwrap
from collections.abc import Sequence
from pathlib import Path

from robobrain_ros.ros.parameter import Parameter, Value
from robobrain_ros.ros.parameters import PARAMETERS

MODULE = 'robobrain_ros.ros.write_parameters'
HEAD = """\
# All parameters of the node at their defaults, made by python -m {module}: copy what
# you change.
{marks}
/**:
  ros__parameters:
"""
MARKS = """\
# Those with * or + take effect with the next request; the others when the node is configured.
# Those with * may also be options of a single request."""


def ros_file(parameters: Sequence[Parameter] = PARAMETERS, module: str = MODULE, marks: str = MARKS) -> str:
    """A ROS parameter file (YAML) with every parameter at its default, in the order of ``parameters``.

    :param module: what makes the file, for its first line
    :param marks: comment lines that explain ``Parameter.mark``
    """
    head = HEAD.format(module=module, marks=marks)
    return head + '\n'.join(_entry(parameter) for parameter in parameters)


def markdown_table(parameters: Sequence[Parameter] = PARAMETERS) -> str:
    """A Markdown table with one line for each parameter, in the order of them; ``Parameter.mark`` is shown."""
    rows = ['| parameter | default | values | meaning |', '|---|---|---|---|']
    for parameter in parameters:
        name = f'`{parameter.name}` {parameter.mark}'.rstrip()
        rows.append(f'| {name} | `{_shown(parameter.default)}` | {_values(parameter)} | {parameter.description} |')
    return '\n'.join(rows)


def _entry(parameter: Parameter) -> str:
    allowed = f' ({parameter.allowed()})' if parameter.allowed() else ''
    comment = f'{parameter.description}{allowed} {parameter.mark}'.rstrip()
    lines = textwrap.wrap(comment, 119, initial_indent='    # ', subsequent_indent='    # ')
    return '\n'.join([*lines, f'    {parameter.name}: {_yaml(parameter.default)}', ''])


def _yaml(value: Value) -> str:
    """Floats keep their point and strings their quotes: ROS tells types by them."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value != '' else "''"


def _values(parameter: Parameter) -> str:
    kinds = {bool: 'true, false', str: 'text', list: 'texts'}
    return parameter.allowed() or kinds[type(parameter.default)]


def main(module: str, text: str) -> None:
    """Write a parameter file to each path on the command line.

    :param module: what is run by ``python -m``
    :param text: what the files hold
    :raises SystemExit: 2 for a command line, or a path, that cannot be
    """
    parser = argparse.ArgumentParser(f'python -m {module}', description='Renew such files.')
    parser.add_argument('files', nargs='+', type=Path, metavar='FILE', help='a ROS file of all parameters')
    try:
        for file in parser.parse_args().files:
            file.write_text(text)
    except OSError as error:
        parser.error(str(error))


if __name__ == '__main__':
    main(MODULE, ros_file())
