# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Why a planner could not do what it was asked for, and what a behaviour tree or an operator could try next."""

from enum import Enum

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import ErrorCode


class Recovery(Enum):
    """What may help."""

    WAIT = 'WAIT'
    """Something that sends messages is not there yet: ask again in a few seconds."""
    RETRY = 'RETRY'
    """Ask again now."""
    COME_NEARER = 'COME_NEARER'
    """Drive towards it, or let sensors see the floor before it, and ask again."""
    LOOK_ELSEWHERE = 'LOOK_ELSEWHERE'
    """Turn the camera or the robot, or go into another room, and ask again."""
    ASK = 'ASK'
    """A person has to say it differently, move something, or correct a setting."""
    NONE = 'NONE'
    """It was ended on purpose."""


RECOVERIES = {
    # what the brain answers with: ErrorCode
    'BAD_REQUEST': Recovery.ASK,
    'NO_IMAGE': Recovery.WAIT,
    'STALE_IMAGE': Recovery.WAIT,
    'BAD_IMAGE': Recovery.ASK,
    'NOT_ACTIVE': Recovery.WAIT,
    'ENGINE_DEAD': Recovery.WAIT,
    'ENGINE_FAILED': Recovery.RETRY,
    'TIMEOUT': Recovery.RETRY,
    'CANCELLED': Recovery.NONE,
    'PREEMPTED': Recovery.NONE,
    'BUSY': Recovery.RETRY,
    'UNPARSABLE': Recovery.RETRY,
    'NOT_FOUND': Recovery.LOOK_ELSEWHERE,
    'INTERNAL': Recovery.ASK,
    'UNSURE': Recovery.COME_NEARER,
    # a target without a position: PointStatus
    'NO_DEPTH': Recovery.COME_NEARER,
    'OUT_OF_RANGE': Recovery.COME_NEARER,
    'NO_CAMERA_INFO': Recovery.WAIT,
    'NO_TF': Recovery.WAIT,
    # no place to stand: goto.approach.Reason
    'OUTSIDE': Recovery.ASK,
    'OCCUPIED': Recovery.ASK,
    'UNKNOWN': Recovery.COME_NEARER,
    'HIDDEN': Recovery.LOOK_ELSEWHERE,
    'UNREACHABLE': Recovery.ASK,
    'ROBOT_BLOCKED': Recovery.ASK,
    # what has to be there
    'NO_BRAIN': Recovery.WAIT,
    'NO_COSTMAP': Recovery.WAIT,
    'STALE_COSTMAP': Recovery.WAIT,
    'BAD_COSTMAP': Recovery.ASK,
    'NO_ROBOT_POSE': Recovery.WAIT,
    'NO_NAV2': Recovery.WAIT,
    'NO_FOLLOWING': Recovery.ASK,
    'NO_GOTO': Recovery.WAIT,
    'NO_ARM': Recovery.WAIT,
    # what became of the drive
    'NAVIGATION_FAILED': Recovery.RETRY,
    # what became of the arm's motion
    'ARM_STOPPED': Recovery.ASK,
    'GRASP_FAILED': Recovery.RETRY,
    'DROPPED': Recovery.RETRY,
    # what became of a task that was watched
    'TASK_FAILED': Recovery.RETRY,
    'TASK_STALLED': Recovery.RETRY,
}
"""What may help, by the code of a failure."""

assert {code.name for code in ErrorCode if code} <= RECOVERIES.keys()
assert {status.name for status in PointStatus if status is not PointStatus.OK} <= RECOVERIES.keys()


class Failure(Exception):
    """Something that a planner cannot do.

    :param code: one of RECOVERIES
    :param message: a sentence with figures
    :param number: the error code of another package's server that failed, such as Nav2's; 0: none
    """

    def __init__(self, code: str, message: str, number: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.number = number
        self.recovery = RECOVERIES[code]
