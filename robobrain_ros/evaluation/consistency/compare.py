# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Two recorded runs are compared, set by set, and judged."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from robobrain_ros.evaluation.consistency.answers import run_files
from robobrain_ros.evaluation.consistency.data import layout, sets
from robobrain_ros.evaluation.consistency.items import Score
from robobrain_ros.evaluation.consistency.report.findings import Report, SetReport, Side
from robobrain_ros.evaluation.consistency.scored_runs import TITLE, Runs, Scored, asked_differently, names, score
from robobrain_ros.evaluation.consistency.statistics import bootstrap, noise, paired, power, verdicts
from robobrain_ros.evaluation.consistency.statistics.holm import holm


@dataclass(frozen=True)
class _Tested:
    """One set with the figures that its verdict rests on; an interval where means are judged."""

    scored: Scored
    pairs: paired.Pairs
    p: float
    interval: bootstrap.Interval | None


def compare(
    runs: Runs, rule: str | None = None, margin: float = 5.0, done: Callable[[], None] = lambda: None
) -> Report:
    """Compare two runs on all sets that both have; blocks for about a second a thousand questions.

    :param rule: ``strict`` or ``flageval``; None: strict where the data are known, else as the folders say
    :param margin: the difference that matters, points
    :param done: called after each set that was scored
    :raises BadRequest: for folders that hold no runs, or runs that cannot be compared: other questions, other words
    """
    every, missing = names(runs)
    found = layout.find_sets(runs.data) if runs.data else {}
    tested = []
    for name in every:
        tested.append(_test(score(runs, name, found, rule)))
        done()
    adjusted = holm([one.p for one in tested])
    judged = tuple(_judge(one, p, margin) for one, p in zip(tested, adjusted, strict=True))
    word = verdicts.overall([one.verdict.word for one in judged])
    if missing and word == verdicts.CONSISTENT:
        word = verdicts.NOT_ENOUGH  # nothing is known about the sets that one of them lacks
    sides = _sides([folder for folder in (runs.a, runs.b, runs.again) if folder], every[0])
    odd = {name: words for name in every if (words := asked_differently(runs, name))}
    return Report(sides[0], sides[1], margin, judged, word, missing, odd, sides[2] if runs.again else None)


def _test(one: Scored) -> _Tested:
    """Count, and test whether there is a difference: by McNemar where each question counts once and by itself."""
    a, b = one.scores[0], one.scores[1]
    pairs = paired.count(a, b)
    weights = _weights(one.name, a)
    # A part of a weighted set is resampled by itself: a scene that is in two parts is one of each.
    groups = [f'{score.stratum}\n{score.group}' if weights and score.group else score.group for score in a]
    shared = len(set(groups) - {''}) < len([group for group in groups if group])
    graded = any(score.value not in (0.0, 1.0) for score in (*a, *b))
    if not (weights or shared or graded):
        return _Tested(one, pairs, paired.mid_p(pairs), None)
    of_a, of_b = ([0.0 if score.error else score.value for score in many] for many in (a, b))
    strata = [score.stratum for score in a]
    interval = bootstrap.mean_difference(of_a, of_b, groups, strata, weights)
    return _Tested(one, pairs, bootstrap.swap_p(of_a, of_b, groups, strata, weights), interval)


def _weights(name: str, scores: Sequence[Score]) -> Mapping[str, float] | None:
    """Return what each part of a set weighs; None where all questions weigh the same, or a part was not asked."""
    weights = sets.find(name).weights if name in sets.NAMES else {}
    return weights if weights and set(weights) == {score.stratum for score in scores} else None


def _judge(one: _Tested, adjusted_p: float, margin: float) -> SetReport:
    scored, share = one.scored, margin / 100
    if one.interval:
        verdict = verdicts.judge_means(one.interval, adjusted_p, share)
    else:
        verdict = verdicts.judge(one.pairs, share, adjusted_p)
    a, b = scored.scores[:2]
    said = scored.replies
    verdict = _answered(verdict, one, margin)
    again, beyond = _noise(scored)
    return SetReport(
        dataset=scored.name,
        rule=scored.rule,
        asked=one.pairs.count,
        known=scored.known,
        figures=scored.figures,
        by_rule=scored.by_rule,
        pairs=one.pairs,
        clustered=one.interval is not None,
        tested_p=one.p,
        verdict=verdict,
        power=power.power(one.pairs.count, one.pairs.flip_rate, share),
        needed=verdict.needed or verdicts.needed(one.pairs.flip_rate, share),
        noise=noise.compare((said[0], said[1]), (a, b)),
        again=again,
        beyond_noise=beyond,
    )


def _answered(verdict: verdicts.Verdict, one: _Tested, margin: float) -> verdicts.Verdict:
    """Take *consistent* back where so many answers are missing that a difference may hide in them.

    A stack that answers nothing agrees with one that answers all wrong, and two dead servers agree in everything.
    """
    a, b = one.scored.scores[:2]
    lost = sum((of_a.error or of_b.error) and of_a.right == of_b.right for of_a, of_b in zip(a, b, strict=True))
    if verdict.word != verdicts.CONSISTENT or 100 * lost < margin * one.pairs.count:
        return verdict
    sentence = (
        f'Not enough answers: of {one.pairs.count} questions, {lost} lack an answer of A, of B or of both, and count '
        f'as wrong on both sides. A difference of {margin:g} points may hide in them.'
    )
    return replace(verdict, word=verdicts.NOT_ENOUGH, sentence=sentence)


def _noise(scored: Scored) -> tuple[noise.Noise | None, float | None]:
    """Compare the two runs of A on what the second was asked, and B with both; nothing without a second run."""
    asked = [place for place, one in enumerate(scored.replies[0]) if one.question_id in scored.repeated]
    if not asked:
        return None, None
    said, _, said_again = ([many[place] for place in asked] for many in scored.replies)
    a, b, again = ([many[place] for place in asked] for many in scored.scores)
    return noise.compare((said, said_again), (a, again)), noise.beyond(a, again, b)


def _sides(folders: Sequence[Path], name: str) -> list[Side]:
    """Name stacks as their runs do, with their folders behind where that is not enough."""
    infos = [run_files.read_info(folder, name) for folder in folders]
    keys = (TITLE, 'model_name', 'model')
    called = [next((said[key] for key in keys if isinstance(said.get(key), str)), '') for said in infos]
    same = called[0] == called[1]
    titles = [
        f'{title} ({folder.name})' if title and same else title for title, folder in zip(called, folders, strict=True)
    ]
    return [Side(title or folder.name, str(folder)) for title, folder in zip(titles, folders, strict=True)]
