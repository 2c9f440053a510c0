# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A recording that is ended before its time: it is complete up to there, or there is none."""

from pathlib import Path
from signal import SIGINT, SIGTERM

import pytest
from commands import Command, commands
from ros_helpers import own_domain
from sensor_msgs.msg import Image

from robobrain_ros.bags.camera_topics import CameraTopics, find_camera
from robobrain_ros.bags.record import Recorder
from robobrain_ros.bags.recording import Recording, decoded
from robobrain_ros.cli import main

SOON = 60.0
LONG = ('bag', 'record', '--seconds', '600', '--output', 'bag')


def is_recorded(command: Command) -> bool:
    return any(path.stat().st_size > 10**6 for path in command.folder.glob('bag/*.mcap'))


@pytest.mark.ros
@pytest.mark.timeout(120)
@pytest.mark.parametrize('number', [SIGINT, SIGTERM])
def test_a_signal_ends_it_with_what_was_recorded(tmp_path, number):
    with own_domain(), commands(tmp_path, 1, *LONG) as (command,):
        command.reaches(is_recorded, SOON)
        command.process.send_signal(number)
        assert command.process.wait(SOON) == 128 + number
        assert command.is_gone(SOON)
    said = [line for line in command.said().splitlines() if 'waiting for the first image' not in line]
    assert len(said) == 1, command.said()
    recording = Recording(command.folder / 'bag')
    assert find_camera(recording, CameraTopics('')) == CameraTopics('/image', '/depth/image', '/camera_info')
    stamps = [decoded(message, Image).header.stamp.sec for message in recording.messages(['/image'])]
    assert stamps


@pytest.mark.ros
@pytest.mark.timeout(120)
def test_without_an_image_nothing_is_left(tmp_path):
    with own_domain(), commands(tmp_path, 1, *LONG) as (command,):
        command.reaches(lambda command: (command.folder / 'bag').exists(), SOON)
        command.process.send_signal(SIGINT)
        assert command.process.wait(SOON) == 130
    bag = command.folder / 'bag'
    assert not bag.exists() or Recording(bag).topics['/image']  # else an image was there before the signal


def recorder(folder: Path) -> Recorder:
    recorder = Recorder(folder)
    recorder.__enter__()
    recorder.add('/image', 'sensor_msgs/msg/Image')
    return recorder


def test_a_recording_that_fails_leaves_nothing(tmp_path):
    failing = recorder(tmp_path / 'bag')
    failing.write('/image', bytes(100))
    failing.__exit__(RuntimeError, RuntimeError('the camera has ended'), None)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_one_has_left_is_explained(tmp_path, monkeypatch, capsys):
    recorder(tmp_path / 'bag')
    monkeypatch.chdir(tmp_path)
    assert main(['bag', 'record', '--output', 'bag']) == 1
    assert capsys.readouterr().err == (
        "robobrain bag record: 'bag' is what a recording left that was killed; bag replay plays what is there. For a "
        'new recording, remove it, or choose another folder\n'
    )
    assert main(['bag', 'replay', 'bag']) == 1
    assert "'bag/bag.mcap' is no rosbag2 recording that can be read: the file is empty" in capsys.readouterr().err
