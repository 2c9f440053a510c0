# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The leaves Pick, Place, CarryOut and Track over DDS; the arm's node and the brain are stand-ins."""

import pytest
from geometry_msgs.msg import Point
from py_trees.blackboard import Blackboard
from py_trees.common import Status
from rclpy.action import ActionServer, CancelResponse
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future
from robobrain_ros.action import Track as Action
from robobrain_ros.msg import Answer, Plan, PlanStep, Target
from ros_helpers import own_domain, ros, spinning, until
from stand_in_planner import StandInPlanner
from std_msgs.msg import Header
from ticking import Ticking

from robobrain_ros.planners.arm import node as arm_node
from robobrain_ros.planners.failure import Failure, Recovery
from robobrain_ros.planners.status import DONE
from robobrain_ros.planners.trees import CarryOut, Pick, Place, Track

pytestmark = pytest.mark.ros
MUG = Answer(
    header=Header(frame_id='camera'),
    position_frame='base',
    model='tiny',
    instruction='the red mug',
    targets=[Target(status=Target.STATUS_OK, position=Point(x=0.4))],
)


class Follower(Node):
    """Serves ~/track as the test says."""

    def __init__(self, context):
        super().__init__('robobrain', context=context)
        self.goal_handle = self.end = None
        self.cancels = 0
        self.server = ActionServer(self, Action, '~/track', self._follow, cancel_callback=self._cancel)

    async def _follow(self, handle):
        self.end = Future(executor=self.executor)
        self.goal_handle = handle
        name, result = await self.end
        getattr(handle, name)()
        return result

    def _cancel(self, handle):
        self.cancels += 1
        self.finish('canceled', Action.Result(outcome=Action.Result.CANCELLED))
        return CancelResponse.ACCEPT

    def finish(self, name, result):
        self.end.set_result((name, result))
        self.executor.wake()

    def told(self, condition, **feedback):
        """A condition for which feedback is given again and again: DDS may not have connected its topic yet."""

        def tell_and_look():
            self.goal_handle.publish_feedback(Action.Feedback(**feedback))
            return condition()

        return tell_and_look


@pytest.fixture(scope='module')
def around():
    with own_domain(), ros() as context:
        arm, follower = StandInPlanner('robobrain_arm', Plan, 'plan', context), Follower(context)
        with spinning(arm), spinning(follower):
            yield arm, follower
        arm.destroy_node()
        follower.destroy_node()


@pytest.fixture
def ticking(around):
    with ros() as context:
        ticking = Ticking(context)
        yield ticking
        ticking.close()


@pytest.fixture
def arm(around):
    around[0].asked.clear()
    return around[0]


@pytest.fixture
def follower(around):
    return around[1]


def test_the_arm_takes_what_was_found_and_puts_it_down(ticking, arm):
    Blackboard.set('/mug', MUG)
    leaf = Pick('take the mug', 'mug')
    tree = ticking.tree(leaf)
    ticking.until(tree, lambda: arm.asked, 'the plan')
    (plan,) = arm.asked
    (step,) = plan.steps
    assert (plan.position_frame, plan.header, plan.instruction) == ('base', MUG.header, 'the red mug')
    assert (step.action, step.object, step.status) == ('pick', 'the red mug', PlanStep.GROUNDED)
    assert step.targets == MUG.targets
    arm.tell('MOVING', 'on the way')
    ticking.until(tree, lambda: leaf.feedback_message == 'on the way', 'the state')
    arm.tell(DONE, 'done')
    ticking.until(tree, lambda: leaf.status is not Status.RUNNING, 'the end')
    assert leaf.status is Status.SUCCESS
    assert Blackboard.get('/hand')['state'] == DONE

    put = Place('put it back', 'mug')
    tree = ticking.tree(put)
    ticking.until(tree, lambda: len(arm.asked) == 2, 'the second plan')
    assert (arm.asked[1].steps[0].action, arm.asked[1].steps[0].destination) == ('place', 'the red mug')
    assert arm.asked[1].request_id != plan.request_id
    arm.tell('FAILED', 'out of reach', Failure('UNREACHABLE', 'out of reach'))
    ticking.until(tree, lambda: put.status is not Status.RUNNING, 'the end')
    assert (put.failure.code, put.failure.recovery, str(put.failure)) == ('UNREACHABLE', Recovery.ASK, 'out of reach')


