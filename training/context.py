# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What is in front of a question: texts and images in order, with the positions that M-RoPE gives them."""

from collections.abc import Sequence

import torch
from torch import Tensor

from training.config import SPECIAL, Sizes


class Context:
    """Texts, each followed by an image; of one shape for a whole batch.

    Text counts up in all three axes. An image counts rows and columns from where the text ended, and the text behind it
    goes on after the longer of its two sides, as ``get_rope_index`` of transformers does it.

    :param pieces: ids of the text in front of each image
    """

    def __init__(self, sizes: Sizes, pieces: Sequence[Sequence[int]], device: str, dtype: torch.dtype) -> None:
        self._sizes, self._device, self._dtype = sizes, device, dtype
        across = sizes.columns // 2
        index = torch.arange(sizes.tokens)
        ids: list[int] = []
        positions, places, at = [], [], 0
        for piece in pieces:
            positions.append((at + torch.arange(len(piece))).repeat(3, 1))
            at += len(piece)
            positions.append(at + torch.stack([torch.zeros_like(index), index // across, index % across]))
            places.append(len(ids) + len(piece) + index)
            ids += [*piece, *[SPECIAL['image']] * sizes.tokens]
            at += max(sizes.rows, sizes.columns) // 2
        self.ids = torch.tensor(ids, device=device)
        self.places = torch.cat(places).to(device)
        """Where the images' tokens are, image by image."""
        self.waves = self._waves(torch.cat(positions, dim=1))
        """Cosines and sines of all its tokens."""
        self._end = at
        self._question_waves: dict[int, tuple[Tensor, Tensor]] = {}
        self._masks: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def waves_behind(self, length: int) -> tuple[Tensor, Tensor]:
        """Return cosines and sines of a text of ``length`` tokens that follows."""
        if length not in self._question_waves:
            self._question_waves[length] = self._waves((self._end + torch.arange(length)).repeat(3, 1))
        return self._question_waves[length]

    def mask(self, length: int) -> Tensor:
        """Return (length, context + length), to be added: a question sees the context, and itself up to each token."""
        if length not in self._masks:
            allowed = torch.ones(length, len(self) + length, dtype=torch.bool).tril(len(self))
            mask = torch.zeros(allowed.shape).masked_fill_(~allowed, float('-inf'))
            self._masks[length] = mask.to(self._device, self._dtype)
        return self._masks[length]

    def _waves(self, positions: Tensor) -> tuple[Tensor, Tensor]:
        sizes = self._sizes
        steps = 1 / (sizes.theta ** (torch.arange(0, sizes.head, 2).float() / sizes.head))
        by_axis = positions[..., None].float() * steps
        angles = by_axis[0].clone()
        for axis in (1, 2):  # interleaved: time, row, column, time, row ...
            where = slice(axis, sizes.sections[axis] * 3, 3)
            angles[:, where] = by_axis[axis][:, where]
        angles = torch.cat([angles, angles], dim=-1)
        return angles.cos().to(self._device, self._dtype), angles.sin().to(self._device, self._dtype)
