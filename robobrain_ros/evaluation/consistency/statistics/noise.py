# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How much two runs differ in their answers, whatever these are worth: texts, words, flips, errors.

Two runs of one stack (A/A) show the noise: greedy decoding is not bit-exact where batches change. Two stacks (A/B) are
then judged against it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from robobrain_ros.evaluation.consistency.items import Reply, Score
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, mid_p


@dataclass(frozen=True)
class Noise:
    """How the answers of two runs to the same questions differ."""

    count: int
    """Questions that either run was asked."""
    answered: int
    """Questions that both answered: texts and words are compared on these only."""
    same_text: int
    """Answers that are the same, character by character."""
    first_differences: Mapping[str, int]
    """The first word that differs, from 0, of each question whose answers differ in words."""
    token_agreement: float
    """Words that are the same at the same place, as a share of the longer answer; mean over the answered questions."""
    extracted_flips: int
    """Questions where something else was read from the answer; against no answer, too."""
    right_flips: int
    """Questions where exactly one of the two runs is right."""
    errors: tuple[int, int]
    """Questions without an answer, of either run."""
    completion_tokens: tuple[float, float]
    """Mean length of the answers, of either run, by the engine's count; over the answered questions."""

    @property
    def first_difference(self) -> float | None:
        """The median of the first words that differ, from 0; None where all words are the same."""
        return float(median(self.first_differences.values())) if self.first_differences else None

    @property
    def same_text_rate(self) -> float:
        """Share of the answered questions with the same text, 0 .. 1; 1 where none was answered."""
        return self.same_text / self.answered if self.answered else 1.0


def compare(
    replies: tuple[Sequence[Reply], Sequence[Reply]],
    scores: tuple[Sequence[Score], Sequence[Score]],
) -> Noise:
    """Compare the answers of two runs, question by question.

    :param replies: of the one run and of the other, to the same questions in the same order
    :param scores: of the same replies
    """
    both = [(x, y) for x, y in zip(*replies, strict=True) if not x.error and not y.error]
    words = {x.question_id: (x.text.split(), y.text.split()) for x, y in both}
    firsts = {question: first_difference(*pair) for question, pair in words.items()}
    together = list(zip(*scores, strict=True))
    return Noise(
        count=len(together),
        answered=len(both),
        same_text=sum(x.text == y.text for x, y in both),
        first_differences={question: place for question, place in firsts.items() if place is not None},
        token_agreement=fmean(agreement(*pair) for pair in words.values()) if words else 1.0,
        extracted_flips=sum(flipped(x, y) for x, y in together),
        right_flips=sum((x.right and not x.error) != (y.right and not y.error) for x, y in together),
        errors=(_errors(replies[0]), _errors(replies[1])),
        completion_tokens=(
            fmean(x.completion_tokens for x, _ in both) if both else 0.0,
            fmean(y.completion_tokens for _, y in both) if both else 0.0,
        ),
    )


def first_difference(one: Sequence[str], other: Sequence[str]) -> int | None:
    """Return the place of the first word in which two answers differ, from 0.

    :returns: the place, which is the shorter one's length where it is how the longer one begins; None if all are equal
    """
    for place, (x, y) in enumerate(zip(one, other, strict=False)):
        if x != y:
            return place
    return min(len(one), len(other)) if len(one) != len(other) else None


def agreement(one: Sequence[str], other: Sequence[str]) -> float:
    """Return the share of the longer answer's words that are the same at the same place of the other, 0 .. 1.

    :returns: 1 for two empty answers
    """
    longest = max(len(one), len(other))
    return sum(x == y for x, y in zip(one, other, strict=False)) / longest if longest else 1.0


def flipped(one: Score, other: Score) -> bool:
    """Return whether something else was read from two answers, or exactly one of them is an error.

    :param one: of one run
    :param other: of the other, to the same question
    """
    return one.error != other.error or one.extracted != other.extracted


def beyond(a: Sequence[Score], again: Sequence[Score], b: Sequence[Score]) -> float:
    """Return the p-value of B's answers flipping against A's no more often than those of A's second run do.

    It is McNemar's test (mid-p, one-sided) of the flips themselves: if B were one more run of A, a question that only
    one of the two runs flips would be B's as often as the other's. Right and wrong do not matter: two stacks of the
    same accuracy can answer differently.

    :param a: scores of A's first run, one a question
    :param again: scores of A's second run, of the same questions in the same order
    :param b: scores of B, likewise
    :returns: 0 .. 1; at most 0.05 where B differs from A by more than A's own noise
    """
    flips = [(flipped(x, y), flipped(x, z)) for x, y, z in zip(a, again, b, strict=True)]
    only_noise, only_real = flips.count((True, False)), flips.count((False, True))
    if only_real == only_noise:
        return 0.5
    half = mid_p(Pairs(only_real, only_noise, len(flips))) / 2
    return half if only_real > only_noise else 1 - half


def _errors(replies: Sequence[Reply]) -> int:
    return sum(bool(reply.error) for reply in replies)
