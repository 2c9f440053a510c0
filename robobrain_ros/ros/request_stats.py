"""What became of the requests so far: counts by end, and latencies by stage, for diagnostics."""

import math
import threading
from collections import Counter, deque
from collections.abc import Mapping
from itertools import chain

from robobrain_ros.answer import Answer, PointStatus
from robobrain_ros.tasks import MISSION

WINDOW = 200
"""Latencies are over this many of the latest answers."""


class RequestStats:
    """Keeps count, from any thread."""

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
            self._dropped += not answer.complete
            self._statuses.update(place.status.name for place in places if place.status is not PointStatus.OK)
            if answer.success and answer.task != MISSION:  # whose times are sums over many questions
                self._timings.append(dict(vars(answer.timings)))

    def summary(self) -> dict[str, str]:
        """Names and values for people: counts, and 'p50 / p95' in milliseconds by stage."""
        with self._lock:
            values = {f'requests {name}': str(count) for name, count in sorted(self._ends.items())}
            values |= {f'targets {name}': str(count) for name, count in sorted(self._statuses.items())}
            values['incomplete answers'] = str(self._dropped)
            latest = list(self._timings)
        for stage in latest[-1] if latest else ():
            took = sorted(timings[stage] for timings in latest)
            values[f'{stage} p50 / p95 (ms)'] = f'{_quantile(took, 0.5):.1f} / {_quantile(took, 0.95):.1f}'
        return values


def _quantile(ordered: list[float], part: float) -> float:
    """The least value that this part of the values does not exceed (nearest rank)."""
    return ordered[max(math.ceil(part * len(ordered)) - 1, 0)]
