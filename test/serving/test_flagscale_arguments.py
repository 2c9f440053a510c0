# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Arguments of vLLM's server as parameters of the node, as a command line and as FlagScale's file, there and back."""

import shlex

import pytest
import yaml

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.parameters import BY_NAME
from robobrain_ros.serving import own_arguments
from robobrain_ros.serving.deployment import Deployment, deployment, from_command
from robobrain_ros.serving.flagscale import read, write

DEFAULTS = {name: parameter.default for name, parameter in BY_NAME.items()}


def refusal(call, *arguments):
    with pytest.raises(BadRequest) as raised:
        call(*arguments)
    return str(raised.value)


@pytest.mark.parametrize('name', [*own_arguments.SAME, *own_arguments.CONVERTED])
def test_misspelt_arguments_get_the_nearest_name(name):
    wrong = name[:-2] + name[-1] if len(name) > 5 else name + 's'
    said = refusal(own_arguments.parameters, deployment({'model': '/m', wrong: 1}, {}))
    assert f'engine_args.{wrong}: this engine has no such argument; did you mean {name!r}?' == said


def test_arguments_that_resemble_none_are_refused_without_a_guess():
    said = refusal(own_arguments.parameters, deployment({'model': '/m', 'speculative_config': '{}'}, {}))
    assert said.endswith('no such argument, and vllm serve or FlagScale may')


@pytest.mark.parametrize('name', own_arguments.DECIDED)
def test_what_the_engine_decides_is_told_unless_it_is_the_same(name):
    own, why = own_arguments.DECIDED[name]
    _, notes = own_arguments.parameters(deployment({'model': '/m', name: 'other'}, {}))
    assert notes == [f'engine_args.{name} has no effect: this engine decides it ({why})']
    if own is not None:
        assert own_arguments.parameters(deployment({'model': '/m', name: own}, {}))[1] == []


def test_the_older_spelling_of_counts_is_brought_up_to_date():
    assert deployment({'model': '/m', 'limit_mm_per_prompt': 'image=8,video=0'}, {}) == deployment(
        {'model': '/m', 'limit-mm-per-prompt': '{"image": 8, "video": 0}'}, {}
    )


@pytest.mark.parametrize('name', own_arguments.REFUSED)
def test_what_would_change_the_server_is_refused(name):
    right, why = own_arguments.REFUSED[name]
    said = refusal(own_arguments.parameters, deployment({'model': '/m', name: 'kEy'}, {}))
    assert why in said
    assert ('kEy' in said) == (name != 'api_key')
    if right is not None:
        assert own_arguments.parameters(deployment({'model': '/m', name: right}, {}))[1] == []


@pytest.mark.parametrize(
    ('arguments', 'values'),
    [
        ({'dtype': 'half'}, {'dtype': 'float16'}),
        ({'max_model_len': '4K'}, {'max_model_len': 4096}),
        ({'max-model-len': 2000}, {'max_model_len': 2000}),
        ({'kv_cache_memory_bytes': '1G'}, {'kv_cache_mb': 1024}),
        ({'kv_cache_memory_bytes': 2**30, 'tensor_parallel_size': 2}, {'kv_cache_mb': 2048}),
        ({'quantization': 'fp8'}, {'quantization': 'fp8'}),
        ({'mm_processor_kwargs': '{"max_pixels": 5000}'}, {'max_pixels': 5000}),
    ],
)
def test_arguments_become_parameters(arguments, values):
    found, notes = own_arguments.parameters(deployment({'model': '/m'} | arguments, {}))
    assert found | values == found
    assert notes == []


@pytest.mark.parametrize(
    ('arguments', 'sentence'),
    [
        ({'max_model_len': 'auto'}, "max_model_len is 'auto', but must be a whole number"),
        ({'kv_cache_memory_bytes': True}, 'kv_cache_memory_bytes is True'),
        ({'kv_cache_memory_bytes': 1, 'tensor_parallel_size': 'two'}, "tensor_parallel_size is 'two'"),
        ({'quantization': 'awq'}, "quantization is 'awq'"),
        ({'mm_processor_kwargs': {'min_pixels': 1}}, 'must be like \'{"max_pixels": 307200}\''),
    ],
)
def test_values_that_cannot_be_are_refused(arguments, sentence):
    assert sentence in refusal(own_arguments.parameters, deployment({'model': '/m'} | arguments, {}))


DEPLOYMENTS = [
    Deployment({'model': '/m', 'port': 8000}),
    Deployment({'model': 'a b', 'served_model_name': "it's", 'port': 1, 'gpu_memory_utilization': 0.9}, {'A': 'b c;d'}),
    Deployment({'model': '/m', 'port': 1, 'enable_prefix_caching': False, 'enforce_eager': True}),
    Deployment({'model': '/m', 'port': 1, 'compilation_config': {'mode': 3, 'sizes': [1, 2]}, 'dtype': 'auto'}),
    Deployment({'model': '/m', 'port': 1, 'allowed_media_domains': ['a.example', 'b.example']}),
]


