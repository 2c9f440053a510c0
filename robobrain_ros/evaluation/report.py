# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The figures of ``robobrain evaluate``: as a table in a terminal, as Markdown in a model card, and for programs."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from rich.table import Table

BEGIN, END = '<!-- evaluation: begin -->', '<!-- evaluation: end -->'
"""Around the table in a model card."""
COLUMNS = ('task', 'asked for', 'questions', 'right', 'more', 'median ms')
LANGUAGES = ('Chinese',)
"""Novelties that begin with one of these are questions in that language."""

Found = Mapping[tuple[str, str, str], Sequence[Mapping[str, float]]]
"""(novelty, task, kind) to the scores of each question."""


def markdown(found: Found) -> str:
    """Return Markdown: a row for each novelty, task and kind, then the share of things that were falsely not found.

    That share is of what was asked in English, as are the sums of ``for_programs``.
    """
    lines = [f'| {" | ".join(cells)} |' for cells in (COLUMNS, ['---'] * len(COLUMNS), *_rows(found))]
    return '\n'.join([*lines, '', _missed(found)])


def table(found: Found) -> Table:
    """Return the rows of ``markdown`` for a terminal, 80 columns wide or less."""
    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, caption=_missed(found), caption_justify='left')
    for name in ('task', 'asked for', 'new', 'asked', 'right', 'more', 'median ms'):
        made.add_column(name, justify='right' if name in ('asked', 'right', 'median ms') else 'left')
    for (novel, task, kind), cells in zip(sorted(found), _rows(found), strict=True):
        made.add_row(task, kind, novel, *cells[2:])
    return made


def for_programs(found: Found) -> dict[str, Any]:
    """Return what JSON can hold: shares in 0 .. 1, distances and times in the unit that the key says.

    ``rows`` has an object for each novelty, task and kind; a figure that nothing is known about is None.
    """
    rows = [
        {
            'task': task,
            'kind': kind,
            'novel': novel,
            'questions': len(scores),
            'right': _mean(scores, 'right'),
            'within_2_percent': _mean(scores, 'within 2 %'),
            'iou': _mean(scores, 'IoU'),
            'end_depth_error_cm': _median(scores, 'end depth error cm'),
            'median_ms': _median(scores, 'ms'),
        }
        for (novel, task, kind), scores in sorted(found.items())
    ]
    every = _english(found)
    return {
        'rows': rows,
        'questions': len(every),
        'right': _mean(every, 'right'),
        'falsely_not_found': _mean(every, 'falsely not found'),
    }


def _rows(found: Found) -> Iterator[tuple[str, ...]]:
    for (novel, task, kind), scores in sorted(found.items()):
        more = [f'{name} {_percent(_mean(scores, name))}' for name in ('within 2 %', 'IoU') if name in scores[0]]
        depth = _median(scores, 'end depth error cm')
        more += [f'end depth error {depth:.1f} cm'] if depth is not None else []
        asked = f'{kind} ({novel if novel in LANGUAGES else f"new {novel}"})' if novel else kind
        took = _median(scores, 'ms') or 0.0
        yield task, asked, str(len(scores)), _percent(_mean(scores, 'right')), ', '.join(more), f'{took:.1f}'


def _missed(found: Found) -> str:
    every = _english(found)
    count = sum('falsely not found' in one for one in every)
    return f'Falsely "not visible": {_percent(_mean(every, "falsely not found"))} of {count}.'


def _english(found: Found) -> list[Mapping[str, float]]:
    return [one for (novel, _, _), scores in found.items() for one in scores if not novel.startswith(LANGUAGES)]


def _values(scores: Sequence[Mapping[str, float]], name: str) -> list[float]:
    return [one[name] for one in scores if name in one and not np.isnan(one[name])]


def _mean(scores: Sequence[Mapping[str, float]], name: str) -> float | None:
    values = _values(scores, name)
    return float(np.mean(values)) if values else None


def _median(scores: Sequence[Mapping[str, float]], name: str) -> float | None:
    values = _values(scores, name)
    return float(np.median(values)) if values else None


def _percent(share: float | None) -> str:
    return '-' if share is None else f'{100 * share:.1f} %'
