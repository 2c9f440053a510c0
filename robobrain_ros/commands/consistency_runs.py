# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the commands ``robobrain consistency ...`` do."""

import argparse
import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

from rich.text import Text

from robobrain_ros.commands.output import Rows, console, results
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.commands.progress_files import check_writable
from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency import scored_runs
from robobrain_ros.evaluation.consistency.asking.ask import MAX_TOKENS, How
from robobrain_ros.evaluation.consistency.asking.run import Answered, questions
from robobrain_ros.evaluation.consistency.asking.run import run as run_stack
from robobrain_ros.evaluation.consistency.compare import compare as compare_runs
from robobrain_ros.evaluation.consistency.converters.convert import convert as convert_set
from robobrain_ros.evaluation.consistency.mini.files import write as write_mini
from robobrain_ros.evaluation.consistency.report import picture, tables
from robobrain_ros.evaluation.consistency.report.findings import Report, to_json
from robobrain_ros.evaluation.consistency.throughput.measure import run as measure

FILES = ('consistency.json', 'table.md', 'consistency.png')
"""What a comparison leaves in its folder."""


def run(chosen: argparse.Namespace) -> int:
    """Ask a stack, print a row for each set that is done, and return the exit code. Blocks."""
    asked = questions(chosen.data, chosen.sets, chosen.limit)
    check_writable(chosen.to)
    how = How(chosen.concurrency, chosen.order, chosen.seed or 0, chosen.max_tokens)
    done: list[Answered] = []
    with results(chosen.json) as tell:
        engine, _ = chosen.engine.make(chosen.concurrency, chosen.max_tokens)
        rows = Rows({'set': None, 'asked': 6, 'errors': 7, 'flageval %': 11, 'strict %': 9, 'tokens': 7})

        def heard(one: Answered) -> None:
            done.append(one)
            accuracies = (f'{one.accuracy[rule]:.2f}' for rule in ('flageval', 'strict'))
            rows.add(one.name, str(len(one.replies)), str(one.errors), *accuracies, f'{one.tokens:.1f}')

        run_stack(engine, chosen.engine.text, asked, chosen.to, how, chosen.name, _say, heard)
        console().print(Text(f'Answers are in {chosen.to}'))
        tell({'engine': chosen.engine.text, 'to': str(chosen.to), 'sets': [_told(one) for one in done]})
    return 1 if any(one.errors for one in done) else 0


def compare(chosen: argparse.Namespace) -> int:
    """Compare two runs, print and write what was found, and return the exit code.

    :raises BadRequest: for folders that cannot be compared
    :raises OSError: for those that cannot be read, and where the output cannot be written
    """
    runs = scored_runs.Runs(chosen.a, chosen.b, chosen.again, chosen.data, chosen.sets)
    every, _ = scored_runs.names(runs)
    check_writable(chosen.to)
    with Progress('compare', len(every), 'sets') as progress:
        report = compare_runs(runs, chosen.scoring, chosen.gate or chosen.margin, progress.advance)
    try:
        with results(chosen.json) as tell:
            write(report, chosen.to)
            show(report)
            console().print(Text(f'{", ".join(FILES)} are in {chosen.to}'))
            tell(to_json(report))
            sys.stdout.flush()
    except (BrokenPipeError, SystemExit):  # the latter is rich's for the former
        # Whoever read the output, such as head, has enough. The verdict stands.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return report.exit_code if chosen.gate else 0


def write(report: Report, folder: Path) -> None:
    """Write a comparison's files over those of an earlier one.

    :raises BadRequest: if they cannot be written
    """
    figures, table, plot = (folder / name for name in FILES)
    try:
        figures.write_text(f'{json.dumps(to_json(report), indent=1, allow_nan=False)}\n', encoding='utf-8')
        table.write_text(tables.markdown(report), encoding='utf-8')
    except OSError as error:
        raise BadRequest(f"cannot write into '{folder}': {error.strerror}") from error
    picture.plot(report, plot)


def show(report: Report) -> None:
    """Print a comparison for people."""
    out = console()
    out.print(Text(f'A: {report.a.name} ({report.a.folder})'))
    out.print(Text(f'B: {report.b.name} ({report.b.folder})'))
    out.print(tables.table(report), '')
    out.print(Text(tables.DIFFER), Text(tables.AGAIN if report.again else tables.ONCE))
    out.print(tables.noise_table(report), '')
    for line in tables.remarks(report):
        out.print(Text(line))
    out.print(Text(report.sentence, style='bold'))


def mini(chosen: argparse.Namespace) -> int:
    """Make the mini sets, print how many questions each has, and return the exit code 0. Blocks."""
    with Progress('mini', chosen.scenes, 'scenes') as progress:
        counts = write_mini(chosen.folder, chosen.scenes, chosen.seed, progress.advance)
    rows = Rows({'set': None, 'questions': 10})
    for name, number in counts.items():
        rows.add(name, str(number))
    console().print(Text(f'The sets are in {chosen.folder}'))
    return 0


def convert(chosen: argparse.Namespace) -> int:
    """Convert a public set, print where it is, and return the exit code 0. Blocks for minutes."""
    folder = convert_set(chosen.set, chosen.source, chosen.folder, _count)
    console().print(Text(f'{chosen.set} is in {folder}'))
    return 0


def throughput(chosen: argparse.Namespace) -> int:
    """Measure two stacks, print their rates, and return the exit code. Blocks for minutes.

    :raises BrainError: for values that a stack cannot have
    """
    most = max(chosen.at)
    with results(chosen.json) as tell:
        native, other = (partial(spec.make, most, MAX_TOKENS) for spec in (chosen.native, chosen.other))
        outcome = measure(native, other, chosen.at, chosen.gate, _say)
        print('\n'.join(outcome.table()))
        tell(outcome.to_json())
        sys.stdout.flush()
    return outcome.exit_code


def _count(written: int) -> None:
    if not written % 500:
        _say(f'{written} questions')


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _told(one: Answered) -> dict[str, Any]:
    return {
        'dataset': one.name,
        'asked': len(one.replies),
        'errors': one.errors,
        'accuracy': dict(one.accuracy),
        'average_completion_tokens': one.tokens,
    }
