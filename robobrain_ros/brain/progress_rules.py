# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""When a task is done, and when it went wrong: rules about its progress over time.

One sample proves nothing: models err, and hands hide things. So what counts is a level that was held, which is the
least of the last ``hold`` samples. A sample without a value (NaN) is evidence of nothing and is passed over.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf, isfinite, isnan

from robobrain_ros.errors import BadRequest

MOST_HOLD = 100
"""Samples that a rule may ask for."""
_ROUNDING = 1e-9
"""So much below a threshold still reaches it: 0.7 - 0.4 is a little less than 0.3 to a computer."""


class Outcome(str, Enum):
    """How the watch over a task ended. The last two are its watcher's to say, not these rules'."""

    SUCCEEDED = 'succeeded'
    """It is done, and has stayed so."""
    FAILED = 'failed'
    """It lost much of what had been reached, and that has stayed lost."""
    STALLED = 'stalled'
    """It has not come closer for too long."""
    TIMEOUT = 'timeout'
    """Its time was up."""
    CANCELLED = 'cancelled'
    """Whoever asked for the watch ended it."""


@dataclass(frozen=True)
class Rules:
    """What decides about a task.

    :param success_at: progress, 0 .. 1, from which it is done; 0.95 is the published value (arXiv 2512.23703, 3.2.2)
    :param hold: so many samples in a row must agree, 1 .. 100
    :param drop: it failed when it lost this much progress of the highest that it had held, 0 .. 1
    :param stall_s: it stalled when it gained less than ``least_gain`` in so many seconds; 0 never calls it stalled
    :param least_gain: progress, 0 .. 1
    :raises BadRequest: for values out of these ranges
    """

    success_at: float = 0.95
    hold: int = 3
    drop: float = 0.3
    stall_s: float = 30.0
    least_gain: float = 0.05

    def __post_init__(self) -> None:
        for name in ('success_at', 'drop', 'least_gain'):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise BadRequest(f'{name} is {value}, but it must be more than 0 and at most 1')
        if not (1 <= self.hold <= MOST_HOLD and self.hold == int(self.hold)):
            raise BadRequest(f'hold is {self.hold}, but it must be a whole number of samples in 1 .. {MOST_HOLD}')
        if not (isfinite(self.stall_s) and self.stall_s >= 0):
            raise BadRequest(f'stall_s is {self.stall_s}, but it must be seconds, 0 or more')


@dataclass(frozen=True)
class Verdict:
    """How a task ended, and the reason in a sentence for people."""

    outcome: Outcome
    reason: str


class Judge:
    """Watches the progress of one task and says when it is decided.

    :param rules: what decides
    """

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._recent: deque[float] = deque(maxlen=int(rules.hold))
        self._highest = 0.0
        """Progress that was held."""
        self._gained_s = inf
        """When it was last raised by ``least_gain``."""
        self._gained = 0.0
        """To what."""
        self._verdict: Verdict | None = None

    def add(self, stamp_s: float, progress: float) -> Verdict | None:
        """Take the next sample; call it in the order of their stamps.

        :param stamp_s: when it was seen, seconds of any clock
        :param progress: 0 .. 1, or NaN where it is unknown
        :returns: the verdict, which is final; None while there is none
        """
        self._gained_s = min(self._gained_s, stamp_s)  # at first, or where the clock was set back
        if self._verdict or isnan(progress):
            return self._verdict
        self._recent.append(progress)
        if len(self._recent) == self._rules.hold:
            self._verdict = self._judge(stamp_s, self._recent)
        return self._verdict

    def _judge(self, stamp_s: float, recent: Sequence[float]) -> Verdict | None:
        """Judge by so many samples as must agree."""
        rules, held, seen = self._rules, min(recent), max(recent)
        if held >= rules.success_at - _ROUNDING:
            return self._say(Outcome.SUCCEEDED, f'progress is {recent[-1]:.2f}, at least {rules.success_at:g}')
        if self._highest - seen >= rules.drop - _ROUNDING:
            what = f'progress fell from {self._highest:.2f} to {recent[-1]:.2f}, by {rules.drop:g} or more'
            return self._say(Outcome.FAILED, what)
        self._highest = max(self._highest, held)
        if self._highest >= self._enough():
            self._gained_s, self._gained = stamp_s, self._highest
        waited = stamp_s - self._gained_s
        if rules.stall_s and waited >= rules.stall_s and seen < self._enough():
            what = f'progress is {recent[-1]:.2f} and gained less than {rules.least_gain:g} in {waited:.1f} s'
            return self._say(Outcome.STALLED, what)
        return None

    def _enough(self) -> float:
        """The progress that is a gain."""
        return self._gained + self._rules.least_gain - _ROUNDING

    def _say(self, outcome: Outcome, what: str) -> Verdict:
        samples = '1 sample' if self._rules.hold == 1 else f'{self._rules.hold} samples'
        return Verdict(outcome, f'{what}, by the last {samples}')
