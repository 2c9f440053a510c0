"""``import robobrain_ros as rb``: what a Python program finds, around a scripted engine."""

import asyncio
import json
import subprocess
import sys
import threading
from dataclasses import replace

import numpy as np
import pytest
from brain_fixtures import CAMERA, FLAT, SOON, make
from PIL import Image
from scripted_engine import Gate, ScriptedEngine

import robobrain_ros as rb
from robobrain_ros.brain.image_files import write
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


def test_a_file_a_pil_image_and_a_frame_are_seen_alike(make, tmp_path):
    rgb = np.random.default_rng(3).integers(0, 255, (60, 80, 3), np.uint8)
    write(tmp_path / 'picture.png', rgb)
    brain = make()
    for image in (tmp_path / 'picture.png', str(tmp_path / 'picture.png'), Image.fromarray(rgb), rb.Frame(rgb), rgb):
        assert brain.ask('the mug', image).success
        assert np.array_equal(brain.engine.asked[-1].image, rgb)


def test_a_turned_picture_is_turned_the_same_way_from_a_file_and_from_pil(make, tmp_path):
    rgb = np.random.default_rng(3).integers(0, 255, (60, 80, 3), np.uint8)
    picture = Image.fromarray(rgb)
    exif = picture.getexif()
    exif[0x0112] = 6  # a quarter turn clockwise
    picture.save(tmp_path / 'turned.png', exif=exif)
    brain = make()
    for image in (tmp_path / 'turned.png', Image.open(tmp_path / 'turned.png')):
        assert brain.ask('the mug', image).image_size == (60, 80)
        assert np.array_equal(brain.engine.asked[-1].image, np.rot90(rgb, -1))


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
    ],
)
def test_what_is_no_image_ends_with_bad_image(make, image, options, says):
    answer = make().ask('the mug', image, **options)
    assert answer.code is rb.ErrorCode.BAD_IMAGE
    with pytest.raises(rb.BrainError, match=says) as raised:
        answer.raise_for_error()
    assert raised.value.code is rb.ErrorCode.BAD_IMAGE


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
