# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Parameter files whose sections are for other nodes: ROS ignores them without a word."""

import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

OPTION = '--params-file'
VALUES = 'ros__parameters'


def without_effect(node: str, arguments: Sequence[str] | None = None) -> list[str]:
    """Say in a sentence, for each parameter file of a command line that sets nothing for a node, which ones it sets.

    Files without any section are left out: they are empty on purpose.

    :param node: full name of the node, such as ``/arm/robobrain``
    :param arguments: the command line; None: this process's own
    """
    arguments = sys.argv if arguments is None else arguments
    files = [value for option, value in itertools.pairwise(arguments) if option == OPTION]
    warnings = []
    for file in files:
        try:
            sections = list(_sections(yaml.safe_load(Path(file).read_text(encoding='utf-8'))))
        except (OSError, ValueError, yaml.YAMLError):
            continue  # it is for ROS to complain of a file
        if sections and not any(_matches(section, node) for section in sections):
            warnings.append(
                f'parameter file {file!r} has no effect: its values are for {", ".join(sections)}, but this node is '
                f'{node}; name the section {node}, or /** for all nodes'
            )
    return warnings


def _sections(content: Any, name: str = '') -> Iterator[str]:
    """Yield the full name, perhaps with wildcards, of each node that a parameter file has values for."""
    for key, value in content.items() if isinstance(content, Mapping) else ():
        if key == VALUES:
            yield name
        else:
            yield from _sections(value, f'{name}/{str(key).strip("/")}')


def _matches(section: str, node: str) -> bool:
    """Whether a section is for a node: ``*`` stands for one part of its name, ``**`` for any number of parts."""
    parts = section.split('/')[1:]
    pattern = ''.join({'**': r'(/[^/]+)*', '*': r'/[^/]+'}.get(part, f'/{re.escape(part)}') for part in parts)
    return re.fullmatch(pattern, node) is not None
