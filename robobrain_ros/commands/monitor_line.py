# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How far the robot's task is, on standard error: a bar that moves on a terminal, else a line for each sample."""

import math
import sys
from collections.abc import Mapping
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

BESIDE = 32
"""Columns of the terminal that the time, the bar and the spaces between take."""


class ProgressLine:
    """Shows the samples of one task; use it as a context manager.

    :param what: the task, in words
    """

    def __init__(self, what: str) -> None:
        self._live = None
        if sys.stderr.isatty():
            self._live = Progress(
                TimeElapsedColumn(),
                BarColumn(bar_width=20),
                TextColumn('{task.fields[figures]}', table_column=Column(no_wrap=True), markup=False),
                console=Console(stderr=True),
                redirect_stdout=sys.stdout.isatty(),  # else rich would bring to stderr what belongs into a file
            )
            self._live.add_task('', total=1.0, figures=f'waiting for the first sample: {what}')

    def __enter__(self) -> 'ProgressLine':
        if self._live:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def show(self, elapsed_s: float, progress: float, details: Mapping[str, float], fault: str = '') -> None:
        """Show one sample.

        :param elapsed_s: since the start, seconds
        :param progress: 0 .. 1, or NaN: the bar stays where it is
        :param details: more figures by name; those that are NaN are left out
        :param fault: why progress, or one of the details, is NaN
        """
        share = '  ?' if math.isnan(progress) else f'{100 * progress:3.0f}'
        figures = [f'{name} {value:+.2f}' for name, value in details.items() if not math.isnan(value)]
        text = f'{share} %  {", ".join([*figures, fault] if fault else figures)}'
        if self._live is None:
            print(f'{elapsed_s:6.1f} s  {text}', file=sys.stderr, flush=True)
            return
        text = text[: max(self._live.console.width - BESIDE, 1)]
        completed = None if math.isnan(progress) else progress  # None leaves the bar where it is
        self._live.update(self._live.task_ids[0], completed=completed, figures=text)
