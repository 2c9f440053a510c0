# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Missions around a scripted engine: plan, grounding, gaps, and one end for all of it."""

import asyncio

import pytest
from brain_fixtures import FLAT, SOON, Picture
from scripted_engine import Die, Gate, ScriptedEngine, words

from robobrain_ros.answer import GroundedStep, StepStatus
from robobrain_ros.brain import mission
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.jobs import Policy, Stage
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.tasks import parse_instruction
from robobrain_ros.tasks.plan_words import step_of
from robobrain_ros.tasks.planning import MOST
from robobrain_ros.tasks.profiles import PROFILES
from robobrain_ros.tasks.values import Step

GOAL = 'put the red cube on the plate'
PLAN = '1. Move the gripper to the red cube\n2. Grasp the red cube\n3. Place the red cube on the plate'
CUBE, PLATE = '[(250, 500)]', '[(750, 500)]'
REACH, PUT = '[(500, 250, 1.0), (250, 500, 1.0)]', '[(500, 250, 1.0), (250, 500, 1.0), (750, 500, 1.0)]'


def scripts(**changes):
    """What the model says, by words of the prompt; the first that fits counts."""
    said = {
        'plan': [PLAN],
        'reach': [REACH],
        'grasp': [REACH],
        'put': [PUT],
        'cube': [CUBE],
        'plate': [PLATE],
    } | changes
    words = {
        'plan': 'list the steps',
        'reach': '"Move the gripper to the red cube"',
        'grasp': '"Grasp the red cube"',
        'put': '"Place the red cube on the plate"',
        'cube': 'the red cube. Please provide its 2D',
        'plate': 'the plate. Please provide its 2D',
    }
    return {words[key]: script for key, script in said.items()}


@pytest.fixture
def brain():
    brain = Brain(ScriptedEngine(), PROFILES['robobrain-tiny'])
    brain.start(lambda text: None).result(SOON)
    brain.engine.scripts = scripts()
    yield brain
    brain.close()


def start(brain, goal=GOAL, looks=None, **options):
    async def frame():
        if looks is not None:
            looks.append(goal)
        return Picture(depth=FLAT)

    return brain.submit('mission', goal, frame, **options)


def test_every_step_gets_a_place_and_those_that_move_a_way(brain):
    looks, heard = [], []
    job = start(brain, looks=looks, report=lambda job: heard.append((job.stage, job.answer)))
    answer = job.done.result(SOON)
    assert (answer.code, answer.task, answer.instruction, answer.complete) == (ErrorCode.OK, 'mission', GOAL, True)
    assert all(isinstance(step, GroundedStep) for step in answer.steps)
    assert [(step.description, step.status) for step in answer.steps] == [
        (line[3:], StepStatus.GROUNDED) for line in PLAN.splitlines()
    ]
    assert [step.targets[0].pixel for step in answer.steps] == [(160, 240), (160, 240), (480, 240)]
    assert [step.targets[0].label for step in answer.steps] == ['the red cube', 'the red cube', 'the plate']
    assert all(step.targets[0].position for step in answer.steps)
    assert [len(step.waypoints) for step in answer.steps] == [2, 0, 3]
    assert answer.text.splitlines() == [*PLAN.splitlines(), CUBE, REACH, PLATE, PUT]  # the cube is asked for once
    assert (answer.tokens, answer.image_size, looks) == (5, (640, 480), [GOAL])
    assert 0 < answer.timings.first_token + answer.timings.decode < answer.timings.total
    stages = [stage for stage, _ in heard]
    assert stages.count(Stage.WAITING_IMAGE) == 1
    assert stages.index(Stage.WAITING_IMAGE) < stages.index(Stage.DECODE) < stages.index(Stage.PROJECT)
    grounded = [sum(step.status is StepStatus.GROUNDED for step in told.steps) for _, told in heard if told.steps]
    assert grounded == sorted(grounded)
    assert set(grounded) == {0, 1, 2, 3}
    assert (len(answer.places), [len(way) for way in answer.ways]) == (2, [2, 3])


