# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""FlagScale's pair of files as FlagScale reads it: groups, overrides, references, and which port wins."""

from typing import Any

import pytest
import yaml
from repository import ROOT

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.parameters import BY_NAME
from robobrain_ros.serving import own_arguments
from robobrain_ros.serving.flagscale import read

PAIR = ROOT / 'deploy' / 'flagscale' / 'serve.yaml'
OUTER: dict[str, Any] = {
    'defaults': ['_self_', {'serve': 'a'}],
    'experiment': {'exp_name': 'brain', 'task': {'type': 'serve'}},
}
INNER: list[dict[str, Any]] = [{'serve_id': 'vllm_model', 'engine': 'vllm', 'engine_args': {'model': '/m'}}]
DEFAULTS = {name: parameter.default for name, parameter in BY_NAME.items()}


@pytest.fixture
def files(tmp_path):
    """Writes a pair: what is to be changed in the outer file, and the arguments of the engine."""

    def make(experiment=(), inner=None, **arguments):
        (tmp_path / 'serve').mkdir(exist_ok=True)
        inner = inner or [INNER[0] | {'engine_args': {'model': '/m'} | arguments}]
        outer = OUTER | {'experiment': OUTER['experiment'] | dict(experiment)}
        (tmp_path / 'serve' / 'a.yaml').write_text(yaml.safe_dump(inner))
        (tmp_path / 'serve.yaml').write_text(yaml.safe_dump(outer))
        return tmp_path / 'serve.yaml'

    return make


def refusal(call, *arguments):
    with pytest.raises(BadRequest) as raised:
        call(*arguments)
    return str(raised.value)


def test_the_pair_of_this_package_is_served_as_it_says():
    found = read(PAIR)
    values, notes = own_arguments.parameters(found)
    assert notes == []
    assert found.environment == {'CUDA_DEVICE_MAX_CONNECTIONS': '1', 'USE_FLAGGEMS': '0'}
    for name, value in values.items():
        BY_NAME[name].check(BY_NAME[name].read(value))
    expected = {'model': '/models/RoboBrain2.5-8B-NV', 'serve.port': 9010, 'kv_cache_mb': 2048, 'max_pixels': 640 * 480}
    assert values | expected == values
    assert values['max_model_len'] == DEFAULTS['max_model_len']


def test_the_pair_has_what_both_lines_of_flagscale_want():
    outer = yaml.safe_load(PAIR.read_text())
    (item,) = yaml.safe_load((PAIR.parent / 'serve' / '8b.yaml').read_text())
    assert outer['experiment']['task'] == {'type': 'serve', 'backend': 'vllm'}
    assert outer['experiment']['runner']['deploy']['use_fs_serve'] is False
    assert (item['serve_id'], item['engine'], outer['action']) == ('vllm_model', 'vllm', 'run')
    for name, value in item['engine_args'].items():  # 0.8 writes others as Python does, and leaves out what is false
        assert isinstance(value, str | int | float), name
        assert value is not False, name


@pytest.mark.parametrize(
    ('deploy', 'overrides', 'arguments', 'port'),
    [
        ({}, [], {}, 8000),
        ({}, [], {'port': 1}, 1),
        ({'port': 2}, [], {'port': 1}, 2),
        ({'port': 2}, ['+experiment.runner.cli_args.port=3'], {'port': 1}, 3),
        ({'port': 2}, ['experiment.runner.deploy.port=4'], {'port': 1}, 4),
        ({}, ['serve.0.engine_args.port=5'], {'port': 1}, 5),
        ({'port': 2}, ['+experiment.runner.cli_args.engine_args=\'{"port": 6}\''], {'port': 1}, 6),
    ],
)
def test_the_port_is_the_one_that_flagscale_takes(files, deploy, overrides, arguments, port):
    file = files({'runner': {'deploy': deploy}}, **arguments)
    assert read(file, overrides).arguments['port'] == port


def test_the_old_place_of_the_port_counts(files):
    assert read(files({'deploy': {'port': 7}}, port=1)).arguments['port'] == 7


def test_the_command_line_of_flagscale_wins(files):
    overrides = [
        '+experiment.runner.cli_args.model_path=/other',
        '+experiment.runner.cli_args.engine_args=\'{"max_num_seqs": 4, "enforce_eager": true}\'',
    ]
    arguments = read(files(max_num_seqs=8), overrides).arguments
    assert arguments == {'model': '/other', 'max_num_seqs': 4, 'enforce_eager': True, 'port': 8000}


def test_another_file_of_the_group_is_chosen(files):
    file = files(port=1)
    (file.parent / 'serve' / 'b.yaml').write_text(yaml.safe_dump([{'serve_id': 'x', 'engine_args': {'model': '/b'}}]))
    assert read(file, ['serve=b']).arguments['model'] == '/b'
    assert 'there are a, b' in refusal(read, file, ['serve=c'])


