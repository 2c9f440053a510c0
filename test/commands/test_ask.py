# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What ``robobrain ask`` looks at, what it prints, and where it puts pictures."""

import io
import json
import os
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest

from robobrain_ros.answer import Answer, GroundedStep, StepStatus, Target
from robobrain_ros.brain import image_files
from robobrain_ros.brain.frame import Frame
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.commands import answers, questions, sources
from robobrain_ros.commands.pictures import Pictures
from robobrain_ros.commands.questions import Question
from robobrain_ros.commands.stage_line import StageLine
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.tasks.profiles import detect_profile

GREY = np.full((48, 64, 3), 127, np.uint8)


def names(source) -> list[str]:
    return [picture.name for picture in source.pictures()]


# --- pictures that are looked at --------------------------------------------------------------------------------------
def test_a_picture_that_claims_to_be_huge(tmp_path):
    header = b'IHDR' + struct.pack('>IIBBBBB', 60000, 60000, 8, 2, 0, 0, 0)
    data = b'\x89PNG\r\n\x1a\n' + struct.pack('>I', 13) + header + struct.pack('>I', zlib.crc32(header))
    (tmp_path / 'huge.png').write_bytes(data)
    with pytest.raises(BrainError, match=r'huge\.png') as error:
        Frame.of(tmp_path / 'huge.png')
    assert error.value.code == ErrorCode.BAD_IMAGE


@pytest.mark.parametrize('name', ['nowhere.png', ''])
def test_no_file_is_said_once(tmp_path, capfd, name):
    with pytest.raises(BrainError, match='is no file'):
        Frame.of(tmp_path / name)
    assert capfd.readouterr().err == ''  # OpenCV would warn


def test_an_empty_name_is_not_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite('here.png', np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(BrainError, match="--image is ''"):
        sources.find('', 1.0)


def test_a_folder_gives_its_pictures_by_name_without_those_that_have_answers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ('b.png', 'a.JPG', 'a_answer.png', 'a_answer_12.png', 'notes.txt'):
        (tmp_path / name).write_bytes(b'')
    (tmp_path / 'folder.png').mkdir()
    assert names(sources.find('.', 1.0)) == ['a.JPG', 'b.png']
    (tmp_path / 'empty').mkdir()
    with pytest.raises(BrainError, match="no picture in the folder 'empty'"):
        sources.find('empty', 1.0)


def test_standard_input_is_a_picture(monkeypatch):
    data = cv2.imencode('.png', GREY)[1].tobytes()
    monkeypatch.setattr(sys, 'stdin', io.TextIOWrapper(io.BytesIO(data)))
    source = sources.find('-', 1.0)
    for _ in range(2):  # it is read once, and asked about as often as one likes
        (picture,) = source.pictures()
        assert np.array_equal(np.asarray(picture.image), GREY)
    monkeypatch.setattr(sys, 'stdin', io.TextIOWrapper(io.BytesIO(b'')))
    with pytest.raises(BrainError, match='standard input is no picture'):
        sources.find('-', 1.0)


@pytest.fixture
def clip(tmp_path):
    """Three seconds at 10 frames a second, each frame as bright as its number."""
    path = tmp_path / 'clip.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*'MJPG'), 10, (64, 48))
    for number in range(30):
        writer.write(np.full((48, 64, 3), 8 * number, np.uint8))
    writer.release()
    return path


def test_a_video_gives_frames_at_regular_times(clip):
    pictures = list(sources.find(str(clip), 1.0).pictures())
    assert [picture.name for picture in pictures] == [f'{clip} at {at} s' for at in ('0.0', '1.0', '2.0')]
    assert [picture.stem for picture in pictures] == ['clip_0.0s', 'clip_1.0s', 'clip_2.0s']
    for number, picture in zip((0, 10, 20), pictures, strict=True):
        assert abs(float(np.asarray(picture.image).mean()) - 8 * number) < 4
    assert len(names(sources.find(str(clip), 0.5))) == 6
    assert len(names(sources.find(str(clip), 0.001))) == 30


@pytest.mark.parametrize(('content', 'says'), [(None, 'is no file'), (b'nothing', 'is no video that OpenCV can read')])
def test_what_is_no_video(tmp_path, content, says):
    path = tmp_path / 'clip.mp4'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BrainError, match=says):
        sources.find(str(path), 1.0)


