# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Driving by Nav2's actions: to a pose, or behind a thing; and what became of it."""

from collections.abc import Callable
from typing import Any, TypeAlias

from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from rclpy.action import ActionClient
from rclpy.node import Node

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.action_goal import ActionGoal
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.goto import topics

Client: TypeAlias = 'ActionClient[Any, Any, Any]'


class Navigator:
    """Has Nav2 drive. Uses the goals and the results of its actions, which are the same in Jazzy and Lyrical.

    :raises BadRequest: if nav2_msgs is not installed (there is no wheel of it)
    """

    def __init__(self, node: Node) -> None:
        try:
            from nav2_msgs import action
        except ImportError as error:
            raise BadRequest(
                f"drive is 'action', but nav2_msgs is not installed ({error}): set it to 'topic', or install Nav2"
            ) from error
        self._node = node
        self._navigate_kind = action.NavigateToPose
        self._navigate: Client = ActionClient(node, action.NavigateToPose, topics.NAVIGATE)
        self._follow_kind = getattr(action, 'FollowObject', None)  # Kilted and Humble have none
        self._follow: Client | None = None
        if self._follow_kind is not None:
            self._follow = ActionClient(node, self._follow_kind, topics.FOLLOW)

    def drive(self, pose: PoseStamped, arrived: Callable[[], None], failed: Callable[[Failure], None]) -> ActionGoal:
        """Begin to drive, with Nav2's usual behaviour tree; does not block.

        :param pose: where to
        :param arrived: called when the robot is there
        :param failed: called if it does not get there, with the reason
        :returns: what can be stopped, which makes Nav2 stop the robot
        """
        return self._send(self._navigate, self._navigate_kind.Goal(pose=pose), arrived, failed)

    def follow(self, pose_topic: str, done: Callable[[], None], failed: Callable[[Failure], None]) -> ActionGoal | None:
        """Begin to drive behind a thing, at the distance that Nav2's following server is set to; does not block.

        :param pose_topic: full name of the topic that tells where it is
        :param done: called when Nav2 has ended it by itself
        :param failed: called with the reason if it cannot be done, or no more
        :returns: what can be stopped, which makes Nav2 stop the robot; None if this Nav2 cannot follow
        """
        if self._follow is None or self._follow_kind is None:
            failed(Failure('NO_FOLLOWING', 'nav2_msgs has no FollowObject here: Jazzy and Lyrical have it'))
            return None
        return self._send(self._follow, self._follow_kind.Goal(pose_topic=pose_topic), done, failed)

    def _send(
        self, client: 'Client', goal: Any, done: Callable[[], None], failed: Callable[[Failure], None]
    ) -> ActionGoal:
        def ended(status: int, result: Any) -> None:
            if status == GoalStatus.STATUS_SUCCEEDED:
                done()
            else:
                failed(_failure(status, result))

        absent = Failure('NO_NAV2', f'there is no action {client._action_name}: is Nav2 running?')
        return ActionGoal(self._node, client, goal, None, absent, ended, failed)


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
