# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Labels lie inside the picture, beside their marks and, while there is room, on nothing else."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from robobrain_ros.brain.label_places import LABEL, MARK, LabelPlaces

SIZE = (90, 18)
WIDTH, HEIGHT = 640, 480


def rectangle(corner: tuple[int, int]) -> tuple[int, int, int, int]:
    return (*corner, corner[0] + SIZE[0], corner[1] + SIZE[1])


def shared(one, other) -> float:
    """The area that two rectangles share."""
    wide, high = (min(one[i + 2], other[i + 2]) - max(one[i], other[i]) for i in (0, 1))
    return max(wide, 0) * max(high, 0)


def mark(u: float, v: float) -> tuple[float, float, float, float]:
    return u - 12, v - 12, u + 12, v + 12


pixels = st.tuples(st.floats(0, WIDTH - 1), st.floats(0, HEIGHT - 1))


@given(st.lists(pixels, min_size=1, max_size=12))
@example([(0.0, 0.0)] * 12)
@example([(WIDTH - 1.0, HEIGHT - 1.0)] * 12)
@settings(deadline=None)
def test_a_dozen_labels_cover_neither_each_other_nor_marks(places):
    layout = LabelPlaces(WIDTH, HEIGHT)
    marks = [mark(*place) for place in places]
    layout.cover(marks, MARK)
    labels = [rectangle(layout.beside(here, SIZE)) for here in marks]
    for left, top, right, bottom in labels:
        assert left >= 0 <= top
        assert right <= WIDTH
        assert bottom <= HEIGHT
    area = SIZE[0] * SIZE[1]
    assert all(shared(*pair) < 0.02 * area for pair in combinations(labels, 2))
    assert all(shared(label, here) < 0.06 * area for label in labels for here in marks)


def test_the_first_place_is_right_above():
    assert LabelPlaces(WIDTH, HEIGHT).beside(mark(300, 200), SIZE) == (312, 170)


def test_a_label_that_need_not_be_there_is_left_out():
    layout = LabelPlaces(WIDTH, HEIGHT)
    assert layout.beside(mark(300, 200), SIZE, must=False)
    layout.cover([(0, 0, WIDTH, HEIGHT)], LABEL)
    assert layout.beside(mark(300, 200), SIZE, must=False) is None
    assert layout.beside(mark(300, 200), SIZE)


@pytest.mark.parametrize(
    ('box', 'expected'),
    [
        ((100.0, 100.0, 300.0, 200.0), (100, 79)),  # above
        ((100.0, 5.0, 300.0, 105.0), (100, 108)),  # below, where there is no room above
        ((100.0, 5.0, 300.0, 475.0), (103, 8)),  # inside, where there is none outside
        ((600.0, 100.0, 639.0, 200.0), (550, 79)),  # moved into the picture
    ],
)
def test_the_label_of_a_box(box, expected):
    layout = LabelPlaces(WIDTH, HEIGHT)
    left, top, right, bottom = box
    layout.cover([(left, y - 3, right, y + 3) for y in (top, bottom)], MARK)
    assert layout.along_box(box, SIZE, 3) == expected


@pytest.mark.parametrize('size', [(1, 1), (50, 10), (9, 2000)])
def test_pictures_smaller_than_a_label(size):
    corner = LabelPlaces(*size).beside(mark(0, 0), SIZE)
    assert all(0 <= value <= limit for value, limit in zip(corner, size, strict=True))
    assert np.all(np.array(corner) == 0) or size == (9, 2000)
