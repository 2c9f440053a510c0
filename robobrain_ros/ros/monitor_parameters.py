# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node's parameters that are about action ``~/monitor`` and service ``~/remember``.

Goals that start later get new values; those that run keep theirs.
"""

from robobrain_ros.brain.progress_rules import MOST_HOLD, Rules
from robobrain_ros.brain.reference_images import DIRECTORY
from robobrain_ros.ros.parameter import Parameter, Value

LONGEST_S = 86400.0
"""The longest time that a task may be watched, seconds."""
SHORTEST_PERIOD_S = 0.05
LONGEST_PERIOD_S = 3600.0


def _about(
    name: str, default: Value, description: str, low: float | None = None, high: float | None = None
) -> Parameter:
    return Parameter(f'monitor.{name}', default, description, low=low, high=high, dynamic=True, shared=True)


MONITOR = (
    _about('period_s', 1.0, 'time from one sample of progress to the next, s', SHORTEST_PERIOD_S, LONGEST_PERIOD_S),
    _about('timeout_s', 600.0, 'time limit of a monitor that sets none, s', 0.1, LONGEST_S),
    _about('success_at', Rules.success_at, 'progress at which a task is done', 0.01, 1.0),
    _about('hold', Rules.hold, 'samples in a row that must agree before a task has succeeded or failed', 1, MOST_HOLD),
    _about('drop', Rules.drop, 'a task has failed when it lost this much of the progress it had reached', 0.01, 1.0),
    _about(
        'stall_s',
        Rules.stall_s,
        'a task has stalled when it gained too little for this long, s; 0: never',
        0.0,
        LONGEST_S,
    ),
    _about('least_gain', Rules.least_gain, 'progress that must be gained within stall_s', 0.001, 1.0),
    _about('directory', DIRECTORY, 'where ~/remember keeps start and goal images by name'),
)
"""In the order of the parameter file."""
