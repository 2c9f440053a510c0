# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Action ~/query on the real node with the real (tiny) engine: stages, cancels, limits, crowds, and speed."""

import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import fields
from itertools import pairwise

import numpy as np
import psutil
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from lifecycle_msgs.srv import GetState
from node_fixtures import LONG, STAGES, idle, now
from rcl_interfaces.srv import GetParameters
from rclpy.node import Node
from repository import ROOT
from robobrain_ros.msg import Answer, PlanStep
from robobrain_ros.srv import Ask
from ros_helpers import SOON, until
from std_msgs.msg import String

from robobrain_ros.answer import Timings
from robobrain_ros.brain.jobs import Job
from robobrain_ros.engines.base import EngineState
from robobrain_ros.ros.client import Client

pytest_plugins = ('node_fixtures',)
pytestmark = [
    pytest.mark.ros,
    pytest.mark.engine,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]


# --- the action -------------------------------------------------------------------------------------------------------
def test_feedback_follows_the_stages_and_the_text_grows(active, ears):
    goal = ears.goal(*LONG)
    status, result = goal.end()
    assert (status, result.success) == (GoalStatus.STATUS_SUCCEEDED, True)
    goal.reached('PROJECT')  # feedback may come behind the result
    stages = list(dict.fromkeys(feedback.stage for feedback in goal.feedback))
    assert stages == [stage for stage in STAGES if stage in stages], 'in order, none twice'
    assert {'WAITING_IMAGE', 'DECODE', 'PROJECT'} <= set(stages)
    texts = [feedback.partial_text for feedback in goal.feedback]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert len(set(texts)) > 10
    assert texts[-1] == result.answer.text
    assert [f.tokens for f in goal.feedback] == sorted(f.tokens for f in goal.feedback)
    assert goal.feedback[-1].tokens == result.answer.tokens


def test_a_mission_streams_its_plan_and_works_by_every_way(active, ears, client):
    what = 'put the yellow ball on the red plate'
    goal = ears.goal('mission', what)
    status, result = goal.end(60)
    answer = result.answer
    assert (status, result.success) == (GoalStatus.STATUS_SUCCEEDED, True), result.error_message
    assert {feedback.stage for feedback in goal.feedback} <= set(STAGES)
    planned = lambda: [step for step in goal.feedback[-1].steps if step.status == PlanStep.PLANNED]  # noqa: E731
    until(lambda: not planned(), 'the last feedback, which may come behind the result')
    known = [feedback.steps for feedback in goal.feedback if feedback.steps]
    assert {len(steps) for steps in known} == {len(answer.steps)}
    ready = [sum(step.status != PlanStep.PLANNED for step in steps) for steps in known]
    assert ready == sorted(ready)
    assert (ready[0], ready[-1]) == (0, len(answer.steps))
    for step in answer.steps:
        assert step.targets or step.status == PlanStep.FAILED
    grounded = [step for step in answer.steps if step.status == PlanStep.GROUNDED]
    assert any(step.waypoints for step in grounded)
    shape = lambda steps: [(step.description, step.status, len(step.waypoints)) for step in steps]  # noqa: E731
    assert shape(ears.hear('plan', answer).steps) == shape(answer.steps)
    assert not ears.heard['trajectory']
    asked = client.call(Ask, '/robobrain/ask', Ask.Request(task='mission', instruction=what), 60)
    assert shape(asked.answer.steps) == shape(answer.steps)
    ears.heard.clear()
    ears.instruction.publish(String(data=f'mission: {what}'))
    (heard,) = until(lambda: ears.heard['answer'], 'the answer to the topic', 60)
    assert (heard.task, heard.instruction, len(heard.steps)) == ('mission', what, len(answer.steps))


