# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Types of the command line's arguments: what cannot be used is refused before anything is started."""

import argparse
import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn

from robobrain_ros import checkpoints

EXIT_CODES = """\
exit codes:
  0    every answer can be used
  1    an answer failed (NOT_FOUND is one), or nothing could be asked
  2    the command line is wrong
  130  interrupted by Ctrl-C"""
WITH_EXAMPLES = argparse.RawDescriptionHelpFormatter
"""Keeps the line breaks of examples below the options."""


class Parser(argparse.ArgumentParser):
    """A parser whose errors name the choice that was probably meant, of options and of commands."""

    def error(self, message: str) -> NoReturn:
        """Print the message, with a suggestion where one can be made, and end the process with exit code 2."""
        super().error(with_suggestion(message))

    def parse_known_args(  # type: ignore[override]  # its overloads tell types of namespaces that nobody uses here
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Refuse here what this parser does not know: argparse would leave it to the one of all commands."""
        chosen, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(not_known(unknown, self._option_string_actions))
        return chosen, unknown


def with_suggestion(message: str) -> str:
    """Put the most similar choice into argparse's complaint about one that does not exist."""
    found = re.search(r"invalid choice: '(?P<wrong>[^']*)' \((?P<rest>choose from (?P<choices>.*))\)", message)
    if not found:
        return message
    choices = re.findall(r"[^\s,']+", found['choices'])
    close = difflib.get_close_matches(found['wrong'], choices, n=1)
    return message.replace(found['rest'], f'did you mean {close[0]!r}? {found["rest"]}') if close else message


def not_known(arguments: Iterable[str], options: Iterable[str]) -> str:
    """Say which arguments a command does not take, and for each option which one is nearest.

    :param options: those that there are
    """
    said = []
    for argument in arguments:
        name = argument.split('=')[0]
        close = difflib.get_close_matches(name, options, n=1) if name.startswith('-') else []
        said.append(f'{argument} (did you mean {close[0]}?)' if close else argument)
    return f'unrecognized arguments: {" ".join(said)}'


def positive(kind: type[int] | type[float]) -> Callable[[str], float]:
    """Return a type for argparse that takes finite numbers above 0, whole ones if ``kind`` is int."""

    def convert(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(0)
        if not 0 < value < math.inf:
            what = 'a whole number' if kind is int else 'a number'
            raise argparse.ArgumentTypeError(f'{text!r} must be {what} above 0')
        return value

    return convert


def share(text: str) -> float:
    """Read a share of something, 0 to 1; a type for argparse.

    :raises argparse.ArgumentTypeError: for any other text
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f'{text!r} must be a number from 0 to 1, such as 0.3')
    return value


def add_min_confidence(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option ``--min-confidence`` to a parser; its value is a number, or None where it is not given.

    :param default: what counts then, in words
    """
    parser.add_argument(
        '--min-confidence',
        type=share,
        metavar='SHARE',
        help=f'an answer with a target or waypoint that is less sure than this, 0 to 1, fails with UNSURE; its places '
        f'are candidates (default: {default})',
    )


def seed(text: str) -> int:
    """Read a seed of the simulated table top, 0 to 2147483647; a type for argparse.

    :raises argparse.ArgumentTypeError: for any other text
    """
    if not re.fullmatch('[0-9]{1,10}', text, re.ASCII) or int(text) >= 2**31:
        raise argparse.ArgumentTypeError(f'{text!r} must be a whole number in 0 .. {2**31 - 1}')
    return int(text)


def takes_files(action: argparse.Action) -> None:
    """Let shells complete the names of files for an option: ``robobrain completion`` reads this attribute."""
    vars(action)['complete'] = {'bash': '_shtab_compgen_files', 'zsh': '_files', 'tcsh': 'f'}  # as shtab.FILE


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--model`` to a parser; its value is the path of the model's directory."""
    model = parser.add_argument(
        '--model',
        type=checkpoints.directory,
        default=checkpoints.TINY,
        metavar='tiny|DIR',
        help='directory of a model, or tiny: the demonstration model that ships with this package, which knows only '
        'its simulated table (default: %(default)s)',
    )
    takes_files(model)


def image_size(text: str) -> tuple[int, int]:
    """Read ``WIDTHxHEIGHT`` as (width, height) in pixels, 10 to 9999 each; a type for argparse.

    :raises argparse.ArgumentTypeError: for any other text
    """
    match = re.fullmatch(r'([1-9][0-9]{1,3})x([1-9][0-9]{1,3})', text, re.ASCII)
    if not match:
        raise argparse.ArgumentTypeError(f'{text!r} must be WIDTHxHEIGHT in pixels, 10 to 9999 each, such as 640x480')
    return int(match[1]), int(match[2])
