# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``import robobrain_ros as rb``: what a Python program finds, around a scripted engine."""

import asyncio
import json
import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from brain_fixtures import CAMERA, FLAT, SOON, make
from PIL import Image
from scripted_engine import Gate, ScriptedEngine

import robobrain_ros as rb
from robobrain_ros.brain.image_files import write
from robobrain_ros.brain.jobs import Job, Policy
from robobrain_ros.geometry.camera_model import CameraModel

__all__ = ['make']

GREY = np.full((480, 640, 3), 127, np.uint8)


def test_all_names_are_there():
    for name in rb.__all__:
        assert getattr(rb, name) is not None
        assert name in dir(rb)
    assert rb.Camera is CameraModel
    with pytest.raises(AttributeError, match="no attribute 'Brian'"):
        _ = rb.Brian


def test_the_import_is_light():
    code = 'import sys, robobrain_ros; from robobrain_ros import Answer, ErrorCode; print(*sys.modules)'
    loaded = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True).stdout.split()
    assert 'robobrain_ros.answer' in loaded
    assert not {'torch', 'vllm', 'rclpy', 'cv2', 'numpy', 'transformers'} & set(loaded)


def test_an_array_with_depth_gives_metres(make):
    answer = make().ask('the mug', GREY, depth=FLAT, camera=CAMERA)
    answer.raise_for_error()
    assert answer.targets[0].pixel == pytest.approx((320, 120), abs=1)
    assert answer.targets[0].position == pytest.approx((0, -0.48, 2), abs=0.01)


def test_a_task_is_known_in_any_case(make):
    answer = make().ask('the mug', GREY, task=' Pointing ')
    assert (answer.task, answer.success) == ('pointing', True)


def test_a_file_a_pil_image_and_a_frame_are_seen_alike(make, tmp_path):
    rgb = np.random.default_rng(3).integers(0, 255, (60, 80, 3), np.uint8)
    write(tmp_path / 'picture.png', rgb)
    brain = make()
    for image in (tmp_path / 'picture.png', str(tmp_path / 'picture.png'), Image.fromarray(rgb), rb.Frame(rgb), rgb):
        assert brain.ask('the mug', image).success
        assert np.array_equal(brain.engine.asked[-1].images[0], rgb)


def test_a_turned_picture_is_turned_the_same_way_from_a_file_and_from_pil(make, tmp_path):
    rgb = np.random.default_rng(3).integers(0, 255, (60, 80, 3), np.uint8)
    picture = Image.fromarray(rgb)
    exif = picture.getexif()
    exif[0x0112] = 6  # a quarter turn clockwise
    picture.save(tmp_path / 'turned.png', exif=exif)
    brain = make()
    for image in (tmp_path / 'turned.png', Image.open(tmp_path / 'turned.png')):
        assert brain.ask('the mug', image).image_size == (60, 80)
        assert np.array_equal(brain.engine.asked[-1].images[0], np.rot90(rgb, -1))


@pytest.mark.parametrize(
    ('image', 'options', 'says'),
    [
        ('nowhere.png', {}, "'nowhere.png' is no file"),
        (42, {}, 'the image is a int; expected a path'),
        (None, {}, 'the image is a NoneType'),
        (GREY.astype(float), {}, 'type float64: expected height x width x 3, uint8'),
        (GREY[..., 0], {}, r'shape \(480, 640\)'),
        (GREY, {'depth': FLAT.astype(np.uint16)}, 'depth of shape .* type uint16: expected .* in metres'),
        (GREY, {'depth': [[1.0]]}, 'depth of list'),
        (rb.Frame(GREY), {'depth': FLAT}, 'put them into the Frame'),
        (GREY, {'camera': {'fx': 500}}, 'camera is a dict'),
        (Image.fromarray(FLAT), {}, "mode 'F'"),
        ('a' * 5000, {}, 'is no file'),
    ],
)
def test_what_is_no_image_ends_with_bad_image(make, image, options, says):
    answer = make().ask('the mug', image, **options)
    assert answer.code is rb.ErrorCode.BAD_IMAGE
    with pytest.raises(rb.BrainError, match=says) as raised:
        answer.raise_for_error()
    assert raised.value.code is rb.ErrorCode.BAD_IMAGE


@pytest.mark.parametrize(
    ('instruction', 'options', 'says'),
    [
        (None, {}, 'instruction is a NoneType, but must be text'),
        (GREY, {}, 'instruction is a ndarray'),
        ('the mug', {'task': ['pointing']}, 'task is a list'),
        ('the mug', {'timeout': None}, 'timeout is None, but must be a number of seconds'),
        ('the mug', {'timeout': '5'}, "timeout is '5'"),
        ('the mug', {'timeout': float('nan')}, 'timeout is nan'),
        ('the mug', {'timeout': -1}, 'timeout is -1'),
    ],
)
def test_what_makes_no_sense_ends_at_once(make, instruction, options, says):
    brain = make()
    answer = brain.ask(instruction, GREY, **options)
    assert answer.code is rb.ErrorCode.BAD_REQUEST
    assert says in answer.message
    assert list(brain.stream(instruction, GREY, **options)) == []
    assert brain.ask('the mug', GREY, timeout=float('inf')).success, 'the brain lives on'


