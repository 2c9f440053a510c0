# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One step of learning, and everything that has to be saved to go on with it."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from training.buffer import Ring
from training.config import Sizes
from training.dense import dense_loss, draw_heads, make_order
from training.episodes import Encode, context_pieces
from training.model import Forward, prefix_ids
from training.parameters import Parameters, draw
from training.progress_loss import BINS, GREY_LEVEL, Answers, draw_head, draw_pairs, progress_loss
from training.scores import look


@dataclass(frozen=True)
class Recipe:
    """What the optimizer is told; the figures are those of the shipped checkpoint."""

    rate: float = 1.5e-3
    warm_up: int = 400
    """Steps in which the rate rises."""
    weight_decay: float = 0.05
    clip: float = 1.0
    average: float = 0.998
    """What the moving average of the parameters keeps in a step; the average becomes the checkpoint."""
    images: int = 64
    """Images in a batch."""
    short: int = 14
    """Short questions about each image, drawn from those in its record."""
    long: int = 6
    """Long questions about each image."""
    long_weight: float = 0.8
    dense: float = 0.5
    """Weight of the auxiliary losses at first."""
    dense_end: float = 0.1
    """Weight of the auxiliary losses from ``dense_steps`` on."""
    dense_steps: int = 10_000
    episodes: int = 8
    """Runs in a batch, for the task progress."""
    pairs: int = 10
    """Comparisons drawn from each run."""
    asked: int = 2
    """Goals asked about each comparison."""
    progress: float = 1.0
    """Weight of the loss of progress, and of its auxiliary one."""


