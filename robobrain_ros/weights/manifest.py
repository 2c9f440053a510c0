# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where a model's files come from, in ``robobrain_manifest.json`` beside them: hub, repository, revision, digests.

The digest over all is that of ``sha256sum``'s lines, sorted by name, so that a shell can compute it. A manifest is not
signed: it finds what was damaged, and whoever changes files on purpose can change it too.
"""

import hashlib
import json
import os
import re
import shlex
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from robobrain_ros.weights.folder import ModelFolder, Unusable, quoted

FILE = 'robobrain_manifest.json'
MOST_BYTES = 4_000_000
CHUNK = 2**20
"""Bytes that are read at once."""
HUBS = {'modelscope': 'ModelScope', 'huggingface': 'Hugging Face'}
"""Names that commands take, and those that people know."""
SHA256 = re.compile('[0-9a-f]{64}')
REPO = re.compile(r'[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}', re.ASCII)
REVISION = re.compile(r'[\w][\w./-]{0,199}', re.ASCII)
"""A branch, a tag or a commit."""


@dataclass(frozen=True, order=True)
class Entry:
    """One file: its name relative to the folder, with ``/``; its size in bytes; its sha256 in hexadecimal digits."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The origin of a model's files.

    :param hub: one of ``HUBS``
    :param repo: ``OWNER/NAME``
    :param revision: that was asked for, a branch, tag or commit
    :param commit: that the hub named for it; empty where it names none, as ModelScope does
    :param files: all files, sorted by name
    """

    hub: str
    repo: str
    revision: str
    commit: str
    files: tuple[Entry, ...]

    @property
    def digest(self) -> str:
        """sha256 over all files, 64 hexadecimal digits."""
        lines = ''.join(f'{entry.sha256}  {entry.name}\n' for entry in sorted(self.files))
        return hashlib.sha256(lines.encode()).hexdigest()

    def __str__(self) -> str:
        version = f'{self.revision} ({self.commit[:12]})' if self.commit else self.revision
        return f'{self.repo}, {version}, from {HUBS[self.hub]}, sha256 {self.digest[:16]}'

    def command(self, folder: Path) -> str:
        """Return the command that fetches these files again, where they are damaged."""
        words = ['robobrain', 'download', self.repo, '--from', self.hub, '--revision', self.commit or self.revision]
        return shlex.join([*words, '--to', str(folder)])

    def write(self, folder: Path) -> None:
        """Write it into a folder, whole or not at all.

        :raises OSError: if that cannot be done
        """
        text = json.dumps({'version': 1, **asdict(self), 'digest': self.digest}, indent=1)
        with tempfile.TemporaryDirectory(dir=folder, prefix='.robobrain-') as scratch:
            (Path(scratch) / FILE).write_text(text + '\n')
            os.replace(Path(scratch) / FILE, folder / FILE)


def origin(model: Path) -> Manifest | None:
    """Read where the files of a model come from; nothing is compared with them.

    :param model: the folder
    :returns: None if there is no manifest
    :raises ValueError: if there is one that cannot be used
    """
    if not os.path.lexists(model / FILE):
        return None
    fields = ModelFolder(model).json(FILE, MOST_BYTES)
    manifest = _manifest(fields)
    if fields.get('digest') != manifest.digest:
        raise Unusable(f'{FILE} has been changed: its digest is not that of the files it lists')
    return manifest


def known_origin(model: Path) -> str:
    """Say in words where the files of a model come from; empty without a manifest, or with one that cannot be used."""
    try:
        return str(origin(model) or '')
    except ValueError:
        return ''


def usable_name(name: Any) -> bool:
    """Tell whether a file of this name stays inside its folder on any system: relative, without ``..``."""
    if not isinstance(name, str) or not 0 < len(name) <= 500 or not name.isprintable() or '\\' in name:
        return False
    return all(part not in ('', '.', '..') and len(part.encode()) <= 250 for part in name.split('/'))


def entangled(names: list[str]) -> str:
    """Return a name that is there twice, or is a file's and a folder's at once; empty if all is well."""
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    return next((name for name, times in Counter(names).items() if name in folders or times > 1), '')


def verify(folder: ModelFolder, manifest: Manifest, hashed: Callable[[int], object]) -> Iterator[str]:
    """Compare all files with the manifest; reads them in full, which takes a minute for 17 GB on a fast disk.

    :param hashed: called with the number of bytes since the last call
    :returns: a sentence for each file that differs
    """
    for entry in manifest.files:
        try:
            with folder.open(entry.name) as file:
                found = replace(entry, size=os.fstat(file.fileno()).st_size, sha256=sha256(file, hashed))
        except Unusable as error:
            yield str(error)
            continue
        if found.size != entry.size:
            yield f'{entry.name} has {found.size} bytes, but {entry.size} were downloaded'
        elif found != entry:
            yield f'{entry.name} has other content than what was downloaded: its sha256 is {found.sha256[:16]}...'


def sha256(file: BinaryIO, hashed: Callable[[int], object]) -> str:
    """Read a file to its end and return its sha256 in hexadecimal digits.

    :param hashed: called with the number of bytes since the last call
    """
    digest = hashlib.sha256()
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        hashed(len(chunk))
    return digest.hexdigest()


def _manifest(fields: dict[str, Any]) -> Manifest:
    if fields.get('version') != 1:
        raise Unusable(f'{FILE} has version {quoted(fields.get("version"))}, but this package reads version 1')
    listed = fields.get('files')
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise Unusable(f'{FILE} has no list of files')
    files = tuple(Entry(one.get('name'), one.get('size'), one.get('sha256')) for one in listed)
    for entry in files:
        if not (
            usable_name(entry.name)
            and type(entry.size) is int
            and isinstance(entry.sha256, str)
            and SHA256.fullmatch(entry.sha256)
        ):
            raise Unusable(f'{FILE} has a file that cannot be: {quoted(entry, 200)}')
    words = [fields.get(key) for key in ('hub', 'repo', 'revision', 'commit')]
    hub, repo, revision, commit = (word if isinstance(word, str) else '' for word in words)
    if hub not in HUBS or not REPO.fullmatch(repo) or not REVISION.fullmatch(revision):
        raise Unusable(f'{FILE} names no hub, repository and revision that can be, but {quoted(words, 200)}')
    if commit and not REVISION.fullmatch(commit):
        raise Unusable(f'{FILE} names no commit that can be, but {commit[:80]!r}')
    return Manifest(hub, repo, revision, commit, files)
