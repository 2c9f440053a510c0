# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Images of any shape on a canvas: where they lie, and answers on their way back."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_engine import ScriptedEngine

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm.image_processor import ImageLimits
from robobrain_ros.errors import ErrorCode
from robobrain_ros.evaluation.tabletop import frame_of
from robobrain_ros.geometry.letterbox import GREY, Letterbox
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks.profiles import PROFILES, Scale
from robobrain_ros.tasks.values import Box, Parsed, Point

CANVAS = (512, 384)
SCALE = Scale(1000, 1000)
SIDES = st.integers(16, 4000)
PARTS = st.floats(0, 1)


@pytest.mark.parametrize(
    ('image', 'scaled', 'offset'),
    [
        ((640, 480), (512, 384), (0, 0)),
        ((512, 384), (512, 384), (0, 0)),
        ((320, 240), (512, 384), (0, 0)),
        ((1280, 720), (512, 288), (0, 48)),
        ((700, 700), (384, 384), (64, 0)),
        ((480, 640), (288, 384), (112, 0)),
        ((1080, 1920), (216, 384), (148, 0)),
        ((4000, 1), (512, 1), (0, 191)),
        ((1, 4000), (1, 384), (255, 0)),
    ],
)
def test_an_image_is_scaled_to_fit_and_centred(image, scaled, offset):
    box = Letterbox(image, CANVAS)
    assert (box.scaled, box.offset) == (scaled, offset)
    canvas = box.draw(np.full((image[1], image[0], 3), 200, np.uint8))
    assert (canvas.shape, canvas.dtype) == ((384, 512, 3), np.uint8)
    inside = np.zeros((384, 512), bool)
    inside[offset[1] : offset[1] + scaled[1], offset[0] : offset[0] + scaled[0]] = True
    assert (canvas[inside] == 200).all()
    assert (canvas[~inside] == GREY).all()


def test_without_a_canvas_the_image_is_the_very_same():
    rgb = np.zeros((123, 457, 3), np.uint8)
    assert Letterbox((457, 123), (457, 123)).draw(rgb) is rgb


@given(SIDES, SIDES, PARTS, PARTS)
def test_a_place_comes_back_from_the_canvas(width, height, x, y):
    box = Letterbox((width, height), CANVAS)
    there = box.to_canvas(x, y)
    assert min(there) >= 0
    assert max(there) <= 1 + 1e-12
    parsed = box.undo(Parsed(points=(Point(1000 * there[0], 1000 * there[1], 0.5, 'mug'),)), SCALE)
    (point,) = parsed.points
    assert (point.x, point.y) == pytest.approx((1000 * x, 1000 * y), abs=1e-6)
    assert (point.depth, point.label, parsed.dropped) == (0.5, 'mug', ())


@given(SIDES, SIDES, PARTS, PARTS)
def test_whole_model_units_cost_half_a_unit_and_pixels_half_a_pixel(width, height, x, y):
    box = Letterbox((width, height), CANVAS)
    units = [round(1000 * part) for part in box.to_canvas(x, y)]
    (point,) = box.undo(Parsed(points=(Point(*units),)), SCALE).points  # type: ignore[arg-type]
    pixel = SCALE.to_pixel(point.x, point.y, width, height)
    for part, side, reached, size, whole in zip((x, y), (width, height), pixel, box.scaled, CANVAS, strict=True):
        unit = whole / 1000 * side / size  # a model unit in pixels of the image
        assert abs(reached - min(part * side, side - 1)) <= 0.5 * unit + 0.5 + 1e-6


@given(SIDES, SIDES, st.integers(0, 1000), st.integers(0, 1000))
def test_images_of_the_canvas_shape_keep_their_coordinates_to_the_last_bit(width, height, x, y):
    for image in ((width, height), (4 * width, 3 * width)):
        box = Letterbox(image, image if image == (width, height) else CANVAS)
        if box.scaled == box.canvas:
            parsed = Parsed(points=(Point(x, y),))
            assert box.undo(parsed, SCALE) == parsed


