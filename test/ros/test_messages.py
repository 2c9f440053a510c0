# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Answers as ROS messages, without DDS."""

import math
from dataclasses import fields, replace

import pytest
from robobrain_ros.action import Monitor, Query
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.msg import PlanStep
from robobrain_ros.msg import Target as TargetMessage
from std_msgs.msg import Header

from robobrain_ros.answer import Answer, GroundedStep, PointStatus, StepStatus, Target, Timings
from robobrain_ros.brain.jobs import Stage
from robobrain_ros.errors import ErrorCode
from robobrain_ros.ros import from_messages, messages
from robobrain_ros.tasks.values import Step

HEADER = Header(frame_id='camera_color_optical_frame')
HEADER.stamp.sec, HEADER.stamp.nanosec = 12, 34
HALVES = (0.5, -0.5, 0.5, 0.5)
PLACED = Target((3.5, 4.0), label='mug', status=PointStatus.OK, position=(0.1, -0.2, 0.7), valid_fraction=0.75)
SURE = replace(PLACED, confidence=0.875, spread=(1.5, 0.5, 0.0), covariance=tuple(0.25 * index for index in range(9)))
UNPLACED = Target((1, 2), status=PointStatus.NO_DEPTH)
BOXED = Target((15.0, 25.0), box=(10.0, 20.0, 20.0, 30.0), status=PointStatus.OUT_OF_RANGE)
WAYPOINT = Target((7.0, 8.0), model_depth=0.62, status=PointStatus.OK, position=(0.0, 0.0, 0.5), orientation=HALVES)
STEPS = (Step('Grasp the mug', 'grasp', 'the mug', ''), Step('Go home'))


def place(message) -> tuple[float, float, float]:
    return message.x, message.y, message.z


def test_error_codes_and_statuses_have_the_numbers_of_the_messages():
    assert {code.name: int(code) for code in ErrorCode} == {
        code.name: getattr(AnswerMessage, code.name) for code in ErrorCode
    }
    for status in PointStatus:
        assert int(status) == getattr(TargetMessage, f'STATUS_{status.name}')


def test_the_actions_results_hold_the_numbers_of_their_error_codes():
    for code in ErrorCode:
        assert getattr(Query.Result, code.name) == code
        assert getattr(Monitor.Result, code.name if code is ErrorCode.OK else f'ERROR_{code.name}') == code


@pytest.mark.parametrize('result', [Query.Result, Monitor.Result])
def test_nav2_s_leaves_find_the_names_they_write_and_no_number_of_nav2_is_taken(result):
    assert isinstance(result.TIMEOUT, int)
    theirs = {result.GOAL_REJECTED, result.SEND_GOAL_FAILURE}
    ours = {result.NAV2_BLOCK + code for code in ErrorCode}
    assert len(theirs | ours) == 2 + len(ErrorCode)
    assert all(10000 <= number < 2**16 for number in theirs | ours)


def test_stages_have_the_names_of_the_action():
    assert {stage.value for stage in Stage} == {getattr(Query.Feedback, stage.name) for stage in Stage}


def test_every_field_of_an_answer_arrives():
    timings = Timings(*(float(index) for index in range(1, len(fields(Timings)) + 1)))
    result = Answer(
        'pointing',
        'the mug',
        text='[(500, 500)]',
        image_size=(640, 480),
        targets=(PLACED, UNPLACED),
        reply='words',
        complete=False,
        warnings=('one', 'two'),
        frame_age=0.25,
        tokens=9,
        timings=timings,
    )
    message = messages.answer(result, HEADER, 'front', 'map')
    assert message.header == HEADER
    assert (message.task, message.instruction, message.text) == ('pointing', 'the mug', '[(500, 500)]')
    assert (message.error_code, message.error_message) == (AnswerMessage.OK, '')
    assert (message.image_width, message.image_height) == (640, 480)
    assert (message.reply, message.complete, list(message.warnings)) == ('words', False, ['one', 'two'])
    assert (message.frame_age_s, message.tokens) == (0.25, 9)
    assert not message.waypoints
    assert not message.steps
    for index, stage in enumerate(fields(Timings), 1):
        assert getattr(message.timings, f'{stage.name}_ms') == index


