# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""What plans mean for an arm, and the motions that come of them; descriptions of arms; points from depth."""

import json
import math
import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from geometry_msgs.msg import Point
from robobrain_ros.msg import Plan, PlanStep, Target

from robobrain_ros.answer import PointStatus
from robobrain_ros.errors import BadRequest, ErrorCode
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.geometry.transform import Transform
from robobrain_ros.planners.arm import parameters
from robobrain_ros.planners.arm.clearance import OPEN_M, Thing
from robobrain_ros.planners.arm.cloud import cloud
from robobrain_ros.planners.arm.description import UR5E_2F85, read_arm
from robobrain_ros.planners.arm.planning import AIR_M, motions, retreat
from robobrain_ros.planners.arm.reading import Act, acts
from robobrain_ros.planners.arm.seen import Seen
from robobrain_ros.planners.failure import Failure
from robobrain_ros.sim.arm import arm_of
from robobrain_ros.sim.arm_model import BASE, arm_model
from robobrain_ros.sim.layout import draw

STANDS = np.eye(4)
STANDS[:3, 3] = BASE
UR5E = read_arm(UR5E_2F85, STANDS)


def step(action: str, thing: str = 'red cube', destination: str = '', **fields) -> PlanStep:
    fields = {'status': PlanStep.GROUNDED, 'targets': [Target(position=Point(x=0.1, y=0.2, z=0.3))]} | fields
    return PlanStep(action=action, object=thing, destination=destination, description=f'{action} {thing}', **fields)


def test_a_mission_is_what_it_takes_and_where_it_puts_it():
    plan = Plan(
        steps=[
            step('move', status=PlanStep.FAILED, targets=[]),
            step('Grasp'),
            step('lift', status=PlanStep.PLANNED, targets=[]),
            step('place', 'red cube', 'plate'),
        ]
    )
    assert acts(plan) == [
        Act(True, (0.1, 0.2, 0.3), 'red cube', 2),
        Act(False, (0.1, 0.2, 0.3), 'plate', 4),
    ]


def at_point(x):
    return Target(status=PointStatus.OK, position=Point(x=x))


