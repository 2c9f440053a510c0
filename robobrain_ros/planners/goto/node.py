# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto: it hears what to go to, asks the brain where that is, and says where to stand."""

import functools
import sys
import time
from collections.abc import Callable
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Point, PoseStamped
from rcl_interfaces.msg import SetParametersResult
from rclpy.action import ActionClient
from rclpy.node import Node
from std_msgs.msg import Empty, String
from visualization_msgs.msg import MarkerArray

from robobrain_ros.action import Query
from robobrain_ros.engines.ending import END_S, Signals
from robobrain_ros.errors import BadRequest
from robobrain_ros.msg import Answer
from robobrain_ros.planners.action_goal import ActionGoal
from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.goto import telling, topics
from robobrain_ros.planners.goto.approach import Approach, NoApproach, approach
from robobrain_ros.planners.goto.driving import Navigator
from robobrain_ros.planners.goto.following import Following
from robobrain_ros.planners.goto.hearing import LATCHED, Costmap, PoseFromTf, PoseFromTopic
from robobrain_ros.planners.goto.parameters import PARAMETERS, check
from robobrain_ros.planners.places import places
from robobrain_ros.planners.status import ARRIVED, ASKING, DRIVING, FAILED, FOLLOWED, FOLLOWING, GOAL, status_message
from robobrain_ros.ros import topics as brain_topics
from robobrain_ros.ros.client import duration
from robobrain_ros.ros.node_parameters import declare
from robobrain_ros.ros.program import callbacks, start

CANCEL_S = 1.5
"""So long it waits at its end, seconds, until brain or Nav2 have confirmed a cancel."""
REPLY_S = 2.0
"""So long a brain may take to reply after its own time limit, seconds."""


