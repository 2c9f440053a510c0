# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The one list of ways a request can end, shared by messages, actions, services and the command line."""

from enum import IntEnum


class ErrorCode(IntEnum):
    """Why a request ended as it did; the same numbers as the constants in msg/Answer.msg."""

    OK = 0
    BAD_REQUEST = 1
    """Unknown task, empty or unusable instruction, unknown camera, bad option."""
    NO_IMAGE = 2
    """No camera image has arrived (yet)."""
    STALE_IMAGE = 3
    """The newest image is older than ``max_image_age``."""
    BAD_IMAGE = 4
    """The image message is malformed or has an encoding that is not supported."""
    NOT_ACTIVE = 5
    """The node is not in the lifecycle state *active*."""
    ENGINE_DEAD = 6
    """The engine process died, or is being restarted."""
    ENGINE_FAILED = 7
    """The engine refused or failed this request, but lives on."""
    TIMEOUT = 8
    """The request's time was up."""
    CANCELLED = 9
    """The client cancelled."""
    PREEMPTED = 10
    """A newer request took this one's place."""
    BUSY = 11
    """The queue is full, or the policy is ``reject`` and a request is running."""
    UNPARSABLE = 12
    """The model answered, but nothing in the answer has the task's format."""
    NOT_FOUND = 13
    """The model says that what was asked for is not visible."""
    INTERNAL = 14
    """A defect of this package; the log has the traceback."""
    UNSURE = 15
    """A place that the model named is less sure than ``min_confidence``; the answer has the candidates."""


class BrainError(Exception):
    """A request that cannot be answered, with the code that clients see.

    :param code: what kind of failure it is
    :param message: a sentence that quotes the bad value and says what would be right
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class BadRequest(BrainError):
    """What was asked for makes no sense: an unknown name, a value out of range, a file that is not there.

    :param message: a sentence that quotes the bad value and says what would be right
    """

    def __init__(self, message: str) -> None:
        super().__init__(ErrorCode.BAD_REQUEST, message)
