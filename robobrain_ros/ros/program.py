# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A ROS node as a program: what cannot be started is said in one line, and its callbacks run until it ends in order."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node

from robobrain_ros.errors import BrainError
from robobrain_ros.ros import arguments
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.ros.spin_safely import spin_safely

N = TypeVar('N', bound=Node)


def start(
    name: str,
    description: str,
    parameters: Iterable[Parameter],
    documents: str,
    args: list[str] | None,
    make: Callable[[], N],
) -> N | None:
    """Read the command line, begin ROS, and make the node.

    :param name: of the executable, and in the log; this, and what follows, as for ``arguments.init``
    :param make: makes the node, once ROS has begun
    :returns: None if that cannot be: the log says why, and ROS has ended
    :raises SystemExit: as ``arguments.init`` does
    """
    try:
        arguments.init(name, description, parameters, documents, args)
        return make()
    except (BrainError, ParameterException, ValueError) as error:
        rclpy.logging.get_logger(name).fatal(str(error))
        rclpy.try_shutdown()
        return None


@contextmanager
def callbacks(node: Node) -> Iterator[Executor]:
    """Run a node's callbacks in a thread of their own, where no signal interrupts them; at the end, end node and ROS.

    :returns: a context manager, which gives the node's executor
    """
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    thread = threading.Thread(
        target=spin_safely, args=(executor, node.get_logger()), name=f'{node.get_name()}-callbacks', daemon=True
    )
    thread.start()
    try:
        yield executor
    finally:
        executor.shutdown()
        thread.join()
        node.destroy_node()
        rclpy.try_shutdown()
