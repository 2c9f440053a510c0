# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A monitor that watches the attempts of an episode, and the verdicts that it gives."""

import math
from dataclasses import dataclass

from sensor_msgs.msg import Image

from robobrain_ros.commands.monitoring import OUTCOMES
from robobrain_ros.ros.client import Client, duration
from robobrain_ros.srv import Remember

NAME = 'demo'
"""The start image is kept by this name."""
PERIOD_S, STALL_S, TIMEOUT_S = 1.0, 8.0, 60.0
HOLD = 2
"""So many samples have to agree."""


@dataclass(frozen=True)
class Verdict:
    """What came of watching one attempt."""

    outcome: str
    """One of ``OUTCOMES``."""
    reason: str
    samples: tuple[tuple[float, float], ...]
    """The stamp of each image, seconds, and the progress, NaN where it is unknown."""

    @property
    def good(self) -> bool:
        """Whether the task is done, as the monitor sees it."""
        return self.outcome == 'SUCCEEDED'

    @property
    def bad(self) -> bool:
        """Whether the task is to be tried again. Where no progress is known at all, nobody can tell."""
        known = any(not math.isnan(progress) for _, progress in self.samples)
        return known and self.outcome in ('FAILED', 'STALLED', 'TIMEOUT')


class Watcher:
    """Watches tasks with action ``~/monitor`` of a client's node."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def remember(self, start: Image) -> None:
        """Give the image from before the task; blocks until the node keeps it.

        :raises NoReply: if it does not answer
        :raises BrainError: if it cannot keep it
        """
        self._client.remember(NAME, kind=Remember.Request.START, image=start)

    def watch(self, instruction: str) -> Verdict:
        """Watch a task from the start image on; blocks until there is a verdict, ``TIMEOUT_S`` at the most.

        :raises NoReply: if the node does not answer
        """
        rules = {'hold': HOLD, 'stall': duration(STALL_S), 'period': duration(PERIOD_S)}
        with self._client.monitor(instruction, TIMEOUT_S, start_name=NAME, **rules) as watched:
            for _ in watched:
                continue
        result = watched.result
        assert result is not None
        stamps = (stamp.sec + stamp.nanosec / 1e9 for stamp in result.stamps)
        samples = tuple(zip(stamps, map(float, result.values), strict=True))
        return Verdict(OUTCOMES[result.outcome], result.reason, samples)
