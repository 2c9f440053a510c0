# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the planners' nodes tell on ``~/status``, as others read it: whether all is done, or why not."""

from collections.abc import Mapping

from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.qos import DurabilityPolicy, QoSProfile

from robobrain_ros.planners.failure import RECOVERIES, Failure
from robobrain_ros.planners.goto import telling
from robobrain_ros.planners.goto import topics as goto_topics

DONE = 'DONE'
"""The state in which robobrain_arm has carried out a plan."""
BEFORE = ('CANCELLED', 'PREEMPTED')
"""How what was under way may end after a request was sent."""
HEARD = QoSProfile(depth=20, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""For subscriptions: states may follow each other faster than they are read."""

Values = Mapping[str, str]
"""What a status tells: its values by name, and ``message``."""


def values_of(status: DiagnosticStatus) -> Values:
    """Read a status."""
    return {pair.key: pair.value for pair in status.values} | {'message': status.message}


def failure(values: Values) -> Failure:
    """Make a failure of what a planner tells about its own."""
    code = values.get('code', '')
    return Failure(code if code in RECOVERIES else 'INTERNAL', values['message'], int(values.get('number', 0)))


def carried_out(values: Values) -> bool:
    """Whether robobrain_arm has carried a plan out.

    :raises Failure: if it has failed
    """
    if values.get('state') == telling.FAILED:
        raise failure(values)
    return values.get('state') == DONE


def arrived(values: Values) -> bool:
    """Whether robobrain_goto has the robot where it is to stand.

    :raises Failure: if it has failed, or never tells that
    """
    state = values.get('state')
    if state == telling.FAILED:
        raise failure(values)
    if state in (telling.GOAL, telling.FOLLOWING, telling.FOLLOWED):
        words = 'does not tell when the robot is there: start it with drive: action and follow_s: 0'
        raise Failure('BAD_REQUEST', f'{goto_topics.NODE} {words}')
    return state == telling.ARRIVED
