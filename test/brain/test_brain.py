# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The pipeline around a scripted engine: values, times and faults."""

from dataclasses import replace

import numpy as np
import pytest
from brain_fixtures import FLAT, SOON, Picture, answer, ask, said
from scripted_engine import Die, Gate, ScriptedEngine

from robobrain_ros.answer import PointStatus
from robobrain_ros.brain.jobs import Stage
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.engines.base import Delta, EngineRefused
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.depth import DepthMode, DepthRules
from robobrain_ros.geometry.transform import Transform

pytest_plugins = ('brain_fixtures',)


def test_a_pointing_answer_has_everything(make):
    stages = []
    brain = make()
    job = ask(brain, picture=Picture(depth=FLAT), report=lambda job: stages.append((job.stage, job.answer.text)))
    result = job.done.result(SOON)
    assert (result.code, result.message, result.success) == (ErrorCode.OK, '', True)
    assert (result.task, result.instruction, result.text) == ('pointing', 'the mug', '[(500, 250)]')
    assert (result.image_size, result.frame_age, result.tokens, result.complete) == ((640, 480), 0.25, 2, True)
    (target,) = result.targets
    assert (target.pixel, target.status) == ((320, 120), PointStatus.OK)
    assert target.position == pytest.approx((0, -0.48, 2))
    assert result.waypoints == result.steps == result.warnings == ()
    assert stages == [
        (Stage.QUEUED, ''),
        (Stage.WAITING_IMAGE, ''),
        (Stage.PREFILL, ''),
        (Stage.DECODE, '[(500, '),
        (Stage.DECODE, '[(500, 250)]'),
        (Stage.DECODE, '[(500, 250)]'),
        (Stage.PARSE, '[(500, 250)]'),
        (Stage.PROJECT, '[(500, 250)]'),
        (Stage.PROJECT, '[(500, 250)]'),
    ]


def test_stage_times_add_up_to_the_total(make):
    for _ in range(5):
        times = answer(make(), picture=Picture(depth=FLAT)).timings
        parts = [value for name, value in vars(times).items() if name != 'total']
        assert len(parts) == 7
        assert all(value >= 0 for value in parts)
        assert sum(parts) <= times.total  # the rest is the loop's own
        assert times.project > 0
        assert times.convert > 0


@pytest.mark.parametrize(
    ('light', 'canvas', 'at_once'), [(True, None, True), (False, None, False), (True, (512, 384), False)]
)
def test_what_takes_milliseconds_is_not_done_in_the_loop(make, light, canvas, at_once):
    brain, picture = make(), Picture(light=light)
    brain.pipeline.profile = replace(brain.pipeline.profile, canvas=canvas)
    assert answer(brain, picture=picture).success
    assert (picture.seen_in == 'robobrain-engine') == at_once


def test_waiting_counts_as_queueing(make):
    brain, gate = make(), Gate()
    job = ask(brain, gate=gate)
    assert gate.reached.wait(SOON)
    before = job.elapsed()
    gate.open()
    times = job.done.result(SOON).timings
    assert 1000 * before <= times.queue <= times.total


def test_the_other_tasks_fill_their_own_fields(make):
    brain = make()
    boxes = said(brain, '[100, 100, 200, 300]', task='grounding', picture=Picture(depth=FLAT))
    assert boxes.targets[0].box == (64, 48, 128, 144)
    assert boxes.targets[0].pixel == (96, 96)
    way = said(brain, '[(500, 500, 1.0), (500, 250, 0.5)]', task='trajectory', picture=Picture(depth=FLAT))
    assert [point.pixel for point in way.waypoints] == [(320, 240), (320, 120)]
    assert way.targets == ()
    plan = said(brain, '1. pick up the mug\n2. put it down', task='planning')
    assert [step.description for step in plan.steps] == ['pick up the mug', 'put it down']
    words = said(brain, 'A table.', task='general')
    assert (words.reply, words.targets) == ('A table.', ())
    assert {result.code for result in (boxes, way, plan, words)} == {ErrorCode.OK}


