# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Moving an arm: what it takes, and how it is done by topics of ros2_control's controllers."""

import math
import time
from collections.abc import Callable
from typing import Protocol

import numpy as np
from rclpy.duration import Duration
from rclpy.node import Node
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from robobrain_ros.planners.action_goal import STEADY
from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.arm.chain import Array
from robobrain_ros.planners.arm.clearance import OPEN_M, Arm
from robobrain_ros.planners.arm.joints import Joints
from robobrain_ros.planners.arm.reach import Stop
from robobrain_ros.planners.arm.trajectory import Trajectory, timed
from robobrain_ros.planners.failure import Failure

LOOK_S = 0.02
"""So often it is looked whether the arm is there."""
SLOW = 0.02
"""A joint that turns more slowly, rad/s, stands still."""
START_RAD = 0.05
"""An arm with a joint that is further from where a way begins does not begin it."""
HAND_M, HAND_S, HAND_STATES, LONGEST_HAND_S = 0.0005, 0.4, 15, 10.0
"""A hand whose pads move by less in such a time, seconds, and so many messages, has ended its motion; and the longest
time that it is given."""
BLIND_HAND_S = 1.5
"""So long a hand may take whose joint is not told."""

Done = Callable[[], None]
Failed = Callable[[Failure], None]


class Mover(Protocol):
    """What moves an arm and its hand. Of its methods, none blocks; use it in the node's executor only.

    ``move_to`` and ``grip`` call one of two functions when they have ended, but not after ``hold``.
    """

    def move_to(self, stop: Stop, path: Array, done: Done, failed: Failed) -> None:
        """Move to a stop.

        :param stop: where the tool has to be, and what must not be touched on the way
        :param path: (m, n) a joint path that leads there, radians
        """

    def grip(self, opening: float, done: Done, failed: Failed) -> None:
        """Open or close the hand to a distance between its pads, metres, or until something is in the way."""

    def hold(self) -> None:
        """Stop at once, and stay."""


class TopicMover:
    """Moves an arm by ``joint_trajectory_controller/joint_trajectory``, and looks at joint_states for what comes of it.

    :param node: that publishes
    :param speed: part of the arm's speeds that is used, more than 0, at most 1
    :param closed: what the hand is told to be closed; 0 to be open
    :param tolerance: the arm is there when no joint is further away, radians
    :param patience: an arm that has stood still elsewhere for so long, seconds, does not come any more
    """

    def __init__(
        self, node: Node, arm: Arm, joints: Joints, speed: float, closed: float, tolerance: float, patience: float
    ) -> None:
        self._node, self._arm, self._joints = node, arm, joints
        self._speed, self._closed, self._tolerance, self._patience = speed, closed, tolerance, patience
        self._trajectory = node.create_publisher(JointTrajectory, topics.TRAJECTORY, 5)
        self._gripper = node.create_publisher(Float64MultiArray, topics.GRIPPER, 5)
        self._look: Callable[[], None] | None = None
        node.create_timer(LOOK_S, self._on_timer, clock=STEADY)

    def move_to(self, stop: Stop, path: Array, done: Done, failed: Failed) -> None:
        """Publish a trajectory along a joint path, and wait until its end is reached."""
        if not self._trajectory.get_subscription_count():
            failed(Failure('NO_ARM', f'nobody listens on {self._trajectory.topic_name}: is the controller active?'))
            return
        try:
            self._check_start(stop, path[0])
        except Failure as failure:
            failed(failure)
            return
        trajectory = timed(path, self._arm.speeds * self._speed, self._arm.accelerations * self._speed**2)
        self._trajectory.publish(self._message(trajectory))
        goal, stood = path[-1], time.monotonic() + float(trajectory.times[-1])

        def look() -> None:
            nonlocal stood
            angles, velocities = self._joints.state()
            moves = bool((np.abs(velocities) > SLOW).any())
            off = np.abs(angles - goal)
            if not moves and off.max() <= self._tolerance:
                self._end(done)
            elif moves:
                stood = max(stood, time.monotonic())
            elif time.monotonic() - stood > self._patience:
                worst = int(np.argmax(off))
                name = self._arm.chain.names[worst]
                raise Failure(
                    'ARM_STOPPED',
                    f'{stop.name}: the arm has stopped before it is there, {name} {off[worst]:.3f} rad away',
                )

        self._wait(look, failed)

    def grip(self, opening: float, done: Done, failed: Failed) -> None:
        """Tell the hand, and wait until it does not move any more."""
        if not self._gripper.get_subscription_count():
            failed(Failure('NO_ARM', f'nobody listens on {self._gripper.topic_name}: is the controller active?'))
            return
        self._gripper.publish(Float64MultiArray(data=[self._closed * min(max(1 - opening / OPEN_M, 0.0), 1.0)]))
        began = time.monotonic()
        last, since, states = math.inf, began, 0

        def look() -> None:
            nonlocal last, since, states
            self._joints.state()
            now, width = time.monotonic(), self._joints.opening()
            if width is None:
                if now - began > BLIND_HAND_S:
                    self._end(done)
                return
            if abs(width - last) > HAND_M:
                last, since, states = width, now, self._joints.hands
            still = now - since > HAND_S and self._joints.hands - states >= HAND_STATES
            if still or now - began > LONGEST_HAND_S:
                self._end(done)

        self._wait(look, failed)

    def hold(self) -> None:
        """Brake as hard as the arm may, and stay. The hand stays as it is."""
        self._look = None
        try:
            angles, velocities = self._joints.state()
        except Failure:
            return  # nothing is known that could be held, and nobody who would hold it
        velocities = np.clip(velocities, -2 * self._arm.speeds, 2 * self._arm.speeds)
        seconds = max(float((np.abs(velocities) / self._arm.accelerations).max()), 0.05)
        chain = self._arm.chain
        end = np.clip(angles + velocities * seconds / 2, chain.lower, chain.upper)
        self._trajectory.publish(self._message(Trajectory(np.array([seconds]), end[None], np.zeros((1, len(end))))))

    def _check_start(self, stop: Stop, start: Array) -> None:
        """Check that the arm still is where its way begins: from elsewhere nobody has looked at the way.

        :raises Failure: if it is not, or is silent
        """
        angles, _ = self._joints.state()
        off = np.abs(angles - start)
        worst = int(np.argmax(off))
        if off[worst] > max(START_RAD, self._tolerance):
            raise Failure(
                'ARM_STOPPED',
                f'{stop.name}: the arm is not where the way there begins, {self._arm.chain.names[worst]} is '
                f'{off[worst]:.3f} rad away: something else has moved it',
            )

    def _message(self, trajectory: Trajectory) -> JointTrajectory:
        points = [
            JointTrajectoryPoint(
                positions=positions.tolist(),
                velocities=velocities.tolist(),
                time_from_start=Duration(seconds=float(when)).to_msg(),
            )
            for when, positions, velocities in zip(
                trajectory.times, trajectory.positions, trajectory.velocities, strict=True
            )
        ]
        return JointTrajectory(joint_names=list(self._arm.chain.names), points=points)

    def _wait(self, look: Callable[[], None], failed: Failed) -> None:
        def guarded() -> None:
            try:
                look()
            except Failure as failure:
                self.hold()
                failed(failure)

        self._look = guarded

    def _end(self, done: Done) -> None:
        self._look = None
        done()

    def _on_timer(self) -> None:
        if self._look is not None:
            self._look()
