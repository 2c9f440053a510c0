# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where the targets of an answer are, in metres."""

from geometry_msgs.msg import Point

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Answer
from robobrain_ros.planners.failure import Failure


def places(answer: Answer) -> list[Point]:
    """Find where the targets of an answer are; those without a position are left out.

    :raises Failure: if there is none
    """
    if answer.error_code != ErrorCode.OK:
        raise Failure(ErrorCode(answer.error_code).name, answer.error_message)
    if not answer.targets:
        raise Failure('NOT_FOUND', f'the brain names no place: {answer.text[:80]!r}')
    found = [target.position for target in answer.targets if target.status == PointStatus.OK]
    if not found:
        warnings = '; '.join(answer.warnings)
        raise Failure(PointStatus(answer.targets[0].status).name, f'where it is cannot be told in metres: {warnings}')
    return found
