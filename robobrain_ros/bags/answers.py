# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers as JSON lines, and what has changed between two files of them."""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from robobrain_ros.answer import PointStatus, StepStatus
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Answer, PlanStep, Target

Record = dict[str, Any]
"""One answer as a JSON object."""
WORDS_ONLY = ('text', 'error_message')
"""Values for whoever reads the file; not compared, since the parsed ones say what they mean."""


@dataclass(frozen=True)
class Tolerance:
    """How much two answers may differ and still be the same."""

    pixels: float = 2.0
    metres: float = 0.01

    def __post_init__(self) -> None:
        """Refuse what is no tolerance.

        :raises ValueError: not finite, or negative
        """
        for name, value in (('pixels', self.pixels), ('metres', self.metres)):
            if not 0 <= value < math.inf:
                raise ValueError(f'--{name} is {value:g}, but must be 0 or more')

    def of(self, key: str) -> float:
        """Return how much values of this name may differ; 0 for all that are neither pixels nor metres."""
        if key in ('u', 'v', 'box'):
            return self.pixels
        return self.metres if key in ('position', 'model_depth') else 0.0


def to_record(answer: Answer, seconds: float) -> Record:
    """Return what an answer says, without times; what is unknown (NaN) is null.

    :param seconds: when it was asked, since the beginning of the recording
    """
    stamp = answer.header.stamp
    return {
        'time': round(seconds, 3),
        'task': answer.task,
        'instruction': answer.instruction,
        'image_stamp': f'{stamp.sec}.{stamp.nanosec:09}',
        'error': ErrorCode(answer.error_code).name,
        'error_message': answer.error_message,
        'text': answer.text,
        'frame': answer.position_frame,
        'targets': [_target(target) for target in answer.targets],
        'waypoints': [_target(target) for target in answer.waypoints],
        'steps': [_step(step) for step in answer.steps],
        'reply': answer.reply,
    }


def _target(target: Target) -> Record:
    place = target.position
    return {
        'label': target.label,
        'u': _number(target.u),
        'v': _number(target.v),
        'box': [_number(edge) for edge in (target.u_min, target.v_min, target.u_max, target.v_max)]
        if target.has_box
        else None,
        'status': PointStatus(target.status).name,
        'position': [_number(value) for value in (place.x, place.y, place.z)] if target.status == 0 else None,
        'model_depth': _number(target.model_depth),
    }


def _step(step: PlanStep) -> Record:
    return {
        **{name: getattr(step, name) for name in ('action', 'object', 'destination', 'description')},
        'status': StepStatus(step.status).name,
        'error': ErrorCode(step.error_code).name,
        'targets': [_target(target) for target in step.targets],
        'waypoints': [_target(target) for target in step.waypoints],
    }


def _number(value: float) -> float | None:
    """Round to a tenth of a millimetre, or to a ten-thousandth of a pixel; None for NaN."""
    return round(float(value), 4) if math.isfinite(value) else None


def require_writable(path: Path) -> None:
    """Check that a file can be written; what is there already stays as it is.

    :raises ValueError: the file cannot be written
    """
    try:
        is_new = not path.exists()
        path.open('a').close()
        if is_new:
            path.unlink()
    except OSError as error:
        raise ValueError(f'cannot write {str(path)!r}: {error.strerror}') from error


def write(path: Path, records: Sequence[Record]) -> None:
    """Write records to a file, a line each.

    :raises ValueError: the file cannot be written
    """
    try:
        path.write_text(''.join(json.dumps(record) + '\n' for record in records))
    except OSError as error:
        raise ValueError(f'cannot write {str(path)!r}: {error.strerror}') from error


def read(path: Path) -> list[Record]:
    """Read the records that ``write`` wrote.

    :raises ValueError: the file is not there, or a line is no JSON object
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'{str(path)!r} is no file of answers: {error}') from error
    records = []
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line, parse_int=float)  # an int may be too large to compare with a float
        except (json.JSONDecodeError, RecursionError) as error:
            raise ValueError(f'{str(path)!r}, line {number}: {line[:60]!r} is no JSON: {error}') from error
        if not isinstance(record, dict):
            raise ValueError(f'{str(path)!r}, line {number}: {line[:60]!r} is no answer')
        records.append(record)
    return records


def differences(expected: Sequence[Record], found: Sequence[Record], tolerance: Tolerance) -> list[str]:
    """Return a sentence for each value that differs by more than is tolerated."""
    said = [
        f'answer {number} ({one.get("instruction")!r}): {what}'
        for number, (one, other) in enumerate(zip(expected, found, strict=False), 1)
        for what in _compare(one, other, '', '', tolerance)
    ]
    if len(expected) != len(found):
        said.append(f'{len(found)} answers where {len(expected)} were expected')
    return said


def _compare(expected: Any, found: Any, where: str, key: str, tolerance: Tolerance) -> Iterator[str]:
    """Yield what differs between two values.

    :param where: the value's place in its record, such as ``targets[0].position``
    :param key: the innermost name in it
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in dict.fromkeys([*expected, *found]):
            if name not in WORDS_ONLY:
                place = f'{where}.{name}' if where else name
                yield from _compare(expected.get(name), found.get(name), place, name, tolerance)
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _compare(one, other, f'{where}[{index}]', key, tolerance)
    elif not _same(expected, found, tolerance.of(key)):
        yield f'{where} is {found!r}, and was {expected!r}'


def _same(expected: Any, found: Any, tolerance: float) -> bool:
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return abs(expected - found) <= tolerance
    return type(expected) is type(found) and expected == found
