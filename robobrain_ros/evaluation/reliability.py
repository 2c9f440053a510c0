# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Whether an answer's confidence and covariance hold: figures by task, and a reliability plot."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.table import Table

from robobrain_ros.evaluation.fitting import IMAGE_REGION, SPACE_REGION
from robobrain_ros.evaluation.quantiles import chi_square, wilson
from robobrain_ros.evaluation.samples import TASKS, Sample

COLUMNS = ('task', 'places', 'said', 'right', 'in image region', 'in space region')
BINS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0)
"""Edges of the intervals of confidence; they are narrow where most confidences lie."""
LEVELS = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99])
"""Sizes of the regions in the plot: the part of a normal distribution that each holds."""


class Bin(NamedTuple):
    """The places whose confidence lies in one interval."""

    places: int
    said: float
    """Their mean confidence."""
    right: float
    """Which part of them is right, 0 .. 1."""
    low: float
    """The 95 % interval of ``right`` (Wilson 1927)."""
    high: float


def figures(found: Sequence[Sample]) -> dict[str, dict[str, Any]]:
    """Return shares by task, and of all, as JSON can hold them; None where nothing is known.

    ``said``: the mean confidence. ``right``: which part is right. ``in_image_region``, ``in_space_region``: which part
    of the true places lies in the region that holds 90 % of a normal distribution with the stated spread or covariance.
    ``calibration_error``: the expected calibration error (ECE) over the intervals ``BINS``.
    """
    groups = {task: [one for one in found if one.task == task] for task in TASKS}
    return {name: _figures(group) for name, group in [*groups.items(), ('all', list(found))] if group}


def rows(found: Sequence[Sample]) -> list[tuple[str, ...]]:
    """Return the cells of a table with ``COLUMNS``, a row for each task and one for all."""
    names = ('said', 'right', 'in_image_region', 'in_space_region')
    return [
        (task, str(known['places']), *(_percent(known[name]) for name in names))
        for task, known in figures(found).items()
    ]


def table(found: Sequence[Sample]) -> Table:
    """Return ``rows`` for a terminal."""
    made = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, title='Confidence and 90 % regions')
    for name in COLUMNS:
        made.add_column(name, justify='left' if name == 'task' else 'right')
    for cells in rows(found):
        made.add_row(*cells)
    return made


def markdown(found: Sequence[Sample]) -> str:
    """Return ``rows`` for a model card; a sentence where no answer told how sure it was."""
    if not found:
        return 'No answer told how sure it was.'
    lines = [f'| {" | ".join(cells)} |' for cells in (COLUMNS, ['---'] * len(COLUMNS), *rows(found))]
    return '\n'.join(lines)


def bins(found: Sequence[Sample]) -> list[Bin]:
    """Return the intervals of confidence that have samples, lowest first."""
    judged = [one for one in found if one.confidence is not None]
    said, right = np.array([one.confidence for one in judged]), np.array([one.right for one in judged], float)
    made = []
    for low, high in pairwise(BINS):
        inside = (said >= low) & ((said < high) | (high == BINS[-1]))
        if count := int(inside.sum()):
            share = float(right[inside].mean())
            made.append(Bin(count, float(said[inside].mean()), share, *wilson(share, count)))
    return made


def plot(found: Sequence[Sample], file: Path, title: str) -> None:
    """Draw a reliability plot: accuracy by confidence, and the coverage of regions by their size.

    :param file: its ending says the format, such as .png
    :raises OSError: if the file cannot be written
    """
    from matplotlib.figure import Figure  # no pyplot: it would look for a display

    figure = Figure((10, 5), layout='constrained')
    figure.suptitle(title)
    left, right = figure.subplots(1, 2)
    for axes, label, truth in ((left, 'confidence', 'right'), (right, 'size of the region', 'true places inside')):
        axes.plot([0, 1], [0, 1], color='0.7', linestyle='--', label='perfect')
        axes.set(xlabel=label, ylabel=truth, xlim=(0, 1), ylim=(0, 1.02), aspect='equal')
        axes.grid(alpha=0.3)
    known = bins(found)
    said, share = [one.said for one in known], [one.right for one in known]
    error = [[one.right - one.low for one in known], [one.high - one.right for one in known]]
    left.errorbar(said, share, yerr=error, marker='o', capsize=3, label='measured, 95 % interval')
    for one in known:
        left.annotate(str(one.places), (one.said, one.right), (4, -12), textcoords='offset points', fontsize=8)
    for name, squares, dimensions in (('in the image', _image(found), 2), ('in space', _space(found), 3)):
        if len(squares):
            limits = [chi_square(level, dimensions) for level in LEVELS]
            right.plot(LEVELS, [float(np.mean(squares < limit)) for limit in limits], marker='o', label=name)
    left.legend(loc='upper left')
    right.legend(loc='upper left')
    figure.savefig(file, dpi=100)


def _figures(found: Sequence[Sample]) -> dict[str, Any]:
    judged, image, space = [one for one in found if one.confidence is not None], _image(found), _space(found)
    apart = sum(one.places * abs(one.said - one.right) for one in bins(found))
    return {
        'places': len(judged),
        'said': _mean([one.confidence or 0.0 for one in judged]),
        'right': _mean([one.right for one in judged]),
        'calibration_error': apart / len(judged) if judged else None,
        'in_image_region': _mean(image < IMAGE_REGION),
        'in_space_region': _mean(space < SPACE_REGION),
    }


def _image(found: Sequence[Sample]) -> np.ndarray:
    """Squared distances from the true pixels, in standard deviations."""
    placed = [one for one in found if one.offset]
    parts = [sum((away / sd) ** 2 for away, sd in zip(one.offset or (), one.spread, strict=True)) for one in placed]
    return np.array(parts)


def _space(found: Sequence[Sample]) -> np.ndarray:
    return np.array([one.distance_squared for one in found if one.distance_squared is not None])


def _mean(values: Sequence[float] | np.ndarray) -> float | None:
    return float(np.mean(values)) if len(values) else None


def _percent(share: float | None) -> str:
    return '-' if share is None else f'{100 * share:.1f} %'
