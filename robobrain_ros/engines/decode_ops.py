"""PyTorch operators around the kernels of decode_kernels.py, which vLLM compiles and records as it does its own.

Each takes any number of rows: one goes to those kernels, more go to the products that vLLM would have taken. The choice is
made when it runs, not when the model is traced, which happens once for all numbers.

Weights are (outputs, inputs), rows contiguous, in 16 bits, or in 8 (float8_e4m3fn) with a ``scale`` of one value. With
one row 8-bit weights are multiplied with 16-bit inputs; with more the inputs are quantized too, each row by itself.
"""

import torch
import triton
from torch import Tensor
from torch.nn import functional

from robobrain_ros.engines import decode_kernels as kernels

BYTES = 8192
"""Of weights that one program reads at once: fastest on an H100 and an H200, for all matrices of the 8B."""
WARPS = 8


def _early(x: Tensor) -> bool:
    """Whether a kernel may begin before the one in front of it has ended."""
    return x.is_cuda and torch.cuda.get_device_capability(x.device) >= (9, 0)


def _tile(weight: Tensor, outputs: int) -> dict[str, int]:
    block = min(triton.next_power_of_2(weight.shape[1]), 4096)
    rows = max(BYTES // (block * weight.element_size()), 1)
    while outputs % rows:
        rows //= 2
    return {'ROWS': rows, 'BLOCK': block, 'num_warps': WARPS}


@torch.library.custom_op('robobrain::product', mutates_args=())
def product(x: Tensor, weight: Tensor, scale: Tensor | None) -> Tensor:
    """``x @ weight.T``, (rows, outputs)."""
    if x.shape[0] != 1:
        return _many(x, weight, scale)
    outputs, width = weight.shape
    out, early, tile = x.new_empty((1, outputs)), _early(x), _tile(weight, outputs)
    kernels.product[(outputs // tile['ROWS'],)](
        x, weight, scale, out, width, SCALED=scale is not None, PDL=early, launch_pdl=early, **tile
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
        kernels.add_norm[(rows,)](hidden, residual, norm, normed, total, epsilon, width, block, num_warps=WARPS)
        result = _many(normed, weight, scale)
        if gated:
            both, result = result, hidden.new_empty((rows, outputs))
            torch.ops._C.silu_and_mul(result, both)
        return result, total
    out, early, tile = hidden.new_empty((1, outputs)), _early(hidden), _tile(weight, outputs) | {'BLOCK': block}
    if gated:
        tile['ROWS'] = max(tile['ROWS'] // 2, 1)
    kernels.normed_product[(outputs // tile['ROWS'],)](
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
        PDL=early,
        launch_pdl=early,
        **tile,
    )
    return out, total


@normed_product.register_fake
def _(
    hidden: Tensor, residual: Tensor, norm: Tensor, epsilon: float, weight: Tensor, scale: Tensor | None, gated: bool
) -> tuple[Tensor, Tensor]:
    outputs = weight.shape[0] // 2 if gated else weight.shape[0]
    return hidden.new_empty((hidden.shape[0], outputs)), torch.empty_like(hidden)


@torch.library.custom_op('robobrain::norm_and_rotate', mutates_args=())
def norm_and_rotate(
    qkv: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    epsilon: float,
    table: Tensor,
    positions: Tensor,
    query_heads: int,
    key_heads: int,
    high: int,
    wide: int,
) -> tuple[Tensor, Tensor]:
    """Queries and keys as attention takes them; see the kernel of this name.

    :param qkv: (rows, values of all heads: queries, keys, values)
    """
    rows, size, early = qkv.shape[0], table.shape[1], _early(qkv)
    queries, keys = qkv.new_empty((rows, query_heads * size)), qkv.new_empty((rows, key_heads * size))
    kernels.norm_and_rotate[(rows, query_heads + key_heads)](
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
        query_heads,
        key_heads,
        size // 2,
        high,
        wide,
        PDL=early,
        launch_pdl=early,
        num_warps=1,
    )
    return queries, keys


@norm_and_rotate.register_fake
def _(
    qkv: Tensor,
    query_norm: Tensor,
    key_norm: Tensor,
    epsilon: float,
    table: Tensor,
    positions: Tensor,
    query_heads: int,
    key_heads: int,
    high: int,
    wide: int,
) -> tuple[Tensor, Tensor]:
    rows, size = qkv.shape[0], table.shape[1]
    return qkv.new_empty((rows, query_heads * size)), qkv.new_empty((rows, key_heads * size))


def _many(x: Tensor, weight: Tensor, scale: Tensor | None) -> Tensor:
    """The product as vLLM computes it."""
    if scale is None:
        return functional.linear(x, weight)
    from vllm import _custom_ops as ops

    inputs, scales = ops.scaled_fp8_quant(x, use_per_token_if_dynamic=True)
    return ops.cutlass_scaled_mm(inputs, weight.t(), out_dtype=x.dtype, scale_a=scales, scale_b=scale)
