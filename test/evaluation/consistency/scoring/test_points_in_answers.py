# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Points as FlagEvalMM reads them, by hand, and the mean of a mask against the plainest way to take it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from robobrain_ros.errors import BadRequest
from robobrain_ros.evaluation.consistency.scoring.flageval.points import read_norm1k, read_unit, read_unit_unclipped
from robobrain_ros.evaluation.consistency.scoring.flageval.polygon import first_point_in_polygon, in_polygon
from robobrain_ros.evaluation.consistency.scoring.masks import Region, mask_mean, read_mask, read_white

SIZE = (40, 30)


def written(regions):
    return ' '.join(map(str, regions))


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('(0.5, 0.5)', '(20, 15)'),
        ('Answer: [(0.5,0.25), (0.0, 0.0)]', '(20, 7) (0, 0)'),
        ('(0.999, 0.999)', '(39, 29)'),
        ('(1.0, 1.0)', '(40, 30)'),  # one pixel outside
        ('(12, 7)', '(12, 7)'),  # no decimal point: pixels
        ('(500, 250)', '(500, 250)'),  # and so thousandths lie outside
        ('(1, 0.5)', '(40, 15)'),  # one of two is enough
        ('(-0.1, 0.5)', '(-4, 15)'),
        ('(-0.01, 0.5)', '(0, 15)'),  # cut towards 0
        ('(+3, 4.)', '(120, 120)'),
        ('(0.1, 0.2)\n', '(4, 6)'),
        ('(0.1, 0.2)\nThat is all.', ''),  # the last line only
        ('( 0.1, 0.2)', ''),
        ('(0.1 , 0.2)', ''),
        ('(0.1,0.2 )', ''),
        ('[0.1, 0.2]', ''),
        ('(.1, .2)', ''),
        ('(1e-1, 0.2)', ''),
        ('(0.1, 0.2, 0.3)', ''),
        ('(5)', ''),
        ('', ''),
        ('(0.25, 0.5, 0.5, 0.6)', '(10, 15, 20, 18)'),
        ('(5, 5, 8, 7)', '(5, 5, 8, 7)'),
        ('(-5, -5, 8, 700)', '(0, 0, 8, 30)'),
        ('(0.25, 1, 2, 3)', '(10, 30, 40, 30)'),  # the first number decides for all four
    ],
)
def test_parts_of_the_image(answer, expected):
    assert written(read_unit(answer, SIZE)) == expected


@pytest.mark.parametrize('answer', ['(0, 0.2, 5, 0.9)', f'({"9" * 400}.0, 1)', f'({"9" * 5000}, 1)'])
def test_where_the_reading_breaks(answer):
    with pytest.raises((TypeError, ValueError, OverflowError)):
        read_unit(answer, SIZE)


def test_embodied_verse_counts_a_box_from_the_far_side():
    assert written(read_unit_unclipped('(-8, -6, 38, 28)', SIZE)) == '(32, 24, 38, 28)'
    assert written(read_unit_unclipped('(0.5, 0.5)', SIZE)) == '(20, 15)'
    assert written(read_unit('(-8, -6, 38, 28)', SIZE)) == '(0, 0, 38, 28)'


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('(500, 250)', '(20, 7)'),
        ('Answer: [(0, 0), (999, 999)]', '(0, 0) (39, 29)'),
        ('(1000, 1000)', '(39, 29)'),
        ('(1500, -20)', '(39, 0)'),  # moved to the border
        ('(0.5, 0.5)', '(0, 0)'),
        ('(250, 500, 500, 600)', '(10, 15, 20, 18)'),
        ('(500, 600, 250, 500)', '(10, 15, 20, 18)'),  # corners in any order
        ('(-9, -9, 2000, 2000)', '(0, 0, 40, 30)'),
        ('(1, 2, 3)', ''),
        ('(500, 250)\nDone', ''),
        ('', ''),
    ],
)
def test_thousandths(answer, expected):
    assert written(read_norm1k(answer, SIZE)) == expected


def test_a_box_without_area_names_no_pixel():
    assert [len(region) for region in read_norm1k('(250, 500, 250, 600)', SIZE)] == [0]


def test_the_mean_over_all_pixels_that_are_named():
    mask = np.zeros((30, 40), np.uint8)
    mask[:, :20] = 255
    mask[0, 0] = 51
    assert mask_mean((), mask) == 0
    assert mask_mean(read_norm1k('(100, 100)', SIZE), mask) == 1
    assert mask_mean(read_norm1k('(900, 100)', SIZE), mask) == 0
    assert mask_mean(read_norm1k('(0, 0)', SIZE), mask) == 0.2  # between black and white
    assert mask_mean(read_norm1k('(100, 100), (900, 100), (0, 0)', SIZE), mask) == pytest.approx(0.4)
    assert mask_mean(read_norm1k('(0, 500, 1000, 1000)', SIZE), mask) == 0.5
    assert mask_mean(read_unit('(5, 5), (500, 5)', SIZE), mask) == 0.5  # outside is a miss
    assert mask_mean(read_unit('(500, 5)', SIZE), mask) == 0


