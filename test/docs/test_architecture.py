# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The layers of docs/architecture.md: every module in exactly one, and imports from the layers above only."""

import ast
import re
from pathlib import Path

from repository import PACKAGE, ROOT

ABOVE_ALL = ('action', 'msg', 'srv', '__version__')
"""Made from the interfaces, or a constant of the package itself."""


def layers() -> list[list[str]]:
    """The names in each row of the table: modules as ``x.py``, folders as ``x/``."""
    table = (ROOT / 'docs' / 'architecture.md').read_text().split('| layer |')[1].split('\n\n')[0]
    rows = [line.split(' | ')[1] for line in table.splitlines() if line.startswith('| ')]
    return [re.findall(r'`([\w/]+(?:\.py|/))`', row) for row in rows]


def modules() -> list[Path]:
    """All files that hold code; an empty ``__init__.py`` only marks a folder."""
    return sorted(path for path in PACKAGE.rglob('*.py') if path.stat().st_size)


def layers_of(module: Path) -> list[int]:
    """The layers that a module belongs to."""
    place = module.relative_to(PACKAGE).as_posix()
    return [
        layer
        for layer, names in enumerate(layers())
        for name in names
        if place == name or (name.endswith('/') and place.startswith(name))
    ]


LICENCE = 8
"""Lines at the head of each file that are not its own."""


def imports(module: Path) -> list[str]:
    """What a module imports of the package, anywhere in it, as dotted names below the package."""
    found = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split('.')[0] == PACKAGE.name:
            parts = node.module.split('.')[1:]
            found += ['.'.join([*parts, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Import):
            found += [name.name.partition('.')[2] for name in node.names if name.name.startswith(f'{PACKAGE.name}.')]
    return found


def file_of(name: str) -> Path:
    """The file that defines a dotted name below the package."""
    for end in range(len(name.split('.')), 0, -1):
        path = PACKAGE.joinpath(*name.split('.')[:end])
        for file in (path.with_suffix('.py'), path / '__init__.py'):
            if file.is_file() and file.stat().st_size:
                return file
    return PACKAGE / '__init__.py'


def test_every_module_is_in_one_layer():
    assert len(layers()) == 7
    assert {str(module): len(layers_of(module)) for module in modules() if len(layers_of(module)) != 1} == {}


def test_imports_run_upwards():
    wrong = []
    for module in modules():
        for name in imports(module):
            if name.split('.')[0] not in ABOVE_ALL and layers_of(file_of(name)) > layers_of(module):
                wrong.append(f'{module.relative_to(PACKAGE)} imports {name}')
    assert wrong == []


def test_the_top_shows_at_most_five_modules():
    assert len(list(PACKAGE.glob('*.py'))) <= 5


def test_files_are_short():
    lengths = {str(module): len(module.read_text().splitlines()) - LICENCE for module in modules()}
    assert {module: lines for module, lines in lengths.items() if lines > 350} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 120


def test_what_an_engine_is_knows_no_vllm():
    for module in (PACKAGE / 'engines').glob('*.py'):
        assert not [name for name in imports(module) if name.startswith('engines.vllm')], module
