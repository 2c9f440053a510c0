# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Drawings change the pixels that they should, and nothing that a model or a user writes breaks them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robobrain_ros.answer import Answer, GroundedStep, PointStatus, StepStatus, Target
from robobrain_ros.brain.canvas import Canvas
from robobrain_ros.brain.overlay import CANDIDATE, FAILED, STEPS, TARGET, WAY, draw
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.tasks.values import Step

SIZES = [(320, 240), (640, 480), (1920, 1080), (3840, 2160)]


def picture(width=640, height=480):
    return np.full((height, width, 3), (90, 120, 150), np.uint8)


def changed(answer, width=640, height=480):
    """The drawing, and HxW: which pixels differ from the picture."""
    before = picture(width, height)
    result = draw(before, answer)
    np.testing.assert_array_equal(before, picture(width, height))
    assert result.shape == before.shape
    assert result.dtype == np.uint8
    return result, (result != before).any(axis=2)


def near(image, colour, tolerance=30):
    return (np.abs(image.astype(int) - colour) <= tolerance).all(axis=-1)


@pytest.mark.parametrize(('width', 'height'), SIZES)
def test_a_target_is_marked_where_it_is_and_nowhere_else(width, height):
    result, where = changed(Answer('pointing', '', targets=(Target((width * 0.3, height * 0.6)),)), width, height)
    assert near(result[round(height * 0.6), round(width * 0.3)], TARGET)
    rows, columns = np.nonzero(where)
    reach = 20 * min(width / 640, height / 480)
    assert np.abs(rows - height * 0.6).max() <= reach
    assert np.abs(columns - width * 0.3).max() <= reach
    assert np.ptp(columns) > reach  # large enough to be seen


def test_a_mission_is_drawn_with_the_places_and_ways_of_its_steps():
    way = (Target((100.0, 100.0)), Target((300.0, 100.0)))
    result, where = changed(Answer('mission', '', steps=(GroundedStep('x', targets=(Target((200.0, 50.0)),)),)))
    assert near(result[50, 200], TARGET)
    assert not where[100, 200]
    result, where = changed(Answer('mission', '', steps=(GroundedStep('x', waypoints=way),)))
    assert where[100, 100:300].all()
    assert not near(result[50, 200], TARGET)


def test_label_and_metres_are_written_beside_the_target():
    plain = Answer('pointing', '', targets=(Target((200.0, 200.0)),))
    named = Answer('pointing', '', targets=(Target((200.0, 200.0), label='mug'),))
    placed = Answer(
        'pointing', '', targets=(Target((200.0, 200.0), label='mug', status=PointStatus.OK, position=(0.0, 0.0, 0.5)),)
    )
    extents = [np.nonzero(changed(answer)[1])[1].max() for answer in (plain, named, placed)]
    assert extents[0] < extents[1] < extents[2]


@pytest.mark.parametrize('pixel', [(0.0, 0.0), (639.0, 0.0), (0.0, 479.0), (639.0, 479.0), (-0.5, 479.5)])
def test_targets_in_the_corners_have_their_label_inside_the_image(pixel):
    target = Target(pixel, label='a label of some length', status=PointStatus.OK, position=(0.0, 0.0, 1.0))
    result, where = changed(Answer('pointing', '', targets=(target,)))
    inside = replace(target, pixel=(320.0, 240.0))
    plain, whole = (changed(Answer('pointing', '', targets=(t,)))[1].sum() for t in (replace(inside, label=''), inside))
    assert where.sum() > 0.9 * (whole - plain) > 1000
    assert near(result[min(max(round(pixel[1]), 0), 479), min(max(round(pixel[0]), 0), 639)], TARGET)


def test_boxes():
    target = Target((300.0, 250.0), box=(200.0, 150.0, 400.0, 350.0))
    result, where = changed(Answer('grounding', '', targets=(target,)))
    for row, column in ((150, 300), (350, 300), (250, 200), (250, 400), (250, 300)):
        assert near(result[row, column], TARGET)
    assert not where[200, 250]


def test_a_trajectory_runs_from_the_first_colour_to_the_last():
    way = tuple(Target((100.0 + 100 * index, 300.0)) for index in range(5))
    result, where = changed(Answer('trajectory', '', waypoints=way))
    assert near(result[300, 100], WAY[0])
    assert near(result[300, 500], WAY[1])
    assert where[300, 100:500].all()
    assert not where[320:].any()


