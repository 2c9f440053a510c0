"""Cases of test_decode.py: which of vLLM's layers are changed, and what a changed one computes. Need Triton."""

import re
from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional
from vllm.model_executor.layers.vocab_parallel_embedding import UnquantizedEmbeddingMethod

from robobrain_ros.engines import decode

pytestmark = pytest.mark.interpreted
WIDTH, INNER, HEADS, KEY_HEADS, SIZE = 64, 96, 4, 2, 32


def bare(kind, **attributes):
    """An instance of a class of vLLM's without what its constructor needs."""
    made = object.__new__(kind)
    if isinstance(made, torch.nn.Module):
        torch.nn.Module.__init__(made)
    for name, value in attributes.items():
        setattr(made, name, value)
    return made


class Linear(SimpleNamespace):
    """A product as vLLM's layers hold it."""

    def __init__(self, outputs, width):
        method = bare(decode.UnquantizedLinearMethod)
        super().__init__(weight=torch.randn(outputs, width) * 0.2, bias=None, quant_method=method)
        self.output_size_per_partition, self.input_size_per_partition = outputs, width

    def __call__(self, x):
        return self.quant_method.apply(self, x, None), None


def norm(size):
    return SimpleNamespace(weight=torch.rand(size), variance_epsilon=1e-6)


def layer(**changes):
    attention = SimpleNamespace(
        qkv_proj=Linear((HEADS + 2 * KEY_HEADS) * SIZE, WIDTH),
        o_proj=Linear(WIDTH, HEADS * SIZE),
        q_norm=norm(SIZE),
        k_norm=norm(SIZE),
        num_heads=HEADS,
        num_kv_heads=KEY_HEADS,
        head_dim=SIZE,
        q_size=HEADS * SIZE,
        scaling=0.25,
        attn=SimpleNamespace(
            impl=bare(decode.FlashAttentionImpl),
            kv_cache_torch_dtype=torch.float32,
            sliding_window=None,
            layer_name='layer 1',
        ),
        rotary_emb=bare(
            decode.MRotaryEmbedding,
            mrope_interleaved=True,
            is_neox_style=True,
            rotary_dim=SIZE,
            mrope_section=[6, 6, 4],
            cos_sin_cache=torch.randn(9, SIZE),
        ),
    )
    mlp = SimpleNamespace(gate_up_proj=Linear(2 * INNER, WIDTH), down_proj=Linear(WIDTH, INNER))
    return bare(
        decode.Qwen3DecoderLayer,
        self_attn=attention,
        mlp=mlp,
        input_layernorm=norm(WIDTH),
        post_attention_layernorm=norm(WIDTH),
    )


def model(*layers):
    head = SimpleNamespace(quant_method=bare(UnquantizedEmbeddingMethod), weight=torch.randn(32, WIDTH))
    inside = SimpleNamespace(layers=layers, embed_tokens=object())
    return SimpleNamespace(language_model=SimpleNamespace(model=inside, lm_head=head))


@pytest.fixture
def compilation(monkeypatch):
    """vLLM's, on a GPU for which the kernels are."""
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda *_: decode.MEASURED)
    monkeypatch.setattr(decode, 'installed_version', lambda name: {'vllm': '0.25.1'}[name])
    return SimpleNamespace(splitting_ops=["vLLM's"])


@pytest.mark.parametrize('rows', [1, 3])
def test_a_layer_computes_what_it_did(rows, compilation, monkeypatch):
    changed = layer()
    assert decode.install(model(changed), compilation) == ''
    assert compilation.splitting_ops == ["vLLM's", 'robobrain::attend']
    told = []

    def rotate_many(qkv, *turning):
        told.append(turning)
        return qkv * 2, qkv * 3

    def attend(qkv, queries, keys, *others):
        assert torch.equal(queries, qkv * 2)
        assert torch.equal(keys, qkv * 3)
        told.append(others)
        out = others[-2]
        out.copy_(qkv[:, : HEADS * SIZE] * 0.5)

    monkeypatch.setattr(decode, 'rotate_many', rotate_many)
    monkeypatch.setattr(decode, 'attend', attend)
    hidden, residual = torch.randn(2, rows, WIDTH)

    def normed(x, by):
        return functional.rms_norm(x, (WIDTH,), by.weight, 1e-6)

    def plain(hidden, residual):
        total = hidden + residual
        attention, mlp = changed.self_attn, changed.mlp
        qkv = functional.linear(normed(total, changed.input_layernorm), attention.qkv_proj.weight)
        total = total + functional.linear(qkv[:, : HEADS * SIZE] * 0.5, attention.o_proj.weight)
        gate = functional.linear(normed(total, changed.post_attention_layernorm), mlp.gate_up_proj.weight)
        first, second = gate.chunk(2, -1)
        return functional.linear(functional.silu(first) * second, mlp.down_proj.weight), total

    for before in (residual, None):  # None: the first layer
        wanted = plain(hidden, torch.zeros_like(hidden) if before is None else before)
        torch.testing.assert_close(changed('positions', hidden, before), wanted, rtol=1e-4, atol=1e-5)
    attention = changed.self_attn
    assert told[0] == (*told[1][:-3], HEADS)
    positions, queries, keys, epsilon, table, high, wide, scale, _, name = told[1]
    assert queries is attention.q_norm.weight
    assert keys is attention.k_norm.weight
    assert table is attention.rotary_emb.cos_sin_cache
    assert (positions, epsilon, high, wide, scale, name) == ('positions', 1e-6, 6, 4, 0.25, 'layer 1')


