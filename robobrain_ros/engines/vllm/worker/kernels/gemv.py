# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Products for steps of one token: Triton kernels, and PyTorch operators around them, which vLLM records as its own.

Such a step is as fast as the weights are read. cuBLAS, made for tiles of tensor cores, reads the smaller matrices of
the 8B at two thirds of what the GPU's memory gives; programs that have a few rows of the matrix each, and everything in
flight at once, come close to it. Figures: docs/performance.md.

The operators take any number of rows: one goes to these kernels, more go to the products that vLLM would have taken.
The choice is made when they run, not when the model is traced, which happens once for all numbers.

Weights are (outputs, inputs), rows contiguous, in 16 bits, or in 8 (float8_e4m3fn) with a ``scale`` of one value. With
one row 8-bit weights are multiplied with 16-bit inputs; with more the inputs are quantized too, each row by itself.

On GPUs that can (``PDL``: programmatic dependent launch, Hopper and later), a kernel begins to read its weights while
the one before it ends; ``gdc_wait`` stands in front of everything that depends on the step. Every program waits, so
that when one kernel has ended, all before it have: what they read may be written over.
"""

import math

import torch
import triton
import triton.language as tl
from torch import Tensor
from torch.nn import functional

WARPS = 4
BLOCK = 4096
"""Values of a row that a program reads at once, at most; behind a norm it is the whole row."""
ROWS = 2
"""Rows of 16-bit weights for each program; with WARPS and FEW, fastest for the 8B's matrices together on an H100."""
FEW = 8
"""Rows of 8-bit weights behind a norm: with fewer, programs would compute the norm more often than read weights."""


@triton.jit
def _weights(weight, rows, columns, width: tl.constexpr, whole: tl.constexpr):
    """A block of a matrix with ``width`` columns, as float32. Each weight is read once: it need not stay in a cache."""
    places = weight + rows.to(tl.int64)[:, None] * width + columns[None, :]
    if whole:
        return tl.load(places, eviction_policy='evict_first').to(tl.float32)
    inside = (columns < width)[None, :]
    return tl.load(places, mask=inside, other=0.0, eviction_policy='evict_first').to(tl.float32)


@triton.jit
def _product(
    x,
    weight,
    scale,
    out,
    width: tl.constexpr,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    SCALED: tl.constexpr,
    PDL: tl.constexpr,
):
    """``out = weight @ x``, times ``scale`` if SCALED; each program makes ROWS values.

    In plain PyTorch: ``reference.product``.
    """
    rows, columns = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, BLOCK)
    whole: tl.constexpr = width % BLOCK == 0
    block = _weights(weight, rows, columns, width, whole)
    if PDL:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    sums = block * tl.load(x + columns, mask=columns < width, other=0.0).to(tl.float32)[None, :]
    for begin in range(BLOCK, width, BLOCK):
        block = _weights(weight, rows, begin + columns, width, whole)
        sums += block * tl.load(x + begin + columns, mask=begin + columns < width, other=0.0).to(tl.float32)[None, :]
    values = tl.sum(sums, 1)
    if SCALED:
        values *= tl.load(scale)
    tl.store(out + rows, values.to(out.dtype.element_ty))


@triton.jit
def _normed_product(
    hidden,
    residual,
    norm,
    weight,
    scale,
    out,
    total,
    epsilon,
    width: tl.constexpr,
    height,
    ROWS: tl.constexpr,
    BLOCK: tl.constexpr,
    GATED: tl.constexpr,
    SCALED: tl.constexpr,
    PDL: tl.constexpr,
):
    """``total = hidden + residual``, and ``out = weight @ RMSNorm(total)``; each program makes ROWS values.

    ``RMSNorm(x) = x * norm / sqrt(mean(x^2) + epsilon)`` (Zhang and Sennrich, arXiv:1910.07467). The root is the same
    for all of x, and so is taken behind the product. If GATED, ``weight`` has 2 * height rows, and ``out = SiLU(first
    half) * second half``, ``SiLU(x) = x * sigmoid(x)`` (SwiGLU: Shazeer, arXiv:2002.05202). In plain PyTorch:
    ``reference.normed_product``.

    BLOCK is at least ``width``: the mean of squares comes with the product, in every program anew.
    """
    rows, columns = tl.program_id(0) * ROWS + tl.arange(0, ROWS), tl.arange(0, BLOCK)
    inside = columns < width
    whole: tl.constexpr = width == BLOCK
    first = _weights(weight, rows, columns, width, whole)
    if GATED:
        second = _weights(weight, rows + height, columns, width, whole)
    factors = tl.load(norm + columns, mask=inside, other=0.0).to(tl.float32)
    if PDL:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    both = tl.load(hidden + columns, mask=inside, other=0.0).to(tl.float32)
    both += tl.load(residual + columns, mask=inside, other=0.0).to(tl.float32)
    if tl.program_id(0) == 0:
        tl.store(total + columns, both.to(total.dtype.element_ty), mask=inside)
    factor = tl.rsqrt(tl.sum(both * both, 0) / width + epsilon)
    if SCALED:
        after = factor * tl.load(scale)
    else:
        after = factor
    x = (both * factors)[None, :]
    values = tl.sum(first * x, 1) * after
    if GATED:
        values = values * tl.sigmoid(values) * (tl.sum(second * x, 1) * after)
    tl.store(out + rows, values.to(out.dtype.element_ty))


