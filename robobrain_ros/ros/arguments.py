# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command line of a ROS executable that has ROS arguments only: help, and a refusal of anything else."""

import argparse
import textwrap
from collections.abc import Iterable

import rclpy
from rclpy.signals import SignalHandlerOptions

from robobrain_ros.ros.parameter import Parameter

HELP = """\
Parameters are ROS arguments:

  {name} --ros-args -p NAME:=VALUE
  {name} --ros-args --params-file FILE.yaml
  {name} --ros-args -r __ns:=/NAMESPACE -r TOPIC:=OTHER_TOPIC

{parameters}

{documents}"""


def init(
    name: str,
    description: str,
    parameters: Iterable[Parameter],
    documents: str,
    arguments: list[str] | None,
) -> None:
    """Read the command line and begin ROS, without rclpy's own signal handlers.

    :param name: of the executable
    :param parameters: of its node, for the help
    :param documents: where more is written
    :param arguments: those of the command line; None: this process's own
    :raises SystemExit: 0 after ``--help``; 2 for an argument that is none of ROS
    :raises ValueError: if ROS cannot read its arguments, or a parameter file
    """
    lines = (
        textwrap.fill(
            f'{parameter.name}: {parameter.description}'
            f'{f" ({parameter.allowed()})" if parameter.allowed() else ""}; default {parameter.default!r}',
            79,
            initial_indent='  ',
            subsequent_indent='      ',
        )
        for parameter in parameters
    )
    parser = argparse.ArgumentParser(
        name,
        usage=f'{name} [--help] [--ros-args ...]',
        description=description,
        epilog=HELP.format(name=name, parameters='\n'.join(lines), documents=documents),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    try:
        others = rclpy.utilities.remove_ros_args(arguments)
        _, unknown = parser.parse_known_args(others[1:] if arguments is None else others)
        if unknown:
            parser.error(f'unrecognized arguments: {" ".join(unknown)}; -p, -r and --params-file come after --ros-args')
        # rclpy's own handlers end the context at once: nothing could be brought to an end any more
        rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    except RuntimeError as error:  # of rcl, which ends with its own source lines
        raise ValueError(str(error).partition(', at /')[0]) from error
