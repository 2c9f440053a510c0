# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Recordings of compressed images: found without options, and played to a node that is started for them."""

import numpy as np
import pytest
from bag_helpers import BEGIN, scene, write_bag, write_camera_bag
from rclpy.serialization import serialize_message
from ros_helpers import own_domain
from sensor_msgs.msg import CompressedImage, Image

from robobrain_ros.bags import answers, replay
from robobrain_ros.bags.answers import Tolerance
from robobrain_ros.bags.camera_topics import CameraTopics, find_camera
from robobrain_ros.bags.recording import Recording

ANYTHING = CameraTopics('')
RAW, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'
COLOUR = (COMPRESSED, CompressedImage(format='jpeg'))
DEPTH = (COMPRESSED, CompressedImage(format='16UC1; compressedDepth'))
PNG_DEPTH = (COMPRESSED, CompressedImage(format='16UC1; png compressed '))
RAW_COLOUR = (RAW, Image(encoding='rgb8'))
RAW_DEPTH = (RAW, Image(encoding='16UC1'))
MONO = (RAW, Image(encoding='mono16'))


@pytest.fixture
def recording(tmp_path):
    def write(pictures: dict) -> Recording:
        topics = {name: kind for name, (kind, _) in pictures.items()} | {
            '/cam/camera_info': 'sensor_msgs/msg/CameraInfo'
        }
        messages = [(BEGIN, name, serialize_message(message)) for name, (_, message) in pictures.items()]
        messages.append((BEGIN, '/cam/camera_info', bytes(4)))
        return Recording(write_bag(tmp_path / 'bag', topics, messages))

    return write


@pytest.mark.parametrize(
    ('pictures', 'asked', 'found'),
    [
        (
            {'/cam/image/compressed': COLOUR, '/cam/depth/compressedDepth': DEPTH},
            ANYTHING,
            ('/cam/image/compressed', '/cam/depth/compressedDepth', 'compressed', 'compressedDepth'),
        ),
        (
            {'/cam/image/compressed': COLOUR, '/cam/depth/compressed': PNG_DEPTH},
            ANYTHING,
            ('/cam/image/compressed', '/cam/depth/compressed', 'compressed', 'compressedDepth'),
        ),
        (
            {'/cam/image/compressed': COLOUR, '/cam/image': RAW_COLOUR, '/cam/depth/compressedDepth': DEPTH},
            ANYTHING,
            ('/cam/image', '/cam/depth/compressedDepth', 'raw', 'compressedDepth'),
        ),
        (
            {'/cam/image/compressed': COLOUR, '/cam/depth': RAW_DEPTH, '/cam/depth/compressedDepth': DEPTH},
            ANYTHING,
            ('/cam/image/compressed', '/cam/depth', 'compressed', 'raw'),
        ),
        (
            {'/cam/image': RAW_COLOUR, '/cam/depth/image': MONO},
            ANYTHING,
            ('/cam/image', '/cam/depth/image', 'raw', 'raw'),
        ),
        ({'/infra/image': MONO}, ANYTHING, ('/infra/image', '', 'raw', 'raw')),
        (
            {'/cam/image/compressed': COLOUR, '/other/image/compressed': COLOUR},
            CameraTopics('/cam/image'),
            ('/cam/image/compressed', '', 'compressed', 'raw'),
        ),
        (
            {'/cam/image/compressed': COLOUR, '/cam/image': RAW_COLOUR},
            CameraTopics('/cam/image/compressed'),
            ('/cam/image/compressed', '', 'compressed', 'raw'),
        ),
    ],
)
def test_which_topics_are_played(recording, pictures, asked, found):
    image, depth, *transports = found
    assert find_camera(recording(pictures), asked) == CameraTopics(image, depth, '/cam/camera_info', *transports)


@pytest.mark.parametrize(
    ('pictures', 'says'),
    [
        ({'/a/compressed': COLOUR, '/b/compressed': COLOUR}, 'choose by --image: /a/compressed, /b/compressed'),
        ({'/depth/compressedDepth': DEPTH}, f'no colour images of type {RAW} or {COMPRESSED}; it has .*Depth'),
    ],
)
def test_which_are_not(recording, pictures, says):
    with pytest.raises(ValueError, match=says):
        find_camera(recording(pictures), ANYTHING)


def test_it_says_what_is_played(recording):
    camera = find_camera(recording({'/cam/image/compressed': COLOUR, '/cam/depth': RAW_DEPTH}), ANYTHING)
    assert str(camera) == '/cam/image/compressed (compressed), depth /cam/depth, camera_info /cam/camera_info'


@pytest.mark.ros
@pytest.mark.engine
@pytest.mark.timeout(180)
def test_a_compressed_recording_is_answered_with_positions(tmp_path, capsys):
    bag = write_camera_bag(tmp_path / 'bag', 'mcap', compressed=True)
    output = tmp_path / 'answers.jsonl'
    with own_domain():
        assert replay.run(bag, ANYTHING, [], output, None, Tolerance(), None) == 0
    found = answers.read(output)
    assert [(record['error'], record['task']) for record in found] == [('OK', 'pointing'), ('OK', 'grounding')]
    depth = scene().render()[1]
    for record in found:
        (target,) = record['targets']
        u, v = round(target['u']), round(target['v'])
        around = np.median(depth[v - 2 : v + 3, u - 2 : u + 3])
        assert target['position'][2] == pytest.approx(around, abs=0.01)
    assert (
        'Playing /camera/image/compressed (compressed), depth /camera/depth/compressedDepth ('
        in capsys.readouterr().out
    )
