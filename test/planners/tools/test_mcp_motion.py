# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The tools that move the robot, over stdio, with a planner that does what the test says."""

import json
import signal

import pytest
from mcp_fixtures import SPACE, RawClient, agent_of
from robobrain_ros.msg import Plan, PlanStep
from ros_helpers import SOON, spinning, until
from scripted_engine import words
from stand_in_planner import StandInPlanner
from std_msgs.msg import String

from robobrain_ros.planners.failure import Failure
from robobrain_ros.planners.status import ARRIVED, ASKING, DRIVING, FAILED, GOAL

pytest_plugins = ('node_fixtures', 'mcp_fixtures')
pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def goto_stand_in(far_context):
    node = StandInPlanner('robobrain_goto', String, 'instruction', far_context, SPACE)
    with spinning(node):
        yield node
    node.destroy_node()


@pytest.fixture(scope='module')
def arm_stand_in(far_context):
    node = StandInPlanner('robobrain_arm', Plan, 'plan', far_context, SPACE)
    with spinning(node):
        yield node
    node.destroy_node()


@pytest.fixture
def goto(goto_stand_in):
    goto_stand_in.asked.clear()
    goto_stand_in.cancels = 0
    return goto_stand_in


@pytest.fixture
def arm(arm_stand_in):
    arm_stand_in.asked.clear()
    arm_stand_in.cancels = 0
    return arm_stand_in


@pytest.fixture(scope='module')
def agent(goto_stand_in):
    with agent_of(('--allow-motion',)) as agent:
        yield agent


def go(agent, goto, target='the kitchen table'):
    """Begin, and wait until the planner has heard it."""
    call = agent.start('navigate_to_target', target=target)
    until(lambda: goto.asked, 'the request')
    return call


def test_an_arrival_is_told_as_roboos_reads_it(agent, goto):
    call = go(agent, goto)
    goto.tell(DRIVING, 'stand at (1.0, 2.0)')
    goto.tell(ARRIVED, 'at (1.0, 2.0)')
    result = call.result(SOON)
    assert not result.is_error
    assert [item.text for item in result.content] == [
        'Navigation to the kitchen table is done. at (1.0, 2.0)',
        '{"position": "the kitchen table"}',
    ]
    assert result.structured_content['state'] == {'position': 'the kitchen table'}
    assert [message.data for message in goto.asked] == ['the kitchen table']
    assert not goto.cancels


def told(call):
    result = call.result(SOON)
    assert result.is_error
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content


def test_a_failure_has_its_code_and_what_may_help(agent, goto):
    call = go(agent, goto)
    goto.tell(FAILED, 'no free cell sees it', Failure('UNREACHABLE', 'no free cell sees it'))
    assert told(call) == {'error_code': 'UNREACHABLE', 'message': 'no free cell sees it', 'recovery': 'ASK'}
    assert not goto.cancels


def test_a_planner_that_only_publishes_the_pose_is_no_arrival(agent, goto):
    call = go(agent, goto)
    goto.tell(GOAL, 'stand at (1.0, 2.0)')
    assert told(call)['error_code'] == 'BAD_REQUEST'


def test_one_motion_at_a_time_and_a_cancelled_call_stops_the_robot(agent, goto):
    call = go(agent, goto)
    assert told(agent.start('navigate_to_target', target='the door'))['error_code'] == 'BUSY'
    call.cancel()
    until(lambda: goto.cancels, 'the cancel')
    assert len(goto.asked) == 1
    goto.asked.clear()
    again = go(agent, goto)
    goto.tell(ARRIVED, 'there')
    assert not again.result(SOON).is_error


def test_what_somebody_else_asks_for_takes_its_place_and_is_not_stopped(agent, goto):
    call = go(agent, goto)
    goto.asked.append(String(data='the door'))
    goto.tell(ASKING, "asking where it is: 'the door'")
    assert told(call)['error_code'] == 'PREEMPTED'
    assert not goto.cancels


def test_the_robot_stops_when_it_is_told_to(agent, goto):
    call = go(agent, goto)
    assert not agent.call('stop').is_error
    assert told(call)['error_code'] == 'CANCELLED'
    assert goto.cancels == 1


