# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Nodes of the simulated world as a program, which a signal ends wherever it is: nothing of it has to be stopped."""

from collections.abc import Callable, Iterable

import rclpy
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from robobrain_ros.engines.ending import END_S, Signals
from robobrain_ros.errors import BrainError
from robobrain_ros.ros import arguments
from robobrain_ros.ros.fastdds import use_image_profile
from robobrain_ros.ros.parameter import Parameter

DOCUMENTS = 'The simulated world: docs/simulation.md of robobrain_ros.'


def run(
    name: str,
    description: str,
    parameters: Iterable[Parameter],
    args: list[str] | None,
    make: Callable[[], Iterable[Node]],
) -> int:
    """Run nodes until SIGINT, SIGTERM or SIGHUP. Blocks; call it in the main thread, once.

    :param name: of the executable, and in the log
    :param description: for ``--help``
    :param parameters: of the nodes, for ``--help``
    :param args: arguments of the command line; None: this process's own
    :param make: makes the nodes, once ROS has begun
    :returns: the exit code, 1 if a node cannot be made or fails; the log says why
    """
    signals = Signals(END_S)
    use_image_profile()
    try:
        arguments.init(name, description, parameters, DOCUMENTS, args)
    except ValueError as error:
        rclpy.logging.get_logger(name).fatal(str(error))
        return 1
    executor = SingleThreadedExecutor()  # not interruptible: its constructor would leave half of it behind
    try:
        with signals.interrupting():
            for node in make():
                executor.add_node(node)
            executor.spin()
    except KeyboardInterrupt:
        pass  # the way it is meant to end
    except ImportError:
        if not signals.heard:  # else it interrupted the import of mujoco, which makes another error of it
            raise
    except (BrainError, RuntimeError, ValueError, ParameterException) as error:
        rclpy.logging.get_logger(name).fatal(str(error))
        return 1
    finally:
        rclpy.try_shutdown()
    return 0