def test_the_output_layer_is_a_product_too(compilation):
    ours = model(layer())
    assert decode.install(ours, compilation) == ''
    head, x = ours.language_model.lm_head, torch.randn(1, WIDTH)
    torch.testing.assert_close(head.quant_method.apply(head, x, bias=None), functional.linear(x, head.weight))
    tied = model(layer())
    tied.language_model.model.embed_tokens = tied.language_model.lm_head
    assert decode.install(tied, compilation) == ''
    assert type(tied.language_model.lm_head.quant_method) is UnquantizedEmbeddingMethod


CHANGES = {
    'another product': (
        lambda one: setattr(one.mlp.down_proj, 'quant_method', object()),
        'products are made by object',
    ),
    'a bias': (lambda one: setattr(one.self_attn.qkv_proj, 'bias', 1), r'another form: \(256, 64\), bias True'),
    'padding': (lambda one: setattr(one.mlp.down_proj, 'input_size_per_partition', 90), r'another form: \(64, 96\)'),
    'columns': (
        lambda one: setattr(one.mlp.down_proj, 'weight', torch.randn(INNER, WIDTH).t()),
        r'another form: \(64, 96\)',
    ),
    'another attention': (lambda one: setattr(one.self_attn.attn, 'impl', object()), 'attention is'),
    'a small cache': (
        lambda one: setattr(one.self_attn.attn, 'kv_cache_torch_dtype', torch.uint8),
        'cache torch.uint8',
    ),
    'a window': (lambda one: setattr(one.self_attn.attn, 'sliding_window', 9), 'attention is'),
    'another rotation': (lambda one: setattr(one.self_attn, 'rotary_emb', object()), 'positions are embedded by'),
    'sections': (
        lambda one: setattr(one.self_attn.rotary_emb, 'mrope_interleaved', False),
        'positions are embedded by',
    ),
    'small heads': (lambda one: setattr(one.self_attn, 'head_dim', 16), '4 heads of 16 for 2 of keys'),
    'odd heads': (lambda one: setattr(one.self_attn, 'head_dim', 48), '4 heads of 48'),
    'few keys': (lambda one: setattr(one.self_attn, 'num_heads', 40), '40 heads of 32 for 2 of keys'),
    'half turned': (lambda one: setattr(one.self_attn.rotary_emb, 'rotary_dim', 16), 'positions are embedded by'),
}


@pytest.mark.parametrize('name', CHANGES)
def test_other_layers_are_left_alone(name, compilation):
    change, reason = CHANGES[name]
    one, other = layer(), layer()
    change(other)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decode.MRotaryEmbedding, '__repr__', lambda self: 'this')
        found = decode.install(model(one, other), compilation)
    assert re.search(reason, found), found
    assert type(one) is decode.Qwen3DecoderLayer, 'all or none'
    assert compilation.splitting_ops == ["vLLM's"]


def test_other_models_versions_and_gpus_are_left_alone(compilation, monkeypatch):
    assert decode.install(model(object()), compilation) == 'SimpleNamespace has no layers of Qwen3'
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(decode, 'installed_version', lambda _: '0.32.0')
        assert decode.install(model(layer()), compilation) == 'made for vLLM 0.25.x, not for 0.32.0'
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv('VLLM_BATCH_INVARIANT', '1')
        assert decode.install(model(layer()), compilation).startswith('VLLM_BATCH_INVARIANT')
    monkeypatch.setattr(torch.cuda, 'get_device_capability', lambda *_: (8, 9))
    assert decode.install(model(layer()), compilation) == 'measured on GPUs of compute capability (9, 0) only'


def test_nothing_is_changed_if_something_fails(compilation):
    one = layer()
    broken = model(one)
    del broken.language_model.lm_head
    with pytest.raises(AttributeError):
        decode.install(broken, compilation)
    assert type(one) is decode.Qwen3DecoderLayer
    assert compilation.splitting_ops == ["vLLM's"]
