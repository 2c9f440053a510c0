# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""From scores to progress: the formulas of Robo-Dopamine (arXiv 2512.23703), each named by its equation.

Progress is a fraction of the task, 0 (its start) to 1 (done). What is not known is NaN, never 0: a formula gives NaN
where it needs such a value.
"""

from collections.abc import Iterable
from math import exp, fsum, isnan, nan

ALPHA = 20.0
"""How quickly trust falls when forward and backward disagree: the published value (table 9)."""
EPSILON = 1e-6
"""Keeps the relative difference of two zeros finite."""


def hop(before: float, after: float) -> float:
    """How much closer to the end a step came: the score that the model is trained to give (equation 2).

    A step forward is measured by what was left, a step back by what had been reached.

    :param before: progress before the step, 0 .. 1 or NaN
    :param after: progress behind it, likewise
    :returns: -1 (back at the start) .. 1 (done)
    :raises ValueError: for what is not a progress
    """
    _check(before, after)
    if before == after:
        return 0.0
    return (after - before) / (1 - before if after > before else before)


def after_hop(progress: float, hop: float) -> float:
    """Progress behind a step, from the progress before it and the step's hop (equations 4 and 5); undoes ``hop``.

    :param progress: 0 .. 1 or NaN
    :param hop: -1 .. 1 or NaN, beyond that it is clipped
    :raises ValueError: for what is not a progress
    """
    _check(progress)
    return _clipped(progress + (1 - progress if hop >= 0 else progress) * hop)


def from_forward(score: float) -> float:
    """Progress, from a comparison with the start (equation 6). Less than the start there is not: clipped to 0 .. 1."""
    return _clipped(score)


def from_backward(score: float) -> float:
    """Progress, from a comparison with the goal, where scores are 0 or negative (equation 7); clipped to 0 .. 1."""
    return _clipped(1 + score)


def fused(values: Iterable[float]) -> float:
    """One progress from those of several modes: the plain mean of what is known (equation 8); their order is no matter.

    :param values: progress by mode, NaN where a mode has none
    :returns: 0 .. 1, or NaN if none is known
    """
    known = [value for value in values if not isnan(value)]
    return _clipped(fsum(known) / len(known)) if known else nan


def consistency(forward: float, backward: float) -> float:
    """How far forward and backward progress can be trusted, by how well they agree (equations 9 and 10).

    Without a goal image the backward progress is NaN, and so is this.

    :returns: 0 (they contradict each other) .. 1 (they agree)
    """
    _check(forward, backward)
    difference = abs(backward - forward) / ((forward + backward) / 2 + EPSILON)
    return exp(-ALPHA * difference**2)


def consistent(previous: float, forward: float, backward: float, hop: float) -> float:
    """Progress that moves only as far as forward and backward agree (equation 11); keeps the old one if they do not.

    :param previous: this value at the step before, 0 at the start
    :param forward: progress by comparison with the start
    :param backward: progress by comparison with the goal
    :param hop: score of the comparison with the step before
    :returns: 0 .. 1, or NaN if any of them is
    """
    mean = (forward + backward) / 2
    moved = after_hop(previous, hop) - previous
    return _clipped(previous + consistency(forward, backward) / 2 * (mean - previous + moved))


def _check(*values: float) -> None:
    for value in values:
        if not (isnan(value) or 0 <= value <= 1):
            raise ValueError(f'a progress is 0 .. 1, or NaN where it is unknown; not {value}')


def _clipped(value: float) -> float:
    """Clip a number to 0 .. 1; NaN remains NaN."""
    return value if isnan(value) else min(max(value, 0.0), 1.0)
