# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The leaves Ask, Mission and Monitor over DDS, beside the node with an engine that answers by a script."""

import gc
import re
import subprocess
import sys
import time
from collections import Counter

import pytest
from builtin_interfaces.msg import Duration
from node_worlds import up
from py_trees.blackboard import Blackboard
from py_trees.common import Status
from py_trees.composites import Selector
from repository import ROOT
from robobrain_ros.action import Monitor as Watched
from robobrain_ros.msg import Answer, PlanStep
from ros_helpers import SOON, until
from scripted_engine import Die, Gate
from ticking import Ticking

from robobrain_ros.errors import BadRequest
from robobrain_ros.planners.failure import Recovery
from robobrain_ros.planners.trees import Ask, Mission, Monitor
from robobrain_ros.ros.client import DEACTIVATE

pytest_plugins = ('node_fixtures', 'node_worlds')
pytestmark = pytest.mark.ros


@pytest.fixture
def ticking(world, pictures, far_context):
    up(world)
    until(lambda: world.answer('the mug').error_code == Answer.OK, 'a first answer')
    ticking = Ticking(far_context, world.node.get_namespace())
    yield ticking
    ticking.close()


@pytest.fixture
def engine(saboteur, ticking):
    return saboteur.engines[-1]


def test_a_selector_goes_on_to_what_is_visible(ticking, engine):
    engine.scripts['unicorn'] = ['not visible']
    unicorn, mug = Ask('the unicorn?', 'the unicorn'), Ask('the mug?', lambda: 'the red mug', key='mug')
    assert ticking.run(Selector('something', memory=True, children=[unicorn, mug])) is Status.SUCCESS
    assert (unicorn.failure.code, unicorn.failure.recovery) == ('NOT_FOUND', Recovery.LOOK_ELSEWHERE)
    assert Blackboard.get('/failure') is unicorn.failure
    answer = Blackboard.get('/mug')
    assert (answer.instruction, answer.error_code, len(answer.targets)) == ('the red mug', Answer.OK, 1)
    assert not Blackboard.exists('/answer'), 'the unicorn left none'
    assert mug.feedback_message == answer.text


def test_a_leaf_says_in_words_what_the_node_does(ticking, engine):
    gate = Gate()
    engine.scripts['the cup'] = ['[(1', gate, '00, 200)]']
    leaf = Ask('the cup?', 'the cup')
    tree = ticking.tree(leaf)
    ticking.until(tree, lambda: leaf.feedback_message == 'answers: [(1', 'the answer so far')
    gate.open()
    ticking.until(tree, lambda: leaf.status is Status.SUCCESS, 'the end')
    assert ticking.messages[0].startswith('looks for robobrain/query') or ticking.messages[0] == 'sent'


def test_halting_cancels_the_question_also_before_it_is_accepted(ticking, engine, world):
    leaf = Ask('for ever', 'hang')
    tree = ticking.tree(leaf)
    ticking.until(tree, lambda: engine.running, 'the question')
    assert ticking.halt(tree)
    assert leaf.feedback_message == 'halted'
    until(lambda: not engine.running, 'end of the question')

    cancelled = []
    ticking.node.create_subscription(
        Answer, 'robobrain/answer', lambda m: cancelled.append(m) if m.error_code == Answer.CANCELLED else None, 10
    )
    until(lambda: ticking.node.count_publishers('robobrain/answer'), 'the topic')
    until(leaf._client.server_is_ready, 'the action')
    tree.tick()  # sends, and nothing is taken in before it is halted
    assert leaf.status is Status.RUNNING
    assert leaf._goal is not None
    assert leaf._goal._handle is None
    assert not leaf.settled or ticking.halt(tree)
    assert ticking.halt(tree)
    until(lambda: not engine.running, 'end of the second question')
    ticking.until(ticking.tree(Ask('again', 'the mug')), lambda: Blackboard.exists('/answer'), 'an answer')
    assert not engine.running


def test_what_a_node_cannot_do_is_a_failure_with_a_reason(ticking, engine, world):
    engine.scripts['the glass'] = [Gate()]
    slow = Ask('slow', 'the glass', timeout_s=0.3)
    assert ticking.run(slow) is Status.FAILURE
    assert (slow.failure.code, slow.failure.recovery) == ('TIMEOUT', Recovery.RETRY)
    wrong = Ask('wrong', 'the glass', task='guessing')
    assert ticking.run(wrong) is Status.FAILURE
    assert (wrong.failure.code, wrong.failure.recovery) == ('BAD_REQUEST', Recovery.ASK)
    assert 'guessing' in wrong.feedback_message
    absent = Ask('nobody', 'the mug', brain='/nowhere')
    absent.found_s = 0.2
    assert ticking.run(absent) is Status.FAILURE
    assert (absent.failure.code, absent.failure.recovery) == ('NO_BRAIN', Recovery.WAIT)
    assert '/nowhere/query' in absent.feedback_message
    engine.scripts['the cup'] = [Die()]
    dead = Ask('dead', 'the cup')
    assert ticking.run(dead) is Status.FAILURE
    assert dead.failure.code == 'ENGINE_DEAD'
    assert world.transition(DEACTIVATE)
    refused = Ask('refused', 'the mug')
    assert ticking.run(refused) is Status.FAILURE
    assert (refused.failure.code, refused.failure.recovery) == ('NOT_ACTIVE', Recovery.WAIT)


