# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers from ROS messages: the way back of ``messages.py``."""

import math
from collections.abc import Iterable

from robobrain_ros.answer import Answer, GroundedStep, PointStatus, StepStatus, Target, Timings
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.msg import PlanStep
from robobrain_ros.msg import Target as TargetMessage
from robobrain_ros.msg import Timings as TimingsMessage
from robobrain_ros.tasks.values import Step

DIGITS = 6
"""Decimal digits of what comes as float32."""


def answer(message: AnswerMessage) -> Answer:
    """Read msg/Answer, so that an answer of a node can be shown, drawn and written as one of ``Brain``.

    What only the message has (header, camera, position_frame) is left out.
    """
    return Answer(
        task=message.task,
        instruction=message.instruction,
        code=ErrorCode(message.error_code),
        message=message.error_message,
        model=message.model,
        model_origin=message.model_origin,
        request_id=message.request_id,
        text=message.text,
        image_size=(message.image_width, message.image_height),
        targets=_targets(message.targets),
        waypoints=_targets(message.waypoints),
        steps=tuple(_step(step) for step in message.steps),
        reply=message.reply,
        complete=message.complete,
        warnings=tuple(message.warnings),
        frame_age=_number(message.frame_age_s),
        tokens=message.tokens,
        timings=_timings(message.timings),
    )


def _targets(messages: Iterable[TargetMessage]) -> tuple[Target, ...]:
    return tuple(_target(message) for message in messages)


def _target(message: TargetMessage) -> Target:
    place, status = message.position, PointStatus(message.status)
    box = (message.u_min, message.v_min, message.u_max, message.v_max)
    u_min, v_min, u_max, v_max = map(_pixel, box)
    deviations = (message.u_stddev, message.v_stddev, message.model_depth_stddev)
    u_stddev, v_stddev, depth_stddev = map(_number, deviations)
    covariance = tuple(float(value) for value in message.position_covariance)
    turn = message.orientation
    return Target(
        pixel=(_pixel(message.u), _pixel(message.v)),
        box=(u_min, v_min, u_max, v_max) if message.has_box else None,
        label=message.label,
        model_depth=None if math.isnan(message.model_depth) else _number(message.model_depth),
        status=status,
        position=(place.x, place.y, place.z) if status is PointStatus.OK else None,
        valid_fraction=_number(message.depth_valid_fraction),
        confidence=None if math.isnan(message.confidence) else _number(message.confidence),
        spread=None if math.isnan(message.u_stddev) else (u_stddev, v_stddev, depth_stddev),
        covariance=None if math.isnan(covariance[0]) else covariance,
        orientation=None if math.isnan(turn.w) else (turn.x, turn.y, turn.z, turn.w),
    )


def _step(message: PlanStep) -> Step:
    words = (message.description, message.action, message.object, message.destination)
    status = StepStatus(message.status)
    if status is StepStatus.PLANNED:
        return Step(*words)
    return GroundedStep(
        *words,
        status=status,
        code=ErrorCode(message.error_code),
        message=message.error_message,
        targets=_targets(message.targets),
        waypoints=_targets(message.waypoints),
    )


def _timings(message: TimingsMessage) -> Timings:
    return Timings(**{stage: _number(getattr(message, f'{stage}_ms')) for stage in vars(Timings())})


def _pixel(value: float) -> float:
    """Give whole pixels as whole numbers, as the brain does."""
    return int(value) if float(value).is_integer() else _number(value)


def _number(value: float) -> float:
    return round(float(value), DIGITS)
