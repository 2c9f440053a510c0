# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Spearman's rank correlation. SciPy has it, too, but would be a dependency for this alone."""

from collections.abc import Sequence
from math import nan, sqrt


def spearman(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how well two sequences of numbers agree in their order.

    :param one: numbers, none of them NaN
    :param other: as many
    :returns: -1 (opposite orders) .. 1 (the same order); NaN for fewer than two numbers, and where all are equal
    """
    if len(one) != len(other):
        raise ValueError(f'sequences of {len(one)} and {len(other)} numbers have no order in common')
    pairs = list(zip(ranks(one), ranks(other), strict=True))
    middle = (len(pairs) + 1) / 2
    products = sum((x - middle) * (y - middle) for x, y in pairs)
    squares = sum((x - middle) ** 2 for x, _ in pairs) * sum((y - middle) ** 2 for _, y in pairs)
    return max(-1.0, min(products / sqrt(squares), 1.0)) if squares else nan


def ranks(values: Sequence[float]) -> list[float]:
    """Return the place of each number in their order, from 1; equal numbers share the mean of their places."""
    order = sorted(range(len(values)), key=values.__getitem__)
    found = [0.0] * len(values)
    begin = 0
    while begin < len(order):
        end = begin
        while end < len(order) and values[order[end]] == values[order[begin]]:
            end += 1
        for place in order[begin:end]:
            found[place] = (begin + 1 + end) / 2
        begin = end
    return found
