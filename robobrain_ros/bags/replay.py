# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain bag replay``: a recording is played to the node, question by question, and the answers are compared."""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock

from robobrain_ros.bags import answers
from robobrain_ros.bags.answers import Record, Tolerance
from robobrain_ros.bags.camera_topics import CameraTopics, find_camera
from robobrain_ros.bags.recording import Recording, decoded
from robobrain_ros.bags.storage import Recorded
from robobrain_ros.commands.local_stack import LocalStack, bring_up_visibly, isolate, ros
from robobrain_ros.commands.output import Rows, Tell, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.msg import Answer
from robobrain_ros.ros.client import Client, NoReply
from robobrain_ros.ros.parameters import BY_NAME
from robobrain_ros.tasks import parse_instruction

DISCOVERY_S = 20.0
"""Longest time until the node has found what is played to it."""
RELIABLE = QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE)
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)

COLUMNS = {'s': 9, 'task': 10, 'instruction': None, 'answer': None}
"""Titles and widths for ``Rows``."""
LONGEST_PAUSE_S = 10.0
"""Longer pauses of a recording are cut down to this."""


class RecordedRequest(NamedTuple):
    """What is asked, and when: nanoseconds since the epoch, on the recording's clock."""

    time: int
    task: str
    instruction: str


