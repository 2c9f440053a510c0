# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task grounding: which region of the image is it? A bounding box."""

from robobrain_ros.tasks.base import Guide, Raw, Task
from robobrain_ros.tasks.coordinates import read_boxes
from robobrain_ros.tasks.grammar import box, or_refusal
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed


def read(raw: Raw) -> Parsed:
    """Boxes [x1, y1, x2, y2]."""
    return read_boxes(raw)


def grammar(profile: Profile) -> Guide:
    """Exactly one box."""
    return or_refusal(box(profile), profile)


GROUNDING = Task(
    name='grounding',
    description='Draws a box around what the text describes: "the red mug".',
    # A box takes 25 tokens. No stop at ']': a model that sees two candidates answers with two boxes, and hiding the
    # second would hide the doubt.
    max_tokens=128,
    read=read,
    grammar=grammar,
    places=True,
)