def test_a_mission_is_cancelled_as_a_whole(active, ears):
    goal = ears.goal('mission', 'put the yellow ball on the red plate')
    until(lambda: any(feedback.steps for feedback in goal.feedback), 'a plan', 60)
    goal.handle.cancel_goal_async()
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_CANCELED, Answer.CANCELLED)
    assert any(step.status == PlanStep.PLANNED for step in result.answer.steps)
    until(lambda: idle(active), 'idle engine')


def test_cancel_in_mid_decode(active, ears):
    goal = ears.goal(*LONG)
    goal.reached('DECODE')
    goal.handle.cancel_goal_async()
    status, result = goal.end()
    assert status == GoalStatus.STATUS_CANCELED
    assert result.error_code == Answer.CANCELLED
    assert not result.success
    assert result.answer.tokens < 64
    assert not result.answer.waypoints
    until(lambda: idle(active), 'idle engine')


def test_cancel_reaches_the_engine_at_once(active, ears, monkeypatch):
    """What the node is told to cancel is gone from the engine long before its answer would have ended."""
    _, whole = ears.goal(*LONG).end()
    asked, stop = [], Job.stop
    monkeypatch.setattr(Job, 'stop', lambda *arguments: asked.append(arguments) or stop(*arguments))
    for _ in range(10):
        asked.clear()
        goal = ears.goal(*LONG)
        goal.reached('DECODE')
        goal.handle.cancel_goal_async()
        while not (asked and idle(active)):
            assert goal.response is None or asked, 'it was answered before it could be cancelled'
            time.sleep(0.0005)  # between two looks; the timeout of the test ends it
        status, result = goal.end()
        assert status == GoalStatus.STATUS_CANCELED
        assert result.answer.tokens < whole.answer.tokens


def test_a_goal_ends_at_its_timeout(active, ears):
    goal = ears.goal(*LONG, timeout=Duration(nanosec=150_000_000))
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.TIMEOUT)
    assert '0.15 s' in result.error_message
    until(lambda: idle(active), 'idle engine')


@pytest.mark.parametrize(
    ('task', 'instruction', 'says'),
    [
        ('pointing', '  ', 'empty'),
        ('dancing', 'the mug', "'dancing'"),
        ('pointing', 'the mug<|im_end|>', "'<|im_end|>'"),
        ('pointing', 'x' * 2001, '2001'),
        ('general', 'a\x07b', 'control character'),
    ],
)
def test_a_bad_request_is_answered_with_a_sentence(active, client, ears, task, instruction, says):
    status, result = ears.goal(task, instruction).end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.BAD_REQUEST)
    assert says in result.error_message
    response = client.call(Ask, '/robobrain/ask', Ask.Request(task=task, instruction=instruction), SOON)
    assert (response.error_code, response.error_message) == (Answer.BAD_REQUEST, result.error_message)


def test_a_bad_instruction_on_the_topic_is_answered_on_the_topic(active, ears):
    ears.instruction.publish(String(data='grounding:'))
    # those of the test before may still be on their way
    found = lambda: [answer for answer in ears.heard['answer'] if 'empty' in answer.error_message]  # noqa: E731
    assert until(found, 'answer')[0].error_code == Answer.BAD_REQUEST


def test_a_goal_waits_for_an_image_that_is_not_before_its_time(active, client):
    stamp = now(client.node)
    answer = client.query('pointing', 'the red plate', not_before=stamp)
    assert answer.error_code == Answer.OK, answer.error_message
    assert (answer.header.stamp.sec, answer.header.stamp.nanosec) >= (stamp.sec, stamp.nanosec)


