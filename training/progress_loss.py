# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What of a run is compared with what, and how well the answers fit: the loss of the task progress.

A context holds four pictures, start, goal, before and after, drawn anew in each step; several goals are asked about
each. The label is the hop of equation 2 (``brain/progress_values.py``) in whole percent.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import Sizes
from training.context import Context
from training.episodes import FACTS, FRAMES, GOAL, GOALS, OTHER_GOAL, Encode
from training.model import Forward
from training.parameters import Parameters

GREY = OTHER_GOAL + 1
"""Place of the grey picture behind those of an episode: it stands for a goal image that nobody has."""
GREY_LEVEL = 127
"""How bright that is. The robot's is one brighter (``tracker.BLANK``), as RoboBrain's is; augmentation covers that."""
BINS = 21
"""Labels are balanced in so many steps from -100 to 100 %."""
FORM = 0.05
"""Weight of tokens that are the same in every answer, such as those of '<score>'."""
ENDS = ((GOAL, 0.45), (OTHER_GOAL, 0.25), (GREY, 0.30))
"""How often each picture stands for the goal, where the comparison is not with the goal itself."""


def hops(before: Tensor, after: Tensor) -> Tensor:
    """Return what ``progress_values.hop`` does, for tensors of progress in 0 .. 1."""
    rise, whole = after - before, torch.where(after > before, 1 - before, before)
    return torch.where(rise == 0, 0.0, rise / whole.clamp(min=1e-6))


class Answers:
    """The 201 answers as ids, by their percentage + 100."""

    def __init__(self, encode: Encode, device: str) -> None:
        texts = [f'<score>{percent:+d}%</score><|im_end|>'.replace('+0%', '0%') for percent in range(-100, 101)]
        rows = [encode(text) for text in texts]
        self.before, behind = len(encode('<score>')), len(encode('</score><|im_end|>'))
        """Tokens in front of the sign."""
        self.longest = max(map(len, rows))
        self.ids = torch.tensor([row + [0] * (self.longest - len(row)) for row in rows], device=device)
        place, ends = torch.arange(self.longest), torch.tensor([len(row) for row in rows])[:, None]
        telling = (place >= self.before) & (place < ends - behind)
        self.weights = (torch.where(telling, 1.0, FORM) * (place < ends)).to(device)
        """How much each token counts; 0 behind the end."""

    def behind(self, tails: Tensor, lengths: Tensor, length: int, percent: Tensor | None = None) -> Tensor:
        """Return (n, k, length): each tail (n, k, most) with its answer; without one for ``percent`` None."""
        place = torch.arange(length, device=tails.device)
        known = tails.long().gather(2, place.clamp(max=tails.shape[2] - 1).expand(*tails.shape[:2], -1))
        ids = torch.where(place < lengths[..., None], known, 0)
        if percent is None:
            return ids
        index = place - lengths[..., None]
        answer = self.ids[percent + 100].gather(2, index.clamp(0, self.longest - 1))
        return torch.where((index >= 0) & (index < self.longest), answer, ids)


