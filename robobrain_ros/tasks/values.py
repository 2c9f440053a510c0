# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a model's answer says, typed, still in the model's own coordinates."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Certainty:
    """What is known of one number."""

    spread: float
    """Standard deviation of what the model might have written, in the number's unit."""
    near: float
    """Probability of a number that lies within the tolerance, 0 .. 1."""


@dataclass(frozen=True)
class Point:
    """A place in the image, in model units (see ``profiles.Scale``); ``depth`` in metres if given.

    The model does not say whether ``depth`` is measured along the optical axis or along the ray.
    """

    x: float
    y: float
    depth: float | None = None
    label: str = ''
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    """Where it begins and ends in the answer, characters: its numbers stand there."""
    sure: tuple[Certainty, ...] = field(default=(), compare=False)
    """How sure the model was of each of its numbers; empty where that is not known."""


@dataclass(frozen=True)
class Box:
    """An axis-aligned box in model units, ``x1 <= x2`` and ``y1 <= y2``."""

    x1: float
    y1: float
    x2: float
    y2: float
    label: str = ''
    span: tuple[int, int] = field(default=(0, 0), compare=False)
    """Where it begins and ends in the answer, characters: its numbers stand there."""
    sure: tuple[Certainty, ...] = field(default=(), compare=False)
    """How sure the model was of each of its numbers; empty where that is not known."""


@dataclass(frozen=True)
class Step:
    """One step of a plan. ``description`` is never empty; the other fields are where they are known."""

    description: str
    action: str = ''
    object: str = ''
    destination: str = ''


@dataclass(frozen=True)
class Dropped:
    """A part of the answer that was not used: the text as the model wrote it, and why."""

    text: str
    reason: str
    repeat: bool = False
    """It only said again what is there already: nothing is missing without it."""


@dataclass(frozen=True)
class Parsed:
    """All that one answer yields. Order is the model's order; nothing in here was invented."""

    points: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    steps: tuple[Step, ...] = ()
    reply: str = ''
    """Free text: the whole answer of task ``general``, without wrappers such as think tags."""
    not_found: bool = False
    """The model said in words that it cannot see what was asked for."""
    dropped: tuple[Dropped, ...] = ()
