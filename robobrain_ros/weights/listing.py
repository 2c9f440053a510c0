# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The list of files that a hub gives, checked: a hub or a mirror may be hostile, and names become paths here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from robobrain_ros.errors import BadRequest
from robobrain_ros.weights import manifest
from robobrain_ros.weights.folder import quoted
from robobrain_ros.weights.integrity import PART
from robobrain_ros.weights.manifest import SHA256, entangled, usable_name

MOST_FILES = 10_000
MOST_BYTES = 2**44
"""Bytes of a file: 16 TiB."""


@dataclass(frozen=True)
class ListedFile:
    """A file that a hub has.

    :param name: relative to the folder, with ``/``; it stays inside
    :param size: bytes
    :param sha256: hexadecimal digits; empty where the hub does not tell
    :param git: the sha1 under which git stores it, where the hub tells that instead; else empty
    :param url: where it is
    """

    name: str
    size: int
    sha256: str
    git: str
    url: str


@dataclass(frozen=True)
class Listing:
    """All files of a repository at a revision; ``commit`` is empty where the hub names none."""

    repo: str
    revision: str
    commit: str
    files: tuple[ListedFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def listing(
    hub: str,
    empty: Listing,
    entries: Any,
    fields: Callable[[dict[str, Any]], tuple[Any, Any, Any, Any]],
    url: Callable[[str], str],
) -> Listing:
    """Make a listing of what a hub has answered.

    :param hub: its name, for errors
    :param empty: the listing without its files
    :param entries: what should be a list of objects
    :param fields: gives name, size, sha256 and git's sha1 of one of them, unchecked
    :param url: gives the address of a file by its name
    :raises BadRequest: if a name would lead out of the folder, a number cannot be, or it is no model
    """
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries) or len(entries) > MOST_FILES:
        raise BadRequest(
            f'what {hub} says about {empty.repo} is no list of files; is the mirror in your variables a hub?'
        )
    files = tuple(_file(hub, *fields(one), url) for one in entries)
    files = tuple(sorted((file for file in files if file.name != manifest.FILE), key=lambda file: file.name))
    names = [file.name for file in files]
    if twice := entangled(names):
        raise BadRequest(
            f'{hub} lists {twice!r} in {empty.repo} twice, or as a file and a folder: nothing is downloaded'
        )
    if 'config.json' not in names or not any(name.endswith('.safetensors') for name in names):
        shown = ', '.join(names[:5]) or 'nothing'
        raise BadRequest(f'{empty.repo} on {hub} is no model in safetensors files with a config.json; it holds {shown}')
    return replace(empty, files=files)


def _file(hub: str, name: Any, size: Any, sha256: Any, git: Any, url: Callable[[str], str]) -> ListedFile:
    if not usable_name(name) or name.endswith(PART):
        raise BadRequest(
            f'{hub} lists a file named {quoted(name, 200)}, which is not written: it may lead out of the folder. '
            'Nothing was downloaded; do not trust this repository or mirror'
        )
    if type(size) is not int or not 0 <= size < MOST_BYTES:
        raise BadRequest(f'{hub} says that {name} has {quoted(size)} bytes, which cannot be')
    known = sha256.lower() if isinstance(sha256, str) else ''
    if known and not SHA256.fullmatch(known):
        raise BadRequest(f'{hub} says that the sha256 of {name} is {known[:80]!r}, which cannot be')
    sha1 = git if isinstance(git, str) and len(git) == 40 and not known else ''
    return ListedFile(name, size, known, sha1, url(name))
