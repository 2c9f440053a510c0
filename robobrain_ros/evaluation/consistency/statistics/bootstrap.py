# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Differences of means that are no mere right and wrong: the paired bootstrap, by image and by part of the set.

What is resampled are *units*: all questions that share an image or a scene, together, or else single questions. A set
whose parts are weighted (cv_bench) is resampled part by part. SciPy's ``bootstrap`` and ``permutation_test`` know
neither the one nor the other; where there is neither, the intervals are SciPy's up to chance.

Sources: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapters 8, 13 and 14; DiCiccio and Efron,
"Bootstrap Confidence Intervals" (Statistical Science 11, 1996), equation 6.6 for the acceleration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from robobrain_ros.errors import BadRequest

Values = Sequence[float] | NDArray[np.float64]
"""Scores, one a question."""

RESAMPLES = 10_000
TAILS = (0.05, 0.95)
"""Ends of the interval without any correction, quantiles."""
_AT_ONCE = 4_000_000
"""Numbers that are drawn at a time: 32 MB."""


@dataclass(frozen=True)
class Interval:
    """A difference of means, A minus B, and where the true one is."""

    estimate: float
    low: float
    """Ends of the 90 % interval, corrected for bias and skewness (BCa)."""
    high: float
    count: int
    """Questions that were compared."""
    units: int
    """What was resampled: images, scenes or single questions. Below some 20, no bootstrap interval is reliable."""


