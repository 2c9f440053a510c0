"""The output layer in fp8: vLLM's products run on GPUs only, so their formula stands in for them here."""

from types import SimpleNamespace

import pytest

torch = pytest.importorskip('torch')
ops = pytest.importorskip('vllm._custom_ops')

from vllm.model_executor.layers.quantization.utils import w8a8_utils  # noqa: E402

from robobrain_ros.engines import output_layer  # noqa: E402
from robobrain_ros.engines.arguments import FP8  # noqa: E402

LARGEST = 448
"""Of e4m3."""


def quantize(values, use_per_token_if_dynamic):
    """vLLM's dynamic_per_token_scaled_fp8_quant."""
    assert use_per_token_if_dynamic
    scales = values.float().abs().amax(1, keepdim=True) / LARGEST
    return (values.float() / scales).to(torch.float8_e4m3fn), scales


def multiply(a, b, scale_a, scale_b, dtype, bias):
    """vLLM's cutlass_scaled_mm: b's scales are those of its columns."""
    assert bias is None
    return ((scale_a * a.float()) @ (scale_b.view(1, -1) * b.float())).to(dtype)


@pytest.fixture
def fp8(monkeypatch):
    monkeypatch.setattr(ops, 'scaled_fp8_quant', quantize)
    monkeypatch.setattr(ops, 'cutlass_scaled_mm', multiply)
    monkeypatch.setattr(w8a8_utils, 'cutlass_fp8_supported', lambda: True)


def model(tied=False):
    torch.manual_seed(0)
    # rows of very different sizes: one scale for all would lose the small ones
    weight = torch.randn(512, 64, dtype=torch.bfloat16) * torch.logspace(-4, 1, 512, dtype=torch.bfloat16)[:, None]
    head = torch.nn.Module()
    head.weight = torch.nn.Parameter(weight, requires_grad=False)
    head.quant_method = 'as vLLM loaded it'
    language = SimpleNamespace(lm_head=head, model=SimpleNamespace(embed_tokens=head if tied else None))
    return SimpleNamespace(language_model=language), head, weight


def test_logits_are_nearly_the_same_and_the_wide_weight_is_given_back(fp8):
    narrowed, head, weight = model()
    states = torch.randn(3, 64, dtype=torch.bfloat16)
    assert output_layer.narrow(narrowed)
    assert head.weight.numel() == 0
    wanted, got = states.float() @ weight.float().t(), head.quant_method.apply(head, states)
    assert got.dtype == torch.bfloat16
    error = (got.float() - wanted).abs() / (states.float().norm(dim=1)[:, None] * weight.float().norm(dim=1)[None])
    assert error.max() < 0.02


def test_a_weight_that_is_also_the_embedding_stays(fp8):
    tied, head, weight = model(tied=True)
    assert not output_layer.narrow(tied)
    assert head.quant_method == 'as vLLM loaded it'
    assert torch.equal(head.weight, weight)


def test_a_gpu_without_fp8_products_keeps_it():
    """What vLLM says of this machine's CPU."""
    old, head, _ = model()
    assert not output_layer.narrow(old)
    assert head.quant_method == 'as vLLM loaded it'


def test_vllm_leaves_the_vision_tower_and_nothing_else_as_it_is():
    names = pytest.importorskip('vllm.model_executor.layers.quantization.compressed_tensors.utils')
    config = pytest.importorskip('vllm.config.quantization')
    made = config.resolve_quantization_config(**FP8)
    assert made.linear is not None
    kept = {
        name: names.should_ignore_layer(name, made.ignore)
        for name in (
            'visual.blocks.0.attn.qkv',
            'visual.merger.linear_fc1',
            'language_model.model.layers.0.mlp.down_proj',
        )
    }
    assert list(kept.values()) == [True, True, False]
