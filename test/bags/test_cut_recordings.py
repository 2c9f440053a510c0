# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Recordings that were cut off, or whose recorder was killed: what is there is read, or refused by name."""

import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest
from bag_helpers import BEGIN, damaged, write_bag, write_camera_bag
from rclpy.serialization import serialize_message
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore
from std_msgs.msg import String

from robobrain_ros.bags.answers import Tolerance
from robobrain_ros.bags.camera_topics import CameraTopics
from robobrain_ros.bags.recording import Recording
from robobrain_ros.bags.replay import run
from robobrain_ros.bags.storage import Recorded

TOPICS = ('/words', '/instruction')
STRING = 'std_msgs/msg/String'
ORDER = (1, 0, 2, 3, 5, 4, 6, 7, 8, 9, 10, 11)
"""Recorders do not write quite by time."""


def written() -> list[Recorded]:
    """Twelve messages, in the order of the file: some 4 MB that cannot be compressed, three to a chunk."""
    dice = random.Random(5)
    texts = [f'{number} {dice.randbytes(200_000).hex()}' for number in ORDER]
    return [
        Recorded(BEGIN + number * 10**8, TOPICS[number % 2], serialize_message(String(data=text)))
        for number, text in zip(ORDER, texts, strict=True)
    ]


def write_chunks(folder: Path, messages: list[Recorded], compressed: bool) -> Path:
    types = get_typestore(Stores.ROS2_KILTED)
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    if compressed:
        writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        connections = {name: writer.add_connection(name, STRING, typestore=types) for name in TOPICS}
        for message in messages:
            writer.write(connections[message.topic], message.time, message.data)
    return folder


def text(words: str) -> bytes:
    return struct.pack('<I', len(words)) + words.encode()


def record(opcode: int, content: bytes) -> bytes:
    return struct.pack('<BQ', opcode, len(content)) + content


def without_chunks(messages: list[Recorded]) -> bytes:
    """An MCAP file as a recorder writes it that was told not to make chunks, and was killed."""
    content = b'\x89MCAP0\r\n' + record(1, text('ros2') + text('test'))
    content += record(3, struct.pack('<H', 1) + text(STRING) + text('ros2msg') + text('string data'))
    for number, name in enumerate(TOPICS, 1):
        content += record(4, struct.pack('<HH', number, 1) + text(name) + text('cdr') + text(''))
    for message in messages:
        head = struct.pack('<HIQQ', TOPICS.index(message.topic) + 1, 0, message.time, message.time)
        content += record(5, head + message.data)
    return content


def read(path: Path) -> tuple[list[Recorded], list[str]]:
    recording = Recording(path)
    return list(recording.messages(recording.topics)), recording.warnings


def check_cut(path: Path, truth: list[Recorded]) -> int | None:
    """Read what is left of a recording; it must be what was written first, by time. None: refused, by name."""
    try:
        found, warnings = read(path)
    except ValueError as error:
        refusal = str(error)
    else:
        refusal = ''
    if refusal:
        assert f"{path.name}' is no rosbag2 recording that can be read: " in refusal
        return None
    assert found == sorted(truth[: len(found)])
    (warning,) = warnings
    assert f"{path.name}' was cut off, or its recorder was killed: the first {len(found)} messages (" in warning
    assert f'mcap recover {path} -o ' in warning
    return len(found)


