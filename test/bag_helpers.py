"""Small recordings, written with rosbags alone, and ways to damage them."""

import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from builtin_interfaces.msg import Time
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import Header, String

from robobrain_ros.sim.camera_messages import OPTICAL_FRAME, camera_info, image_message
from robobrain_ros.sim.scene import TableTop

SEED = 7
BEGIN = 1_000_000_000 * 10**9
"""In September 2001, nanoseconds: no clock of today is near."""
HZ = 5


def header_at(moment: int) -> Header:
    return Header(stamp=Time(sec=moment // 10**9, nanosec=moment % 10**9), frame_id=OPTICAL_FRAME)


def write_bag(
    folder: Path,
    topics: Mapping[str, str],
    messages: Iterable[tuple[int, str, bytes]],
    more_types: Mapping[str, Any] | None = None,
    storage: str = 'mcap',
) -> Path:
    """
    :param topics: type by name
    :param messages: time, topic and content
    """
    types = get_typestore(Stores.ROS2_KILTED)
    types.register(dict(more_types or {}))
    with Writer(folder, version=9, storage_plugin=StoragePlugin[storage.upper()]) as writer:
        connections = {name: writer.add_connection(name, kind, typestore=types) for name, kind in topics.items()}
        for moment, name, data in messages:
            writer.write(connections[name], moment, data)
    return folder


@cache
def scene() -> TableTop:
    return TableTop(SEED)


def write_camera_bag(folder: Path, storage: str) -> Path:
    """Nearly a second of the simulated camera under names of its own, and two instructions."""
    rgb, depth = scene().render()
    messages = []
    for number in range(HZ):
        stamp = BEGIN + number * 10**9 // HZ
        for delay, topic, message in (
            (1, '/camera/image', image_message(rgb, 'rgb8')),
            (2, '/camera/depth', image_message(depth, '32FC1')),
            (3, '/camera/camera_info', camera_info(scene().view)),
        ):
            message.header = header_at(stamp)
            messages.append((stamp + delay * 10**6, topic, serialize_message(message)))
    for moment, words in ((0.3, 'the red plate'), (0.5, 'grounding: the red plate')):
        data = serialize_message(String(data=words))
        messages.append((BEGIN + int(moment * 1e9), '/robobrain/instruction', data))
    image, info = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CameraInfo'
    topics = {'/camera/image': image, '/camera/depth': image, '/camera/camera_info': info}
    return write_bag(
        folder, {**topics, '/robobrain/instruction': 'std_msgs/msg/String'}, sorted(messages), storage=storage
    )


def damaged(bag: Path, parent: Path, change: Callable[[bytes], bytes]) -> Path:
    """A copy whose data are changed, its metadata not."""
    copy = parent / 'copy'
    shutil.copytree(bag, copy)
    for path in copy.iterdir():
        if path.suffix in ('.mcap', '.db3'):
            path.write_bytes(change(path.read_bytes()))
    return copy
