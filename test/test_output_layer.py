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
    embedding = torch.nn.Module()
    embedding.weight = head.weight if tied else torch.nn.Parameter(weight.clone(), requires_grad=False)
    language = SimpleNamespace(lm_head=head, model=SimpleNamespace(embed_tokens=embedding))
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


def test_a_gpu_without_fp8_products_keeps_it(monkeypatch):
    monkeypatch.setattr(w8a8_utils, 'cutlass_fp8_supported', lambda: False)
    old, head, _ = model()
    assert not output_layer.narrow(old)
    assert head.quant_method == 'as vLLM loaded it'


@pytest.mark.parametrize(
    ('quantization', 'fails'), [('fp8_per_tensor', ''), ('fp8_per_tensor', 'no such layer'), (None, '')]
)
def test_the_worker_narrows_it_where_the_rest_is_fp8_and_goes_on_if_it_cannot(quantization, fails, monkeypatch, caplog):
    gpu_worker = pytest.importorskip('robobrain_ros.engines.gpu_worker')
    done: list[str] = []

    def narrow(model):
        if fails:
            raise AttributeError(fails)
        done.append(model)

    monkeypatch.setattr(gpu_worker.Worker, 'load_model', lambda self, load_dummy_weights: done.append('loaded'))
    monkeypatch.setattr(output_layer, 'narrow', narrow)
    worker = object.__new__(gpu_worker.GpuWorker)
    worker.model_config = SimpleNamespace(quantization=quantization)
    worker.model_runner = SimpleNamespace(get_model=lambda: 'narrowed')
    worker.load_model(load_dummy_weights=False)
    assert done == (['loaded', 'narrowed'] if quantization and not fails else ['loaded'])
    assert fails in caplog.text
    assert bool(caplog.text) == bool(fails)


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