def test_a_whole_plan_is_carried_out_and_halting_stops_the_arm(ticking, arm):
    steps = [PlanStep(action='pick', object='mug'), PlanStep(action='place', destination='plate')]
    Blackboard.set('/plan', Answer(instruction='the mug on the plate', steps=steps))
    leaf = CarryOut('do it')
    tree = ticking.tree(leaf)
    ticking.until(tree, lambda: arm.asked, 'the plan')
    assert arm.asked[0].steps == steps
    cancels = arm.cancels
    assert ticking.halt(tree)
    until(lambda: arm.cancels == cancels + 1, 'the cancel')
    assert leaf.feedback_message == 'halted'


def test_without_an_answer_the_arm_is_asked_nothing(ticking, arm):
    leaf = Pick('take it')
    assert ticking.run(leaf) is Status.FAILURE
    assert leaf.feedback_message.startswith("BAD_REQUEST: there is no answer at 'answer'")
    assert not arm.asked


def seen():
    return Blackboard.exists('/seen')


def test_a_place_lies_on_the_blackboard_only_while_the_thing_is_seen(ticking, follower):
    leaf = Track('follow it', 'the red mug')
    tree = ticking.tree(leaf)
    ticking.until(tree, lambda: follower.goal_handle, 'the goal')
    assert follower.goal_handle.request.instruction == 'the red mug'
    ticking.until(tree, follower.told(seen, state=Action.Feedback.TRACKING, target=MUG.targets[0]), 'the place')
    assert Blackboard.get('/seen').target.position.x == 0.4
    covered = follower.told(lambda: not seen(), state=Action.Feedback.LOST, message='something covers it')
    ticking.until(tree, covered, 'its end')
    assert leaf.feedback_message == 'does not see it: something covers it'
    ticking.until(tree, follower.told(seen, state=Action.Feedback.TRACKING, target=MUG.targets[0]), 'the place')
    result = Action.Result(outcome=Action.Result.LOST, error_code=13, reason='not seen for 15 s')
    follower.finish('abort', result)
    ticking.until(tree, lambda: leaf.status is not Status.RUNNING, 'the end')
    assert (leaf.failure.code, str(leaf.failure)) == ('NOT_FOUND', 'not seen for 15 s')
    assert not Blackboard.exists('/seen')


def test_halting_ends_the_following(ticking, follower):
    follower.goal_handle = None
    leaf = Track('follow it', 'the red mug')
    tree = ticking.tree(leaf)
    ticking.until(tree, lambda: follower.goal_handle, 'the goal')
    ticking.until(tree, follower.told(seen, state=Action.Feedback.TRACKING), 'the place')
    cancels = follower.cancels
    assert ticking.halt(tree)
    until(lambda: ticking.executor.spin_once(0.02) or follower.cancels == cancels + 1, 'the cancel')
    assert not Blackboard.exists('/seen')


def test_what_the_arm_s_node_says_of_a_failure_is_the_failure(ticking):
    """The node itself, which has neither a camera nor an arm here."""
    overrides = [Parameter('camera_pose', value='topic'), Parameter('brain', value='')]
    with ros() as context:
        node = arm_node.ArmNode(context=context, parameter_overrides=overrides, namespace='/bare')
        with spinning(node):
            Blackboard.set('/answer', MUG)
            leaf = Pick('take the mug', arm='/bare/robobrain_arm')
            assert ticking.run(leaf) is Status.FAILURE
        node.destroy_node()
    assert leaf.failure.recovery is Recovery.WAIT, leaf.feedback_message
