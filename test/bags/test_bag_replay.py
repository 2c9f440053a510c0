# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A recording is played to the real node with the real (tiny) engine, twice, and damaged ones come to an end."""

import numpy as np
import pytest
from bag_helpers import BEGIN, HZ, SEED, damaged, header_at, scene, write_bag, write_camera_bag
from node_fixtures import SEED as SHOWN
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from robobrain_ros.bags import answers, replay
from robobrain_ros.bags.answers import Tolerance
from robobrain_ros.bags.camera_topics import CameraTopics, find_camera
from robobrain_ros.bags.recording import Recording
from robobrain_ros.bags.replay import Player, requests_of
from robobrain_ros.ros.client import Client, NoReply

pytest_plugins = ('node_fixtures',)
pytestmark = [pytest.mark.ros, pytest.mark.engine]


@pytest.fixture(scope='module')
def bag(tmp_path_factory):
    return write_camera_bag(tmp_path_factory.mktemp('bags') / 'bag', 'mcap')


@pytest.fixture
def listening(active, player, parameters):
    """The node, which now follows /clock and hears no camera but the one that is played."""
    player.disguise, player.with_depth = lambda image: None, False
    parameters(use_sim_time=True)
    yield
    player.disguise, player.with_depth = lambda image: image, True


@pytest.fixture
def replayer(far_context):
    client = Client(Node('replayer', context=far_context))
    yield client
    client.close()
    client.node.destroy_node()


def play(client: Client, path) -> list[answers.Record]:
    recording = Recording(path)
    player = Player(client, recording, find_camera(recording, CameraTopics('')))
    return list(player.play(requests_of(recording, [])))


def test_the_same_recording_gives_the_same_answers(listening, replayer, bag):
    assert SEED == SHOWN, 'else intrinsics of the test camera would be taken for those of the recording'
    first = play(replayer, bag)
    assert [record['error'] for record in first] == ['OK', 'OK'], first
    assert [(record['task'], record['time']) for record in first] == [('pointing', 0.299), ('grounding', 0.499)]
    # asked at 0.3 s and 0.5 s, of five images a second: about those of 0.2 s and 0.4 s
    assert [record['image_stamp'] for record in first] == ['1000000000.200000000', '1000000000.400000000']
    for record in first:
        (target,) = record['targets']
        assert target['status'] == 'OK'
        u, v, z = target['u'], target['v'], target['position'][2]
        around = scene().render()[1][round(v) - 2 : round(v) + 3, round(u) - 2 : round(u) + 3]
        assert z == pytest.approx(np.median(around), abs=0.01)
    assert first[1]['targets'][0]['box']
    again = play(replayer, bag)
    assert answers.differences(first, again, Tolerance(0.001, 0.0001)) == []


def test_a_damaged_recording_ends(listening, replayer, bag, tmp_path):
    cut = damaged(bag, tmp_path, lambda content: content[: len(content) * 2 // 3])
    answered = play(replayer, cut)
    assert [record['error'] for record in answered] == ['OK'] * len(answered)
    assert 1 <= len(answered) <= 2, 'those of the part that can be read'
    broken = serialize_message(Image(header=header_at(BEGIN + 10**9 // HZ), encoding='rgb8', data=bytes(100)))[:60]
    whole = serialize_message(Image(header=header_at(BEGIN), encoding='rgb8', width=1, height=1, step=3, data=bytes(3)))
    messages = [(BEGIN, '/image', whole), (BEGIN + 10**9 // HZ, '/image', broken)]
    recording = Recording(write_bag(tmp_path / 'bag', {'/image': 'sensor_msgs/msg/Image'}, messages))
    player = Player(replayer, recording, find_camera(recording, CameraTopics('')))
    with pytest.raises(ValueError, match="on '/image' of 60 bytes is no Image"):
        list(player.play(requests_of(recording, ['the mug'])))


def test_without_a_node_it_says_who_does_not_listen(far_context, bag, monkeypatch):
    monkeypatch.setattr(replay, 'DISCOVERY_S', 0.5)
    client = Client(Node('lonely', context=far_context, namespace='/elsewhere'), '/elsewhere/robobrain')
    recording = Recording(bag)
    player = Player(client, recording, find_camera(recording, CameraTopics('')))
    player._heard = [client.node.create_publisher(Image, 'image', 1)]  # the real ones are heard by the module's node
    with pytest.raises(NoReply, match='/elsewhere/robobrain does not listen to /elsewhere/image'):
        next(player.play([]))
    client.close()
    client.node.destroy_node()
