# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Greedy answers of the training forward to held-out questions, and how good they are.

These figures steer the training. Those of the model card come from ``robobrain evaluate``: the same scenes through the
real engine.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from robobrain_ros.evaluation.overlap import iou
from robobrain_ros.evaluation.scoring import NEAR
from robobrain_ros.sim.inventory import NOT_VISIBLE
from robobrain_ros.sim.scene import TABLE
from training.buffer import Ring
from training.config import CANVAS, SPECIAL
from training.model import Forward
from training.parameters import Parameters
from training.samples import HANDLE, KINDS, LONG, NOVEL, SHORT, TABLE_CELL, Bucket

Decode = Callable[[list[int]], str]
_NUMBER = re.compile(r'[0-9]+(?:\.[0-9]+)?')


def look(images: torch.Tensor) -> torch.Tensor:
    """Turn images uint8 (n, height, width, 3) into (n, 3, height, width) in -1 .. 1."""
    return images.permute(0, 3, 1, 2).float().div(127.5).sub(1)


@torch.no_grad()  # type: ignore[untyped-decorator]  # mypy does not read torch
def answers(forward: Forward, parameters: Parameters, images: torch.Tensor, ids: torch.Tensor, starts: torch.Tensor,
            most: int) -> list[list[list[int]]]:  # fmt: skip
    """Decode greedily: ids (n, k, length) hold prompts up to ``starts`` (n, k); what is behind them is not read."""
    count, each, length = ids.shape
    seen, deep, _ = forward.see(parameters, look(images))
    place = torch.arange(length, device=ids.device)
    ids = torch.where(place < starts[..., None], ids, 0)
    at, done = starts.clone(), torch.zeros_like(starts, dtype=torch.bool)
    for number in range(most):
        (hidden,) = forward.read(parameters, seen, deep, [ids])
        last = hidden.gather(2, (at - 1)[..., None, None].expand(-1, -1, 1, hidden.shape[-1]))[:, :, 0]
        word = F.linear(last, parameters['lm_head.weight']).argmax(-1)
        ids = torch.where((place == at[..., None]) & ~done[..., None], word[..., None], ids)
        done |= (word == SPECIAL['turn_end']) | (at >= length - 1)
        at = torch.where(done, at, at + 1)
        if number % 8 == 7 and bool(done.all()):
            break
    rows = zip(ids.flatten(0, 1).tolist(), starts.flatten().tolist(), strict=True)
    flat = [_until_end(row[start:]) for row, start in rows]
    return [flat[index * each : (index + 1) * each] for index in range(count)]


def _until_end(ids: list[int]) -> list[int]:
    return ids[: ids.index(SPECIAL['turn_end'])] if SPECIAL['turn_end'] in ids else ids


@dataclass(frozen=True)
class Example:
    """One question with the right and the given answer."""

    kind: str
    question: str
    right: str
    given: str


@torch.no_grad()  # type: ignore[untyped-decorator]  # mypy does not read torch
def evaluate(forward: Forward, parameters: Parameters, scenes: Ring, decode: Decode,
             most_scenes: int) -> tuple[dict[str, float], list[Example]]:  # fmt: skip
    """Return shares of right answers by 'task/kind', with a novelty in front, if any; and examples."""
    found: defaultdict[str, list[float]] = defaultdict(list)
    examples: list[Example] = []
    step = 64 if forward.device == 'cuda' else 8
    for first in range(0, min(most_scenes, len(scenes)), step):
        stop = min(first + step, most_scenes, len(scenes))
        batch = scenes.take(torch.arange(first, stop, device=forward.device))
        buckets: Sequence[tuple[str, Bucket, int]] = (('short', SHORT, 24), ('long', LONG, 128))
        for name, _, most in buckets:
            ids, spans = batch[name].long(), batch[f'{name}_spans'].long()
            given = answers(forward, parameters, batch['image'], ids, spans[..., 0], most)
            grids, focals = batch['grid'].cpu().numpy(), batch['focal'].tolist()
            for scene, (rows, row_spans) in enumerate(zip(ids.tolist(), spans.tolist(), strict=True)):
                for index, (start, end, kind, label, novel) in enumerate(row_spans):
                    task, what = KINDS[kind]
                    right, got = decode(rows[index][start : end - 1]), decode(given[scene][index])
                    key = f'{NOVEL[novel]} {task}/{what}'.strip()
                    found[key] += [_score(task, what, right, got, label, grids[scene], focals[scene])]
                    if what != 'absent':
                        found['false not visible'] += [float(got == NOT_VISIBLE)]
                    if index < 2:
                        examples.append(Example(key, decode(rows[index][:start]), right, got))
    return {key: float(np.mean(values)) for key, values in sorted(found.items())}, examples


def _score(task: str, kind: str, right: str, given: str, label: int, grid: np.ndarray, focal: float) -> float:
    if kind == 'absent' or task in ('planning', 'general'):
        return float(given == right if kind != 'list' else _words(given) == _words(right))
    truth, numbers = _numbers(right), _numbers(given)
    if task == 'trajectory':
        if len(numbers) < 3 or len(numbers) % 3:
            return 0.0
        du, dv = (numbers[-3] - truth[-3]) * CANVAS[0] / 1000, (numbers[-2] - truth[-2]) * CANVAS[1] / 1000
        return float(math.hypot(du, dv) * truth[-1] / focal <= 0.03)
    if len(numbers) != len(truth):
        return 0.0
    if task == 'grounding':
        return float(iou((truth[0], truth[1], truth[2], truth[3]), tuple(numbers[:4])) > 0.5)  # type: ignore[arg-type]
    if kind == 'gripper':  # the tip lies between the fingers, where no pixel shows it
        return float(math.dist(numbers, truth) <= 1000 * NEAR)
    x, y = (min(max(value, 0), 999) / 1000 for value in numbers)
    cell = int(grid[int(y * grid.shape[0]), int(x * grid.shape[1])])
    wanted = TABLE_CELL if label == TABLE else label
    return float((cell & (HANDLE - 1)) == wanted and (kind != 'handle' or cell >= HANDLE))


def _numbers(text: str) -> list[float]:
    return [float(number) for number in _NUMBER.findall(text)]


def _words(text: str) -> list[str]:
    return sorted(re.findall('[a-z]+ [a-z]+', text))
