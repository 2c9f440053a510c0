# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What commands print: tables for people that fit 80 columns, and JSON for programs."""

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDTH, WIDEST = 80, 120
"""Columns of a table where there is no terminal, and at most."""
Tell = Callable[[Any], None]
"""Takes a result for programs: dicts, lists, tuples, texts, numbers and None."""


def console() -> Console:
    """Return where people read: stdout, ``WIDTH`` columns wide unless it is a terminal."""
    found = Console(highlight=False, soft_wrap=False)
    found.width = min(found.width, WIDEST) if found.is_terminal else WIDTH
    return found


class Rows:
    """A table that is printed row by row, as results come; long cells continue below, within their column.

    :param columns: the title of each column and its width in characters; None shares what is left of the line evenly
    """

    def __init__(self, columns: Mapping[str, int | None]) -> None:
        self._widths = list(columns.values())
        self._console = console()
        self.add(*columns, style='bold')

    def add(self, *cells: str, style: str = '') -> None:
        """Print a row.

        :param cells: a text for each column; a line break begins a new line in the cell
        :param style: how rich prints it, such as ``red``
        """
        table = Table(box=None, show_header=False, expand=True, padding=(0, 1, 0, 0), pad_edge=False)
        for width in self._widths:
            table.add_column(width=width, ratio=None if width else 1, overflow='fold')
        table.add_row(*map(Text, cells), style=style)
        self._console.print(table)


@contextmanager
def results(as_json: bool) -> Iterator[Tell]:
    """Yield a function that writes a result to stdout as one line of JSON; it does nothing without ``as_json``.

    With it, all else that this process and its children print goes to stderr until the block ends. Numbers that are
    not finite become null.
    """
    if not as_json:
        yield ignore
        return
    sys.stdout.flush()
    with os.fdopen(os.dup(1), 'w', encoding='utf-8') as out:
        os.dup2(2, 1)  # children inherit it
        try:
            with redirect_stdout(sys.stderr):
                yield lambda result: print(json.dumps(_finite(result), allow_nan=False), file=out, flush=True)
        finally:
            os.dup2(out.fileno(), 1)


def allow_any_letter() -> None:
    """Let letters that the terminal's encoding does not have become ``?`` instead of an error; also those read."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors='replace')


def ignore(result: Any) -> None:
    """Do nothing with a result, where nobody wants JSON."""


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
