# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command line of the executables: help, ROS arguments, and nothing else. None of these starts a node."""

import pytest

from robobrain_ros.ros import node
from robobrain_ros.ros.parameters import PARAMETERS
from robobrain_ros.sim import camera

MAINS = pytest.mark.parametrize('module', [node, camera], ids=['robobrain_node', 'simulated_camera'])


@MAINS
def test_help_names_every_parameter(module, capsys):
    with pytest.raises(SystemExit) as ended:
        module.main(['--help'])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    for parameter in module.PARAMETERS:
        assert f'\n  {parameter.name}: {parameter.description[:20]}' in said
    assert 'docs/' in said
    assert '--params-file' in said


@MAINS
@pytest.mark.parametrize('given', [['--frobnicate'], ['tiny'], ['--ros-args', '-r', 'a:=b', '--', 'more']])
def test_other_arguments_are_refused(module, given, capsys):
    with pytest.raises(SystemExit) as ended:
        module.main(given)
    assert ended.value.code == 2
    assert given[-1] in capsys.readouterr().err


@MAINS
def test_a_parameter_without_ros_args_is_told_where_it_belongs(module, capsys):
    with pytest.raises(SystemExit):
        module.main(['-p', 'seed:=3'])
    assert '-p, -r and --params-file come after --ros-args' in capsys.readouterr().err


@MAINS
@pytest.mark.parametrize(
    ('given', 'says'),
    [
        (['--params-file', '/no/such.yaml'], "'--params-file /no/such.yaml'. Error: Error opening YAML file"),
        (['-p', 'timeout_s'], "'-p timeout_s'"),
    ],
)
def test_ros_arguments_that_cannot_be_read_are_quoted(module, given, says, capfd):
    assert module.main(['--ros-args', *given]) == 1
    fault = capfd.readouterr().err
    assert says in fault
    assert 'Traceback' not in fault
    assert ', at /' not in fault, 'lines of rcl'


def test_every_parameter_of_the_camera_says_what_it_means():
    assert all(len(parameter.description) > 10 for parameter in camera.PARAMETERS)
    assert len(camera.PARAMETERS) == 8
    assert node.PARAMETERS is PARAMETERS


@MAINS
def test_defaults_are_allowed(module):
    for parameter in module.PARAMETERS:
        assert parameter.read(parameter.default) == parameter.default
