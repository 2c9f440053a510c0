# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""On every well-formed answer the parsers and the conversion agree with the public RoboBrain 2.5 script.

Its rules, in our words: a point is two whole numbers between round brackets; a waypoint is two whole numbers and one
with a decimal point, with commas between; a box is four whole numbers between square brackets; a coordinate becomes a
pixel by dividing by 1000, multiplying by the side, rounding and clamping. Well-formed means: as the prompt asks for it,
within 0 .. 1000, in front of the camera, corners in order, nothing said twice.
"""

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from robobrain_ros.tasks import get_profile, get_task

PROFILE = get_profile('robobrain-2.5')
SCALE = PROFILE.scale(640, 480)

UNIT = st.integers(0, 1000)
POINTS = st.lists(st.tuples(UNIT, UNIT), min_size=1, max_size=20, unique=True)
DEPTHS = st.decimals('0.001', '20', places=3) | st.decimals('0.01', '20', places=2) | st.decimals('0.1', '20', places=1)
WAYPOINTS = st.lists(st.tuples(UNIT, UNIT, DEPTHS), min_size=1, max_size=20).filter(
    lambda path: all(a != b for a, b in pairwise(path))
)
BOXES = st.tuples(UNIT, UNIT, UNIT, UNIT).filter(lambda box: box[0] < box[2] and box[1] < box[3])


def tuples(items):
    """'[(1, 2), (3, 4)]', as the prompt asks for it."""
    return '[' + ', '.join('(' + ', '.join(map(str, item)) + ')' for item in items) + ']'


def script_points(text):
    return [tuple(map(int, pair)) for pair in re.findall(r'\([ ]*([0-9]+)[ ]*,[ ]*([0-9]+)[ ]*\)', text)]


def script_waypoints(text):
    return [(int(x), int(y), float(d)) for x, y, d in re.findall(r'([0-9]+),[ ]*([0-9]+),[ ]*([0-9]+[.][0-9]+)', text)]


def script_boxes(text):
    return [tuple(map(int, box.split(','))) for box in re.findall(r'\[([ 0-9]+(?:,[ 0-9]+){3})\]', text)]


def script_pixel(value, side):
    return sorted((0, round(value / 1000.0 * side), side - 1))[1]


@given(POINTS)
def test_points(points):
    answer = tuples(points)
    parsed = get_task('pointing').parse(answer, SCALE, PROFILE)
    assert [(p.x, p.y) for p in parsed.points] == script_points(answer) == points
    assert not parsed.dropped
    assert not parsed.not_found
    assert get_task('affordance').parse(answer, SCALE, PROFILE) == parsed


@given(WAYPOINTS)
def test_waypoints(waypoints):
    answer = tuples(waypoints)
    parsed = get_task('trajectory').parse(answer, SCALE, PROFILE)
    assert [(p.x, p.y, p.depth) for p in parsed.points] == script_waypoints(answer)
    assert len(parsed.points) == len(waypoints)
    assert not parsed.dropped


@given(BOXES)
def test_boxes(box):
    answer = str(list(box))
    parsed = get_task('grounding').parse(answer, SCALE, PROFILE)
    assert [(b.x1, b.y1, b.x2, b.y2) for b in parsed.boxes] == script_boxes(answer) == [box]
    assert not parsed.dropped


@given(UNIT, UNIT, st.integers(2, 5000), st.integers(2, 5000))
@settings(max_examples=500)
def test_pixels(x, y, width, height):
    assert SCALE.to_pixel(x, y, width, height) == (script_pixel(x, width), script_pixel(y, height))


@given(st.sampled_from(['pointing', 'trajectory', 'grounding']), st.data())
def test_no_stop_string_cuts_a_well_formed_answer(task, data):
    answer = data.draw(
        {
            'pointing': POINTS.map(tuples),
            'trajectory': WAYPOINTS.map(tuples),
            'grounding': BOXES.map(lambda box: str(list(box))),
        }[task]
    )
    for stop in get_task(task).stop(PROFILE):
        assert answer.partition(stop)[2] == ''


@given(WAYPOINTS, st.data())
def test_cut_answers_lose_only_their_end(waypoints, data):
    answer = tuples(waypoints)
    cut = answer[: data.draw(st.integers(0, len(answer)))]
    whole = get_task('trajectory').parse(answer, SCALE, PROFILE).points
    kept = get_task('trajectory').parse(cut, SCALE, PROFILE).points
    assert kept == whole[: len(kept)]
    assert len(kept) == cut.count(')')