@pytest.mark.parametrize(
    ('name', 'given', 'action', 'where', 'says', 'state'),
    [
        ('grasp_object', {'object': 'the mug'}, 'pick', 'the mug', 'the mug is grasped.', {'grasped': 'the mug'}),
        (
            'place_to_affordance',
            {'affordance': 'the plate', 'object': 'the mug'},
            'place',
            'the plate',
            'the mug is placed on the plate.',
            {'grasped': 'None'},
        ),
    ],
)
def test_the_arm_gets_one_step_with_its_place(agent, shop, arm, name, given, action, where, says, state):
    call = agent.start(name, **given)
    until(lambda: arm.asked, 'the plan')
    assert any(where in words(asked) for asked in shop.engine.asked)
    (plan,) = arm.asked
    (step,) = plan.steps
    assert (step.action, step.status, step.targets[0].status) == (action, PlanStep.GROUNDED, 0)
    assert (step.destination or step.object) == where
    assert plan.position_frame == 'camera_color_optical_frame'
    arm.tell('MOVING', 'on the way: step 1, above')
    arm.tell('DONE', 'done')
    result = call.result(SOON)
    assert [item.text for item in result.content] == [f'{says} done', json.dumps(state)]
    assert not arm.cancels


def test_the_arm_is_not_asked_for_what_is_not_there(agent, shop, arm):
    answer = told(agent.start('grasp_object', object='the unicorn'))
    assert (answer['error_code'], answer['recovery']) == ('NOT_FOUND', 'LOOK_ELSEWHERE')
    assert not arm.asked


def test_an_arm_that_is_busy_for_others_goes_on(agent, shop, arm):
    call = agent.start('grasp_object', object='the mug')
    until(lambda: arm.asked, 'the plan')
    arm.tell(FAILED, 'it still does another', Failure('BUSY', 'it still does another'))
    assert told(call)['error_code'] == 'BUSY'
    assert not arm.cancels


def test_a_plan_is_not_asked_for_where_an_arm_would_do_it_at_once(agent, shop, arm):
    topic = f'{shop.node.get_fully_qualified_name()}/plan'
    hears = arm.create_subscription(Plan, topic, lambda plan: None, 5)
    try:
        until(lambda: told(agent.start('plan', instruction='tidy'))['error_code'] == 'BAD_REQUEST', 'the refusal')
        asked = len(shop.engine.asked)
        for name, given in (('plan', {}), ('ask', {'task': 'mission'}), ('look', {'task': 'Planning'})):
            assert "start it with brain:=''" in told(agent.start(name, instruction='tidy', **given))['message']
        assert agent.call('ask', instruction='mission: tidy').structured_content['task'] == 'pointing'
        assert len(shop.engine.asked) == asked + 1
    finally:
        arm.destroy_subscription(hears)


def test_a_killed_client_stops_the_robot(goto):
    client = RawClient('--allow-motion')
    client.send('tools/call', 1, name='navigate_to_target', arguments={'target': 'the door'})
    until(lambda: goto.asked, 'the request')
    code, log = client.close()
    assert (code, 'Traceback' in log) == (0, False), log
    assert goto.cancels == 1


def test_a_motion_that_takes_too_long_is_stopped(goto):
    with agent_of(('--allow-motion', '--motion-timeout', '1')) as agent:
        answer = told(go(agent, goto))
    assert (answer['error_code'], goto.cancels) == ('TIMEOUT', 1)
    assert 'has not ended within 1 s, and was told to stop' in answer['message']


def test_without_its_planner_a_tool_says_that_it_does_not_run(domain):
    with agent_of(('--node', '/empty/robobrain', '--allow-motion')) as agent:
        assert {'navigate_to_target', 'grasp_object', 'place_to_affordance', 'stop'} < agent.tools().keys()
        calls = [
            agent.start('navigate_to_target', target='the door'),
            agent.start('grasp_object', object='the mug'),
        ]
        drive, grasp = map(told, calls)
        place = told(agent.start('place_to_affordance', affordance='the plate'))
    assert (drive['error_code'], drive['recovery']) == ('NO_GOTO', 'WAIT')
    assert 'robobrain_goto does not run: there is no node /empty/robobrain_goto' in drive['message']
    for answer in (grasp, place):
        assert answer['error_code'] == 'NO_ARM'
        assert 'robobrain_arm does not run' in answer['message']


def test_a_signal_stops_the_robot(goto):
    client = RawClient('--allow-motion')
    client.send('tools/call', 1, name='navigate_to_target', arguments={'target': 'the door'})
    until(lambda: goto.asked, 'the request')
    client.process.send_signal(signal.SIGINT)
    until(lambda: client.process.poll() is not None, 'the end of the process')
    assert goto.cancels == 1
    assert client.close()[0] == 130
