# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What the kernels compute, in plain PyTorch and in float32: slow, short, and what the tests hold them against."""

import torch
from torch import Tensor
from torch.nn import functional


def normed(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """RMSNorm of each row: ``x * weight / sqrt(mean(x^2) + epsilon)``, arXiv:1910.07467.

    :param x: (..., width)
    :param weight: (width,)
    """
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon) * weight.float()


def product(x: Tensor, weight: Tensor, scale: Tensor | None) -> Tensor:
    """``x @ weight.T``, times ``scale`` if there is one.

    :param x: (rows, width)
    :param weight: (outputs, width), in 8, 16 or 32 bits
    :returns: (rows, outputs)
    """
    values = x.float() @ weight.float().T
    return values if scale is None else values * scale


def normed_product(
    hidden: Tensor, residual: Tensor, norm: Tensor, epsilon: float, weight: Tensor, scale: Tensor | None, gated: bool
) -> tuple[Tensor, Tensor]:
    """The product with RMSNorm(hidden + residual), gated with SiLU (SwiGLU, arXiv:2002.05202) if asked for.

    :param hidden: (rows, width), as ``residual``
    :param gated: the outputs are two halves, and the result is SiLU(first) * second
    :returns: (result, sum)
    """
    total = hidden.float() + residual.float()
    result = product(normed(total, norm, epsilon), weight, scale)
    if gated:
        first, second = result.chunk(2, -1)
        result = functional.silu(first) * second
    return result, total


def axes(pairs: int, high: int, wide: int) -> list[int]:
    """Which of three positions (time, down, across) each frequency of Qwen3-VL's interleaved rotary embedding follows.

    :param pairs: frequencies
    :param high: so many of them, 1, 4, 7, ..., follow the second position
    :param wide: so many of them, 2, 5, 8, ..., follow the third
    """
    found = [0] * pairs
    found[1 : 3 * high : 3] = [1] * len(found[1 : 3 * high : 3])
    found[2 : 3 * wide : 3] = [2] * len(found[2 : 3 * wide : 3])
    return found


def turned(
    heads: Tensor, norm: Tensor, epsilon: float, table: Tensor, position: Tensor, high: int, wide: int
) -> Tensor:
    """RMSNorm of each head of a token, and its rotation by the token's position (arXiv:2104.09864, halves).

    :param heads: (heads, size)
    :param table: cosines, then sines, (positions, size)
    :param position: (3,)
    """
    half = heads.shape[1] // 2
    rows = table[position[axes(half, high, wide)]].float()
    pairs = torch.arange(half)
    cosine, sine = rows[pairs, pairs], rows[pairs, half + pairs]
    x, y = normed(heads, norm, epsilon).chunk(2, -1)
    return torch.cat([x * cosine - y * sine, y * cosine + x * sine], -1)


def attend(queries: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """``softmax(scale * q K^T) V`` of one token's query heads, which share key heads group by group.

    :param queries: (query heads, size)
    :param keys: (tokens, key heads, size), as ``values``
    :returns: (query heads, size)
    """
    group = len(queries) // keys.shape[1]
    keys, values = (part.float().repeat_interleave(group, 1) for part in (keys, values))
    s = scale * torch.einsum('hd,lhd->hl', queries.float(), keys)
    return torch.einsum('hl,lhd->hd', s.softmax(-1), values)
