# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto over DDS, beside the brain's node with an engine that answers by a script."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Pose, PoseStamped, PoseWithCovarianceStamped
from nav_msgs.msg import MapMetaData, OccupancyGrid
from node_worlds import up
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.time import Time
from ros_helpers import spinning, until
from scripted_engine import Die, Gate
from std_msgs.msg import Empty, Header, String
from visualization_msgs.msg import Marker, MarkerArray

from robobrain_ros.planners.goto.hearing import LATCHED, yaw_of
from robobrain_ros.planners.goto.node import GotoNode
from robobrain_ros.planners.status import FAILED, GOAL
from robobrain_ros.ros.client import DEACTIVATE

pytest_plugins = ('node_fixtures', 'node_worlds')
CELLS, CELL = 64, 0.125
CAMERA = 'map 2 3 1 -0.5 0.5 -0.5 0.5'
"""It looks along the map's x axis."""
TARGET = (3.0, 3.0)
"""Where the scripted engine points at in the map: above the middle of an image whose depth is 1 m."""


def costmap(stamp, frame='map', cells=None):
    """Free space of 8 x 8 m around the target, with an obstacle at it."""
    if cells is None:
        cells = np.zeros((CELLS, CELLS), np.int8)
        cells[30:34, 30:34] = 100
    info = MapMetaData(resolution=CELL, width=cells.shape[1], height=cells.shape[0], origin=Pose())
    info.origin.position.x = info.origin.position.y = TARGET[0] - CELLS * CELL / 2
    return OccupancyGrid(header=Header(frame_id=frame, stamp=stamp), info=info, data=cells.ravel().tolist())


class Around:
    """Nav2's side of the node, and an operator: publishes the costmap and the pose, hears what comes out."""

    def __init__(self, world, goto):
        self.world, self.goto = world, goto
        self.node = Node('around', namespace=world.node.get_namespace(), context=goto.context)
        self.heard = {kind: [] for kind in (PoseStamped, DiagnosticStatus, MarkerArray)}
        for kind, topic in ((PoseStamped, 'goal_pose'), (DiagnosticStatus, 'status'), (MarkerArray, 'markers')):
            self.node.create_subscription(kind, f'robobrain_goto/{topic}', self.heard[kind].append, 10)
        self.costmap = self.node.create_publisher(OccupancyGrid, 'global_costmap/costmap', LATCHED)
        self.pose = self.node.create_publisher(PoseWithCovarianceStamped, 'amcl_pose', LATCHED)
        self.instruction = self.node.create_publisher(String, 'robobrain_goto/instruction', 5)
        self.cancel = self.node.create_publisher(Empty, 'robobrain_goto/cancel', 5)

    def now(self):
        return self.node.get_clock().now().to_msg()

    def show(self, message=None, robot=(0.0, 3.0)):
        """Publish where everything is, and wait until the node knows."""
        message = message or costmap(self.now())
        pose = PoseWithCovarianceStamped(header=Header(frame_id='map'))
        pose.pose.pose.position.x, pose.pose.pose.position.y = robot
        self.costmap.publish(message)
        self.pose.publish(pose)
        until(lambda: self.goto._costmap._newest == message and self.goto._robot._newest == pose, 'costmap and pose')

    def ask(self, instruction='the red mug'):
        self.instruction.publish(String(data=instruction))

    def told(self, state, instruction='the red mug'):
        """The values of the status that says so."""

        def found():
            for message in self.heard[DiagnosticStatus]:
                values = {pair.key: pair.value for pair in message.values}
                if (values['state'], values['instruction']) == (state, instruction):
                    return {**values, 'message': message.message, 'level': message.level}
            return None

        return until(found, f'{state} of {instruction!r}')

    def failed(self, code, instruction='the red mug'):
        values = self.told(FAILED, instruction)
        assert values['code'] == code, values
        assert not self.heard[PoseStamped]
        return values


@pytest.fixture
def around(world, pictures, far_context):
    overrides = [Parameter('robot_pose', value='topic')]
    goto = GotoNode(context=far_context, namespace=world.node.get_namespace(), parameter_overrides=overrides)
    with spinning(goto):
        around = Around(world, goto)
        with spinning(around.node):
            until(goto._query.server_is_ready, 'the action of the brain')
            topics = ('instruction', 'cancel', 'goal_pose', 'status', 'markers')
            until(
                lambda: all(
                    around.node.count_publishers(f'robobrain_goto/{topic}')
                    and around.node.count_subscribers(f'robobrain_goto/{topic}')
                    for topic in topics
                ),
                'all topics',
            )
            up(world)
            until(lambda: world.node._cameras[''].status().depth_received, 'depth')
            yield around
        around.node.destroy_node()
    goto.destroy_node()


def engine(around):
    return around.world.node._brain.engine


