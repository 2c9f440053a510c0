# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain model check``: what is damaged is named, and no folder, however hostile, is more than a bad model."""

import json
import os
import random
import shutil

import pytest

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.cli import main
from robobrain_ros.weights.integrity import BAD, NOTE, check
from robobrain_ros.weights.manifest import FILE, Entry, Manifest, sha256

INDEX = 'model.safetensors.index.json'


def weights(tensors: dict[str, int]) -> bytes:
    """A safetensors file of so many bytes by tensor."""
    header, place = {}, 0
    for name, size in tensors.items():
        header[name] = {'dtype': 'U8', 'shape': [size], 'data_offsets': [place, place + size]}
        place += size
    return packed(header, bytes(place))


def packed(header: object, data: bytes = b'') -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, 'little') + text + data


@pytest.fixture
def model(tmp_path):
    """The tiny checkpoint in two small shards."""
    folder = tmp_path / 'model'
    shutil.copytree(TINY_MODEL, folder)
    (folder / 'model.safetensors').unlink()
    (folder / 'model-00001-of-00002.safetensors').write_bytes(weights({'a': 5, 'b': 7}))
    (folder / 'model-00002-of-00002.safetensors').write_bytes(weights({'c': 11}))
    places = {'a': 'model-00001-of-00002.safetensors', 'b': 'model-00001-of-00002.safetensors'}
    places['c'] = 'model-00002-of-00002.safetensors'
    (folder / INDEX).write_text(json.dumps({'metadata': {'total_size': 23}, 'weight_map': places}))
    return folder


@pytest.fixture
def known(model):
    """The same with a manifest."""
    files = []
    for path in sorted(model.iterdir()):
        with path.open('rb') as file:
            files.append(Entry(path.name, path.stat().st_size, sha256(file, lambda size: None)))
    Manifest('modelscope', 'FlagRelease/RoboBrain2.5-8B-FlagOS', 'master', '', tuple(files)).write(model)
    return model


def bad(model, grade=BAD) -> str:
    return '\n'.join(f'{finding.file}: {finding.words}' for finding in check(model).findings if finding.grade == grade)


def test_whole_models_are_whole(model):
    assert (bad(model), bad(TINY_MODEL), bad(model, NOTE)) == ('', '', '')


SHARD = 'model-00002-of-00002.safetensors'
WHOLE = weights({'c': 11})
DAMAGE = {
    'cut in its data': (SHARD, WHOLE[:-1], 'is cut off: it has 10 of 11 bytes'),
    'cut in its header': (SHARD, WHOLE[:30], 'is cut off inside its header'),
    'longer': (SHARD, WHOLE + b'x', '1 bytes longer'),
    'empty': (SHARD, b'', 'is empty'),
    'pointer': (SHARD, b'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 11\n', 'is a git-lfs pointer'),
    'web page': (SHARD, b'<!doctype html><title>Sign in</title>', 'is no safetensors file'),
    'four bytes': (SHARD, b'abcd', 'is no safetensors file'),
    'huge header': (SHARD, (2**62).to_bytes(8, 'little') + b'{' * 99, 'is no safetensors file'),
    'no JSON': (SHARD, packed(b'{"c": '), 'is not JSON'),
    'deep JSON': (SHARD, packed(b'{"c":' * 100_000), 'is not JSON'),
    'no tensors': (SHARD, packed({'__metadata__': {}}), 'holds no tensors'),
    'gap': (SHARD, packed({'c': {'dtype': 'U8', 'shape': [2], 'data_offsets': [1, 3]}}, b'abc'), 'begins at byte 1'),
    'type': (SHARD, packed({'c': {'dtype': 'U9', 'shape': [2], 'data_offsets': [0, 2]}}, b'ab'), "unknown type 'U9'"),
    'shape': (SHARD, packed({'c': {'dtype': 'F32', 'shape': [2], 'data_offsets': [0, 2]}}, b'ab'), 'not F32 of shape'),
    'negative': (SHARD, packed({'c': {'dtype': 'U8', 'shape': [-1], 'data_offsets': [0, -1]}}), 'no shape that can be'),
    'other tensor': (SHARD, weights({'d': 11}), 'files of two downloads are mixed'),
    'total': (INDEX, json.dumps({'metadata': {'total_size': 24}, 'weight_map': {'c': SHARD}}).encode(), '24 bytes'),
    'climbing': (INDEX, json.dumps({'weight_map': {'c': '../../etc/passwd'}}).encode(), 'has no "weight_map"'),
    'index pointer': (INDEX, b'version https://git-lfs.github.com/spec/v1\n', 'is a git-lfs pointer'),
    'architecture': ('config.json', b'{"architectures": ["LlamaForCausalLM"], "model_type": "qwen3_vl"}', 'Llama'),
    'config': ('config.json', b'[1]', 'must hold a JSON object'),
    'tokenizer': ('tokenizer.json', b'version https://git-lfs.github.com/spec/v1\n', 'is a git-lfs pointer'),
    'processor': ('preprocessor_config.json', b'\xff\xfe', 'is not JSON'),
}


