# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A rosbag2 recording of a camera, read. Files are untrusted: whatever is wrong with one ends in a sentence."""

import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import String

from robobrain_ros.ros import topics

IMAGE, CAMERA_INFO, STRING = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CameraInfo', 'std_msgs/msg/String'
LATEST = 2**31 * 10**9
"""The end of ROS time, nanoseconds."""
DEPTH_ENCODINGS = ('16UC1', '32FC1')
"""How the pixels of depth images are encoded (REP-118)."""


class Recorded(NamedTuple):
    """One message as it was recorded."""

    time: int
    """When the recorder got it, nanoseconds since the epoch."""
    topic: str
    data: bytes
    """The message, serialised (CDR)."""


@dataclass(frozen=True)
class CameraTopics:
    """Names of one camera's topics in a recording; empty where there is none."""

    image: str
    depth_image: str = ''
    camera_info: str = ''


class Recording:
    """A rosbag2 folder, or one of its files (.mcap, .db3). Nothing is kept open between calls.

    :raises ValueError: it is no such recording; says why
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with _Reading(path) as reader:
            self.topics: dict[str, str] = {item.topic: item.msgtype for item in reader.connections if item.msgcount}
            """Types of the topics that have messages, by their name, such as ``sensor_msgs/msg/Image``."""
            self.span: tuple[int, int] = (reader.start_time, reader.end_time)
            """Times of the first message and behind the last one, nanoseconds."""

    def messages(self, names: Iterable[str]) -> Iterator[Recorded]:
        """Yield all messages on some topics, in the order in which they were recorded.

        :raises ValueError: where the file is damaged; what was read before has been given
        """
        wanted = set(names)
        with _Reading(self._path) as reader:
            chosen = [item for item in reader.connections if item.topic in wanted]
            if chosen:
                for connection, time, data in reader.messages(chosen):
                    if not 0 <= time < LATEST:
                        raise ValueError(f'a message on {connection.topic!r} has the time {time} ns')
                    yield Recorded(time, connection.topic, bytes(data))

    def camera(self, asked: CameraTopics) -> CameraTopics:
        """Return the camera's topics: those that were asked for, and for the others the only ones that can be meant.

        :raises ValueError: topics that are not there or of another type; several that could be meant;
            or one for both kinds of images
        """
        for option, name, kind in (
            ('--image', asked.image, IMAGE),
            ('--depth-image', asked.depth_image, IMAGE),
            ('--camera-info', asked.camera_info, CAMERA_INFO),
        ):
            if name and self.topics.get(name) != kind:
                raise ValueError(f'{option} is {name!r}, but must be a topic of type {kind}; {self._contents()}')
        colour: list[str] = []
        depth: list[str] = []
        for name in self._of(IMAGE):
            (depth if self._encoding(name) in DEPTH_ENCODINGS else colour).append(name)
        if not (asked.image or colour):
            raise ValueError(f'{str(self._path)!r} has no colour images of type {IMAGE}; {self._contents()}')
        image = asked.image or _only('--image', colour)
        depth_image = asked.depth_image or _only('--depth-image', depth)
        if image == depth_image:
            raise ValueError(f'--image and --depth-image are both {image!r}, but must differ; {self._contents()}')
        beside = f'{image.rpartition("/")[0]}/{topics.CAMERA_INFO}'  # where image_transport expects it
        infos = self._of(CAMERA_INFO)
        return CameraTopics(
            image,
            depth_image,
            asked.camera_info or (beside if beside in infos else _only('--camera-info', infos)),
        )

    def instructions(self) -> list[tuple[int, str]]:
        """Return what was asked on topics called ``instruction``: time in nanoseconds since the epoch, and text."""
        asked = [name for name in self._of(STRING) if name.rpartition('/')[2] == topics.INSTRUCTION]
        return [(message.time, decoded(message, String).data) for message in self.messages(asked)]

    def _of(self, kind: str) -> list[str]:
        return sorted(name for name, found in self.topics.items() if found == kind)

    def _encoding(self, topic: str) -> str:
        first = next(self.messages([topic]), None)
        if first is None:
            raise ValueError(f'{str(self._path)!r} promises messages on {topic!r}, but holds none')
        return str(decoded(first, Image).encoding)

    def _contents(self) -> str:
        listed = ', '.join(f'{name} ({kind})' for name, kind in sorted(self.topics.items()))
        return f'it has {listed}' if listed else 'it has no messages at all'


def require_rosbags() -> None:
    """Return if the library that reads and writes recordings is installed.

    :raises RuntimeError: it is not; says how to get it
    """
    if importlib.util.find_spec('rosbags') is None:
        raise RuntimeError('recordings need the Python module rosbags: pip install rosbags')


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


def _only(option: str, names: list[str]) -> str:
    if len(names) > 1:
        raise ValueError(f'several topics can be meant; choose by {option}: {", ".join(names)}')
    return names[0] if names else ''


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
            raise self._unreadable(error) from error

    def __enter__(self) -> Any:
        return self._reader

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._reader.close()
        if isinstance(error, Exception):
            raise self._unreadable(error) from error

    def _unreadable(self, error: Exception) -> ValueError:
        return ValueError(f'{str(self._path)!r} is no rosbag2 recording that can be read: {error}')
