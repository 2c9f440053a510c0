# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain mcp``: its options. Imports of ROS and of the package mcp wait until it runs."""

import argparse
from importlib.util import find_spec
from typing import Any

from robobrain_ros.commands.arguments import WITH_EXAMPLES, positive, takes_files
from robobrain_ros.engines.key_file import KEY_VARIABLE, read_key, read_variable
from robobrain_ros.errors import BadRequest
from robobrain_ros.serving.config import ServeConfig, is_loopback

DESCRIPTION = """\
Give an agent tools, by the Model Context Protocol (MCP): it asks the running node
what the camera sees and, with --allow-motion, has the robot move. Over stdin and
stdout, as agents start their servers, or over HTTP with --port."""
EXAMPLES = f"""\
examples:
  robobrain mcp                                     an agent starts this; for people it waits
  robobrain mcp --allow-motion                      with tools that have the robot move
  robobrain mcp --port 9011 --api-key-file key.txt  over HTTP, at http://127.0.0.1:9011/mcp

docs/guides/agents.md shows what agents' configurations have to say.

variables:
  {KEY_VARIABLE}   the key, where --api-key-file is not given"""


def add(commands: Any) -> None:
    """Add the command ``mcp`` to ``commands``, argparse's subparsers."""
    mcp = commands.add_parser(
        'mcp',
        help='tools for agents that speak MCP, on the running node',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
        allow_abbrev=False,  # nobody allows motion by a typing error
    )
    mcp.add_argument('--node', default='/robobrain', help='full name of the node (default: %(default)s)')
    mcp.add_argument(
        '--timeout',
        type=positive(float),
        default=60.0,
        metavar='SECONDS',
        help='time limit of a question that sets none (default: %(default)g)',
    )
    mcp.add_argument(
        '--allow-motion', action='store_true', help='with the tools that have the robot move (default: it only looks)'
    )
    mcp.add_argument(
        '--motion-timeout',
        type=positive(float),
        default=300.0,
        metavar='SECONDS',
        help='a motion is stopped after this (default: %(default)g)',
    )
    mcp.add_argument('--port', type=int, help='over HTTP, at this TCP port; 0: any that is free')
    mcp.add_argument(
        '--host',
        default=ServeConfig.host,
        help='with --port: address to listen on; others than loopback need a key (default: %(default)s)',
    )
    key = mcp.add_argument(
        '--api-key-file',
        default='',
        metavar='FILE',
        help='with --port: its only line is the key that clients have to send',
    )
    takes_files(key)
    mcp.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.running_node import check_name
    from robobrain_ros.ros.parameters import LONGEST_S

    check_name(chosen.node)
    if chosen.timeout > LONGEST_S:
        raise BadRequest(f'--timeout is {chosen.timeout:g}, but must be at most {LONGEST_S:g} seconds')
    http = _http(chosen)
    if find_spec('mcp') is None:
        raise RuntimeError(
            'this needs the Python package mcp: pip install "mcp>=2.3,<3", or in a checkout of this package '
            'pip install --no-deps -r requirements/mcp.lock'
        )
    from robobrain_ros.planners.tools.running import Options, run

    return run(
        Options(
            brain=f'/{chosen.node.removeprefix("/")}',
            timeout_s=chosen.timeout,
            motion_s=chosen.motion_timeout if chosen.allow_motion else 0.0,
            http=http,
        )
    )


def _http(chosen: argparse.Namespace) -> ServeConfig | None:
    """Read where to serve over HTTP; None for stdin and stdout.

    :raises BadRequest: for options that do not go together, or what would let anybody in
    """
    if chosen.port is None:
        if chosen.api_key_file or chosen.host != ServeConfig.host:
            raise BadRequest('--host and --api-key-file go with --port: without it, only who starts this can use it')
        return None
    if not 0 <= chosen.port <= 65535:
        raise BadRequest(f'--port is {chosen.port}, but must be in 0 .. 65535')
    key = read_key(chosen.api_key_file, '--api-key-file') if chosen.api_key_file else read_variable(KEY_VARIABLE)
    if not key:
        mend = f'give --api-key-file, or set the variable {KEY_VARIABLE}'
        if not is_loopback(chosen.host):
            raise BadRequest(
                f'--host is {chosen.host!r}, which other machines can reach, so that a key is needed: {mend}'
            )
        if chosen.allow_motion:
            raise BadRequest(
                f'--allow-motion lets whoever reaches the port move the robot, so that a key is needed: {mend}'
            )
    return ServeConfig(port=chosen.port, host=chosen.host, api_key=key)