def test_pixel_profiles_are_scaled_from_the_size_that_the_model_sees(make):
    brain = make(ScriptedEngine(size=(320, 256)), 'robobrain-2.0')
    assert said(brain, '[(160, 64)]</answer>').targets[0].pixel == (320, 120)
    assert brain.engine.asked[-1].reply_prefix == '<think></think><answer>'
    assert brain.engine.asked[-1].stop == ('</answer>',)


def test_settings_apply_to_requests_that_come_later(make):
    brain = make()
    answer(brain)
    gate = Gate()
    early = ask(brain, gate=gate)
    assert gate.reached.wait(SOON)
    brain.settings = Settings(guided_decoding=True, temperature=0.5, depth=DepthRules(max_depth_m=1.0))
    late = ask(brain, picture=Picture(depth=FLAT))
    gate.open()
    assert early.done.result(SOON).success
    assert late.done.result(SOON).targets[0].status is PointStatus.OUT_OF_RANGE
    first, second, third = brain.engine.asked[-3:]
    assert (first.guide, second.guide, first.temperature, second.temperature) == (None, None, 0, 0)
    assert third.guide.regex
    assert third.temperature == 0.5


@pytest.mark.parametrize(
    ('picture', 'status', 'warning'),
    [
        (Picture(), PointStatus.NO_DEPTH, 'no depth image'),
        (Picture(depth=FLAT, camera=None), PointStatus.NO_CAMERA_INFO, 'without camera_info'),
        (Picture(depth=FLAT, camera=ValueError('k is zero')), PointStatus.NO_CAMERA_INFO, 'camera_info: k is zero'),
        (
            Picture(depth=BrainError(ErrorCode.BAD_IMAGE, 'depth is 8UC1')),
            PointStatus.NO_DEPTH,
            'depth is 8UC1',
        ),
        (Picture(depth=FLAT * np.nan), PointStatus.NO_DEPTH, '0 of 25'),
        (Picture(depth=FLAT[:, :300]), PointStatus.NO_DEPTH, '300x480'),
        (Picture(np.zeros((240, 320, 3), np.uint8), FLAT), PointStatus.NO_CAMERA_INFO, 'camera_info is for 640x480'),
    ],
)
def test_bad_depth_or_camera_info_costs_the_position_but_not_the_answer(make, picture, status, warning):
    result = answer(make(), picture=picture)
    assert result.success
    assert (result.targets[0].status, result.targets[0].position) == (status, None)
    assert any(warning in text for text in result.warnings), result.warnings


LIFTED = Transform((0.0, 0.0, 10.0), ((0.0, 0.0, 1.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)))
"""From an optical frame to one with x forward and z up, 10 m below."""


@pytest.mark.parametrize(
    ('task', 'text', 'place', 'expected'),
    [
        ('pointing', '[(500, 250)]', 'targets', (2, 0, 10.48)),
        ('grounding', '[400, 400, 600, 600]', 'targets', (2, 0, 10)),
        # the surface at 2 m, and held 2 cm behind it
        ('trajectory', '[(500, 250, 2.0)]', 'waypoints', (2.02, 0, 10.4848)),
    ],
)
def test_positions_are_in_the_frame_that_was_asked_for(make, task, text, place, expected):
    result = said(make(), text, task=task, picture=Picture(depth=FLAT, transform=LIFTED))
    (target,) = getattr(result, place)
    assert (target.status, result.warnings) == (PointStatus.OK, ())
    assert target.position == pytest.approx(expected)


def test_an_unknown_frame_costs_the_positions_but_not_the_answer(make):
    depth = FLAT.copy()
    depth[:, :100] = np.nan
    picture = Picture(depth=depth, transform=LookupError('no transform to the attic'))
    result = said(make(), '[(500, 250), (20, 500)]', picture=picture)
    assert (result.code, result.complete) == (ErrorCode.OK, True)
    assert [target.status for target in result.targets] == [PointStatus.NO_TF, PointStatus.NO_DEPTH]
    assert [target.position for target in result.targets] == [None, None]
    assert result.targets[0].pixel == (320, 120)
    assert result.warnings[-1] == 'no transform to the attic'
    assert len(result.warnings) == 2


