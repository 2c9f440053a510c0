# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Recordings: read, damaged, recorded; and answers as JSON lines. Playing one to the node is in test_bag_replay.py."""

import json
import os
import random
from pathlib import Path

import numpy as np
import pytest
from bag_helpers import BEGIN, HZ, damaged, header_at, write_bag, write_camera_bag
from rclpy.node import Node
from rclpy.serialization import serialize_message
from robobrain_ros.msg import Answer, PlanStep, Target
from ros_helpers import own_domain, ros, spinning
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header, String

from robobrain_ros.bags import answers, replay
from robobrain_ros.bags.answers import Tolerance
from robobrain_ros.bags.camera_topics import CameraTopics, find_camera
from robobrain_ros.bags.record import run as record
from robobrain_ros.bags.recording import Recording, decoded
from robobrain_ros.bags.replay import requests_of
from robobrain_ros.cli import main
from robobrain_ros.commands.demo import choose
from robobrain_ros.errors import BrainError

ANYTHING = CameraTopics('')
STRING, IMAGE = 'std_msgs/msg/String', 'sensor_msgs/msg/Image'


@pytest.fixture(scope='module', params=['mcap', 'sqlite3'])
def bag(request, tmp_path_factory) -> Path:
    return write_camera_bag(tmp_path_factory.mktemp('bags') / 'bag', request.param)


@pytest.fixture(scope='module')
def mcap(tmp_path_factory) -> Path:
    return write_camera_bag(tmp_path_factory.mktemp('bags') / 'bag', 'mcap')


def text(words: str) -> bytes:
    return serialize_message(String(data=words))


def picture(encoding: str, moment: int) -> bytes:
    size = {'rgb8': 3, '16UC1': 2}[encoding]
    message = Image(header=header_at(moment), width=2, height=1, encoding=encoding, step=2 * size, data=bytes(2 * size))
    return serialize_message(message)