def room(context: Context, tails: Tensor, answers: Answers) -> int:
    """Return the tokens for question and answer: with the context a multiple of 8, which attention wants."""
    needed: int = len(context) + tails.shape[2] + answers.longest
    return -(-needed // 8) * 8 - len(context)


@dataclass(frozen=True)
class Pairs:
    """Comparisons: n contexts with k goals each."""

    episode: Tensor
    """(n): which run."""
    pictures: Tensor
    """(n, 4): start, goal, before, after, as places in the run's record, or ``GREY``."""
    goals: Tensor
    """(n, k)"""
    progress: Tensor
    """(n, k, 2): before and after."""

    @property
    def percent(self) -> Tensor:
        """(n, k): the labels, -100 .. 100."""
        return (100 * hops(self.progress[..., 0], self.progress[..., 1])).round().long()


def draw_pairs(progress: Tensor, count: int, asked: int, shares: Tensor, random: torch.Generator) -> Pairs:
    """Draw comparisons from each run, so that labels of all sizes are as frequent as the runs allow.

    :param progress: (runs, goals, pictures)
    :param count: of contexts per run
    :param asked: goals asked about each context: the main one, and others, whose labels are mostly small
    :param shares: (``BINS``) the labels' shares so far; kept up to date here
    """
    runs, device = len(progress), progress.device
    main = progress[:, 0]
    before, after = main[:, :, None], main[:, None, :FRAMES]
    label = hops(before, after)
    bins = (label * (BINS // 2)).round().long() + BINS // 2
    by_before = torch.ones(main.shape[1], device=device)
    by_before[0], by_before[FRAMES:] = 2.5, 1.5  # forward, backward
    # Near an end a tremble is a large hop, and no picture tells which.
    blurred = ((after - before).abs() < 0.04) & (label.abs() > 0.3)
    weight = by_before[None, :, None] * torch.where(blurred, 0.1, 1.0) / (shares[bins] + 0.01)
    chosen = torch.multinomial(weight.flatten(1), count, generator=random)
    found = bins.flatten(1).gather(1, chosen).flatten()
    shares.lerp_(
        torch.zeros_like(shares).index_add_(0, found, torch.full(found.shape, 1 / len(found), device=device)), 0.02
    )
    first, second = (chosen // FRAMES).flatten(), (chosen % FRAMES).flatten()
    ends, odds = (torch.tensor(values, device=device) for values in zip(*ENDS, strict=True))
    end = ends[torch.multinomial(odds, len(first), replacement=True, generator=random)]
    end = torch.where(first >= FRAMES, first, end)
    episode = torch.arange(runs, device=device).repeat_interleave(count)
    others = torch.rand(len(first), GOALS - 1, generator=random, device=device).argsort(1)[:, : asked - 1] + 1
    goals = torch.cat([torch.zeros_like(others[:, :1]) if asked > 1 else first[:, None] * 0, others], 1)
    both = torch.stack([first, second], 1)[:, None].expand(-1, goals.shape[1], -1)
    return Pairs(
        episode=episode,
        pictures=torch.stack([torch.zeros_like(first), end, first, second], 1),
        goals=goals,
        progress=progress[episode[:, None, None], goals[..., None], both],
    )


def gather(features: Tensor, pairs: Pairs) -> Tensor:
    """Return (n, 4 x tokens, width) of the comparisons' pictures, from features of all runs' and the grey one's."""
    places = pairs.episode[:, None] * GREY + pairs.pictures  # so many pictures has a run
    places = torch.where(pairs.pictures == GREY, len(features) - 1, places)
    return features.index_select(0, places.flatten()).view(len(places), -1, features.shape[-1])


def draw_head(sizes: Sizes, seed: int) -> Parameters:
    """Draw the head that is thrown away: it tells hop, and progress and facts of before and after, at the sign."""
    random = torch.Generator().manual_seed(seed)
    outputs = 1 + 2 * (1 + FACTS)
    weight = torch.randn(outputs, sizes.width, generator=random) / math.sqrt(sizes.width)
    return {'dense.progress.weight': weight, 'dense.progress.bias': torch.zeros(outputs)}


def progress_loss(forward: Forward, parameters: Parameters, context: Context, features: tuple[Tensor, list[Tensor]],
                  runs: dict[str, Tensor], pairs: Pairs, answers: Answers) -> tuple[Tensor, Tensor]:  # fmt: skip
    """Return the loss of the answers' tokens, and that of the head that is thrown away.

    :param features: of ``Forward.see``: merged tokens and deepstack of all runs' pictures, the grey one behind them
    """
    seen, deep = features
    index = pairs.episode[:, None], pairs.goals
    tails, lengths = runs['tails'][index], runs['lengths'][index].long()
    percent = pairs.percent
    ids = answers.behind(tails, lengths, room(context, tails, answers), percent)
    memory = forward.remember(parameters, gather(seen, pairs), [gather(each, pairs) for each in deep], context)
    (hidden,) = forward.ask(parameters, memory, [ids], context)
    place = lengths[..., None] - 1 + torch.arange(answers.longest, device=ids.device)
    hidden = hidden.gather(2, place[..., None].expand(-1, -1, -1, hidden.shape[-1]))
    logits = F.linear(hidden, parameters['lm_head.weight']).float()
    target, weights = answers.ids[percent + 100], answers.weights[percent + 100]
    words = F.cross_entropy(logits.flatten(0, 2), target.flatten(), reduction='none')
    told = F.linear(
        hidden[:, :, answers.before], *(parameters[f'dense.progress.{part}'] for part in ('weight', 'bias'))
    )
    facts = runs['facts'][(*index, pairs.pictures[:, None, 2])], runs['facts'][(*index, pairs.pictures[:, None, 3])]
    right = torch.cat([percent[..., None] / 100, pairs.progress, *facts], -1)
    guessed = F.smooth_l1_loss(told.float(), right.nan_to_num(0.0), beta=0.05, reduction='none')
    known = ~right.isnan()
    return (words * weights.flatten()).sum() / weights.sum(), (guessed * known).sum() / known.sum()