@pytest.mark.ros
@pytest.mark.parametrize('world', [{'camera_pose': [CAMERA]}], indirect=True)
class TestOverDds:
    """One brain, one goto, and Nav2's side, for each test."""

    def test_it_tells_where_to_stand_facing_the_target(self, around):
        around.show()
        around.ask()
        pose = until(lambda: around.heard[PoseStamped], 'goal pose')[0]
        assert pose.header.frame_id == 'map'
        assert Time.from_msg(pose.header.stamp).nanoseconds > 0
        place = pose.pose.position.x, pose.pose.position.y
        assert place == pytest.approx((2.15, TARGET[1]), abs=0.2), 'on the side of the robot'
        assert 0.78 <= math.dist(place, TARGET) < 1.2
        towards = math.atan2(TARGET[1] - place[1], TARGET[0] - place[0])
        assert yaw_of(pose.pose.orientation) == pytest.approx(towards, abs=0.03)
        values = around.told(GOAL)
        assert (values['level'], 'code' in values) == (DiagnosticStatus.OK, False)
        assert 'm in front of it' in values['message']
        arrow, ball = until(lambda: around.heard[MarkerArray], 'markers')[0].markers
        assert (arrow.type, arrow.pose) == (Marker.ARROW, pose.pose)
        place = ball.pose.position
        assert (place.x, place.y, place.z) == pytest.approx((*TARGET, 1.19), abs=0.02)

    def test_it_says_why_not_and_what_may_help(self, around, pictures):
        around.show()
        engine(around).scripts['unicorn'] = ['not visible']
        around.ask('the unicorn')
        assert around.failed('NOT_FOUND', 'the unicorn')['recovery'] == 'LOOK_ELSEWHERE'
        assert until(lambda: around.heard[MarkerArray], 'markers')[0].markers[0].action == Marker.DELETEALL

        cells = np.zeros((CELLS, CELLS), np.int8)
        cells[19:45, 19:45] = 100
        around.show(costmap(around.now(), cells=cells))
        around.ask()
        values = around.failed('OCCUPIED')
        assert 'max_standoff_m must be more than half the thing' in values['message']
        assert values['level'] == DiagnosticStatus.ERROR

        rgb, metres = pictures.scene.render()
        pictures.scene = SimpleNamespace(view=pictures.scene.view, render=lambda: (rgb, metres * np.nan))
        shown = len(pictures.stamps)
        until(lambda: len(pictures.stamps) > shown + 2, 'images without depth')
        around.ask('the glass')
        assert around.failed('NO_DEPTH', 'the glass')['recovery'] == 'COME_NEARER'

    def test_without_a_costmap_or_with_one_that_cannot_be_used_it_says_so(self, around):
        around.ask('first')
        assert 'global_costmap/costmap' in around.failed('NO_COSTMAP', 'first')['message']
        old = Time(nanoseconds=around.node.get_clock().now().nanoseconds - 60 * 10**9).to_msg()
        around.show(costmap(old))
        around.ask('second')
        assert 'max_costmap_age_s' in around.failed('STALE_COSTMAP', 'second')['message']
        around.show(costmap(around.now(), frame='odom'))
        around.ask('third')
        assert "'odom'" in around.failed('BAD_COSTMAP', 'third')['message']
        message = costmap(around.now())
        message.info.resolution = 0.0
        around.show(message)
        around.ask('flat')
        assert 'resolution of 0.0 m' in around.failed('BAD_COSTMAP', 'flat')['message']
        around.show(robot=(math.inf, 3.0))
        around.ask('far')
        assert 'the robot is at (inf, 3.0)' in around.failed('BAD_REQUEST', 'far')['message']
        message = costmap(around.now())
        message.info.height -= 1
        around.show(message)
        around.ask('fourth')
        assert '4096 cells' in around.failed('BAD_COSTMAP', 'fourth')['message']
        around.world.client.set_parameters(around.goto.get_fully_qualified_name(), max_costmap_age_s=0)
        around.show(costmap(old))
        around.ask('fifth')
        around.told(GOAL, 'fifth')

    def test_a_new_instruction_takes_the_place_of_the_one_before(self, around):
        around.show()
        around.ask('hang')
        until(lambda: engine(around).running, 'the first question')
        around.ask('the plate')
        assert around.told(FAILED, 'hang')['code'] == 'PREEMPTED'
        around.told(GOAL, 'the plate')
        until(lambda: not engine(around).running, 'end of the first question')
        assert len(around.heard[PoseStamped]) == 1

    def test_cancelling_ends_the_question_in_the_brain_also_before_it_is_accepted(self, around):
        around.show()
        around.ask('hang')
        until(lambda: engine(around).running, 'the question')
        around.cancel.publish(Empty())
        values = around.failed('CANCELLED', 'hang')
        assert (values['recovery'], values['level']) == ('NONE', DiagnosticStatus.WARN)
        until(lambda: not engine(around).running, 'end of the question')

        def at_once():
            around.goto.go('hang again')
            around.goto.cancel()

        until(around.goto.executor.create_task(at_once).done, 'both')
        around.failed('CANCELLED', 'hang again')
        around.ask('the plate')
        around.told(GOAL, 'the plate')
        assert not engine(around).running

    def test_a_brain_that_dies_or_is_not_active_is_named(self, around):
        around.show()
        engine(around).scripts['the cup'] = [Die()]
        around.ask('the cup')
        assert around.failed('ENGINE_DEAD', 'the cup')['recovery'] == 'WAIT'
        assert around.world.transition(DEACTIVATE)
        around.ask('the plate')
        assert around.failed('NOT_ACTIVE', 'the plate')['recovery'] == 'WAIT'

    def test_a_question_that_takes_too_long_ends(self, around):
        around.show()
        around.world.client.set_parameters(around.goto.get_fully_qualified_name(), timeout_s=0.5)
        engine(around).scripts['the cup'] = [Gate()]
        around.ask('the cup')
        assert around.failed('TIMEOUT', 'the cup')['recovery'] == 'RETRY'
