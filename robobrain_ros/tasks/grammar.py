# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Regular expressions of well-formed answers, for guided decoding."""

from robobrain_ros.tasks.base import Guide
from robobrain_ros.tasks.profiles import Profile

DEPTH = r'[0-9]{1,2}\.[0-9]{1,3}'
"""Metres as the models write them: 0.98, 0.986, 12.5."""


def coordinate(profile: Profile) -> str:
    """One coordinate without leading zeros: 0 .. 1000, or up to four digits of pixels."""
    return r'(0|[1-9][0-9]{0,2}|1000)' if profile.relative else r'(0|[1-9][0-9]{0,3})'


def tuples(parts: list[str], most: int) -> str:
    """A list of 1 .. ``most`` tuples: '[(x, y), (x, y)]'."""
    one = rf'\({", ".join(parts)}\)'
    return rf'\[{one}(, {one}){{0,{most - 1}}}\]'


def box(profile: Profile) -> str:
    """One box: '[x1, y1, x2, y2]'."""
    return rf'\[{", ".join([coordinate(profile)] * 4)}\]'


def or_refusal(answer: str, profile: Profile) -> Guide:
    """Answers that match, and the profile's refusal: a grammar must not force places out of a model that sees none."""
    return Guide(regex=f'({answer})|{profile.refusal}' if profile.refusal else answer)