REGIONS = st.lists(
    st.builds(
        lambda x, y, width, height: Region(range(x, x + width), range(y, y + height)),
        st.integers(-5, 12), st.integers(-5, 12), st.integers(0, 6), st.integers(0, 6),
    ),
    max_size=5,
)  # fmt: skip


@given(REGIONS, st.integers(0, 2**32 - 1))
def test_the_mean_is_that_of_single_pixels(regions, seed):
    mask = np.random.default_rng(seed).integers(0, 256, (8, 9), dtype=np.uint8)
    pixels = [(x, y) for region in regions for x in region.columns for y in region.rows]
    values = [mask[y, x] / 255 if 0 <= x < 9 and 0 <= y < 8 else 0 for x, y in pixels]
    assert mask_mean(regions, mask) == pytest.approx(sum(values) / len(values) if values else 0)


def test_a_box_that_is_repeated_a_thousand_times_takes_no_memory_for_each_pixel(monkeypatch):
    mask = np.zeros((480, 640), np.uint8)
    mask[:240] = 255
    boxes = [Region(range(640), range(480))] * 1000
    monkeypatch.setattr(np, 'concatenate', lambda parts: pytest.fail('all pixels in one array'))
    assert mask_mean(boxes, mask) == 0.5


@pytest.mark.parametrize('mode', ['L', 'RGB', 'RGBA', 'LA', '1', 'P'])
def test_masks_of_any_format(mode, tmp_path):
    grey = np.zeros((8, 9), np.uint8)
    grey[2:4, 3:5] = 255
    Image.fromarray(grey).convert(mode).save(tmp_path / 'mask.png')
    assert np.array_equal(read_white(tmp_path / 'mask.png'), grey)
    assert np.array_equal(read_mask(tmp_path / 'mask.png') > 0, grey > 0)


def test_a_mask_that_is_none(tmp_path):
    with pytest.raises(BadRequest, match=r'none\.png'):
        read_mask(tmp_path / 'none.png')
    (tmp_path / 'text.png').write_text('no image')
    with pytest.raises(BadRequest, match=r"text\.png' cannot be read"):
        read_mask(tmp_path / 'text.png')


DIAMOND = '[(0.5, 0.2), (0.8, 0.5), (0.5, 0.8), (0.2, 0.5)]'


@pytest.mark.parametrize(
    ('answer', 'expected'),
    [
        ('(0.5, 0.5)', True),
        ('( 0.5 , 0.5 )', True),
        ('[0.5, 0.5]', True),
        ('[[0.5, 0.5], [0.9, 0.9]]', True),
        ('[0.9, 0.9] (0.5, 0.5)', True),  # round brackets are looked for first
        ('(0.9, 0.9), (0.5, 0.5)', False),  # the first point only
        ('(500, 500)', False),
        ('[.5, .5]', True),
        ('[(.5, .5), (.9, .9)]', True),
        ('[(.5, .5), (9, 9)]', False),  # the first one that has no bare point in front
        ('[("0.5", ".5")]', True),
        ('[-0.5, 0.5]', False),
        ('[(.5, .5), (.9', False),
        ('[]', False),
        ('[nonsense]', False),
        ('0.5, 0.5', False),
        ('', False),
        ('[' * 500 + ']', False),
    ],
)
def test_the_first_point_in_the_polygon(answer, expected):
    assert first_point_in_polygon(answer, DIAMOND) is expected


@pytest.mark.parametrize(
    'label', ['', 'yes', '[(0, 0), (1, 1)]', '(0, 0)', '[1, 2, 3]', '[(0, 0, 0), (1, 1, 1), (1, 0, 0)]']
)
def test_a_label_that_is_no_polygon_is_never_hit(label):
    assert not first_point_in_polygon('(0.5, 0.5)', label)


def test_a_point_is_never_inside_an_upright_rectangle():
    """As in FlagEvalMM: each ray crosses a vertical edge, on whichever side it stands."""
    assert not in_polygon(1, 1, [(0, 0), (2, 0), (2, 2), (0, 2)])
    assert in_polygon(1, 1, [(0, 0), (2, 0), (2.1, 2), (-0.1, 2)])


def test_a_polygon_with_a_notch():
    notch = [(0, 0), (4, 0), (4.1, 4), (2, 2), (-0.1, 4)]
    assert in_polygon(1, 2, notch)
    assert in_polygon(3, 2, notch)
    assert not in_polygon(2, 3, notch)
    assert not in_polygon(5, 1, notch)


@given(st.text(alphabet='()[]0123456789.,-+ \n"eja'))
def test_no_answer_breaks_the_polygon(answer):
    assert first_point_in_polygon(answer, DIAMOND) in (True, False)
