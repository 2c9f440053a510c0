"""Missions around a scripted engine: plan, grounding, gaps, and one end for all of it."""

import asyncio

import numpy as np
import pytest
from brain_fixtures import FLAT, SOON, Picture
from scripted_engine import Die, Gate, ScriptedEngine

from robobrain_ros import mission
from robobrain_ros.answer import GroundedStep, StepStatus
from robobrain_ros.brain import Brain, Settings
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.jobs import Policy, Stage
from robobrain_ros.tasks import parse_instruction
from robobrain_ros.tasks.profiles import PROFILES
from robobrain_ros.tasks.values import Step

GOAL = 'put the red cube on the plate'
PLAN = '1. Move the gripper to the red cube\n2. Grasp the red cube\n3. Place the red cube on the plate'
CUBE, PLATE = '[(250, 500)]', '[(750, 500)]'
REACH, PUT = '[(500, 250, 1.0), (250, 500, 1.0)]', '[(500, 250, 1.0), (250, 500, 1.0), (750, 500, 1.0)]'
ASKED = 'The task is "put the red cube'


def scripts(**changes):
    """What the model says, by words of the prompt; the first that fits counts."""
    said = {
        'plan': [PLAN],
        'reach': [REACH],
        'put': [PUT],
        'cube': [CUBE],
        'plate': [PLATE],
    } | changes
    words = {
        'plan': 'list the steps',
        'reach': '"Move the gripper to the red cube"',
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

    return mission.ask(brain, 'mission', goal, frame, **options)


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


def test_without_any_step_to_be_found_it_has_failed_and_shows_the_plan(brain):
    brain.engine.scripts = scripts(cube=['not visible'], plate=['not visible'])
    answer = start(brain).done.result(SOON)
    assert answer.code is ErrorCode.NOT_FOUND
    assert 'no step of the plan could be grounded' in answer.message
    assert len(answer.steps) == 3


@pytest.mark.parametrize(
    ('plan', 'code'), [('not visible', ErrorCode.NOT_FOUND), ('Well, well.', ErrorCode.UNPARSABLE)]
)
def test_without_a_plan_there_is_no_mission(brain, plan, code):
    brain.engine.scripts = scripts(plan=[plan])
    answer = start(brain).done.result(SOON)
    assert (answer.code, answer.steps, answer.text) == (code, (), plan)


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
    assert answer.code is code
    assert [step.status.name for step in answer.steps] == ['GROUNDED', 'GROUNDED', 'PLANNED']
    gate.open()
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0), brain._loop.loop).result(SOON)
    assert len([one for one in brain.engine.asked if 'Place the red cube' in one.text]) == 0


def test_it_times_out_as_a_whole(brain):
    brain.engine.scripts = scripts(plate=[Gate()])
    answer = start(brain, timeout=0.3).done.result(SOON)
    assert answer.code is ErrorCode.TIMEOUT


def test_a_dead_engine_ends_it(brain):
    brain.engine.scripts = scripts(cube=[Die()])
    answer = start(brain).done.result(SOON)
    assert answer.code is ErrorCode.ENGINE_DEAD


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


def test_other_tasks_go_to_the_brain(brain):
    async def frame():
        return Picture(np.zeros((480, 640, 3), np.uint8))

    assert mission.ask(brain, 'pointing', 'the red cube', frame).done.result(SOON).text == CUBE


def test_the_prefix_is_known():
    assert parse_instruction(f'mission: {GOAL}', 'pointing') == ('mission', GOAL)
    assert parse_instruction(GOAL, 'mission') == ('mission', GOAL)
    with pytest.raises(BrainError, match=r"'dance'.*general, mission"):
        parse_instruction(GOAL, 'dance')


@pytest.mark.parametrize(
    ('step', 'place', 'going'),
    [
        (Step('', 'move', 'the gripper', 'the red cube'), 'the red cube', True),
        (Step('', 'grasp', 'the red cube'), 'the red cube', False),
        (Step('', 'pick', 'the red cube'), 'the red cube', True),
        (Step('', 'move', 'the cube', 'above the plate'), 'the plate', True),
        (Step('', 'place', 'cube', 'on the plate'), 'the plate', True),
        (Step('', 'place', 'cube', 'onto'), 'onto', True),
        (Step('', 'move', 'the mug', 'next to the plate'), 'the free space next to the plate', True),
        (Step('Tidy up'), '', False),
    ],
)
def test_where_a_step_acts(step, place, going):
    assert (mission.place_of(step), mission.goes(step)) == (place, going)