@pytest.mark.parametrize(
    ('steps', 'code', 'said'),
    [
        ([], 'BAD_REQUEST', 'it is empty'),
        ([step('move')], 'BAD_REQUEST', "no step that takes or puts something: 'move red cube'"),
        ([step('pick'), step('wipe', 'table')], 'BAD_REQUEST', "step 2, 'wipe table', is 'wipe'"),
        ([step('')], 'BAD_REQUEST', "is ''"),
        ([step('pick'), step('pick')], 'BAD_REQUEST', 'while the hand is full'),
        ([step('pick', status=PlanStep.PLANNED)], 'BAD_REQUEST', 'ask for it as a mission'),
        ([step('pick', targets=[])], 'BAD_REQUEST', 'ask for it as a mission'),
        (
            [step('pick'), step('put', status=PlanStep.FAILED, error_code=ErrorCode.NOT_FOUND, error_message='unseen')],
            'NOT_FOUND',
            "step 2, 'put red cube': unseen",
        ),
        ([step('pick', targets=[Target(status=PointStatus.NO_DEPTH)])], 'NO_DEPTH', 'cannot be told in metres'),
        ([step('pick', targets=[Target(status=99)])], 'BAD_REQUEST', 'the status of its target, 99, is unknown'),
        ([step('pick', status=PlanStep.FAILED, error_code=200)], 'BAD_REQUEST', 'its error_code 200 is unknown'),
        ([step('pick', status=PlanStep.FAILED)], 'BAD_REQUEST', 'its error_code 0 is unknown'),
        ([step('pick', targets=[at_point(math.nan)])], 'BAD_REQUEST', 'its place is (nan, 0, 0) m'),
        ([step('pick', targets=[at_point(-math.inf)])], 'BAD_REQUEST', 'its place is (-inf, 0, 0) m'),
        ([step('pick', targets=[at_point(1e300)])], 'BAD_REQUEST', 'its place is (1e+300, 0, 0) m'),
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_done_is_refused_with_its_step(steps, code, said):
    with pytest.raises(Failure, match=re.escape(said)) as caught:
        acts(Plan(steps=steps))
    assert caught.value.code == code


def test_a_plan_of_very_many_steps_is_not_quoted_whole():
    with pytest.raises(Failure, match='and 9990 more') as caught:
        acts(Plan(steps=[step('move', 'x' * 500)] * 10_000))
    assert len(str(caught.value)) < 2000


def standing(name: str, x: float, y: float, radius: float = 0.02, height: float = 0.04) -> Seen:
    thing = Thing(name, x, y, radius, height)
    return Seen(thing, ((0.0, 2 * radius), (np.pi / 2, 2 * radius)), np.array([[x, y, height]]))


CUBE, PLATE, FAR = standing('thing 1', -0.1, 0.1), standing('thing 2', 0.15, 0.0, 0.06), standing('thing 3', 1.2, -0.9)
TAKE = Act(True, (-0.1, 0.1, 0.03), 'cube', 2)
PUT = Act(False, (0.15, 0.0, 0.04), 'plate', 3)


def plan(doing: Sequence[Act], seen: Sequence[Seen] = (CUBE, PLATE), held=None, table=(1.5, 1.5)):
    return motions(UR5E, UR5E.home, doing, seen, held, table)


def test_taking_and_putting_are_six_motions_and_home():
    found = plan([TAKE, PUT])
    assert [motion.step for motion in found] == [2, 2, 2, 3, 3, 3, 0]
    assert [motion.holds is not None for motion in found] == [False, True, True, True, False, False, False]
    assert np.allclose(found[-1].path[-1], UR5E.home)
    for before, after in pairwise(found):
        assert np.allclose(before.path[-1], after.path[0])
    assert found[4].stop.pose[2, 3] == pytest.approx(0.04 + AIR_M + found[1].stop.pose[2, 3])


def test_what_was_taken_is_carried_home_and_put_by_the_next_plan():
    first = plan([TAKE])
    assert [motion.step for motion in first] == [2, 2, 2, 0]
    held = first[-1].holds
    assert held is not None
    second = plan([PUT], [PLATE], held)
    assert [motion.step for motion in second] == [3, 3, 3, 0]
    assert second[0].holds is held
    assert second[1].stop.opening == held.release


def test_where_nothing_stands_it_is_put_on_the_table():
    found = plan([TAKE, Act(False, (0.15, 0.2, 0.0), 'left side', 3)], [CUBE])
    assert np.allclose(found[4].stop.pose[:2, 3], [0.15, 0.2])
    assert found[4].stop.pose[2, 3] == pytest.approx(found[1].stop.pose[2, 3] + AIR_M)


@pytest.mark.parametrize('place', [(0.7, 0.0, 0.0), (0.0, -0.4, 0.0), (0.1, 0.2, -0.5), (0.1, 0.2, 0.4)])
def test_nothing_is_put_where_neither_a_thing_nor_the_table_is(place):
    with pytest.raises(
        Failure, match=r'step 3: where the shelf should be, .* the table is not there: it is 1.2 x 0.7 m'
    ):
        plan([TAKE, Act(False, place, 'shelf', 3)], [CUBE], table=(0.6, 0.35))


@pytest.mark.parametrize(
    ('doing', 'code', 'said'),
    [
        ([TAKE, Act(False, (1.2, -0.9, 0.04), 'bin', 5)], 'UNREACHABLE', 'step 5: with the cube above the bin: '),
        ([Act(True, (1.2, -0.9, 0.04), 'ball', 4), PUT], 'UNREACHABLE', 'step 4: above the ball: .* from the shoulder'),
        ([Act(True, (0.0, -0.2, 0.02), 'cup', 1)], 'NOT_FOUND', r'the cup should be, \(0.00, -0.20, 0.02\)'),
        ([PUT], 'BAD_REQUEST', 'the hand holds nothing'),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_named_with_step_and_point(doing, code, said):
    with pytest.raises(Failure, match=said) as caught:
        plan(doing, [CUBE, PLATE, FAR])
    assert caught.value.code == code


def test_a_full_hand_takes_nothing():
    held = plan([TAKE])[-1].holds
    with pytest.raises(Failure, match=r'holds the cube: put it down, or let go by ~/release'):
        plan([TAKE], held=held)


def test_after_a_failed_grasp_the_arm_goes_up_the_way_that_it_came_and_home():
    found = plan([TAKE, PUT])
    up, home = retreat(UR5E, found[1], [CUBE.thing, PLATE.thing])
    assert np.allclose(up.path, found[1].path[::-1])
    assert up.stop.opening == OPEN_M
    assert np.allclose(home.path[-1], UR5E.home)


def test_the_description_is_that_of_the_simulated_arm():
    simulated = arm_of(arm_model(draw(1, 64, 64)))
    angles = np.random.default_rng(1).uniform(-3, 3, (20, 6))
    assert np.allclose(UR5E.chain.links(angles), simulated.chain.links(angles), atol=1e-5)
    for name in ('home', 'speeds', 'accelerations'):
        assert np.allclose(getattr(UR5E, name), getattr(simulated, name))
    for one, other in zip(UR5E.capsules, simulated.capsules, strict=True):
        assert (one.name, one.link) == (other.name, other.link)
        numbers = [[*part.start, *part.end, part.radius] for part in (one, other)]
        assert np.allclose(numbers[0], numbers[1], atol=1e-5)


def test_files_that_describe_no_arm_are_refused(tmp_path):
    file = tmp_path / 'arm.json'
    with pytest.raises(BadRequest, match='cannot be read'):
        read_arm(file, STANDS)
    told = json.loads(UR5E_2F85.read_text())
    del told['joints'][2]['limits']
    file.write_text(json.dumps(told))
    with pytest.raises(BadRequest, match=r"KeyError: 'limits'; compare .*ur5e_2f85.json"):
        read_arm(file, STANDS)
    told['joints'][2]['limits'] = [3, -3]
    file.write_text(json.dumps(told))
    with pytest.raises(BadRequest, match='elbow_joint may turn from 3 to -3'):
        read_arm(file, STANDS)


def test_points_of_a_lens_with_distortion_lie_where_it_sees_them():
    camera = CameraModel.from_calibration(
        width=160, height=120, k=[150, 0, 79, 0, 150, 60, 0, 0, 1], d=[-0.2, 0.05, 0, 0, 0], model='plumb_bob'
    )
    depth = np.full((120, 160), np.nan, np.float32)
    spots = [(3, 5), (150, 110), (80, 60), (20, 100)]
    for u, v in spots:
        depth[v, u] = 1.5
    turned = Transform.from_quaternion((1.0, 2.0, 3.0), (0.0, 0.0, 1.0, 0.0))
    found = cloud(depth, camera, turned)
    right = [turned.apply(camera.deproject(u, v, 1.5)) for u, v in sorted(spots, key=lambda spot: (spot[1], spot[0]))]
    assert np.allclose(found, right, atol=0.001)


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ({'base_pose': '0 0.5'}, "base_pose is '0 0.5', but must be 4 numbers"),
        ({'base_pose': '0 0 nan 0'}, 'must be 4 numbers'),
        ({'table': '0 1'}, "table is '0 1', but width and depth must be more than 0"),
        ({'frame': ''}, "frame is '', but must be a name"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(changes, said):
    values = {parameter.name: parameter.default for parameter in parameters.PARAMETERS}
    parameters.check(values)
    with pytest.raises(BadRequest, match=said):
        parameters.check(values | changes)


def test_the_base_may_be_turned():
    assert np.allclose(parameters.base_of('1 2 3 90')[:3], [[0, -1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3]])
