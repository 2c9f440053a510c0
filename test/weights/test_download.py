# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain download`` against a stand-in for the hubs: what is cut, wrong, hostile or forbidden."""

import errno
import fcntl
import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys

import pytest
from commands import commands
from hub_stand_in import COMMIT, TOKEN, StandIn, running

from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.cli import main
from robobrain_ros.weights import connection, download, manifest
from robobrain_ros.weights.fetch import Part
from robobrain_ros.weights.integrity import check

REPO = 'FlagRelease/RoboBrain2.5-8B-FlagOS'
WEIGHTS = 'model.safetensors'


def weights(size: int) -> bytes:
    """A safetensors file with one tensor of so many bytes."""
    header = json.dumps({'a': {'dtype': 'U8', 'shape': [size], 'data_offsets': [0, size]}}).encode()
    return len(header).to_bytes(8, 'little') + header + random.Random(1).randbytes(size)


@pytest.fixture
def world(monkeypatch):
    """A hub with the tiny checkpoint, of smaller weights, and a file in a folder; variables lead to it."""
    monkeypatch.setattr(connection, 'FIRST_WAIT_S', 0.001)
    files = {path.name: path.read_bytes() for path in TINY_MODEL.iterdir()}
    for variable in ('HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'MODELSCOPE_API_TOKEN', 'HF_HUB_OFFLINE', 'HF_HOME'):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.delenv('TRANSFORMERS_OFFLINE', raising=False)
    monkeypatch.setenv('HF_TOKEN_PATH', '/nonexistent')
    monkeypatch.setenv('NO_PROXY', '127.0.0.1')
    files[WEIGHTS] = weights(4_000_000)
    with running(StandIn(REPO, files | {'assets/a b%20+ü.txt': b'picture', 'empty.txt': b''})) as stand_in:
        monkeypatch.setenv('HF_ENDPOINT', stand_in.hub)
        monkeypatch.setenv('MODELSCOPE_ENDPOINT', stand_in.hub)
        yield stand_in


@pytest.fixture(params=['modelscope', 'huggingface'])
def hub(request):
    return request.param


@pytest.fixture
def fetch(tmp_path, capfd):
    """Runs the command; returns its exit code and all that it said."""

    def run(hub, *more, to=tmp_path / 'model', repo=REPO):
        code = main(['download', repo, '--from', hub, '--to', str(to), *more])
        out, err = capfd.readouterr()
        return code, out + err

    return run


def held(folder) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_all_files_come_and_are_known(world, hub, fetch, tmp_path):
    code, said = fetch(hub)
    assert code == 0, said
    found = held(tmp_path / 'model')
    noted = json.loads(found.pop(manifest.FILE))
    assert found == world.files
    assert (noted['repo'], noted['hub']) == (REPO, hub)
    assert noted['commit'] == (COMMIT if hub == 'huggingface' else '')
    assert {file['name']: file['size'] for file in noted['files']} == {k: len(v) for k, v in world.files.items()}
    assert main(['model', 'check', '--hashes', str(tmp_path / 'model')]) == 0


def test_both_hubs_give_the_same_digest(world, fetch, tmp_path):
    for name in ('modelscope', 'huggingface'):
        assert fetch(name, to=tmp_path / name)[0] == 0
    assert len({check(tmp_path / name).origin.digest for name in ('modelscope', 'huggingface')}) == 1


def test_what_is_there_is_not_fetched_again(world, hub, fetch, tmp_path):
    fetch(hub)
    (tmp_path / 'model' / 'config.json').write_text('{}')
    world.asked.clear()
    assert fetch(hub)[0] == 0
    assert len(world.asked) == 2  # the listing, and the damaged file
    assert held(tmp_path / 'model').items() >= world.files.items()


@pytest.mark.parametrize('ranges', [True, False])
def test_cut_connections_go_on(world, hub, fetch, tmp_path, ranges):
    world.cuts, world.ranges = [1_100_000, 1_200_000, 5, 0, 1_100_000], ranges
    code, said = fetch(hub)
    assert code == 0, said
    assert held(tmp_path / 'model').items() >= world.files.items()
    assert 'trying again' in said
    begun = [int(headers.get('Range', 'bytes=0-')[6:-1]) for _, headers in world.of('cdn')]
    assert len(begun) == 6
    if ranges:
        assert begun == sorted(begun)
        assert begun[-1] > 2_200_000  # a reset may lose what had not been read


def test_an_interrupted_download_goes_on(world, hub, fetch, tmp_path):
    part = tmp_path / 'model' / f'{WEIGHTS}.part'
    part.parent.mkdir()
    part.write_bytes(world.files[WEIGHTS][:3_000_000])
    code, said = fetch(hub)
    assert code == 0, said
    assert world.of('cdn')[0][1]['Range'] == 'bytes=3000000-'
    assert '1.1 MB are to come' in said
    assert not part.exists()


@pytest.mark.parametrize('wrong', ['other bytes', 'longer', 'all'])
def test_a_part_of_something_else_is_thrown_away(world, hub, fetch, tmp_path, wrong):
    data = world.files[WEIGHTS]
    parts = {'other bytes': b'x' * 1000, 'longer': data + b'x', 'all': data[:-1] + b'x'}
    (tmp_path / 'model').mkdir()
    (tmp_path / 'model' / f'{WEIGHTS}.part').write_bytes(parts[wrong])
    assert fetch(hub)[0] == 0
    assert (tmp_path / 'model' / WEIGHTS).read_bytes() == data


def test_what_does_not_go_on_where_it_stopped_is_not_appended(world, hub, fetch, tmp_path):
    world.cuts, world.misplaced = [2_000_000], 1
    code, said = fetch(hub)
    assert code == 0, said
    assert 'does not go on where it stopped' in ' '.join(said.split())
    assert 'its sha256 is not the one' not in said


def test_wrong_content_is_fetched_once_more(world, hub, fetch, tmp_path):
    world.damaged = 1
    code, said = fetch(hub)
    assert code == 0, said
    assert 'its sha256 is not the one' in said


def test_content_that_stays_wrong_gets_no_name(world, hub, fetch, tmp_path):
    world.damaged = 9
    code, said = fetch(hub)
    assert code == 1
    assert 'model.safetensors is not what' in said
    assert len(world.of('cdn')) == 2
    assert not list((tmp_path / 'model').glob(f'{WEIGHTS}*'))
    assert not (tmp_path / 'model' / manifest.FILE).exists()


def test_wrong_content_without_sha256_is_found_by_git_s(world, fetch):
    world.files['config.json'] = json.dumps(json.loads(world.files['config.json'])).encode()
    listed, world.huggingface = world.huggingface(), lambda: listed
    world.files['config.json'] = world.files['config.json'].replace(b'192', b'193')
    code, said = fetch('huggingface')
    assert code == 1
    assert 'config.json is not what Hugging Face lists' in said


@pytest.mark.parametrize(('size', 'says'), [(99, 'gives more than the 99 bytes'), (5_000_000, 'of 5000000 bytes')])
def test_wrong_sizes(world, hub, fetch, size, says):
    world.sizes[WEIGHTS] = size
    code, said = fetch(hub)
    assert code == 1
    assert says in said.splitlines()[-1]


def test_busy_hubs_are_waited_for(world, hub, fetch, monkeypatch):
    slept = []
    monkeypatch.setattr(connection.time, 'sleep', slept.append)
    world.listing_statuses = [(502, {}), (429, {'Retry-After': '7'})]
    world.statuses = [(503, {}), (429, {'Retry-After': '3'}), (403, {}), (416, {})]
    code, said = fetch(hub)
    assert code == 0, said
    assert {7, 3} <= set(slept)
    assert 'asks to slow down (HTTP 429); trying again in 7 s' in said


def test_patience_ends(world, hub, fetch):
    world.statuses = [(500, {})] * 50
    code, said = fetch(hub)
    assert code == 1
    assert '7 times in a row; what is there is kept' in said
    assert len(world.of('cdn')) == connection.ATTEMPTS


def test_who_cannot_reach_a_hub_hears_of_proxies_and_mirrors(hub, fetch, monkeypatch):
    variable = 'HF_ENDPOINT' if hub == 'huggingface' else 'MODELSCOPE_ENDPOINT'
    monkeypatch.setattr(connection.time, 'sleep', lambda seconds: None)
    monkeypatch.setenv(variable, 'http://127.0.0.1:9')
    code, said = fetch(hub)
    assert code == 1
    assert f'Is this machine online? HTTPS_PROXY names a proxy, {variable} a mirror; what is' in said.splitlines()[-1]
    assert said.count('online?') == 1
    monkeypatch.setenv('HTTPS_PROXY', 'http://127.0.0.1:9')
    monkeypatch.setenv('NO_PROXY', '')
    monkeypatch.setenv(variable, 'https://hub.invalid')
    assert 'cannot reach hub.invalid through the proxy that HTTPS_PROXY names' in fetch(hub)[1]


def test_a_hub_that_wants_to_be_left_alone_for_long(world, hub, fetch):
    world.listing_statuses = [(429, {'Retry-After': '86400'})]
    assert 'left alone for 86400 s' in fetch(hub)[1]


def test_silence_is_cut_off(world, hub, fetch, monkeypatch):
    monkeypatch.setattr(connection, 'SILENCE_S', 0.3)
    world.stalls = 1
    code, said = fetch(hub)
    assert code == 0, said
    assert 'does not answer; trying again' in said


@pytest.mark.parametrize(
    'name',
    ['../x', '/etc/x', 'a/../../x', 'a\\..\\x', '.', '', 'a//b', 'x\0y', '\x1b[2J', 'x.part', 'y' * 300, 'config.json'],
)
def test_names_that_lead_elsewhere_are_refused(world, hub, fetch, tmp_path, name):
    world.names['README.md'] = name
    code, said = fetch(hub)
    assert code == 1
    assert 'which is not written' in said or 'twice' in said
    assert '\x1b[2J' not in said
    assert held(tmp_path) == {}
    assert world.of('cdn') == []


@pytest.mark.parametrize('link', ['assets', f'{WEIGHTS}.part', WEIGHTS])
def test_links_in_the_folder_lead_nowhere(world, hub, fetch, tmp_path, link):
    outside = tmp_path / 'outside'
    outside.mkdir()
    (outside / 'file').write_text('mine')
    (tmp_path / 'model').mkdir()
    (tmp_path / 'model' / link).symlink_to(outside if link == 'assets' else outside / 'file')
    code, said = fetch(hub)
    assert held(outside) == {'file': b'mine'}
    assert code == (0 if link == WEIGHTS else 1), said
    assert not (tmp_path / 'model' / WEIGHTS).is_symlink()


def test_gated_repositories_name_page_and_variable(world, hub, fetch, monkeypatch):
    world.gated = True
    variable = {'huggingface': 'HF_TOKEN', 'modelscope': 'MODELSCOPE_API_TOKEN'}[hub]
    code, said = fetch(hub)
    assert code == 1
    assert f'/{REPO}, then set {variable} to a token' in said
    monkeypatch.setenv(variable, 'hf_ofsomebodyelse')
    code, said = fetch(hub)
    assert f'the account of the token in {variable} (HTTP 403)' in said
    assert 'hf_ofsomebodyelse' not in said


def test_tokens_go_to_the_hub_alone_and_into_no_log(world, hub, fetch, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    world.gated, world.cuts = True, [1_000_000]
    monkeypatch.setenv('HF_TOKEN', TOKEN)
    monkeypatch.setenv('MODELSCOPE_API_TOKEN', f'{TOKEN}\n')
    code, said = fetch(hub)
    assert code == 0, said
    assert all(TOKEN in headers['Authorization'] for _, headers in world.of('hub'))
    assert len(world.of('cdn')) == 2
    assert TOKEN not in str(world.of('cdn'))
    assert TOKEN not in caplog.text + said


def test_a_token_is_not_sent_unencrypted(world, hub, fetch, monkeypatch):
    monkeypatch.setenv('HF_ENDPOINT', 'http://mirror.example')
    monkeypatch.setenv('MODELSCOPE_ENDPOINT', 'http://mirror.example')
    monkeypatch.setenv('HF_TOKEN', TOKEN)
    monkeypatch.setenv('MODELSCOPE_API_TOKEN', TOKEN)
    said = fetch(hub)[1]
    assert 'would travel unencrypted' in said
    assert TOKEN not in said


def test_the_token_that_hf_saved_is_used(world, fetch, monkeypatch, tmp_path):
    world.gated = True
    (tmp_path / 'token').write_text(TOKEN)
    monkeypatch.setenv('HF_TOKEN_PATH', str(tmp_path / 'token'))
    assert fetch('huggingface')[0] == 0


@pytest.mark.parametrize('token', ['', TOKEN])
def test_missing_repositories_name_the_nearest(world, hub, fetch, monkeypatch, token):
    monkeypatch.setenv('HF_TOKEN', token)
    code, said = fetch(hub, repo='BAAI/RoboBrain-2.5-8B-NV')
    assert code == 1
    assert "there is no repository 'BAAI/RoboBrain-2.5-8B-NV'" in said
    assert 'did you mean BAAI/RoboBrain2.5-8B-NV' in said


def test_missing_revisions(world, hub, fetch):
    said = fetch(hub, '--revision', 'v9')[1]
    assert "'v9'" in said
    assert 'revision' in said
    assert fetch(hub, '--revision', COMMIT)[0] == 0


@pytest.mark.parametrize('repo', ['tiny', '../x/y', 'a/b/c', 'https://huggingface.co/a/b', 'a/..', 'a/b?x=1', ''])
def test_names_that_are_no_repository(world, hub, fetch, repo):
    assert 'name it OWNER/NAME' in fetch(hub, repo=repo)[1]
    assert world.asked == []


@pytest.mark.parametrize(
    ('variable', 'value', 'says'),
    [
        ('HF_HUB_OFFLINE', '1', 'HF_HUB_OFFLINE is set'),
        ('HF_ENDPOINT', 'ftp://me:secret@x', "HF_ENDPOINT is 'ftp://x', but must be an address"),
        ('HF_ENDPOINT', 'http://x:port', 'must be an address'),
    ],
)
def test_variables_that_forbid(world, fetch, monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)
    assert says in fetch('huggingface')[1]
    assert world.asked == []


def test_modelscope_s_older_variable(world, fetch, monkeypatch):
    monkeypatch.delenv('MODELSCOPE_ENDPOINT')
    monkeypatch.setenv('MODELSCOPE_DOMAIN', world.hub)
    assert fetch('modelscope')[0] == 0


@pytest.mark.parametrize('listing', [[], {}, {'siblings': 3, 'Data': {'Files': 3}}, {'siblings': [1], 'Data': None}])
def test_listings_that_are_none(world, hub, fetch, listing):
    world.huggingface = world.modelscope = lambda: listing
    code, said = fetch(hub)
    assert code == 1
    assert 'says about' in said


@pytest.mark.parametrize('key', ['Path', 'Size', 'Sha256', 'rfilename', 'size', 'blobId', 'lfs', 'sha256'])
@pytest.mark.parametrize('value', [None, -1, 2**80, [[[]]], 'x'])
def test_listings_with_values_that_cannot_be(world, fetch, tmp_path, key, value):
    hub = 'modelscope' if key[0].isupper() else 'huggingface'
    listing = getattr(world, hub)()
    entry = (listing['Data']['Files'] if hub == 'modelscope' else listing['siblings'])[-1]
    (entry['lfs'] if key == 'sha256' and 'lfs' in entry else entry)[key] = value
    setattr(world, hub, lambda: listing)
    code, said = fetch(hub)
    assert code == 0 or said.startswith('robobrain download: ')
    assert set(held(tmp_path)) <= {f'model/{name}' for name in (*world.files, manifest.FILE, 'x')}


def test_a_refusal_with_status_200(world, fetch):
    world.modelscope = lambda: {'Code': 10010205001, 'Message': 'no such \x1b model', 'Success': False}
    said = fetch('modelscope')[1]
    assert "'no such \\x1b model' (10010205001)" in said


def test_repositories_without_safetensors(world, hub, fetch):
    world.files = {'model.gguf': b'x', 'config.json': b'{}'}
    assert 'no model in safetensors files' in fetch(hub)[1]


def test_room_is_looked_for_first(world, hub, fetch, tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)._replace(free=202_000_000)
    monkeypatch.setattr(download.shutil, 'disk_usage', lambda path: usage)
    said = fetch(hub)[1]
    assert '4.1 MB are to come into' in said
    assert '0.2 GB are free' in said
    assert world.of('cdn') == []


def test_a_folder_holds_one_model(world, hub, fetch):
    fetch(hub)
    world.repo = 'BAAI/RoboBrain2.5-8B-NV'
    assert f'holds {REPO}, not {world.repo}' in fetch(hub, repo=world.repo)[1]


def test_two_downloads_into_one_folder(world, hub, fetch, tmp_path):
    (tmp_path / 'model').mkdir()
    with (tmp_path / 'model' / f'{WEIGHTS}.part').open('wb') as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        assert 'another download writes' in fetch(hub)[1]
    assert fetch(hub)[0] == 0


def test_a_model_that_is_at_fault_as_it_is_published(world, hub, fetch):
    world.files['config.json'] = b'{"model_type": "llama"}'
    del world.files['robobrain.json']
    code, said = fetch(hub)
    assert code == 1
    assert 'model_type' in said


def test_ctrl_c_leaves_a_part(world, tmp_path):
    world.stalls = 1
    part = tmp_path / 'model' / f'{WEIGHTS}.part'
    with commands(tmp_path, 1, 'download', '--to', str(tmp_path / 'model')) as (command,):
        command.reaches(lambda command: part.exists() and part.stat().st_size > 1_500_000, 30)
        os.kill(command.process.pid, signal.SIGINT)
        assert command.process.wait(20) == 130
        assert 'what has come is kept' in command.said()
    assert world.files[WEIGHTS].startswith(part.read_bytes())


def test_a_full_disk_keeps_what_has_come(world, hub, fetch, tmp_path, monkeypatch):
    write, room = Part.write, [2_000_000]

    def filling(part, data):
        room[0] -= len(data)
        if room[0] < 0:
            raise OSError(errno.ENOSPC, 'No space left on device')
        write(part, data)

    monkeypatch.setattr(Part, 'write', filling)
    code, said = fetch(hub)
    assert code == 1
    assert 'make room, then use the same command' in said
    monkeypatch.undo()
    assert 0 < (tmp_path / 'model' / f'{WEIGHTS}.part').stat().st_size <= 2_000_000


def test_redirection_in_a_circle(world, hub, fetch):
    world.statuses = [(302, {'Location': f'{world.cdn}/blobs/{WEIGHTS}'})] * 30
    assert 'leads nowhere: TooManyRedirects' in fetch(hub)[1]


BARE = """
import sys
for name in ('httpx', 'torch', 'vllm', 'transformers', 'safetensors', 'huggingface_hub', 'rclpy'):
    sys.modules[name] = None
from robobrain_ros.cli import main
assert main(['model', 'check', 'tiny']) == 0
assert main(['download', '--to', 'nowhere']) == 1
"""


def test_a_bare_installation_checks_models_and_says_what_a_download_needs(tmp_path):
    done = subprocess.run([sys.executable, '-c', BARE], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stderr == 'robobrain download: download needs the Python package httpx; pip install httpx\n'
