# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a command is doing now, on standard error: one moving line on a terminal, plain lines elsewhere."""

import sys
import time
from types import TracebackType

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column

BESIDE = 40
"""Columns of the terminal that the stage and the seconds take; what is left shows the end of the detail."""


class StageLine:
    """Shows the stage of some work and how long the work has taken; use it as a context manager.

    A terminal gets one line with the seconds that pass, which disappears at the end. Where standard error is a file or
    a pipe, each new stage is a line of its own. ``show`` may be called from any thread.
    """

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._shown = ''
        self._live = _live_line() if sys.stderr.isatty() else None

    def __enter__(self) -> 'StageLine':
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return time.monotonic() - self._begin

    def show(self, stage: str, detail: str = '') -> None:
        """Say what is going on now.

        :param stage: in words
        :param detail: what changes often, such as an answer's text as it grows; only a terminal shows it
        """
        if self._live:
            text = ' '.join(detail.split())[-max(self._live.console.width - BESIDE, 1) :]
            self._live.update(self._live.task_ids[0], stage=escape(stage), detail=escape(text))
        elif stage != self._shown:
            self._shown = stage
            print(f'  {self.elapsed:4.0f} s  {stage}', file=sys.stderr, flush=True)


def _live_line() -> Progress:
    line = Progress(
        SpinnerColumn('line'),  # of ASCII
        TimeElapsedColumn(),
        TextColumn('{task.fields[stage]} [dim]{task.fields[detail]}[/dim]', table_column=Column(no_wrap=True)),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=sys.stdout.isatty(),  # else rich would bring to stderr what belongs into a file
    )
    line.add_task('', total=None, stage='', detail='')
    return line