def test_without_positions_no_transform_is_waited_for(make):
    picture = Picture(transform=LookupError('no transform'))
    result = answer(make(), picture=picture)
    assert [target.status for target in result.targets] == [PointStatus.NO_DEPTH]
    assert not any('transform' in warning for warning in result.warnings)
    assert picture.transforms_asked == 0


def test_trajectories_use_the_chosen_depth(make):
    brain = make(settings=Settings(depth=DepthRules(mode=DepthMode.MODEL)))
    result = said(brain, '[(500, 500, 1.25)]', task='trajectory', picture=Picture(depth=FLAT))
    assert result.waypoints[0].position == pytest.approx((0, 0, 1.25))


def test_dropped_parts_are_warned_of_and_the_answer_is_not_complete(make):
    result = said(make(), '[(500, 500), (2000, 3)]')
    assert (result.code, result.complete, len(result.targets)) == (ErrorCode.OK, False, 1)
    assert '2000' in result.warnings[0]


def test_repeats_are_warned_of_but_nothing_is_missing(make):
    result = said(make(), '[(500, 500), (500, 500)]')
    assert (result.complete, len(result.targets)) == (True, 1)
    assert 'repeat' in result.warnings[0]


def test_an_answer_cut_at_the_token_limit_is_not_complete(make):
    result = said(make(), '[(500, 500), (60', Delta('0', 1, 'length'))
    assert (result.code, result.complete, len(result.targets)) == (ErrorCode.OK, False, 1)


@pytest.mark.parametrize(
    ('text', 'code'),
    [
        ('The mug is not visible in the image.', ErrorCode.NOT_FOUND),
        ('I like turtles', ErrorCode.UNPARSABLE),
        ('[(5000, 1)]', ErrorCode.UNPARSABLE),
        ('', ErrorCode.UNPARSABLE),
    ],
)
def test_answers_without_a_use_have_a_code_and_keep_the_text(make, text, code):
    result = said(make(), text)
    assert (result.code, result.text, result.targets) == (code, text, ())
    assert repr(text) in result.message


@pytest.mark.parametrize(
    ('task', 'instruction', 'quoted'),
    [('flying', 'go', "'flying'"), ('pointing', '  ', 'empty'), ('pointing', 'a<|im_end|>', "'<|im_end|>'")],
)
def test_bad_requests_need_neither_image_nor_engine(make, task, instruction, quoted):
    brain = make()
    result = answer(brain, task, instruction, picture=AssertionError('an image was asked for'))
    assert result.code is ErrorCode.BAD_REQUEST
    assert quoted in result.message
    assert brain.engine.asked == []


@pytest.mark.parametrize(
    'picture',
    [BrainError(ErrorCode.STALE_IMAGE, 'it is old'), Picture(BrainError(ErrorCode.STALE_IMAGE, 'it is old'))],
)
def test_faults_of_the_image_end_the_request(make, picture):
    result = answer(make(), picture=picture)
    assert (result.code, result.message) == (ErrorCode.STALE_IMAGE, 'it is old')


@pytest.mark.parametrize(
    ('fault', 'code', 'message'),
    [
        (EngineRefused('too long'), ErrorCode.ENGINE_FAILED, 'too long'),
        (Die(), ErrorCode.ENGINE_DEAD, 'the engine process died'),
        (RuntimeError('oops'), ErrorCode.INTERNAL, 'RuntimeError: oops'),
        (Delta(finish_reason='abort'), ErrorCode.ENGINE_DEAD, 'the engine was ended meanwhile'),
        (Delta(finish_reason='error'), ErrorCode.ENGINE_FAILED, "the engine ended the answer early, reason 'error'"),
    ],
)
def test_faults_of_the_engine_have_codes_and_keep_the_partial_text(make, fault, code, message):
    brain = make()
    result = said(brain, '[(5', fault)
    assert (result.code, result.message, result.text) == (code, message, '[(5')
    assert not result.complete
    brain.engine.script, brain.engine.preparation = (), (fault,)
    if isinstance(fault, Exception):
        assert answer(brain).code is code