def test_what_lies_in_the_padding_is_dropped_and_quoted():
    box = Letterbox((1280, 720), CANVAS)  # rows 48 .. 336 of 384: 125 .. 875 of 1000
    inside, border, outside = Point(500, 125), Point(500, 124.5, 0.8), Point(500, 124.4, 0.8)
    boxes = Box(0, 125, 1000, 875), Box(10, 875, 20, 900), Box(10, 20, 30, 125)
    parsed = box.undo(Parsed(points=(inside, border, outside), boxes=boxes), SCALE)
    assert parsed.points == (Point(500, 0), Point(500, 0, 0.8))
    assert parsed.boxes == (Box(0, 0, 1000, 1000),)
    assert [item.text for item in parsed.dropped] == ['(500, 124.4, 0.8)', '[10, 875, 20, 900]', '[10, 20, 30, 125]']
    assert {item.reason for item in parsed.dropped} == {
        'lies in the grey padding: the image reaches from (0, 125) to (1000, 875)'
    }


def test_a_box_that_reaches_into_the_padding_ends_at_the_image():
    wide, tall = Letterbox((1280, 720), CANVAS), Letterbox((480, 640), CANVAS)  # columns 112 .. 400 of 512
    boxes = Box(10, 100, 30, 500, 'mug'), Box(10, 800, 30, 1000), Box(0, 0, 1000, 1000)
    parsed = wide.undo(Parsed(boxes=boxes), SCALE)
    assert parsed.boxes == (Box(10, 0, 30, 500, 'mug'), Box(10, 900, 30, 1000), Box(0, 0, 1000, 1000))
    assert parsed.dropped == ()
    (box,) = tall.undo(Parsed(boxes=(Box(0, 10, 500, 20),)), SCALE).boxes
    assert (box.x1, box.y1, box.x2, box.y2) == pytest.approx((0, 10, 500, 20))


def letterboxed(name='robobrain-2.5'):
    return replace(PROFILES[name], canvas=CANVAS)


def asked(engine, task, instruction='put the cube on the plate', size=(1280, 720)):
    async def frame():
        return Frame(np.zeros((size[1], size[0], 3), np.uint8))

    brain = Brain(engine, letterboxed())
    try:
        brain.start(lambda text: None).result(20)
        return brain.submit(task, instruction, frame).done.result(20)
    finally:
        brain.close()


def test_the_brain_shows_the_canvas_and_answers_about_the_image():
    engine = ScriptedEngine(['[(500, 125, 0.7), (250, 500, 0.6), (500, 60, 0.5)]'])
    answer = asked(engine, 'trajectory')
    assert engine.asked[-1].images[0].shape == (384, 512, 3)
    assert [point.pixel for point in answer.waypoints] == [(640, 0), (320, 360)]
    assert answer.image_size == (1280, 720)
    assert not answer.complete
    assert any("'(500, 60, 0.5)': lies in the grey padding" in warning for warning in answer.warnings)
    boxes = asked(ScriptedEngine(['[250, 125, 500, 500]']), 'grounding')
    assert boxes.targets[0].box == (320, 0, 640, 360)


def test_an_answer_in_the_padding_alone_is_unparsable():
    answer = asked(ScriptedEngine(['[(500, 60)]']), 'pointing')
    assert answer.code is ErrorCode.UNPARSABLE
    assert "'(500, 60)': lies in the grey padding" in answer.message


def test_the_engine_does_not_resize_a_canvas_again(tmp_path):
    config = json.loads((TINY_MODEL / 'preprocessor_config.json').read_text())
    config['size'] = {'shortest_edge': 65536, 'longest_edge': 512 * 384}
    (tmp_path / 'preprocessor_config.json').write_text(json.dumps(config))
    assert ImageLimits.read(tmp_path, 307200).size(*CANVAS) == CANVAS


@pytest.mark.engine
def test_a_wide_scene_through_the_real_engine(tiny_brain):
    """The model answers about its canvas; what comes back lies on the image."""
    scene = TableTop(7, 1280, 720)

    async def frame():
        return frame_of(scene)

    assert tiny_brain.pipeline.profile.canvas == CANVAS
    answer = tiny_brain.submit('pointing', scene.truth().objects[1].name, frame).done.result(60)
    assert (answer.code, answer.image_size) == (ErrorCode.OK, (1280, 720)), answer
    x, y = map(float, answer.text.strip('[()]').split(','))
    assert answer.targets[0].pixel == (round(x / 1000 * 1280), round((y - 125) / 750 * 720))
