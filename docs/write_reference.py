# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Write the parts of docs/ that are made from code: ``python docs/write_reference.py``.

Each part lies between two marker comments of a page, such as ``<!-- cli: begin -->``. A test compares the pages with
what this script would write.
"""

import argparse
import re
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from robobrain_ros import cli
from robobrain_ros.errors import ErrorCode
from robobrain_ros.planners.arm import parameters as arm
from robobrain_ros.planners.goto import parameters as goto
from robobrain_ros.ros.write_parameters import markdown_table

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / 'docs' / 'reference'


def parts() -> dict[Path, tuple[str, str]]:
    """Each page with the name and the text of the part that is made."""
    return {
        PAGES / 'parameters.md': ('parameters', markdown_table()),
        PAGES / 'interfaces.md': ('definitions', definitions()),
        PAGES / 'error_codes.md': ('codes', error_codes()),
        PAGES / 'cli.md': ('cli', commands(command_line(), 2)),
        ROOT / 'docs' / 'guides' / 'arm.md': ('arm', markdown_table(arm.PARAMETERS)),
        ROOT / 'docs' / 'guides' / 'nav2.md': ('goto', markdown_table(goto.PARAMETERS)),
    }


def renewed(page: str, name: str, text: str) -> str:
    """Return a page in which the part between two markers is ``text``.

    :raises ValueError: if the markers are not there
    """
    begin, end = f'<!-- {name}: begin -->', f'<!-- {name}: end -->'
    if not 0 <= page.find(begin) < page.find(end):
        raise ValueError(f'the page lacks the markers {begin} and {end}')
    head, _, rest = page.partition(begin)
    return f'{head}{begin}\n{text}\n{end}{rest.partition(end)[2]}'


def definitions() -> str:
    """All interfaces of the package as they are written."""
    blocks = []
    for kind, title in (('action', 'Action'), ('srv', 'Service'), ('msg', 'Message')):
        for file in sorted((ROOT / kind).iterdir()):
            blocks.append(f'### {title} robobrain_ros/{file.stem}\n\n```text\n{file.read_text().strip()}\n```')
    return '\n\n'.join(blocks)


def error_codes() -> str:
    """A table of the error codes, with what msg/Answer.msg says about each."""
    message = (ROOT / 'msg' / 'Answer.msg').read_text()
    said = dict(re.findall(r'^uint8 ([A-Z_]+) *= *\d+ *# *(.+)$', message, re.MULTILINE))
    rows = [f'| `{code.name}` | {code.value} | {said[code.name]} |' for code in ErrorCode]
    return '\n'.join(['| code | number | meaning |', '|---|---|---|', *rows])


def command_line() -> argparse.ArgumentParser:
    """Return the parser of the command ``robobrain``."""

    class Built(Exception):
        pass

    def stop(parser: argparse.ArgumentParser, *_: object, **__: object) -> None:
        raise Built(parser)

    try:
        with mock.patch.object(argparse.ArgumentParser, 'parse_args', stop):
            cli.main([])
    except Built as built:
        parser: argparse.ArgumentParser = built.args[0]
        return parser
    raise RuntimeError('robobrain_ros.cli.main parses no arguments')


def commands(parser: argparse.ArgumentParser, level: int) -> str:
    """Headings, sentences and tables of options for the commands below ``parser``.

    :param level: of the headings
    """
    return '\n\n'.join(_sections(parser, level))


def _sections(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    for group in _subparsers(parser):
        summaries = {choice.dest: choice.help or '' for choice in group._choices_actions}
        for name, command in group.choices.items():
            yield f'{"#" * level} {command.prog}\n\n{_sentence(command.description or summaries.get(name, ""))}'
            if rows := [_row(command, action) for action in _arguments(command)]:
                yield '\n'.join(['| argument | meaning |', '|---|---|', *rows])
            if command.epilog:
                yield f'```text\n{command.epilog.strip()}\n```'
            yield from _sections(command, level + 1)


def _subparsers(parser: argparse.ArgumentParser) -> Iterator['argparse._SubParsersAction[argparse.ArgumentParser]']:
    return (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))


def _arguments(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    skipped = (argparse._SubParsersAction, argparse._HelpAction)
    shown = [action for action in parser._actions if not isinstance(action, skipped)]
    return [action for action in shown if action.help != argparse.SUPPRESS]


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    formatter = parser._get_formatter()
    value = str(action.metavar or action.dest.upper()).replace('|', ' or ') if action.nargs != 0 else ''
    shown = ', '.join(f'`{f"{option} {value}".strip()}`' for option in action.option_strings) or f'`{value}`'
    meaning = formatter._expand_help(action) if action.help else ''
    if action.choices is not None:
        choices = f'one of {", ".join(f"`{choice}`" for choice in action.choices)}'
        meaning = f'{choices} {meaning}' if meaning.startswith('(') or not meaning else f'{meaning}; {choices}'
    needed = ' (required)' if action.required and action.option_strings else ''
    return f'| {shown} | {f"{meaning}{needed}".strip()} |'.replace('\n', ' ')


def _sentence(text: str) -> str:
    return f'{text[:1].upper()}{text[1:]}{"" if text.endswith((".", ":")) or not text else "."}'


if __name__ == '__main__':
    for page, (name, text) in parts().items():
        page.write_text(renewed(page.read_text(), name, text))
