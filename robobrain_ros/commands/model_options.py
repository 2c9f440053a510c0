# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The options of a command that asks a model: which one, loaded here or on a server."""

import argparse
from pathlib import Path
from typing import Any

from robobrain_ros.commands.arguments import add_model, takes_files
from robobrain_ros.engines.key_file import KEY_VARIABLE
from robobrain_ros.engines.server.config import addresses
from robobrain_ros.errors import BadRequest
from robobrain_ros.tasks.profiles import PROFILES


def add(parser: argparse.ArgumentParser) -> None:
    """Add ``--model``, ``--server`` and what goes with a server to a parser."""
    add_model(parser)
    parser.add_argument(
        '--server',
        type=_servers,
        default=None,
        metavar='URL',
        help='ask the model that this OpenAI-compatible server runs, such as http://robot-server:9010, instead of '
        'loading one; several, separated by commas, stand in for each other',
    )
    key = parser.add_argument(
        '--api-key-file',
        default='',
        metavar='FILE',
        help=f'with --server: a file whose one line is the key it wants (default: the variable {KEY_VARIABLE})',
    )
    takes_files(key)
    parser.add_argument(
        '--server-model', default='', metavar='NAME', help='with --server: which of its models (default: its only one)'
    )
    parser.add_argument(
        '--model-profile',
        default='auto',
        choices=('auto', *PROFILES),
        help="with --server: prompts and answer format of its model, where the model's name does not tell them",
    )


def chosen_model(parser: argparse.ArgumentParser, chosen: argparse.Namespace) -> tuple[Path | str, dict[str, Any]]:
    """Return what to load: a directory or an address, and the options of ``Brain.load`` for it.

    It ends the process with exit code 2 where an option of a server is given without one.
    """
    if chosen.server:
        options = {
            'api_key_file': chosen.api_key_file,
            'api_key_variable': KEY_VARIABLE,
            'served_model': chosen.server_model,
            'profile': chosen.model_profile,
        }
        return chosen.server, options
    if chosen.api_key_file:
        parser.error('--api-key-file goes with --server: a model that is loaded here wants no key')
    if chosen.server_model or chosen.model_profile != 'auto':
        parser.error('--server-model and --model-profile go with --server: the files of a model tell both')
    return chosen.model, {}


def _servers(text: str) -> str:
    """Check addresses of servers; a type for argparse."""
    try:
        addresses(text)
    except BadRequest as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return text
