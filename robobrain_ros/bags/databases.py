# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""SQLite recordings (.db3) that are not whole: refused, with the command that recovers what is there.

SQLite itself notices only some of it: where the last page is cut, it reads zeros.
"""

import shlex
from pathlib import Path

from robobrain_ros.bags.storage import unreadable

SQLITE = b'SQLite format 3\0'
UNFINISHED = ('-wal', '-journal')
"""What stands behind the name of the file for what is not in the database yet."""


def require_whole(path: Path) -> None:
    """Return if a database holds all that its header promises.

    :raises ValueError: it was cut, or its recorder was killed; says how to recover it
    :raises OSError: it cannot be read
    """
    size = path.stat().st_size
    if not size:
        raise unreadable(path, 'the file is empty; its recorder was ended before it wrote anything')
    quoted = shlex.quote(str(path))
    for ending in UNFINISHED:
        rest = path.with_name(path.name + ending)
        if rest.exists() and rest.stat().st_size:
            raise unreadable(
                path,
                f'it is being recorded, or its recorder was killed: {rest.name!r} holds some of it. '
                f"This brings both together: sqlite3 {quoted} 'SELECT count(*) FROM messages'",
            )
    with path.open('rb') as file:
        header = file.read(100)
    if header[: len(SQLITE)] != SQLITE[: len(header)]:
        return  # no database: what opens it says so
    page = int.from_bytes(header[16:18], 'big') or 1
    page = 65536 if page == 1 else page  # the format's way to write it
    pages = int.from_bytes(header[28:32], 'big')
    if len(header) < 100 or size < pages * page or size % page:
        raise unreadable(
            path,
            f'it was cut off after {size} bytes, or its recorder was killed. {_recovery(path, size - size % page)}',
        )


def _recovery(path: Path, whole: int) -> str:
    """Return a sentence with a command that writes the rows up to the damage to a new file.

    Not ``.recover``, which Debian's and Ubuntu's sqlite3 do not have.

    :param whole: bytes of the pages that are wholly there; of another one, SQLite would take the rest for zeros
    """
    if not whole:
        return 'There is nothing to recover'
    pages, recovered = (shlex.quote(str(path.with_name(f'{path.stem}_{what}.db3'))) for what in ('pages', 'recovered'))
    return (
        f'This recovers what is there: head -c {whole} {shlex.quote(str(path))} > {pages}; '
        f"sqlite3 {pages} 'PRAGMA writable_schema=ON' .dump | "
        f"sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 {recovered}"
    )
