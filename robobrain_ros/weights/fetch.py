# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One file from a hub: into ``FILE.part``, from where it stopped, and under its name only when its digest is right."""

import errno
import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

import httpx

from robobrain_ros.errors import BadRequest
from robobrain_ros.weights.connection import Again, Connection, HubError, Patience
from robobrain_ros.weights.integrity import PART
from robobrain_ros.weights.listing import ListedFile
from robobrain_ros.weights.manifest import CHUNK

ENOUGH = 2**20
"""Bytes that must come beyond all earlier ones so that failures do not count as in a row."""
Advance = Callable[[int], object]
"""Takes the number of bytes that have come since the last call; negative where a file begins anew."""


class Digests:
    """The size and the digests of the bytes that have passed.

    :param file: what they should become
    """

    def __init__(self, file: ListedFile) -> None:
        self._file = file
        self.size = 0
        self._sha256 = hashlib.sha256()
        self._git = hashlib.sha1(f'blob {file.size}\0'.encode(), usedforsecurity=False)

    def update(self, data: bytes) -> None:
        """Take the next bytes."""
        self.size += len(data)
        self._sha256.update(data)
        if self._file.git:
            self._git.update(data)

    @property
    def sha256(self) -> str:
        """Digest of all bytes so far, hexadecimal."""
        return self._sha256.hexdigest()

    def fit(self) -> bool:
        """Tell whether all bytes of the file have passed, and no others, as far as the hub tells."""
        if self.size != self._file.size or (self._file.sha256 and self._file.sha256 != self.sha256):
            return False
        return not self._file.git or self._file.git == self._git.hexdigest()


class Part:
    """A file that is being downloaded, for a ``with`` block; nobody else can write it meanwhile.

    :param path: where it is, or will be
    :param listed: what it will be
    :raises BadRequest: if another process writes it, or it is no regular file
    """

    def __init__(self, path: Path, listed: ListedFile) -> None:
        self._path, self._listed = path, listed
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(path, flags, 0o644)
        except OSError as error:
            raise BadRequest(f"cannot write '{path}': {error.strerror}; remove it if it is a link") from error
        self._file = os.fdopen(descriptor, 'r+b', buffering=0)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BadRequest(f"'{path}' is not a regular file: remove it")
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.digests = Digests(listed)
            self._reread()
        except BlockingIOError as error:
            self._file.close()
            raise BadRequest(f"another download writes '{path}' now: wait until it has ended") from error
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> 'Part':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.digests.size:
            self._path.unlink(missing_ok=True)
        self._file.close()

    def write(self, data: bytes) -> None:
        """Append bytes.

        :raises OSError: if there is no room
        """
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
        self.digests.update(data)

    def restart(self) -> int:
        """Throw away what is there; returns how many bytes that was."""
        lost = self.digests.size
        self._file.truncate(0)
        self._file.seek(0)
        self.digests = Digests(self._listed)
        return lost

    def finish(self, path: Path) -> None:
        """Give it its name, in place of a file that may be there."""
        os.fsync(self._file.fileno())
        os.replace(self._path, path)

    def _reread(self) -> None:
        """Digest what an earlier run has left."""
        if os.fstat(self._file.fileno()).st_size > self._listed.size:
            self._file.truncate(0)
        while chunk := self._file.read(CHUNK):
            self.digests.update(chunk)


def fetch(connection: Connection, file: ListedFile, path: Path, advance: Advance) -> str:
    """Download a file; blocks until it is there. Interrupted, it leaves a part from which the next call goes on.

    :param path: its place; what is there is replaced
    :returns: its sha256
    :raises HubError: if the hub does not give it, or gives something else
    :raises OSError: if it cannot be written
    """
    patience, restarted = Patience(connection.say), False
    with Part(path.with_name(path.name + PART), file) as part:
        furthest = part.digests.size
        while True:
            try:
                if part.digests.size < file.size:
                    _receive(connection, file, part, advance)
                if part.digests.fit():
                    part.finish(path)
                    return part.digests.sha256
            except Again as error:
                if part.digests.size - furthest >= ENOUGH:
                    patience.reset()
                    furthest = part.digests.size
                patience.wait(Again(f'{file.name}: {error}', error.after_s))
                continue
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EDQUOT):
                    words = f"no room is left on the disk of '{path.parent}'; what is there is kept"
                    raise BadRequest(f'{words}: make room, then use the same command') from error
                raise
            digest = part.digests.sha256
            advance(-part.restart())
            if restarted:
                raise HubError(
                    f'{file.name} is not what {connection.hub.name} lists: its sha256 is {digest[:16]}..., not '
                    f'{(file.sha256 or file.git)[:16]}..., twice. It is thrown away; try later, or another mirror'
                )
            restarted = True
            connection.say(f'{file.name}: its sha256 is not the one that {connection.hub.name} lists; once more')


def _receive(connection: Connection, file: ListedFile, part: Part, advance: Advance) -> None:
    """Append what comes to a part, until it is whole.

    :raises Again: if something else comes, or the end too early
    """
    with connection.stream(file.url, part.digests.size) as response:
        if part.digests.size and not _continues(response, part.digests.size, file.size):
            advance(-part.restart())
            if response.status_code != 200:
                raise Again(f'{response.url.host} does not go on where it stopped')
        for chunk in response.iter_raw():  # of no fixed size: what came before a cut is kept
            if part.digests.size + len(chunk) > file.size:
                advance(-part.restart())
                raise Again(f'{response.url.host} gives more than the {file.size} bytes that are listed')
            part.write(chunk)
            advance(len(chunk))
    if part.digests.size < file.size:
        raise Again(f'{response.url.host} gave {part.digests.size} of {file.size} bytes')


def _continues(response: httpx.Response, start: int, size: int) -> bool:
    told = re.fullmatch(r'bytes ([0-9]{1,16})-[0-9]{1,16}/([0-9]{1,16}|\*)', response.headers.get('Content-Range', ''))
    if response.status_code != 206 or not told:
        return False
    return int(told[1]) == start and told[2] in ('*', str(size))
