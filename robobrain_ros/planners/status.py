# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the planners' nodes say on ``~/status``, and how others read it: how far it is, or why it has failed."""

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from rclpy.qos import DurabilityPolicy, QoSProfile

from robobrain_ros.planners.failure import RECOVERIES, Failure, Recovery
from robobrain_ros.planners.goto import topics as goto_topics

FAILED = 'FAILED'
"""State of an instruction or a plan that has ended otherwise than it was meant to."""
ASKING, GOAL, DRIVING, ARRIVED = 'ASKING', 'GOAL', 'DRIVING', 'ARRIVED'
"""States of robobrain_goto: the brain is asked; a pose has been published; Nav2 drives there; the robot is there."""
FOLLOWING, FOLLOWED = 'FOLLOWING', 'FOLLOWED'
"""Also of robobrain_goto: where the thing is, is published again and again; Nav2 has ended to follow it by itself."""
PLANNING, MOVING, DONE = 'PLANNING', 'MOVING', 'DONE'
"""States of robobrain_arm: a plan is checked, the arm carries it out, all is done."""
BEFORE = ('CANCELLED', 'PREEMPTED')
"""How what was under way may end after a request was sent."""
HEARD = QoSProfile(depth=20, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""For subscriptions: states may follow each other faster than they are read."""
STARTED_S = 5.0
"""So long a planner may take to say that it has begun, seconds."""

Values = Mapping[str, str]
"""What a status says: its values by name, and ``message``."""


def status_message(
    node: str, state: str, instruction: str, message: str, failure: Failure | None = None, **more: str
) -> DiagnosticStatus:
    """Say how far an instruction or a plan is.

    :param node: full name of the node
    :param state: such as DRIVING
    :param failure: why it failed; it gives the values ``code`` and ``recovery``, and perhaps ``number``
    :param more: further values
    """
    level = DiagnosticStatus.OK
    values = {'state': state, 'instruction': instruction}
    if failure is not None:
        level = DiagnosticStatus.WARN if failure.recovery is Recovery.NONE else DiagnosticStatus.ERROR
        values |= {'code': failure.code, 'recovery': failure.recovery.value}
        values |= {'number': str(failure.number)} if failure.number else {}
    return DiagnosticStatus(
        level=level,
        name=node,
        message=message,
        values=[KeyValue(key=key, value=value) for key, value in (values | more).items()],
    )


def values_of(status: DiagnosticStatus) -> Values:
    """Read a status."""
    return {pair.key: pair.value for pair in status.values} | {'message': status.message}


def failure_of(values: Values) -> Failure:
    """Make a failure of what a planner says about its own."""
    code = values.get('code', '')
    return Failure(code if code in RECOVERIES else 'INTERNAL', values['message'], int(values.get('number', 0)))


def carried_out(values: Values) -> bool:
    """Whether robobrain_arm has carried a plan out.

    :raises Failure: if it has failed
    """
    if values.get('state') == FAILED:
        raise failure_of(values)
    return values.get('state') == DONE


def arrived(values: Values) -> bool:
    """Whether robobrain_goto has the robot where it is to stand.

    :raises Failure: if it has failed, or never says that
    """
    state = values.get('state')
    if state == FAILED:
        raise failure_of(values)
    if state in (GOAL, FOLLOWING, FOLLOWED):
        words = 'does not tell when the robot is there: start it with drive: action and follow_s: 0'
        raise Failure('BAD_REQUEST', f'{goto_topics.NODE} {words}')
    return state == ARRIVED