@pytest.mark.parametrize('damage', DAMAGE)
def test_damage_is_named(model, damage):
    name, content, says = DAMAGE[damage]
    (model / name).write_bytes(content)
    found = bad(model)
    assert name in found
    assert says in found


@pytest.mark.parametrize('name', ['config.json', 'tokenizer.json', 'preprocessor_config.json', SHARD, INDEX])
def test_missing_files_are_named(model, name):
    (model / name).unlink()
    assert f'{name} is missing' in bad(model)


def test_a_model_without_safetensors(model):
    for path in model.glob('model*'):
        path.unlink()
    (model / 'pytorch_model.bin').write_bytes(b'x')
    assert 'pytorch_model.bin is no substitute' in bad(model)


def test_shards_that_the_index_does_not_name_are_noted(model):
    (model / 'old.safetensors').write_bytes(weights({'a': 1}))
    (model / f'{SHARD}.part').write_bytes(b'')
    assert bad(model) == ''
    assert 'old.safetensors: the index names no tensor in it' in bad(model, NOTE)
    assert 'download was interrupted' in bad(model, NOTE)


def test_links_are_not_followed_out_of_the_folder(model, tmp_path):
    secret = tmp_path / 'secret'
    secret.write_text('{"architectures": ["top secret"]}')
    (model / 'config.json').unlink()
    (model / 'config.json').symlink_to(secret)
    assert 'outside the folder' in bad(model)
    assert 'top secret' not in bad(model)


def test_links_of_the_cache_of_hugging_face_are_followed(model, tmp_path):
    snapshot = tmp_path / 'models--a--b' / 'snapshots' / 'abc'
    snapshot.mkdir(parents=True)
    model.rename(tmp_path / 'models--a--b' / 'blobs')
    for path in (tmp_path / 'models--a--b' / 'blobs').iterdir():
        (snapshot / path.name).symlink_to(f'../../blobs/{path.name}')
    assert bad(snapshot) == ''


@pytest.mark.timeout(20)
def test_pipes_folders_and_circles_in_place_of_files(model):
    for name, make in (('config.json', os.mkfifo), (SHARD, os.mkdir), (INDEX, lambda path: os.symlink(INDEX, path))):
        (model / name).unlink()
        make(model / name)
    (model / 'tokenizer.json').unlink()
    (model / 'tokenizer.json').symlink_to('/dev/zero')
    found = bad(model)
    for name in ('config.json', INDEX, 'tokenizer.json'):
        assert name in found


@pytest.mark.parametrize('place', ['nowhere', 'file', 'a\0b', 'loop'])
def test_what_is_no_folder(tmp_path, place):
    (tmp_path / 'file').write_text('')
    (tmp_path / 'loop').symlink_to(tmp_path / 'loop')
    assert bad(tmp_path / place)


def test_names_with_control_characters(model):
    (model / '\x1b[2J.safetensors').write_text('')
    assert '\x1b' not in bad(model)
    assert "'\\x1b[2J.safetensors'" in bad(model)


