# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Attention for steps of one token, from the product of queries, keys and values to the input of the output projection.

One Triton kernel: norms and rotation of heads, writing the KV cache, attention over it in parts, and the parts' sum.
vLLM takes more of them (norms, rotation, cache, FlashAttention 3, its combination). With one token each is over before
the GPU is full; what counts is how many there are, one after the other. Figures: docs/performance.md.

What it reads before ``gdc_wait`` (positions, their table, the length) was written before the step began.

More tokens take vLLM's way.
"""

import functools
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor
from vllm.model_executor.layers.attention.attention import (
    get_attention_context,
    unified_attention_with_output,
    unified_kv_cache_update,
)

from robobrain_ros.engines.vllm.worker.kernels.gemv import early
from robobrain_ros.engines.vllm.worker.kernels.norm_rope import axes, rotate, turned

PARTS = 8
"""Into which the tokens are cut. With the 8B's eight key heads, 16 would make as many programs as an H100 has
multiprocessors; but at 400 tokens it is quicker to have fewer parts to add up (at 1000 no more)."""
TILE = 32
"""Tokens that a program looks at together."""


@triton.jit
def _attend(
    qkv,
    query_norm,
    key_norm,
    table,
    positions,
    cache,
    blocks,
    lengths,
    slots,
    sums,
    weights,
    counts,
    out,
    epsilon,
    scale,
    axis_stride,
    block_stride,
    kind_stride,
    slot_stride,
    head_stride,
    block_size: tl.constexpr,
    heads: tl.constexpr,
    GROUP: tl.constexpr,
    HALF: tl.constexpr,
    high: tl.constexpr,
    wide: tl.constexpr,
    PARTS: tl.constexpr,
    TILE: tl.constexpr,
    PDL: tl.constexpr,
):
    """Attend with one key head, the ``GROUP`` query heads that share it, and one part of the tokens.

    The grid is (heads, PARTS); heads have 2 * HALF values. Softmax is computed online (Milakov and Gimelshein, "Online
    normalizer calculation for softmax", arXiv:1805.02867; Dao, "FlashAttention-2", arXiv:2307.08691, from which the
    letters are): for each tile of keys K and values V of the part,

        s = scale * q K^T      m_new = max(m, max(s))      alpha = exp(m - m_new)      p = exp(s - m_new)
        l = alpha * l + sum(p)                             acc = alpha * acc + p V  # noqa: E741

    The last program to end adds up the parts (Flash-Decoding, the split of one query's tokens): with M the largest m,
    ``out = sum(exp(m - M) * acc) / sum(exp(m - M) * l)``. In plain PyTorch: ``reference.attend``.

    :param table: cosines and sines, (positions, 2 * HALF)
    :param positions: (3, 1), see ``axes``
    :param cache: keys, ``kind_stride`` behind them values, of ``block_size`` tokens in each block
    :param blocks: of this sequence, in the order of its tokens
    :param lengths: one: the number of its tokens, the new one included; ``slots``: one: where that is to be kept,
        negative for nowhere
    :param sums: float32 (heads, PARTS, GROUP, 2 * HALF); ``weights``: float32 (2, heads, PARTS, GROUP): scratch
    :param counts: int32 (heads,), zeros before and after
    """
    head, part = tl.program_id(0), tl.program_id(1)
    pairs, values = tl.arange(0, HALF), tl.arange(0, 2 * HALF)
    kind: tl.constexpr = out.dtype.element_ty
    rows = tl.arange(0, 16)  # at least so many for tl.dot
    asked = rows < GROUP
    length = tl.load(lengths)
    if PDL:
        tl.extra.cuda.gdc_launch_dependents()
    turn = table + tl.load(positions + axes(pairs, high, wide) * axis_stride) * 2 * HALF + pairs
    cosine, sine = tl.load(turn).to(tl.float32)[None, :], tl.load(turn + HALF).to(tl.float32)[None, :]
    each = tl.cdiv(tl.cdiv(length, PARTS), TILE) * TILE
    begin, last = part * each, length - 1
    end = tl.minimum(begin + each, last)
    if PDL:
        tl.extra.cuda.gdc_wait()

    source = qkv + (head * GROUP + rows)[:, None] * (2 * HALF) + pairs[None, :]
    x = tl.load(source, mask=asked[:, None], other=0.0).to(tl.float32)
    y = tl.load(source + HALF, mask=asked[:, None], other=0.0).to(tl.float32)
    norm, norm2 = tl.load(query_norm + pairs).to(tl.float32), tl.load(query_norm + HALF + pairs).to(tl.float32)
    query, query2 = turned(x, y, norm[None, :], norm2[None, :], cosine, sine, epsilon, HALF, kind)

    m = tl.full([16], float('-inf'), tl.float32)
    l = tl.zeros([16], tl.float32)  # noqa: E741 - the papers' letter
    acc = tl.zeros([16, 2 * HALF], tl.float32)
    for at in range(begin, end, TILE):
        tokens = at + tl.arange(0, TILE)
        known = tokens < end
        block = tl.load(blocks + tokens // block_size, mask=known, other=0).to(tl.int64)
        place = cache + (block * block_stride + tokens % block_size * slot_stride + head * head_stride)[:, None]
        keys = tl.load(place + pairs[None, :], mask=known[:, None], other=0.0)
        keys2 = tl.load(place + HALF + pairs[None, :], mask=known[:, None], other=0.0)
        old_values = tl.load(place + kind_stride + values[None, :], mask=known[:, None], other=0.0)
        s = tl.dot(query, tl.trans(keys), input_precision='ieee')
        s = (s + tl.dot(query2, tl.trans(keys2), input_precision='ieee')) * scale
        s = tl.where(known[None, :], s, float('-inf'))
        m_new = tl.maximum(m, tl.max(s, 1))
        alpha, p = tl.exp(m - m_new), tl.exp(s - m_new[:, None])
        l = l * alpha + tl.sum(p, 1)  # noqa: E741
        acc = acc * alpha[:, None] + tl.dot(p.to(kind), old_values, input_precision='ieee')
        m = m_new

    if (begin <= last) & (last < begin + each):  # the new token is in this part
        own = qkv + (heads * GROUP + head) * 2 * HALF
        a, b = tl.load(own + pairs).to(tl.float32), tl.load(own + HALF + pairs).to(tl.float32)
        norm, norm2 = tl.load(key_norm + pairs).to(tl.float32), tl.load(key_norm + HALF + pairs).to(tl.float32)
        key, key2 = turned(a[None, :], b[None, :], norm[None, :], norm2[None, :], cosine, sine, epsilon, HALF, kind)
        value = tl.load(own + heads * 2 * HALF + values)
        slot = tl.load(slots).to(tl.int64)
        home = cache + slot // block_size * block_stride + slot % block_size * slot_stride + head * head_stride
        kept = slot >= 0  # else the step is one of vLLM's own, without a sequence
        tl.store(home + pairs[None, :], key, mask=kept)
        tl.store(home + HALF + pairs[None, :], key2, mask=kept)
        tl.store(home + kind_stride + values, value, mask=kept)
        products = query.to(tl.float32) * key.to(tl.float32) + query2.to(tl.float32) * key2.to(tl.float32)
        s = tl.sum(products, 1) * scale
        m_new = tl.maximum(m, s)
        alpha, p = tl.exp(m - m_new), tl.exp(s - m_new)
        l = l * alpha + p  # noqa: E741
        acc = acc * alpha[:, None] + p[:, None] * value.to(tl.float32)[None, :]
        m = m_new

    if begin < length:
        index = (head * PARTS + part) * GROUP + rows
        tl.store(sums + index[:, None] * (2 * HALF) + values[None, :], acc, mask=asked[:, None])
        tl.store(weights + index, m, mask=asked)
        tl.store(weights + heads * PARTS * GROUP + index, l, mask=asked)
    tl.debug_barrier()  # all of this program's threads have written before it says so
    if tl.atomic_add(counts + head, 1, sem='acq_rel') == PARTS - 1:
        parts = tl.arange(0, PARTS)
        used = parts * each < length
        for member in tl.static_range(GROUP):
            which = (head * PARTS + parts) * GROUP + member
            highest = tl.load(weights + which, mask=used, other=float('-inf'), cache_modifier='.cg')
            portion = tl.load(weights + heads * PARTS * GROUP + which, mask=used, other=0.0, cache_modifier='.cg')
            spot = sums + which[:, None] * (2 * HALF) + values[None, :]
            piece = tl.load(spot, mask=used[:, None], other=0.0, cache_modifier='.cg')
            share = tl.exp(highest - tl.max(highest, 0))
            mean = tl.sum(piece * share[:, None], 0) / tl.sum(portion * share, 0)
            tl.store(out + (head * GROUP + member) * 2 * HALF + values, mean.to(kind))
        tl.store(counts + head, 0)


@torch.library.custom_op('robobrain::attend', mutates_args=('out',))
def attend(
    qkv: Tensor,
    queries: Tensor,
    keys: Tensor,
    positions: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    epsilon: float,
    table: Tensor,
    high: int,
    wide: int,
    scale: float,
    out: Tensor,
    layer: str,
) -> None:
    """Attention of a layer of vLLM's, whose KV cache and metadata it finds by name.

    :param qkv: (tokens, values of all heads: queries, keys, values)
    :param queries: as ``rotate_many`` made them, ``keys`` too; not read if there is one token, when they hold nothing
    :param positions: (3, tokens); see ``axes`` for ``high`` and ``wide``
    :param table: cosines and sines, (positions, values of a head)
    :param scale: of the products of queries and keys
    :param out: (tokens, values of the query heads)
    """
    size = table.shape[1]
    heads = out.shape[1] // size
    key_heads = qkv.shape[1] // size - heads >> 1
    metadata, _, cache, slots = get_attention_context(layer)
    if len(qkv) == 1 and slots is not None and _is_one(metadata, cache):
        sums, weights, counts = _scratch(key_heads, heads // key_heads, size, qkv.device)
        pdl = early(qkv)
        _attend[(key_heads, PARTS)](
            qkv,
            query_norm,
            key_norm,
            table,
            positions,
            cache,
            metadata.block_table,
            metadata.seq_lens,
            slots,
            sums,
            weights,
            counts,
            out,
            epsilon,
            scale,
            positions.stride(0),
            *cache.stride()[:4],
            cache.shape[2],
            key_heads,
            heads // key_heads,
            size // 2,
            high,
            wide,
            PARTS,
            TILE,
            PDL=pdl,
            launch_pdl=pdl,
        )
        return
    rows = len(qkv)
    if rows == 1:
        queries, keys = rotate(qkv, positions, query_norm, key_norm, epsilon, table, high, wide, heads)
    values = qkv[:, (heads + key_heads) * size :]
    queries, keys, values, result = (part.view(rows, -1, size) for part in (queries, keys, values, out))
    unified_kv_cache_update(keys, values, layer)
    unified_attention_with_output(queries, keys, values, result, layer)


def _is_one(metadata: Any, cache: Tensor) -> bool:
    """Whether the step has one token of one sequence, and the cache the form that the kernel knows (vLLM 0.25)."""
    if metadata is None or cache.dim() != 5 or cache.shape[1] != 2 or cache.stride(4) != 1:
        return False
    return metadata.num_actual_tokens == 1 and not metadata.use_cascade


@functools.cache
def _scratch(key_heads: int, group: int, size: int, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Sums, weights and counts of ``_attend``. Steps follow one another: one for all layers."""
    rows = key_heads * PARTS * group
    kind = {'dtype': torch.float32, 'device': device}  # whatever the default is
    sums, weights = torch.empty(rows * size, **kind), torch.empty(2 * rows, **kind)
    return sums, weights, torch.zeros(key_heads, dtype=torch.int32, device=device)
