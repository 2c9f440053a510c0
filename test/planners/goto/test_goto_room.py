# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""From an instruction to a robot that stands before the thing: the simulator judges where, and what it touched.

The engine answers with the truth, or with another; the stand-in for Nav2 drives along free cells of the map.
"""

import math

import numpy as np
import pytest
from repository import ROOT

from robobrain_ros.sim.base_messages import camera_pose

pytest_plugins = ('nav2_stand_in', 'room_fixtures')
pytestmark = [pytest.mark.ros, pytest.mark.timeout(120)]
ROOMS = range(3)
NEAREST_M, FARTHEST_M = 0.8, 1.2
"""The node's stand-off; to what is seen of the thing, whose middle lies some centimetres behind it."""
THICK_M = 0.1
FACING_RAD = math.radians(8)


def before(verdict):
    """Whether the robot stands before the thing and faces it, without having touched anything."""
    near = NEAREST_M - THICK_M <= verdict.distance_m <= FARTHEST_M + THICK_M
    return near and verdict.off_rad <= FACING_RAD and verdict.least_gap_m > 0


def test_the_guide_says_where_the_camera_is():
    assert camera_pose() in (ROOT / 'docs' / 'guides' / 'nav2.md').read_text()


@pytest.mark.parametrize('seed', ROOMS)
def test_the_robot_stands_before_what_it_was_told(operator, seed):
    operator.enter(seed)
    begin = operator.base.room.pose
    name = sorted(operator.base.room.seen())[0]
    operator.say(f'the {name}')
    told = operator.told('ARRIVED', 'FAILED')
    assert told['state'] == 'ARRIVED', told
    verdict = operator.base.room.judge(name)
    assert before(verdict), (name, verdict)
    end = operator.base.room.pose
    assert math.dist((begin.x, begin.y), (end.x, end.y)) > 0.2


def test_before_another_thing_the_simulator_says_no(operator):
    operator.enter(1)
    room = operator.base.room
    places = {name: room.plan.things[name] for name in room.seen()}
    name = 'yellow mug'
    other = max(places, key=lambda other: float(np.linalg.norm(places[other] - places[name])))
    operator.engine.swap = {name: other}
    operator.say(f'the {name}')
    told = operator.told('ARRIVED', 'FAILED')
    operator.engine.swap = {}
    assert told['state'] == 'ARRIVED', told
    assert before(room.judge(other))
    assert not before(room.judge(name)), room.judge(name)
