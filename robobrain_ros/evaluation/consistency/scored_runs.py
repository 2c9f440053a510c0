# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Recorded runs are joined question by question, and all are scored by the same rule."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency import json_files
from robobrain_ros.evaluation.consistency.answers import run_files
from robobrain_ros.evaluation.consistency.data import layout, sets
from robobrain_ros.evaluation.consistency.items import Item, Reply, Score
from robobrain_ros.evaluation.consistency.scoring.rules import FLAGEVAL, RULES, STRICT, figures, score_set

RECORDED = 'recorded'
"""Rule of a set whose data are not known: its answers are worth what their folders say."""
ASKED = ('max_tokens', 'temperature', 'order', 'seed', 'num_workers')
"""Keys of ``task_info.json`` that say how a stack was asked; its answers depend on them."""
DATA, TITLE = 'data_folder', 'title'
"""Keys of ``task_info.json``: where a run's questions are, and what reports call the stack."""
LARGEST = 1e12
"""A larger figure counts as none."""
NORM1K = '_norm1k'
"""How the names of sets end whose points are on a scale of 0 to 1000, and that have a twin from 0 to 1."""


@dataclass(frozen=True)
class Runs:
    """What is compared: folders with answers, of ``robobrain consistency run`` or of FlagEvalMM."""

    a: Path
    """Answers of the baseline."""
    b: Path
    again: Path | None = None
    """Answers of a second run of A, whose differences from the first are the noise."""
    data: Path | None = None
    """Where the sets' questions are; None: where A's folder says, and without data where it says nothing."""
    only: tuple[str, ...] = ()
    """Names of sets; empty: all."""


@dataclass(frozen=True)
class Scored:
    """One set with its answers and what they are worth; the third run is A's second one, if there is one."""

    name: str
    rule: str
    known: int
    replies: tuple[Sequence[Reply], ...]
    scores: tuple[Sequence[Score], ...]
    figures: tuple[Mapping[str, float], Mapping[str, float]]
    """Accuracies of A and of B by name, percent."""
    by_rule: Mapping[str, tuple[float, float]]
    repeated: Set[str] = frozenset()
    """Ids of the questions that A's second run was asked: noise is told of these alone."""


def names(runs: Runs) -> tuple[tuple[str, ...], Mapping[str, str]]:
    """Return the sets that both runs have, in the order of the release's table, and why others are left out."""
    for one, other in ((runs.a, runs.b), (runs.a, runs.again), (runs.b, runs.again)):
        if other and one.resolve() == other.resolve():
            raise BadRequest(f"'{one}' and '{other}' are the same run: name the folders of two")
    of_a, of_b = (run_files.sets_of(folder) for folder in (runs.a, runs.b))
    every = sorted({*of_a, *of_b}, key=lambda name: (sets.NAMES.index(name) if name in sets.NAMES else 99, name))
    for name in runs.only:
        if name not in every:
            raise BadRequest(f'no run has answers to {name!r}: there are {", ".join(every)}')
    asked = [name for name in every if not runs.only or name in runs.only]
    missing = {name: f"'{runs.b}' has no answers to it" for name in asked if name not in of_b}
    missing |= {name: f"'{runs.a}' has no answers to it" for name in asked if name not in of_a}
    both = tuple(name for name in asked if name not in missing)
    if not both:
        raise BadRequest(f"'{runs.a}' has answers to {', '.join(of_a)}, '{runs.b}' to {', '.join(of_b)}: none to both")
    return both, missing


