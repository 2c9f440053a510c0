# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a comparison of two stacks found, and how it is told to programs: ``consistency.json``.

Here all differences are B minus A, in points (hundredths): -1.5 means that B is right 1.5 points less often than A.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from robobrain_ros.evaluation.consistency.statistics.noise import Noise
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, mcnemar, mid_p, tango, wald
from robobrain_ros.evaluation.consistency.statistics.verdicts import CONSISTENT, DIFFERENT, Verdict, no_worse


@dataclass(frozen=True)
class SetReport:
    """What was found on one set of questions."""

    dataset: str
    """The set's name."""
    rule: str
    """How its answers were scored: ``flageval``, ``strict``, or ``recorded``, as the folders say."""
    asked: int
    """Questions that at least one of the stacks was asked: each of them counts."""
    known: int
    """Questions that the set has, where its data were given; else as ``asked``."""
    figures: tuple[Mapping[str, float], Mapping[str, float]]
    """Accuracies of A and of B by name, percent, under that rule."""
    by_rule: Mapping[str, tuple[float, float]]
    """Under each rule that could be applied: the accuracies of A and of B, percent."""
    pairs: Pairs
    """Right and wrong, question by question."""
    clustered: bool
    """Judged by a bootstrap of means: scores are not only right or wrong, parts are weighted, or images are shared."""
    tested_p: float
    """What the set's own test found, before Holm's correction; the verdict has the corrected one."""
    verdict: Verdict
    needed: int
    """Questions that would show consistency in 90 % of comparisons of equal stacks with so many flips."""
    power: float
    """How probable it was to find a difference as large as the margin, 0 .. 1; less where questions share an image."""
    noise: Noise
    """How the answers of A and B differ."""
    again: Noise | None = None
    """How those of two runs of A differ."""
    beyond_noise: float | None = None
    """p-value of B differing from A no more often than A's second run does."""

    @property
    def base_acc(self) -> float:
        """Accuracy of A, percent."""
        return self.figures[0]['accuracy']

    @property
    def accuracy(self) -> float:
        """Accuracy of B, percent."""
        return self.figures[1]['accuracy']

    @property
    def interval(self) -> tuple[float, float]:
        """The 90 % interval that was judged, B minus A, points."""
        return points(self.verdict.low, self.verdict.high)


@dataclass(frozen=True)
class Side:
    """A stack, as the report calls it."""

    name: str
    folder: str


@dataclass(frozen=True)
class Report:
    """What was found on all sets."""

    a: Side
    """The baseline, such as native CUDA."""
    b: Side
    margin: float
    """The difference that matters, points."""
    sets: tuple[SetReport, ...]
    word: str
    """Verdict on all sets together."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Sets that could not be compared, and why."""
    asked_differently: Mapping[str, str] = field(default_factory=dict)
    """Sets that A and B were asked in different ways, and in which: their difference may be due to that."""
    again: Side | None = None

    @property
    def exit_code(self) -> int:
        """0 where all are consistent, 1 where one is different, else 2, as FlagRelease's tools end."""
        return {CONSISTENT: 0, DIFFERENT: 1}.get(self.word, 2)

    @property
    def sentence(self) -> str:
        """The verdict on all sets for a reader."""
        words = [one.verdict.word for one in self.sets]
        found = ', '.join(f'{words.count(word)} {word}' for word in dict.fromkeys(words))
        lost = f'; not compared: {", ".join(self.missing)}' if self.missing else ''
        return f'{self.word[0].upper()}{self.word[1:]}, with a margin of {self.margin:g} points. Sets: {found}{lost}.'


def to_json(report: Report) -> dict[str, Any]:
    """Return what ``consistency.json`` holds.

    ``details`` has one object a set with the keys of FlagRelease's evaluation service (``dataset``, ``base_acc``,
    ``accuracy``, ``diff``, percent and points) and ours; ``release`` is true where all sets are consistent.
    """
    return {
        'details': [_details(one, report.margin) for one in report.sets],
        'release': report.word == CONSISTENT,
        'verdict': report.word,
        'message': report.sentence,
        'threshold': report.margin,
        'base_model': vars(report.a),
        'eval_model': vars(report.b),
        'again': vars(report.again) if report.again else None,
        'not_compared': dict(report.missing),
        'asked_differently': dict(report.asked_differently),
    }


def one_line(text: str) -> str:
    """Return a text with names in it as one line that any file takes: ``?`` for what is no sign.

    Names of sets and stacks come from folders and from files that others wrote: they may have line breaks, control
    characters and half characters.
    """
    return ''.join(' ' if sign.isspace() else sign if sign.isprintable() else '?' for sign in text)


def points(low: float, high: float) -> tuple[float, float]:
    """Turn the ends of an interval of A minus B, as fractions, into those of B minus A in points."""
    return -100 * high + 0.0, -100 * low + 0.0


def _details(one: SetReport, margin: float) -> dict[str, Any]:
    pairs, drop = one.pairs, one.base_acc - one.accuracy
    return {
        'dataset': one.dataset,
        'base_acc': one.base_acc,
        'accuracy': one.accuracy,
        'diff': -drop + 0.0,
        'aligned': drop <= margin,  # FlagRelease's own rule, which asks for no proof
        'scoring': one.rule,
        'verdict': one.verdict.word,
        'message': one.verdict.sentence,
        'questions': one.asked,
        'questions_of_the_set': one.known,
        'errors': list(one.noise.errors),
        'right_only_base': pairs.b,
        'right_only_eval': pairs.c,
        'right_both': pairs.both_right,
        'difference': -100 * one.verdict.difference + 0.0,
        'interval_90': list(one.interval),
        'method': 'bootstrap of means' if one.clustered else "Tango's interval, McNemar's test",
        'p': one.tested_p,
        'p_holm': one.verdict.p,
        'detected': one.verdict.detected,
        'mcnemar_p': mcnemar(pairs),
        'mcnemar_mid_p': mid_p(pairs),
        'wald_90': list(points(*wald(pairs))),
        'tango_90': list(points(*tango(pairs))),
        'no_worse': None if one.clustered else no_worse(pairs, margin / 100),
        'questions_needed': one.needed,
        'questions_needed_as_measured': one.verdict.needed_as_measured,
        'power': one.power,
        'accuracy_by_rule': {rule: list(both) for rule, both in one.by_rule.items()},
        'base_figures': dict(one.figures[0]),
        'eval_figures': dict(one.figures[1]),
        'answers': _noise(one.noise),
        'answers_again': _noise(one.again) if one.again else None,
        'beyond_noise_p': one.beyond_noise,
    }


def _noise(noise: Noise) -> dict[str, Any]:
    return {
        'questions': noise.count,
        'answered_by_both': noise.answered,
        'same_text': noise.same_text,
        'first_difference_median': noise.first_difference,
        'token_agreement': noise.token_agreement,
        'extracted_flips': noise.extracted_flips,
        'right_flips': noise.right_flips,
        'completion_tokens': list(noise.completion_tokens),
    }