# --- reading ----------------------------------------------------------------------------------------------------------
def test_a_recording_is_read_as_it_was_written(bag):
    recording = Recording(bag)
    assert recording.topics == {
        '/camera/image': IMAGE,
        '/camera/depth': IMAGE,
        '/camera/camera_info': 'sensor_msgs/msg/CameraInfo',
        '/robobrain/instruction': STRING,
    }
    camera = find_camera(recording, ANYTHING)
    assert camera == CameraTopics('/camera/image', '/camera/depth', '/camera/camera_info')
    heard = list(recording.messages([camera.image, camera.camera_info]))
    assert [message.time for message in heard] == sorted(message.time for message in heard)
    images = [decoded(message, Image) for message in heard if message.topic == camera.image]
    assert [image.header.stamp.nanosec for image in images] == [10**9 // HZ * number for number in range(len(images))]
    assert {image.encoding for image in images} == {'rgb8'}
    info = decoded(next(recording.messages([camera.camera_info])), CameraInfo)
    assert (info.width, info.height) == (images[0].width, images[0].height)
    assert [question[1:] for question in requests_of(recording, [])] == [
        ('pointing', 'the red plate'),
        ('grounding', 'the red plate'),
    ]


def test_one_file_of_it_will_do(bag):
    (file,) = [path for path in bag.iterdir() if path.suffix in ('.mcap', '.db3')]
    assert Recording(file).topics == Recording(bag).topics


def test_other_questions_are_spread_over_it(mcap):
    recording = Recording(mcap)
    first, behind = recording.span
    asked = requests_of(recording, ['the mug', 'planning: tidy up', 'mission: tidy up'])
    assert [question.task for question in asked] == ['pointing', 'planning', 'mission']
    assert np.diff([first, *(question.time for question in asked), behind]) == pytest.approx(
        (behind - first) / 4, abs=2
    )
    with pytest.raises(BrainError, match='empty'):
        requests_of(recording, ['grounding:  '])


@pytest.mark.parametrize(
    ('topics', 'asked', 'says'),
    [
        ({'/words': (STRING, text('hello'))}, ANYTHING, r'no colour images .* it has /words \(std_msgs/msg/String\)'),
        ({}, ANYTHING, 'no messages at all'),
        ({'/depth': (IMAGE, picture('16UC1', 0))}, ANYTHING, 'no colour images'),
        (
            {'/left': (IMAGE, picture('rgb8', 0)), '/right': (IMAGE, picture('rgb8', 0))},
            ANYTHING,
            'choose by --image: /left, /right',
        ),
        ({'/left': (IMAGE, picture('rgb8', 0))}, CameraTopics('/middle'), "--image is '/middle'.* it has /left"),
        ({'/left': (IMAGE, picture('rgb8', 0))}, CameraTopics('', '', '/left'), '--camera-info is'),
        ({'/left': (IMAGE, picture('rgb8', 0))}, CameraTopics('/left', '/left'), "are both '/left', but must differ"),
        ({'/depth': (IMAGE, picture('16UC1', 0))}, CameraTopics('/depth'), "are both '/depth', but must differ"),
        ({'/left': (IMAGE, text('no image'))}, ANYTHING, "on '/left' of .* bytes is no Image"),
    ],
)
def test_topics_that_do_not_fit_are_told(tmp_path, topics, asked, says):
    write_bag(
        tmp_path / 'bag',
        {name: kind for name, (kind, _) in topics.items()},
        [(BEGIN, name, data) for name, (_, data) in topics.items()],
    )
    with pytest.raises(ValueError, match=says):
        find_camera(Recording(tmp_path / 'bag'), asked)


def test_the_one_of_two_that_was_asked_for(tmp_path):
    write_bag(
        tmp_path / 'bag',
        {'/left': IMAGE, '/right': IMAGE},
        [(BEGIN, name, picture('rgb8', 0)) for name in ('/left', '/right')],
    )
    recording = Recording(tmp_path / 'bag')
    assert find_camera(recording, CameraTopics('/right')) == CameraTopics('/right')
    with pytest.raises(ValueError, match='no instructions; ask with --ask'):
        requests_of(recording, [])


def test_an_unknown_type_is_no_obstacle(tmp_path):
    from rosbags.typesys import get_types_from_msg

    own = get_types_from_msg('uint8 a', 'factory_msgs/msg/Gauge')
    write_bag(
        tmp_path / 'bag',
        {'/gauge': 'factory_msgs/msg/Gauge', '/left': IMAGE},
        [
            (BEGIN, '/gauge', b'\x00\x01\x00\x00\x07'),
            (BEGIN, '/left', picture('rgb8', 0)),
        ],
        own,
    )
    assert find_camera(Recording(tmp_path / 'bag'), ANYTHING).image == '/left'


# --- damage -----------------------------------------------------------------------------------------------------------
def read_all(path: Path) -> int:
    recording = Recording(path)
    find_camera(recording, ANYTHING)
    return sum(1 for _ in recording.messages(recording.topics)) + len(recording.instructions())


@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_mutated_recordings_are_read_or_refused(tmp_path, storage, fuzz, counted):
    """Small messages, so that the damage is where the structure is."""
    messages = [(BEGIN, '/image', picture('rgb8', 0)), (BEGIN + 1, '/instruction', text('the mug'))]
    bag = write_bag(tmp_path / 'bag', {'/image': IMAGE, '/instruction': STRING}, messages, storage=storage)
    dice = random.Random(3)
    outcomes: set[int | str] = set()

    def mutate(content: bytes) -> bytes:
        changed = bytearray(content)
        for _ in range(dice.randrange(1, 10)):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        return bytes(changed)

    for number in counted(range(40 * fuzz), 40 * fuzz):
        try:
            outcomes.add(read_all(damaged(bag, tmp_path / str(number), mutate)))
        except ValueError:
            outcomes.add('refused')
    assert {2 + 1, 'refused'} <= outcomes, 'two messages, one of them an instruction'


@pytest.mark.parametrize('name', ['nowhere', 'words.txt', 'empty'])
def test_what_is_no_recording_is_told(tmp_path, name):
    (tmp_path / 'words.txt').write_text('hello')
    (tmp_path / 'empty').mkdir()
    with pytest.raises(ValueError, match=f'{name}.*is no rosbag2 recording that can be read: .'):
        Recording(tmp_path / name)


# --- recording --------------------------------------------------------------------------------------------------------
@pytest.mark.ros
def test_the_simulated_camera_is_recorded(tmp_path):
    """It alone, although another one shows images in the user's domain."""
    with own_domain(), ros() as context:
        other = Node('other_camera', context=context)
        publisher = other.create_publisher(Image, '/image', 5)
        other.create_timer(0.1, lambda: publisher.publish(Image(header=Header(frame_id='elsewhere'))))
        with spinning(other):
            assert record(1.5, 7, tmp_path / 'bag') == 0
    recording = Recording(tmp_path / 'bag')
    assert find_camera(recording, ANYTHING) == CameraTopics('/image', '/depth/image', '/camera_info')
    images = [decoded(message, Image) for message in recording.messages(['/image'])]
    assert len(images) >= 4
    assert {(image.encoding, image.header.frame_id) for image in images} == {('rgb8', 'camera_color_optical_frame')}
    first, behind = recording.span
    assert 1 < (behind - first) / 1e9 < 10
    asked = [(question.task, question.instruction) for question in requests_of(recording, [])]
    assert asked == [(question.task, question.instruction) for question in choose(7)]


@pytest.mark.parametrize(('seconds', 'says'), [(0, '--seconds is 0'), (5, 'needs a new folder')])
def test_what_cannot_be_recorded(tmp_path, seconds, says):
    with pytest.raises(ValueError, match=says):
        record(seconds, 7, tmp_path)


# --- answers ----------------------------------------------------------------------------------------------------------
def an_answer() -> Answer:
    target = Target(u=10.0, v=20.0, status=Target.STATUS_OK, model_depth=float('nan'))
    target.position.x, target.position.z = 0.1, 0.8
    lost = Target(u=1.0, v=2.0, has_box=True, u_max=5.0, status=Target.STATUS_NO_DEPTH, model_depth=0.5)
    lost.position.x = float('nan')
    step = PlanStep(action='pick', description='pick the cup', status=PlanStep.GROUNDED, targets=[target])
    return Answer(task='mission', instruction='tidy up', targets=[target, lost], steps=[step])


def test_records_survive_the_file(tmp_path):
    found = [answers.to_record(an_answer(), 1.23456)]
    answers.write(tmp_path / 'a.jsonl', found)
    again = answers.read(tmp_path / 'a.jsonl')
    assert again == found
    assert again[0]['time'] == 1.235
    assert [target['position'] for target in again[0]['targets']] == [[0.1, 0.0, 0.8], None]
    assert [target['box'] for target in again[0]['targets']] == [None, [0.0, 0.0, 5.0, 0.0]]
    assert again[0]['steps'][0]['status'] == 'GROUNDED'
    assert answers.differences(again, found, Tolerance(0, 0)) == []


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        (lambda answer: setattr(answer.targets[0], 'u', 11.9), None),
        (lambda answer: setattr(answer.targets[0], 'u', 12.1), ['targets[0].u is 12.1, and was 10.0']),
        (lambda answer: setattr(answer.targets[1], 'u_max', 8.0), ['targets[1].box[2] is 8.0, and was 5.0']),
        (lambda answer: setattr(answer.targets[0].position, 'z', 0.809), None),
        (
            lambda answer: setattr(answer.targets[0].position, 'z', 0.82),
            ['targets[0].position[2] is 0.82, and was 0.8'],
        ),
        (lambda answer: setattr(answer.targets[1], 'model_depth', float('nan')), ['model_depth is None, and was 0.5']),
        (lambda answer: answer.targets.pop(), ['targets is [']),
        (lambda answer: setattr(answer, 'text', 'other words'), None),
        (lambda answer: setattr(answer, 'error_code', 13), ["error is 'NOT_FOUND', and was 'OK'"]),
        (lambda answer: setattr(answer.steps[0], 'action', 'push'), ["steps[0].action is 'push', and was 'pick'"]),
    ],
)
def test_differences(change, says):
    answer = an_answer()
    answer.steps[0].targets = []  # else it shares one with the answer
    before = answers.to_record(answer, 0)
    change(answer)
    found = answers.differences([before], [answers.to_record(answer, 0)], Tolerance())
    assert len(found) == len(says or [])
    for sentence, part in zip(found, says or [], strict=True):
        assert sentence.startswith("answer 1 ('tidy up'): ")
        assert part in sentence


