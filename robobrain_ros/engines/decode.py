"""Puts the operators of decode_ops.py into Qwen3-VL's language model, in the worker's process, between its loading and
its compilation.

A layer computes what it did before, in five kernels with one row: queries, keys and values (with the norm in front);
their norms and rotation; attention, which stays vLLM's; output projection; the gated product (with the norm in front);
the product behind it. Other rows than one go the ways they went. Rounding differs: sums and norms are not cut to 16 bits
between.
"""

from typing import Any

import torch
from torch import Tensor
from vllm.model_executor.layers.linear import LinearBase, UnquantizedLinearMethod
from vllm.model_executor.layers.quantization.online.fp8 import Fp8PerTensorOnlineLinearMethod
from vllm.model_executor.layers.rotary_embedding.mrope import MRotaryEmbedding
from vllm.model_executor.models.qwen3 import Qwen3DecoderLayer

from robobrain_ros.engines import decode_ops as ops

MEASURED = (9, 0)
"""The GPUs' compute capability for which this was measured (Hopper)."""


def install(model: Any) -> str:
    """Change all layers of the model, or none.

    :param model: vLLM's, loaded
    :returns: why none was changed; empty if all were
    """
    if torch.cuda.get_device_capability() != MEASURED:
        return f'measured on GPUs of compute capability {MEASURED} only'
    layers = [layer for layer in model.language_model.model.layers if isinstance(layer, Qwen3DecoderLayer)]
    if not layers:
        return f'{type(model).__name__} has no layers of Qwen3'
    for layer in layers:
        if reason := _unsuited(layer):
            return reason
    for layer in layers:
        layer.__class__ = DecodingLayer
        for linear in (layer.self_attn.o_proj, layer.mlp.down_proj):
            linear.quant_method = _Product()
    return ''


class DecodingLayer(Qwen3DecoderLayer):
    """Instances are made by changing the class of loaded ones."""

    def forward(self, positions: Tensor, hidden_states: Tensor, residual: Tensor | None) -> tuple[Tensor, Tensor]:
        """As that of Qwen3DecoderLayer."""
        if residual is None:
            residual = torch.zeros_like(hidden_states)
        attention, mlp = self.self_attn, self.mlp
        qkv, residual = _normed(hidden_states, residual, self.input_layernorm, attention.qkv_proj, False)
        rotation = attention.rotary_emb
        queries, keys = ops.norm_and_rotate(
            qkv,
            attention.q_norm.weight,
            attention.k_norm.weight,
            attention.q_norm.variance_epsilon,
            rotation.cos_sin_cache,
            positions,
            attention.num_heads,
            attention.num_kv_heads,
            rotation.mrope_section[1],
            rotation.mrope_section[2],
        )
        values = qkv[:, attention.q_size + attention.kv_size :]
        hidden_states, _ = attention.o_proj(attention.attn(queries, keys, values))
        gated, residual = _normed(hidden_states, residual, self.post_attention_layernorm, mlp.gate_up_proj, True)
        hidden_states, _ = mlp.down_proj(gated)
        return hidden_states, residual


class _Product:
    """In the place of a layer's ``quant_method``, once its weights are loaded."""

    def apply(self, layer: Any, x: Tensor, bias: Tensor | None = None) -> Tensor:
        return ops.product(x, *_weight(layer))


def _normed(hidden: Tensor, residual: Tensor, norm: Any, layer: Any, gated: bool) -> tuple[Tensor, Tensor]:
    weight, scale = _weight(layer)
    return ops.normed_product(hidden, residual, norm.weight, norm.variance_epsilon, weight, scale, gated)


def _weight(layer: Any) -> tuple[Tensor, Tensor | None]:
    """(outputs, inputs) and its scale; vLLM keeps 8-bit weights the other way round, in the same bytes."""
    if layer.weight.dtype == torch.float8_e4m3fn:
        return layer.weight.t(), layer.weight_scale
    return layer.weight, None


def _unsuited(layer: Any) -> str:
    """Why a layer cannot be changed; empty if it can."""
    attention, rotation = layer.self_attn, layer.self_attn.rotary_emb
    linears: list[LinearBase] = [attention.qkv_proj, attention.o_proj, layer.mlp.gate_up_proj, layer.mlp.down_proj]
    for linear in linears:
        method = linear.quant_method
        fp8 = isinstance(method, Fp8PerTensorOnlineLinearMethod) and not method.use_marlin
        if not fp8 and type(method) is not UnquantizedLinearMethod:
            return f'its products are made by {type(method).__name__}'
        weight, _ = _weight(linear)
        if linear.bias is not None or not weight.is_contiguous() or any(size % 16 for size in weight.shape):
            return f'its matrices have another form: {tuple(weight.shape)}, bias {linear.bias is not None}'
    size = attention.head_dim
    if (
        type(rotation) is not MRotaryEmbedding
        or not rotation.mrope_interleaved
        or not rotation.is_neox_style
        or rotation.rotary_dim != size
        or size & (size - 1)
    ):
        return f'its positions are embedded by {rotation}'
    return ''
