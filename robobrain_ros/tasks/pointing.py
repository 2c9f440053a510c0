# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task pointing: where is it? One or several points in the image."""

from robobrain_ros.tasks.base import Guide, Raw, Task
from robobrain_ros.tasks.coordinates import read_points
from robobrain_ros.tasks.grammar import coordinate, or_refusal, tuples
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed

MOST = 16
"""Points in one guided answer."""


def read(raw: Raw) -> Parsed:
    """Points (x, y)."""
    return read_points(raw, depth=False)


def grammar(profile: Profile) -> Guide:
    """'[(x, y)]', several points allowed."""
    return or_refusal(tuples([coordinate(profile)] * 2, MOST), profile)


POINTING = Task(
    name='pointing',
    description='Points at what the text describes: "the red mug", "the free space left of the bowl".',
    max_tokens=256,  # a point takes 12 tokens at most: digits, blanks and brackets are tokens of their own
    read=read,
    grammar=grammar,
    places=True,
    closing=(')]',),
)
