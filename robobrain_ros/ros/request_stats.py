# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What became of the requests so far: counts by end, and latencies by stage, for diagnostics."""

import threading
from collections import Counter, deque
from collections.abc import Mapping
from itertools import chain

import numpy as np

from robobrain_ros.answer import Answer, PointStatus
from robobrain_ros.tasks import MISSION

WINDOW = 200
"""Latencies are over this many of the latest answers."""


class RequestStats:
    """Counts requests by their end, and keeps the latencies of the latest; from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._timings: deque[Mapping[str, float]] = deque(maxlen=WINDOW)
        self._dropped = 0

    def add(self, answer: Answer) -> None:
        """Count one request's end."""
        places = chain(answer.places, *answer.ways)
        with self._lock:
            self._ends[answer.code.name] += 1
            self._dropped += answer.success and not answer.complete
            self._statuses.update(place.status.name for place in places if place.status is not PointStatus.OK)
            if answer.success and answer.task != MISSION:  # whose times are sums over many questions
                self._timings.append(dict(vars(answer.timings)))

    def summary(self) -> dict[str, str]:
        """Names and values for people: counts, and 'p50 / p95' in milliseconds by stage.

        Percentiles are NumPy's, by its method ``linear``: between two values, in proportion.
        """
        with self._lock:
            values = {f'requests {name}': str(count) for name, count in sorted(self._ends.items())}
            values |= {f'targets {name}': str(count) for name, count in sorted(self._statuses.items())}
            values['incomplete answers'] = str(self._dropped)
            latest = list(self._timings)
        for stage in latest[-1] if latest else ():
            half, most = np.percentile([timings[stage] for timings in latest], (50, 95))
            values[f'{stage} p50 / p95 (ms)'] = f'{half:.1f} / {most:.1f}'
        return values
