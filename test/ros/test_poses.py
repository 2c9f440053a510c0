# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Poses on the wire: a camera that never moves, orientations by parameter and by option, and what cannot be had."""

import math

import numpy as np
import pytest
from node_fixtures import place
from node_worlds import up
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer
from ros_helpers import until

from robobrain_ros.geometry.transform import Transform

pytestmark = [pytest.mark.ros]
pytest_plugins = ('node_fixtures', 'node_worlds')

HALF = math.sqrt(0.5)
DESK = f'desk 0.5 0 1.25 {-HALF} {HALF} 0 0'
"""A camera 1.25 m above the desk, which looks down on a box of 0.25 m; the image's right is the desk's -y."""


def option(name, value):
    return Parameter(name, value=value).to_parameter_msg()


def axes(pose):
    """Rows: where x, y and z point."""
    turn = pose.orientation
    return np.array(Transform.from_quaternion((0, 0, 0), (turn.x, turn.y, turn.z, turn.w)).rotation).T


def heard(world, topic, answer):
    return until(
        lambda: [one for one in world.ears.heard[topic] if one.header.stamp == answer.header.stamp], f'~/{topic}'
    )[-1]


@pytest.mark.parametrize('world', [{'camera_pose': [DESK], 'target_frame': 'desk'}], indirect=True)
@pytest.mark.parametrize('how', ['surface', 'down'])
def test_a_fixed_camera_s_poses_are_such_that_a_tool_can_take_them(world, pictures, how):
    up(world)
    answer = world.answer('the cup', options=[option('pose_orientation', how)])
    assert (answer.error_code, answer.position_frame) == (Answer.OK, 'desk'), answer.error_message
    x, y, z = place(answer.targets[0].position)
    u, v = answer.targets[0].u, answer.targets[0].v
    assert (x, y, z) == pytest.approx((0.5 - (v - 23.5) / 60, -(u - 31.5) / 60, 0.25))
    posed = heard(world, 'target_pose', answer)
    assert posed.header.frame_id == 'desk'
    assert place(posed.pose.position) == (x, y, z)
    assert axes(posed.pose) == pytest.approx(np.array([(0, -1, 0), (-1, 0, 0), (0, 0, -1)]), abs=1e-3)
    assert axes(heard(world, 'targets', answer).poses[0]) == pytest.approx(axes(posed.pose))
    by_default = world.answer('the cup')
    seen = np.array(place(by_default.targets[0].position)) - (0.5, 0, 1.25)
    assert axes(heard(world, 'target_pose', by_default).pose)[2] == pytest.approx(seen / np.linalg.norm(seen), abs=1e-6)


def test_down_is_refused_where_there_is_no_down_and_none_is_the_identity(world, pictures):
    up(world)
    refused = world.answer('the cup', options=[option('pose_orientation', 'down')])
    assert refused.error_code == Answer.BAD_REQUEST
    assert "pose_orientation is 'down'" in refused.error_message
    assert not world.ears.heard['target_pose']
    plain = world.answer('the cup', options=[option('pose_orientation', 'none')])
    assert plain.error_code == Answer.OK, plain.error_message
    assert axes(heard(world, 'target_pose', plain).pose) == pytest.approx(np.eye(3))
    wrong = world.answer('the cup', options=[option('pose_orientation', 'up')])
    assert wrong.error_code == Answer.BAD_REQUEST
    assert "'up'" in wrong.error_message
