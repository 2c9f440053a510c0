# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Tokens a second of two stacks side by side, and FlagRelease's gate on their ratio.

FlagRelease lets a stack pass that makes 80 % of the native tokens a second, with every number of questions in flight.
"""

from dataclasses import dataclass
from typing import Any

SHARE = 80.0
"""Percent of the native tokens a second that are enough."""
SPANS = 3
"""Parts of the measured time; how far their rates are apart says how steady they are."""
ALIKE = 0.25
"""Answers whose lengths differ by a larger share are not the same work."""
CASE = 'robobrain_table_top'
"""What FlagRelease's files call a test case."""


@dataclass(frozen=True)
class Rate:
    """What one stack did with so many questions in flight."""

    at: int
    tokens_per_s: float
    """All answers together, while all places were taken."""
    slowest: float
    """Tokens a second in the slowest of ``SPANS`` parts of that time."""
    fastest: float
    """Tokens a second in the fastest of them."""
    answers_per_s: float
    tokens: float
    """Length of an answer, on average."""
    first_token_ms: float
    """From a question to the first token of its answer, on average."""

    def metrics(self) -> dict[str, float]:
        """Return the figures under the names that FlagRelease's files have."""
        return {
            'Output token throughput (tok/s)': round(self.tokens_per_s, 2),
            'Request throughput (req/s)': round(self.answers_per_s, 3),
            'Mean TTFT (ms)': round(self.first_token_ms, 2),
        }


@dataclass(frozen=True)
class Outcome:
    """Two stacks' rates side by side."""

    native: tuple[Rate, ...]
    other: tuple[Rate, ...]
    share: float
    """Percent that are enough."""
    failure: str = ''
    """Why they could not be measured."""

    @property
    def ratios(self) -> tuple[float, ...]:
        """How many percent of the native tokens a second the other stack makes, for each number in flight."""
        if self._odd():
            return ()
        pairs = zip(self.native, self.other, strict=True)
        return tuple(100 * other.tokens_per_s / native.tokens_per_s for native, other in pairs)

    @property
    def exit_code(self) -> int:
        """0 if the other stack is quick enough each time, 1 if not, 2 if they cannot be compared."""
        if self._odd():
            return 2
        return 0 if min(self.ratios) >= self.share else 1

    @property
    def message(self) -> str:
        """Say what came out, in a sentence."""
        if odd := self._odd():
            return f'cannot be compared: {odd}'
        least = min(self.ratios)
        at = self.native[self.ratios.index(least)].at
        verdict = 'enough' if least >= self.share else 'too few'
        said = f'{least:.1f} % of the native tokens a second at the least, with {at} in flight'
        return f'{said}: {verdict}, {self.share:g} % are asked for{self._doubt()}'

    def _doubt(self) -> str:
        """Say with how many in flight the verdict would be another in the best or the worst part of the time."""
        doubtful = [
            str(native.at)
            for native, other in zip(self.native, self.other, strict=True)
            if 100 * other.slowest < self.share * native.fastest and 100 * other.fastest >= self.share * native.slowest
        ]
        if not doubtful:
            return ''
        return (
            f'. With {", ".join(doubtful)} in flight the rates varied so much that it may be otherwise: measure again '
            'while nothing else runs'
        )

    def _odd(self) -> str:
        """Say why the rates cannot be compared, if so."""
        if self.failure:
            return self.failure
        for native, other in zip(self.native, self.other, strict=True):
            if not native.tokens_per_s or not other.tokens_per_s:
                return (
                    f'with {native.at} in flight, the {"other" if native.tokens_per_s else "native"} stack says nothing'
                )
            if abs(other.tokens - native.tokens) > ALIKE * native.tokens:
                lengths = f'{native.tokens:.1f} tokens natively and {other.tokens:.1f} otherwise'
                return f'with {native.at} in flight, an answer has {lengths}'
        return ''

    def table(self) -> list[str]:
        """Return the lines of a Markdown table, and the sentence below it."""
        lines = ['| in flight | native tok/s | other tok/s | ratio |', '|---:|---:|---:|---:|']
        for native, other, ratio in zip(self.native, self.other, self.ratios, strict=False):
            lines.append(f'| {native.at} | {_spread(native)} | {_spread(other)} | {ratio:.1f} % |')
        return [*lines, '', self.message]

    def to_json(self) -> dict[str, Any]:
        """Return all of it; ``native`` and ``other`` are what FlagRelease's performance_compare.py reads as files."""
        return {
            'native': {CASE: {str(rate.at): rate.metrics() for rate in self.native}},
            'other': {CASE: {str(rate.at): rate.metrics() for rate in self.other}},
            'ratios': {str(rate.at): ratio for rate, ratio in zip(self.native, self.ratios, strict=False)},
            'tokens': [[rate.tokens for rate in side] for side in (self.native, self.other)],
            'spread': [[[rate.slowest, rate.fastest] for rate in side] for side in (self.native, self.other)],
            'gate': self.share,
            'passed': {0: True, 1: False}.get(self.exit_code),
            'message': self.message,
        }


def _spread(rate: Rate) -> str:
    return f'{rate.tokens_per_s:.1f} ({rate.slowest:.1f} to {rate.fastest:.1f})'
