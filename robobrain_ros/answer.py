# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The result of one request, in the source image's pixels and the camera's metres. No ROS in here."""

import html
import json
import math
from dataclasses import dataclass, field, fields, is_dataclass
from enum import IntEnum
from typing import Any

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.tasks.values import Step


class PointStatus(IntEnum):
    """Why a target has a position, or has none; the same numbers as in msg/Target.msg."""

    OK = 0
    NO_DEPTH = 1
    """No depth image came with the colour image, or too few valid pixels lie around the target."""
    OUT_OF_RANGE = 2
    """The depth lies outside min_depth_m .. max_depth_m."""
    NO_CAMERA_INFO = 3
    """No usable intrinsics: nothing can be said in metres."""
    NO_TF = 4
    """tf2 does not know the way to the frame that was asked for."""


@dataclass(frozen=True)
class Target:
    """A place in the source image, and in space where depth allows."""

    pixel: tuple[float, float]
    """(u, v) in pixels of the source image: u right, v down, (0, 0) is the centre of the top left pixel."""
    box: tuple[float, float, float, float] | None = None
    """(u_min, v_min, u_max, v_max) in pixels, for task grounding."""
    label: str = ''
    model_depth: float | None = None
    """Depth as the model said it, metres, for task trajectory."""
    status: PointStatus = PointStatus.NO_DEPTH
    position: tuple[float, float, float] | None = None
    """(x, y, z) in metres, only with status OK: in the camera's optical frame (x right, y down, z forward), or in the
    frame that was asked for."""
    valid_fraction: float = 0.0
    """Part of the depth window around the pixel that held valid depth, 0 .. 1."""
    confidence: float | None = None
    """Probability that this is what was asked for, 0 .. 1; None where it is not known. With a calibrated checkpoint it
    holds for scenes like those of its calibration; else it is how probable the model finds places within 2 % of the
    image's sides of ``pixel`` (and 5 cm of ``model_depth``), by the probabilities of the digits that it wrote."""
    spread: tuple[float, float, float] | None = None
    """Standard deviations of ``pixel`` (u and v, pixels) and of ``model_depth`` (metres), calibrated likewise."""
    covariance: tuple[float, ...] | None = None
    """Covariance of ``position``, m^2: nine numbers, row by row, from ``spread`` and that of the depth window."""
    orientation: tuple[float, float, float, float] | None = None
    """Quaternion (x, y, z, w) in the frame of ``position``, whose z points into the object, as a tool's does; None
    without a position, and where none is wanted."""


class StepStatus(IntEnum):
    """What is known of a plan's step; the same numbers as in msg/PlanStep.msg."""

    PLANNED = 0
    """Words only: the answer of task planning, or a mission that is not there yet."""
    GROUNDED = 1
    FAILED = 2
    """Its place or its way could not be found."""


@dataclass(frozen=True)
class GroundedStep(Step):
    """A step of a mission, with where it acts."""

    status: StepStatus = StepStatus.PLANNED
    code: ErrorCode = ErrorCode.OK
    """Why it is FAILED."""
    message: str = ''
    """Why, as a sentence."""
    targets: tuple[Target, ...] = ()
    """Where it acts: its destination, or its object where it has none."""
    waypoints: tuple[Target, ...] = ()
    """The way of the end effector, from where it is in the image; empty for a step in which it goes nowhere."""


@dataclass
class Timings:
    """Milliseconds by stage of one request (steady clock), in the order in which the stages run."""

    queue: float = 0.0
    """Accepted until work began: other requests, and waiting for an image."""
    convert: float = 0.0
    """Image message to RGB array, and onto the model's canvas where it has one."""
    prepare: float = 0.0
    """Resizing to the model's input and rendering the prompt."""
    first_token: float = 0.0
    """Handed to the engine until its first token (vision tower and prefill)."""
    decode: float = 0.0
    """First token until the last."""
    parse: float = 0.0
    """Text to typed values."""
    project: float = 0.0
    """Pixels to metres."""
    total: float = 0.0
    """Accepted until the answer was complete."""