def test_a_defect_while_accepting_ends_the_request(make, monkeypatch):
    brain = make()
    monkeypatch.setattr(brain._desk, 'admit', lambda *_: 1 / 0)
    answer = brain.ask('the mug', GREY)
    assert (answer.code, 'ZeroDivisionError' in answer.message) == (rb.ErrorCode.INTERNAL, True)


def test_a_closed_brain_says_so(make):
    brain = make()
    with brain:
        brain.close()
    brain.close()
    brain.stop_all(rb.ErrorCode.CANCELLED, 'nothing runs')
    answer = brain.ask('the mug', GREY)
    assert (answer.code, answer.message) == (rb.ErrorCode.ENGINE_DEAD, 'the brain is closed')


def test_asking_while_it_closes_always_ends(make):
    for _ in range(20):
        brain, answers = make(), []

        def ask_on(brain=brain, answers=answers):
            while not answers or answers[-1].success:
                answers.append(brain.ask('the mug', GREY))

        threads = [threading.Thread(target=ask_on) for _ in range(3)]
        for thread in threads:
            thread.start()
        brain.close()
        for thread in threads:
            thread.join(SOON)
            assert not thread.is_alive()


def test_a_forked_child_is_told(make, monkeypatch):
    brain = make()
    monkeypatch.setattr(brain, '_process', -1)
    assert 'belongs to process -1' in brain.ask('the mug', GREY).message


def test_its_own_thread_must_not_wait(make):
    brain, found = make(), []

    def listen(job):
        for blocking in (lambda: brain.ask('the mug', GREY), brain.close):
            with pytest.raises(RuntimeError, match='its own thread'):
                blocking()
            found.append(blocking)

    async def frame() -> rb.Frame:
        return rb.Frame(GREY)

    assert brain.submit('pointing', 'the mug', frame, report=listen).done.result(SOON).success
    assert found


def test_whoever_gives_up_waiting_ends_the_request(make, monkeypatch):
    brain = make(ScriptedEngine([Gate()]))
    jobs, submit = [], brain.submit
    monkeypatch.setattr(brain, 'submit', lambda *arguments: jobs.append(submit(*arguments)) or jobs[-1])

    class Interrupted(Future):
        def result(self, timeout=None):
            raise KeyboardInterrupt

    real = Job.__post_init__
    monkeypatch.setattr(Job, '__post_init__', lambda job: (setattr(job, 'done', Interrupted()), real(job))[1])
    with pytest.raises(KeyboardInterrupt):
        brain.ask('the mug', GREY)
    assert Future.result(jobs[0].done, SOON).code is rb.ErrorCode.CANCELLED


def test_a_loop_that_is_left_ends_its_request(make):
    stream = make(ScriptedEngine(['a ', Gate()])).stream('what is there?', GREY, task='general')
    for _ in stream:
        break
    assert stream.answer.code is rb.ErrorCode.CANCELLED


@pytest.mark.parametrize(
    ('settings', 'says'),
    [
        ({'orientation': 'up'}, "orientation is 'up', but must be one of 'surface', 'ray', 'down', 'none'"),
        ({'policy': 'later'}, "policy is 'later', but must be one of 'queue'"),
        ({'temperature': float('nan')}, 'temperature is nan'),
        ({'temperature': 'hot'}, "temperature is 'hot'"),
        ({'queue_size': -1}, 'queue_size is -1'),
    ],
)
def test_settings_are_checked(settings, says):
    with pytest.raises(rb.BadRequest, match=says):
        rb.Settings(**settings)
    assert rb.Settings(policy='reject').policy is Policy.REJECT  # type: ignore[arg-type]  # by its name, too


def test_a_camera_is_checked_and_plain():
    numbers: dict[str, Any] = {'width': 640, 'height': 480, 'fx': np.float32(500), 'fy': 500, 'cx': 320, 'cy': 240}
    assert type(rb.Camera(**numbers).fx) is float
    for name, value in (('fx', float('nan')), ('fy', -1.0), ('width', 0), ('model', 'wide')):
        with pytest.raises(ValueError, match=str(value)):
            rb.Camera(**numbers | {name: value, 'distortion': (0.1, 0, 0, 0)})


def test_depth_that_is_masked_is_unknown(make):
    depth = np.ma.masked_array(FLAT, mask=True)
    answer = make().ask('the mug', GREY, depth=depth, camera=CAMERA)
    assert answer.targets[0].status is rb.PointStatus.NO_DEPTH


def test_an_unknown_task_is_named(make):
    answer = make().ask('the mug', GREY, task='dance')
    assert answer.code is rb.ErrorCode.BAD_REQUEST
    assert "'dance'" in answer.message


