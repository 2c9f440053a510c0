# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where arm and hand are, as joint_states tell."""

import math
import time

import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState

from robobrain_ros.planners.arm import topics
from robobrain_ros.planners.arm.chain import Array, Chain
from robobrain_ros.planners.arm.clearance import OPEN_M
from robobrain_ros.planners.failure import Failure

MOST_RAD = 100.0
"""No joint is at such an angle, rad, or turns so fast, rad/s. NaN is not below it: broadcasters tell it where hardware
tells nothing."""


class Joints:
    """Keeps the newest state of an arm's joints, and of its hand's.

    A message with an angle that cannot be counts as none; a velocity that cannot be counts as 0, as if it was not told.

    :param node: that subscribes
    :param chain: the arm's joints; others in the messages are left out
    :param knuckle: name of the hand's joint; '': it is not told
    :param closed: its value when the hand is closed; 0 when it is open
    :param oldest: no older state is used, seconds of this host's clock since it came
    """

    def __init__(self, node: Node, chain: Chain, knuckle: str, closed: float, oldest: float) -> None:
        self._chain, self._knuckle, self._closed, self._oldest = chain, knuckle, closed, oldest
        self._came: float | None = None
        self._angles = self._velocities = np.zeros(len(chain.names))
        self._wrong = ''
        """What the newest message told of the arm, if that cannot be."""
        self._hand: float | None = None
        self.hands = 0
        """How many messages have told of the hand."""
        self._topic = node.create_subscription(JointState, topics.JOINT_STATES, self._hear, 10).topic_name

    def _hear(self, message: JointState) -> None:
        places = {name: place for place, name in enumerate(message.name)}
        if self._knuckle in places and len(message.position) > places[self._knuckle]:
            hand = float(message.position[places[self._knuckle]])
            if math.isfinite(hand):
                self.hands, self._hand = self.hands + 1, hand
        if not places.keys() >= set(self._chain.names):
            return  # of another part of the robot, such as the hand alone
        order = [places[name] for name in self._chain.names]
        if len(message.position) <= max(order):
            return
        angles = np.array(message.position)[order]
        wrong = ~(np.abs(angles) < MOST_RAD)
        if wrong.any():
            which = int(np.argmax(wrong))
            self._wrong = f'; the newest message there says that {self._chain.names[which]} is at {angles[which]:g} rad'
            return
        self._angles, self._wrong = angles, ''
        known = len(message.velocity) > max(order)
        velocities = np.array(message.velocity)[order] if known else np.zeros(len(order))
        self._velocities = np.where(np.abs(velocities) < MOST_RAD, velocities, 0.0)
        self._came = time.monotonic()

    def state(self) -> tuple[Array, Array]:
        """Return the joints' angles, radians, and velocities, rad/s, each (n,).

        :raises Failure: if nothing has come lately
        """
        if self._came is None:
            names = ', '.join(self._chain.names)
            raise Failure('NO_ARM', f'no state of the joints {names} has come on {self._topic}{self._wrong}')
        age = time.monotonic() - self._came
        if age > self._oldest:
            raise Failure(
                'NO_ARM', f'the newest state of the joints on {self._topic} came {age:.1f} s ago{self._wrong}'
            )
        return self._angles, self._velocities

    def opening(self) -> float | None:
        """Return how far apart the hand's pads are, metres; None where no message has told."""
        return None if self._hand is None else OPEN_M * (1 - self._hand / self._closed)
