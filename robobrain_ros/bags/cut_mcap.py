# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An MCAP file that was cut off, or whose recorder was killed: its messages up to there.

Such a file lacks the index at its end, without which rosbags reads none. It is read record by record from its beginning
instead (https://mcap.dev/spec). Only what is wholly there counts: a chunk that is cut gives none of its messages.
"""

import heapq
import os
import shlex
import struct
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

from robobrain_ros.bags.storage import Recorded, unreadable

MAGIC = b'\x89MCAP0\r\n'
"""Both the beginning and the end of a file."""
SMALLEST = len(MAGIC) + 29 + len(MAGIC)
"""Bytes of a file with nothing but its footer."""
HEADER, FOOTER, SCHEMA, CHANNEL, MESSAGE, CHUNK, DATA_END = 1, 2, 3, 4, 5, 6, 15
"""Opcodes of records. There is no 0: it stands where the file system made room for data that never came."""
_HEAD = struct.Struct('<BQ')
_MESSAGE = struct.Struct('<HIQQ')
_CHUNK = struct.Struct('<QQQI')


class _Record(NamedTuple):
    opcode: int
    begin: int
    """Where its content begins in the file."""
    length: int
    time: int = 0
    """When its first message was recorded, nanoseconds since the epoch."""


def is_cut(path: Path) -> bool:
    """Whether an MCAP file lacks its end.

    :raises OSError: it cannot be read
    """
    with path.open('rb') as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - len(MAGIC), 0))
        return size < SMALLEST or file.read() != MAGIC


class CutMcap:
    """What is left of an MCAP file; see ``Part``. It is read once, to its end, when this is made.

    :raises ValueError: not one message is wholly there, or it is no recording of ROS 2; says how to recover it
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0
        self.topics: dict[str, str] = {}
        self._schemas = {0: ''}
        self._channels: dict[int, tuple[str, str]] = {}
        self._records: list[_Record] = []
        first, last = 2**64, 0
        with path.open('rb') as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            self._read_to = len(MAGIC) if file.read(len(MAGIC)) == MAGIC else 0
            for record in _whole_records(file, size) if self._read_to else ():
                try:
                    found = self._content(file, record)
                except Exception:  # each of struct, UTF-8 and the decompressors has its own
                    break
                self._read_to = record.begin + record.length
                if found:
                    times = [message.time for message in found]
                    self._records.append(record._replace(time=min(times)))
                    self.count += len(found)
                    first, last = min(first, *times), max(last, *times)
                    self.topics |= {topic: kind for topic, kind in self._channels.values() if topic in _names(found)}
        self.span = (first, last + 1)
        if not self.count:
            raise unreadable(path, self._why_nothing(size))
        self.warning = (
            f'{str(path)!r} was cut off, or its recorder was killed: the first {self.count} messages '
            f'({(last - first) / 1e9:.1f} s) are read, {self._read_to} of {size} bytes. {_recovery(path)}'
        )
        """What was read, and how to recover the file."""

    def messages(self, names: Collection[str]) -> Iterator[Recorded]:
        """Yield the messages on some topics that are wholly there, by their times.

        :raises ValueError: the file has changed since it was opened
        """
        waiting: list[tuple[int, int, Recorded]] = []
        number = 0
        with self._path.open('rb') as file:
            for record in sorted(self._records, key=lambda record: record.time):
                while waiting and waiting[0][0] <= record.time:
                    yield heapq.heappop(waiting)[2]
                try:
                    found = self._content(file, record)
                except Exception as error:
                    raise unreadable(self._path, f'it has changed meanwhile: {error}') from error
                for message in found:
                    if message.topic in names:
                        number += 1  # keeps the order of equal times
                        heapq.heappush(waiting, (message.time, number, message))
        while waiting:
            yield heapq.heappop(waiting)[2]

    def _content(self, file: BinaryIO, record: _Record) -> list[Recorded]:
        """Return a record's messages, and remember the topics that it announces."""
        file.seek(record.begin)
        content = memoryview(file.read(record.length))
        if record.opcode == HEADER and _text(content, 0)[0] != 'ros2':
            raise ValueError('its profile is not ros2')
        if record.opcode != CHUNK:
            return self._item(record.opcode, content)
        inside, found = memoryview(_chunk(content)), []
        while inside:
            opcode, length = _HEAD.unpack_from(inside)
            item, inside = inside[_HEAD.size : _HEAD.size + length], inside[_HEAD.size + length :]
            if len(item) < length:
                raise ValueError('a record is longer than its chunk')
            found += self._item(opcode, item)
        return found

    def _item(self, opcode: int, content: memoryview) -> list[Recorded]:
        if opcode == SCHEMA:
            self._schemas[int.from_bytes(content[:2], 'little')] = _text(content, 2)[0]
        elif opcode == CHANNEL:
            channel, schema = struct.unpack_from('<HH', content)
            topic, behind = _text(content, 4)
            if _text(content, behind)[0] == 'cdr':
                self._channels[channel] = topic, self._schemas[schema]
        elif opcode == MESSAGE:
            channel, _, time, _ = _MESSAGE.unpack_from(content)
            if channel in self._channels:
                return [Recorded(time, self._channels[channel][0], bytes(content[_MESSAGE.size :]))]
        return []

    def _why_nothing(self, size: int) -> str:
        if not size:
            return 'the file is empty; its recorder was ended before it wrote anything'
        return (
            f'none of its {size} bytes belongs to a whole message; it was cut off, or its recorder was killed. '
            f'{_recovery(self._path)}'
        )


def _whole_records(file: BinaryIO, size: int) -> Iterator[_Record]:
    """Yield the records of a file that are wholly there."""
    held: _Record | None = None
    begin = len(MAGIC)
    while True:
        file.seek(begin)
        head = file.read(_HEAD.size)
        if head[:1] == b'\0':
            return  # so the end of the record before may be missing, too
        if held:
            yield held
        if len(head) < _HEAD.size:
            return
        opcode, length = _HEAD.unpack(head)
        begin += _HEAD.size
        if opcode in (FOOTER, DATA_END) or begin + length > size:
            return
        held = _Record(opcode, begin, length)
        begin += length


def _chunk(content: memoryview) -> bytes:
    """Return the records in a chunk, decompressed and compared with its checksum, where it has one."""
    from rosbags.rosbag2.storage_mcap import DECOMPRESSORS  # whichever libraries it has installed

    *_, length, checksum = _CHUNK.unpack_from(content)
    how, behind = _text(content, _CHUNK.size)
    records = DECOMPRESSORS[how](bytes(content[behind + 8 :]), length)
    if len(records) != length or (checksum and crc32(records) != checksum):
        raise ValueError('the chunk is damaged')
    return records


def _text(content: memoryview, begin: int) -> tuple[str, int]:
    """Return a text with its length in front, and where it ends."""
    (length,) = struct.unpack_from('<I', content, begin)
    text = bytes(content[begin + 4 : begin + 4 + length])
    if len(text) < length:
        raise ValueError('a text is longer than its record')
    return text.decode(), begin + 4 + length


def _names(messages: Collection[Recorded]) -> set[str]:
    return {message.topic for message in messages}


def _recovery(path: Path) -> str:
    recovered = path.with_name(f'{path.stem}_recovered.mcap')
    return f'To make a whole file of it: mcap recover {shlex.quote(str(path))} -o {shlex.quote(str(recovered))}'
