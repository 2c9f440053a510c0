# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where the robot was, from one moment to the next: what turns a place that it saw into one on the map."""

import bisect
import math
from collections import deque
from typing import NamedTuple

KEPT = 600
"""So many poses are kept: a minute of ten a second, or as long as it takes a robot to send them."""


class Pose2D(NamedTuple):
    """A robot on the floor plan of a fixed frame; metres, radians."""

    x: float
    y: float
    yaw: float


class PoseHistory:
    """Keeps the newest poses of a robot, in the order of their stamps."""

    def __init__(self) -> None:
        self._stamps: deque[int] = deque(maxlen=KEPT)
        self._poses: deque[Pose2D] = deque(maxlen=KEPT)

    def add(self, stamp_ns: int, pose: Pose2D) -> None:
        """Note a pose. One that is older than the newest begins a new history: time has been set back."""
        if self._stamps and stamp_ns < self._stamps[-1]:
            self._stamps.clear()
            self._poses.clear()
        self._stamps.append(stamp_ns)
        self._poses.append(pose)

    def at(self, stamp_ns: int) -> Pose2D | None:
        """Where the robot was: between two poses on a straight line, after the newest one still there.

        :param stamp_ns: nanoseconds
        :returns: None if all poses are later
        """
        after = bisect.bisect_right(self._stamps, stamp_ns)
        if not after:
            return None
        if after == len(self._stamps):
            return self._poses[-1]
        before, then = self._poses[after - 1], self._poses[after]
        share = (stamp_ns - self._stamps[after - 1]) / (self._stamps[after] - self._stamps[after - 1])
        turn = math.remainder(then.yaw - before.yaw, 2 * math.pi)
        x, y = (start + share * (stop - start) for start, stop in zip(before[:2], then[:2], strict=True))
        return Pose2D(x, y, before.yaw + share * turn)
