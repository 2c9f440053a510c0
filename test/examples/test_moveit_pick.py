# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""examples/moveit_pick.py beside a stand-in for pymoveit2, without MoveIt: what is planned, and cancelling."""

import runpy
import sys
import threading
import time
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rclpy.parameter import Parameter
from repository import ROOT
from ros_helpers import own_domain, ros, spinning, until

from robobrain_ros.planners.arm.node import ArmNode
from robobrain_ros.planners.arm.reach import Stop

pytestmark = pytest.mark.ros


class MoveIt2:
    """What the example uses of pymoveit2 5.0.0's class of this name."""

    def __init__(self, node, joint_names, base_link_name, end_effector_name, group_name='arm'):
        self.gate, self.executes, self.planned, self.executed, self.cancelled = threading.Event(), True, [], 0, 0
        self.gate.set()

    def plan(self, pose=None, *, cartesian=False, cartesian_fraction_threshold=0.0, timeout_sec=None):
        self.planned.append((pose, cartesian))
        assert self.gate.wait(30)
        return 'way'

    def execute(self, joint_trajectory):
        self.executed += 1
        return self.executes

    def wait_until_executed(self, timeout_sec=None):
        return True

    def cancel_execution(self):
        self.cancelled += 1
        return True

    def last_failure(self):
        return 'no way around the box'


class GripperCommand:
    """Likewise."""

    def __init__(self, node, gripper_joint_names, open_gripper_joint_positions, closed_gripper_joint_positions):
        self.positions = []

    def move_to_position(self, position):
        self.positions.append(position)
        return True

    def wait_until_executed(self, timeout_sec=None):
        return False  # as a hand that holds something does

    def last_failure(self):
        return None


@pytest.fixture
def mover(monkeypatch):
    """The mover of the example in a node that spins; ``ended`` is what it tells."""
    ur = SimpleNamespace(joint_names=list, base_link_name=str, MOVE_GROUP_ARM='ur_manipulator')
    parts: dict[str, dict[str, Any]] = {
        'pymoveit2': {'MoveIt2': MoveIt2, 'GripperCommand': GripperCommand},
        'pymoveit2.robots': {'ur': ur},
    }
    for name, content in parts.items():
        module = ModuleType(name)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    example = runpy.run_path(str(ROOT / 'examples' / 'moveit_pick.py'))
    with own_domain(), ros() as context:
        overrides = [Parameter('camera_pose', value='topic')]
        node: Any = ArmNode(example['MoveItMover'], context=context, parameter_overrides=overrides)
        with spinning(node):
            yield SimpleNamespace(of=node._mover, arm=node._arm, ended=[])
        node.destroy_node()


def move(mover, path):
    stop = Stop('above the cube', mover.arm.chain.pose(path[-1]), ())
    mover.of.move_to(stop, np.array(path), lambda: mover.ended.append('there'), lambda f: mover.ended.append(str(f)))


def test_it_moves_by_moveit_and_straight_where_the_checked_way_is(mover):
    home = mover.arm.home
    lower = home + [0.0, 0.05, 0.0, 0.0, 0.0, 0.0]
    move(mover, [home, lower])
    until(lambda: mover.ended == ['there'], 'arrival')
    move(mover, np.linspace(home, home + [1.5, 0, 0, 0, 0, 0], 9))
    until(lambda: len(mover.ended) == 2, 'arrival')
    (pose, straight), (_, turning) = mover.of._moveit.planned
    assert (straight, turning) == (True, False)
    assert pose.header.frame_id == 'world'
    assert np.allclose([pose.pose.position.x, pose.pose.position.y], mover.arm.chain.pose(lower)[:2, 3])
    mover.of.grip(0.0, lambda: mover.ended.append('closed'), lambda failure: mover.ended.append(str(failure)))
    until(lambda: mover.ended[2:] == ['closed'], 'the hand')
    assert mover.of._hand.positions == [0.8]


def test_what_moveit_says_is_told(mover):
    mover.of._moveit.executes = False
    move(mover, [mover.arm.home] * 2)
    until(lambda: mover.ended == ['above the cube: MoveIt: no way around the box'], 'the failure')


def test_what_is_cancelled_while_moveit_plans_never_begins(mover):
    mover.of._moveit.gate.clear()
    move(mover, [mover.arm.home] * 2)
    until(lambda: mover.of._moveit.planned, 'planning')
    mover.of.hold()
    assert mover.of._moveit.cancelled == 1
    mover.of._moveit.gate.set()
    mover.of._pool.shutdown()
    time.sleep(0.2)
    assert (mover.of._moveit.executed, mover.ended) == (0, [])