@pytest.mark.parametrize(
    ('changes', 'codes', 'says'),
    [
        ({'cube': ['not visible']}, ['NOT_FOUND', 'NOT_FOUND', 'OK'], 'does not see it'),
        ({'plate': ['hm']}, ['OK', 'OK', 'UNPARSABLE'], "'hm'"),
        ({'put': ['[(500, 250, 1.0), (1, 2']}, ['OK', 'OK', 'UNPARSABLE'], 'the way has gaps'),
        ({'put': [PUT, BrainError(ErrorCode.ENGINE_FAILED, 'no')]}, ['OK', 'OK', 'ENGINE_FAILED'], 'no'),
        ({'plan': [PLAN + '\n4. Tidy up']}, ['OK', 'OK', 'OK', 'UNPARSABLE'], "'Tidy up' names nothing to look for"),
    ],
)
def test_a_step_that_cannot_be_grounded_says_why_and_the_rest_goes_on(brain, changes, codes, says):
    brain.engine.scripts = scripts(**changes)
    answer = start(brain).done.result(SOON)
    assert answer.success
    assert not answer.complete
    assert [step.code.name for step in answer.steps] == codes
    failed = [step for step in answer.steps if step.code is not ErrorCode.OK]
    assert {step.status for step in failed} == {StepStatus.FAILED}
    assert all(says in step.message for step in failed)
    assert not any(step.waypoints for step in failed)


def test_without_any_step_to_be_found_it_has_failed_and_shows_the_plan(brain):
    brain.engine.scripts = scripts(cube=['not visible'], plate=['not visible'])
    answer = start(brain).done.result(SOON)
    assert (answer.code, answer.complete) == (ErrorCode.NOT_FOUND, False)
    assert 'no step of the plan could be grounded' in answer.message
    assert len(answer.steps) == 3


@pytest.mark.parametrize(
    ('plan', 'code'), [('not visible', ErrorCode.NOT_FOUND), ('Well, well.', ErrorCode.UNPARSABLE)]
)
def test_without_a_plan_there_is_no_mission(brain, plan, code):
    brain.engine.scripts = scripts(plan=[plan])
    answer = start(brain).done.result(SOON)
    assert (answer.code, answer.steps, answer.text, answer.complete) == (code, (), plan, False)


@pytest.mark.parametrize(('more', 'code'), [(0, ErrorCode.OK), (1, ErrorCode.UNPARSABLE)])
def test_a_plan_without_end_is_not_carried_out(brain, more, code):
    lines = [f'{number}. Grasp the red cube' for number in range(1, MOST + more + 1)]
    brain.engine.scripts = scripts(plan=['\n'.join(lines)])
    answer = start(brain).done.result(SOON)
    assert (answer.code, len(answer.steps)) == (code, MOST + more)
    assert ('13 steps, and a mission has 12 at most' in answer.message) == bool(more)
    assert {step.status for step in answer.steps} == {StepStatus.PLANNED if more else StepStatus.GROUNDED}
    assert [len(step.waypoints) for step in answer.steps] == [0 if more else 2] + [0] * (MOST + more - 1)


def test_half_a_place_is_a_place_but_not_all_of_the_answer(brain):
    brain.engine.scripts = scripts(plate=['[(750, 500), (5000, 1)]'])
    answer = start(brain).done.result(SOON)
    assert [step.status for step in answer.steps] == [StepStatus.GROUNDED] * 3
    assert (answer.code, answer.complete) == (ErrorCode.OK, False)
    assert '(5000, 1)' in ' '.join(answer.warnings)


@pytest.mark.parametrize(
    ('end', 'code'),
    [
        (lambda brain, job: job.stop(ErrorCode.CANCELLED, 'enough'), ErrorCode.CANCELLED),
        (lambda brain, job: brain.stop_all(ErrorCode.NOT_ACTIVE, 'down'), ErrorCode.NOT_ACTIVE),
        (lambda brain, job: start(brain, 'x', settings=Settings(policy=Policy.NEWEST_WINS)), ErrorCode.PREEMPTED),
    ],
)
def test_it_ends_as_a_whole_and_keeps_what_is_grounded(brain, end, code):
    gate = Gate()
    brain.engine.scripts = scripts(plate=[gate])
    job = start(brain)
    assert gate.reached.wait(SOON)
    end(brain, job)
    answer = job.done.result(SOON)
    assert (answer.code, answer.complete) == (code, False)
    assert [step.status.name for step in answer.steps] == ['GROUNDED', 'GROUNDED', 'PLANNED']
    gate.open()
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), brain.loop.loop).result(SOON)
    assert len([one for one in brain.engine.asked if 'Place the red cube' in words(one)]) == 0


def test_it_times_out_as_a_whole(brain):
    brain.engine.scripts = scripts(plate=[Gate()])
    answer = start(brain, timeout=0.3).done.result(SOON)
    assert (answer.code, answer.complete) == (ErrorCode.TIMEOUT, False)


