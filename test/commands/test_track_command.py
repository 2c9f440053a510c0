# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain track`` against a real node over DDS, whose engine answers by a script."""

import json
import re
import signal
import subprocess
import sys

import pytest
from node_worlds import TEXTURED, up
from repository import ROOT
from ros_helpers import SOON, until

from robobrain_ros.cli import main

pytest_plugins = ('node_fixtures', 'node_worlds')
pytestmark = pytest.mark.ros


@pytest.fixture
def followed(world, pictures, saboteur):
    """An active node that sees the board, and a model that points at its middle."""
    pictures.scene = TEXTURED
    up(world)
    saboteur.engines[-1].script = ['[(500, 500)]']
    until(lambda: world.answer('the mug').targets[0].status == 0, 'a first position')
    return world


def run(world, *arguments: str) -> int:
    return main(['track', '--node', world.name, *arguments, 'the mug'])


def test_it_prints_where_the_thing_is_until_the_time_is_up(followed, capfd):
    assert run(followed, '--timeout', '3', '--rate', '1') == 0
    *lines, last = capfd.readouterr().out.splitlines()
    assert last == 'TIMEOUT (TIMEOUT): the time of 3 s was up'
    places = [line for line in lines if 'TRACKING' in line]
    assert re.search(
        r' s  TRACKING  [+-]0\.00. [+-]0\.00. \+1\.000 m in camera_color_optical_frame, pixel 160 120, ', places[0]
    )
    assert len(places) <= 4, 'one a second'


def test_json_has_every_image_then_the_result(followed, capfd):
    assert run(followed, '--timeout', '2', '--json', '--period', '0.5') == 0
    *images, result = map(json.loads, capfd.readouterr().out.splitlines())
    assert (result['outcome'], result['code']) == ('TIMEOUT', 'TIMEOUT')
    seen = [image for image in images if image['state'] == 'TRACKING']
    assert 1 < len(seen) <= result['poses']
    assert seen[-1]['position'] == pytest.approx([0, 0, 1], abs=0.01)
    assert seen[-1]['frame'] == 'camera_color_optical_frame'
    unseen = [image for image in images if image['state'] == 'SEARCHING']
    assert unseen[0]['position'] == [None] * 3
    assert unseen[0]['pixel'] == [None] * 2


def test_what_is_lost_or_refused_is_said(followed, saboteur, capfd):
    saboteur.engines[-1].script = ['not visible']
    assert run(followed, '--lost', '0.5') == 1
    assert re.search(r'LOST \(NOT_FOUND\): not seen for .* the model does not see it', capfd.readouterr().out)
    assert run(followed, '--frame', 'base_link') == 1
    assert "NOT_TRACKED (BAD_REQUEST): target_frame is 'base_link'" in capfd.readouterr().out
    assert run(followed, '--timeout', '1e6') == 1
    assert '--timeout is 1e+06, but must be at most 86400 seconds' in capfd.readouterr().err


def test_ctrl_c_ends_the_track_in_the_node(followed):
    command = [sys.executable, '-m', 'robobrain_ros.cli', 'track', '--node', followed.name, 'the mug']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        try:
            assert process.stdout is not None
            assert ' s  ' in process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=SOON)
        finally:
            process.kill()
    assert process.returncode == 130, err
    assert 'Traceback' not in err
    until(lambda: followed.logged('track outcome=CANCELLED'), 'the end in the log')


def test_a_node_that_is_not_active_says_so(world, capfd):
    assert run(world) == 1
    assert 'rejected the goal, because it was not active; it is unconfigured now' in capfd.readouterr().err
