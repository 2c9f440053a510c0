# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Layers of Qwen3-VL's language model that use the operators of kernels/.

Whether they do is decided between the model's loading and its compilation.

A layer computes what it did before, in five kernels if the step has one token: queries, keys and values, with the norm
in front; attention; output projection; the gated product, with the norm in front; the product behind it. Steps of more
tokens take vLLM's products and attention; norms and rotation in front of them are kernels of this package too. Rounding
differs: what lies between is not cut to 16 bits as often.
"""

from typing import Any

import torch
from torch import Tensor
from vllm import envs
from vllm.model_executor.layers.linear import LinearBase, UnquantizedLinearMethod
from vllm.model_executor.layers.quantization.online.fp8 import Fp8PerTensorOnlineLinearMethod
from vllm.model_executor.layers.rotary_embedding.mrope import MRotaryEmbedding
from vllm.model_executor.layers.vocab_parallel_embedding import UnquantizedEmbeddingMethod
from vllm.model_executor.models.qwen3 import Qwen3DecoderLayer
from vllm.v1.attention.backends.flash_attn import FlashAttentionImpl

from robobrain_ros.engines.vllm.worker.kernels.attention import attend
from robobrain_ros.engines.vllm.worker.kernels.gemv import normed_product, product
from robobrain_ros.engines.vllm.worker.kernels.norm_rope import rotate_many

MEASURED = (9, 0)
"""The GPUs' compute capability for which this was measured (Hopper)."""


def install(model: Any, compilation: Any) -> str:
    """Let all layers of the model take the package's kernels, or none.

    :param model: a DecodingModel, loaded
    :param compilation: vLLM's compilation_config, which is told to leave attention out, as it does with its own
    :returns: why none does; empty if all do
    """
    if torch.cuda.get_device_capability() != MEASURED:
        return f'measured on GPUs of compute capability {MEASURED} only'
    if envs.VLLM_BATCH_INVARIANT:
        return 'VLLM_BATCH_INVARIANT asks for the same numbers in every batch'
    layers = [layer for layer in model.language_model.model.layers if isinstance(layer, DecodingLayer)]
    if not layers:
        return 'vLLM built the model of other layers'
    for layer in layers:
        if reason := _unsuited(layer):
            return reason
    products = [linear for layer in layers for linear in (layer.self_attn.o_proj, layer.mlp.down_proj)]
    head = model.language_model.lm_head
    # if it is the embedding too, its method has other work
    if type(head.quant_method) is UnquantizedEmbeddingMethod and head is not model.language_model.model.embed_tokens:
        products.append(head)
    compilation.splitting_ops.append('robobrain::attend')  # from here on nothing can fail: all or none
    for layer in layers:
        layer.own = True
    for product_layer in products:
        product_layer.quant_method = _Product()
    return ''


class DecodingLayer(Qwen3DecoderLayer):
    """A layer that computes what Qwen3DecoderLayer does, by that one's kernels or by the package's."""

    own = False
    """The package's kernels; set before the model is compiled, which happens once."""

    def forward(self, positions: Tensor, hidden_states: Tensor, residual: Tensor | None) -> tuple[Tensor, Tensor]:
        """Norm, attention, norm, gated product.

        :param positions: (3, tokens)
        :param hidden_states: (tokens, width)
        :param residual: (tokens, width), to be added to it; None in the first layer
        :returns: what to add, and the sum so far
        """
        if not self.own:
            return super().forward(positions, hidden_states, residual)
        if residual is None:
            residual = torch.zeros_like(hidden_states)
        attention, mlp = self.self_attn, self.mlp
        qkv, residual = _normed(hidden_states, residual, self.input_layernorm, attention.qkv_proj, False)
        rotation, out = attention.rotary_emb, qkv.new_empty((qkv.shape[0], attention.q_size))
        turning = (
            positions,
            attention.q_norm.weight,
            attention.k_norm.weight,
            attention.q_norm.variance_epsilon,
            rotation.cos_sin_cache,
            rotation.mrope_section[1],
            rotation.mrope_section[2],
        )
        queries, keys = rotate_many(qkv, *turning, attention.num_heads)
        attend(qkv, queries, keys, *turning, attention.scaling, out, attention.attn.layer_name)
        hidden_states, _ = attention.o_proj(out)
        gated, residual = _normed(hidden_states, residual, self.post_attention_layernorm, mlp.gate_up_proj, True)
        hidden_states, _ = mlp.down_proj(gated)
        return hidden_states, residual


class _Product:
    """In the place of a layer's ``quant_method``, once its weights are loaded."""

    def apply(self, layer: Any, x: Tensor, bias: Tensor | None = None) -> Tensor:
        return product(x, *_weight(layer))


def _normed(hidden: Tensor, residual: Tensor, norm: Any, layer: Any, gated: bool) -> tuple[Tensor, Tensor]:
    weight, scale = _weight(layer)
    return normed_product(hidden, residual, norm.weight, norm.variance_epsilon, weight, scale, gated)


def _weight(layer: Any) -> tuple[Tensor, Tensor | None]:
    """(outputs, inputs) and its scale; vLLM keeps 8-bit weights the other way round, in the same bytes."""
    if layer.weight.dtype == torch.float8_e4m3fn:
        return layer.weight.t(), layer.weight_scale
    return layer.weight, None


def _unsuited(layer: Any) -> str:
    """Why a layer cannot take the package's kernels; empty if it can."""
    attention, rotation = layer.self_attn, layer.self_attn.rotary_emb
    linears: list[LinearBase] = [attention.qkv_proj, attention.o_proj, layer.mlp.gate_up_proj, layer.mlp.down_proj]
    for linear in linears:
        method = linear.quant_method
        fp8 = isinstance(method, Fp8PerTensorOnlineLinearMethod) and not method.use_marlin
        if not fp8 and type(method) is not UnquantizedLinearMethod:
            return f'its products are made by {type(method).__name__}'
        weight, scale = _weight(linear)
        if (
            linear.bias is not None
            or not weight.is_contiguous()
            or weight.shape != (linear.output_size_per_partition, linear.input_size_per_partition)
            or (scale is not None and scale.numel() != 1)
        ):
            return f'its matrices have another form: {tuple(weight.shape)}, bias {linear.bias is not None}'
    layer_of_vllm, size = attention.attn, attention.head_dim
    if size < 32 or size & (size - 1) or attention.num_heads > 16 * attention.num_kv_heads:
        return f'its attention has {attention.num_heads} heads of {size} for {attention.num_kv_heads} of keys'
    if (
        type(layer_of_vllm.impl) is not FlashAttentionImpl
        or layer_of_vllm.kv_cache_torch_dtype != attention.q_norm.weight.dtype
        or layer_of_vllm.sliding_window is not None
    ):
        return f'its attention is {layer_of_vllm}, KV cache {layer_of_vllm.kv_cache_torch_dtype}'
    if (
        type(rotation) is not MRotaryEmbedding
        or not rotation.mrope_interleaved
        or not rotation.is_neox_style
        or rotation.rotary_dim != size
    ):
        return f'its positions are embedded by {rotation}'
    return ''