@pytest.mark.parametrize('when', ['plan', 'cube'])
def test_a_dead_engine_ends_it(brain, when):
    brain.engine.scripts = scripts(**{when: [Die()]})
    answer = start(brain).done.result(SOON)
    assert (answer.code, answer.complete) == (ErrorCode.ENGINE_DEAD, False)


def test_another_request_waits_for_the_whole_mission(brain):
    gate = Gate()
    brain.engine.scripts = scripts(plate=[gate])
    first = start(brain)
    assert gate.reached.wait(SOON)
    second = start(brain, 'put the red cube in the plate')
    assert second.stage is Stage.QUEUED
    gate.open()
    assert first.done.result(SOON).success
    assert second.done.result(SOON).code is ErrorCode.OK


def test_what_cannot_be_asked_is_refused_at_once(brain):
    looks = []
    assert start(brain, ' ', looks=looks).done.result(SOON).code is ErrorCode.BAD_REQUEST
    assert looks == []


def test_the_prefix_is_known():
    assert parse_instruction(f'mission: {GOAL}', 'pointing') == ('mission', GOAL)
    assert parse_instruction(GOAL, 'mission') == ('mission', GOAL)
    with pytest.raises(BrainError, match=r"'dance'.*general, mission"):
        parse_instruction(GOAL, 'dance')


@pytest.mark.parametrize(
    ('step', 'place'),
    [
        (Step('', 'move', 'the gripper', 'the red cube'), 'the red cube'),
        (Step('', 'grasp', 'the red cube'), 'the red cube'),
        (Step('', 'move', 'the cube', 'above the plate'), 'the plate'),
        (Step('', 'place', 'cube', 'on the plate'), 'the plate'),
        (Step('', 'place', 'cube', 'inside of the bowl'), 'the bowl'),
        (Step('', 'place', 'cube', 'into the bowl'), 'the bowl'),
        (Step('', 'place', 'cube', 'onto'), 'onto'),
        (Step('', 'move', 'the mug', 'next to the plate'), 'the free space next to the plate'),
        (step_of('Move the cube to the left of the plate'), 'the free space to the left of the plate'),
        (Step('Tidy up'), ''),
        (step_of('Put the cube under the table'), 'the free space under the table'),
        (step_of('拿起红色方块'), '红色方块'),
        (step_of('把红色方块放到盘子上'), '盘子'),
        (step_of('把紅色方塊放進碗裡'), '碗'),
        (step_of('将夹爪移动到红色方块上方'), '红色方块'),
        (step_of('将杯子移动到盘子旁边'), '盘子旁边的空位'),
        (step_of('整理桌面'), ''),
    ],
)
def test_where_a_step_acts(step, place):
    assert mission.place_of(step) == place


@pytest.mark.parametrize(
    'plan',
    [
        '>Grasp the red cube. Lift the red cube. >Place the red cube on the plate. Release the red cube.',
        '>Move the gripper to the mug. Grasp the mug. Lift the mug. >Move the mug above a box. >Put the mug on a box.',
        '>Move the gripper to the mug. Open the gripper. Grasp the mug. >Move the gripper to the box. Release the mug.',
        '>Open the drawer. >Pick up the mug. >Place the mug in the drawer. Release the mug. Close the drawer.',
        '>Open the drawer. >Pick up the mug. >Place the mug on the tray. >Close the drawer.',
        '>Press the red button. >Press the blue button. >Press the red button.',
        '>Pick up the mug. >Place the mug on the tray. >Pick up the blue cube. >Place the blue cube on the tray.',
        '>Locate the mug. Grasp the Mug. Tidy up. Lift the mug.',
        'Close the end effector. >Turn on the lamp.',
        '>将夹爪移动到红色方块. 抓取红色方块. >把红色方块放到盘子上. 松开红色方块. 打开夹爪',
    ],
)
def test_steps_that_go_somewhere(plan):
    """Marked by '>'."""
    marked = plan.rstrip('.').split('. ')
    assert mission.going([step_of(text.lstrip('>')) for text in marked]) == [text[0] == '>' for text in marked]


def test_with_or_without_article_it_is_the_same_thing():
    steps = [Step('', 'move', 'gripper', 'red cube'), Step('', 'grasp', 'the red cube'), Step('', 'lift', 'red cube')]
    assert mission.going(steps) == [True, False, False]
