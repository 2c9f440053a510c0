# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The table of names is what a running node offers and hears, no more and no less."""

import pytest
from node_worlds import up
from rclpy.action import get_action_server_names_and_types_by_node
from ros_helpers import until

from robobrain_ros.ros import topics

pytest_plugins = ('node_fixtures', 'node_worlds')
pytestmark = pytest.mark.ros

OF_EVERY_NODE = {
    'transition_event',
    'change_state',
    'get_state',
    'get_available_states',
    'get_available_transitions',
    'get_transition_graph',
    'describe_parameters',
    'get_parameter_types',
    'get_parameters',
    'list_parameters',
    'set_parameters',
    'set_parameters_atomically',
    'get_type_description',
}
"""What rclpy adds to each lifecycle node."""


def own(world, found) -> dict[str, list[str]]:
    """Types by name, of names below the node's, without those that every node has and those that make up an action."""
    below = {name.removeprefix(f'{world.name}/'): kinds for name, kinds in found if name.startswith(f'{world.name}/')}
    return {name: kinds for name, kinds in below.items() if name not in OF_EVERY_NODE and '/_action/' not in name}


def test_the_node_offers_what_the_table_says(world):
    up(world)
    me = (world.node.get_name(), world.node.get_namespace())
    published = {
        name: [f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'] for name, kind in topics.OUTPUTS.items()
    }
    until(lambda: own(world, world.node.get_publisher_names_and_types_by_node(*me)) == published, 'all publishers')
    assert topics.DIAGNOSTICS in dict(world.node.get_publisher_names_and_types_by_node(*me))
    asked = (
        own(world, world.node.get_subscriber_names_and_types_by_node(*me))
        | own(world, world.node.get_service_names_and_types_by_node(*me))
        | own(world, get_action_server_names_and_types_by_node(world.node, *me))
    )
    assert sorted(asked) == sorted(topics.REQUESTS)


def test_the_node_hears_the_cameras_topics(world):
    up(world)
    names = {f'{world.node.get_namespace()}/{name}': kind for name, kind in topics.CAMERA.items()}

    def heard() -> set[str]:
        return {name for name in names if world.node.count_subscribers(name)}

    until(lambda: heard() == set(names), "the camera's subscriptions")
