# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Figures of judged runs whose true progress is known: for programs, and as tables for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from statistics import fmean, median
from typing import Any

from rich.table import Table

from robobrain_ros.evaluation.progress_scores import (
    Curve,
    RunOutcome,
    absolute_error,
    mean_voc,
    opd,
    run_outcome,
    unknown,
    voc,
    walked_back,
)

FUSED = 'fused'
"""The mean of all modes, beside the modes by their names."""


@dataclass(frozen=True)
class Judged:
    """One run, with what was said of it."""

    fault: str
    """How it went wrong; empty: it succeeded."""
    goal: bool
    """Whether there was a picture of the goal."""
    truth: Curve
    """True progress at each look but the first."""
    curves: Mapping[str, Curve]
    """What was said of it, by mode."""
    hops_back: Sequence[float]
    """The hop that led to each look but the last, backwards: what ``progress_runs.judge_back`` returns."""
    milliseconds: Sequence[float]
    """Each step took."""


def figures(found: Sequence[Judged]) -> dict[str, Any]:
    """Return what JSON can hold: shares and progress in 0 .. 1, correlations in -1 .. 1, None where nothing is known.

    ``voc_plus`` and ``voc_minus`` are of runs that succeed, since only there more time is more progress.
    ``outcome_right`` compares outcomes by the judged curve and by the true one; ``false_success`` is the share of runs
    called a success among those that are none. ``opd`` says what the robot did, by the judged and by the true curve.

    :param found: one run or more
    """
    modes = list(dict.fromkeys(mode for run in found for mode in run.curves))
    fused = [run.curves[FUSED] for run in found]
    return {
        'runs': len(found),
        'modes': {mode: _figures(mode, [run for run in found if mode in run.curves]) for mode in modes},
        'with_goal_image': _part([run for run in found if run.goal]),
        'without_goal_image': _part([run for run in found if not run.goal]),
        'faults': {
            fault or 'none': _part([run for run in found if run.fault == fault])
            for fault in sorted({run.fault for run in found})
        },
        'invalid': unknown([curve for run in found for mode, curve in run.curves.items() if mode != FUSED]),
        'median_step_ms': median(took for run in found for took in run.milliseconds),
        'opd': {'judged': opd(fused), 'true': opd([run.truth for run in found])},
    }


def _figures(mode: str, found: Sequence[Judged]) -> dict[str, Any]:
    good = [run for run in found if not run.fault]
    pairs = [(run_outcome(run.curves[mode]), run_outcome(run.truth)) for run in found]
    others = [said for said, true in pairs if true is not RunOutcome.SUCCESS]
    errors = [absolute_error(run.curves[mode], run.truth) for run in found]
    known = [error for error in errors if not isnan(error)]
    back = mean_voc([voc(walked_back(run.hops_back)) for run in good]) if mode == 'incremental' else None
    return {
        'runs': len(found),
        'voc_plus': mean_voc([voc(run.curves[mode]) for run in good]) if good else None,
        'voc_minus': back,
        'outcome_right': fmean(said is true for said, true in pairs) if pairs else None,
        'false_success': fmean(said is RunOutcome.SUCCESS for said in others) if others else None,
        'mean_absolute_error': fmean(known) if known else None,
    }


def _part(found: Sequence[Judged]) -> dict[str, Any]:
    return _figures(FUSED, found)


def tables(known: Mapping[str, Any]) -> list[Table | str]:
    """Return the figures for a terminal, 80 columns wide or less."""
    names = {'with_goal_image': 'fused, with goal image', 'without_goal_image': 'fused, without'}
    rows = {**known['modes'], **{words: known[name] for name, words in names.items() if known[name]['runs']}}
    modes = _table('judged by', rows, ('runs', 'VOC+', 'VOC-', 'outcome', 'false success', 'error'))
    faults = _table('how it went wrong', known['faults'], ('runs', 'outcome', 'false success', 'error'))
    robot = _table('the robot, by', known['opd'], tuple(known['opd']['true']))
    answers = f'Answers without a score: {100 * known["invalid"]:.1f} %. A step took {known["median_step_ms"]:.0f} ms.'
    return [modes, answers, '', faults, '', robot]


_KEYS = {
    'VOC+': 'voc_plus',
    'VOC-': 'voc_minus',
    'outcome': 'outcome_right',
    'false success': 'false_success',
    'error': 'mean_absolute_error',
}
_PERCENT = ('outcome', 'false success', 'M25', 'M50', 'M75', 'SR', 'STR')


def _table(title: str, rows: Mapping[str, Mapping[str, Any]], columns: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column(title)
    for column in columns:
        table.add_column(column, justify='right')
    for name, row in rows.items():
        table.add_row(name, *(_cell(column, row[_KEYS.get(column, column)]) for column in columns))
    return table


def _cell(column: str, value: float | None) -> str:
    if value is None:
        return '-'
    if isinstance(value, int):
        return str(value)
    return f'{100 * value:.1f} %' if column in _PERCENT else f'{value:.3f}'