def test_a_mission_comes_through_the_same_door(make):
    engine = ScriptedEngine(['1. Grasp the mug'])
    answer = make(engine, 'robobrain-tiny').ask('fetch the mug', GREY, task='mission')
    assert answer.task == 'mission'
    assert [step.description for step in answer.steps] == ['Grasp the mug']


def test_a_stream_brings_pieces_then_the_answer(make):
    stream = make(ScriptedEngine(['a ', 'red ', 'mug'])).stream('what is there?', GREY, task='general')
    assert list(stream) == ['a ', 'red ', 'mug']
    assert list(stream) == []
    assert stream.answer.reply == 'a red mug'


def test_a_stream_that_fails_ends(make):
    stream = make().stream('what is there?', 'nowhere.png', task='general')
    assert list(stream) == []
    assert stream.answer.code is rb.ErrorCode.BAD_IMAGE


def test_a_stream_that_is_left_ends_its_request(make):
    gate = Gate()
    with make(ScriptedEngine(['a ', gate])).stream('what is there?', GREY, task='general') as stream:
        assert next(iter(stream)) == 'a '
        assert gate.reached.wait(SOON)
    assert stream.answer.code is rb.ErrorCode.CANCELLED


def test_many_questions_from_one_event_loop(make):
    brain = make()

    async def ask_all() -> list[rb.Answer]:
        return await asyncio.gather(*(brain.ask_async(f'mug {number}', GREY) for number in range(5)))

    assert [answer.instruction for answer in asyncio.run(ask_all())] == [f'mug {number}' for number in range(5)]


def test_a_coroutine_that_is_cancelled_ends_its_request(make):
    gate = Gate()
    brain = make(ScriptedEngine([gate]))

    async def give_up() -> None:
        task = asyncio.create_task(brain.ask_async('the mug', GREY))
        await asyncio.to_thread(gate.reached.wait, SOON)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(give_up())
    brain.engine.script = ['[(1, 1)]']
    assert brain.ask('the mug', GREY).success
    assert not brain.engine.running


def test_many_threads_may_ask(make):
    brain, answers = make(), []
    threads = [threading.Thread(target=lambda: answers.append(brain.ask('the mug', GREY))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    assert [answer.success for answer in answers] == [True] * 8


def test_an_option_that_does_not_exist_is_named():
    with pytest.raises(rb.BadRequest, match=r"no option 'quantisation'; there are .*quantization"):
        rb.Brain.load(quantisation='fp8')
    with pytest.raises(rb.BadRequest, match="'nowhere'"):
        rb.Brain.load('nowhere')


STEP = rb.GroundedStep('Pick the mug', object='mug', status=rb.StepStatus.GROUNDED, targets=(rb.Target((3.4, 4.6)),))
TARGET = rb.Target((1.0, 2.0), label='杯子', status=rb.PointStatus.OK, position=(0.1, 0.2, 0.3), valid_fraction=1.0)


def test_an_answer_is_plain_data():
    answer = rb.Answer('mission', 'tidy <up>', targets=(TARGET,), steps=(STEP,))
    told = json.loads(answer.to_json())
    assert told == answer.to_dict()
    assert (told['success'], told['code'], told['task']) == (True, 'OK', 'mission')
    assert told['targets'][0] | {'pixel': [1.0, 2.0], 'position': [0.1, 0.2, 0.3]} == told['targets'][0]
    assert told['targets'][0]['status'] == 'OK'
    assert told['steps'][0]['status'] == 'GROUNDED'
    assert '杯子' in answer.to_json(indent=1)
    assert set(rb.Answer('a', 'b').to_dict()) == set(told), 'the keys are always the same'


def test_json_holds_whatever_a_model_writes():
    answer = rb.Answer('general', 'x', text='\ud83d half', frame_age=float('nan'))
    assert json.loads(answer.to_json())['frame_age'] is None
    assert answer.to_json().encode()


def test_an_answer_shows_itself():
    answer = rb.Answer('mission', 'tidy <up>', targets=(TARGET,), steps=(STEP,), warnings=('half of it',))
    shown = answer._repr_html_()
    assert 'tidy &lt;up&gt;' in shown
    assert '杯子 pixel (1, 2), 0.100 0.200 0.300 m' in shown
    assert 'Pick the mug at pixel (3, 5), NO_DEPTH' in shown
    assert 'half of it' in shown
    failed = replace(answer, code=rb.ErrorCode.TIMEOUT, message='no answer within 1 s', targets=())
    assert 'TIMEOUT: no answer within 1 s' in failed._repr_html_()


def test_an_answer_is_drawn_on_whatever_was_asked_about(tmp_path):
    answer = rb.Answer('pointing', 'the mug', targets=(rb.Target((40.0, 30.0)),))
    write(tmp_path / 'grey.png', GREY)
    drawn = [rb.draw(image, answer) for image in (GREY, tmp_path / 'grey.png', Image.fromarray(GREY), rb.Frame(GREY))]
    assert (drawn[0] != GREY).any()
    for other in drawn[1:]:
        assert np.array_equal(other, drawn[0])
