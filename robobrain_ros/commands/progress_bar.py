# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How far a long command has come: a bar on a terminal, else a line now and then. Both go to stderr."""

import sys
import time
from datetime import timedelta
from types import TracebackType

from rich import progress
from rich.console import Console
from rich.markup import escape
from rich.table import Column
from rich.text import Text

LINE_S = 10.0
"""Seconds between two lines where stderr is no terminal."""
AVERAGED_S = 600.0
"""The rate is that of the last so many seconds."""


class Progress:
    """A progress bar with rate and remaining time, for a ``with`` block.

    On a terminal it is redrawn in place, below what the program prints meanwhile. Where stderr is a file or a pipe, a
    line appears every ``LINE_S`` seconds and at the end.

    :param what: what is going on, such as ``evaluate``
    :param total: how many of ``unit`` there are
    :param unit: what is counted, in the plural; ``s`` for a run whose length in seconds is known
    :param lines: False: nothing at all where stderr is no terminal, for programs that keep a log of their own
    """

    def __init__(self, what: str, total: float, unit: str, *, lines: bool = True) -> None:
        self._what, self._unit, self._lines = what, unit, lines
        console = Console(stderr=True)
        self._on_terminal = console.is_terminal
        self._bar = progress.Progress(
            progress.TextColumn('{task.description}'),
            progress.BarColumn(bar_width=None),
            _Figures(unit),
            console=console,
            disable=not self._on_terminal,
            expand=True,
            redirect_stdout=sys.stdout.isatty(),  # else rich would bring to stderr what belongs into a file
            refresh_per_second=2,
            speed_estimate_period=AVERAGED_S,
        )
        self._task = self._bar.add_task(escape(what), total=total)
        self._said = time.monotonic()

    def __enter__(self) -> 'Progress':
        self._bar.start()
        self._bar.reset(self._task)
        self._said = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def advance(self) -> None:
        """Count one more."""
        self.reach(self._bar.tasks[self._task].completed + 1)

    def reach(self, completed: float) -> None:
        """Count this many in all."""
        self._bar.update(self._task, completed=completed)
        task = self._bar.tasks[self._task]
        due = time.monotonic() - self._said >= LINE_S or task.finished
        if due and self._lines and not self._on_terminal:
            self._said = time.monotonic()
            print(f'{self._what}: {figures(task, self._unit)}', file=sys.stderr, flush=True)

    def say(self, text: str) -> None:
        """Print a line about what is going on, above the bar."""
        self._bar.console.print(Text(text))


class _Figures(progress.ProgressColumn):
    def __init__(self, unit: str) -> None:
        super().__init__(Column(no_wrap=True))
        self._unit = unit

    def render(self, task: progress.Task) -> Text:
        return Text(figures(task, self._unit))


def figures(task: progress.Task, unit: str) -> str:
    """Say how many are done, how quickly, and how long the rest takes, such as ``3 of 50 scenes, 5.1 s each, ...``.

    :param unit: what is counted; no rate is told of seconds
    """
    words = [f'{task.completed:.0f} of {task.total:.0f} {unit}']
    speed = task.completed / task.elapsed if task.finished and task.elapsed else task.speed
    if speed and unit != 's':
        words.append(f'{speed:.1f}/s' if speed >= 1 else f'{1 / speed:.1f} s each')
    if task.finished:
        words.append(f'{timedelta(seconds=round(task.elapsed or 0))} in all')
    elif task.time_remaining is not None:
        words.append(f'{timedelta(seconds=round(task.time_remaining))} left')
    return ', '.join(words)