def test_arguments_of_vllm_alone_lie_under_the_common_ones(files):
    item = {'engine_args_specific': {'vllm': {'model': '/v', 'max-num-seqs': 3}}, 'engine_args': {'model': '/m'}}
    arguments = read(files(inner=[item])).arguments
    assert arguments == {'model': '/m', 'max_num_seqs': 3, 'port': 8000}


def test_references_are_filled_in(files, monkeypatch):
    monkeypatch.setenv('WEIGHTS', '/weights')
    monkeypatch.delenv('NOWHERE', raising=False)
    file = files(
        {'envs': {'NAME': '${experiment.exp_name}'}},
        model='${oc.env:WEIGHTS}/${experiment.exp_name}',
        port='${oc.env:NOWHERE, 9011}',
    )
    found = read(file)
    assert found.arguments == {'model': '/weights/brain', 'port': 9011}
    assert found.environment == {'NAME': 'brain'}


@pytest.mark.parametrize(
    ('reference', 'sentence'),
    [
        ('${oc.env:NOWHERE}', 'the variable NOWHERE is not set'),
        ('${now:%Y}', 'only oc.env'),
        ('${experiment.exp_nam}', "did you mean 'exp_name'?"),
        ('${a${b}}', 'within another'),
    ],
)
def test_references_to_nothing_are_refused(files, monkeypatch, reference, sentence):
    monkeypatch.delenv('NOWHERE', raising=False)
    assert sentence in refusal(read, files(model=f'/m/{reference}'))


@pytest.mark.parametrize(
    ('override', 'sentence'),
    [
        ('experiment.runner.port', "'experiment.runner.port' must be like"),
        ('=5', 'must be like'),
        ('experiment.exp_nme=x', "did you mean 'exp_name'?"),
        ('experiment.runner.deploy.port=1', '+experiment.runner.deploy.port=... adds it'),
        ('serve.1.engine_args.port=1', "no '1'"),
        ('experiment.exp_name.x=1', "no 'x'"),
        ('+experiment.envs=[', 'cannot be read as YAML'),
    ],
)
def test_overrides_of_nothing_are_refused(files, override, sentence):
    assert sentence in refusal(read, files(), [override])


def test_a_key_is_added_below_one_without_value(files):
    assert read(files({'envs': None}), ['+experiment.envs.USE_FLAGGEMS=1']).environment == {'USE_FLAGGEMS': '1'}


@pytest.mark.parametrize(
    ('experiment', 'inner', 'sentence'),
    [
        ({'task': {'type': 'train'}}, None, "only type 'serve'"),
        ({'task': {'type': 'serve', 'entrypoint': 'x.py'}}, None, 'without an entrypoint'),
        ({'runner': 5}, None, 'experiment.runner is 5'),
        ({'runner': {'cli_args': {'engine_args': 'x'}}}, None, "engine_args is 'x'"),
        ({}, [{'serve_id': 'sglang_model', 'engine': 'sglang', 'engine_args': {}}], "engine is 'sglang'"),
        ({}, [{'serve_id': 'a'}, {'serve_id': 'b'}], "2 servers, ['a', 'b']"),
        ({}, {'serve_id': 'a'}, 'must be a list of servers'),
        ({}, [{'serve_id': 'a'}], 'engine_args.model is None'),
        ({}, [{'engine_args': {'model': '/m', 'port': None}}], 'engine_args.port has no value'),
        ({}, [{'engine_args': {'model': '/m', 'limit_mm_per_prompt': '{image: 1}'}}], 'is no JSON'),
    ],
)
def test_what_is_no_server_of_vllm_is_refused(files, experiment, inner, sentence):
    assert sentence in refusal(read, files(experiment, inner))


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [('a: [', 'cannot be read'), ('- 5', 'must be a mapping'), ('defaults: [base]', "has 'base'")],
)
def test_what_is_no_file_of_flagscale_is_refused(tmp_path, text, sentence):
    (tmp_path / 'serve.yaml').write_text(text)
    assert sentence in refusal(read, tmp_path / 'serve.yaml')
    assert 'there is no file' in refusal(read, tmp_path / 'none.yaml')


def test_keys_without_a_value_say_nothing(files):
    empty = {'task': {'type': 'serve', 'entrypoint': None}, 'runner': {'hostfile': None}, 'cmds': None}
    assert read(files(empty)).passed_over == ()


def test_what_only_flagscale_does_is_told(files):
    file = files(
        {'runner': {'hostfile': '/h'}, 'cmds': {'before_start': 'x'}, 'envs': {'nodes_envs': {'a': {}}, 'B': 1}}
    )
    found = read(file)
    told = '\n'.join(found.passed_over)
    for name in ('experiment.runner.hostfile', 'experiment.cmds', 'experiment.envs.nodes_envs'):
        assert f'{name} has no effect' in told
    assert found.environment == {'B': '1'}