def test_mutated_files_never_raise(model, counted, fuzz):
    random.seed(1)
    files = sorted(path for path in model.iterdir() if path.name != 'README.md')
    whole = {path: path.read_bytes() for path in files}
    for _ in counted(range(300 * fuzz), 300 * fuzz):
        path = random.choice(files)
        data = bytearray(whole[path])
        for _ in range(random.choice([1, 3, 30])):
            data[random.randrange(min(len(data), 400))] = random.choice(b'\0{}[]":,-019eE\xff\x80')
        path.write_bytes(data[: random.choice([len(data), random.randrange(len(data))])])
        check(model)
        path.write_bytes(whole[path])
    assert bad(model) == ''


@pytest.mark.parametrize('depth', range(930, 1000, 3))
def test_values_that_can_be_parsed_but_not_printed(known, depth):
    deep = '[' * depth + ']' * depth
    (known / 'config.json').write_text(f'{{"architectures": {deep}, "model_type": {deep}}}')
    (known / 'robobrain.json').write_text(f'{{"profile": {deep}}}')
    (known / INDEX).write_text(f'{{"weight_map": {{"a": {deep}}}, "metadata": {{"total_size": {deep}}}}}')
    (known / FILE).write_text(f'{{"version": 1, "files": [{{"name": {deep}}}]}}')
    (known / SHARD).write_bytes(packed(f'{{"c": {{"dtype": "U8", "shape": {deep}}}}}'.encode()))
    assert max(len(finding.words) for finding in check(known).findings) < 700


def test_hashes_find_what_has_the_right_size(known, capsys):
    assert main(['model', 'check', '--hashes', str(known)]) == 0
    assert 'are as they were downloaded' in capsys.readouterr().out
    shard = known / SHARD
    shard.write_bytes(shard.read_bytes()[:-1] + b'x')
    assert main(['model', 'check', str(known)]) == 0
    assert main(['model', 'check', '--hashes', str(known)]) == 1
    said = capsys.readouterr().out
    assert 'has other content than what was downloaded' in ' '.join(said.split())
    assert 'robobrain download FlagRelease/RoboBrain2.5-8B-FlagOS --from modelscope --revision master --to' in said


def test_sizes_are_compared_with_the_manifest(known):
    (known / 'README.md').write_text('')
    assert 'README.md has 0 bytes, but' in bad(known)


@pytest.mark.parametrize(
    ('old', 'new', 'says'),
    [
        ('"digest": "', '"digest": "0', 'has been changed'),
        ('"version": 1', '"version": 2', 'reads version 1'),
        ('"config.json"', '"../config.json"', 'a file that cannot be'),
        ('"modelscope"', '"elsewhere"', 'names no hub'),
        ('"FlagRelease/', '"; rm -rf /', 'names no hub'),
        ('"files"', '"fils"', 'has no list of files'),
        ('{', '', 'is not JSON'),
    ],
)
def test_manifests_that_cannot_be_used(known, old, new, says):
    text = (known / FILE).read_text()
    (known / FILE).write_text(text.replace(old, new, 1))
    assert says in bad(known)


def test_hashes_need_a_manifest(model, capfd):
    assert main(['model', 'check', '--hashes', '--json', str(model)]) == 1
    found = json.loads(capfd.readouterr().out)
    assert found['manifest'] is None
    assert 'nothing to compare hashes with' in found['findings'][-1]['words']


def test_the_advice_names_where_a_bad_model_may_come_from(known, capsys):
    (known / 'config.json').unlink()
    main(['model', 'check', str(known)])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith('  robobrain download FlagRelease/RoboBrain2.5-8B-FlagOS ')
    (known / FILE).unlink()  # a model of one's own would be replaced by the release
    main(['model', 'check', str(known)])
    assert capsys.readouterr().out.splitlines()[-1] == f'  robobrain download REPO --to {known}'
    assert main(['model', 'check', '--hashes', 'tiny']) == 1
    said = capsys.readouterr().out
    assert 'install the package again' in said
    assert 'download --to' not in said


def test_the_digest_is_that_of_the_shell(known):
    import hashlib
    import subprocess

    names = sorted(path.name for path in known.iterdir() if path.name != FILE)
    lines = subprocess.run(['sha256sum', *names], cwd=known, capture_output=True, check=True, timeout=20).stdout
    assert check(known).origin.digest == hashlib.sha256(lines).hexdigest()
