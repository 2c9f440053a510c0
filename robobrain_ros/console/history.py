# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The questions that were answered, with their pictures: a bounded SQLite file in the user's state directory."""

import json
import logging
import os
import sqlite3
import threading
import time
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

_log = logging.getLogger(__name__)

MOST = 500
"""Questions that are kept."""
MOST_BYTES = 256 << 20
"""Bytes of all pictures that are kept."""
PATIENCE_S = 5.0
"""So long another console may hold the file, seconds."""
PAGE = 60
"""Most questions that one page of the list has."""
_TABLE = """
CREATE TABLE IF NOT EXISTS questions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, asked REAL NOT NULL, summary TEXT NOT NULL, record TEXT NOT NULL,
    picture BLOB, thumbnail BLOB, size INTEGER NOT NULL)
"""
_SUMMARY = ('task', 'instruction', 'code', 'node', 'camera')


def state_folder() -> Path:
    """Return where this user's programs keep what they remember: ``$XDG_STATE_HOME/robobrain_ros``."""
    named = os.environ.get('XDG_STATE_HOME', '')
    base = Path(named) if named.startswith('/') else Path.home() / '.local' / 'state'
    return base / 'robobrain_ros'


class History:
    """Keeps records and their pictures; the oldest go when there are too many. Safe in all threads.

    :param file: is made where it is not there; one that SQLite cannot read is put aside
    :param most: records that are kept
    :param most_bytes: of all records and pictures together
    :raises OSError: if its folder cannot be made
    """

    def __init__(self, file: Path, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._most_bytes = most, most_bytes
        self._lock = threading.Lock()
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)  # pictures of somebody's rooms
        try:
            self._base = _open(file)
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # locked, or not ours to write: the file itself is sound
                raise OSError(f"cannot use '{file}': {error}") from error
            aside = file.with_name(f'{file.name}.{time.time_ns()}.broken')
            _log.warning("'%s' is no history (%s): it is now '%s'", file, error, aside)
            file.rename(aside)
            self._base = _open(file)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def add(self, record: dict[str, Any], picture: bytes | None, thumbnail: bytes | None) -> int:
        """Keep a record; returns its number.

        :param record: what JSON can hold; ``asked_at`` is its time, seconds since 1970
        :param picture: JPEG, and a small one of it
        """
        summary = json.dumps({name: record.get(name) for name in _SUMMARY}, ensure_ascii=False)
        text = json.dumps(record, ensure_ascii=False).encode('utf-8', 'replace').decode()
        row = (float(record['asked_at']), summary, text, picture, thumbnail)
        size = len(text) + len(picture or b'') + len(thumbnail or b'')
        with self._lock, self._base:
            insert = (
                'INSERT INTO questions (asked, summary, record, picture, thumbnail, size) VALUES (?, ?, ?, ?, ?, ?)'
            )
            number = int(self._base.execute(insert, (*row, size)).lastrowid or 0)
            self._shorten()
        return number

    def _shorten(self) -> None:
        """Remove the oldest ones, until neither there are too many nor they are too large; the newest stays."""
        keep = 0
        total = 0
        for size, _ in self._base.execute('SELECT size, number FROM questions ORDER BY number DESC'):
            total += size
            if keep and (keep >= self._most or total > self._most_bytes):
                break
            keep += 1
        self._base.execute(
            'DELETE FROM questions WHERE number NOT IN (SELECT number FROM questions ORDER BY number DESC LIMIT ?)',
            (keep,),
        )

    def page(self, before: int | None = None) -> list[dict[str, Any]]:
        """Return the newest records in short, newest first.

        :param before: only those with smaller numbers; None: from the newest on
        """
        query = (
            'SELECT number, asked, summary, thumbnail IS NOT NULL FROM questions WHERE number < ? '
            'ORDER BY number DESC LIMIT ?'
        )
        with self._lock:
            rows = self._base.execute(query, (2**62 if before is None else before, PAGE)).fetchall()
        return [
            {'number': number, 'asked_at': asked, 'thumbnail': bool(seen), **json.loads(summary)}
            for number, asked, summary, seen in rows
        ]

    def record(self, number: int) -> dict[str, Any] | None:
        """Return a record; None if there is none of this number."""
        with self._lock:
            row = self._base.execute('SELECT record FROM questions WHERE number = ?', (number,)).fetchone()
        return json.loads(row[0]) if row else None

    def picture(self, number: int, *, small: bool = False) -> bytes | None:
        """Return the picture that a question was about, or the small one, as JPEG; None if there is none."""
        column = 'thumbnail' if small else 'picture'
        with self._lock:
            row = self._base.execute(f'SELECT {column} FROM questions WHERE number = ?', (number,)).fetchone()
        return row[0] if row else None

    def remove(self, number: int | None = None) -> int:
        """Forget one question, or all of them; returns how many there were."""
        with self._lock, self._base:
            if number is None:
                return self._base.execute('DELETE FROM questions').rowcount
            return self._base.execute('DELETE FROM questions WHERE number = ?', (number,)).rowcount

    def export(self, to: BinaryIO) -> None:
        """Write all questions, oldest first, as a zip: ``answers.jsonl``, one record a line, and ``pictures/``."""
        with self._lock:
            numbers = [number for (number,) in self._base.execute('SELECT number FROM questions ORDER BY number')]
        with zipfile.ZipFile(to, 'w') as archive:  # JPEG does not get smaller
            lines = []
            for number in numbers:
                if (record := self.record(number)) is None:
                    continue  # it went meanwhile
                if picture := self.picture(number):
                    record['picture'] = f'pictures/{number:06}.jpg'
                    archive.writestr(record['picture'], picture)
                lines.append(json.dumps({'number': number, **record}, ensure_ascii=False))
            text = '\n'.join([*lines, '']).encode('utf-8', 'replace')
            archive.writestr('answers.jsonl', text, zipfile.ZIP_DEFLATED)


def _open(file: Path) -> sqlite3.Connection:
    base = sqlite3.connect(file, timeout=PATIENCE_S, check_same_thread=False)
    try:
        file.chmod(0o600)
        base.execute('PRAGMA journal_mode = WAL')  # two consoles of one user may share it
        base.execute('PRAGMA synchronous = NORMAL')
        base.execute(_TABLE)
        base.execute('SELECT count(size) FROM questions').fetchone()
    except BaseException:
        base.close()
        raise
    return base
