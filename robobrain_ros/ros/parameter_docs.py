"""The parameters as a Markdown table: ``python -m robobrain_ros.ros.parameter_docs README.md`` renews it there."""

import argparse
from pathlib import Path

from robobrain_ros.ros.parameters import PARAMETERS, Parameter

BEGIN, END = '<!-- parameters: begin -->', '<!-- parameters: end -->'


def table() -> str:
    """One line a parameter, in the schema's order; see Parameter.mark."""
    rows = ['| parameter | default | values | meaning |', '|---|---|---|---|']
    for parameter in PARAMETERS:
        name = f'`{parameter.name}` {parameter.mark}'.rstrip()
        rows.append(f'| {name} | `{_show(parameter.default)}` | {_values(parameter)} | {parameter.description} |')
    return '\n'.join(rows)


def renewed(text: str) -> str:
    """A text with the table between its two markers.

    :raises ValueError: if the markers are not there
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f'the text lacks the markers {BEGIN!r} and {END!r}')
    return f'{head}{BEGIN}\n{table()}\n{END}{tail}'


def _show(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if value != '' else "''"


def _values(parameter: Parameter) -> str:
    kinds = {bool: 'true, false', str: 'text', list: 'texts'}
    return parameter.allowed() or kinds[type(parameter.default)]


if __name__ == '__main__':
    parser = argparse.ArgumentParser('python -m robobrain_ros.ros.parameter_docs', description='Renew the table.')
    parser.add_argument('file', type=Path, help='the Markdown file that has it, between its two markers')
    readme = parser.parse_args().file
    try:
        readme.write_text(renewed(readme.read_text()))
    except (OSError, ValueError) as error:
        parser.error(str(error))
