# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where the robot was when an image was taken."""

import math

import pytest

from robobrain_ros.planners.goto.pose_history import KEPT, Pose2D, PoseHistory


def test_between_two_poses_it_was_between_them_and_turned_the_short_way():
    history = PoseHistory()
    history.add(1_000, Pose2D(1.0, 2.0, 3.0))
    history.add(2_000, Pose2D(2.0, 0.0, -3.0))
    x, y, yaw = history.at(1_500)
    assert (x, y) == (1.5, 1.0)
    assert math.cos(yaw - math.pi) == pytest.approx(1)
    assert history.at(1_000) == Pose2D(1.0, 2.0, 3.0)


def test_after_the_newest_it_is_still_there_and_before_the_first_nobody_knows():
    history = PoseHistory()
    assert history.at(5) is None
    history.add(10, Pose2D(1.0, 2.0, 0.5))
    assert history.at(9) is None
    assert history.at(10) == history.at(10**18) == Pose2D(1.0, 2.0, 0.5)


def test_a_pose_told_twice_and_a_clock_set_back():
    history = PoseHistory()
    for stamp, x in ((10, 1.0), (20, 2.0), (20, 3.0)):
        history.add(stamp, Pose2D(x, 0.0, 0.0))
    assert history.at(20).x == 3.0
    history.add(5, Pose2D(7.0, 0.0, 0.0))
    assert history.at(20).x == 7.0
    assert history.at(4) is None


def test_it_does_not_grow():
    history = PoseHistory()
    for stamp in range(3 * KEPT):
        history.add(stamp, Pose2D(stamp, 0.0, 0.0))
    assert history.at(2 * KEPT - 1) is None
    assert history.at(2 * KEPT).x == 2 * KEPT
