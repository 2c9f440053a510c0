# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Driving to a pose by Nav2's action NavigateToPose, and what became of it."""

from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionClient
from rclpy.node import Node

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.action_goal import ActionGoal
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.goto import topics


class Navigator:
    """Has Nav2 drive. Uses the goal and the result of its action, which are the same in Jazzy and Lyrical.

    :raises BadRequest: if nav2_msgs is not installed (there is no wheel of it)
    """

    def __init__(self, node: Node) -> None:
        try:
            from nav2_msgs.action import NavigateToPose
        except ImportError as error:
            raise BadRequest(
                f"drive is 'action', but nav2_msgs is not installed ({error}): set it to 'topic', or install Nav2"
            ) from error
        self._node, self._kind = node, NavigateToPose
        self._client: ActionClient[Any, Any, Any] = ActionClient(node, NavigateToPose, topics.NAVIGATE)

    def drive(self, pose: PoseStamped, arrived: Callable[[], None], failed: Callable[[Failure], None]) -> ActionGoal:
        """Begin to drive, with Nav2's usual behaviour tree; does not block.

        :param pose: where to
        :param arrived: called when the robot is there
        :param failed: called if it does not get there, with the reason
        :returns: what can be stopped, which makes Nav2 stop the robot
        """

        def ended(status: int, result: Any) -> None:
            if status == GoalStatus.STATUS_SUCCEEDED:
                arrived()
            else:
                failed(_failure(status, result))

        absent = Failure('NO_NAV2', f'there is no action {self._client._action_name}: is Nav2 running?')
        return ActionGoal(self._node, self._client, self._kind.Goal(pose=pose), None, absent, ended, failed)


def _failure(status: int, result: Any) -> Failure:
    if status == GoalStatus.STATUS_CANCELED:
        return Failure('CANCELLED', 'the drive was cancelled in Nav2, not from here')
    number = int(getattr(result, 'error_code', 0))  # Humble has neither field
    said = getattr(result, 'error_msg', '')
    if not number:
        return Failure(
            'NAVIGATION_FAILED', 'Nav2 gave the drive up without an error code: was it sent elsewhere by another node?'
        )
    because = f': {said}' if said else ''
    return Failure('NAVIGATION_FAILED', f'Nav2 gave the drive up with error {number}{because}', number)