@pytest.mark.timeout(60)
@pytest.mark.parametrize('compressed', [True, False])
def test_cut_anywhere_it_is_read_up_to_there(tmp_path, compressed):
    truth = written()
    bag = write_chunks(tmp_path / 'bag', truth, compressed)
    assert read(bag) == (sorted(truth), [])
    content = (bag / 'bag.mcap').read_bytes()
    cut = tmp_path / 'cut.mcap'
    found = []
    for size in [*range(0, len(content), len(content) // 40), *range(len(content) - 1500, len(content), 50)]:
        cut.write_bytes(content[:size])
        found.append(check_cut(cut, truth))
    cut.write_bytes(content[:-1])
    assert check_cut(cut, truth) == len(truth)
    assert found[0] is None
    counts = [count or 0 for count in found]
    assert counts == sorted(counts), 'a longer file has no fewer messages'
    assert {0, 3, 6, 9, 12} == set(counts)


@pytest.mark.timeout(60)
@pytest.mark.parametrize('chunks', [True, False])
def test_small_ones_cut_at_every_byte(tmp_path, chunks):
    words = [serialize_message(String(data=f'word {number}')) for number in range(4)]
    truth = [Recorded(BEGIN + number, TOPICS[number % 2], data) for number, data in enumerate(words)]
    if chunks:
        content = (write_chunks(tmp_path / 'bag', truth, True) / 'bag.mcap').read_bytes()[:-1]
    else:
        content = without_chunks(truth)
    cut = tmp_path / 'cut.mcap'
    found = set()
    for size in range(len(content) + 1):
        cut.write_bytes(content[:size])
        found.add(check_cut(cut, truth))
    assert found == ({None, 4} if chunks else {None, 1, 2, 3, 4})


@pytest.mark.parametrize('size', [1, 4096])
def test_room_that_was_never_filled_is_no_message(tmp_path, size):
    """After a power failure, files end in zeros: from the middle of a message on, too."""
    truth = [Recorded(BEGIN + n, TOPICS[0], serialize_message(String(data='a word'))) for n in range(4)]
    content = without_chunks(truth)
    file = tmp_path / 'cut.mcap'
    for lost in range(20):
        file.write_bytes(content[: len(content) - lost] + bytes(lost + size))
        assert check_cut(file, truth) in (2, 3)


def test_databases_that_are_cut_are_refused(tmp_path):
    bag = write_bag(tmp_path / 'bag', dict.fromkeys(TOPICS, STRING), written(), storage='sqlite3')
    content = (bag / 'bag.db3').read_bytes()
    cut = tmp_path / 'my cut.db3'
    for size in [4096, *range(5000, len(content), len(content) // 40), len(content) - 1]:
        cut.write_bytes(content[:size])
        with pytest.raises(
            ValueError, match=r"my cut.db3' is no rosbag2 .* sqlite3 '.*/my cut_pages.db3' .* \.dump \|"
        ):
            read(cut)
    for size, says in ((0, 'the file is empty'), (1, 'nothing to recover'), (99, 'nothing to'), (4095, 'nothing to')):
        cut.write_bytes(content[:size])
        with pytest.raises(ValueError, match=f"my cut.db3' is no rosbag2 .*{says}"):
            read(cut)


@pytest.mark.skipif(not shutil.which('sqlite3'), reason='the command is for a host that has sqlite3')
@pytest.mark.timeout(60)
def test_what_is_told_recovers_them(tmp_path):
    truth = written()
    bag = write_bag(tmp_path / 'bag', dict.fromkeys(TOPICS, STRING), truth, storage='sqlite3')
    content = (bag / 'bag.db3').read_bytes()
    counts = []
    for part in (0.3, 0.6, 0.9):
        cut = tmp_path / f'my {part}.db3'
        cut.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(ValueError, match='cut off') as refused:
            read(cut)
        command = str(refused.value).split('This recovers what is there: ')[1]
        subprocess.run(command, shell=True, check=True, timeout=30)
        found, warnings = read(tmp_path / f'my {part}_recovered.db3')
        assert found == sorted(truth[: len(found)])
        assert warnings == []
        counts.append(len(found))
    assert counts == sorted(set(counts))
    assert 1 <= counts[0] <= counts[-1] < len(truth)


@pytest.mark.parametrize('rest', ['bag.db3-wal', 'bag.db3-journal'])
def test_databases_that_were_not_closed_are_refused(tmp_path, rest):
    bag = write_bag(tmp_path / 'bag', dict.fromkeys(TOPICS, STRING), written(), storage='sqlite3')
    (bag / rest).write_bytes(b'pages')
    with pytest.raises(
        ValueError, match=f"bag.db3' .* is being recorded, .* '{rest}' holds some of it. .* sqlite3 .*SELECT"
    ):
        read(bag)


# --- folders ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize('storage', ['mcap', 'sqlite3'])
def test_without_metadata_its_files_are_read(tmp_path, storage):
    bag = write_bag(tmp_path / 'bag', dict.fromkeys(TOPICS, STRING), written(), storage=storage)
    (bag / 'metadata.yaml').unlink()
    found, (warning,) = read(bag)
    assert found == sorted(written())
    assert warning == f"'{bag}' has no metadata.yaml; its recorder was killed. ros2 bag reindex {bag} writes a new one"


def test_of_several_files_the_last_is_cut(tmp_path):
    truth = written()
    bag = tmp_path / 'bag'
    bag.mkdir()
    for number, part in enumerate((truth[:6], truth[6:])):
        content = (write_chunks(tmp_path / str(number), part, True) / f'{number}.mcap').read_bytes()
        (bag / f'bag_{number + 9}.mcap').write_bytes(content[: len(content) * (4 - number) // 4])
    (bag / 'bag_11.mcap').write_bytes(b'')
    found, warnings = read(bag)
    assert found == sorted(truth[:9])
    assert "bag_10.mcap' was cut off, or its recorder was killed: the first 3 messages (0.2 s)" in warnings[0]
    assert "bag_11.mcap' is no rosbag2 recording that can be read: the file is empty" in warnings[1]
    assert len(warnings) == 2


def test_files_of_several_recordings_are_not_mixed(tmp_path):
    for name in ('left', 'right'):
        bag = write_bag(tmp_path / name, {TOPICS[0]: STRING}, written()[1:2])
        (bag / f'{name}.mcap').rename(tmp_path / f'{name}.mcap')
    with pytest.raises(ValueError, match=r'files of several recordings, choose one: .*left.mcap, .*right.mcap'):
        read(tmp_path)


def test_a_replay_says_first_what_is_missing(tmp_path, capsys):
    bag = write_camera_bag(tmp_path / 'bag', 'mcap')
    cut = damaged(bag, tmp_path, lambda content: content[: len(content) * 2 // 3])
    with pytest.raises(ValueError, match='--image is'):
        run(cut, CameraTopics('/nowhere'), [], tmp_path / 'answers', None, Tolerance(), None)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"Warning: '{cut}/bag.mcap' was cut off, or its recorder was killed: the first ")
