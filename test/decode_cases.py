"""Cases of test_decode.py: need Triton. ``interpreted``: what the kernels compute, on the CPU (TRITON_INTERPRET=1),
against PyTorch; ``compiled``: that they can be compiled for a Hopper GPU, without having one."""

from types import SimpleNamespace

import pytest
import torch
from torch.nn import functional

from robobrain_ros.engines import decode_attention, decode_products, decode_rotation

interpreted, compiled = pytest.mark.interpreted, pytest.mark.compiled
F8 = torch.float8_e4m3fn


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def near(found, wanted, kind=torch.float32):
    """Within the rounding of the kind."""
    error = (found.float() - wanted.float()).norm() / wanted.float().norm()
    assert error < (1e-5 if kind is torch.float32 else 6e-3), error


def weights(outputs, width, kind):
    """(matrix, scale, what they stand for)"""
    matrix = torch.randn(outputs, width) * 0.1
    if kind is not F8:
        return matrix.to(kind), None, matrix.to(kind).float()
    return matrix.to(F8), torch.tensor([0.37]), matrix.to(F8).float() * 0.37


def norm(x, factors):
    return functional.rms_norm(x.float(), (x.shape[-1],), factors.float(), 1e-6)


@interpreted
@pytest.mark.parametrize('kind', [torch.float32, torch.bfloat16, F8])
@pytest.mark.parametrize(('outputs', 'width'), [(512, 192), (30, 512), (7, 12288), (64, 4096)])
def test_a_product_of_one_row(kind, outputs, width):
    matrix, scale, meant = weights(outputs, width, kind)
    x = torch.randn(1, width, dtype=torch.float32 if kind is torch.float32 else torch.bfloat16)
    near(decode_products.product(x, matrix, scale), functional.linear(x.float(), meant), kind)


@interpreted
@pytest.mark.parametrize('gated', [False, True])
@pytest.mark.parametrize('kind', [torch.float32, torch.bfloat16, F8])
@pytest.mark.parametrize(('outputs', 'width'), [(96, 192), (12, 4096)])
def test_a_product_of_one_row_behind_sum_and_norm(kind, outputs, width, gated):
    matrix, scale, meant = weights(outputs, width, kind)
    rounded = torch.float32 if kind is torch.float32 else torch.bfloat16
    hidden, residual = torch.randn(2, 1, width).to(rounded)
    factors = torch.rand(width).to(rounded)
    found, total = decode_products.normed_product(hidden, residual, factors, 1e-6, matrix, scale, gated)
    wanted = functional.linear(norm(hidden.float() + residual.float(), factors), meant)
    if gated:
        first, second = wanted.chunk(2, -1)
        wanted = functional.silu(first) * second
    near(found, wanted, kind)
    near(total, hidden.float() + residual.float(), kind)


@interpreted
@pytest.mark.parametrize('gated', [False, True])
def test_more_rows_take_the_products_of_vllm(gated):
    matrix, _, _ = weights(64, 192, torch.float32)
    hidden, residual, factors = torch.randn(5, 192), torch.randn(5, 192), torch.rand(192)
    found, total = decode_products.normed_product(hidden, residual, factors, 1e-6, matrix, None, gated)
    wanted = functional.linear(norm(hidden + residual, factors), matrix)
    if gated:
        first, second = wanted.chunk(2, -1)
        wanted = functional.silu(first) * second
    near(found, wanted)
    near(total, hidden + residual)
    assert torch.equal(decode_products.product(hidden, matrix, None), functional.linear(hidden, matrix))


