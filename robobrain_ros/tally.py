"""What became of the requests so far: counts by end, and latencies by stage, for diagnostics."""

import math
from collections import Counter, deque
from collections.abc import Mapping
from itertools import chain

from robobrain_ros.answer import Answer, PointStatus
from robobrain_ros.tasks import MISSION

WINDOW = 200
"""Latencies are over this many of the latest answers."""


class Tally:
    """Keeps count; one thread at a time."""

    def __init__(self) -> None:
        self._ends: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._timings: deque[Mapping[str, float]] = deque(maxlen=WINDOW)
        self._dropped = 0

    def add(self, answer: Answer) -> None:
        """Count one request's end."""
        self._ends[answer.code.name] += 1
        self._dropped += not answer.complete
        places = chain(answer.places, *answer.ways)
        self._statuses.update(place.status.name for place in places if place.status is not PointStatus.OK)
        if answer.success and answer.task != MISSION:  # whose times are sums over many questions
            self._timings.append(dict(vars(answer.timings)))

    def summary(self) -> dict[str, str]:
        """Names and values for people: counts, and 'p50 / p95' in milliseconds by stage."""
        values = {f'requests {name}': str(count) for name, count in sorted(self._ends.items())}
        values |= {f'targets {name}': str(count) for name, count in sorted(self._statuses.items())}
        values['incomplete answers'] = str(self._dropped)
        for stage in self._timings[-1] if self._timings else ():
            took = sorted(timings[stage] for timings in self._timings)
            values[f'{stage} p50 / p95 (ms)'] = f'{_quantile(took, 0.5):.1f} / {_quantile(took, 0.95):.1f}'
        return values


def _quantile(ordered: list[float], part: float) -> float:
    """The least value that this part of the values does not exceed (nearest rank)."""
    return ordered[max(math.ceil(part * len(ordered)) - 1, 0)]
