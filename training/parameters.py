# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The parameters of a Qwen3-VL under the names of its safetensors files, and how they begin."""

import math

import torch

from training.config import VOCABULARY, Sizes

Parameters = dict[str, torch.Tensor]
"""Tensors by their name in a safetensors file."""

VISION = 'model.visual.'
TEXT = 'model.language_model.'
VISION_BLOCK = (
    'norm1.weight', 'norm1.bias', 'norm2.weight', 'norm2.bias', 'attn.qkv.weight', 'attn.qkv.bias', 'attn.proj.weight',
    'attn.proj.bias', 'mlp.linear_fc1.weight', 'mlp.linear_fc1.bias', 'mlp.linear_fc2.weight', 'mlp.linear_fc2.bias',
)  # fmt: skip
TEXT_LAYER = (
    'input_layernorm.weight', 'post_attention_layernorm.weight', 'self_attn.q_proj.weight', 'self_attn.k_proj.weight',
    'self_attn.v_proj.weight', 'self_attn.o_proj.weight', 'self_attn.q_norm.weight', 'self_attn.k_norm.weight',
    'mlp.gate_proj.weight', 'mlp.up_proj.weight', 'mlp.down_proj.weight',
)  # fmt: skip


def shapes(sizes: Sizes) -> dict[str, tuple[int, ...]]:
    """Return the shape of each parameter that a checkpoint holds, by name."""
    found: dict[str, tuple[int, ...]] = {}
    d, w, hidden = sizes.vision_width, sizes.width, 4 * sizes.vision_width

    def linear(name: str, out: int, into: int) -> None:
        found[f'{name}.weight'], found[f'{name}.bias'] = (out, into), (out,)

    def norm(name: str, size: int) -> None:
        found[f'{name}.weight'], found[f'{name}.bias'] = (size,), (size,)

    found[VISION + 'patch_embed.proj.weight'], found[VISION + 'patch_embed.proj.bias'] = (d, 3, 2, 16, 16), (d,)
    found[VISION + 'pos_embed.weight'] = (sizes.grid**2, d)
    for layer in range(sizes.vision_depth):
        block = f'{VISION}blocks.{layer}.'
        norm(block + 'norm1', d)
        norm(block + 'norm2', d)
        linear(block + 'attn.qkv', 3 * d, d)
        linear(block + 'attn.proj', d, d)
        linear(block + 'mlp.linear_fc1', sizes.vision_inner, d)
        linear(block + 'mlp.linear_fc2', d, sizes.vision_inner)
    mergers = [('merger', d), *((f'deepstack_merger_list.{i}', hidden) for i in range(len(sizes.deepstack)))]
    for name, size in mergers:
        norm(f'{VISION}{name}.norm', size)
        linear(f'{VISION}{name}.linear_fc1', hidden, hidden)
        linear(f'{VISION}{name}.linear_fc2', w, hidden)
    found[TEXT + 'embed_tokens.weight'] = (VOCABULARY, w)
    query, key = sizes.heads * sizes.head, sizes.kv_heads * sizes.head
    layer_shapes = ((w,), (w,), (query, w), (key, w), (key, w), (w, query), (sizes.head,), (sizes.head,),
                    (sizes.inner, w), (sizes.inner, w), (w, sizes.inner))  # fmt: skip
    for layer in range(sizes.depth):
        for name, shape in zip(TEXT_LAYER, layer_shapes, strict=True):
            found[f'{TEXT}layers.{layer}.{name}'] = shape
    found[TEXT + 'norm.weight'] = (w,)
    found['lm_head.weight'] = (VOCABULARY, w)
    return found


def draw(sizes: Sizes, seed: int) -> Parameters:
    """Draw random parameters on the CPU, float32."""
    random = torch.Generator().manual_seed(seed)
    return {name: _draw(name, shape, sizes, random) for name, shape in shapes(sizes).items()}


def _draw(name: str, shape: tuple[int, ...], sizes: Sizes, random: torch.Generator) -> torch.Tensor:
    if 'norm' in name:
        return torch.ones(shape) if name.endswith('weight') else torch.zeros(shape)
    if name.endswith('bias'):
        return torch.zeros(shape)
    if 'pos_embed' in name:
        return _waves(sizes.grid, shape[1])
    noise = torch.randn(shape, generator=random)
    if 'embed_tokens' in name:
        return noise * 0.05
    if 'lm_head' in name:
        return noise * 0.02
    noise /= math.sqrt(math.prod(shape[1:]))
    ends_branch = any(part in name for part in ('attn.proj', 'o_proj', 'down_proj', 'mlp.linear_fc2'))
    if ends_branch:  # so that the sum of all branches begins at the size of one
        noise /= math.sqrt(2 * (sizes.vision_depth if VISION in name else sizes.depth))
    return noise


def _waves(side: int, width: int) -> torch.Tensor:
    """Return sines and cosines of row and column: positions that the tower can read from the first step."""
    steps = torch.exp(torch.linspace(0, math.log(40.0), width // 4)) / side
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing='ij')
    angles = [axis.reshape(-1, 1).float() * steps for axis in (columns, rows)]
    return torch.cat([wave(angle) for angle in angles for wave in (torch.sin, torch.cos)], dim=1) * 0.3
