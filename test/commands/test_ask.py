"""Pictures from files, and answers in words."""

import struct
import zlib

import pytest

from robobrain_ros.answer import Answer, GroundedStep, StepStatus, Target
from robobrain_ros.brain.frame import Frame
from robobrain_ros.commands.ask import describe
from robobrain_ros.errors import BrainError, ErrorCode


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


def test_a_failed_step_says_why(capsys):
    target = Target(pixel=(3, 4))
    steps = (
        GroundedStep('pick', 'mug', '', 'Pick the mug', status=StepStatus.GROUNDED, targets=(target,)),
        GroundedStep(
            'place', 'mug', 'tray', 'To the tray', StepStatus.FAILED, ErrorCode.NOT_FOUND, 'no way seen', (target,)
        ),
    )
    describe(Answer('mission', 'tidy up', steps=steps))
    lines = capsys.readouterr().out.splitlines()
    assert [line.strip() for line in lines if 'failed' in line] == ['failed: NOT_FOUND, no way seen']
    assert sum('at (3, 4)' in line for line in lines) == 2
