"""The parameters as a ROS file: ``python -m robobrain_ros.ros.parameter_file config/robobrain.yaml`` renews that."""

import argparse
import textwrap
from pathlib import Path

from robobrain_ros.ros.parameters import PARAMETERS, Parameter

HEAD = """\
# All parameters of the node at their defaults, made by python -m robobrain_ros.ros.parameter_file: copy what
# you change.
# Those with * or + take effect with the next request; the others when the node is configured.
# Those with * may also be options of a single request.
/**:
  ros__parameters:
"""


def text() -> str:
    """The file's text, in the schema's order."""
    return HEAD + '\n'.join(_entry(parameter) for parameter in PARAMETERS)


def _entry(parameter: Parameter) -> str:
    allowed = f' ({parameter.allowed()})' if parameter.allowed() else ''
    comment = f'{parameter.description}{allowed} {parameter.mark}'.rstrip()
    lines = textwrap.wrap(comment, 119, initial_indent='    # ', subsequent_indent='    # ')
    return '\n'.join([*lines, f'    {parameter.name}: {_yaml(parameter.default)}', ''])


def _yaml(value: str | bool | int | float | list[str]) -> str:
    """Floats keep their point and strings their quotes: ROS tells types by them."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


if __name__ == '__main__':
    parser = argparse.ArgumentParser('python -m robobrain_ros.ros.parameter_file', description='Write all parameters.')
    parser.add_argument('file', type=Path, help='the ROS file to write')
    try:
        parser.parse_args().file.write_text(text())
    except OSError as error:
        parser.error(str(error))
