# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A comparison as a picture: the difference on each set with its interval, and the flips beside the noise."""

import warnings
from pathlib import Path

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.report.findings import Report, one_line
from robobrain_ros.evaluation.consistency.statistics.verdicts import CONSISTENT, DIFFERENT, NOT_ENOUGH

COLOURS = {CONSISTENT: '#1b7837', DIFFERENT: '#c51b1b', NOT_ENOUGH: '#8a6d00'}
MARKS = {CONSISTENT: 'o', DIFFERENT: 's', NOT_ENOUGH: 'D'}
LONGEST_NAME = 40
"""Characters of a name; longer ones are cut."""


def plot(report: Report, file: Path) -> None:
    """Draw each set's difference with its 90 % interval within the margin's band, and its flips.

    :param file: its ending says the format, such as .png
    :raises BadRequest: if the file cannot be written
    """
    from matplotlib.figure import Figure  # no pyplot: it would look for a display

    rows = list(range(len(report.sets)))
    figure = Figure((10, 1.9 + 0.36 * len(rows)), layout='constrained')
    figure.suptitle(f'{_name(report.b.name)} against {_name(report.a.name)}: {report.word}', parse_math=False)
    left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
    left.axvspan(-report.margin, report.margin, color='0.93', label=f'margin, {report.margin:g} points')
    left.axvline(0, color='0.6', linewidth=1)
    for word, colour in COLOURS.items():
        mine = [(row, one) for row, one in zip(rows, report.sets, strict=True) if one.verdict.word == word]
        if not mine:
            continue
        middles = [-100 * one.verdict.difference for _, one in mine]
        ends = [one.interval for _, one in mine]
        reach = [[m - low for m, (low, _) in zip(middles, ends, strict=True)],
                 [high - m for m, (_, high) in zip(middles, ends, strict=True)]]  # fmt: skip
        left.errorbar(
            middles, [row for row, _ in mine], xerr=reach, fmt=MARKS[word], color=colour, capsize=3, label=word
        )
    widest = max([2 * report.margin, *(abs(end) * 1.1 for one in report.sets for end in one.interval)])
    left.set(xlim=(-widest, widest), xlabel='B - A, points, 90 % interval', yticks=rows)
    left.set_yticklabels([f'{_name(one.dataset)} ({one.asked})' for one in report.sets], parse_math=False)
    left.set_ylim(len(rows) - 0.5, -0.5)
    left.grid(axis='x', alpha=0.3)
    right.barh(rows, [100 * one.pairs.flip_rate for one in report.sets], 0.6, color='#7fa7c9', label='A and B')
    noise = [(row, 100 * one.again.right_flips / one.again.count) for row, one in zip(rows, report.sets, strict=True)
             if one.again]  # fmt: skip
    if noise:
        right.barh([row for row, _ in noise], [share for _, share in noise], 0.25, color='0.25', label='two runs of A')
    right.set(xlabel='flips, % of the questions')
    right.set_xlim(0, max(1.0, right.get_xlim()[1]))
    right.grid(axis='x', alpha=0.3)
    figure.legend(loc='outside lower center', ncols=6, fontsize='small')
    try:
        with warnings.catch_warnings(action='ignore', category=UserWarning):  # of letters that the font does not have
            figure.savefig(file, dpi=100)
    except OSError as error:
        raise BadRequest(f"cannot write '{file}': {error.strerror}") from error


def _name(name: str) -> str:
    """Shorten a name to what a picture has room for."""
    name = one_line(name)
    return name if len(name) <= LONGEST_NAME else f'{name[: LONGEST_NAME - 3]}...'
