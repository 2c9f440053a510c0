"""The parameters as a node declares them: typed and described for ROS, read and checked as ``parameter.py`` says."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

import rclpy
from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.node import Node

from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.from_parameters import cameras, settings
from robobrain_ros.ros.parameter import Parameter
from robobrain_ros.ros.parameters import BY_NAME, PARAMETERS

ROS_OWN = ('use_sim_time', 'start_type_description_service')
"""Parameters that every node has."""


def declare(node: Node, overrides: 'Mapping[str, rclpy.Parameter[Any]]') -> None:
    """Declare all parameters, with the values that files and the command line give them.

    Later values are read as leniently as these. A name that the node does not know is only warned about: a file may be
    meant for several nodes, or for another version of this one.

    :raises BadRequest: if a value is not allowed, or values do not go together
    """
    values = {parameter.name: parameter.default for parameter in PARAMETERS}
    values |= {name: BY_NAME[name].read(override.value) for name, override in overrides.items() if name in BY_NAME}
    check(values)
    node.declare_parameters(
        '', [(name, value, _describe(BY_NAME[name])) for name, value in values.items()], ignore_override=True
    )
    node.add_pre_set_parameters_callback(_in_their_types)
    for warning in unknown(overrides):
        node.get_logger().warning(warning)


def check(values: Mapping[str, Any]) -> None:
    """Check values, each of them allowed, that have to go together.

    :raises BadRequest: if they do not; the sentence quotes them
    """
    settings(values)
    cameras(values)


def unknown(names: Iterable[str]) -> list[str]:
    """Say in a sentence, for each name of no parameter, that it has no effect, and which name is nearest."""
    warnings = []
    for name in names:
        if name not in BY_NAME and name not in ROS_OWN and not name.startswith('qos_overrides.'):
            near = difflib.get_close_matches(name, BY_NAME, 1)
            hint = f'; did you mean {near[0]!r}?' if near else ''
            warnings.append(f'parameter {name!r} is unknown and has no effect{hint}')
    return warnings


def _in_their_types(changes: 'list[rclpy.Parameter[Any]]') -> 'list[rclpy.Parameter[Any]]':
    """Let ``ros2 param set`` give an integer for a float, and off for 'off', as a parameter file may."""
    read = []
    for change in changes:
        try:
            value = BY_NAME[change.name].read(change.value)
        except (KeyError, BadRequest):
            read.append(change)  # not ours, or refused later: with a reason, which this callback cannot give
        else:
            read.append(rclpy.Parameter(change.name, value=value))
    return read


def _describe(parameter: Parameter) -> ParameterDescriptor:
    descriptor = ParameterDescriptor(description=parameter.description)
    if parameter.low is None or parameter.high is None:
        descriptor.additional_constraints = parameter.allowed()
    elif isinstance(parameter.default, float):
        descriptor.floating_point_range = [FloatingPointRange(from_value=parameter.low, to_value=parameter.high)]
    else:
        limits = IntegerRange(
            from_value=int(parameter.low), to_value=int(parameter.high), step=2 if parameter.odd else 0
        )
        descriptor.integer_range = [limits]
    return descriptor
