# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node's parameters that are about action ``~/track``.

Goals that start later get new values; those that run keep theirs.
"""

from robobrain_ros.brain.pursuit import PursuitRules
from robobrain_ros.ros.parameter import Parameter, Value

LONGEST_S = 86400.0
"""The longest time that a thing may be followed, seconds."""
SHORTEST_PERIOD_S = 0.1
LONGEST_PERIOD_S = 3600.0
SHORTEST_LOST_S = 0.1


def _about(name: str, default: Value, description: str, low: float, high: float) -> Parameter:
    return Parameter(f'track.{name}', default, description, low=low, high=high, dynamic=True, shared=True)


TRACK = (
    _about(
        'period_s',
        PursuitRules.period_s,
        'time from one look of the model at what is tracked to the next, s',
        SHORTEST_PERIOD_S,
        LONGEST_PERIOD_S,
    ),
    _about('timeout_s', 600.0, 'time limit of a track that sets none, s', 0.1, LONGEST_S),
    _about('lost_s', 15.0, 'a track ends when its thing was not seen for this long, s', SHORTEST_LOST_S, LONGEST_S),
    _about(
        'unconfirmed_s',
        PursuitRules.unconfirmed_s,
        'what the model has not confirmed for this long is not published any more, s',
        SHORTEST_PERIOD_S,
        LONGEST_S,
    ),
)
"""In the order of the parameter file."""