def mean_difference(
    a: Values,
    b: Values,
    groups: Sequence[str] = (),
    strata: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Interval:
    """Return the difference of two stacks' mean scores, and its bootstrap interval. Takes about a second at most.

    :param a: A's score of each question, 0 .. 1
    :param b: B's, of the same questions in the same order
    :param groups: of each question, the image or scene that it shares with others; empty for none
    :param strata: of each question, the part of the set that it belongs to; only with ``weights``
    :param weights: of each part, how much its mean counts; they are divided by their sum
    :param seed: the same gives the same interval
    :param resamples: how many
    :returns: estimate and interval
    :raises BadRequest: for lists of different lengths, scores that are no numbers, parts without questions or weight,
        or an image that is in two parts
    """
    parts, dice = _parts(a, b, groups, strata, weights), np.random.default_rng(seed)
    drawn = sum(part.weight * part.resampled(dice, resamples) for part in parts)
    estimate = sum(part.weight * part.mean for part in parts)
    influence = np.concatenate([part.weight * part.influence for part in parts])
    low, high = np.quantile(drawn, _corrected(np.asarray(drawn), estimate, influence))
    return Interval(float(estimate), float(low), float(high), len(a), len(influence))


def swap_p(
    a: Values,
    b: Values,
    groups: Sequence[str] = (),
    strata: Sequence[str] = (),
    weights: Mapping[str, float] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> float:
    """Return the p-value of a difference of means, two-sided, by swapping the stacks of each unit at random.

    If both stacks are equal, it does not matter which one is called A. For single questions that are right or wrong
    this is McNemar's exact test, up to chance. Parameters and errors are those of ``mean_difference``.

    :returns: 1 / (resamples + 1) .. 1
    """
    dice = np.random.default_rng(seed)
    parts = _parts(a, b, groups, strata, weights)
    shares = np.concatenate([part.weight * part.sums / part.sizes.sum() for part in parts])
    seen = abs(shares.sum()) - 1e-9 * np.abs(shares).sum()  # sums that are equal but for rounding count
    beyond = 0
    for rows in _portions(resamples, len(shares)):
        beyond += int(np.count_nonzero(np.abs(dice.choice((-1.0, 1.0), (rows, len(shares))) @ shares) >= seen))
    return (beyond + 1) / (resamples + 1)


@dataclass(frozen=True)
class _Part:
    """The units of one part of a set: of each, the sum of its differences and the number of its questions."""

    weight: float
    sums: NDArray[np.float64]
    sizes: NDArray[np.float64]

    @property
    def mean(self) -> float:
        return float(self.sums.sum() / self.sizes.sum())

    @property
    def influence(self) -> NDArray[np.float64]:
        """How much each unit moves the mean."""
        moved: NDArray[np.float64] = (self.sums - self.mean * self.sizes) / self.sizes.sum()
        return moved

    def resampled(self, dice: np.random.Generator, resamples: int) -> NDArray[np.float64]:
        """Means of as many units, drawn again and again."""
        means = []
        for rows in _portions(resamples, len(self.sums)):
            units = dice.integers(0, len(self.sums), (rows, len(self.sums)))
            means.append(self.sums[units].sum(1) / self.sizes[units].sum(1))
        return np.concatenate(means)


def _parts(
    a: Values,
    b: Values,
    groups: Sequence[str],
    strata: Sequence[str],
    weights: Mapping[str, float] | None,
) -> list[_Part]:
    """The parts of a set with their weights; a set without weights is one part."""
    lengths = [len(a), len(b), *(len(names) for names in (groups, strata) if names)]
    if len(set(lengths)) > 1 or not len(a):
        raise BadRequest(f'{lengths} scores, groups and strata: there must be as many of each, and 1 at least')
    if weights is not None and not strata:
        raise BadRequest(f'weights of {sorted(weights)} need the stratum of each question')
    differences = np.asarray(a, float) - np.asarray(b, float)
    if not np.isfinite(differences).all():
        place = int(np.flatnonzero(~np.isfinite(differences))[0])
        raise BadRequest(f'the scores {a[place]} and {b[place]} of question {place} are not both numbers from 0 to 1')
    part_of = list(strata) if weights is not None else [''] * len(a)
    if weights is None:
        weights = {'': 1.0}
    if set(part_of) != set(weights) or min(weights.values()) <= 0:
        raise BadRequest(
            f'weights {dict(weights)} are not those of parts {sorted(set(part_of))}: each needs one above 0'
        )
    units: dict[tuple[str, object], list[float]] = {}
    home: dict[str, str] = {}
    for place, part in enumerate(part_of):
        group = groups[place] if groups else ''
        if group and home.setdefault(group, part) != part:
            raise BadRequest(f'group {group!r} is in the parts {home[group]!r} and {part!r}; it can be in one only')
        units.setdefault((part, group or place), []).append(float(differences[place]))
    total = sum(weights.values())
    found = []
    for name, weight in weights.items():
        mine = [values for (part, _), values in units.items() if part == name]
        sums, sizes = [sum(values) for values in mine], [len(values) for values in mine]
        found.append(_Part(weight / total, np.array(sums, float), np.array(sizes, float)))
    return found


def _corrected(drawn: NDArray[np.float64], estimate: float, influence: NDArray[np.float64]) -> tuple[float, float]:
    """The quantiles that BCa takes for those of the percentile interval."""
    spread = float((influence**2).sum())
    if spread < 1e-24:  # no unit differs from another
        return TAILS
    normal = NormalDist()
    below = float(((drawn < estimate - 1e-12).mean() + (drawn <= estimate + 1e-12).mean()) / 2)
    bias = normal.inv_cdf(min(max(below, 0.5 / len(drawn)), 1 - 0.5 / len(drawn)))
    acceleration = float((influence**3).sum()) / (6 * spread**1.5)
    low, high = (bias + normal.inv_cdf(tail) for tail in TAILS)
    low, high = (normal.cdf(bias + z / max(1 - acceleration * z, 1e-6)) for z in (low, high))
    return low, high


def _portions(resamples: int, width: int) -> list[int]:
    """Row counts that sum up to the resamples, each small enough to be drawn at once."""
    if resamples < 1:
        raise BadRequest(f'{resamples} resamples are too few: 10000 are usual')
    rows = max(1, min(resamples, _AT_ONCE // width))
    return [rows] * (resamples // rows) + ([resamples % rows] if resamples % rows else [])
