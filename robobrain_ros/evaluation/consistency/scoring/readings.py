# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What either rule reads from one answer, and the sets that are read a bit apart."""

from dataclasses import dataclass

EMBODIED_VERSE = ('EmbodiedVerse-Open-Sampled', 'embodied_verse')
"""Sets whose numbers and points are right or wrong, where others have a share; their points are read a bit apart."""
ROBO_SPATIAL = ('robo_spatial_home_all', 'robo_spatial_home_all_norm1k')
"""Sets with a second measure: whether the first point lies in a polygon."""
WHERE2PLACE = ('Where2Place', 'Where2Place_norm1k')
"""Sets of which FlagEvalMM leaves out the answers that its reading of points breaks on."""


@dataclass(frozen=True)
class Reading:
    """What a rule reads from one answer."""

    extracted: str
    value: float
    """0 .. 1, before a set makes it right or wrong."""
    dropped: bool = False
    """FlagEvalMM leaves the answer out, as its reading broke on it."""
    second: float | None = None
    """By the set's second measure, where it has one."""
