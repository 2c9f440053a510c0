# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How commands reach the node that runs: by its name, with a sentence where it is not there."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import rclpy
from rclpy.action import get_action_server_names_and_types_by_node
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.client import Client, NoReply
from robobrain_ros.ros.fastdds import use_image_profile

FIND_S = 5.0
"""How long to look for the node."""


def check_name(name: str) -> None:
    """Check the value of ``--node``.

    :raises BadRequest: if no node can have this name
    """
    if not re.fullmatch(r'/?[A-Za-z_]\w*(/[A-Za-z_]\w*)*', name, re.ASCII):
        raise BadRequest(
            f'--node is {name!r}, but must be the full name of a node, such as /robobrain or /arm/robobrain'
        )


@contextmanager
def connect(name: str) -> Iterator[Client]:
    """Yield a client of the node with this full name, which raises NoReply as soon as the node has ended.

    :raises NoReply: if it is not found within ``FIND_S`` seconds; says which ones were, or how to start one
    """
    name = f'/{name.removeprefix("/")}'
    use_image_profile()
    # without rclpy's handlers Ctrl-C is a KeyboardInterrupt, and the context is still there to cancel the request
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    found = False

    def check() -> None:
        if found and not client.is_there():
            raise NoReply(f'{name} has ended')

    client = Client(Node(f'robobrain_command_{os.getpid()}'), name, check)
    try:
        try:
            client.wait_for_action(FIND_S)
        except NoReply as error:
            raise NoReply(_absent(error, client.node, name)) from None
        found = True
        yield client
    finally:
        client.close()
        client.node.destroy_node()
        rclpy.try_shutdown()


def state_of(client: Client) -> str:
    """Say what a node that rejected a request is doing now."""
    try:
        state = client.state(2.0)
    except NoReply:
        return 'it may be loading its model: ask again later'
    return 'it is active now: ask again' if state == 'active' else f'it is {state} now'


def _absent(error: NoReply, node: Node, name: str) -> str:
    if there := nodes_there(node):
        return f'there is no node {name}, but there is {", ".join(there)}: use --node {there[0]}'
    return f'{error}. robobrain up, or ros2 launch, starts a node'


def nodes_there(node: Node) -> list[str]:
    """Find the full names of all nodes that answer the action, whatever they are called."""
    return [
        action.rpartition('/')[0]
        for name, namespace in node.get_node_names_and_namespaces()
        for action, kinds in get_action_server_names_and_types_by_node(node, name, namespace)
        if 'robobrain_ros/action/Query' in kinds
    ]
