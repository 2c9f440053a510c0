"""The console script, as users run it."""

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
        done = robobrain('demo', '--episodes', 3, '--output', tmp_path / 'played', folder=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert 'Traceback' not in done.stdout + done.stderr
    table = done.stdout[done.stdout.index('remark') :].splitlines()
    rows = [line.split() for line in table[1:4]]
    assert [row[1] for row in rows] == ['pointing', 'trajectory', 'mission']
    (end,) = [line for line in table if 'of 3 episodes succeeded' in line]
    assert sum('done' in row for row in rows) == int(end.split()[0])
    assert (done.returncode == 0) == end.startswith('3 ')
    sheet = cv2.imread(str(tmp_path / 'played' / 'episodes.png'))
    assert sheet.shape[0] > 2000
    assert sheet.shape[1] > 1600


def test_version_and_help(tmp_path):
    assert robobrain('--version', folder=tmp_path).stdout.startswith(f'robobrain {__version__} (Python 3.')
    text = robobrain('--help', folder=tmp_path).stdout
    for command in ('demo', 'ask', 'query', 'up', 'evaluate', 'completion'):
        assert command in text