def test_a_missing_answer_is_a_difference():
    record = answers.to_record(an_answer(), 0)
    assert answers.differences([record, record], [record], Tolerance()) == ['1 answers where 2 were expected']
    assert answers.differences([{}], [record], Tolerance())


def test_a_huge_number_is_a_difference(tmp_path):
    (tmp_path / 'a.jsonl').write_text(f'{{"time": 1{"0" * 400}}}')
    assert answers.differences(answers.read(tmp_path / 'a.jsonl'), [{'time': 1.5}], Tolerance())


@pytest.mark.parametrize(
    ('content', 'says'),
    [
        ('{}\n{"a": ', 'line 2'),
        ('[1]', 'is no answer'),
        ('[' * 100_000, 'is no JSON'),
        (b'\xff\xfe', 'no file of answers'),
    ],
)
def test_expected_answers_are_untrusted(tmp_path, content, says):
    file = tmp_path / 'a.jsonl'
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ValueError, match=says):
        answers.read(file)


def test_lines_are_json(tmp_path):
    answers.write(tmp_path / 'a.jsonl', [answers.to_record(an_answer(), 0)] * 2)
    for line in (tmp_path / 'a.jsonl').read_text().splitlines():
        json.loads(line, parse_constant=lambda name: pytest.fail(f'{name} is no JSON'))


