# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a comparison of two stacks proves: consistent, different, or not enough questions.

*Different*: McNemar's test (mid-p) finds a difference at 5 %. *Consistent*: two one-sided tests at 5 % each show that
the difference is within a margin, which is the same as Tango's 90 % interval inside it. That is proved by itself; that
no difference was found proves nothing. Where both hold, the difference is real and smaller than what was said to
matter: the verdict is *consistent*, and its sentence says so. Where neither holds, there are *not enough questions*.

Source: Schuirmann, "A comparison of the two one-sided tests procedure and the power approach" (Journal of
Pharmacokinetics and Biopharmaceutics 15, 1987).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot, sqrt
from statistics import NormalDist

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.statistics.bootstrap import Interval
from robobrain_ros.evaluation.consistency.statistics.paired import Pairs, Z, mid_p, score, spread, tango

CONSISTENT = 'consistent'
DIFFERENT = 'different'
NOT_ENOUGH = 'not enough questions'

ALPHA = 0.05
"""How often each test may be wrong."""
POWER = 0.9
"""How often equal stacks shall be found consistent, where a number of questions is recommended."""


@dataclass(frozen=True)
class Verdict:
    """What is proved about two stacks on one set of questions. Differences are A minus B, as fractions."""

    word: str
    """``CONSISTENT``, ``DIFFERENT`` or ``NOT_ENOUGH``."""
    sentence: str
    """Verdict and figures for a reader, in points (hundredths)."""
    difference: float
    low: float
    """Lower end of the 90 % interval."""
    high: float
    """Upper end: with 95 % confidence, B is not further below A than this."""
    p: float
    """What was compared with 5 %: of McNemar's test (mid-p) or of the swap test, corrected by Holm if given so."""
    detected: bool
    """Whether a difference was found, of any size."""
    needed: int = 0
    """Where there are not enough questions: how many show consistency in 90 % of cases if there is no difference."""
    needed_as_measured: int = 0
    """How many do if the difference is as measured; 0 if it is not within the margin, so that no number does."""


def judge(pairs: Pairs, margin: float, adjusted_p: float | None = None) -> Verdict:
    """Judge two stacks by their right and wrong answers to the same questions, each question by itself.

    Where several questions share an image, their flips come together: ``judge_means`` on a clustered bootstrap then.

    :param pairs: the counted answers
    :param margin: the difference that matters, a fraction: 0.05 for 5 points
    :param adjusted_p: the mid-p-value after Holm's correction, where several sets are judged together
    :returns: the verdict
    :raises BadRequest: for a margin that is not between 0 and 1
    """
    p = mid_p(pairs) if adjusted_p is None else adjusted_p
    low, high = tango(pairs)
    word = decide(pairs, margin, p)
    questions: tuple[int, ...] = ()
    if word == NOT_ENOUGH:
        within = abs(pairs.difference) < margin
        as_measured = needed(pairs.flip_rate, margin, pairs.difference) if within else 0
        questions = needed(pairs.flip_rate, margin), as_measured
    return _told(word, pairs.difference, (low, high), p, margin, *questions)


def decide(pairs: Pairs, margin: float, p: float) -> str:
    """Return the verdict's word alone.

    :param pairs: the counted answers
    :param margin: the difference that matters, a fraction
    :param p: the p-value of a difference
    :raises BadRequest: for a margin that is not between 0 and 1
    """
    return _decided(equivalent(pairs, margin), p)


def judge_means(interval: Interval, p: float, margin: float) -> Verdict:
    """Judge two stacks by a difference of means: of scores between right and wrong, or of questions that share images.

    A bootstrap knows only what it has seen, and its interval is too narrow for few differences. Each half is widened by
    what may be unseen (``unseen``), as squares: this is Tango's interval where no answer differs, and nearly so else.
    Of single questions that are right or wrong, with a true difference of the margin of 5 points, 60 to 692 questions
    and 5.5 to 20 % flips, at most 6.1 % are called consistent, and without it up to 16.8 %, by exact summation of the
    simple interval.

    :param interval: of ``bootstrap.mean_difference``
    :param p: ``bootstrap.swap_p``, after Holm's correction where several sets are judged together
    :param margin: the difference that matters, a fraction
    :returns: the verdict
    :raises BadRequest: for a margin that is not between 0 and 1
    """
    _checked(margin)
    more = unseen(interval.units)
    low = interval.estimate - hypot(interval.estimate - interval.low, more)
    high = interval.estimate + hypot(interval.high - interval.estimate, more)
    word = _decided(-margin < low and high < margin, p)
    questions: tuple[int, ...] = ()
    if word == NOT_ENOUGH:
        room = margin - abs(interval.estimate)
        reach = (high - low) * (Z + NormalDist().inv_cdf(POWER)) / (2 * Z)
        as_measured = ceil(interval.count * (reach / room) ** 2) if room > 0 else 0
        questions = ceil(interval.count * ((high - low) / margin) ** 2), as_measured
    return _told(word, interval.estimate, (low, high), p, margin, *questions)


