# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A model from a hub into a folder: what is there is kept, the rest is fetched, and a manifest says what it is."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from robobrain_ros.errors import BadRequest
from robobrain_ros.weights import manifest
from robobrain_ros.weights.connection import Connection
from robobrain_ros.weights.fetch import Advance, Digests, fetch
from robobrain_ros.weights.folder import ModelFolder, Unusable
from robobrain_ros.weights.integrity import PART
from robobrain_ros.weights.listing import ListedFile, Listing
from robobrain_ros.weights.manifest import CHUNK, Entry, Manifest

SPARE = 200_000_000
"""Bytes of the disk that stay free."""


@dataclass(frozen=True)
class Plan:
    """What is to be downloaded.

    :param there: files that the folder has already, with the right digests
    :param missing: the others
    :param left: bytes of them that have not come yet
    """

    folder: Path
    listing: Listing
    there: tuple[Entry, ...]
    missing: tuple[ListedFile, ...]
    left: int


def plan(connection: Connection, folder: Path) -> Plan:
    """Compare a folder with what the hub has, and check the room on the disk; reads the files that are there already.

    :param folder: made if it is not there
    :raises BadRequest: if it holds another model, cannot be written, or has no room
    :raises HubError: if the hub gives no list
    """
    known = _origin(folder)
    if known and known.repo != connection.repo:
        raise BadRequest(f"'{folder}' holds {known.repo}, not {connection.repo}: give each model a folder of its own")
    listing = connection.listing()
    folder.mkdir(parents=True, exist_ok=True)
    there, missing, left = [], [], 0
    for file in listing.files:
        path = place(folder, file.name)
        if digest := _right(folder, file, connection.say):
            there.append(Entry(file.name, file.size, digest))
        else:
            missing.append(file)
            part = path.with_name(path.name + PART)
            begun = part.lstat().st_size if os.path.lexists(part) else 0
            left += file.size - begun if begun <= file.size else file.size
    free = shutil.disk_usage(folder).free
    if missing and left + SPARE > free:
        raise BadRequest(
            f"{_gb(left)} are to come into '{folder}', where {_gb(free)} are free "
            f'({_gb(SPARE)} stay free): make room, or choose a folder on another disk'
        )
    return Plan(folder, listing, tuple(there), tuple(missing), left)


def fetch_all(connection: Connection, todo: Plan, advance: Advance) -> Manifest:
    """Fetch what is missing, one file after the other, and write the manifest; blocks until all is there.

    :param advance: called with the number of bytes since the last call
    :raises HubError: if the hub does not give a file, or gives something else
    :raises BadRequest: if a file cannot be written
    """
    if todo.missing:
        (todo.folder / manifest.FILE).unlink(missing_ok=True)  # it is not true until all is there
    entries = list(todo.there)
    for file in todo.missing:
        path = place(todo.folder, file.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        entries.append(Entry(file.name, file.size, fetch(connection, file, path, advance)))
    listing = todo.listing
    made = Manifest(connection.hub.key, listing.repo, listing.revision, listing.commit, tuple(sorted(entries)))
    made.write(todo.folder)
    return made


def place(folder: Path, name: str) -> Path:
    """Return where a file goes.

    :param name: one that ``usable_name`` takes
    :raises BadRequest: if a link among its folders leads out of ``folder``
    """
    path = folder / name
    if not path.parent.resolve().is_relative_to(folder.resolve()):
        raise BadRequest(f"'{path.parent}' is a link out of '{folder}': nothing is written there; remove it")
    return path


def _origin(folder: Path) -> Manifest | None:
    try:
        return manifest.origin(folder)
    except ValueError:  # it is made anew
        return None


def _right(folder: Path, file: ListedFile, say: Callable[[str], object]) -> str:
    """Return the sha256 of a file that is there and right; empty if it is not, or the hub tells no digest."""
    if not (file.sha256 or file.git):
        return ''
    digests = Digests(file)
    try:
        with ModelFolder(folder).open(file.name) as opened:
            if os.fstat(opened.fileno()).st_size != file.size:
                return ''
            if file.size > 1e9:
                say(f'{file.name} is there; comparing its sha256')
            while chunk := opened.read(CHUNK):
                digests.update(chunk)
    except Unusable:
        return ''
    return digests.sha256 if digests.fit() else ''


def _gb(size: int) -> str:
    return f'{size / 1e9:.1f} GB' if size >= 1e8 else f'{size / 1e6:.1f} MB'