# --- the command ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (['nowhere'], "'nowhere' is no rosbag2 recording"),
        (['BAG', '--image', '/x'], "--image is '/x'"),
        (['BAG', '--expect', 'nowhere'], "'nowhere' is no file of answers"),
        (['BAG', '--ask', 'pointing:'], 'the instruction is empty'),
        (['BAG', '--params-file', 'nowhere.yaml'], "--params-file is 'nowhere.yaml'"),
        (['BAG', '--expect', 'answers.jsonl'], "--output is 'answers.jsonl', but that is --expect"),
        (['BAG', '--expect', 'answers.jsonl', '--output', 'link'], "--output is 'link', but that is --expect"),
        (['BAG', '--params-file', 'link'], "--output is 'answers.jsonl', but that is --params-file"),
        (['BAG', '--output', 'nowhere/a.jsonl'], "cannot write 'nowhere/a.jsonl': No such file"),
        (['BAG', '--output', '.'], "cannot write '.': Is a directory"),
        (['BAG', '--pixels', 'nan'], '--pixels is nan, but must be 0 or more'),
        (['BAG', '--metres=-0.1'], '--metres is -0.1, but must be 0 or more'),
    ],
)
def test_bad_replays_end_before_a_node_is_started(mcap, tmp_path, monkeypatch, capsys, arguments, says):
    monkeypatch.chdir(tmp_path)
    Path('answers.jsonl').write_text('{}\n')
    Path('link').symlink_to('answers.jsonl')
    arguments = [str(mcap) if argument == 'BAG' else argument for argument in arguments]
    assert main(['bag', 'replay', *arguments]) == 1
    assert says in capsys.readouterr().err
    assert Path('answers.jsonl').read_text() == '{}\n'


def test_a_replay_reaches_no_other_program(mcap, tmp_path, monkeypatch):
    """What it starts is in a domain that is not the user's; its output is not there before there are answers."""

    def start() -> None:
        assert 215 <= int(os.environ['ROS_DOMAIN_ID']) <= 232
        raise RuntimeError('this far')

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(replay, 'LocalStack', start)
    with own_domain(), pytest.raises(RuntimeError, match='this far'):
        replay.run(mcap, ANYTHING, [], Path('answers.jsonl'), None, Tolerance(), None)
    assert list(tmp_path.iterdir()) == []