class Capture:
    """Stands in for a camera of the computer that delivers ever brighter frames."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.number = 0

    def isOpened(self) -> bool:
        return self.index == 0

    def grab(self) -> bool:
        self.number += 1
        return True

    def read(self):
        return True, np.full((48, 64, 3), self.number, np.uint8)

    def release(self) -> None:
        Capture.released = True


def test_a_camera_gives_one_picture_after_it_has_settled(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cv2, 'VideoCapture', Capture)
    source = sources.find('0', 1.0)
    (picture,) = source.pictures()
    assert (picture.name, picture.stem, np.asarray(picture.image)[0, 0, 0]) == ('camera 0', 'camera0', sources.SETTLE)
    assert Capture.released
    with pytest.raises(BrainError, match='camera 7 gives no picture'):
        sources.find('7', 1.0)
    image_files.write(tmp_path / 'x.png', GREY)
    (tmp_path / 'x.png').rename(tmp_path / '7')  # a file of that name is a file
    assert names(sources.find('7', 1.0)) == ['7']


# --- pictures that are written ----------------------------------------------------------------------------------------
def test_no_picture_is_ever_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written = [Pictures(None).write('photo', GREY) for _ in range(3)]
    assert [path.name for path in written] == ['photo_answer.png', 'photo_answer_2.png', 'photo_answer_3.png']
    (tmp_path / 'mine.jpg').write_text('mine')
    assert Pictures(tmp_path / 'mine.jpg').write('photo', GREY).name == 'mine_2.jpg'
    assert (tmp_path / 'mine.jpg').read_text() == 'mine'


def test_a_folder_for_pictures_is_made(tmp_path):
    path = Pictures(tmp_path / 'a' / 'b').write('photo', GREY)
    assert path == tmp_path / 'a' / 'b' / 'photo_answer.png'
    assert np.array_equal(image_files.read(path), GREY)
    (tmp_path / 'v1.2').mkdir()
    assert Pictures(tmp_path / 'v1.2').write('photo', GREY).parent.name == 'v1.2'


@pytest.mark.parametrize(
    ('output', 'says'),
    [
        ('no/x.png', "cannot write 'no/x.png': No such file or directory"),
        ('FILE/x', "cannot write 'FILE/x': Not a directory"),
        ('FILE/x.png', "cannot write 'FILE/x.png': Not a directory"),
        (
            'x.txt',
            "cannot write 'x.txt': --output must be a folder, or a file that ends in .png, .jpg, .jpeg",
        ),
        pytest.param(
            'LOCKED',
            "cannot write 'LOCKED': Permission denied",
            marks=pytest.mark.skipif(os.geteuid() == 0, reason='root may write everywhere'),
        ),
    ],
)
def test_what_cannot_be_written_is_found_at_once_with_its_reason(tmp_path, monkeypatch, capfd, output, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'FILE').touch()
    (tmp_path / 'LOCKED').mkdir(mode=0o555)
    with pytest.raises(BadRequest) as error:
        Pictures(sources.Path(output))
    assert str(error.value) == says
    assert capfd.readouterr() == ('', '')


# --- questions --------------------------------------------------------------------------------------------------------
def test_a_question_may_name_its_task():
    assert Question.read('grounding: the mug', '', 'pointing') == ('grounding', 'the mug')
    assert Question.read('the mug', '', 'pointing') == ('pointing', 'the mug')
    assert Question.read('planning: the mug', 'general', 'pointing') == ('general', 'planning: the mug')


def test_questions_are_read_until_the_end_or_quit(monkeypatch, capsys):
    monkeypatch.setattr(sys, 'stdin', io.StringIO('the mug\n\n  grounding: the plate \nquit\nnever asked\n'))
    assert list(questions.all_of(['first'], interactive=True)) == ['first', 'the mug', 'grounding: the plate']
    monkeypatch.setattr(sys, 'stdin', io.StringIO('the mug'))
    assert list(questions.all_of([], interactive=True)) == ['the mug']
    assert capsys.readouterr() == ('', '')  # no prompt where nobody types


# --- answers ----------------------------------------------------------------------------------------------------------
def test_a_failed_step_says_why(capsys):
    target = Target(pixel=(3, 4))
    steps = (
        GroundedStep('pick', 'mug', '', 'Pick the mug', status=StepStatus.GROUNDED, targets=(target,)),
        GroundedStep(
            'place', 'mug', 'tray', 'To the tray', StepStatus.FAILED, ErrorCode.NOT_FOUND, 'no way seen', (target,)
        ),
    )
    answers.describe(Answer('mission', 'tidy up', steps=steps))
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines if 'failed' in line] == ['failed: NOT_FOUND, no way seen']
    assert sum('at pixel (3, 4)' in line for line in lines) == 2


def test_positions_are_told_with_their_frame(capsys):
    target = Target(pixel=(3.5, 4), label='the mug', position=(0.1, -0.25, 0.5))
    answers.describe(Answer('pointing', 'the mug', targets=(target,)), frame='base_link')
    assert 'the mug: pixel (3.5, 4), position (0.100, -0.250, 0.500) m in base_link' in capsys.readouterr().out


def test_the_confidence_of_each_place_is_told_where_it_is_known(capsys):
    sure, unknown = Target(pixel=(3, 4), confidence=0.954), Target(pixel=(5, 6))
    steps = (GroundedStep('pick', 'mug', '', 'Pick the mug', targets=(sure,)),)
    answers.describe(Answer('pointing', 'the mug', targets=(sure, unknown)))
    answers.describe(Answer('trajectory', 'the mug', ErrorCode.UNSURE, 'why', waypoints=(sure,)))
    answers.describe(Answer('mission', 'tidy up', steps=steps))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines() if 'pixel' in line]
    assert lines == [
        'pixel (3, 4), confidence 0.95',
        'pixel (5, 6)',
        'pixel (3, 4), confidence 0.95',
        'at pixel (3, 4), confidence 0.95; 0 waypoints',
    ]


def test_what_is_not_known_is_not_printed(capsys):
    answers.describe(Answer('', 'the mug', ErrorCode.BAD_REQUEST, 'a sentence'))
    assert capsys.readouterr().out.splitlines()[:2] == ['question: the mug', 'failed:   BAD_REQUEST, a sentence']


def test_the_tiny_model_is_named_with_every_answer_that_it_gave_and_no_other_model_is(capsys):
    tiny = detect_profile(TINY_MODEL).name
    for code in (ErrorCode.OK, ErrorCode.NOT_FOUND, ErrorCode.TIMEOUT):
        answer = Answer('general', 'x', code, model=tiny, text='a', tokens=1)
        answers.describe(answer)
        assert capsys.readouterr().out.count('simulated table') == 1
        assert 'simulated table' in answers.record(answer)['caution']
    for model in ('', 'RoboBrain2.5-8B-NV', 'my-robobrain-tiny'):
        other = Answer('general', 'x', model=model, text='a', tokens=1)
        answers.describe(other)
        assert 'caution' not in capsys.readouterr().out
        assert answers.record(other)['caution'] is None


def test_where_no_model_answered_none_is_said_to_have(capsys):
    answer = Answer('general', 'x', ErrorCode.ENGINE_DEAD, 'it died', model=detect_profile(TINY_MODEL).name)
    answers.describe(answer)
    assert 'answered' not in capsys.readouterr().out
    assert answers.record(answer)['caution'] is None


def test_a_record_has_the_keys_of_an_answer_and_what_is_added():
    record = answers.record(Answer('general', 'x'), image='a.png', picture=None)
    assert [*record][:2] == ['image', 'picture']
    assert set(record) == {'image', 'picture', 'caution', *Answer('general', 'x').to_dict()}
    json.dumps(record, allow_nan=False)


# --- progress ---------------------------------------------------------------------------------------------------------
def test_stages_are_lines_where_there_is_no_terminal(capsys):
    with StageLine() as line:
        line.show('loading')
        for text in ('[', '[(', '[/dim]'):
            line.show('DECODE', text)
    out, err = capsys.readouterr()
    assert out == ''
    assert [words.split('s  ')[1] for words in err.splitlines()] == ['loading', 'DECODE']


def test_a_terminal_gets_one_line_with_the_seconds(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.setattr(sys, 'stderr', terminal)
    with StageLine() as line:
        line.show('DECODE [s]', '[/dim] 12 tokens')
        line._live.refresh()
    shown = terminal.getvalue()
    assert 'DECODE [s]' in shown
    assert '[/dim] 12 tokens' in shown
    assert '0:00:0' in shown
    assert capsys.readouterr().out == ''


def test_ffmpeg_does_not_write_past_the_sentence(tmp_path):
    (tmp_path / 'clip.mp4').write_bytes(b'nothing' * 100)
    command = [sys.executable, '-m', 'robobrain_ros.cli', 'ask', '--image', 'clip.mp4', 'x']
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.stderr == "robobrain ask: 'clip.mp4' is no video that OpenCV can read\n"
