# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A Qwen3-VL forward for many questions about each image: the image's tokens are computed once.

The same function as stock transformers (``test_training_model.py``), for images of a fixed size. Each
question continues its images' tokens as if it were alone: it attends to them and to itself.
"""

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from training.config import SPECIAL, Sizes
from training.context import Context
from training.parameters import TEXT, TEXT_LAYER, VISION, VISION_BLOCK, Parameters

Memory = list[tuple[Tensor, Tensor]]
"""Keys and values of each layer, each (n, heads, length, head)."""


class Forward:
    """The network without its parameters: what can be calculated once for a device and a type.

    :param prefix: ids in front of the image's tokens
    :param compiled: let torch compile the layers
    """

    def __init__(
        self, sizes: Sizes, prefix: list[int], device: str, dtype: torch.dtype, compiled: bool = False
    ) -> None:
        self.sizes, self.device, self.dtype = sizes, device, dtype
        self.vision_block: Callable[..., Tensor] = vision_block
        self.text_layer: Callable[..., Tensor] = text_layer
        self.question_layer: Callable[..., Tensor] = question_layer
        if compiled:
            self.vision_block, self.text_layer, self.question_layer = (
                torch.compile(block, dynamic=False) for block in (vision_block, text_layer, question_layer)
            )
        order = _merge_order(sizes)
        self._positions = _interpolation(sizes)[order].to(device)
        size = sizes.vision_width // sizes.vision_heads
        steps = 1 / (10000.0 ** (torch.arange(0, size // 2, 2).float() / (size // 2)))
        rows, columns = (order // sizes.columns).float(), (order % sizes.columns).float()
        angles = torch.cat([rows[:, None] * steps, columns[:, None] * steps], 1).repeat(1, 2)
        self._vision_waves = angles.cos().to(device, dtype), angles.sin().to(device, dtype)
        self.single = self.context([prefix])
        """One image behind ``prefix``."""

    def context(self, pieces: Sequence[Sequence[int]]) -> Context:
        """Return a context for ``remember``: ids of the text in front of each image."""
        return Context(self.sizes, pieces, self.device, self.dtype)

    def cast(self, parameters: Parameters) -> Parameters:
        """Return the parameters in the type of the calculation."""
        return {name: value.to(self.dtype) for name, value in parameters.items()}

    def see(self, parameters: Parameters, images: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        """Turn images (n, 3, height, width) in -1 .. 1 into merged tokens (n, tokens, width), deepstack and patches.

        Merged tokens are in raster order, patches in the order of ``patch_order``.
        """
        sizes, count = self.sizes, len(images)
        take: Callable[[str], Tensor] = lambda name: parameters[VISION + name]  # noqa: E731
        x = images.to(self.dtype).view(count, 3, sizes.rows // 2, 2, 16, sizes.columns // 2, 2, 16)
        x = x.permute(0, 2, 5, 3, 6, 1, 4, 7).reshape(count, sizes.patches, 768)
        # A still image is its own next frame: both temporal slices of the kernel see the same pixels.
        kernel = take('patch_embed.proj.weight').sum(2).reshape(sizes.vision_width, 768)
        x = F.linear(x, kernel, take('patch_embed.proj.bias'))
        x = x + (self._positions @ take('pos_embed.weight').float()).to(self.dtype)
        deep = []
        for layer in range(sizes.vision_depth):
            weights = [take(f'blocks.{layer}.{name}') for name in VISION_BLOCK]
            x = self.vision_block(x, *self._vision_waves, sizes.vision_heads, *weights)
            if layer in sizes.deepstack:
                deep.append(self._merge(parameters, x, f'deepstack_merger_list.{sizes.deepstack.index(layer)}', True))
        return self._merge(parameters, x, 'merger', False), deep, x

    def _merge(self, parameters: Parameters, x: Tensor, name: str, norm_last: bool) -> Tensor:
        take: Callable[[str], Tensor] = lambda part: parameters[f'{VISION}{name}.{part}']  # noqa: E731
        width = x.shape[-1]
        shape = (len(x), -1, 4 * width)
        if norm_last:
            x = F.layer_norm(x.reshape(shape), (4 * width,), take('norm.weight'), take('norm.bias'), 1e-6)
        else:
            x = F.layer_norm(x, (width,), take('norm.weight'), take('norm.bias'), 1e-6).reshape(shape)
        x = F.gelu(F.linear(x, take('linear_fc1.weight'), take('linear_fc1.bias')))
        return F.linear(x, take('linear_fc2.weight'), take('linear_fc2.bias'))

    def read(self, parameters: Parameters, seen: Tensor, deep: list[Tensor], batches: list[Tensor]) -> list[Tensor]:
        """Return the last hidden states of questions about one image each, normed: ``remember``, then ``ask``."""
        return self.ask(parameters, self.remember(parameters, seen, deep, self.single), batches, self.single)

    def remember(self, parameters: Parameters, seen: Tensor, deep: list[Tensor], context: Context) -> Memory:
        """Return keys and values of a context for each layer.

        :param seen: (n, images x tokens, width) and ``deep``, from ``see``, for the context's images in order
        """
        sizes = self.sizes
        before = F.embedding(context.ids, parameters[TEXT + 'embed_tokens.weight'])[None].expand(len(seen), -1, -1)
        x, memory = before.index_copy(1, context.places, seen), []
        for layer in range(sizes.depth):
            x, keys, values = self.text_layer(
                x, *context.waves, sizes.heads, sizes.kv_heads, *self._text_weights(parameters, layer)
            )
            if layer < len(deep):
                x = x.index_add(1, context.places, deep[layer])
            memory.append((keys, values))
        return memory

    def ask(self, parameters: Parameters, memory: Memory, batches: list[Tensor], context: Context) -> list[Tensor]:
        """Return the last hidden states of questions, normed.

        :param memory: from ``remember``, for n contexts
        :param batches: ids (n, k, length): k questions about each context, from behind its last image to the answer's
            end. Padding at the end does no harm: nothing attends to what comes later.
        :returns: (n, k, length, width) for each batch
        """
        sizes = self.sizes
        texts = [F.embedding(ids, parameters[TEXT + 'embed_tokens.weight']) for ids in batches]
        for layer, (keys, values) in enumerate(memory):
            weights = self._text_weights(parameters, layer)
            texts = [
                self.question_layer(
                    text, keys, values, *context.waves_behind(text.shape[2]), context.mask(text.shape[2]),
                    sizes.heads, sizes.kv_heads, *weights,
                )
                for text in texts
            ]  # fmt: skip
        norm = parameters[TEXT + 'norm.weight']
        return [F.rms_norm(text, (sizes.width,), norm, sizes.epsilon) for text in texts]

    def _text_weights(self, parameters: Parameters, layer: int) -> list[Tensor]:
        return [parameters[f'{TEXT}layers.{layer}.{name}'] for name in TEXT_LAYER]


def prefix_ids(encode: Callable[[str], list[int]]) -> list[int]:
    """Return the ids that the chat template writes in front of an image's tokens.

    :raises ValueError: if the tokenizer has other special ids than this training
    """
    ids = encode('<|im_start|>user\n<|vision_start|>')
    if ids[0] != SPECIAL['turn_start'] or ids[-1] != SPECIAL['vision_start']:
        raise ValueError(f'the tokenizer has other special ids than training.config: {ids}')
    return ids


def patch_order(sizes: Sizes) -> Tensor:
    """Return the raster index of each patch in the order of the tower: the four of a merged token follow each other."""
    return _merge_order(sizes)


def _merge_order(sizes: Sizes) -> Tensor:
    raster = torch.arange(sizes.patches).view(sizes.rows // 2, 2, sizes.columns // 2, 2)
    return raster.permute(0, 2, 1, 3).reshape(-1)


def _interpolation(sizes: Sizes) -> Tensor:
    """Return bilinear weights (patches, grid squared) of the learned positions.

    In transformers and vLLM that is ``fast_pos_embed_interpolate``.
    """
    last = sizes.grid - 1
    down, across = torch.linspace(0, last, sizes.rows), torch.linspace(0, last, sizes.columns)
    top, left = down.int(), across.int()
    bottom, right = (top + 1).clamp(max=last), (left + 1).clamp(max=last)
    low, far = (down - top)[:, None], (across - left)[None]
    matrix = torch.zeros(sizes.patches, sizes.grid**2)
    each = torch.arange(sizes.patches)
    for row, column, weight in (
        (top, left, (1 - low) * (1 - far)),
        (top, right, (1 - low) * far),
        (bottom, left, low * (1 - far)),
        (bottom, right, low * far),
    ):
        index = (row[:, None] * sizes.grid + column[None]).long().reshape(-1)
        matrix[each, index] += weight.reshape(-1)
    return matrix


def _turn(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    left, right = x.chunk(2, -1)
    return x * cos + torch.cat([-right, left], -1) * sin


def vision_block(
    x: Tensor, cos: Tensor, sin: Tensor, heads: int, norm1: Tensor, norm1_bias: Tensor, norm2: Tensor,
    norm2_bias: Tensor, qkv: Tensor, qkv_bias: Tensor, proj: Tensor, proj_bias: Tensor, up: Tensor, up_bias: Tensor,
    down: Tensor, down_bias: Tensor,
) -> Tensor:  # fmt: skip
    """Calculate one block of the vision tower, (n, patches, width) in and out."""
    count, length, width = x.shape
    y = F.linear(F.layer_norm(x, (width,), norm1, norm1_bias, 1e-6), qkv, qkv_bias)
    query, key, value = y.view(count, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    y = F.scaled_dot_product_attention(_turn(query, cos, sin), _turn(key, cos, sin), value)
    x = x + F.linear(y.transpose(1, 2).reshape(count, length, width), proj, proj_bias)
    y = F.linear(F.layer_norm(x, (width,), norm2, norm2_bias, 1e-6), up, up_bias)
    return x + F.linear(F.gelu(y, approximate='tanh'), down, down_bias)


def _project(
    y: Tensor, cos: Tensor, sin: Tensor, heads: int, kv_heads: int, wq: Tensor, wk: Tensor, wv: Tensor, q_norm: Tensor,
    k_norm: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Turn (n, length, width) into queries, keys and values, each (n, heads, length, head)."""
    count, length, _ = y.shape
    size = q_norm.shape[0]
    query = F.rms_norm(F.linear(y, wq).view(count, length, heads, size), (size,), q_norm, 1e-6).transpose(1, 2)
    key = F.rms_norm(F.linear(y, wk).view(count, length, kv_heads, size), (size,), k_norm, 1e-6).transpose(1, 2)
    value = F.linear(y, wv).view(count, length, kv_heads, size).transpose(1, 2)
    query, key = _turn(query, cos, sin), _turn(key, cos, sin)
    again = heads // kv_heads
    return query, key.repeat_interleave(again, 1), value.repeat_interleave(again, 1)


