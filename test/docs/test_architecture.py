"""The house of docs/architecture.md: every module on exactly one floor, and imports that run upwards only."""

import ast
import re
from pathlib import Path

from repository import PACKAGE, ROOT

ABOVE_ALL = ('action', 'msg', 'srv', '__version__')
"""Made from the interfaces, or a constant of the package itself."""


def floors() -> list[list[str]]:
    """The names in each row of the table: modules as ``x.py``, folders as ``x/``."""
    table = (ROOT / 'docs' / 'architecture.md').read_text().split('| floor |')[1].split('\n\n')[0]
    rows = [line.split(' | ')[1] for line in table.splitlines() if line.startswith('| ')]
    return [re.findall(r'`([\w/]+(?:\.py|/))`', row) for row in rows]


def modules() -> list[Path]:
    """All files that hold code; an empty ``__init__.py`` only marks a folder."""
    return sorted(path for path in PACKAGE.rglob('*.py') if path.stat().st_size)


def floors_of(module: Path) -> list[int]:
    """On which floors a module stands."""
    place = module.relative_to(PACKAGE).as_posix()
    return [
        floor
        for floor, names in enumerate(floors())
        for name in names
        if place == name or (name.endswith('/') and place.startswith(name))
    ]


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


def test_every_module_is_on_one_floor():
    assert len(floors()) == 6
    assert {str(module): len(floors_of(module)) for module in modules() if len(floors_of(module)) != 1} == {}


def test_imports_run_upwards():
    wrong = []
    for module in modules():
        for name in imports(module):
            if name.split('.')[0] not in ABOVE_ALL and floors_of(file_of(name)) > floors_of(module):
                wrong.append(f'{module.relative_to(PACKAGE)} imports {name}')
    assert wrong == []


def test_the_top_shows_at_most_five_modules():
    assert len(list(PACKAGE.glob('*.py'))) <= 5


def test_files_are_short():
    lengths = {str(module): len(module.read_text().splitlines()) for module in modules()}
    assert {module: lines for module, lines in lengths.items() if lines > 350} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 120


def test_what_an_engine_is_knows_no_vllm():
    for module in (PACKAGE / 'engines').glob('*.py'):
        assert not [name for name in imports(module) if name.startswith('engines.vllm')], module