@pytest.mark.parametrize('of', DEPLOYMENTS)
def test_a_command_line_says_the_same(of):
    variables = [f'{name}={shlex.quote(value)}' for name, value in of.environment.items()]
    assert from_command(' '.join([*variables, shlex.join(of.command())])) == of


@pytest.mark.parametrize('of', DEPLOYMENTS)
def test_files_of_flagscale_say_the_same(of, tmp_path):
    outer = {'defaults': ['_self_', {'serve': 'a'}], 'experiment': {'envs': of.environment}}
    (tmp_path / 'serve').mkdir()
    (tmp_path / 'serve.yaml').write_text(yaml.safe_dump(outer))
    (tmp_path / 'serve' / 'a.yaml').write_text(write(of))
    assert read(tmp_path / 'serve.yaml') == of


PARAMETERS = [
    {'model': '/m', 'serve.port': 9010},
    {'model': '/m', 'serve.port': 1, 'serve.host': '0.0.0.0', 'serve.model_name': 'x', 'dtype': 'bfloat16'},
    {'model': '/m', 'serve.port': 1, 'kv_cache_mb': 3072, 'tensor_parallel_size': 2, 'quantization': 'fp8'},
    {'model': '/m', 'serve.port': 1, 'max_pixels': 1048576, 'max_model_len': 8192, 'flaggems.profile': 'safe'},
    {'model': '/m', 'serve.port': 1, 'flaggems.profile': 'off'},
    {'model': '/m', 'serve.port': 1, 'flaggems.profile': 'custom', 'flaggems.include': ['mm', 'bmm']},
    {'model': '/m', 'serve.port': 1, 'flaggems.profile': 'custom', 'flaggems.exclude': ['mm']},
]


@pytest.mark.parametrize('values', PARAMETERS)
def test_parameters_come_back(values):
    of = own_arguments.from_parameters(DEFAULTS | values)
    found, notes = own_arguments.parameters(of)
    assert notes == []
    assert DEFAULTS | found == DEFAULTS | {'serve.model_name': 'm'} | values
    assert own_arguments.from_parameters(DEFAULTS | found) == of


@pytest.mark.parametrize(
    ('values', 'variables'),
    [
        ({'flaggems.profile': 'gemm', 'flaggems.exclude': ['mm', 'mm_out', 'bmm']}, 'layer_norm,addmm,addmm_out'),
        ({'flaggems.profile': 'safe', 'flaggems.include': ['gelu']}, 'layer_norm,gelu'),
    ],
)
def test_profiles_without_a_name_for_the_plugin_are_listed(values, variables):
    environment = own_arguments.from_parameters(DEFAULTS | {'model': '/m'} | values).environment
    assert environment == {'USE_FLAGGEMS': '1', 'VLLM_FL_FLAGOS_WHITELIST': variables}


@pytest.mark.parametrize(
    ('values', 'sentence'),
    [
        ({}, "model is ''"),
        ({'model': 'http://robot:9010'}, "model is 'http://robot:9010'"),
        ({'model': '/m', 'engine': 'server'}, "model is '/m'"),
        ({'model': '/m', 'flaggems.profile': 'full'}, "profile is 'full'"),
    ],
)
def test_parameters_that_serve_nothing_are_refused(values, sentence):
    assert sentence in refusal(own_arguments.from_parameters, DEFAULTS | values)


def test_a_script_is_read():
    found = from_command(
        '#!/bin/sh\n# vllm serve in a comment\nexport A=1 B="2 3"\ncd /tmp\n'
        'USE_FLAGGEMS=1 nohup /opt/bin/vllm serve /models/a \\\n  --served-model-name=brain -tp 2 --enforce-eager \\\n'
        '  --limit-mm-per-prompt \'{"image": 4}\' --no-enable-prefix-caching --gpu-memory-utilization 0.9 >log 2>&1 &\n'
    )
    assert found.environment == {'A': '1', 'B': '2 3', 'USE_FLAGGEMS': '1'}
    assert found.arguments == {
        'model': '/models/a',
        'served_model_name': 'brain',
        'tensor_parallel_size': 2,
        'enforce_eager': True,
        'limit_mm_per_prompt': {'image': 4},
        'enable_prefix_caching': False,
        'gpu_memory_utilization': 0.9,
        'port': 8000,
    }


@pytest.mark.parametrize(
    ('script', 'sentence'),
    [
        ('echo', "there are 0 lines with 'vllm serve'"),
        ('vllm serve a\nvllm serve b', 'there are 2 lines'),
        ('vllm serve', 'engine_args.model is None'),
        ("vllm serve 'a", 'cannot be read: No closing quotation'),
        ('vllm serve a -q fp8', "'-q' is not read here"),
        ('vllm serve a b', "'b' belongs to no option"),
    ],
)
def test_scripts_that_say_nothing_are_refused(script, sentence):
    assert sentence in refusal(from_command, script)