def _finish(x: Tensor, y: Tensor, norm: Tensor, wo: Tensor, gate: Tensor, up: Tensor, down: Tensor) -> Tensor:
    x = x + F.linear(y, wo)
    y = F.rms_norm(x, (x.shape[-1],), norm, 1e-6)
    return x + F.linear(F.silu(F.linear(y, gate)) * F.linear(y, up), down)


def text_layer(
    x: Tensor, cos: Tensor, sin: Tensor, heads: int, kv_heads: int, norm1: Tensor, norm2: Tensor, wq: Tensor,
    wk: Tensor, wv: Tensor, wo: Tensor, q_norm: Tensor, k_norm: Tensor, gate: Tensor, up: Tensor, down: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Calculate one layer over the image's tokens; returns what comes out, and keys and values for the questions."""
    y = F.rms_norm(x, (x.shape[-1],), norm1, 1e-6)
    query, key, value = _project(y, cos, sin, heads, kv_heads, wq, wk, wv, q_norm, k_norm)
    y = F.scaled_dot_product_attention(query, key, value, is_causal=True).transpose(1, 2).flatten(2)
    return _finish(x, y, norm2, wo, gate, up, down), key, value


def question_layer(
    x: Tensor, keys: Tensor, values: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, heads: int, kv_heads: int,
    norm1: Tensor, norm2: Tensor, wq: Tensor, wk: Tensor, wv: Tensor, wo: Tensor, q_norm: Tensor, k_norm: Tensor,
    gate: Tensor, up: Tensor, down: Tensor,
) -> Tensor:  # fmt: skip
    """Calculate one layer over questions (n, k, length, width), which also attend to their image's keys and values."""
    count, each, length, width = x.shape
    x = x.reshape(count * each, length, width)
    y = F.rms_norm(x, (width,), norm1, 1e-6)
    query, key, value = _project(y, cos, sin, heads, kv_heads, wq, wk, wv, q_norm, k_norm)

    def join(image: Tensor, own: Tensor) -> Tensor:
        shared = image[:, None].expand(-1, each, -1, -1, -1).reshape(count * each, *image.shape[1:])
        return torch.cat([shared, own], dim=2)

    y = F.scaled_dot_product_attention(query, join(keys, key), join(values, value), attn_mask=mask)
    y = y.transpose(1, 2).flatten(2)
    return _finish(x, y, norm2, wo, gate, up, down).view(count, each, length, width)
