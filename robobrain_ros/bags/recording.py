# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A rosbag2 recording of a camera, read. Files are untrusted: whatever is wrong with one ends in a sentence."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rclpy.serialization import deserialize_message
from std_msgs.msg import String

from robobrain_ros.bags.parts import parts_of
from robobrain_ros.bags.storage import Recorded
from robobrain_ros.ros import topics

STRING = 'std_msgs/msg/String'
LATEST = 2**31 * 10**9
"""The end of ROS time, nanoseconds."""


class Recording:
    """A rosbag2 folder, or one of its files (.mcap, .db3). Nothing is kept open between calls.

    Of an MCAP file that was cut, or whose recorder was killed, it has what is there.

    :raises ValueError: it is no such recording; says why
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._parts, warnings = parts_of(path)
        self.warnings: list[str] = warnings
        """A sentence about each thing that is missing, and how to recover it; empty if it is whole."""
        self.topics: dict[str, str] = {topic: kind for part in self._parts for topic, kind in part.topics.items()}
        """Types of the topics that have messages, by their name, such as ``sensor_msgs/msg/Image``."""
        filled = [part.span for part in self._parts if part.count] or [self._parts[0].span]
        self.span: tuple[int, int] = (min(begin for begin, _ in filled), max(end for _, end in filled))
        """Times of the first message and behind the last one, nanoseconds."""

    def messages(self, names: Iterable[str]) -> Iterator[Recorded]:
        """Yield all messages on some topics, in the order in which they were recorded.

        :raises ValueError: where the file is damaged; what was read before has been given
        """
        wanted = set(names)
        for part in self._parts:
            for message in part.messages(wanted):
                if not 0 <= message.time < LATEST:
                    raise ValueError(f'a message on {message.topic!r} has the time {message.time} ns')
                yield message

    def first(self, topic: str, kind: type) -> Any:
        """Return the first message on a topic, deserialised.

        :raises ValueError: there is none, or its bytes are none of this type
        """
        message = next(self.messages([topic]), None)
        if message is None:
            raise ValueError(f'{str(self.path)!r} promises messages on {topic!r}, but holds none')
        return decoded(message, kind)

    def instructions(self) -> list[tuple[int, str]]:
        """Return what was asked on topics called ``instruction``: time in nanoseconds since the epoch, and text."""
        asked = [name for name in self.of(STRING) if name.rpartition('/')[2] == topics.INSTRUCTION]
        return [(message.time, decoded(message, String).data) for message in self.messages(asked)]

    def of(self, kind: str) -> list[str]:
        """Return the names of the topics of a type."""
        return sorted(name for name, found in self.topics.items() if found == kind)

    def contents(self) -> str:
        """Return what it has, in words for an error."""
        listed = ', '.join(f'{name} ({kind})' for name, kind in sorted(self.topics.items()))
        return f'it has {listed}' if listed else 'it has no messages at all'


def decoded(message: Recorded, kind: type) -> Any:
    """Deserialise a recorded message.

    :raises ValueError: its bytes are none of this type
    """
    try:
        return deserialize_message(message.data, kind)
    except Exception as error:  # whatever the middleware raises
        raise ValueError(
            f'a message on {message.topic!r} of {len(message.data)} bytes is no {kind.__name__}: {error}'
        ) from error
