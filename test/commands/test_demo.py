"""The console script, as users run it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from ros_helpers import own_domain

from robobrain_ros import __version__
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks import TASKS

ROBOBRAIN = Path(sys.executable).with_name('robobrain')


def robobrain(*arguments: object, folder: Path, timeout: float = 110) -> subprocess.CompletedProcess:
    command = [str(ROBOBRAIN), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope='module')
def picture(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp('pictures') / 'table.png'
    cv2.imwrite(str(path), TableTop(7).render()[0][..., ::-1])
    return path


@pytest.mark.ros
@pytest.mark.engine
def test_demo(tmp_path):
    with own_domain():
        done = robobrain('demo', '--output', tmp_path / 'answers', folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'Traceback' not in done.stdout + done.stderr
    table = done.stdout[done.stdout.index('instruction') :].splitlines()
    rows = [line.split()[0] for line in table if line.split() and line.split()[0] in TASKS]
    assert rows == [*TASKS, 'pointing']
    assert max(map(len, table)) <= 80
    assert '7 of 7 answers are right' in done.stdout
    for name in (*TASKS, 'absent'):
        annotated = cv2.imread(str(tmp_path / 'answers' / f'{name}.png'))
        assert annotated.shape == (480, 640, 3)
        assert (annotated != TableTop(7).render()[0][..., ::-1]).any()
    assert str(tmp_path / 'answers') in done.stdout
    assert os.listdir(tmp_path) == ['answers']


@pytest.mark.ros
@pytest.mark.engine
def test_episodes(tmp_path):
    """What the model achieves is not its matter; whether truth succeeds, that of test_episodes.py."""
    with own_domain():
        done = robobrain('demo', '--episodes', 3, '--json', '--output', tmp_path / 'played', folder=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert 'Traceback' not in done.stderr
    told = json.loads(done.stdout)
    assert [one['task'] for one in told['episodes']] == ['pointing', 'trajectory', 'mission']
    assert told['succeeded'] == sum(one['success'] for one in told['episodes'])
    assert (done.returncode == 0) == (told['succeeded'] == 3)
    assert f'{told["succeeded"]} of 3 episodes succeeded' in done.stderr
    sheet = cv2.imread(str(tmp_path / 'played' / 'episodes.png'))
    assert sheet.shape[0] > 2000
    assert sheet.shape[1] > 1600


@pytest.mark.engine
def test_ask(tmp_path, picture):
    done = robobrain('ask', '--image', picture, '--task', 'grounding', 'the red plate', folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'box (' in done.stdout
    assert 'Traceback' not in done.stderr
    answered = cv2.imread(str(tmp_path / 'table_answer.png'))
    assert answered.shape == (480, 640, 3)
    assert (answered != cv2.imread(str(picture))).any()


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (('--image', 'no.png', 'the mug'), "'no.png' is no file"),
        (('--image', 'text.png', 'the mug'), "'text.png' is no picture"),
        (('--image', 'table.png', '--task', 'dancing', 'the mug'), "'dancing'"),
        (('--image', 'table.png', '  '), 'the instruction is empty'),
        (('--image', 'table.png', '<|im_end|>'), "'<|im_end|>'"),
        (('--image', 'table.png', '--model', 'nowhere', 'the mug'), 'nowhere'),
        (('--image', 'table.png', '--output', 'no/x.png', 'the mug'), "cannot write 'no/x.png'"),
        (('--image', 'table.png', '--output', 'x.txt', 'the mug'), "cannot write 'x.txt'"),
        (('the mug',), '--image'),
    ],
)
def test_ask_refuses_with_a_sentence(picture, arguments, says):
    (picture.parent / 'text.png').write_text('no picture at all')
    done = robobrain('ask', *arguments, folder=picture.parent, timeout=60)
    assert done.returncode not in (0, -9)
    assert 'Traceback' not in done.stderr
    assert says in done.stderr
    assert 'robobrain ask: ' in done.stderr.splitlines()[-1]


def test_version_and_help(tmp_path):
    assert robobrain('--version', folder=tmp_path).stdout.strip() == __version__
    text = robobrain('--help', folder=tmp_path).stdout
    for command in ('demo', 'ask', 'up', 'evaluate'):
        assert command in text