class Learner:
    """Parameters, optimizer and average. Not thread-safe."""

    def __init__(self, sizes: Sizes, recipe: Recipe, encode: Encode, device: str, seed: int, compiled: bool) -> None:
        prefix = prefix_ids(encode)
        self.sizes, self.recipe, self.device, self.step_number, self.seed = sizes, recipe, device, 0, seed
        dtype = torch.bfloat16 if device == 'cuda' else torch.float32
        self.forward = Forward(sizes, prefix, device, dtype, compiled)
        self.plain = Forward(sizes, prefix, device, dtype)  # evaluation has other shapes, and is not worth compiling
        self._order = make_order(sizes, device)
        self.comparison = self.plain.context(context_pieces(encode))
        """What is in front of a question about progress."""
        self.answers = Answers(encode, device)
        self._shares = torch.full((BINS,), 1 / BINS, device=device)
        self.parameters = {
            name: value.to(device).requires_grad_(True)
            for name, value in (draw(sizes, seed) | draw_heads(sizes, seed) | draw_head(sizes, seed)).items()
        }
        self.average = {name: value.detach().clone() for name, value in self.parameters.items()}
        decayed = [p for name, p in self.parameters.items() if p.ndim >= 2 and 'embed' not in name]
        others = [p for name, p in self.parameters.items() if p.ndim < 2 or 'embed' in name]
        groups = [
            {'params': decayed, 'weight_decay': recipe.weight_decay},
            {'params': others, 'weight_decay': 0.0},
        ]
        self.optimizer = torch.optim.AdamW(groups, lr=recipe.rate, betas=(0.9, 0.98), eps=1e-8, fused=True)
        self.random = torch.Generator(device).manual_seed(seed)
        self.skipped = torch.zeros((), device=device)

    def step(self, scenes: Ring, factor: float, episodes: Ring | None = None) -> Tensor:
        """Learn from one batch; return the losses (short, long, dense, progress, its head), still on the device.

        :param factor: of the learning rate, 0 .. 1; warm-up comes on top
        :param episodes: what to learn progress from; None or empty: the last two losses are 0
        """
        recipe = self.recipe
        rate = recipe.rate * factor * min(1.0, (self.step_number + 1) / recipe.warm_up)
        for group in self.optimizer.param_groups:
            group['lr'] = rate
        losses = self.losses(self._draw(scenes, recipe.images), self._draw(episodes, recipe.episodes))
        progress = min(1.0, self.step_number / recipe.dense_steps)
        dense = recipe.dense + (recipe.dense_end - recipe.dense) * progress
        (losses[0] + recipe.long_weight * losses[1] + dense * losses[2]
         + recipe.progress * losses[3:].sum()).backward()  # fmt: skip
        values = list(self.parameters.values())
        norm = torch.nn.utils.clip_grad_norm_(values, recipe.clip, foreach=True)
        # The fused optimizer leaves everything as it is where this is 1: no step from a gradient that is no number.
        broken = (~torch.isfinite(norm)).float()
        self.optimizer.grad_scale, self.optimizer.found_inf = None, broken
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.skipped += broken
        self.step_number += 1
        keep = min(recipe.average, (1 + self.step_number) / (10 + self.step_number))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.values()), values, 1 - keep)
        return losses.detach()

    def _draw(self, ring: Ring | None, count: int) -> dict[str, Tensor]:
        if not ring or not count:
            return {}
        return ring.take(torch.randint(len(ring), (count,), generator=self.random, device=self.device))

    def losses(self, batch: dict[str, Tensor], runs: dict[str, Tensor]) -> Tensor:
        """Return the losses (short, long, dense, progress, its head) of a batch of scenes and one of episodes."""
        cast, count, recipe = self.forward.cast(self.parameters), len(batch['image']), self.recipe
        images = batch['image']
        if runs:
            images = torch.cat([images, runs['images'].flatten(0, 1), torch.full_like(images[:1], GREY_LEVEL)])
        seen, deep, patches = self.forward.see(cast, self._augment(look(images)))
        short, short_spans = self._choose(batch['short'], batch['short_spans'], recipe.short)
        long, long_spans = self._choose(batch['long'], batch['long_spans'], recipe.long)
        hidden = self.forward.read(cast, seen[:count], [each[:count] for each in deep], [short, long])
        words = [_word_loss(cast['lm_head.weight'], *each) for each in zip(
            hidden, (short, long), (short_spans, long_spans), strict=True)]  # fmt: skip
        dense = dense_loss(cast, batch, seen[:count], patches[:count], self._order)
        compared = (torch.zeros_like(dense), torch.zeros_like(dense))
        if runs:
            pairs = draw_pairs(runs['progress'], recipe.pairs, recipe.asked, self._shares, self.random)
            features = seen[count:], [each[count:] for each in deep]
            compared = progress_loss(self.forward, cast, self.comparison, features, runs, pairs, self.answers)
        return torch.stack([*words, dense, *compared])

    def _choose(self, ids: Tensor, spans: Tensor, count: int) -> tuple[Tensor, Tensor]:
        order = torch.rand(ids.shape[:2], generator=self.random, device=self.device).argsort(1)[:, :count]
        index = order[..., None]
        chosen = ids.gather(1, index.expand(-1, -1, ids.shape[2])).long()
        return chosen, spans.gather(1, index.expand(-1, -1, spans.shape[2])).long()

    def _augment(self, images: Tensor) -> Tensor:
        """Change brightness, contrast, tint and noise, little enough that colours keep their names."""

        def uniform(low: float, high: float, *shape: int) -> Tensor:
            return torch.rand(shape, generator=self.random, device=self.device) * (high - low) + low

        count = len(images)
        gain = uniform(0.88, 1.12, count, 1, 1, 1) * uniform(0.95, 1.05, count, 3, 1, 1)
        images = images * gain + uniform(-0.1, 0.1, count, 1, 1, 1)
        noise = torch.randn(images.shape, generator=self.random, device=self.device)
        return (images + noise * uniform(0, 0.03, count, 1, 1, 1)).clamp_(-1, 1)

    def weights(self) -> Parameters:
        """Return the averaged parameters of the model, without auxiliary heads."""
        return {name: value for name, value in self.average.items() if not name.startswith('dense.')}

    def save(self, path: Path) -> None:
        """Write everything that ``load`` needs to a file."""
        state = {
            'step': self.step_number,
            'parameters': {name: value.detach() for name, value in self.parameters.items()},
            'average': self.average,
            'optimizer': self.optimizer.state_dict(),
        }
        torch.save(state, path.with_suffix('.part'))
        path.with_suffix('.part').replace(path)

    def load(self, path: Path) -> None:
        """Go on from a saved state; other random numbers follow, so that no batch comes again."""
        state = torch.load(path, map_location=self.device, weights_only=True)
        self.step_number = state['step']
        with torch.no_grad():
            for name, value in self.parameters.items():
                value.copy_(state['parameters'][name])
                self.average[name].copy_(state['average'][name])
        self.optimizer.load_state_dict(state['optimizer'])
        self.random.manual_seed(self.seed + self.step_number)

    def begin_from(self, parameters: Parameters) -> None:
        """Start from a checkpoint's parameters, with fresh auxiliary heads and optimizer."""
        with torch.no_grad():
            for name, value in parameters.items():
                self.parameters[name].copy_(value)
                self.average[name].copy_(value)


def _word_loss(head: Tensor, hidden: Tensor, ids: Tensor, spans: Tensor) -> Tensor:
    """Mean cross-entropy of the answers' tokens; each is predicted from the token in front of it."""
    place = torch.arange(ids.shape[2] - 1, device=ids.device)
    inside = (place >= spans[..., :1] - 1) & (place < spans[..., 1:2] - 1)
    target = torch.where(inside, ids[:, :, 1:], -100)
    logits = F.linear(hidden[:, :, :-1], head).float()
    return F.cross_entropy(logits.flatten(0, 2), target.flatten(), ignore_index=-100)


def decay(fraction: float, share: float) -> float:
    """Return the factor of the learning rate: 1 until the last ``share`` of the time, then 1 - sqrt down to 0.01.

    :param fraction: of the time that is over, 0 .. 1
    """
    if fraction < 1 - share:
        return 1.0
    return max(0.01, 1 - math.sqrt(min(1.0, (fraction - (1 - share)) / share)))
