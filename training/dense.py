# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Auxiliary losses on the image's tokens: what stands in each cell, where it ends, how far away it is.

They cure early what language alone teaches late: which colour and which shape belong together, and where. The heads
are thrown away after the training.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from robobrain_ros.sim.layout import COLOURS, SHAPES
from training.config import Sizes
from training.model import patch_order
from training.parameters import Parameters
from training.samples import HANDLE

CLASSES = len(SHAPES) + 3
"""How many kinds of things a cell can show: shapes, gripper, table, background."""
OUTPUTS = {'shape': CLASSES, 'colour': len(COLOURS), 'centre': 2, 'box': 4, 'handle': 1, 'grip': 2, 'depth': 1}
UNIT = 0.1
"""Places are learned in this unit, in parts of the canvas."""


def draw_heads(sizes: Sizes, seed: int) -> Parameters:
    """Draw the heads that are thrown away: one linear layer for merged tokens, one for patches."""
    random = torch.Generator().manual_seed(seed)
    merged, patch = sum(OUTPUTS.values()), CLASSES + len(COLOURS)
    return {
        'dense.merged.weight': torch.randn(merged, sizes.width, generator=random) / math.sqrt(sizes.width),
        'dense.merged.bias': torch.zeros(merged),
        'dense.patch.weight': torch.randn(patch, sizes.vision_width, generator=random) / math.sqrt(sizes.vision_width),
        'dense.patch.bias': torch.zeros(patch),
    }


class Cells:
    """What each token of a batch of scenes shows.

    :param scenes: fields of ``samples.RECORD``
    :param across: samples of the grid per side of a cell: 4 for patches, 8 for merged tokens
    :param favour: how many times a pixel of an object counts against one of the table
    """

    def __init__(self, scenes: dict[str, Tensor], across: int, favour: float) -> None:
        grid, objects = scenes['grid'], scenes['objects']
        count, rows, columns = len(grid), grid.shape[1] // across, grid.shape[2] // across
        cells = grid.view(count, rows, across, columns, across).transpose(2, 3).reshape(count, rows * columns, -1)
        votes = F.one_hot((cells & (HANDLE - 1)).long(), CLASSES).sum(2).float()  # the slots of 7 objects, and 2 more
        votes[..., :7] *= favour
        slot = votes.argmax(-1)
        known = slot < 7
        self.row = objects.gather(1, slot.clamp(max=6)[..., None].expand(-1, -1, objects.shape[2]))
        shape = torch.where(known, self.row[..., 0], slot.float()).long()
        self.shape = torch.where(shape < 0, -100, shape)
        colour = torch.where(known, self.row[..., 1], -1.0).long()
        self.colour = torch.where(colour < 0, -100, colour)
        self.seen = known & (self.row[..., 0] >= 0)
        self.handle = ((cells & HANDLE) > 0).sum(2) >= 3
        down, right = torch.meshgrid(
            (torch.arange(rows, device=grid.device) + 0.5) / rows,
            (torch.arange(columns, device=grid.device) + 0.5) / columns,
            indexing='ij',
        )
        self.middle = torch.stack([right.reshape(-1), down.reshape(-1)], 1)


def dense_loss(heads: Parameters, scenes: dict[str, Tensor], merged: Tensor, patches: Tensor, order: Tensor) -> Tensor:
    """Return the sum of all auxiliary losses; ``merged`` and ``patches`` come from ``Forward.see``."""
    cells = Cells(scenes, across=8, favour=4.0)
    out = F.linear(merged, heads['dense.merged.weight'], heads['dense.merged.bias']).float()
    named = dict(zip(OUTPUTS, out.split(list(OUTPUTS.values()), -1), strict=True))
    loss = _classes(named['shape'], cells.shape) + _classes(named['colour'], cells.colour)
    row, middle = cells.row, cells.middle
    loss = loss + 2 * _places(named['centre'], row[..., 2:4] - middle, cells.seen)
    loss = loss + 2 * _places(named['box'], row[..., 4:8] - middle.repeat(1, 2), cells.seen)
    loss = loss + _places(named['grip'], row[..., 8:10] - middle, cells.seen & (row[..., 8] >= 0))
    loss = loss + F.binary_cross_entropy_with_logits(named['handle'][..., 0], cells.handle.float())
    depth = scenes['depth'].float().flatten(1)
    near = (depth > 0.1) & (depth < 2.0)
    loss = loss + _mean(F.smooth_l1_loss(named['depth'][..., 0], depth, beta=0.05, reduction='none'), near)
    fine = Cells(scenes, across=4, favour=2.0)
    out = F.linear(patches, heads['dense.patch.weight'], heads['dense.patch.bias']).float()
    loss = loss + _classes(out[..., :CLASSES], fine.shape[:, order])
    return loss + _classes(out[..., CLASSES:], fine.colour[:, order])


def make_order(sizes: Sizes, device: str) -> Tensor:
    """Return the raster index of each patch, in the tower's order, on a device."""
    return patch_order(sizes).to(device)


def _classes(logits: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropy; table and background are most of the image and soon known, so objects count more."""
    losses = F.cross_entropy(logits.flatten(0, 1), target.flatten(), ignore_index=-100, reduction='none')
    weight = torch.where(target.flatten() >= len(SHAPES) + 1, 0.25, 1.0) * (target.flatten() >= 0)
    return (losses * weight).sum() / weight.sum().clamp(min=1)


def _places(out: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    return _mean(F.smooth_l1_loss(out, target / UNIT, beta=0.05, reduction='none').mean(-1), mask)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    return (values * mask).sum() / mask.sum().clamp(min=1)
