# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto in a hundred random rooms, with a base that really goes where it is sent; the room judges."""

import math
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from geometry_msgs.msg import PoseWithCovarianceStamped
from goto_fixtures import StandIn, act
from nav_msgs.msg import MapMetaData, OccupancyGrid
from rclpy.parameter import Parameter
from ros_helpers import own_domain, ros, spinning, until
from std_msgs.msg import Header
from test_approach import CELL, random_room, will_do

from robobrain_ros.planners.goto.grid import Grid
from robobrain_ros.planners.goto.hearing import LATCHED, yaw_of
from robobrain_ros.planners.goto.node import GotoNode

pytest_plugins = ('nav2_stand_in', 'goto_fixtures')
ROOMS = 100
REACH_M = 0.4
"""From the least distance to the greatest one."""


class Base(StandIn):
    """A stand-in for Nav2 with a base: it goes where free cells lead, and nowhere else; the map lies anywhere."""

    def __init__(self, context):
        super().__init__(context)
        self.costmap = self.create_publisher(OccupancyGrid, 'global_costmap/costmap', LATCHED)
        self.pose = self.create_publisher(PoseWithCovarianceStamped, 'amcl_pose', LATCHED)

    def enter(self, number, target, robot, grid):
        """Begin in a room, and show it."""
        random = np.random.default_rng(number)
        x, y, yaw = random.uniform(-20, 20), random.uniform(-20, 20), random.uniform(-3, 3)
        self.grid = Grid(grid.cells, CELL, x, y, yaw)
        self.cosine, self.sine = math.cos(yaw), math.sin(yaw)
        self.robot = (*self.out(*robot), 0.0)
        self.places = [self.out(*target)]
        info = MapMetaData(resolution=CELL, width=grid.cells.shape[1], height=grid.cells.shape[0])
        info.origin.position.x, info.origin.position.y = x, y
        info.origin.orientation.z, info.origin.orientation.w = math.sin(yaw / 2), math.cos(yaw / 2)
        pose = PoseWithCovarianceStamped(header=Header(frame_id='map'))
        pose.pose.pose.position.x, pose.pose.pose.position.y = self.robot[:2]
        stamp = self.get_clock().now().to_msg()
        cells = grid.cells.ravel().tolist()
        self.costmap.publish(OccupancyGrid(header=Header(frame_id='map', stamp=stamp), info=info, data=cells))
        self.pose.publish(pose)
        return stamp, pose

    def out(self, x, y):
        """A point of the room in the map's frame."""
        return self.cosine * x - self.sine * y + self.grid.x, self.sine * x + self.cosine * y + self.grid.y

    async def _drive(self, kind, handle):
        wanted = handle.request.pose.pose
        goal = np.array([wanted.position.x, wanted.position.y])
        _, label = cv2.connectedComponents(self.grid.free.astype(np.uint8), connectivity=4)
        here, there = (label[tuple(self.grid.cells_of(np.array(place)))] for place in (self.robot[:2], goal))
        if here != there or not here:
            handle.abort()
            return kind.Result(error_code=208)
        self.robot = (float(goal[0]), float(goal[1]), yaw_of(wanted.orientation))
        handle.succeed()
        return kind.Result()


@pytest.fixture
def base(nav2_msgs):
    with own_domain(), ros() as context:
        node = Base(context)
        with spinning(node):
            yield node
        node.destroy_node()


@pytest.fixture
def goto(base):
    overrides = [Parameter(name, value=value) for name, value in {'robot_pose': 'topic', 'drive': 'action'}.items()]
    with ros() as context:
        node: Any = GotoNode(context=context, parameter_overrides=overrides)
        node.told = []
        node._status = SimpleNamespace(publish=node.told.append)
        with spinning(node):
            until(node._query.server_is_ready, 'brain')
            until(node._navigator._navigate.server_is_ready, 'Nav2')
            yield node
        node.destroy_node()


def outcome(goto, base, number, standoff, room):
    """What the node told at the end in a room: its state, and its code."""
    stamp, pose = base.enter(number, *room)
    until(
        lambda: goto._costmap._newest and goto._costmap._newest.header.stamp == stamp and goto._robot._newest == pose,
        'the room',
    )
    goto.set_parameters([Parameter('max_standoff_m', value=10.0)])
    goto.set_parameters([Parameter('standoff_m', value=standoff)])
    goto.set_parameters([Parameter('max_standoff_m', value=standoff + REACH_M)])
    goto.told.clear()
    act(goto, lambda: goto.go('the thing'))

    def ended():
        values = {pair.key: pair.value for pair in goto.told[-1].values} if goto.told else {}
        return values if values.get('state') in ('ARRIVED', 'FAILED') else None

    return until(ended, f'end in room {number}')


@pytest.mark.ros
@pytest.mark.timeout(300)
def test_it_stands_before_the_thing_or_says_why_not(goto, base):
    possible, wrong, reasons = 0, [], set()
    for number in range(ROOMS):
        target, robot, grid, standoff = random_room(number)
        good = will_do(grid, target, robot, standoff, standoff + REACH_M)
        possible += bool(good)
        told = outcome(goto, base, number, standoff, (target, robot, grid))
        if told['state'] == 'FAILED':
            reasons.add(told['code'])
            if good:
                wrong.append((number, told))
            continue
        x, y, yaw = base.robot
        thing = base.places[0]
        ahead = math.atan2(thing[1] - y, thing[0] - x) - yaw
        cell = tuple(map(int, base.grid.cells_of(np.array([x, y]))))
        if cell not in good or math.cos(ahead) < 0.9999:
            wrong.append((number, told))
    assert possible > 50
    assert len(wrong) <= 0.05 * possible, wrong
    assert reasons == {'OCCUPIED', 'UNREACHABLE'}
