# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How well held-out runs are followed: hops, curves and verdicts of greedy answers of the training forward.

Like ``scores.py``, these figures steer the training; ``robobrain evaluate --progress`` measures the real engine.
"""

from collections import defaultdict
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from robobrain_ros.brain.progress_rules import Rules
from robobrain_ros.brain.progress_values import from_backward, from_forward, fused, hop
from robobrain_ros.evaluation.progress_scores import voc, walked, walked_back
from robobrain_ros.tasks.progress import read_score
from training.buffer import Ring
from training.config import SPECIAL
from training.context import Context
from training.episodes import FRAMES, GOAL, OTHER_GOAL
from training.model import Forward
from training.parameters import Parameters
from training.progress_loss import GREY, GREY_LEVEL, Answers, Pairs, gather, room
from training.scores import Decode, look

STEPS = range(FRAMES - 1)
COMPARED = (
    *((number, number + 1) for number in STEPS),
    *((number + 1, number) for number in STEPS),
    *((0, number + 1) for number in STEPS),
    *((-1, number + 1) for number in STEPS),
)
"""(before, after) of what is asked about a run: incremental, walked back, forward, backward; -1 is the goal image."""


@dataclass(frozen=True)
class Followed:
    """One run: its true progress, and the scores for ``COMPARED``, NaN where there is none."""

    truth: list[float]
    scores: list[float]
    goal: float
    """True progress of the goal image; NaN without one."""

    def part(self, number: int) -> list[float]:
        """Return the scores of one way to compare, by its place in ``COMPARED``."""
        return self.scores[number * len(STEPS) : (number + 1) * len(STEPS)]

    def walked(self) -> list[float]:
        """Return progress by hops alone, from 0; NaN for an invalid one, which changes nothing."""
        return walked(self.part(0))

    def walked_back(self) -> list[float]:
        """Return progress by hops of the run shown backwards, from 1, in the order of time."""
        return walked_back(self.part(1))

    def fused(self) -> list[float]:
        """Return the mean of the three ways to know progress; of two without a goal image."""
        forward = [from_forward(score) for score in self.part(2)]
        backward = [from_backward(score) if not isnan(self.goal) else nan for score in self.part(3)]
        return [fused(each) for each in zip(self.walked(), forward, backward, strict=True)]


@torch.no_grad()  # type: ignore[untyped-decorator]  # mypy does not read torch
def say_scores(forward: Forward, parameters: Parameters, context: Context, seen: Tensor, deep: list[Tensor],
               tails: Tensor, lengths: Tensor, answers: Answers) -> list[list[int]]:  # fmt: skip
    """Answer greedily, one question (n, 1, most) about each context; returns ids up to the turn's end."""
    length = room(context, tails, answers)
    memory, ids = forward.remember(parameters, seen, deep, context), answers.behind(tails, lengths, length)
    place, at = torch.arange(length, device=ids.device), lengths.clone()
    done = torch.zeros_like(lengths, dtype=torch.bool)
    for _ in range(answers.longest):
        (hidden,) = forward.ask(parameters, memory, [ids], context)
        last = hidden.gather(2, (at - 1)[..., None, None].expand(-1, -1, 1, hidden.shape[-1]))[:, :, 0]
        word = F.linear(last, parameters['lm_head.weight']).argmax(-1)
        ids = torch.where((place == at[..., None]) & ~done[..., None], word[..., None], ids)
        done |= word == SPECIAL['turn_end']
        at = torch.where(done, at, at + 1)
        if bool(done.all()):
            break
    rows = zip(ids[:, 0].tolist(), lengths[:, 0].tolist(), at[:, 0].tolist(), strict=True)
    return [row[start:end] for row, start, end in rows]


@torch.no_grad()  # type: ignore[untyped-decorator]  # mypy does not read torch
def follow(forward: Forward, parameters: Parameters, context: Context, answers: Answers, runs: Ring, decode: Decode,
           most: int) -> list[Followed]:  # fmt: skip
    """Ask about the main goal of each run; a third of them has its own goal image, another's, or none."""
    found = []
    step = 8 if forward.device == 'cuda' else 1
    for first in range(0, min(most, len(runs)), step):
        index = torch.arange(first, min(first + step, most, len(runs)), device=forward.device)
        batch = runs.take(index)
        images = torch.cat([batch['images'].flatten(0, 1), torch.full_like(batch['images'][0, :1], GREY_LEVEL)])
        seen, deep, _ = forward.see(parameters, look(images))
        ends = torch.tensor([GOAL, OTHER_GOAL, GREY], device=forward.device)[index % 3]
        compared = torch.tensor(COMPARED, device=forward.device)
        before, after = (compared[:, side].repeat(len(index)) for side in (0, 1))
        runs_of = torch.arange(len(index), device=forward.device).repeat_interleave(len(compared))
        pictures = torch.stack([before * 0, ends[runs_of], torch.where(before < 0, ends[runs_of], before), after], 1)
        pairs = Pairs(runs_of, pictures, before[:, None] * 0, torch.zeros((len(before), 1, 2), device=forward.device))
        tails, lengths = batch['tails'][runs_of, :1], batch['lengths'][runs_of, :1].long()
        said = say_scores(forward, parameters, context, gather(seen, pairs), [gather(each, pairs) for each in deep],
                          tails, lengths, answers)  # fmt: skip
        scores = [read_score(decode(ids)) for ids in said]
        truths = batch['progress'][:, 0].tolist()
        for number, (truth, end) in enumerate(zip(truths, ends.tolist(), strict=True)):
            part = scores[number * len(compared) : (number + 1) * len(compared)]
            found.append(Followed(truth[:FRAMES], part, nan if end == GREY else truth[end]))
    return found


def measure(followed: list[Followed]) -> dict[str, float]:
    """Return figures by name; errors and shares are in 0 .. 1."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    for run in followed:
        truth, later = run.truth, run.truth[1:]
        for number, name in enumerate(('hop', 'back', 'forward', 'backward')):
            for (before, after), score in zip(COMPARED[number * len(STEPS) :], run.part(number), strict=False):
                begun = run.goal if before < 0 else truth[before]
                if isnan(begun):
                    continue  # there is no goal image
                right = hop(begun, truth[after])
                found['invalid'].append(float(isnan(score)))
                found[f'{name} error'].append(1.0 if isnan(score) else abs(score - right))
                if abs(right) >= 0.05:
                    found[f'{name} sign'].append(float(score * right > 0))
        curve = run.fused()
        errors = (abs(given - right) for given, right in zip(curve, later, strict=True))
        found['curve error'] += [1.0 if isnan(error) else error for error in errors]
        if truth[-1] == 1 and truth == sorted(truth):
            found['VOC+'].append(_order(run.walked()))
            found['VOC-'].append(_order(run.walked_back()))
            found['VOC fused'].append(_order(curve))
        done = curve[-1] >= Rules.success_at
        found['verdict'].append(float(done == (truth[-1] == 1)))
        if truth[-1] < 1:
            found['false success'].append(float(done))
    return {f'progress/{name}': float(np.mean(values)) for name, values in sorted(found.items())}


def _order(curve: list[float]) -> float:
    """Return the rank correlation with time; 0 where there is none."""
    found = voc(curve)
    return 0.0 if isnan(found) else found