def test_a_target_with_a_position():
    target = messages.answer(Answer('pointing', 'x', targets=(PLACED,)), HEADER, 'front', 'map').targets[0]
    assert (target.label, target.u, target.v, target.has_box) == ('mug', 3.5, 4.0, False)
    assert target.status == TargetMessage.STATUS_OK
    assert place(target.position) == (0.1, -0.2, 0.7)
    assert target.depth_valid_fraction == 0.75
    assert math.isnan(target.model_depth)
    assert all(map(math.isnan, (target.confidence, target.u_stddev, *target.position_covariance)))


def test_how_sure_the_model_was():
    target = messages.answer(Answer('pointing', 'x', targets=(SURE,)), HEADER, 'front', 'map').targets[0]
    assert (target.confidence, target.u_stddev, target.v_stddev, target.model_depth_stddev) == (0.875, 1.5, 0.5, 0.0)
    assert tuple(target.position_covariance) == SURE.covariance
    pose = messages.pose_with_covariance(SURE, HEADER)
    assert (pose.header, place(pose.pose.pose.position)) == (HEADER, SURE.position)
    rows = pose.pose.covariance.reshape(6, 6)
    assert tuple(rows[:3, :3].ravel()) == SURE.covariance
    assert tuple(rows[3:, 3:].diagonal()) == (math.pi**2,) * 3
    assert not rows[:3, 3:].any()
    assert not rows[3:, :3].any()


def test_how_a_tool_should_stand_there():
    turned = replace(PLACED, orientation=HALVES)
    known, unknown = messages.answer(Answer('pointing', 'x', targets=(turned, PLACED)), HEADER, 'front', 'map').targets
    turn = known.orientation
    assert (turn.x, turn.y, turn.z, turn.w) == turned.orientation
    assert math.isnan(unknown.orientation.w)


def test_a_position_that_is_unknown_is_nan_never_zero():
    target = messages.answer(Answer('pointing', 'x', targets=(UNPLACED,)), HEADER, 'front', 'map').targets[0]
    assert target.status == TargetMessage.STATUS_NO_DEPTH
    assert all(map(math.isnan, place(target.position)))


def test_a_box():
    target = messages.answer(Answer('grounding', 'x', targets=(BOXED,)), HEADER, 'front', 'map').targets[0]
    assert target.has_box
    assert (target.u_min, target.v_min, target.u_max, target.v_max) == BOXED.box
    assert target.status == TargetMessage.STATUS_OUT_OF_RANGE


def test_waypoints_keep_their_order_and_the_models_depth():
    other = Target((9.0, 9.0), model_depth=0.5)
    message = messages.answer(Answer('trajectory', 'x', waypoints=(WAYPOINT, other)), HEADER, 'front', 'map')
    assert [point.u for point in message.waypoints] == [7.0, 9.0]
    assert [point.model_depth for point in message.waypoints] == pytest.approx([0.62, 0.5])


def test_grounded_steps_say_where_they_act_or_why_not():
    steps = (
        GroundedStep('pick it', 'pick', 'it', '', StepStatus.GROUNDED, targets=(PLACED,), waypoints=(PLACED, UNPLACED)),
        GroundedStep('place it', 'place', 'it', 'there', StepStatus.FAILED, ErrorCode.NOT_FOUND, 'not visible'),
        GroundedStep('rest'),
        Step('sleep'),
    )
    message = messages.plan(Answer('mission', 'tidy up', steps=steps), HEADER, 'map')
    assert (message.position_frame, message.header) == ('map', HEADER)
    first, second, *others = message.steps
    assert (first.status, first.error_code, len(first.targets)) == (PlanStep.GROUNDED, AnswerMessage.OK, 1)
    assert [waypoint.status for waypoint in first.waypoints] == [int(PLACED.status), int(UNPLACED.status)]
    assert (second.status, second.error_code, second.error_message) == (
        PlanStep.FAILED,
        AnswerMessage.NOT_FOUND,
        'not visible',
    )
    assert [(step.status, step.targets, step.waypoints) for step in others] == [(PlanStep.PLANNED, [], [])] * 2
    for status in StepStatus:
        assert getattr(PlanStep, status.name) == status.value


