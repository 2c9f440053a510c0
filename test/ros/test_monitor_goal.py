# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Reading one goal of ~/monitor: the node's parameters where it says nothing, and refusals that quote."""

import math

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from robobrain_ros.action import Monitor
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from robobrain_ros.brain import image_files
from robobrain_ros.brain.progress_rules import Rules
from robobrain_ros.brain.reference_images import Moment, ReferenceImages
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.ros.camera.image_bridge import CvBridge
from robobrain_ros.ros.monitor_goal import MonitorGoal
from robobrain_ros.ros.parameters import PARAMETERS
from robobrain_ros.tasks.progress import Mode

DEFAULTS = {parameter.name: parameter.default for parameter in PARAMETERS}
VALUES = DEFAULTS | {'cameras': ['front', 'left', 'right'], 'monitor.stall_s': 12.0}
INCREMENTAL, FORWARD, BACKWARD = Mode
PICTURE = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)


def read(values=VALUES, **fields) -> MonitorGoal:
    return MonitorGoal.read(Monitor.Goal(instruction='x', **fields), values)


def test_what_a_goal_does_not_say_comes_from_the_parameters():
    goal = read()
    assert (goal.cameras, goal.modes) == (('front', None, None), (INCREMENTAL, FORWARD))
    assert (goal.period, goal.timeout) == (1.0, 600.0)
    assert goal.rules == Rules(stall_s=12.0)
    assert goal.read_goal is None
    assert goal.read_start is None


def test_what_it_says_counts_as_it_was_written():
    """A float32 is no decimal fraction; the rules' sentences quote what people wrote."""
    goal = read(
        period=Duration(nanosec=50_000_000),
        timeout=Duration(sec=7),
        success_at=0.9,
        hold=5,
        drop=0.15,
        stall=Duration(sec=2, nanosec=500_000_000),
        modes=['forward', 'forward'],
    )
    assert (goal.period, goal.timeout, goal.modes) == (0.05, 7.0, (FORWARD,))
    assert goal.rules == Rules(success_at=0.9, hold=5, drop=0.15, stall_s=2.5)


@pytest.mark.parametrize(
    ('fields', 'cameras'),
    [
        ({'left_camera': 'left', 'right_camera': 'right'}, ('front', 'left', 'right')),
        ({'camera': 'left', 'left_camera': 'left', 'right_camera': 'front'}, ('left', None, 'front')),
        ({'right_camera': 'front'}, ('front', None, None)),
    ],
)
def test_the_front_stands_for_a_side_that_is_missing_or_the_same(fields, cameras):
    assert read(**fields).cameras == cameras


def test_a_goal_image_brings_the_mode_backward():
    image = CvBridge().cv2_to_imgmsg(PICTURE, 'rgb8', Header())
    goal = read(goal_image=image)
    assert goal.modes == (INCREMENTAL, FORWARD, BACKWARD)
    assert goal.read_goal is not None
    assert (goal.read_goal() == PICTURE).all()
    assert read(goal_image=image, modes=['backward', 'incremental']).modes == (INCREMENTAL, BACKWARD)


def test_images_by_name_and_by_file_are_read_when_they_are_needed(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    values = VALUES | {'monitor.directory': '~/kept'}
    goal = read(values, goal_name='put_cube', start_name='put_cube')
    assert goal.read_goal is not None
    assert goal.read_start is not None
    with pytest.raises(BadRequest, match=r"no goal image is kept as 'put_cube' in '.*/kept'"):
        goal.read_goal()
    images = ReferenceImages(str(tmp_path / 'kept'))
    images.keep('put_cube', Moment.GOAL, PICTURE)
    images.keep('put_cube', Moment.START, PICTURE + 1)
    assert (goal.read_goal() == PICTURE).all()
    assert (goal.read_start() == PICTURE + 1).all()
    image_files.write(tmp_path / 'done.png', PICTURE)
    by_file = read(goal_file='~/done.png').read_goal
    assert by_file is not None
    assert (by_file() == PICTURE).all()
    elsewhere = read(goal_file='~nobody_here/done.png').read_goal
    assert elsewhere is not None
    with pytest.raises(BrainError, match=r"'~nobody_here/done\.png' is no file"):
        elsewhere()


def test_an_image_that_is_none_is_refused_when_it_is_read():
    for image in (Image(height=2, width=3, encoding='rgb8', step=9), Image(width=3), Image(data=[1])):
        broken = read(goal_image=image).read_goal
        assert broken is not None
        with pytest.raises(BrainError) as caught:
            broken()
        assert caught.value.code is ErrorCode.BAD_IMAGE


@pytest.mark.parametrize(
    ('fields', 'says'),
    [
        ({'success_at': math.nan}, 'success_at is nan'),
        ({'success_at': -0.5}, 'success_at is -0.5'),
        ({'drop': math.inf}, 'drop is inf'),
        ({'hold': 101}, 'hold is 101'),
        ({'stall': Duration(sec=-3)}, 'stall is -3 s, but must lie in 0 .. 86400 s'),
        ({'timeout': Duration(sec=86401)}, 'timeout is 86401 s'),
        ({'period': Duration(nanosec=49_000_000)}, 'period is 0.049 s, but must lie in 0.05 .. 3600 s'),
        ({'period': Duration(sec=-1)}, 'period is -1 s'),
        ({'modes': ['Forward']}, "mode is 'Forward', but must be one of incremental, forward, backward"),
        ({'modes': ['']}, "mode is ''"),
        ({'modes': ['forward', 'backward']}, "mode 'backward' compares with the goal image, but there is none"),
        ({'camera': 'rear'}, "camera is 'rear', but must be one of 'front', 'left', 'right', or empty"),
        ({'right_camera': 'rear'}, "right_camera is 'rear', but must be one of"),
        ({'goal_file': 'a', 'goal_name': 'b'}, 'goal_file and goal_name are set'),
    ],
)
def test_what_makes_no_sense_is_quoted(fields, says):
    with pytest.raises(BadRequest) as caught:
        read(**fields)
    assert says in str(caught.value)
