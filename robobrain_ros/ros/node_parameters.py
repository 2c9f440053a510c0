# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Parameters as a node declares them: typed and described for ROS, read and checked as ``parameter.py`` says."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import rclpy
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.parameter import Parameter

ROS_OWN = ('use_sim_time', 'start_type_description_service')
"""Parameters that every node has."""


def declare(
    node: Node,
    parameters: Sequence[Parameter],
    overrides: 'Mapping[str, rclpy.Parameter[Any]]',
    check: Callable[[Mapping[str, Any]], None] = lambda values: None,
    fixed: bool = False,
) -> None:
    """Declare parameters, with the values that files and the command line give them.

    Values that are set later are read as leniently as these. A name that the node does not know is only warned about:
    a file may be meant for several nodes, or for another version of this one.

    :param overrides: what files and the command line give
    :param check: raises BadRequest for values, each of them allowed, that do not go together
    :param fixed: those that are not dynamic cannot be set later
    :raises BadRequest: if a value is not allowed, or values do not go together
    """
    known = {parameter.name: parameter for parameter in parameters}
    values = {parameter.name: parameter.default for parameter in parameters}
    values |= {name: known[name].read(override.value) for name, override in overrides.items() if name in known}
    check(values)
    described = [(name, value, describe(known[name], fixed)) for name, value in values.items()]
    node.declare_parameters('', described, ignore_override=True)
    node.add_pre_set_parameters_callback(partial(_in_their_types, known))
    for warning in unknown(overrides, known):
        node.get_logger().warning(warning)


def unknown(names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Say in a sentence, for each name of no parameter, that it has no effect, and which name is nearest."""
    known = list(known)
    warnings = []
    for name in names:
        if name not in known and name not in ROS_OWN and not name.startswith('qos_overrides.'):
            near = difflib.get_close_matches(name, known, 1)
            hint = f'; did you mean {near[0]!r}?' if near else ''
            warnings.append(f'parameter {name!r} is unknown and has no effect{hint}')
    return warnings


def describe(parameter: Parameter, fixed: bool) -> ParameterDescriptor:
    """Describe a parameter for ROS, as ``ros2 param describe`` shows it."""
    descriptor = ParameterDescriptor(description=parameter.description, read_only=fixed and not parameter.dynamic)
    if parameter.low is None or parameter.high is None:
        descriptor.additional_constraints = parameter.allowed()
    elif isinstance(parameter.default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=parameter.low, to_value=parameter.high)]
    else:
        low, high = int(parameter.low), int(parameter.high)
        descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=2 if parameter.odd else 1)]
    return descriptor


def _in_their_types(
    known: Mapping[str, Parameter], changes: 'list[rclpy.Parameter[Any]]'
) -> 'list[rclpy.Parameter[Any]]':
    """Let ``ros2 param set`` give an integer for a float, and off for 'off', as a parameter file may."""
    read = []
    for change in changes:
        try:
            value = known[change.name].read(change.value)
        except (KeyError, BadRequest):
            read.append(change)  # not ours, or refused later: with a reason, which this callback cannot give
        else:
            read.append(rclpy.Parameter(change.name, value=value))
    return read
