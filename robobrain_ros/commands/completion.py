# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain completion``: what a shell needs to complete the command line."""

import argparse
from collections.abc import Callable
from typing import Any

from robobrain_ros.commands.arguments import WITH_EXAMPLES

SHELLS = ('bash', 'zsh', 'tcsh')
EXAMPLES = """\
examples:
  robobrain completion bash > ~/.local/share/bash-completion/completions/robobrain
  robobrain completion zsh  > ~/.zsh/completions/_robobrain     # a folder in $fpath
  robobrain completion tcsh > ~/.robobrain.completion           # source it in ~/.tcshrc"""


def add(commands: Any, parser: Callable[[], argparse.ArgumentParser]) -> None:
    """Add the command ``completion`` to ``commands``, argparse's subparsers.

    :param parser: gives the whole parser
    """
    completion = commands.add_parser(
        'completion',
        help='print a script with which the shell completes commands and options',
        description='Print a script with which the shell completes the commands and options of robobrain.',
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    completion.add_argument('shell', choices=SHELLS)
    completion.set_defaults(run=lambda chosen: _run(parser(), chosen.shell))


def _run(parser: argparse.ArgumentParser, shell: str) -> int:
    try:
        import shtab
    except ImportError as error:
        raise RuntimeError('completion needs the Python package shtab; pip install shtab') from error
    print(shtab.complete(parser, shell))
    return 0
