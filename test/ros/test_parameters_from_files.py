# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Parameter files as people write them, read by ROS and then by us."""

import re

import pytest
from rclpy.node import Node
from ros_helpers import ros

from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.ros.from_parameters import check
from robobrain_ros.ros.node_parameters import declare
from robobrain_ros.ros.parameters import PARAMETERS

pytestmark = pytest.mark.ros
pytest_plugins = ('node_fixtures',)


def read(tmp_path, text: str, name: str):
    """The value of a parameter in a node that was started with this file."""
    file = tmp_path / 'robot.yaml'
    file.write_text('/**:\n  ros__parameters:\n' + ''.join(f'    {line}\n' for line in text.split('\n')))
    with ros('--params-file', str(file)) as context:
        node = Node('robobrain', namespace='/arm', context=context)
        try:
            declare(node, PARAMETERS, node._parameter_overrides, check)
            return node.get_parameter(name).value
        finally:
            node.destroy_node()


@pytest.mark.parametrize(
    ('text', 'meant'),
    [
        ('decode_kernels: off', 'off'),
        ('decode_kernels: no', 'off'),
        ('timeout_s: 60', 60.0),
        ('depth_slop_s: 0', 0.0),
        ('timeout_s: 1e2', 100.0),
        ('max_pixels: 1e6', 1000000),
        ('max_pixels: 0x100000', 1048576),
        ('queue_size: 3.0', 3),
        ('cameras: []', ['']),
        ('timeout_s: 5\ntimeout_s: 7', 7.0),
    ],
)
def test_what_is_meant_is_read(domain, tmp_path, text, meant):
    value = read(tmp_path, text, text.split(':')[0])
    assert (value, type(value)) == (meant, type(meant))


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('cameras: [a, a]', "cameras is ['a', 'a'], but every name must be there once"),
        ('cameras: a', "cameras is 'a', but must be a list of texts, such as ['a']"),
        ('cameras: [on, off]', 'cameras is [True, False], but must be a list of texts'),
        ('decode_kernels: on', 'decode_kernels is True, but must be one of'),
        ('timeout_s: 60s', "timeout_s is '60s', but must be a number, such as 60.0"),
        ('timeout_s: null', "timeout_s is 'null', but must be a number"),
        ('timeout_s: .nan', 'timeout_s is nan, but must lie in'),
        ('queue_size: yes', 'queue_size is True, but must be a whole number'),
        ('model: 2.5', 'model is 2.5, but must be text'),
        ('min_depth_m: 5\nmax_depth_m: 2', 'min_depth_m is 5.0 and max_depth_m is 2.0'),
    ],
)
def test_what_cannot_be_meant_is_quoted(domain, tmp_path, text, says):
    with pytest.raises(BrainError, match=f'^{re.escape(says)}') as caught:
        read(tmp_path, text, 'model')
    assert caught.value.code is ErrorCode.BAD_REQUEST


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('time_out_s: 5', "'time_out_s' is unknown and has no effect; did you mean 'timeout_s'?"),
        ('default_tasks: pointing', "'default_tasks' is unknown and has no effect; did you mean 'default_task'?"),
        ('flaggems: off', "'flaggems' is unknown and has no effect; did you mean 'flaggems.profile'?"),
        ('timeout_s: {a: 1}', "'timeout_s.a' is unknown and has no effect; did you mean 'timeout_s'?"),
    ],
)
def test_unknown_names_are_warned_about(domain, tmp_path, capfd, text, says):
    assert read(tmp_path, text, 'timeout_s') == 60.0
    assert says in capfd.readouterr().err
