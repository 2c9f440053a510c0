# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What an answer is worth, under two rules: ``flageval``, as the release's table was made, and ``strict``.

``flageval`` reads answers as FlagEvalMM does, bug for bug, and leaves out of its figures what FlagEvalMM leaves out.
``strict`` reads them as a careful person would, and counts every error as a wrong answer. Compare two stacks by
``strict``, and one stack with a published table by ``flageval``.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import add

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.answers.entries import REJECTED
from robobrain_ros.evaluation.consistency.items import Item, Reply, Score
from robobrain_ros.evaluation.consistency.scoring.flageval.read import read as read_as_flageval
from robobrain_ros.evaluation.consistency.scoring.readings import EMBODIED_VERSE, ROBO_SPATIAL
from robobrain_ros.evaluation.consistency.scoring.strict.read import read as read_strictly

FLAGEVAL = 'flageval'
STRICT = 'strict'
RULES = (FLAGEVAL, STRICT)

CV_BENCH = {'ADE20K': 'accuracy_2d_ade', 'COCO': 'accuracy_2d_coco', 'Omni3D': 'accuracy_3d_omni'}
"""Names of cv_bench's figures, by the source of the questions."""


def score(item: Item, reply: Reply, rule: str) -> Score:
    """Score one answer.

    Points are read on the scale of the item's set; to read them on the other, score
    ``dataclasses.replace(item, set_name='Where2Place_norm1k')``. A mask is read from its file.

    :param rule: ``flageval`` or ``strict``
    :returns: where FlagEvalMM's reading of a point breaks, a wrong answer
    :raises BadRequest: for another rule, a reply to another question, and an item whose label or mask is of no use
    """
    if rule not in RULES:
        raise BadRequest(f"there is no rule {rule!r} of scoring: 'flageval' and 'strict' are the two")
    if reply.question_id != item.question_id:
        raise BadRequest(f'the answer to {reply.question_id!r} cannot be scored as that to {item.question_id!r}')
    if reply.error or reply.text.startswith(REJECTED):
        return Score(item.question_id, '', 0.0, False, True, item.group, item.stratum, rule == FLAGEVAL)
    reading = (read_as_flageval if rule == FLAGEVAL else read_strictly)(item, reply.text)
    right = reading.value >= 0.5 if item.kind == 'point' else reading.value > 0.5
    value = float(right) if item.set_name in EMBODIED_VERSE else reading.value
    dropped = reading.dropped and rule == FLAGEVAL
    return Score(
        item.question_id, reading.extracted, value, right, False, item.group, item.stratum, dropped, reading.second
    )


def score_set(items: Sequence[Item], replies: Sequence[Reply], rule: str) -> tuple[Score, ...]:
    """Score the answers to a set's questions, in the order of the questions; one without an answer is an error.

    :raises BadRequest: as ``score``, and for two answers to one question, or an answer to a question that is not asked
    """
    by_id: dict[str, Reply] = {}
    for reply in replies:
        if reply.question_id in by_id:
            raise BadRequest(f'there are two answers to {reply.question_id!r}; each question has one')
        by_id[reply.question_id] = reply
    if strangers := by_id.keys() - {item.question_id for item in items}:
        raise BadRequest(f'there is an answer to {min(strangers)!r}, which is none of the {len(items)} questions')
    nothing = Reply('', '', '', error='there is no answer to this question')
    return tuple(
        score(item, by_id.get(item.question_id) or replace(nothing, question_id=item.question_id), rule)
        for item in items
    )


def figures(set_name: str, scores: Sequence[Score], rule: str) -> dict[str, float]:
    """Return a set's figures in percent, by FlagEvalMM's names: ``accuracy``, and one figure for each stratum.

    cv_bench's accuracy is the mean of 2D and 3D, and 2D's that of ADE20K and COCO; robo_spatial_home has
    ``accuracy_ori`` beside. ``flageval`` rounds as FlagEvalMM does, and takes shares of what it does not leave out: one
    error more may raise its accuracy. ``strict`` takes shares of all, does not round, and gives cv_bench's missing
    sources no weight.

    :param scores: of the same rule
    :returns: 0 for a share of nothing
    """
    exact = rule != FLAGEVAL
    kept = [score for score in scores if exact or not score.dropped]
    if set_name == 'cv_bench_test':
        return _cv_bench(kept, exact)
    digits = 4 if set_name in ROBO_SPATIAL else 2
    shares = {
        stratum: _percent([one.value for one in kept if one.stratum == stratum])
        for stratum in dict.fromkeys(one.stratum for one in kept if one.stratum)
    }
    shares['accuracy'] = _percent([one.value for one in kept])
    if set_name in ROBO_SPATIAL:
        shares['accuracy_ori'] = _percent([one.second or 0.0 for one in kept])
    return shares if exact else {name: round(share, digits) for name, share in shares.items()}


def _percent(values: Sequence[float]) -> float:
    """Added one by one, as FlagEvalMM does: the last digit decides where a figure is rounded to."""
    return reduce(add, values, 0.0) / len(values) * 100 if values else 0.0


def _cv_bench(kept: Sequence[Score], exact: bool) -> dict[str, float]:
    found: dict[str, float] = {}
    for source, name in CV_BENCH.items():
        values = [one.value for one in kept if one.stratum == source]
        if values or not exact:
            found[name] = _percent(values) if exact else round(sum(values) / (len(values) + 1e-10) * 100, 2)

    def combine(name: str, *parts: str) -> None:
        there = [found[part] for part in parts if part in found]
        if there:
            found[name] = sum(there) / len(there) if exact else round(sum(there) / len(there), 2)

    combine('accuracy_2d', 'accuracy_2d_ade', 'accuracy_2d_coco')
    combine('accuracy_3d', 'accuracy_3d_omni')
    combine('accuracy', 'accuracy_2d', 'accuracy_3d')
    return found or {'accuracy': 0.0}
