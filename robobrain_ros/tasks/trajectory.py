# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task trajectory: the points along which the end effector should move."""

from robobrain_ros.tasks.base import Guide, Raw, Task
from robobrain_ros.tasks.coordinates import read_points
from robobrain_ros.tasks.grammar import DEPTH, coordinate, or_refusal, tuples
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed

MOST = 20
"""Waypoints in one guided answer; the models' own have 4 to 12."""


def read(raw: Raw) -> Parsed:
    """Waypoints (x, y, d), first to last; (x, y) where the profile has no depth."""
    return read_points(raw, depth=raw.profile.trajectory_depth, path=True)


def grammar(profile: Profile) -> Guide:
    """'[(x, y, d), ...]', d with decimals."""
    parts = [coordinate(profile)] * 2 + [DEPTH] * profile.trajectory_depth
    return or_refusal(tuples(parts, MOST), profile)


TRAJECTORY = Task(
    name='trajectory',
    description='Plans waypoints of the end effector for a task: "put the red cube on the plate".',
    max_tokens=448,  # a waypoint takes 20 tokens at most
    read=read,
    grammar=grammar,
    places=True,
    closing=(')]',),
)
