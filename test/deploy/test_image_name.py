# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The image's name by FlagRelease's rule."""

import re
from datetime import datetime, timezone

import pytest
from repository import ROOT

from robobrain_ros.engines.vllm.stacks import Stack

BUILT = datetime(2026, 3, 30, 11, 43, tzinfo=timezone.utc)
NAME = re.compile(r'[a-z0-9]+(?:[._-][a-z0-9]+)*')
"""What a registry takes, one part between slashes."""
TAG = re.compile(r'\w[\w.-]{0,127}')


@pytest.fixture
def image_name(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / 'deploy'))
    import image_name

    return image_name


def test_a_machine_without_gpu_is_told_what_to_do(image_name, monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    monkeypatch.setattr('sys.argv', ['image_name.py', 'RoboBrain2.5-8B'])
    with pytest.raises(SystemExit, match=r"'nvidia-smi'\. GPU and driver are parts of the name: run it"):
        image_name.main()


def test_the_example_of_flagrelease(image_name):
    """From its description of the rule, July 2026."""
    stack = Stack(python='3.12.3', driver='570.158.01', cuda='13.1', torch='2.9.0', flag_gems='4.2.1rc0')
    assert image_name.image_name('Qwen3.5-8B', stack, 'NVIDIA H20', 'x86_64', BUILT) == (
        'harbor.baai.ac.cn/flagrelease-public/flagrelease-nvidia-release-model_qwen3.5-8b-tree_none-gems_4.2.1rc0-cx_none'
        '-python_3.12.3-torch_cuda-2.9.0-pcp_cuda13.1-gpu_nvidia003-arc_amd64-driver_570.158.01:202603301143'
    )


def test_ours_with_everything(image_name):
    stack = Stack(
        '3.12.3', '570.158.01', '13.0', '2.11.0+cu130', flagtree='0.4.0+3.5', flag_gems='5.3.5+G34', plugin='0.2.0'
    )
    name = image_name.image_name('RoboBrain2.5 8B__NV', stack, 'NVIDIA H100 80GB HBM3', 'aarch64', BUILT, 'here/mine')
    assert name == (
        'here/mine/flagrelease-nvidia-release-model_robobrain2.5-8b-nv-tree_0.4.0.3.5-gems_5.3.5.g34-cx_none'
        '-python_3.12.3-torch_cuda-2.11.0-pcp_cuda13.0-gpu_nvidia004-arc_arm64-driver_570.158.01:202603301143-plugin'
    )


@pytest.mark.parametrize(
    ('gpu', 'code'),
    [('NVIDIA A100-SXM4-80GB', 'nvidia001'), ('NVIDIA H200', 'nvidiah200'), ('NVIDIA H20-3e', 'nvidia003'), ('', '')],
)
def test_codes_of_gpus(image_name, gpu, code):
    assert image_name.gpu_code(gpu) == code


@pytest.mark.parametrize('model', ['RoboBrain2.5-8B', '模型', '_x_', '--a--b__c..d'])
@pytest.mark.parametrize('stack', [Stack(), Stack(python='3.13.0+', torch='2.9.0+cu130', flagcx='0.13.0')])
def test_any_name_is_one_that_registries_take(image_name, model, stack):
    name, tag = image_name.image_name(model, stack, '', 'x86_64', BUILT).rsplit(':', 1)
    assert TAG.fullmatch(tag)
    assert all(NAME.fullmatch(part) for part in name.split('/')), name
