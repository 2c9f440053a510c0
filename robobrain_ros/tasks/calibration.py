# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The calibration of a model's confidence, measured where the truth is known: ``calibration.json`` beside a checkpoint.

``robobrain evaluate --calibrate`` writes it from simulated scenes (``evaluation/fitting.py``). Without it, confidences
and spreads are those that the probabilities of the digits give.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

CLIP = 1e-4
"""Raw confidences are taken this far from 0 and 1, which have no log-odds."""

_MOST = 1e9
"""Larger coefficients are no calibration, and would make covariances overflow."""


@dataclass(frozen=True)
class Reliability:
    """How raw confidences and deviations of one task become calibrated ones. The defaults change no more than 0 and 1.

    :raises ValueError: for what is no number up to 1e9, or negative where it must not be
    """

    intercept: float = 0.0
    slope: float = 1.0
    """Log-odds of being right = intercept + slope * log-odds of the raw confidence (Platt 1999)."""
    pixel_factor: float = 1.0
    """Multiplies the raw standard deviations of a pixel."""
    pixel_least: float = 0.0
    """Standard deviation that is added to these in quadrature, as a part of the image's width or height."""
    depth_least_m: float = 0.0
    """Standard deviation that is added to that of a depth in quadrature, metres."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST
            if not number or (name != 'intercept' and value < 0):
                least = '' if name == 'intercept' else ' that is not negative'
                raise ValueError(f'{name} is {value!r}, but must be a number{least}, at most {_MOST:g}')

    def confidence(self, raw: float) -> float:
        """Return which part of the places with this raw confidence is right, 0 .. 1."""
        raw = min(max(raw, CLIP), 1 - CLIP)
        odds = self.intercept + self.slope * math.log(raw / (1 - raw))
        return 1 / (1 + math.exp(-min(max(odds, -30.0), 30.0)))

    def pixel_spread(self, raw: float, side: int) -> float:
        """Return the calibrated standard deviation of a pixel's column or row, pixels.

        :param raw: as the digits give it, pixels
        :param side: the image's width or height, pixels
        """
        return math.hypot(self.pixel_factor * raw, self.pixel_least * side)


@dataclass(frozen=True)
class Calibration:
    """The reliability of a checkpoint in each task that was measured."""

    tasks: Mapping[str, Reliability] = field(default_factory=dict)
    scenes: int = 0
    """How many scenes were asked about."""
    first_seed: int = 0
    """The first scene's seed; the others follow it."""

    def of(self, task: str) -> Reliability:
        """Return the reliability in a task; where it was not measured, the one that changes nothing."""
        return self.tasks.get(task, Reliability())

    def to_dict(self) -> dict[str, Any]:
        """Return plain dicts and numbers under the fields' names."""
        return asdict(self)

    def to_json(self) -> str:
        """Return the text of ``calibration.json``."""
        return json.dumps(self.to_dict(), indent=1) + '\n'

    @classmethod
    def from_json(cls, read: Mapping[str, Any]) -> 'Calibration':
        """Read what ``to_json`` wrote, as plain dicts.

        :raises ValueError: that quotes what is wrong
        """
        tasks = read.get('tasks')
        if not isinstance(tasks, dict) or not all(isinstance(one, dict) for one in tasks.values()):
            raise ValueError(f'it has "tasks": {str(tasks)[:80]}, but must map names of tasks to objects')
        found = {}
        for name, numbers in tasks.items():
            try:
                found[name] = Reliability(**numbers)
            except (TypeError, ValueError) as error:  # the former for an unknown name
                raise ValueError(f'of task {name[:40]!r}: {str(error)[:160]}') from None
        counts = [read.get(name, 0) for name in ('scenes', 'first_seed')]
        if not all(type(count) is int and count >= 0 for count in counts):
            raise ValueError(f'scenes and first_seed are {counts!r}, but must be whole numbers that are not negative')
        return cls(found, *counts)