class GotoNode(Node):
    """Turns each instruction into a pose as soon as the brain has answered, and has Nav2 drive there if it is to.

    A new instruction takes the place of the one before, whose question or drive is cancelled.

    :param options: those of rclpy's Node, such as ``namespace`` or ``context``
    :raises BadRequest: for parameters that cannot be
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(topics.NODE, **options)
        declare(self, PARAMETERS, self._parameter_overrides, check, fixed=True)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._frame = str(self._value('map_frame'))
        self._costmap = Costmap(self, self._frame)
        self._robot: PoseFromTf | PoseFromTopic = (
            PoseFromTf(self, self._frame, self._value('base_frame'))
            if self._value('robot_pose') == 'tf'
            else PoseFromTopic(self, self._frame)
        )
        self._answer_frame = self._frame if self._value('answer_frame') == 'map' else str(self._value('base_frame'))
        self._query: ActionClient[Any, Any, Any] = ActionClient(
            self, Query, f'{self._value("brain")}/{brain_topics.QUERY}'
        )
        self._goal_pose = self.create_publisher(PoseStamped, topics.GOAL_POSE, 5)
        self._object_pose = self.create_publisher(PoseStamped, topics.OBJECT_POSE, 5)
        self._markers = self.create_publisher(MarkerArray, topics.MARKERS, LATCHED)
        self._status = self.create_publisher(DiagnosticStatus, topics.STATUS, LATCHED)
        self._navigator = Navigator(self) if self._value('drive') == 'action' else None
        self._under_way: ActionGoal | Following | None = None
        """The question to the brain, then the drive; or what follows."""
        self._chase: ActionGoal | None = None
        """The drive behind what is followed."""
        self.create_subscription(String, topics.INSTRUCTION, lambda message: self.go(message.data), 5)
        self.create_subscription(Empty, topics.CANCEL, lambda _: self.cancel(), 5)

    def _value(self, name: str) -> Any:
        return self.get_parameter(name).value

    def _on_parameters(self, changes: 'list[rclpy.Parameter[Any]]') -> SetParametersResult:
        known = {parameter.name: parameter for parameter in PARAMETERS}
        try:
            for change in changes:
                if change.name in known:
                    known[change.name].check(change.value)
            check({name: self._value(name) for name in known} | {change.name: change.value for change in changes})
        except BadRequest as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def go(self, instruction: str) -> None:
        """Ask where something is, and publish where to stand once that is answered; call it in the node's executor.

        With the parameter ``follow_s``, it asks again and again instead, and publishes where the thing is.

        :param instruction: what to go to, such as ``the red mug``
        """
        self._stop(Failure('PREEMPTED', f'{instruction!r} took its place'))
        self._tell(ASKING, instruction, f'asking where it is: {instruction!r}')
        if self._value('follow_s'):
            self._follow(instruction)
            return
        self._under_way = self._ask(
            instruction,
            lambda answer: self._on_answer(instruction, answer),
            lambda failure: self._fail(instruction, failure),
        )

    def _ask(
        self, instruction: str, answered: Callable[[Answer], None], failed: Callable[[Failure], None]
    ) -> ActionGoal:
        timeout_s = self._value('timeout_s')
        goal = Query.Goal(
            task='pointing',
            instruction=instruction,
            camera=self._value('camera'),
            target_frame=self._answer_frame,
            timeout=duration(timeout_s),
        )
        absent = Failure('NO_BRAIN', f'there is no action {self._query._action_name}: is the node running?')
        return ActionGoal(
            self,
            self._query,
            goal,
            timeout_s + REPLY_S,
            absent,
            lambda status, result: answered(result.answer),
            failed,
        )

    def _follow(self, instruction: str) -> None:
        self._chase = None
        began = False

        def seen(place: Point, answer: Answer) -> None:
            nonlocal began
            self._object_pose.publish(telling.object_pose(place, self._frame, answer.header.stamp))
            if not began:
                began = True
                self._tell(FOLLOWING, instruction, f'{instruction!r} is at ({place.x:.2f}, {place.y:.2f})')
                if self._navigator is not None:
                    self._chase = self._navigator.follow(self._object_pose.topic_name, followed, following.stop)

        def followed() -> None:
            following.end()
            self._tell(FOLLOWED, instruction, f'{instruction!r}: Nav2 has ended to follow it')

        def failed(failure: Failure) -> None:
            if self._chase is not None:
                self._chase.stop(failure)
            self._fail(instruction, failure)

        following = Following(
            self,
            functools.partial(self._ask, instruction),
            lambda answer: self._places(answer)[0],
            self._value('follow_s'),
            self._value('lost_s'),
            seen,
            failed,
        )
        self._under_way = following

    def cancel(self) -> None:
        """End what is under way, also a drive; call it in the node's executor."""
        self._stop(Failure('CANCELLED', 'cancelled'))

    @property
    def settled(self) -> bool:
        """Whether nothing is under way, and brain and Nav2 have confirmed what was cancelled."""
        return all(one is None or one.settled for one in (self._under_way, self._chase))

    def _stop(self, failure: Failure) -> None:
        if self._under_way is not None:
            self._under_way.stop(failure)

    def _on_answer(self, instruction: str, answer: Answer) -> None:
        try:
            target, found = self._choose(answer)
        except Failure as failure:
            self._fail(instruction, failure)
            return
        stamp = self.get_clock().now().to_msg()
        pose = telling.goal_pose(found, self._frame, stamp)
        self._markers.publish(telling.markers(found, target, self._frame, stamp))
        self._goal_pose.publish(pose)
        where = f'({found.x:.2f}, {found.y:.2f}), {found.distance_m:.2f} m in front of it'
        way = f'{instruction!r}: stand at {where} and {found.way_m:.1f} m from here'
        if self._navigator is None:
            self._tell(GOAL, instruction, way)
            return
        self._tell(DRIVING, instruction, way)
        self._under_way = self._navigator.drive(
            pose,
            lambda: self._tell(ARRIVED, instruction, f'{instruction!r}: at {where}'),
            lambda failure: self._fail(instruction, failure),
        )

    def _choose(self, answer: Answer) -> tuple[Point, Approach]:
        """Choose where to stand: in front of the first target that has such a place.

        :raises Failure: if none has; that of the first one
        """
        found = self._places(answer)
        grid = self._costmap.grid(self._value('max_costmap_age_s'))
        robot = self._robot.place()
        standoffs = self._value('standoff_m'), self._value('max_standoff_m')
        failures = []
        for place in found:
            try:
                return place, approach((place.x, place.y), robot, grid, *standoffs)
            except NoApproach as error:
                failures.append(Failure(error.reason.value, str(error)))
            except BadRequest as error:  # a pose of the robot that is none, such as NaN
                failures.append(Failure(error.code.name, str(error)))
        raise failures[0]

    def _places(self, answer: Answer) -> list[Point]:
        """Find where the targets of an answer are, in the map's frame.

        :raises Failure: if there is none
        """
        found = places(answer)
        if self._answer_frame == self._frame or isinstance(self._robot, PoseFromTf):
            return found
        return [self._robot.in_fixed_frame(place, answer.header.stamp) for place in found]

    def _fail(self, instruction: str, failure: Failure) -> None:
        self._markers.publish(telling.no_markers())
        self._tell(FAILED, instruction, str(failure), failure)

    def _tell(self, state: str, instruction: str, message: str, failure: Failure | None = None) -> None:
        if failure is None:
            self.get_logger().info(message)
        else:
            self.get_logger().warning(f'{instruction!r}: {failure.code}: {message}')
        self._status.publish(status_message(self.get_fully_qualified_name(), state, instruction, message, failure))


def main(args: list[str] | None = None) -> int:
    """Run the node until SIGINT, SIGTERM or SIGHUP; what it has under way is cancelled then. Blocks.

    :returns: the exit code, 1 if the node cannot be started
    """
    signals = Signals(END_S, code=0)
    node = start(
        topics.NODE,
        'The node robobrain_goto: it asks the node robobrain where something is, and says where to stand.',
        PARAMETERS,
        'Topics, and how to use it with Nav2: docs/guides/nav2.md of robobrain_ros.',
        args,
        GotoNode,
    )
    if node is None:
        return 1
    with callbacks(node) as executor:
        signals.wait()
        cancelled = executor.create_task(node.cancel)
        end = time.monotonic() + CANCEL_S
        while not (cancelled.done() and node.settled) and time.monotonic() < end:
            time.sleep(0.02)
    return 0


if __name__ == '__main__':
    sys.exit(main())