class Attention:
    """A layer's attention as vLLM keeps it, with a sequence of ``length`` tokens in blocks that lie anywhere."""

    heads, groups, size, block, high, wide = 2, 4, 32, 16, 5, 5

    def __init__(self, length):
        used = -(-length // self.block)
        self.length, self.blocks = length, torch.randperm(used + 3)[:used].int()
        self.around = torch.randn(used + 4, 2, self.block, self.heads, self.size)
        self.cache = self.around[1:]
        self.table, self.positions = torch.randn(999, self.size), torch.randint(0, 999, (3, 7))
        self.norms = torch.rand(2, self.size)
        last = length - 1
        self.slot = int(self.blocks[last // self.block]) * self.block + last % self.block

    def turned(self, heads, factors, position):
        """Norm and rotation, as in Qwen3-VL's description: frequencies 1, 4, ... turn with the second position."""
        half = self.size // 2
        axes = [0] * half
        for pair in range(half):
            if pair % 3 == 1 and pair < 3 * self.high:
                axes[pair] = 1
            elif pair % 3 == 2 and pair < 3 * self.wide:
                axes[pair] = 2
        rows = self.table[position[axes]]
        cosine, sine = rows[range(half), range(half)], rows[range(half), range(half, self.size)]
        one, two = norm(heads, factors).chunk(2, -1)
        return torch.cat([one * cosine - two * sine, two * cosine + one * sine], -1)

    def wanted(self, qkv):
        """What comes out, and the cache after it."""
        queries, keys, values = qkv[0].view(-1, self.size).split([self.heads * self.groups, self.heads, self.heads])
        cache, position = self.cache.clone(), self.positions[:, 0]
        place = divmod(self.slot, self.block)
        cache[place[0], 0, place[1]] = self.turned(keys, self.norms[1], position)
        cache[place[0], 1, place[1]] = values
        known = cache[self.blocks.long()].transpose(0, 1).reshape(2, -1, self.heads, self.size)[:, : self.length]
        known = known.repeat_interleave(self.groups, 2)
        score = torch.einsum('hd,lhd->hl', self.turned(queries, self.norms[0], position), known[0])
        return torch.einsum('hl,lhd->hd', (score * self.size**-0.5).softmax(-1), known[1]).reshape(1, -1), cache

    def attend(self, monkeypatch, qkv, metadata, slot):
        """By the operator, for which vLLM holds all this."""
        context = (metadata, None, self.cache, torch.tensor([slot]))
        monkeypatch.setattr(decode_attention, 'get_attention_context', {'layer 1': context}.get)
        out = torch.empty(len(qkv), self.heads * self.groups * self.size)
        turning = (self.positions[:, : len(qkv)], *self.norms, 1e-6, self.table, self.high, self.wide)
        queries, keys = decode_rotation.rotate_many(qkv, *turning, self.heads * self.groups)
        decode_attention.attend(qkv, queries, keys, *turning, self.size**-0.5, out, 'layer 1')
        return out

    def metadata(self, tokens=1):
        return SimpleNamespace(
            num_actual_tokens=tokens,
            use_cascade=False,
            block_table=self.blocks[None],
            seq_lens=torch.tensor([self.length], dtype=torch.int32),
        )


@interpreted
@pytest.mark.parametrize('length', [1, 2, 16, 17, 32, 33, 400, 512, 513, 1500])
def test_attention_of_one_token(length, monkeypatch):
    layer = Attention(length)
    qkv = torch.randn(1, layer.heads * (layer.groups + 2) * layer.size)
    wanted, cache = layer.wanted(qkv)
    near(layer.attend(monkeypatch, qkv, layer.metadata(), layer.slot), wanted)
    near(layer.cache, cache)
    again, _ = layer.wanted(qkv)
    near(layer.attend(monkeypatch, qkv, layer.metadata(), layer.slot), again)  # its counters are as before


@interpreted
def test_a_step_without_a_sequence_leaves_the_cache_and_what_is_before_it_alone(monkeypatch):
    layer = Attention(40)
    before = layer.around.clone()
    layer.attend(monkeypatch, torch.randn(1, layer.heads * (layer.groups + 2) * layer.size), layer.metadata(), -1)
    assert torch.equal(layer.around, before)


@interpreted
@pytest.mark.parametrize('case', ['two tokens', 'cascade', 'no metadata', 'another cache'])
def test_what_is_not_one_token_goes_to_vllms_attention(case, monkeypatch):
    layer, tokens = Attention(40), 2 if case == 'two tokens' else 1
    metadata = layer.metadata(tokens)
    if case == 'no metadata':
        metadata = None
    elif case == 'cascade':
        metadata.use_cascade = True
    elif case == 'another cache':
        layer.cache = layer.cache.transpose(0, 1)
    qkv, calls = torch.randn(tokens, layer.heads * (layer.groups + 2) * layer.size), []

    def attention(queries, keys, values, out, name):
        out.fill_(7)
        calls.append((queries, keys, values, name))

    monkeypatch.setattr(decode_attention, 'unified_kv_cache_update', lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(decode_attention, 'unified_attention_with_output', attention)
    assert (layer.attend(monkeypatch, qkv, metadata, layer.slot) == 7).all()
    (keys, values, name), (queries, same_keys, same_values, same_name) = calls
    assert name == same_name == 'layer 1'
    for row in range(tokens):
        heads = qkv[row].view(-1, layer.size)
        position = layer.positions[:, row]
        near(queries[row], layer.turned(heads[:8], layer.norms[0], position))
        near(keys[row], layer.turned(heads[8:10], layer.norms[1], position))
        assert torch.equal(values[row], heads[10:])
    assert torch.equal(keys, same_keys)
    assert torch.equal(values, same_values)


@interpreted
def test_heads_are_rotated_before_attention_only_if_there_are_more_tokens(monkeypatch):
    layer, rotated = Attention(40), []
    rest = (*layer.norms, 1e-6, layer.table, layer.high, layer.wide, layer.heads * layer.groups)
    three = (torch.randn(3, layer.heads * (layer.groups + 2) * layer.size), layer.positions[:, :3], *rest)
    torch.library.opcheck(decode_rotation.rotate_many, three, test_utils=('test_schema', 'test_faketensor'))

    rotate = decode_rotation.rotate
    monkeypatch.setattr(
        decode_rotation, 'rotate', lambda qkv, *others: rotated.append(len(qkv)) or rotate(qkv, *others)
    )
    one = decode_rotation.rotate_many(three[0][:1], three[1][:, :1], *rest)
    three = decode_rotation.rotate_many(*three)
    assert rotated == [3]
    assert [part.shape[1] for part in one] == [part.shape[1] for part in three]


def types(kernel, constants, **others):
    """A signature: pointers to bfloat16, but for the others."""
    names = (name for name in kernel.arg_names if name not in constants)
    return {name: others.get(name, '*bf16') for name in names} | dict.fromkeys(constants, 'constexpr')


EPSILON = {'epsilon': 'fp32'}
STRIDES = dict.fromkeys(('axis_stride', 'block_stride', 'kind_stride', 'slot_stride', 'head_stride'), 'i32')
SCRATCH = {'sums': '*fp32', 'weights': '*fp32', 'counts': '*i32'}
INDEX = {'positions': '*i64', 'blocks': '*i32', 'lengths': '*i32', 'slots': '*i64'}
HEADS = {'HALF': 64, 'high': 20, 'wide': 20}


def kernels():
    """(name, constants, other types, warps) for the 8B."""
    for weight in ('*bf16', '*fp8e4nv'):
        tile = {'BLOCK': 4096, 'SCALED': weight != '*bf16', 'PDL': True} | (
            {'scale': None} if weight == '*bf16' else {}
        )
        scaled = {'weight': weight, 'scale': '*fp32'}
        yield decode_products._product, tile | {'width': 12288, 'ROWS': 2}, scaled
        for gated in (False, True):
            normed = tile | {'width': 4096, 'ROWS': 2, 'GATED': gated}
            yield decode_products._normed_product, normed, scaled | EPSILON | {'height': 'i32'}
    yield decode_products._add_norm, {'width': 4096, 'BLOCK': 4096}, EPSILON
    attended = HEADS | {
        'block_size': 16,
        'heads': 8,
        'GROUP': 4,
        'PARTS': decode_attention.PARTS,
        'TILE': 32,
        'PDL': True,
    }
    yield decode_attention._attend, attended, STRIDES | SCRATCH | INDEX | EPSILON | {'scale': 'fp32'}
    turned = HEADS | {'query_heads': 32, 'key_heads': 8}
    yield decode_rotation._norm_and_rotate, turned, EPSILON | {'positions': '*i64', 'qkv_stride': 'i32'} | STRIDES


@compiled
@pytest.mark.parametrize('index', range(len([*kernels()])))
def test_a_kernel_is_compiled_for_hopper_and_waits_for_the_one_before(index):
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    kernel, constants, others = [*kernels()][index]
    places = {(kernel.arg_names.index(name),): value for name, value in constants.items()}
    source = ASTSource(kernel, types(kernel, constants, **others), places)
    made = triton.compile(source, target=GPUTarget('cuda', 90, 32))
    assert ('griddepcontrol.wait' in made.asm['ptx']) == ('PDL' in constants)