class Player:
    """Plays one camera of a recording to a node that uses simulated time.

    Messages go out as they are, with their stamps, in their order and with the recorded pauses; /clock says when each
    was recorded. While a request waits for its answer, nothing is played and /clock stands still. It is sent when the
    next image is due, and is about the last one: so the same image, depth and intrinsics are used each time.

    :param client: of the node; its own node publishes
    """

    def __init__(self, client: Client, recording: Recording, camera: CameraTopics) -> None:
        self._client, self._recording, self._image = client, recording, camera.image
        node = client.node
        self._clock = node.create_publisher(Clock, '/clock', RELIABLE)
        played = camera.played()
        self._kinds = {recorded: kind for recorded, (_, kind) in played.items()}
        self._publishers: dict[str, Publisher[Any]] = {
            recorded: node.create_publisher(kind, f'/{topic}', RELIABLE) for recorded, (topic, kind) in played.items()
        }
        self._heard = [self._clock, *self._publishers.values()]
        for topic in ('/tf', '/tf_static'):
            if recording.topics.get(topic) == 'tf2_msgs/msg/TFMessage':
                self._add_tf(topic)

    def _add_tf(self, topic: str) -> None:
        try:
            from tf2_msgs.msg import TFMessage
        except ImportError:
            print(f'{topic} is not played: tf2_msgs is not installed')
            return
        qos = LATCHED if topic == '/tf_static' else RELIABLE
        self._kinds[topic] = TFMessage
        self._publishers[topic] = self._client.node.create_publisher(TFMessage, topic, qos)

    def play(self, requests: Sequence[RecordedRequest]) -> Iterator[Record]:
        """Play all of it, yielding each answer as it comes. Blocks between them.

        :raises NoReply: the node is not there, or does not answer
        :raises ValueError: the recording is damaged
        """
        self._wait_for_node()
        waiting = sorted(requests)
        before, played = self._recording.span[0], time.monotonic()
        image: Recorded | None = None
        for message in self._recording.messages(self._publishers):
            decoded(message, self._kinds[message.topic])  # what is damaged stays here
            if message.topic == self._image:
                while image and waiting and waiting[0].time < message.time:
                    yield self._ask(waiting.pop(0), image)
                image = message
            pause = min((message.time - before) / 1e9, LONGEST_PAUSE_S)
            time.sleep(max(played + pause - time.monotonic(), 0))
            before, played = message.time, time.monotonic()
            self._clock.publish(Clock(clock=Time(sec=message.time // 10**9, nanosec=message.time % 10**9)))
            self._publishers[message.topic].publish(message.data)
        for request in waiting:
            if image:
                yield self._ask(request, image)

    def _wait_for_node(self) -> None:
        end = time.monotonic() + DISCOVERY_S
        while not all(publisher.get_subscription_count() for publisher in self._heard):
            if time.monotonic() > end:
                names = ', '.join(one.topic_name for one in self._heard if not one.get_subscription_count())
                raise NoReply(f'{self._client.name} does not listen to {names}; does it use simulated time?')
            self._client.executor.spin_once(0.05)

    def _ask(self, request: RecordedRequest, image: Recorded) -> Record:
        stamp = decoded(image, self._kinds[image.topic]).header.stamp
        answer: Answer = self._client.query(request.task, request.instruction, not_before=stamp)
        return answers.to_record(answer, (request.time - self._recording.span[0]) / 1e9)


def requests_of(recording: Recording, asked: Sequence[str]) -> list[RecordedRequest]:
    """Return the recorded instructions, or others at even distances over the recording.

    :param asked: others, written like those on ``~/instruction``; empty: the recorded ones

    :raises BrainError: something that cannot be asked
    :raises ValueError: there are none
    """
    first, behind = recording.span
    texts = recording.instructions()
    if asked:
        texts = [(first + (behind - first) * number // (len(asked) + 1), text) for number, text in enumerate(asked, 1)]
    if not texts:
        raise ValueError("the recording holds no instructions; ask with --ask 'pointing: the red mug'")
    default = str(BY_NAME['default_task'].default)
    return [RecordedRequest(time, *parse_instruction(text, default)) for time, text in texts]


def run(
    path: Path,
    camera: CameraTopics,
    asked: Sequence[str],
    output: Path,
    expected: Path | None,
    tolerance: Tolerance,
    params_file: Path | None,
    tell: Tell = ignore,
) -> int:
    """Start the node, play a recording, write the answers. Blocks.

    :param camera: topics to play, where there are several; else empty
    :param asked: instructions instead of the recorded ones
    :param output: file of the answers
    :param expected: file of answers to compare them with, or None
    :param params_file: ROS file with parameters of the node, or None
    :param tell: takes each answer as it comes, as a line of ``output`` holds it
    :returns: the exit code: 1 where the answers are not the expected ones
    :raises ValueError: a file cannot be used, or would be overwritten; says why, before anything is started
    :raises NoReply: the node does not come up, or does not answer
    """
    recording = Recording(path)
    for warning in recording.warnings:
        print(f'Warning: {warning}', file=sys.stderr)
    camera = find_camera(recording, camera)
    requests = requests_of(recording, asked)
    wanted = answers.read(expected) if expected else None
    if params_file and not params_file.is_file():
        raise ValueError(f'--params-file is {str(params_file)!r}, but must be a file with parameters')
    for name, used in (('--expect', expected), ('--params-file', params_file), ('the recording', path)):
        if used and output.exists() and output.samefile(used):
            raise ValueError(f'--output is {str(output)!r}, but that is {name}: choose another file')
    answers.require_writable(output)
    isolate()  # or a robot that runs here would get the recording's clock, images and frames
    print(f'Playing {camera}')
    with LocalStack() as stack:
        parameters = ['--params-file', str(params_file)] if params_file else ['-p', 'model:=tiny']
        parameters += ['-p', 'use_sim_time:=true', '-p', f'image_transport:={camera.image_transport}']
        parameters += ['-p', f'depth_transport:={camera.depth_transport}']
        stack.start('ros.node', ['--ros-args', *parameters, '--log-level', 'robobrain:=warn'])
        with ros():
            client = Client(Node('robobrain_replay'), check=stack.check)
            bring_up_visibly(client)
            found = []
            table = Rows(COLUMNS)
            with Progress('bag replay', len(requests), 'questions') as progress:
                for record in Player(client, recording, camera).play(requests):
                    table.add(f'{record["time"]:.3f}', record['task'], record['instruction'], _brief(record))
                    tell(record)
                    found.append(record)
                    progress.advance()
            client.close()
    answers.write(output, found)
    print(f'{len(found)} answers: {output}')
    if wanted is None:
        return 0
    said = answers.differences(wanted, found, tolerance)
    print('\n'.join(said) or f'As expected by {expected}')
    return 1 if said else 0


def _brief(record: Record) -> str:
    return str(record['error_message'] or record['text'].replace('\n', ' '))
