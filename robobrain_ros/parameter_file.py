"""The parameters as a ROS file: ``python -m robobrain_ros.parameter_file config/robobrain.yaml`` renews that."""

import sys
import textwrap
from pathlib import Path

from robobrain_ros.parameters import PARAMETERS, Parameter

HEAD = """\
# All parameters of the node at their defaults, made by python -m robobrain_ros.parameter_file: copy what you change.
# Those with * take effect with the next request; the others when the node is configured.
/**:
  ros__parameters:
"""


def text() -> str:
    """The file's text, in the schema's order."""
    return HEAD + '\n'.join(_entry(parameter) for parameter in PARAMETERS)


def _entry(parameter: Parameter) -> str:
    comment = parameter.description + _range(parameter) + (' *' if parameter.dynamic else '')
    lines = textwrap.wrap(comment, 119, initial_indent='    # ', subsequent_indent='    # ')
    return '\n'.join([*lines, f'    {parameter.name}: {_yaml(parameter.default)}', ''])


def _range(parameter: Parameter) -> str:
    if parameter.choices:
        return f' ({", ".join(parameter.choices)})'
    return '' if parameter.low is None else f' ({parameter.low:.10g} .. {parameter.high:.10g})'


def _yaml(value: str | bool | int | float) -> str:
    """Floats keep their point and strings their quotes: ROS tells types by them."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


if __name__ == '__main__':
    Path(sys.argv[1]).write_text(text())
