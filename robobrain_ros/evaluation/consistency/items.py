# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A question of a benchmark, a stack's answer to it, and what the answer is worth."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = (
    'multiple-choice',
    'yes-no',
    'point',
    'numerical',
    'choices',
    'ordered-list',
    'number',
    'bool-list',
    'key-items',
)
"""Question types: the first four are FlagEvalMM's, the others are those of ERQAPlus (one a evaluator of its)."""


@dataclass(frozen=True)
class Item:
    """One question of one set, as it lies in FlagEvalMM's ``data.json``."""

    set_name: str
    """Task name of FlagEvalMM, such as ``erqa`` or ``Where2Place_norm1k``."""
    question_id: str
    """Unique within the set."""
    prompt: str
    """What the model is asked: question, options and post prompt, with ``<image 1>`` ... where the images stand."""
    kind: str
    """One of ``KINDS``: how the answer is read."""
    label: str
    """The right answer as the data give it: a letter, yes or no, a number, a list; empty for points."""
    images: tuple[Path, ...] = ()
    """Image files (or frames of a video, in order); ``<image 1>`` is the first."""
    frames: bool = False
    """The images are frames of one video: the text comes first, then all of them."""
    mask: Path | None = None
    """Image whose white pixels are right; None where nothing is pointed at."""
    size: tuple[int, int] = (0, 0)
    """(width, height) of the image that points are in, pixels; (0, 0) where nothing is pointed at."""
    group: str = ''
    """Questions with the same group share an image or a scene: they are resampled together."""
    stratum: str = ''
    """Part of the set that is weighted or reported apart: cv_bench's source, a sub task."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """All keys of the entry in ``data.json``, unchanged."""


@dataclass(frozen=True)
class Reply:
    """What one stack said to one question."""

    question_id: str
    prompt: str
    """What was asked; two stacks are compared only where it is the same."""
    text: str
    """The raw answer; where ``error`` is set, empty."""
    error: str = ''
    """Why there is no answer: a sentence. An error counts as a wrong answer, and is never left out."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    """From the request to the last token; 0 where it is not known."""
    finish_reason: str = ''
    reason: str = ''
    """What the model thought before the answer, up to and with ``</think>``; it is no part of ``text``."""


@dataclass(frozen=True)
class Score:
    """What one answer is worth under one rule."""

    question_id: str
    extracted: str
    """What the rule read from the answer; empty where it could read nothing."""
    value: float
    """0 .. 1: right or wrong, a mask's mean, a mean relative accuracy."""
    right: bool
    """Whether it counts as right where only right and wrong count; of a point: value >= 0.5, of a number: > 0.5."""
    error: bool = False
    """The stack gave no answer."""
    group: str = ''
    stratum: str = ''
    dropped: bool = False
    """FlagEvalMM leaves it out of its figures: an error, a rejected answer, points that its reading breaks on."""
    second: float | None = None
    """Worth by the set's second measure, where it has one: of robo_spatial_home 1 if the polygon is hit."""