@pytest.mark.parametrize('count', [1, 2, 40])
def test_trajectories_of_any_length(count):
    way = tuple(Target((10.0 * index + 5, 200.0), model_depth=1.0) for index in range(count))
    assert changed(Answer('trajectory', 'go', waypoints=way))[1][190:210].any()


def test_the_instruction_is_at_the_top_and_steps_at_the_bottom():
    _, where = changed(Answer('planning', 'clean up', steps=(Step('pick the mug'), Step('place it in the box'))))
    assert where[:15].all()
    assert where[-30:].all()
    assert not where[60:380].any()
    assert not changed(Answer('planning', ''))[1].any()


def test_more_steps_take_more_room_but_never_more_than_half_of_the_image():
    drawn = [changed(Answer('planning', '', steps=(Step('do this'),) * count))[1] for count in (1, 5, 99)]
    heights = [where.any(axis=1).sum() for where in drawn]
    assert heights[0] < heights[1] < heights[2] <= 240


def test_a_failure_is_written_in_its_colour():
    result, where = changed(Answer('pointing', '', ErrorCode.NO_IMAGE, 'no image has arrived', reply='not shown'))
    assert near(result[400:], FAILED).sum() > 50
    assert not where[:400].any()
    assert not near(changed(Answer('general', '', reply='no image has arrived'))[0], FAILED).any()


@pytest.mark.parametrize('code', [ErrorCode.UNSURE, ErrorCode.TIMEOUT])
def test_the_places_of_a_failed_answer_are_grey_and_unsure_is_said_beside_them(monkeypatch, code):
    texts = []
    label = Canvas.label
    monkeypatch.setattr(Canvas, 'label', lambda canvas, *a: texts.append(a[2]) or label(canvas, *a))
    target, box = Target((100.0, 100.0), label='mug'), Target((300.0, 200.0), box=(250.0, 150.0, 350.0, 250.0))
    way = tuple(Target((u, 320.0)) for u in (100.0, 300.0, 500.0))
    result, _ = changed(Answer('pointing', '', code, 'why', targets=(target, box), waypoints=way))
    for row, column in ((100, 100), (200, 300), (150, 300), (320, 100), (320, 200), (320, 500)):
        assert near(result[row, column], CANDIDATE)
    for colour in (TARGET, *WAY):
        assert not near(result, colour).any()
    said = ['UNSURE mug', 'UNSURE', 'UNSURE 1', '3', '2'] if code is ErrorCode.UNSURE else ['mug', '1', '3', '2']
    assert texts == said


@pytest.mark.parametrize(('width', 'height'), [*SIZES, (64, 48), (1, 1), (9, 2000), (3000, 20)])
@pytest.mark.parametrize(
    'text',
    [
        'the red mug ' * 500,
        'x' * 5000,
        'Gib mir die Tasse für den Käfer',
        '把红色的杯子给我',
        '🤖',
        'tabs\tand\nlines\r\0\x1b[31m',
        '‮right to left‬',
        '%s %d {0}',
    ],
)
def test_text_of_any_kind_and_length(text, width, height):
    target = Target((width / 2, height / 2), box=(0.0, 0.0, width - 1.0, height - 1.0), label=text)
    answer = Answer(text, text, targets=(target,), waypoints=(target, target), steps=(Step(text),) * 3)
    assert changed(answer, width, height)[1].any()
    assert changed(Answer(text, text, ErrorCode.INTERNAL, text), width, height)[1].any()


@given(text=st.text(max_size=80), u=st.floats(-0.5, 319.5), v=st.floats(-0.5, 239.5))
@settings(deadline=None, max_examples=100)
def test_any_text_anywhere(text, u, v):
    answer = Answer('general', text, targets=(Target((u, v), label=text),), waypoints=(Target((v, u)),), reply=text)
    assert changed(answer, 320, 240)[1].any()


def test_letters_with_accents_are_written_with_them():
    with_accents, without = (changed(Answer('general', text))[0] for text in ('café für Ångström', 'cafe fur Angstrom'))
    assert (with_accents != without).any()


NOWHERE = [math.nan, math.inf, -math.inf, 1e300]