@dataclass(frozen=True)
class Answer:
    """Everything that is known when a request ends, in success and in failure."""

    task: str
    instruction: str
    code: ErrorCode = ErrorCode.OK
    message: str = ''
    """Empty in success, else a sentence."""
    model: str = ''
    """Name of the model that answered, such as ``RoboBrain2.5-8B-NV``; ``robobrain-tiny`` for the tiny checkpoint."""
    model_origin: str = ''
    """Where the model's files came from, by the manifest beside them: repository, revision, hub and digest, such as
    ``OWNER/NAME, master, from ModelScope, sha256 0123456789abcdef``; empty without one, or on a server."""
    request_id: str = ''
    """What ties the outputs of one request together: set by the client, or a unique one."""
    text: str = ''
    """The model's answer as it came, unchanged; partial where the request was cut short."""
    image_size: tuple[int, int] = (0, 0)
    """(width, height) of the source image in pixels."""
    targets: tuple[Target, ...] = ()
    """Points (pointing, affordance) or boxes (grounding)."""
    waypoints: tuple[Target, ...] = ()
    """The way of the end effector, first to last, for task trajectory."""
    steps: tuple[Step, ...] = ()
    """The plan of tasks planning and mission; a mission's are GroundedSteps."""
    reply: str = ''
    """What the model said in words, for task general."""
    complete: bool = False
    """The request succeeded, nothing of the model's answer had to be dropped, and it was not cut short."""
    warnings: tuple[str, ...] = ()
    """What was dropped from the model's answer and why, and why positions are missing."""
    frame_age: float = 0.0
    """Seconds from the image's stamp until work on it began, on the node's clock; 0 without a stamp."""
    tokens: int = 0
    """Generated by the model for this request."""
    timings: Timings = field(default_factory=Timings)

    @property
    def places(self) -> tuple[Target, ...]:
        """All targets: the answer's own, and those of a mission's steps, each once."""
        return tuple(dict.fromkeys([*self.targets, *(place for step in self._grounded() for place in step.targets)]))

    @property
    def ways(self) -> tuple[tuple[Target, ...], ...]:
        """All ways that have waypoints: the answer's own, or those of a mission's steps in order."""
        return tuple(way for way in (self.waypoints, *(step.waypoints for step in self._grounded())) if way)

    def _grounded(self) -> list[GroundedStep]:
        return [step for step in self.steps if isinstance(step, GroundedStep)]

    @property
    def success(self) -> bool:
        """Whether the answer can be used."""
        return self.code is ErrorCode.OK

    def raise_for_error(self) -> None:
        """Do nothing in success.

        :raises BrainError: with the answer's code and message, in failure
        """
        if not self.success:
            raise BrainError(self.code, self.message)

    def to_dict(self) -> dict[str, Any]:
        """Plain dicts, lists, strings and numbers under the fields' names, and ``success``.

        Codes are given by their names, numbers that are not finite as None.
        """
        return {'success': self.success, **_plain(self)}

    def to_json(self, indent: int | None = None) -> str:
        """The text of ``to_dict`` as JSON, letters beyond ASCII as they are; halves of letters become question marks.

        :param indent: blanks a level; None puts all on one line
        """
        text = json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False, indent=indent)
        return text.encode('utf-8', 'replace').decode('utf-8')

    def _repr_html_(self) -> str:
        """What a notebook shows: the outcome and the model's text, then a row for each place and each step."""
        rows = [('outcome', self.code.name if self.success else f'{self.code.name}: {self.message}')]
        rows += [(self.task, self.instruction), ('answer', self.text)]
        for name, targets in (('target', self.targets), ('waypoint', self.waypoints)):
            rows += [(f'{name} {number}', _in_words(target)) for number, target in enumerate(targets, 1)]
        for number, step in enumerate(self.steps, 1):
            at = f' at {_in_words(step.targets[0])}' if isinstance(step, GroundedStep) and step.targets else ''
            rows.append((f'step {number}', step.description + at))
        rows += [('note', warning) for warning in self.warnings]
        cells = (f'<tr><th>{html.escape(name)}</th><td>{html.escape(text)}</td></tr>' for name, text in rows)
        return f'<table>{"".join(cells)}</table>'


def _in_words(target: Target) -> str:
    """Where a target is, for people."""
    u, v = target.pixel
    metres = ''.join(f' {value:.3f}' for value in target.position) + ' m' if target.position else target.status.name
    return f'{target.label} pixel ({u:.0f}, {v:.0f}), {metres.strip()}'.strip()


def _plain(value: Any) -> Any:
    """What JSON can hold of a field's value."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, IntEnum):
        return value.name
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