@triton.jit
def _add_norm(hidden, residual, norm, out, total, epsilon, width: tl.constexpr, BLOCK: tl.constexpr):
    """``total = hidden + residual``, and ``out = RMSNorm(total)``, of the row that the program has.

    In plain PyTorch: the sum and ``reference.normed``.
    """
    columns = tl.arange(0, BLOCK)
    inside = columns < width
    places = tl.program_id(0).to(tl.int64) * width + columns
    both = tl.load(hidden + places, mask=inside, other=0.0).to(tl.float32)
    both += tl.load(residual + places, mask=inside, other=0.0).to(tl.float32)
    tl.store(total + places, both.to(total.dtype.element_ty), mask=inside)
    both *= tl.rsqrt(tl.sum(both * both, 0) / width + epsilon)
    factors = tl.load(norm + columns, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + places, (both * factors).to(out.dtype.element_ty), mask=inside)


def early(x: Tensor) -> bool:
    """Whether a kernel may begin before the one in front of it has ended."""
    return x.is_cuda and torch.cuda.get_device_capability(x.device) >= (9, 0)


def _tile(rows: int, outputs: int, width: int) -> dict[str, int]:
    """How the kernels share out a matrix.

    :param rows: for each program, if the number of outputs allows it
    """
    return {'ROWS': math.gcd(rows, outputs), 'BLOCK': min(triton.next_power_of_2(width), BLOCK), 'num_warps': WARPS}


@torch.library.custom_op('robobrain::product', mutates_args=())
def product(x: Tensor, weight: Tensor, scale: Tensor | None) -> Tensor:
    """``x @ weight.T``, (rows, outputs)."""
    if x.shape[0] != 1:
        return _many(x, weight, scale)
    outputs, width = weight.shape
    out, pdl, tile = x.new_empty((1, outputs)), early(x), _tile(ROWS, outputs, width)
    _product[(outputs // tile['ROWS'],)](
        x, weight, scale, out, width, SCALED=scale is not None, PDL=pdl, launch_pdl=pdl, **tile
    )
    return out


@product.register_fake
def _(x: Tensor, weight: Tensor, scale: Tensor | None) -> Tensor:
    return x.new_empty((x.shape[0], weight.shape[0]))


@torch.library.custom_op('robobrain::normed_product', mutates_args=())
def normed_product(
    hidden: Tensor, residual: Tensor, norm: Tensor, epsilon: float, weight: Tensor, scale: Tensor | None, gated: bool
) -> tuple[Tensor, Tensor]:
    """The sum of ``hidden`` and ``residual``, its RMSNorm, and of that the product with ``weight``.

    :param gated: the outputs are two halves, and the result is SiLU(first) * second
    :returns: (result, sum)
    """
    rows, width = hidden.shape
    outputs = weight.shape[0] // 2 if gated else weight.shape[0]
    total = torch.empty_like(hidden)
    block = triton.next_power_of_2(width)
    if rows != 1:
        normed = torch.empty_like(hidden)
        _add_norm[(rows,)](hidden, residual, norm, normed, total, epsilon, width, block, num_warps=WARPS)
        result = _many(normed, weight, scale)
        if gated:
            both, result = result, hidden.new_empty((rows, outputs))
            torch.ops._C.silu_and_mul(result, both)
        return result, total
    together = (ROWS if scale is None else FEW) // (2 if gated else 1)
    out, pdl, tile = hidden.new_empty((1, outputs)), early(hidden), _tile(together, outputs, width)
    tile['BLOCK'] = block
    _normed_product[(outputs // tile['ROWS'],)](
        hidden,
        residual,
        norm,
        weight,
        scale,
        out,
        total,
        epsilon,
        width,
        outputs,
        GATED=gated,
        SCALED=scale is not None,
        PDL=pdl,
        launch_pdl=pdl,
        **tile,
    )
    return out, total


@normed_product.register_fake
def _(
    hidden: Tensor, residual: Tensor, norm: Tensor, epsilon: float, weight: Tensor, scale: Tensor | None, gated: bool
) -> tuple[Tensor, Tensor]:
    outputs = weight.shape[0] // 2 if gated else weight.shape[0]
    return hidden.new_empty((hidden.shape[0], outputs)), torch.empty_like(hidden)


def _many(x: Tensor, weight: Tensor, scale: Tensor | None) -> Tensor:
    """The product as vLLM computes it by default."""
    if scale is None:
        return functional.linear(x, weight)
    from vllm import _custom_ops as ops

    inputs, scales = ops.scaled_fp8_quant(x, use_per_token_if_dynamic=True)
    return ops.cutlass_scaled_mm(inputs, weight.t(), out_dtype=x.dtype, scale_a=scales, scale_b=scale)
