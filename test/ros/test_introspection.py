# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``ros2 node``, ``ros2 param`` and the log tell about a running node; the engine answers by a script."""

import time

import pytest
from node_worlds import up
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters, SetParameters
from rclpy.parameter import Parameter, parameter_value_to_python
from ros_helpers import own_domain, ros, until

from robobrain_ros.errors import BrainError
from robobrain_ros.ros.diagnostics import DEMONSTRATION
from robobrain_ros.ros.node import RobobrainNode
from robobrain_ros.ros.parameters import PARAMETERS

pytestmark = pytest.mark.ros
pytest_plugins = ('node_fixtures', 'node_worlds')
QUICK_S = 2.0


@pytest.mark.parametrize('world', [{'cameras': ['front', 'wrist']}], indirect=True, ids=['two cameras'])
def test_every_node_of_ours_replies_at_once_about_its_parameters(world):
    """``ros2 param list`` waits five seconds for each that does not."""
    up(world)
    begin = time.monotonic()
    nodes = {
        f'{namespace}/{name}' for name, namespace in world.node.get_node_names_and_namespaces() if namespace != '/'
    }
    assert nodes == {world.name, f'{world.name}_front_images', f'{world.name}_wrist_images'}
    for node in nodes:
        names = world.client.call(ListParameters, f'{node}/list_parameters', ListParameters.Request(), QUICK_S)
        asked = GetParameters.Request(names=names.result.names)
        found = world.client.call(GetParameters, f'{node}/get_parameters', asked, QUICK_S).values
        assert len(found) == len(names.result.names) > 0
        assert all(value.type != ParameterType.PARAMETER_NOT_SET for value in found)
    assert time.monotonic() - begin < QUICK_S * len(nodes)


def test_parameters_are_typed_and_described(world):
    asked = DescribeParameters.Request(names=[parameter.name for parameter in PARAMETERS])
    found = world.client.call(DescribeParameters, f'{world.name}/describe_parameters', asked, QUICK_S).descriptors
    assert all(descriptor.description and not descriptor.dynamic_typing for descriptor in found)
    for parameter, descriptor in zip(PARAMETERS, found, strict=True):
        assert descriptor.type == Parameter.Type.from_parameter_value(parameter.default).value
    (window,) = (descriptor for descriptor in found if descriptor.name == 'depth_window_px')
    assert window.integer_range[0].step == 2


@pytest.mark.parametrize(
    ('name', 'given', 'kept'),
    [
        ('timeout_s', 5, 5.0),
        ('decode_kernels', False, 'off'),
        ('cameras', None, ['']),
        ('max_pixels', 1e6, 1000000),
    ],
)
def test_values_are_set_as_ros2_param_set_reads_them(world, name, given, kept):
    asked = SetParameters.Request(parameters=[Parameter(name, value=given).to_parameter_msg()])
    (result,) = world.client.call(SetParameters, f'{world.name}/set_parameters', asked, QUICK_S).results
    assert result.successful, result.reason
    found = world.client.call(GetParameters, f'{world.name}/get_parameters', GetParameters.Request(names=[name]), 2.0)
    assert parameter_value_to_python(found.values[0]) == kept


@pytest.mark.parametrize(
    ('name', 'given', 'says'),
    [
        ('min_depth_m', 10.0, 'min_depth_m is 10.0 and max_depth_m is 10.0'),
        ('depth_window_px', 4, 'step'),
        ('timeout_s', 'long', 'Wrong parameter type'),
        ('cameras', ['a', 'a'], 'every name must be there once'),
    ],
)
def test_bad_values_are_refused_with_a_reason(world, name, given, says):
    asked = SetParameters.Request(parameters=[Parameter(name, value=given).to_parameter_msg()])
    (result,) = world.client.call(SetParameters, f'{world.name}/set_parameters', asked, QUICK_S).results
    assert not result.successful
    assert says in result.reason


def file(tmp_path, text: str) -> tuple[str, str]:
    path = tmp_path / 'robot.yaml'
    path.write_text('/**:\n  ros__parameters:\n' + ''.join(f'    {line}\n' for line in text.splitlines()))
    return '--params-file', str(path)


def test_a_parameter_file_as_people_write_it(tmp_path):
    text = 'timeout_s: 5\ndecode_kernels: off\nflaggems:\n  profile: off\n  include: []\ncameras: []\nmodell: /x'
    with own_domain(), ros(*file(tmp_path, text)) as context:
        node = RobobrainNode(context=context)
        values = {name: node.value(name) for name in ('timeout_s', 'decode_kernels', 'flaggems.profile', 'cameras')}
        assert values == {'timeout_s': 5.0, 'decode_kernels': 'off', 'flaggems.profile': 'off', 'cameras': ['']}
        assert node.value('model') == '', 'and so it cannot be configured'
        assert not node.has_parameter('modell')
        node.destroy_node()


@pytest.mark.parametrize(
    ('text', 'says'),
    [
        ('depth_window_px: 4', 'depth_window_px is 4, but must be odd'),
        ('min_depth_m: 20', 'min_depth_m is 20.0 and max_depth_m is 10.0'),
        ('cameras: [a, b, a]', 'every name must be there once'),
        ('queue_size: -1', 'queue_size is -1'),
        ('image_transport: yes', 'image_transport is True'),
    ],
)
def test_all_checks_are_done_at_the_start(tmp_path, text, says):
    with own_domain(), ros(*file(tmp_path, text)) as context, pytest.raises(BrainError, match=says):
        RobobrainNode(context=context)


def test_activation_names_topics_and_publishers(world, pictures):
    namespace = world.node.get_namespace()
    until(lambda: world.node.count_publishers(f'{namespace}/image'), 'the camera')
    up(world)
    until(lambda: world.logged(f"active; image '{namespace}/image' from /test_camera (reliable), depth "), 'the line')
    until(lambda: world.logged(DEMONSTRATION), 'the warning')


def test_activation_says_where_no_publisher_is(world):
    up(world)
    namespace = world.node.get_namespace()
    until(lambda: world.logged(f"camera_info '{namespace}/camera_info' from no publisher yet"), 'the line')
