# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Docstrings stand alone: a reader of ``help()`` sees one of them, and not the line above it."""

import ast
import re
from collections.abc import Iterator

import pytest
from repository import PACKAGE, ROOT

LEANING = re.compile(r'(?:of|the same|as|see|likewise)\b', re.IGNORECASE)
"""How a docstring begins that needs another one beside it."""


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and text of each docstring, public or private: modules, classes, functions, and strings below attributes."""
    for node in ast.walk(tree):
        body = getattr(node, 'body', [])
        if not isinstance(body, list):  # a lambda's, or that of x if y else z
            continue
        has_own = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for before, statement in zip([None, *body], body, strict=False):
            documents = has_own if before is None else isinstance(before, ast.Assign | ast.AnnAssign)
            if documents and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                yield statement.lineno, str(statement.value.value).strip()


def leaning(source: str) -> list[tuple[int, str]]:
    return [(line, text) for line, text in docstrings(ast.parse(source)) if LEANING.match(text)]


def test_docstrings_stand_alone() -> None:
    found = {
        f'{path.relative_to(ROOT)}:{line}': text.splitlines()[0]
        for folder in (PACKAGE, ROOT / 'training', ROOT / 'launch')
        for path in sorted(folder.rglob('*.py'))
        for line, text in leaning(path.read_text())
    }
    assert found == {}


@pytest.mark.parametrize(
    'source',
    [
        '"""See the other module."""',
        'class A:\n    """Of a frame."""',
        'def f():\n    """The same for boxes."""',
        'async def _f():\n    """\n    As above.\n    """',
        'x = 1\n"""Of the image."""',
        'class A:\n    y: int = 1\n    """Likewise."""',
        'class A:\n    def f(self):\n        self.x = 1\n        """See ``f``."""',
    ],
)
def test_finds_what_leans(source: str) -> None:
    assert len(leaning(source)) == 1


def test_ordinary_strings_and_words_pass() -> None:
    assert leaning('"""Assembles offers."""\nprint("As it is")\nx = "Of"\n"""Seen from above."""') == []


def test_all_files_are_searched() -> None:
    """The package has hundreds of docstrings; a walk that found none would prove nothing."""
    assert sum(len(list(docstrings(ast.parse(path.read_text())))) for path in PACKAGE.rglob('*.py')) > 300
