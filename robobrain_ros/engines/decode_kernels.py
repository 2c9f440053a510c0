"""Triton kernels for steps of one token: products of one row with a matrix, and what lies between them.

Such a step is as fast as the weights are read. cuBLAS, made for tiles of tensor cores, reads the smaller matrices of the
8B at two thirds of what the GPU's memory gives; a block of threads for each row or two of the matrix, with everything in
flight at once, comes close to it. Figures: docs/performance.md.

On GPUs that can (``PDL``: programmatic dependent launch, Hopper and later), a kernel begins to read its weights while
the one before it ends; ``gdc_wait`` stands in front of everything that depends on others.
"""

import triton
import triton.language as tl


@triton.jit
def _weights(weight, rows, columns, width: tl.constexpr, whole: tl.constexpr):
    """A block of a matrix with ``width`` columns, as float32. Each weight is read once: it need not stay in a cache."""
    places = weight + rows.to(tl.int64)[:, None] * width + columns[None, :]
    if whole:
        return tl.load(places, eviction_policy='evict_first').to(tl.float32)
    inside = (columns < width)[None, :]
    return tl.load(places, mask=inside, other=0.0, eviction_policy='evict_first').to(tl.float32)


@triton.jit
def product(
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
    """``out = weight @ x``, times ``scale`` if SCALED; each program makes ROWS values."""
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
def normed_product(
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

    If GATED, ``weight`` has 2 * height rows, and ``out = SiLU(first half) * second half``.
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
def add_norm(hidden, residual, norm, out, total, epsilon, width: tl.constexpr, BLOCK: tl.constexpr):
    """``total = hidden + residual``, and ``out = RMSNorm(total)``, of the row that the program has."""
    columns = tl.arange(0, BLOCK)
    inside = columns < width
    places = tl.program_id(0).to(tl.int64) * width + columns
    both = tl.load(hidden + places, mask=inside, other=0.0).to(tl.float32)
    both += tl.load(residual + places, mask=inside, other=0.0).to(tl.float32)
    tl.store(total + places, both.to(total.dtype.element_ty), mask=inside)
    both *= tl.rsqrt(tl.sum(both * both, 0) / width + epsilon)
    factors = tl.load(norm + columns, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + places, (both * factors).to(out.dtype.element_ty), mask=inside)


@triton.jit
def norm_and_rotate(
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
    PDL: tl.constexpr,
):
    """RMSNorm over each head of queries and keys, then interleaved multi-axis rotary embedding (Qwen3-VL).

    A program has one head of one token: the grid is (tokens, query_heads + key_heads). Heads have 2 * HALF values.

    :param table: cosines and sines, (positions, 2 * HALF)
    :param positions: (3, tokens): in time, down, across
    :param high: frequencies that turn with the second position: 1, 4, 7, ..., this many; ``wide``: third, 2, 5, 8, ...
    """
    token, head = tl.program_id(0).to(tl.int64), tl.program_id(1)
    pairs = tl.arange(0, HALF)
    axis = tl.where((pairs % 3 == 1) & (pairs < 3 * high), 1, tl.where((pairs % 3 == 2) & (pairs < 3 * wide), 2, 0))
    is_key = head >= query_heads
    norm = tl.where(is_key, key_norm, query_norm)
    one, two = tl.load(norm + pairs).to(tl.float32), tl.load(norm + HALF + pairs).to(tl.float32)
    if PDL:
        tl.extra.cuda.gdc_launch_dependents()
        tl.extra.cuda.gdc_wait()
    source = qkv + token * qkv_stride + head * 2 * HALF + pairs
    x, y = tl.load(source).to(tl.float32), tl.load(source + HALF).to(tl.float32)
    place = table + tl.load(positions + axis * axis_stride + token) * 2 * HALF + pairs
    cosine, sine = tl.load(place).to(tl.float32), tl.load(place + HALF).to(tl.float32)
    factor = tl.rsqrt(tl.sum(x * x + y * y, 0) / (2 * HALF) + epsilon)
    x, y = x * factor * one, y * factor * two
    if is_key:
        target = keys + (token * key_heads + head - query_heads) * 2 * HALF + pairs
    else:
        target = queries + (token * query_heads + head) * 2 * HALF + pairs
    kind = queries.dtype.element_ty
    tl.store(target, (x * cosine - y * sine).to(kind))
    tl.store(target + HALF, (y * cosine + x * sine).to(kind))