@pytest.mark.parametrize('number', NOWHERE)
def test_what_has_no_pixel_is_not_drawn(number):
    bad = [Target((number, 100.0), label='x'), Target((100.0, 100.0), box=(0.0, 0.0, number, 9.0), label='x')]
    good = Target((300.0, 200.0), label='mug')
    steps = (GroundedStep('x', targets=tuple(bad), waypoints=tuple(bad)),)
    assert not changed(Answer('pointing', '', targets=tuple(bad), waypoints=tuple(bad)))[1].any()
    np.testing.assert_array_equal(
        changed(Answer('mission', '', steps=steps))[0], changed(Answer('mission', '', steps=(Step('x'),)))[0]
    )
    np.testing.assert_array_equal(
        changed(Answer('pointing', '', targets=(*bad, good)))[0], changed(Answer('pointing', '', targets=(good,)))[0]
    )


def test_a_depth_that_is_no_number_is_not_written():
    target = Target((200.0, 200.0), label='mug')
    nowhere = replace(target, status=PointStatus.OK, position=(0.0, 0.0, math.nan))
    np.testing.assert_array_equal(*(changed(Answer('pointing', '', targets=(t,)))[0] for t in (target, nowhere)))


@given(st.lists(st.tuples(*[st.floats() | st.floats(-50, 700)] * 4), max_size=6))
@settings(deadline=None, max_examples=100)
def test_any_numbers(places):
    targets = tuple(Target((u, v), box=(u, v, a, b) if a > 0 else None, label='x') for u, v, a, b in places)
    changed(Answer('mission', 'x', targets=targets, waypoints=targets, steps=(GroundedStep('x', waypoints=targets),)))


def mission():
    """Two steps that go from left to right, one above the other, and a third where the first one acts."""
    ways = [tuple(Target((u, v)) for u in (100.0, 300.0, 500.0)) for v in (120.0, 220.0)]
    first, second = (GroundedStep(f'go {way[0].pixel}', status=StepStatus.GROUNDED, waypoints=way) for way in ways)
    mug, box = Target((200.0, 320.0), label='mug'), Target((420.0, 320.0), label='box')
    return (
        replace(first, targets=(mug,)),
        replace(second, targets=(box,)),
        GroundedStep('again', status=StepStatus.GROUNDED, targets=(mug,)),
        GroundedStep('fail', status=StepStatus.FAILED, code=ErrorCode.NOT_FOUND),
    )


def test_each_step_has_its_colour_in_the_list_and_in_the_picture():
    result, where = changed(Answer('mission', '', steps=mission()))
    for row, colour in ((120, STEPS[0]), (220, STEPS[1])):
        assert near(result[row], colour).sum() > 200
    for place, colour in (((320, 200), STEPS[0]), ((320, 420), STEPS[1])):
        assert near(result[place], colour)
    words = result[np.nonzero(where[:, 600])[0]]  # the band of the list is as wide as the picture
    for colour in (*STEPS[:3], FAILED):
        assert near(words, colour, 40).sum() > 20


def test_whole_pixels_are_as_good_as_parts_of_them():
    way = tuple(Target((u, 120)) for u in (100, 300, 500))
    parts = tuple(Target((float(target.pixel[0]), 120.0)) for target in way)
    drawn = [
        changed(Answer('mission', '', steps=(GroundedStep('x', waypoints=w, targets=w[:1]),)))[0] for w in (way, parts)
    ]
    np.testing.assert_array_equal(*drawn)


def test_labels_say_what_is_not_said_elsewhere(monkeypatch):
    texts = []
    label = Canvas.label
    monkeypatch.setattr(Canvas, 'label', lambda canvas, *a: texts.append(a[2]) or label(canvas, *a))
    changed(Answer('mission', '', steps=mission()))
    assert texts == ['1,3 mug', '2 box']
    texts.clear()
    mug, box = (target for step in mission()[:2] for target in step.targets)
    changed(Answer('pointing', 'mug', targets=(mug, box)))
    assert texts == ['box'], 'the first one is named at the top'
    texts.clear()
    changed(Answer('trajectory', '', waypoints=mission()[0].waypoints))
    assert texts == ['1', '3', '2']


def test_images_that_are_views_or_read_only_are_accepted():
    view = np.tile(picture(), (1, 1, 1))[::-1, :, ::-1]
    view.flags.writeable = False
    assert (draw(view, Answer('general', 'hello')) != view).any()


@pytest.mark.parametrize(
    'image',
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)],
)
def test_other_arrays_are_refused(image):
    with pytest.raises(BrainError, match='expected height x width x 3, uint8'):
        draw(image, Answer('general', 'hello'))
