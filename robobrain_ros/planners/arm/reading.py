# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the steps of a plan mean for an arm: what it takes from where, and where it puts it."""

import re
from dataclasses import dataclass

from geometry_msgs.msg import Point

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Plan, PlanStep, Target
from robobrain_ros.planners.failure import Failure

TAKING = frozenset({'pick', 'grasp', 'grab', 'take', 'get', 'fetch'})
PUTTING = frozenset({'place', 'put', 'drop', 'insert', 'set', 'stack', 'release'})
ON_THE_WAY = frozenset({'move', 'lift', 'raise', 'approach', 'reach', 'go', 'carry', 'bring', 'hold', 'lower'})
"""Verbs of what taking and putting do by themselves; whether such a step was found in the image does not matter."""

FAR_M = 1000.0
"""No place of an arm is so far away; such numbers, and those that are none, are mistakes."""
WORDS, STEPS = 80, 10
"""So many letters of a step's description are quoted, and so many steps."""

ARTICLE = re.compile(r'\A(?:the|an?)\s+', re.IGNORECASE)


@dataclass(frozen=True)
class Act:
    """One thing to do."""

    takes: bool
    """Else it puts down what it holds."""
    place: tuple[float, float, float]
    """A point on the thing, or on what that is put on; metres, in the plan's frame."""
    name: str
    """What the plan calls the thing, or what that is put on; without an article."""
    step: int
    """Number of the plan's step, from 1."""


def acts(plan: Plan) -> list[Act]:
    """Read what an arm has to do for a plan.

    :raises Failure: if there is nothing that it can do, or a step that acts has no place in space; says which
    """
    found = list[Act]()
    for number, step in enumerate(plan.steps, 1):
        verb = step.action.strip().lower().split(' ')[0]
        if verb in ON_THE_WAY:
            continue
        if verb not in TAKING | PUTTING:
            raise Failure(
                'BAD_REQUEST',
                f'{_words(number, step)}, is {verb[:WORDS]!r}: this arm can only take things and put them',
            )
        takes = verb in TAKING
        if takes and found and found[-1].takes:
            raise Failure('BAD_REQUEST', f'{_words(number, step)}, comes while the hand is full')
        name = ARTICLE.sub('', step.object if takes else step.destination or step.object)
        found.append(Act(takes, _place(number, step), name or 'thing', number))
    if not found:
        words = ', '.join(repr(step.description[:WORDS]) for step in plan.steps[:STEPS])
        if len(plan.steps) > STEPS:
            words += f' and {len(plan.steps) - STEPS} more'
        raise Failure('BAD_REQUEST', f'the plan has no step that takes or puts something: {words or "it is empty"}')
    return found


def _place(number: int, step: PlanStep) -> tuple[float, float, float]:
    """Find where a step acts.

    :raises Failure: if that is not known in space
    """
    what = _words(number, step)
    if step.status == PlanStep.FAILED:
        codes = {int(code): code.name for code in ErrorCode if code}
        if step.error_code not in codes:
            raise Failure('BAD_REQUEST', f'{what}: it has failed, but its error_code {step.error_code} is unknown')
        raise Failure(codes[step.error_code], f'{what}: {step.error_message}')
    if step.status != PlanStep.GROUNDED or not step.targets:
        raise Failure('BAD_REQUEST', f'{what}, has no place in the image: ask for it as a mission')
    target = step.targets[0]
    if target.status != Target.STATUS_OK:
        statuses = {int(status): status.name for status in PointStatus}
        if target.status not in statuses:
            raise Failure('BAD_REQUEST', f'{what}: the status of its target, {target.status}, is unknown')
        raise Failure(statuses[target.status], f'{what}: where it acts cannot be told in metres')
    return checked(target.position, what)


def checked(point: Point, what: str) -> tuple[float, float, float]:
    """Return the coordinates of a point, metres.

    :param what: the point is for, in words
    :raises Failure: if they are no numbers, or out of all bounds; quotes them
    """
    x, y, z = point.x, point.y, point.z
    if not all(abs(value) < FAR_M for value in (x, y, z)):
        raise Failure(
            'BAD_REQUEST', f'{what}: its place is ({x:g}, {y:g}, {z:g}) m, but must be three numbers below {FAR_M:g}'
        )
    return x, y, z


def _words(number: int, step: PlanStep) -> str:
    return f'step {number}, {step.description[:WORDS]!r}'
