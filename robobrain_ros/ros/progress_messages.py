# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Progress as ROS messages: samples as they come, and the result of action ``~/monitor``."""

import math
from collections import deque
from collections.abc import Mapping
from enum import Enum
from typing import Any

from builtin_interfaces.msg import Time

from robobrain_ros.action import Monitor
from robobrain_ros.brain.progress_rules import Outcome
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.msg import Progress
from robobrain_ros.ros.stoppable import Ending
from robobrain_ros.ros.watch import Look
from robobrain_ros.tasks.progress import Mode

MOST_SAMPLES = 10_000
"""The latest so many are in the result: some 120 kB."""
SHOWN = 100
"""Characters of an answer that is quoted."""
OUTCOMES: Mapping[Enum | None, int] = {
    None: Monitor.Result.NOT_MONITORED,
    **{outcome: getattr(Monitor.Result, outcome.name) for outcome in Outcome},
}
"""The action's constant for each outcome."""


def progress(look: Look, **about: Any) -> Progress:
    """One look as msg/Progress.

    :param about: the fields that are the same for all looks of a goal, by name
    """
    found, message = look.found, Progress(header=look.header, **about)
    if isinstance(found, BrainError):
        message.value = message.hop = message.weight = math.nan
        message.incremental = message.forward = message.backward = math.nan
        message.error_code, message.error_message = int(found.code), str(found)
        return message
    message.valid, message.value, message.hop = found.valid, float(found.progress), float(found.hop)
    message.weight, message.step_ms = float(found.weight), float(found.milliseconds)
    for mode in Mode:
        setattr(message, mode.value, float(found.modes.get(mode, math.nan)))
    missing = [mode for mode, value in found.modes.items() if math.isnan(value)]
    if found.fault:
        message.error_code, message.error_message = int(found.code), found.fault
    elif missing:
        said = '; '.join(f'{mode.value}: {found.texts.get(mode, "")[:SHOWN]!r}' for mode in missing)
        message.error_code, message.error_message = int(ErrorCode.UNPARSABLE), f'a mode has no score, {said}'
    return message


class Series:
    """All samples of a goal, as its result has them."""

    def __init__(self) -> None:
        self._seen: deque[tuple[Time, float]] = deque(maxlen=MOST_SAMPLES)
        self._last = math.nan
        self._fault = ''
        self.invalid = 0
        """Samples so far that are not valid."""
        self.count = 0
        """Samples so far."""

    def add(self, sample: Progress) -> None:
        """Take the next one."""
        self.count += 1
        if sample.valid:
            self._last = sample.value
        else:
            self.invalid, self._fault = self.invalid + 1, sample.error_message
        if sample.header.stamp.sec or sample.header.stamp.nanosec:
            self._seen.append((sample.header.stamp, sample.value))

    def reason(self, ending: Ending) -> str:
        """Why it ended so, and what was wrong with samples that are not valid."""
        if not self.invalid:
            return ending.reason
        return f'{ending.reason}; {self.invalid} of {self.count} samples were not valid, the last because {self._fault}'

    def result(self, ending: Ending) -> Monitor.Result:
        """Everything about the end of a goal."""
        return Monitor.Result(
            outcome=OUTCOMES[ending.outcome],
            reason=self.reason(ending),
            error_code=int(ending.code),
            progress=self._last,
            stamps=[stamp for stamp, _ in self._seen],
            values=[value for _, value in self._seen],
            invalid=self.invalid,
        )
