# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A comparison for readers: tables in a terminal, and ``table.md`` in the form of the release's model card."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from rich.table import Table
from rich.text import Text

from robobrain_ros.evaluation.consistency.report.findings import Report, SetReport, one_line
from robobrain_ros.evaluation.consistency.statistics.verdicts import CONSISTENT

COLUMNS = ('set', 'asked', 'A %', 'B %', 'B - A', '90 % interval', 'flips %', 'verdict', 'p', 'power %')
NOISE_COLUMNS = ('set', 'same text %', 'differs at', 'read else %', 'errors', 'p of noise', 'tokens')

DIFFER = (
    'How the answers differ, whatever they are worth: those with the same text; the place of the first word that '
    'differs, from 0, in the median; those from which something else was read; lost ones of A and B.'
)
AGAIN = 'After a slash: two runs of A. p of noise: of B differing from A no more often than the second run of A does.'
ONCE = 'A was run once, so how much of this is noise is not known.'


def table(report: Report) -> Table:
    """Return a row for each set, for a terminal of 80 columns; ``table.md`` has more: p, and the power.

    Differences and intervals are in points, flips in percent of the questions.
    """
    return _for_terminal(COLUMNS[:-2], map(_row, report.sets))


def noise_table(report: Report) -> Table:
    """Return how the answers themselves differ, for a terminal of 80 columns; after a slash, two runs of A.

    Answers with the same text; the place of the first word that differs, from 0, in the median; answers from which
    something else was read; answers that A and B lost; p of B differing from A no more than A's second run does.
    ``table.md`` has one column more, the mean tokens of A and B.
    """
    return _for_terminal(NOISE_COLUMNS[:-1], map(_noise_row, report.sets))


def markdown(report: Report) -> str:
    """Return ``table.md``: accuracies as a model card shows them, then what they prove."""
    a, b = report.a.name, report.b.name
    card = [('Metrics', a, b), *((one.dataset, f'{one.base_acc:.3f}', f'{one.accuracy:.3f}') for one in report.sets)]
    rules = ', '.join(dict.fromkeys(one.rule for one in report.sets))
    lines = [
        *_lines(card),
        '',
        f'**{report.sentence}**',
        '',
        f'A is {a}, B is {b}; scoring: {rules}. B - A and its 90 % interval are in points. Flips: questions that only '
        'one of the two answered right. p is corrected for the number of sets (Holm). Power: how probable it was to '
        f'find a difference of the margin, {report.margin:g} points, if no questions share an image.',
        '',
        *_lines([COLUMNS, *map(_row, report.sets)]),
        '',
        f'{DIFFER} Tokens: the mean of A and of B. {AGAIN if report.again else ONCE}',
        '',
        *_lines([NOISE_COLUMNS, *map(_noise_row, report.sets)]),
    ]
    lines += ['', *(f'- {one.dataset}: {_remark(one)}' for one in report.sets)]
    lines += [f'- {line}' for line in remarks(report)]
    return '\n'.join(map(one_line, lines)) + '\n'


def remarks(report: Report) -> tuple[str, ...]:
    """Return sentences about sets that were not compared, not asked alike, not asked twice, or too hard to tell."""
    return (
        *(f'{name}: not compared, as {why}.' for name, why in report.missing.items()),
        *(
            f'{name}: A and B were asked differently, {how}. Their difference may be due to that.'
            for name, how in report.asked_differently.items()
        ),
        *(
            f'{one.dataset}: the second run of A has no answers to it, so how much is noise is not known.'
            for one in report.sets
            if report.again and not one.again
        ),
        *(
            f'{one.dataset}: both stacks are right in less than {report.margin:g} % of it, so that neither can be '
            f'{report.margin:g} points below the other. Look at their texts: these accuracies show nothing.'
            for one in report.sets
            if max(one.base_acc, one.accuracy) < report.margin
        ),
    )


def _for_terminal(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    for name in columns:
        side: Literal['left', 'right'] = 'left' if name in ('set', 'verdict') else 'right'
        made.add_column(
            name, justify=side, overflow='fold', max_width=10 if name == 'verdict' else None, no_wrap='interval' in name
        )
    for row in rows:
        made.add_row(*map(Text, row[: len(columns)]))
    return made


def _row(one: SetReport) -> tuple[str, ...]:
    low, high = one.interval
    return (
        one.dataset,
        str(one.asked),
        f'{one.base_acc:.1f}',
        f'{one.accuracy:.1f}',
        f'{-100 * one.verdict.difference + 0.0:+.1f}',
        f'{low:+.1f} .. {high:+.1f}',
        f'{100 * one.pairs.flip_rate:.1f}',
        one.verdict.word,
        f'{one.verdict.p:.2g}',
        f'{100 * one.power:.0f}',
    )


def _noise_row(one: SetReport) -> tuple[str, ...]:
    runs = [one.noise, *([one.again] if one.again else [])]
    firsts = ('-' if run.first_difference is None else f'{run.first_difference:g}' for run in runs)
    errors, tokens = one.noise.errors, one.noise.completion_tokens
    return (
        one.dataset,
        ' / '.join(f'{100 * run.same_text_rate:.1f}' for run in runs),
        ' / '.join(firsts),
        ' / '.join(f'{100 * run.extracted_flips / run.count:.1f}' for run in runs),
        f'{errors[0]}, {errors[1]}',
        '-' if one.beyond_noise is None else f'{one.beyond_noise:.2g}',
        f'{tokens[0]:.1f}, {tokens[1]:.1f}',
    )


def _remark(one: SetReport) -> str:
    """What the table's row does not say."""
    words = [one.verdict.sentence]
    if one.asked < one.known:
        words.append(f'{one.asked} of its {one.known} questions were asked.')
    if one.asked < one.needed and not one.verdict.needed and one.verdict.word != CONSISTENT:
        words.append(f'Equal stacks with so many flips need {one.needed} questions to be found consistent.')
    if one.again and one.again.count < one.asked:
        words.append(f'The second run of A was asked {one.again.count} of them: noise is that of these.')
    if any(one.noise.errors):
        words.append(f'Without an answer, and so wrong: {one.noise.errors[0]} of A, {one.noise.errors[1]} of B.')
    return ' '.join(words)


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Lay rows out as a Markdown table; the first one is its heading."""
    for index, cells in enumerate(rows):
        yield f'| {" | ".join(cell.replace("|", chr(92) + "|") for cell in cells)} |'
        if not index:
            yield f'|{" --- |" * len(cells)}'