def test_a_position_can_be_demanded(ticking, engine):
    assert ticking.run(Ask('somewhere', 'the mug', in_metres=True)) is Status.SUCCESS


def test_a_mission_ends_with_a_plan_or_with_why_a_step_has_no_place(ticking, engine):
    engine.scripts['list the steps'] = ['1. Grasp the red cube\n2. Place the red cube on the plate']
    engine.scripts['"Grasp'] = engine.scripts['"Place'] = ['[(500, 250, 1.0), (250, 500, 1.0)]']
    plan = Mission('plan it', 'put the red cube on the plate')
    assert ticking.run(plan) is Status.SUCCESS
    steps = Blackboard.get('/plan').steps
    assert [step.status for step in steps] == [PlanStep.GROUNDED, PlanStep.GROUNDED]
    assert any(re.fullmatch('plans: [012] of 2 steps', message) for message in ticking.messages)

    engine.scripts['the plate. Please'] = ['not visible']
    assert ticking.run(plan) is Status.FAILURE
    assert (plan.failure.code, plan.failure.recovery) == ('NOT_FOUND', Recovery.LOOK_ELSEWHERE)
    assert plan.feedback_message.startswith("NOT_FOUND: step 2, 'Place the red cube on the plate': ")
    assert not Blackboard.exists('/plan')


def test_a_monitor_ends_with_a_verdict(ticking, engine):
    often = Duration(nanosec=100_000_000)
    engine.script = ['<score>+100', '%</score>']
    watch = Monitor('is it done?', 'put the red cube on the plate', period=often)
    assert ticking.run(watch) is Status.SUCCESS
    assert Blackboard.get('/progress').outcome == Watched.Result.SUCCEEDED
    assert 'progress 100%' in ticking.messages
    engine.script = ['<score>+50', '%</score>']
    stalled = Monitor('does it move?', 'put the red cube on the plate', period=often, stall=Duration(sec=1))
    tree = ticking.tree(stalled)
    ticking.until(tree, lambda: stalled.feedback_message.startswith('progress'), 'a sample')
    engine.script = ['<score>+0', '%</score>']
    ticking.until(tree, lambda: stalled.status is not Status.RUNNING, 'a verdict')
    assert (stalled.failure.code, stalled.failure.recovery) == ('TASK_STALLED', Recovery.RETRY)

    assert ticking.run(Monitor('which?', 'put it there', goal_name='nothing of the name')) is Status.FAILURE
    assert Blackboard.get('/failure').code == 'BAD_REQUEST'
    halted = Monitor('for ever', 'put the red cube on the plate', period=often, stall=Duration(sec=60))
    tree = ticking.tree(halted)
    ticking.until(tree, lambda: halted.feedback_message.startswith('progress'), 'a sample')
    assert ticking.halt(tree)


def test_a_leaf_needs_a_node_and_fields_that_exist():
    with pytest.raises(BadRequest, match=r"'the mug\?' needs a ROS node"):
        Ask('the mug?', 'the mug').setup()
    with pytest.raises(BadRequest, match="no field 'colour'; it has task, instruction"):
        Ask('the mug?', 'the mug', colour='red')


def test_a_thousand_ticks_leave_nothing_behind(ticking, engine):
    """Many questions are answered, many halted while they run or before they are accepted; twice, to compare."""
    leaf = Ask('the mug?', 'the red mug')
    tree = ticking.tree(leaf)

    def play() -> None:
        end, ticks, answered = time.monotonic() + SOON, 0, 0
        while ticks < 500 or answered < 10:
            assert time.monotonic() < end, (ticks, answered)
            for _ in range(3):  # as where a timer ticks: what has come in is taken in between
                ticking.executor.spin_once(0.001)
            tree.tick()
            ticks += 1
            answered += leaf.status is Status.SUCCESS
            if ticks < 250 and ticks % 10 == 0:
                assert ticking.halt(tree)
        assert ticking.halt(tree)
        kept = [value for name, value in vars(leaf._client).items() if name.startswith('_pending')]
        while any(kept) or leaf._client._feedback_callbacks:  # results that nobody waits for are on their way
            assert time.monotonic() < end, kept
            ticking.executor.spin_once(0.05)

    def count() -> tuple[dict[str, int], Counter[type]]:
        gc.collect()
        kinds = ('publishers', 'subscriptions', 'services', 'clients', 'timers', 'guards', 'waitables')
        entities = {kind: len(list(getattr(ticking.node, kind))) for kind in kinds}
        ours = ('py_trees', 'robobrain_ros.planners', 'rclpy.action.client', 'rclpy.timer')  # not the other side's
        return entities, Counter(type(one) for one in gc.get_objects() if str(type(one).__module__).startswith(ours))

    play()
    entities, objects = count()
    assert objects[type(tree)] == 1
    play()
    entities_then, objects_then = count()
    assert entities_then == entities
    assert (objects_then - objects).total() < 5, objects_then - objects


def test_the_example_finds_both_things(ticking, world):
    program = [sys.executable, str(ROOT / 'examples' / 'fetch_tree.py'), '--brain', world.name]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.search(r'recover: find the red bowl \[(✓|o)\]', done.stdout)
    assert done.stdout.splitlines()[-2:] == ['thing: [(500, 250)]', 'place: [(500, 250)]']
