"""Writes the table of parameters to where people read it.

Renew both files after a change of ros/parameters.py:
``python -m robobrain_ros.ros.write_parameters README.md config/robobrain.yaml``
"""

import argparse
import textwrap
from pathlib import Path

from robobrain_ros.ros.parameter import Parameter, Value
from robobrain_ros.ros.parameters import PARAMETERS

BEGIN, END = '<!-- parameters: begin -->', '<!-- parameters: end -->'
HEAD = """\
# All parameters of the node at their defaults, made by python -m robobrain_ros.ros.write_parameters: copy what
# you change.
# Those with * or + take effect with the next request; the others when the node is configured.
# Those with * may also be options of a single request.
/**:
  ros__parameters:
"""


def ros_file() -> str:
    """A ROS parameter file (YAML) with every parameter at its default, in the order of PARAMETERS."""
    return HEAD + '\n'.join(_entry(parameter) for parameter in PARAMETERS)


def markdown_table() -> str:
    """A Markdown table with one line for each parameter, in the order of PARAMETERS; ``Parameter.mark`` is shown."""
    rows = ['| parameter | default | values | meaning |', '|---|---|---|---|']
    for parameter in PARAMETERS:
        name = f'`{parameter.name}` {parameter.mark}'.rstrip()
        rows.append(f'| {name} | `{_shown(parameter.default)}` | {_values(parameter)} | {parameter.description} |')
    return '\n'.join(rows)


def with_table(text: str) -> str:
    """Markdown text in which the table between the two markers is renewed.

    :raises ValueError: if the markers are not there
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f'the text lacks the markers {BEGIN!r} and {END!r}')
    return f'{head}{BEGIN}\n{markdown_table()}\n{END}{tail}'


def write(file: Path) -> None:
    """Renew a file: of Markdown (.md) the table in it, any other as a whole, as a ROS parameter file.

    :raises OSError: if it cannot be read or written
    :raises ValueError: if a Markdown file has no place for the table
    """
    file.write_text(with_table(file.read_text()) if file.suffix == '.md' else ros_file())


def _entry(parameter: Parameter) -> str:
    allowed = f' ({parameter.allowed()})' if parameter.allowed() else ''
    comment = f'{parameter.description}{allowed} {parameter.mark}'.rstrip()
    lines = textwrap.wrap(comment, 119, initial_indent='    # ', subsequent_indent='    # ')
    return '\n'.join([*lines, f'    {parameter.name}: {_yaml(parameter.default)}', ''])


def _yaml(value: Value) -> str:
    """Floats keep their point and strings their quotes: ROS tells types by them."""
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value != '' else "''"


def _values(parameter: Parameter) -> str:
    kinds = {bool: 'true, false', str: 'text', list: 'texts'}
    return parameter.allowed() or kinds[type(parameter.default)]


if __name__ == '__main__':
    parser = argparse.ArgumentParser('python -m robobrain_ros.ros.write_parameters', description='Renew such files.')
    parser.add_argument(
        'files', nargs='+', type=Path, metavar='FILE', help='.md: the table in it; else a ROS file of all parameters'
    )
    try:
        for file in parser.parse_args().files:
            write(file)
    except (OSError, ValueError) as error:
        parser.error(str(error))