def overall(words: Sequence[str]) -> str:
    """Return the verdict on all sets: different if one is, consistent if all are, else not enough questions.

    No correction is needed for *consistent*, as all must show it; *different* needs p-values that Holm has corrected.

    :param words: the verdict's word of each set
    :raises BadRequest: for no verdict at all
    """
    if not words:
        raise BadRequest('there are 0 verdicts: without a set, nothing is shown')
    if DIFFERENT in words:
        return DIFFERENT
    return CONSISTENT if set(words) == {CONSISTENT} else NOT_ENOUGH


def equivalent(pairs: Pairs, margin: float) -> bool:
    """Return whether two one-sided tests show that the difference is above -margin and below margin.

    :param margin: a fraction, such as 0.05
    :raises BadRequest: for a margin that is not between 0 and 1
    """
    _checked(margin)
    return score(pairs, -margin) > Z and score(pairs, margin) < -Z


def no_worse(pairs: Pairs, margin: float) -> bool:
    """Return whether it is shown that B is less than the margin below A: one one-sided test at 5 %.

    That B may be better is no matter here, as with FlagRelease's gate, where only drops count.

    :param margin: a fraction, such as 0.05
    :raises BadRequest: for a margin that is not between 0 and 1
    """
    _checked(margin)
    return score(pairs, margin) < -Z


def unseen(count: int) -> float:
    """Return how large a difference may be, with 95 % confidence on each side, where no answer differed.

    :param count: of the questions, 1 or more
    """
    return Z * Z / (count + Z * Z)


def needed(flip_rate: float, margin: float, difference: float = 0.0) -> int:
    """Return how many questions show consistency in 90 % of comparisons (89 to 96 %, by exact summation).

    The rule of thumb is 10.8 x flip rate / margin^2 for stacks of equal accuracy. This is more (468 for 10 % flips and
    5 points, not 433), and far more for few flips, as it knows the test's own variance: without any flip, 52 questions
    are needed for 5 points, not 0.

    :param flip_rate: share of the questions that only one stack answers right, 0 .. 1
    :param margin: the difference that matters, a fraction
    :param difference: the true A - B; the nearer to the margin, the more questions are needed
    :raises BadRequest: where no number would do: a difference that is not within the margin, or impossible figures
    """
    _checked(margin)
    if not abs(difference) <= flip_rate <= 1:
        raise BadRequest(f'a difference of {difference:g} with a flip rate of {flip_rate:g} is not possible')
    if abs(difference) >= margin:
        raise BadRequest(f'a difference of {difference:g} is not within a margin of {margin:g}: no number shows that')
    nearer = _enough(flip_rate, margin, abs(difference), POWER)
    both = _enough(flip_rate, margin, 0.0, (1 + POWER) / 2)
    return ceil(max(nearer, both))


def _enough(flip_rate: float, margin: float, difference: float, power: float) -> float:
    """Questions of which one of the two tests needs so many, by the normal approximation of Tango's score."""
    assumed = spread((flip_rate + difference) / 2, (flip_rate - difference) / 2, margin)
    true = flip_rate - difference**2
    return ((Z * sqrt(assumed) + NormalDist().inv_cdf(power) * sqrt(true)) / (margin - difference)) ** 2


def _checked(margin: float) -> None:
    if not 0 < margin < 1:
        raise BadRequest(f'a margin of {margin:g} is not between 0 and 1: it is a fraction, 0.05 for 5 points')


def _decided(within: bool, p: float) -> str:
    if within:
        return CONSISTENT
    return DIFFERENT if p <= ALPHA else NOT_ENOUGH


def _told(
    word: str,
    difference: float,
    ends: tuple[float, float],
    p: float,
    margin: float,
    none: int = 0,
    as_measured: int = 0,
) -> Verdict:
    """The verdict with its sentence."""
    low, high, points = 100 * ends[0], 100 * ends[1], 100 * difference
    figures = f'A - B is {points:+.2f} points, 90 % interval {low:+.2f} .. {high:+.2f}, p = {p:.2g}'
    detected = p <= ALPHA
    if word == CONSISTENT:
        sentence = f'Consistent within {100 * margin:g} points: {figures}.'
        if detected:
            sentence += ' A difference is there, but it is smaller than what the margin allows.'
    elif word == DIFFERENT:
        sentence = f'Different: B is {abs(points):.2f} points {"below" if difference > 0 else "above"} A ({figures}).'
    else:
        sentence = f'Not enough questions to tell a difference of {100 * margin:g} points from none: {figures}.'
        sentence += f' About {none} would show consistency in 9 of 10 cases if there is no difference, and '
        sentence += f'{as_measured} if it is as measured.' if as_measured else 'no number if it is as measured.'
    return Verdict(word, sentence, difference, *ends, p, detected, none, as_measured)
