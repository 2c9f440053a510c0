# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain serve --flagscale``, which serves what a file says, or prints it as another kind of file."""

import os
import shlex
from pathlib import Path

import pytest
import yaml
from repository import ROOT

from robobrain_ros import cli
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.ros.parameters import BY_NAME

PAIR = ROOT / 'deploy' / 'flagscale' / 'serve.yaml'
DEFAULTS = {name: parameter.default for name, parameter in BY_NAME.items()}


@pytest.fixture
def environment(monkeypatch):
    """What the command sets stays in a copy."""
    copy = dict(os.environ)
    copy.pop('ROBOBRAIN_API_KEY', None)
    monkeypatch.setattr('os.environ', copy)
    return copy


@pytest.fixture
def serve(capsys):
    def run(*arguments):
        code = cli.main(['serve', *map(str, arguments)])
        return code, *capsys.readouterr()

    return run


def test_each_kind_is_printed_from_each(serve, tmp_path):
    """What is printed is read again, and says the same; options win over all files."""
    sources = {
        'parameters': tmp_path / 'node.yaml',
        'vllm': tmp_path / 'serve.sh',
        'flagscale': tmp_path / 'serve.yaml',
    }
    outer = {'defaults': ['_self_', {'serve': 'printed'}], 'experiment': {'envs': {'USE_FLAGGEMS': 0}}}
    sources['flagscale'].write_text(yaml.safe_dump(outer))
    (tmp_path / 'serve').mkdir()
    for kind, file in sources.items():
        code, out, _ = serve('--flagscale', PAIR, '--print', kind)
        assert code == 0
        (tmp_path / 'serve' / 'printed.yaml' if kind == 'flagscale' else file).write_text(out)
    for kind in sources:
        texts = [serve('--port', 9999, '--print', kind, '--flagscale', file)[1] for file in sources.values()]
        assert all('9999' in text for text in texts)
        if kind == 'parameters':
            said = [DEFAULTS | yaml.safe_load(text)['/**']['ros__parameters'] for text in texts]
            assert said[0] == said[1] == said[2]


def test_a_parameter_file_of_a_robot_is_converted(serve, tmp_path):
    file = tmp_path / 'robot.yaml'
    values = {'model': '/m', 'serve': {'port': 9010}, 'dtype': 'bfloat16', 'flaggems.profile': False, 'timeout_s': 5}
    file.write_text(yaml.safe_dump({'arm': {'robobrain': {'ros__parameters': values}}, 'camera': {'width': 5}}))
    _, out, _ = serve('--flagscale', file, '--print', 'vllm')
    words = shlex.split(out)
    assert words[:4] == ['USE_FLAGGEMS=0', 'vllm', 'serve', '/m']
    assert words[words.index('--dtype') + 1] == 'bfloat16'
    assert '--timeout-s' not in words


def test_what_a_node_has_no_parameter_for_is_told(serve):
    changes = ['serve.0.engine_args.max_num_seqs=16', '+experiment.envs.A=1', 'experiment.envs.USE_FLAGGEMS=true']
    code, out, told = serve('--print', 'parameters', '--flagscale', PAIR, *changes)
    assert code == 0
    assert yaml.safe_load(out)['/**']['ros__parameters']['flaggems.profile'] == 'safe'
    assert 'max_num_seqs is 16, but a node always has 8' in told
    assert 'the variable A=1 is no parameter' in told


@pytest.mark.parametrize(
    ('options', 'name'),
    [
        ((), 'RoboBrain2.5-8B-nvidia-flagos'),
        (('--model', '/models/RoboBrain2.5-8B-NV'), 'RoboBrain2.5-8B-nvidia-flagos'),
        (('--model', '/elsewhere/RoboBrain2.5-8B-NV'), 'RoboBrain2.5-8B-nvidia-flagos'),  # as the release says
        (('--model', '/models/RoboBrain2.5-4B'), 'RoboBrain2.5-4B'),
        (('--model', 'tiny'), 'robobrain-tiny'),
        (('--model', 'tiny', '--served-model-name', 'brain'), 'brain'),
    ],
)
def test_another_model_than_the_files_is_found_under_its_own_name(serve, tmp_path, options, name):
    files = {'parameters': tmp_path / 'node.yaml', 'vllm': tmp_path / 'serve.sh'}
    for kind, file in files.items():
        file.write_text(serve('--flagscale', PAIR, '--print', kind)[1])
    for file in (PAIR, *files.values()):
        code, out, told = serve('--flagscale', file, *options, '--print', 'vllm')
        words = shlex.split(out)
        assert (code, words[words.index('--served-model-name') + 1]) == (0, name)
        assert ('--served-model-name changes it' in told) == (name in ('RoboBrain2.5-4B', 'robobrain-tiny'))


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        (['--print', 'vllm'], "'vllm' is given, but no --flagscale FILE"),
        (['serve=8b'], "'serve=8b' is given, but no --flagscale FILE"),
        (['--flagscale', 'none.yaml'], "'none.yaml' cannot be read"),
        (['--flagscale', ROOT / 'LICENSE'], "LICENSE' is taken for a script: "),
        (['--flagscale', ROOT / 'config' / 'robobrain.yaml', 'a=1'], "'a=1' is given, but"),
        (['--flagscale', PAIR, 'serve.0.engine_args.port=x'], "serve.port is 'x', but must be a whole number"),
        (['--flagscale', PAIR, 'serve.0.engine_args.host=0.0.0.0'], 'which other machines can reach'),
        (['--flagscale', PAIR, 'serve.0.engine_args.model=/none'], "model is '/none'"),
        (
            ['--flagscale', PAIR, '--model', '/none'],
            "clients find /none as 'none': the name 'RoboBrain2.5-8B-nvidia-flagos' is that of ",
        ),
    ],
)
@pytest.mark.usefixtures('environment')
def test_the_command_says_what_is_wrong(serve, arguments, sentence):
    code, out, told = serve(*arguments)
    assert (code, out) == (1, '')
    assert sentence in told


def test_the_engine_is_started_with_what_the_file_says(serve, environment, monkeypatch):
    """Without an engine: what it would be started with."""
    heard = {}
    monkeypatch.setattr(
        'robobrain_ros.commands.serve.run', lambda model, config, **options: heard.update(locals()) or 0
    )
    code, *_ = serve(
        '--model',
        'tiny',
        '--port',
        0,
        '--flagscale',
        PAIR,
        'serve.0.engine_args.max_num_seqs=4',
        '+experiment.envs.A=1',
    )
    assert code == 0
    assert Path(heard['model']) == TINY_MODEL
    assert (heard['config'].port, heard['config'].host) == (0, '127.0.0.1')
    assert heard['config'].model_name == 'robobrain-tiny', 'clients must not take it for the 8B'
    assert heard['options'] == {
        'max_model_len': 4096,
        'max_num_seqs': 4,
        'kv_cache_mb': 2048,
        'max_pixels': 307200,
        'tensor_parallel_size': 1,
    }
    assert environment['USE_FLAGGEMS'] == '0'
    assert environment['A'] == '1'