def test_two_clients_at_once(active, far_context):
    def ask(name: str, task: str, answers: list) -> None:
        client = Client(Node(name, context=far_context))
        answers += [client.query(task, 'the red plate') for _ in range(4)]
        client.close()
        client.node.destroy_node()

    answers = {'pointing': [], 'grounding': []}
    threads = [threading.Thread(target=ask, args=(f'client_{task}', task, answers[task])) for task in answers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for task, got in answers.items():
        assert [(answer.task, answer.error_code) for answer in got] == [(task, Answer.OK)] * 4
        assert all(answer.targets[0].has_box == (task == 'grounding') for answer in got)


def test_a_hundred_goals_with_random_cancels_all_end(active, ears):
    dice = random.Random(1)
    goals = [ears.goal('pointing', f'the red plate {number}') for number in range(100)]
    for goal in goals:
        if dice.random() < 0.3:
            assert goal.accepted()
            goal.handle.cancel_goal_async()
    ends = [goal.end(60) for goal in goals]
    ok = {
        (GoalStatus.STATUS_SUCCEEDED, Answer.OK),
        (GoalStatus.STATUS_ABORTED, Answer.BUSY),
        (GoalStatus.STATUS_CANCELED, Answer.CANCELLED),
    }
    assert {(status, result.error_code) for status, result in ends} == ok
    until(lambda: idle(active), 'idle engine')


# --- speed ------------------------------------------------------------------------------------------------------------
def test_stages_add_up(active, client):
    stages = []
    for _ in range(20):
        timings = client.query('pointing', 'the red plate').timings
        stages.append([getattr(timings, f'{stage.name}_ms') for stage in fields(Timings)])
    medians = dict(zip((stage.name for stage in fields(Timings)), np.median(stages, axis=0), strict=True))
    assert sum(medians.values()) - medians['total'] == pytest.approx(medians['total'], rel=0.5)


def test_services_answer_while_a_request_decodes(active, client, ears):
    goals = [ears.goal(*LONG) for _ in range(8)]
    goals[0].reached('DECODE')
    services = [
        (client.node.create_client(GetParameters, '/robobrain/get_parameters'), GetParameters.Request(names=['model'])),
        (client.node.create_client(GetState, '/robobrain/get_state'), GetState.Request()),
    ]
    for service, request in services:
        assert service.wait_for_service(5)
        client.wait(service.call_async(request), 30, 'service')
    assert goals[-1].response is None, 'the services answered only when the requests had ended'
    for goal in goals:
        assert goal.end()[1].success
    for service, _ in services:
        client.node.destroy_client(service)


def test_the_example_of_a_client(active):
    """examples/ros_client.py, as a process of its own."""
    command = [sys.executable, str(ROOT / 'examples' / 'ros_client.py'), 'the red plate']
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert 'outcome: 0 success' in done.stdout
    assert 'DECODE: [(' in done.stdout
    assert 'target at pixel (' in done.stdout


# --- the worst ------------------------------------------------------------------------------------------------------
def test_a_thousand_goals_with_random_cancels_and_an_engine_that_is_killed_all_end(active, client, ears, parameters):
    """The last one, for the engine has to start again afterwards."""
    parameters(queue_size=60)
    dice = random.Random(2)
    goals = [ears.goal('pointing', f'the red plate {number}') for number in range(1000)]
    for goal in goals:
        assert goal.accepted()
        if dice.random() < 0.3:
            goal.handle.cancel_goal_async()
    until(lambda: sum(goal.succeeded() for goal in goals) >= 5, 'first answers', 60)
    core = max(map(psutil.Process, active._brain.engine.health().pids), key=lambda one: one.memory_info().rss)
    core.kill()
    ends = [goal.end(60) for goal in goals]
    allowed = {
        (GoalStatus.STATUS_SUCCEEDED, Answer.OK),
        (GoalStatus.STATUS_ABORTED, Answer.BUSY),
        (GoalStatus.STATUS_CANCELED, Answer.CANCELLED),
        (GoalStatus.STATUS_ABORTED, Answer.ENGINE_DEAD),
    }
    found = Counter((status, result.error_code) for status, result in ends)
    assert set(found) == allowed, found
    assert not active._requests._jobs
    until(lambda: active._brain.engine.health().state is EngineState.READY, 'another engine', 100)
    answer = client.query('pointing', 'the red plate')
    assert answer.error_code == Answer.OK, answer.error_message
    until(lambda: idle(active), 'idle engine')  # the other one's warm-up may still be running
