# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A parameter file that sets nothing for the node is named in a warning: ROS ignores it without a word."""

import pytest

from robobrain_ros.ros.parameter_files import without_effect

VALUES = 'ros__parameters: {timeout_s: 9}'


def warnings(tmp_path, text, node='/arm/robobrain'):
    file = tmp_path / 'robot.yaml'
    file.write_text(text)
    return without_effect(node, ['robobrain_node', '--ros-args', '--params-file', str(file)])


@pytest.mark.parametrize(
    'section', ['/arm/robobrain', 'arm/robobrain', '/**', '**', '/*/robobrain', '/**/robobrain', '/arm/*', '/*/*']
)
def test_sections_for_the_node_have_an_effect(tmp_path, section):
    assert warnings(tmp_path, f'"{section}": {{{VALUES}}}') == []


@pytest.mark.parametrize('section', ['robobrain', 'robobrian', '/*', '/arm', '/arm/robo', '/leg/robobrain'])
def test_sections_for_others_are_named(tmp_path, section):
    (warning,) = warnings(tmp_path, f'"{section}": {{{VALUES}}}')
    assert f'/{section.strip("/")}, but this node is /arm/robobrain' in warning
    assert 'robot.yaml' in warning


def test_sections_may_be_nested_and_one_for_the_node_is_enough(tmp_path):
    nested = f'arm:\n  robobrain: {{{VALUES}}}\nleg:\n  robobrain: {{{VALUES}}}\n'
    assert warnings(tmp_path, nested) == []
    (warning,) = warnings(tmp_path, nested, '/robobrain')
    assert '/arm/robobrain, /leg/robobrain' in warning


@pytest.mark.parametrize('text', ['', '# nothing', 'a: [', '- 1', '"\\xff'])
def test_empty_files_and_those_that_ros_refuses_are_left_to_it(tmp_path, text):
    assert warnings(tmp_path, text) == []
