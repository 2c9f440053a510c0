# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The rows of ``robobrain demo``: a question, its answer, and how far that is from the simulator's truth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from robobrain_ros.bags.answers import to_record
from robobrain_ros.errors import ErrorCode
from robobrain_ros.evaluation.overlap import iou
from robobrain_ros.evaluation.scoring import named, score
from robobrain_ros.msg import Answer, Target
from robobrain_ros.ros import from_messages
from robobrain_ros.sim.questions import Question
from robobrain_ros.sim.scene import TableTop

COLUMNS = {'task': 10, 'instruction, answer': None, 'pixel, metres': 20, 'truth': 16, 'ms': 4}
"""Titles and widths for ``Rows``."""
STAGES = ('queue', 'convert', 'prepare', 'first_token', 'decode', 'parse', 'project', 'total')
"""Fields of the message Timings, without their unit."""
LONGEST = 75
"""Letters of an answer that a cell shows."""
LEAST_NAMED = 0.8
"""Share of the objects that a list must name."""


@dataclass(frozen=True)
class Row:
    """One question about a scene, and what came back."""

    question: Question
    answer: Answer
    scene: TableTop

    @property
    def right(self) -> bool:
        """Whether the answer is right; ``demo_help.DESCRIPTION`` has the rules, the evaluation's but for lists."""
        if self.question.kind == 'list':
            there, all_ = set(named(self.answer.reply)), set(self.question.reply)
            return there <= all_ and len(there) >= LEAST_NAMED * len(all_)
        return score(self.question, from_messages.answer(self.answer), self.scene)['right'] == 1

    def cells(self) -> tuple[str, ...]:
        """Return a text for each of ``COLUMNS``."""
        answer = self.answer
        places = answer.targets or answer.waypoints
        last = places[-1] if places else None
        where = f'{last.u:.0f}, {last.v:.0f}' if last else '-'
        if last and last.status == Target.STATUS_OK:
            where += '\n' + ' '.join(f'{value:.3f}' for value in (last.position.x, last.position.y, last.position.z))
        text = answer.text.replace('\n', ' ') or answer.error_message
        said = text if len(text) <= LONGEST else f'{text[:LONGEST]} ...'
        return (
            self.question.task,
            f'{self.question.instruction}\n{said}',
            where,
            f'ok: {self.distance().removeprefix("off by ")}' if self.right else f'WRONG: {self.distance()}',
            f'{answer.timings.total_ms:.0f}',
        )

    def record(self) -> dict[str, Any]:
        """Return the answer as ``robobrain bag replay`` writes it, with ``right``, ``truth`` and ``timings_ms``.

        ``truth`` says in words how far the answer is from the truth.
        """
        record = to_record(self.answer, 0.0)
        del record['time']
        timings = {name: getattr(self.answer.timings, f'{name}_ms') for name in STAGES}
        return record | {'right': self.right, 'truth': self.distance(), 'timings_ms': timings}

    def distance(self) -> str:
        """Say how far the answer is from the truth, in the unit that suits the task."""
        question, answer = self.question, self.answer
        if question.kind == 'absent':
            return 'not there' if answer.error_code == Answer.NOT_FOUND else 'it is not there'
        if answer.error_code != Answer.OK:
            return ErrorCode(answer.error_code).name
        if question.steps:
            return 'same plan' if self.right else 'another plan'
        if question.kind == 'list':
            return _compare_names(named(answer.reply), question.reply)
        if question.reply:
            return 'same reply' if self.right else f'{question.reply[0]} expected'
        if question.box:
            box = from_messages.answer(answer).targets[0].box if answer.targets else None
            return f'overlap {iou(question.box, box):.2f}'
        return f'off by {self._off()}'

    def _off(self) -> str:
        places = self.answer.waypoints if self.question.waypoints else self.answer.targets
        truth = self.question.waypoints[-1][:2] if self.question.waypoints else self.question.pixel
        if not places or not truth:
            return '?'
        place = places[-1] if self.question.waypoints else places[0]
        pixels = f'{math.hypot(place.u - truth[0], place.v - truth[1]):.0f} px'
        if self.question.position is None or place.status != Target.STATUS_OK:
            return pixels
        metres = math.dist((place.position.x, place.position.y, place.position.z), self.question.position)
        return f'{pixels}, {100 * metres:.1f} cm'


def _compare_names(given: Sequence[str], there: Sequence[str]) -> str:
    false = sorted(set(given) - set(there))
    words = f'{len(set(given) & set(there))} of {len(there)} named'
    return words + (f', and {", ".join(false)}' if false else '')
