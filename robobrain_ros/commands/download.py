# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The command ``robobrain download``: a model from a hub, in a folder that can be checked afterwards."""

import argparse
import os
import shlex
import sys
from pathlib import Path
from typing import Any

from robobrain_ros.commands.arguments import WITH_EXAMPLES, takes_files
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.weights import hubs
from robobrain_ros.weights.manifest import HUBS

STEP = 1_000_000
"""Bytes between two steps of the bar: they come in some thousand pieces a second."""
DESCRIPTION = """\
Download a model. Interrupted, or cut off, the same command goes on where it stopped. Each file is compared with the
sha256 that the hub lists before it gets its name, and robobrain_manifest.json beside the files says where they came
from. Only the names of repository, revision and files are sent, and a token if there is one: that of the variables
below, or the one that hf auth login saved."""
EXAMPLES = f"""\
examples:
  robobrain download --to /models/RoboBrain2.5-8B
  robobrain download BAAI/RoboBrain2.5-8B-NV --from huggingface --to /models/RoboBrain2.5-8B-NV

variables, those of the hubs' own clients:
  HTTPS_PROXY, NO_PROXY                     the way out of your network
  HF_ENDPOINT, MODELSCOPE_ENDPOINT          a mirror instead of the hub; also MODELSCOPE_DOMAIN
  HF_TOKEN, MODELSCOPE_API_TOKEN            for repositories with conditions, or private ones
  HF_HUB_OFFLINE                            if it is 1, Hugging Face is not asked

without REPO: {hubs.DEFAULT_REPO}, 17.5 GB

exit codes:
  0    all files are there and right
  1    not all are, and the last line says why; or robobrain model check finds fault with them
  2    the command line is wrong
  130  interrupted by Ctrl-C; what has come is kept"""


def add(commands: Any) -> None:
    """Add the command ``download`` to ``commands``, argparse's subparsers."""
    download = commands.add_parser(
        'download',
        help='download a model from ModelScope or Hugging Face',
        description=DESCRIPTION,
        epilog=EXAMPLES,
        formatter_class=WITH_EXAMPLES,
    )
    download.add_argument('repo', nargs='?', default=hubs.DEFAULT_REPO, metavar='REPO', help='OWNER/NAME on the hub')
    download.add_argument(
        '--from', dest='hub', choices=list(HUBS), default='modelscope', help='the hub (default: %(default)s)'
    )
    folder = download.add_argument(
        '--to', type=Path, required=True, metavar='DIR', help='folder for the files of this model alone'
    )
    takes_files(folder)
    download.add_argument(
        '--revision', default='', metavar='NAME', help="branch, tag or commit (default: the hub's main branch)"
    )
    download.set_defaults(run=_download)


def _download(chosen: argparse.Namespace) -> int:
    try:
        import httpx  # noqa: F401
    except ImportError as error:
        raise RuntimeError('download needs the Python package httpx; pip install httpx') from error
    from robobrain_ros.commands.model import show
    from robobrain_ros.weights import download, integrity
    from robobrain_ros.weights.connection import Connection

    repo, folder = hubs.checked_repo(chosen.repo), chosen.to.expanduser()
    hub = hubs.hub(chosen.hub, os.environ)
    with Connection(hub, repo, hub.revision(chosen.revision), _say) as connection:
        todo = download.plan(connection, folder)
        _say(_words(todo))
        with Progress('download', todo.left / 1e6, 'MB') as progress:
            connection.say = progress.say
            try:
                download.fetch_all(connection, todo, _Bytes(progress))
            except KeyboardInterrupt:
                progress.say('interrupted; what has come is kept, and the same command goes on from there')
                raise
            if todo.missing:
                progress.reach(todo.left / 1e6)
    report = integrity.check(folder)
    show(report, folder)
    if report.whole:
        print(f'\nNext:\n  robobrain doctor --model {shlex.quote(str(folder))}')
    return 0 if report.whole else 1


class _Bytes:
    """Shows how many bytes have come."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done, self._shown = progress, 0, 0

    def __call__(self, size: int) -> None:
        self._done += size
        if abs(self._done - self._shown) >= STEP:
            self._shown = self._done
            self._progress.reach(max(self._done, 0) / 1e6)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _words(todo: Any) -> str:
    listing = todo.listing
    version = f'{listing.revision} ({listing.commit[:12]})' if listing.commit else listing.revision
    words = f'{listing.repo}, {version}: {len(listing.files)} files, {listing.size / 1e6:.1f} MB'
    if not todo.missing:
        return f'{words}; all are there already'
    return f'{words}; {len(todo.there)} are there already, {todo.left / 1e6:.1f} MB are to come'
