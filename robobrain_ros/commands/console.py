# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The command ``robobrain console``: a page with camera, questions and answers. Imports of ROS wait until it runs."""

import argparse
import errno
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from robobrain_ros.commands.arguments import WITH_EXAMPLES, takes_files
from robobrain_ros.errors import BadRequest

PORT = 9020
"""The TCP port of the page, where no other is asked for."""
DESCRIPTION = """\
Serve a page that shows the running node: its cameras, questions and answers, history,
progress, parameters and state. It runs beside the node and needs nothing of the
internet. Ctrl-C ends it; a question that runs is cancelled then."""
EXAMPLES = """\
examples:
  robobrain console                       open the address that it prints
  robobrain console --node /arm/robobrain
  robobrain console --host 0.0.0.0        for other machines, too: the address has a token

The page cannot move a robot. Whoever has the token sees the cameras and may ask; there
is no encryption, so use --host in networks that you trust, or ssh -L 9020:127.0.0.1:9020.
The node must have the same ROS_DOMAIN_ID."""


def add(commands: Any) -> None:
    """Add the command ``console`` to ``commands``, argparse's subparsers."""
    console = commands.add_parser(
        'console',
        help='a page in the browser: camera, questions, answers',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    console.add_argument('--port', type=int, default=PORT, help='TCP port; 0: any that is free (default: %(default)s)')
    console.add_argument(
        '--host',
        default='127.0.0.1',
        help='address to listen on; others than loopback make a token (default: %(default)s)',
    )
    token = console.add_argument(
        '--token-file',
        default='',
        metavar='FILE',
        help='its only line is the token that browsers need (default: a new one, where --host is not loopback)',
    )
    takes_files(token)
    console.add_argument(
        '--node', default='', help='full name of the node (default: the first one found; the page lets you choose)'
    )
    history = console.add_argument(
        '--history',
        type=Path,
        metavar='FILE',
        help='keeps answers and pictures (default: ~/.local/state/robobrain_ros/console.sqlite)',
    )
    takes_files(history)
    console.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    from robobrain_ros.commands.running_node import check_name
    from robobrain_ros.console.access import new_token
    from robobrain_ros.console.history import state_folder
    from robobrain_ros.console.server import Server, console
    from robobrain_ros.engines.key_file import read_key
    from robobrain_ros.serving.config import is_loopback

    if chosen.node:
        check_name(chosen.node)
    token = read_key(chosen.token_file, '--token-file') if chosen.token_file else ''
    if not token and not is_loopback(chosen.host):
        token = new_token()
    node = f'/{chosen.node.removeprefix("/")}' if chosen.node else ''
    history = chosen.history or state_folder() / 'console.sqlite'
    with closing(_listen(chosen.host, chosen.port)) as listening:
        port = listening.getsockname()[1]

        def ready() -> None:
            print(f'console: {_address(chosen.host, port, token)}', flush=True)

        with console(history, token, port, node) as door:
            Server(door, listening).serve_until_interrupted(ready)
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """Open the port.

    :raises BadRequest: if it cannot be had
    """
    if not 0 <= port <= 65535:
        raise BadRequest(f'--port is {port}, but must be in 0 .. 65535')
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ':' in host else socket.AF_INET)
    except OSError as error:
        words = (error.strerror or str(error)).split(' (while')[0]
        if (error.errno or 0) < 0 or error.errno == errno.EADDRNOTAVAIL:  # below 0: the name is not known
            mend = '--host must be an address of this machine, such as 127.0.0.1'
        else:
            mend = 'choose another --port, or 0 for any that is free'
        raise BadRequest(f'cannot serve at {host}:{port}: {words}; {mend}') from None


def _address(host: str, port: int, token: str) -> str:
    """Return what to open in a browser; for all addresses of this machine, one with its name."""
    name = socket.gethostname() if host in ('0.0.0.0', '::') else f'[{host}]' if ':' in host else host
    return f'http://{name}:{port}/{f"?token={token}" if token else ""}'