def test_steps():
    result = Answer('planning', 'tidy up', steps=STEPS)
    for message in (messages.answer(result, HEADER, 'front', 'map'), messages.plan(result, HEADER, 'map')):
        assert message.header == HEADER
        assert [(s.description, s.action, s.object, s.destination) for s in message.steps] == [
            ('Grasp the mug', 'grasp', 'the mug', ''),
            ('Go home', '', '', ''),
        ]
    assert messages.plan(result, HEADER, 'map').instruction == 'tidy up'


@pytest.mark.parametrize('code', [code for code in ErrorCode if code is not ErrorCode.OK])
def test_every_failure_carries_code_and_sentence(code):
    message = messages.answer(Answer('pointing', 'x', code, 'a sentence', text='half an'), Header(), '', '')
    assert (message.error_code, message.error_message, message.text) == (int(code), 'a sentence', 'half an')
    assert not message.targets


def test_standard_messages_have_the_images_header():
    point = messages.point(PLACED, HEADER)
    assert point.header == HEADER
    assert place(point.point) == PLACED.position
    path = messages.path((WAYPOINT, PLACED), HEADER)
    assert path.header == HEADER
    assert [pose.header for pose in path.poses] == [HEADER, HEADER]
    assert [place(pose.pose.position) for pose in path.poses] == [WAYPOINT.position, PLACED.position]


def test_poses_are_only_of_what_has_a_position_and_have_the_identity_where_no_orientation_is_known():
    poses = messages.poses((UNPLACED, PLACED, BOXED), HEADER)
    assert poses.header == HEADER
    assert [place(pose.position) for pose in poses.poses] == [PLACED.position]
    orientation = poses.poses[0].orientation
    assert (orientation.x, orientation.y, orientation.z, orientation.w) == (0, 0, 0, 1)


def test_every_pose_has_its_target_s_orientation():
    turned = replace(SURE, orientation=HALVES)
    poses = [
        messages.pose(turned, HEADER).pose,
        messages.pose_with_covariance(turned, HEADER).pose.pose,
        messages.poses((turned,), HEADER).poses[0],
        messages.path((turned,), HEADER).poses[0].pose,
    ]
    for pose in poses:
        orientation = pose.orientation
        assert (orientation.x, orientation.y, orientation.z, orientation.w) == turned.orientation
        assert place(pose.position) == turned.position
    assert messages.pose(turned, HEADER).header == HEADER


def test_numbers_of_numpy_are_taken():
    import numpy as np

    number = np.float32(2.5)
    target = Target((number, number), (number,) * 4, model_depth=number, valid_fraction=number)  # type: ignore[arg-type]
    message = messages.answer(Answer('grounding', 'x', targets=(target,), frame_age=number), HEADER, 'front', 'map')  # type: ignore[arg-type]
    assert message.targets[0].u_max == 2.5


def test_an_answer_comes_back_from_its_message_as_it_was():
    timings = Timings(*(index + 0.25 for index in range(len(fields(Timings)))))
    steps = (
        Step('sleep', 'rest', 'it', 'there'),
        GroundedStep('pick it', 'pick', 'it', '', StepStatus.GROUNDED, targets=(PLACED,), waypoints=(WAYPOINT,)),
        GroundedStep('place it', 'place', 'it', 'x', StepStatus.FAILED, ErrorCode.NOT_FOUND, 'not visible'),
    )
    whole = Answer(
        'mission',
        'the mug',
        ErrorCode.TIMEOUT,
        'a sentence',
        model='scripted',
        model_origin='OWNER/NAME, master',
        request_id='7',
        text='[(500, 500)]',
        image_size=(640, 480),
        targets=(SURE, PLACED, UNPLACED, BOXED),
        waypoints=(WAYPOINT,),
        steps=steps,
        reply='words',
        complete=True,
        warnings=('one', 'two'),
        frame_age=0.25,
        tokens=9,
        timings=timings,
    )
    assert all(getattr(whole, item.name) for item in fields(Answer)), 'a field is left out of this test'
    assert from_messages.answer(messages.answer(whole, HEADER, 'front', 'map')) == whole
    pixel = from_messages.answer(messages.answer(whole, HEADER, '', '')).to_dict()['targets'][0]['pixel']
    assert [type(value) for value in pixel] == [float, int]  # 3.5 and 4: as the brain tells them
