# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A recording's files as they are opened: what a part of a recording offers, and a whole one, read by rosbags."""

import importlib.util
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol


class Recorded(NamedTuple):
    """One message as it was recorded."""

    time: int
    """When the recorder got it, nanoseconds since the epoch."""
    topic: str
    data: bytes
    """The message, serialised (CDR)."""


class Part(Protocol):
    """A recording, or one of its files. Nothing is kept open between calls."""

    topics: dict[str, str]
    """Types of the topics that have messages, by their name, such as ``sensor_msgs/msg/Image``."""
    count: int
    """How many messages it has."""
    span: tuple[int, int]
    """Times of the first message and behind the last one, nanoseconds."""

    def messages(self, names: Collection[str]) -> Iterator[Recorded]:
        """Yield all messages on some topics, by their times.

        :raises ValueError: where the file is damaged; what was read before has been given
        """


class WholePart:
    """A rosbag2 folder, or one of its files (.mcap, .db3), that was written to its end.

    :raises ValueError: it is none; says why
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _Reading(path) as reader:
            self.topics = {item.topic: item.msgtype for item in reader.connections if item.msgcount}
            self.count: int = reader.message_count
            self.span: tuple[int, int] = (reader.start_time, reader.end_time)

    def messages(self, names: Collection[str]) -> Iterator[Recorded]:
        """Yield all messages on some topics, by their times.

        :raises ValueError: where the file is damaged; what was read before has been given
        """
        with _Reading(self._path) as reader:
            chosen = [item for item in reader.connections if item.topic in names]
            if chosen:
                for connection, time, data in reader.messages(chosen):
                    yield Recorded(time, connection.topic, bytes(data))


def require_rosbags() -> None:
    """Return if the library that reads and writes recordings is installed.

    :raises RuntimeError: it is not; says how to get it
    """
    if importlib.util.find_spec('rosbags') is None:
        raise RuntimeError('recordings need the Python module rosbags: pip install rosbags')


def unreadable(path: Path, reason: object) -> ValueError:
    """Return the error for a file or folder that is no recording."""
    return ValueError(f'{str(path)!r} is no rosbag2 recording that can be read: {reason}')


class _Reading:
    """An open reader of rosbags; whatever fails inside its ``with`` block is raised as ValueError.

    A damaged file may let any of the libraries below fail, each with exceptions of its own.
    """

    def __init__(self, path: Path) -> None:
        require_rosbags()
        from rosbags.rosbag2 import Reader

        self._path = path
        try:
            self._reader = Reader(path)
            self._reader.open()
        except Exception as error:
            raise unreadable(path, error) from error

    def __enter__(self) -> Any:
        return self._reader

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._reader.close()
        if isinstance(error, Exception):
            raise unreadable(self._path, error) from error
