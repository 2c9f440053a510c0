# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The console script, as users run it."""

import json
import os

import cv2
import pytest
from commands import robobrain
from ros_helpers import own_domain

from robobrain_ros import __version__
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks import TASKS


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
    assert sheet.shape[0] > 1000  # one episode of each kind, each shown once
    assert sheet.shape[1] > 1600


@pytest.mark.ros
@pytest.mark.engine
@pytest.mark.timeout(300)
def test_episodes_with_an_arm(tmp_path):
    """Whether truth succeeds, and failed grasps are tried again, is the matter of test_demo_arm.py."""
    arguments = ('--arm', '--episodes', 1, '--no-monitor', '--json', '--output', tmp_path)
    with own_domain():
        done = robobrain('demo', *arguments, folder=tmp_path, limit_s=270)
    assert done.returncode in (0, 1), done.stderr
    assert 'Traceback' not in done.stderr
    told = json.loads(done.stdout)
    [episode] = told['episodes']
    assert (episode['task'], episode['success']) == ('mission', bool(told['succeeded']))
    assert told['counts']['succeeded at the first attempt'] == int(episode['success_without_monitor'])
    film = cv2.VideoCapture(str(tmp_path / 'arm.mp4'))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) > 60
    assert (tmp_path / 'arm.gif').exists() == episode['success']


@pytest.mark.ros
@pytest.mark.engine
def test_episodes_with_faults(tmp_path):
    """What a monitor makes of them is the matter of test_trials_over_dds.py."""
    arguments = ('--episodes', 1, '--faults', 1, '--no-monitor', '--json', '--output', tmp_path)
    with own_domain():
        done = robobrain('demo', *arguments, folder=tmp_path)
    assert done.returncode in (0, 1), done.stderr
    assert 'Traceback' not in done.stderr
    told = json.loads(done.stdout)
    [episode] = told['episodes']
    assert (episode['task'], episode['planned_fault'], len(episode['attempts'])) == ('mission', 'slip', 1)
    assert len(episode['true_progress']) > 5
    assert told['faults']['all']['episodes'] == 1
    assert told['succeeded'] == told['faults']['all']['success'] == episode['success']
    assert (tmp_path / 'episodes.png').is_file()
    assert 'without monitor' in done.stderr


def test_version_and_help(tmp_path):
    assert robobrain('--version', folder=tmp_path).stdout.startswith(f'robobrain {__version__} (Python 3.')
    text = robobrain('--help', folder=tmp_path).stdout
    for command in ('demo', 'ask', 'query', 'up', 'evaluate', 'completion'):
        assert command in text
