# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Norms and rotation of the heads of queries and keys: one Triton kernel for all tokens of a step.

The attention of a single token (attention.py) shares its functions.

vLLM launches attention between its CUDA graphs, kernel by kernel. This is an operator of its own, so that it lies in
the graph before that.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def turned(x, y, one, two, cosine, sine, epsilon, HALF: tl.constexpr, kind: tl.constexpr):
    """RMSNorm and rotation of heads, given as first and second halves, (heads, HALF), in float32.

    Norm (Zhang and Sennrich, arXiv:1910.07467), over both halves of a head: ``h * w / sqrt(mean(h^2) + epsilon)``.
    Rotation (Su et al., "RoFormer", arXiv:2104.09864), in the order of halves: ``(x cos - y sin, y cos + x sin)``.
    In plain PyTorch: ``reference.turned``.
    """
    factor = tl.rsqrt(tl.sum(x * x + y * y, 1) / (2 * HALF) + epsilon)[:, None]
    x, y = x * factor * one, y * factor * two
    return (x * cosine - y * sine).to(kind), (y * cosine + x * sine).to(kind)


@triton.jit
def axes(pairs, high: tl.constexpr, wide: tl.constexpr):
    """Which of three positions (time, down, across) each frequency of Qwen3-VL's interleaved rotary embedding follows.

    :param high: frequencies of the second, 1, 4, 7, ...: this many; ``wide``: of the third, 2, 5, 8, ...
    """
    down, across = (pairs % 3 == 1) & (pairs < 3 * high), (pairs % 3 == 2) & (pairs < 3 * wide)
    return tl.where(down, 1, tl.where(across, 2, 0))


@triton.jit
def _norm_and_rotate(
    qkv,
    query_norm,
    key_norm,
    table,
    positions,
    queries,
    keys,
    epsilon,
    qkv_stride,
    axis_stride,
    query_heads: tl.constexpr,
    key_heads: tl.constexpr,
    HALF: tl.constexpr,
    high: tl.constexpr,
    wide: tl.constexpr,
):
    """Norm and turn each head; the grid is (tokens, query_heads + key_heads), heads have 2 * HALF values."""
    token, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    pairs = tl.arange(0, HALF)
    place = table + tl.load(positions + axes(pairs, high, wide) * axis_stride + token) * 2 * HALF + pairs
    cosine, sine = tl.load(place).to(tl.float32)[None, :], tl.load(place + HALF).to(tl.float32)[None, :]
    source = qkv + token * qkv_stride + head * 2 * HALF + pairs
    x, y = tl.load(source).to(tl.float32)[None, :], tl.load(source + HALF).to(tl.float32)[None, :]
    if head < query_heads:
        norm, target = query_norm, queries + (token * query_heads + head) * 2 * HALF
    else:
        norm, target = key_norm, keys + (token * key_heads + head - query_heads) * 2 * HALF
    one, two = tl.load(norm + pairs).to(tl.float32)[None, :], tl.load(norm + HALF + pairs).to(tl.float32)[None, :]
    first, second = turned(x, y, one, two, cosine, sine, epsilon, HALF, queries.dtype.element_ty)
    tl.store(target + pairs[None, :], first)
    tl.store(target + HALF + pairs[None, :], second)


def rotate(
    qkv: Tensor,
    positions: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    epsilon: float,
    table: Tensor,
    high: int,
    wide: int,
    heads: int,
) -> tuple[Tensor, Tensor]:
    """RMSNorm and rotary embedding of each head.

    :param qkv: (tokens, values of all heads: queries, keys, values)
    :param positions: (3, tokens); see ``axes`` for ``high`` and ``wide``
    :param table: cosines and sines, (positions, values of a head)
    :param heads: of queries
    :returns: queries and keys, (tokens, values of their heads)
    """
    queries, keys = _empty(qkv, table, heads)
    rows, size = len(qkv), table.shape[1]
    key_heads = keys.shape[1] // size
    _norm_and_rotate[(rows, heads + key_heads)](
        qkv,
        query_norm,
        key_norm,
        table,
        positions,
        queries,
        keys,
        epsilon,
        qkv.stride(0),
        positions.stride(0),
        heads,
        key_heads,
        size // 2,
        high,
        wide,
        num_warps=1,
    )
    return queries, keys


@torch.library.custom_op('robobrain::rotate_many', mutates_args=())
def rotate_many(
    qkv: Tensor,
    positions: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    epsilon: float,
    table: Tensor,
    high: int,
    wide: int,
    heads: int,
) -> tuple[Tensor, Tensor]:
    """``rotate``, if there is more than one token; for a single one nothing is computed: ``attend`` does it itself."""
    if len(qkv) == 1:
        return _empty(qkv, table, heads)
    return rotate(qkv, positions, query_norm, key_norm, epsilon, table, high, wide, heads)


@rotate_many.register_fake
def _(
    qkv: Tensor,
    positions: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    epsilon: float,
    table: Tensor,
    high: int,
    wide: int,
    heads: int,
) -> tuple[Tensor, Tensor]:
    return _empty(qkv, table, heads)


def _empty(qkv: Tensor, table: Tensor, heads: int) -> tuple[Tensor, Tensor]:
    size = table.shape[1]
    key_heads = (qkv.shape[1] // size - heads) // 2
    return qkv.new_empty((qkv.shape[0], heads * size)), qkv.new_empty((qkv.shape[0], key_heads * size))
