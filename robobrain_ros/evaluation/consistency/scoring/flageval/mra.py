# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Numeric answers: the number that FlagEvalMM reads from an answer, and how near it is to the right one."""

import re

import numpy as np

from robobrain_ros.evaluation.consistency.scoring.flageval.extraction import normalized
from robobrain_ros.evaluation.consistency.scoring.word_numbers import in_words

_NUMBER = re.compile(r'\d+\.\d+|\d+')
_TOLERANCES = 1 - np.linspace(0.5, 0.95, 10)
"""Relative errors that are allowed, 0.5 down to 0.05; the floats are FlagEvalMM's, so that borders fall alike."""


def written_number(text: str) -> str:
    """Return the number of an answer as FlagEvalMM takes it from the text: the first one behind its keyword.

    A sign is not read, nor a comma between thousands: "-1,500" gives "1". Without digits, the first word counts, which
    may be "three".

    :returns: digits, or a number that was in words; a word that is no number comes back as it is
    """
    text = normalized(text)
    found = _NUMBER.search(text)
    word = found.group() if found else text.split(' ')[0].rstrip('.').strip()
    try:
        return str(in_words(word))
    except (ValueError, OverflowError):
        return word


def as_number(text: str) -> float | None:
    """Return the number that a text is as a whole, or None."""
    try:
        return float(text)
    except ValueError:
        return None


def mean_relative_accuracy(found: float | None, right: float | None) -> float:
    """Return the share of ten tolerances, 50 % .. 5 % of the right number, within which a number lies.

    VSI-Bench's measure. The error is relative to the size of ``right``; where that is 0, only 0 is right.

    :returns: 0 .. 1; 0 where either number is missing
    """
    if found is None or right is None:
        return 0.0
    if right == 0:
        return float(found == 0)
    return float((abs(found - right) / abs(right) <= _TOLERANCES).mean())
