# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain bag record``: the simulated camera's topics as a rosbag2 folder (MCAP)."""

import shutil
import time
from functools import partial
from pathlib import Path
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.serialization import serialize_message
from std_msgs.msg import String

from robobrain_ros.bags.storage import require_rosbags
from robobrain_ros.commands.demo import choose
from robobrain_ros.commands.local_stack import LocalStack, isolate, ros
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.commands.stage_line import StageLine
from robobrain_ros.engines.ending import uninterrupted
from robobrain_ros.ros import topics

RATE_HZ = 5.0
FIRST_IMAGE_S = 30.0
"""Longest time until the camera shows its first image."""
INSTRUCTION = f'/{topics.NODE}/{topics.INSTRUCTION}'
TOPICS = {f'/{name}': kind for name, kind in topics.CAMERA.items()}


class Recorder:
    """Writes a rosbag2 folder: complete also where its ``with`` block is interrupted, and none at all if that fails.

    A recording without images counts as none.

    :raises ValueError: there is something at this path already
    """

    def __init__(self, folder: Path) -> None:
        require_rosbags()
        from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
        from rosbags.typesys import Stores, get_typestore

        if folder.is_dir() and list(folder.glob('*.mcap')) and not (folder / 'metadata.yaml').exists():
            raise ValueError(
                f'{str(folder)!r} is what a recording left that was killed; bag replay plays what is there. For a new '
                'recording, remove it, or choose another folder'
            )
        if folder.exists():
            raise ValueError(f'{str(folder)!r} exists; a recording needs a new folder')
        self._folder = folder
        self._writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
        self._writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
        self._types = get_typestore(Stores.ROS2_KILTED)
        self._connections: dict[str, Any] = {}
        self.counts: dict[str, int] = {}
        """How many messages were written, by topic."""

    def __enter__(self) -> 'Recorder':
        try:
            with uninterrupted():
                self._writer.open()
        except KeyboardInterrupt:  # __exit__ will not be called
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        whole = kind is None or issubclass(kind, KeyboardInterrupt)
        with uninterrupted():
            if whole and self.counts.get(f'/{topics.IMAGE}'):
                self._writer.close()
            else:
                self._writer.__exit__(kind, error, trace)
                shutil.rmtree(self._folder, ignore_errors=True)

    def add(self, topic: str, kind: str) -> None:
        """Announce a topic.

        :param kind: type of its messages, such as sensor_msgs/msg/Image
        """
        self._connections[topic] = self._writer.add_connection(topic, kind, typestore=self._types)
        self.counts[topic] = 0

    def write(self, topic: str, data: bytes) -> None:
        """Add a serialised message that came just now."""
        with uninterrupted():
            self._writer.write(self._connections[topic], time.time_ns(), data)
            self.counts[topic] += 1


def run(seconds: float, seed: int, folder: Path) -> int:
    """Record for some seconds, with the demo's questions spread over them; returns the exit code 0. Blocks.

    :param folder: where the recording goes; it must not exist
    :param seed: which table top the simulated camera sees
    :raises ValueError: the folder exists, or ``seconds`` is not positive
    :raises RuntimeError: the camera ends by itself, or shows nothing
    """
    if not 0 < seconds <= 3600:
        raise ValueError(f'--seconds is {seconds:g}, but must be more than 0 and at most 3600')
    isolate()  # or another camera would be recorded as well
    questions = [f'{question.task}: {question.instruction}' for question in choose(seed)]
    with LocalStack() as stack, Recorder(folder) as recorder:  # interrupted, it is closed before processes are ended
        camera = ['--ros-args', '-p', f'seed:={seed}', '-p', f'rate_hz:={RATE_HZ}']
        stack.start('sim.camera', [*camera, '--log-level', 'simulated_camera:=warn'])
        with ros():
            _listen(stack, recorder, questions, seconds)
    print(f'Recorded in {folder}:')
    for topic, number in recorder.counts.items():
        print(f'{number:6} {topic}')
    return 0


def _listen(stack: LocalStack, recorder: Recorder, questions: list[str], seconds: float) -> None:
    node = Node('robobrain_recorder')
    for topic, kind in TOPICS.items():
        recorder.add(topic, f'sensor_msgs/msg/{kind.__name__}')
        node.create_subscription(kind, topic, partial(recorder.write, topic), 10, raw=True)
    recorder.add(INSTRUCTION, 'std_msgs/msg/String')
    _listen_to_tf(node, recorder)
    with StageLine() as line:
        line.show('waiting for the first image of the simulated camera')
        _spin(node, stack, FIRST_IMAGE_S, lambda: bool(recorder.counts[f'/{topics.IMAGE}']))
    if not recorder.counts[f'/{topics.IMAGE}']:
        raise RuntimeError(f'the simulated camera has shown nothing within {FIRST_IMAGE_S:g} s')
    pause = seconds / (len(questions) + 1)
    with Progress('bag record', seconds, 's') as progress:
        for number, question in enumerate(questions, 1):
            _spin(node, stack, pause)
            progress.reach(number * pause)
            recorder.write(INSTRUCTION, serialize_message(String(data=question)))
        _spin(node, stack, pause)
        progress.reach(seconds)
    node.destroy_node()


def _listen_to_tf(node: Node, recorder: Recorder) -> None:
    try:
        from tf2_msgs.msg import TFMessage
    except ImportError:  # there is no wheel of it, and the camera does not publish it then
        return
    recorder.add('/tf_static', 'tf2_msgs/msg/TFMessage')
    latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(TFMessage, '/tf_static', partial(recorder.write, '/tf_static'), latched, raw=True)


def _spin(node: Node, stack: LocalStack, seconds: float, done: Any = lambda: False) -> None:
    end = time.monotonic() + seconds
    while not done() and (left := end - time.monotonic()) > 0:
        rclpy.spin_once(node, timeout_sec=min(left, 0.5))
        stack.check()
