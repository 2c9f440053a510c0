# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How good a judge of progress is: figures of the curves that it gave for whole runs of a robot.

A curve is the progress at each sampled frame of a run but the first, which is 0 by definition. What is unknown is NaN
there; figures leave it out, and the share of it is a figure of its own.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from itertools import accumulate
from math import isnan, nan
from statistics import fmean

from robobrain_ros.brain.progress_values import after_hop
from robobrain_ros.evaluation.ranks import spearman

Curve = Sequence[float]

MILESTONES: Mapping[str, float] = {'M25': 0.25, 'M50': 0.5, 'M75': 0.75, 'SR': 1.0}
"""Progress that a run has to reach at any time, by the name of the share of runs that do."""
STANDSTILL = 0.005
"""A step that moves less than this has stood still."""


class RunOutcome(str, Enum):
    """What became of a whole run, by its curve."""

    SUCCESS = 'SE'
    PARTIAL = 'PSE'
    FAILURE = 'FE'


def voc(curve: Curve) -> float:
    """Value-order correlation: how well progress grows with time, Spearman's correlation of the two.

    Known as VOC+ of a run as it was, and as VOC- of the curve that ``walked_back`` gives.

    :returns: -1 .. 1; NaN with fewer than two known values, and for a curve that does not move
    """
    known = [(time, value) for time, value in enumerate(curve) if not isnan(value)]
    return spearman([time for time, _ in known], [value for _, value in known])


def mean_voc(found: Sequence[float]) -> float:
    """Return the mean of ``voc`` over runs; a run that has none counts 0, as in the published evaluation."""
    return fmean(0.0 if isnan(one) else one for one in found) if found else nan


def walked(hops: Sequence[float]) -> list[float]:
    """Return the curve that hops lead along from 0; a hop that is unknown gives an unknown value and moves nothing."""
    return _walk(0.0, hops)


def walked_back(hops: Sequence[float]) -> list[float]:
    """Return the curve of a run that was judged backwards: each hop led from a frame to the frame before it.

    The walk starts with 1 at the last frame. A good judge's values grow with time here, too, and so differ from those
    of one that calls whatever comes second an improvement.

    :param hops: in the order of time: the first led to the first frame of the run
    :returns: values in the order of time, one for each frame but the last
    """
    return _walk(1.0, hops[::-1])[::-1]


def _walk(progress: float, hops: Sequence[float]) -> list[float]:
    curve = []
    for hop in hops:
        progress = progress if isnan(hop) else after_hop(progress, hop)
        curve.append(nan if isnan(hop) else progress)
    return curve


def run_outcome(curve: Curve) -> RunOutcome:
    """Classify a run (arXiv 2512.23703, equation 58).

    Success: it ends above 0.8, and the mean of its last third is above 0.6. Partial: the mean is at least 0.4.
    """
    known = _known(curve)
    if not known:
        return RunOutcome.FAILURE
    if known[-1] > 0.8 and fmean(known[-max(len(known) // 3, 1) :]) > 0.6:
        return RunOutcome.SUCCESS
    return RunOutcome.PARTIAL if fmean(known) >= 0.4 else RunOutcome.FAILURE


def absolute_error(curve: Curve, truth: Curve) -> float:
    """Return the mean absolute difference to the true progress where the curve is known; NaN if it is nowhere."""
    differences = [abs(value - true) for value, true in zip(curve, truth, strict=True) if not isnan(value)]
    return fmean(differences) if differences else nan


def unknown(curves: Sequence[Curve]) -> float:
    """Return the share of values that are unknown, over all runs; NaN where there are no values at all."""
    values = [value for curve in curves for value in curve]
    return fmean(isnan(value) for value in values) if values else nan


def opd(curves: Sequence[Curve]) -> dict[str, float]:
    """Return the figures of PRM-as-a-Judge (arXiv 2603.21669) about the robot, not about its judge; each is 0 .. 1.

    M25, M50, M75, SR: share of runs that ever reach 25, 50, 75, 100 %. MaxP: mean of what they reach at most. PPL: mean
    of the final progress, weighted by how straight the way there was. CRA: mean distance below the highest progress so
    far. STR: share of steps that stand still. A run without a known value counts 0 in each.

    :param curves: of one or more runs
    """
    runs = [_figures(curve) for curve in curves]
    return {name: fmean(run[name] for run in runs) for name in (*MILESTONES, 'MaxP', 'PPL', 'CRA', 'STR')}


def _figures(curve: Curve) -> dict[str, float]:
    known = _known(curve)
    if not known:
        return dict.fromkeys((*MILESTONES, 'MaxP', 'PPL', 'CRA', 'STR'), 0.0)
    steps = [after - before for before, after in zip([0.0, *known], known, strict=False)]
    length = sum(map(abs, steps))
    highest = list(accumulate(known, max))
    return {name: float(highest[-1] >= least) for name, least in MILESTONES.items()} | {
        'MaxP': highest[-1],
        'PPL': known[-1] ** 2 / length if length > 1e-9 else 0.0,
        'CRA': fmean(top - value for top, value in zip(highest, known, strict=True)),
        'STR': fmean(abs(step) < STANDSTILL for step in steps),
    }


def _known(curve: Curve) -> list[float]:
    return [value for value in curve if not isnan(value)]