def score(runs: Runs, name: str, found: Mapping[str, Path], rule: str | None) -> Scored:
    """Join the answers of all runs to one set, and score them."""
    a, b = run_files.read_run(runs.a, name), run_files.read_run(runs.b, name)
    joined = run_files.join(a, b, name)
    replies = [tuple(one for one, _ in joined), tuple(other for _, other in joined)]
    repeated: set[str] = set()
    if runs.again and name in run_files.sets_of(runs.again):
        second = run_files.read_run(runs.again, name)
        known, repeated = {one.question_id for one in replies[0]}, {one.question_id for one in second}
        both = run_files.join(replies[0], second, name)
        replies.append(tuple(other for _, other in both if other.question_id in known))
    items = _items(runs, name, found)
    if items is None:
        if rule is not None:
            raise BadRequest(f'{name!r} cannot be scored anew without its questions: say --data, or leave --scoring')
        folders = [folder for folder in (runs.a, runs.b, runs.again) if folder][: len(replies)]
        scores = [_recorded(folder, name, many) for folder, many in zip(folders, replies, strict=True)]
        said = _result(runs.a, name, scores[0]), _result(runs.b, name, scores[1])
        return Scored(name, RECORDED, len(joined), tuple(replies), tuple(scores), said, {}, repeated)
    asked = _asked(items, replies[0], name)
    every = {one: [score_set(asked, many, one) for many in replies] for one in RULES}
    by_rule = {one: _accuracies(name, made, one) for one, made in every.items()}
    if other := _other_scale(name):
        elsewhere = [replace(item, set_name=other) for item in asked]
        for one in RULES:
            made = [score_set(elsewhere, many, one) for many in replies[:2]]
            by_rule[f'{one}, as {other}'] = _accuracies(other, made, one)
    chosen = rule or STRICT
    told = figures(name, every[chosen][0], chosen), figures(name, every[chosen][1], chosen)
    return Scored(name, chosen, len(items), tuple(replies), tuple(every[chosen]), told, by_rule, repeated)


def _other_scale(name: str) -> str:
    """Return the set with the same questions whose points are on the other scale; empty where there is none."""
    other = name.removesuffix(NORM1K) if name.endswith(NORM1K) else name + NORM1K
    return other if {name, other} <= set(sets.NAMES) else ''


def asked_differently(runs: Runs, name: str) -> str:
    """Say in which way the two runs were asked a set differently; empty where it was alike, as far as is known."""
    a, b = run_files.read_info(runs.a, name), run_files.read_info(runs.b, name)
    odd = [f'{key} {a[key]!r} and {b[key]!r}' for key in ASKED if key in a and key in b and a[key] != b[key]]
    return ', '.join(odd)


def _items(runs: Runs, name: str, found: Mapping[str, Path]) -> tuple[Item, ...] | None:
    """Return a set's questions from where the user or A's folder says; None where neither does."""
    if runs.data:
        if name not in found:
            raise BadRequest(f"'{runs.data}' has no questions of {name!r}: it has {', '.join(found)}")
        return layout.read_set(found[name], name)
    said = run_files.read_info(runs.a, name).get(DATA)
    if isinstance(said, str) and Path(said).is_dir():
        return layout.read_set(Path(said), name)
    return None


def _asked(items: Sequence[Item], replies: Sequence[Reply], name: str) -> tuple[Item, ...]:
    """Return the items that were asked, in the replies' order.

    :raises BadRequest: for an answer to a question that the data lack, or have in other words
    """
    by_id = {item.question_id: item for item in items}
    for reply in replies:
        item = by_id.get(reply.question_id)
        if item is None or item.prompt != reply.prompt:
            how = 'do not have it' if item is None else f'ask {item.prompt[:80]!r}'
            raise BadRequest(
                f'{name!r}: question {reply.question_id!r} was asked as {reply.prompt[:80]!r}, but the data {how}: '
                'name the data that both stacks were asked'
            )
    return tuple(by_id[reply.question_id] for reply in replies)


def _recorded(folder: Path, name: str, replies: Sequence[Reply]) -> tuple[Score, ...]:
    """Return the scores that lie in a folder, one to each reply; without a score or an answer, it is an error."""
    by_id = {score.question_id: score for score in run_files.read_scores(folder, name)}
    found = []
    for one in replies:
        kept = by_id.get(one.question_id)
        lost = Score(one.question_id, '', 0.0, right=False, error=True, dropped=True)
        found.append(kept if kept and not one.error else lost)
    return tuple(found)


def _result(folder: Path, name: str, scores: Sequence[Score]) -> Mapping[str, float]:
    """Return the accuracies that lie in a folder; those of the scores where none do."""
    path = folder / name / f'{name}_result.json'
    said = json_files.read(path) if path.is_file() else None
    numbers = {key: float(value) for key, value in said.items() if _is_number(value)} if isinstance(said, dict) else {}
    return numbers if 'accuracy' in numbers else figures(name, scores, FLAGEVAL)


def _is_number(value: object) -> bool:
    """Whether a value is a number that JSON has: FlagEvalMM writes NaN, too, the mean of nothing."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _accuracies(name: str, scores: Sequence[Sequence[Score]], rule: str) -> tuple[float, float]:
    """Return the accuracies of A and B, percent."""
    a, b = (figures(name, many, rule)['accuracy'] for many in scores[:2])
    return a, b
