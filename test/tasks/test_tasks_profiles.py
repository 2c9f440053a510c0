# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Profiles: how they are found, and the one conversion from model units to pixels."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import robobrain_ros
from robobrain_ros.tasks import Scale, detect_profile, get_profile

SIDES = st.integers(1, 5000)


def test_get_profile_lists_the_profiles():
    assert get_profile('robobrain-2.5').name == 'robobrain-2.5'
    with pytest.raises(ValueError, match=r"'gpt'.*robobrain-2.0, robobrain-2.5, robobrain-tiny"):
        get_profile('gpt')


def test_shipped_checkpoint_has_its_profile():
    folder = Path(robobrain_ros.__file__).parent / 'checkpoints' / 'tiny'
    assert detect_profile(folder).name == 'robobrain-tiny'


@pytest.mark.parametrize(
    ('files', 'expected'),
    [
        ({'config.json': {'model_type': 'qwen3_vl'}}, 'robobrain-2.5'),
        ({'config.json': {'model_type': 'qwen2_5_vl'}}, 'robobrain-2.0'),
        ({'config.json': {'model_type': 'qwen3_vl'}, 'robobrain.json': {'profile': 'robobrain-2.0'}}, 'robobrain-2.0'),
    ],
)
def test_detect_profile(tmp_path, files, expected):
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    assert detect_profile(tmp_path).name == expected


@pytest.mark.parametrize(
    ('files', 'sentence'),
    [
        ({}, 'no config.json'),
        ({'config.json': '{"model_type": "llava"}'}, "'llava'.*robobrain-2.5"),
        ({'config.json': '{"model_type": ["qwen3_vl"]}'}, 'model_type'),
        ({'config.json': '{}'}, 'None'),
        ({'config.json': '{'}, 'is not JSON'),
        ({'robobrain.json': '[' * 100_000}, 'robobrain.json is not JSON'),
        ({'config.json': '[]'}, 'JSON object, not list'),
        ({'robobrain.json': '{"profile": "x"}'}, "'x'.*robobrain-tiny"),
        ({'robobrain.json': '{"profile": 1}'}, 'robobrain.json must read'),
        ({'robobrain.json': '{"canvas": [512, 384]}'}, 'robobrain.json must read'),
        *[
            ({'robobrain.json': f'{{"profile": "robobrain-tiny", "canvas": {canvas}}}'}, 'robobrain.json has "canvas"')
            for canvas in ('null', '512', '[]', '[512]', '[512, 384, 3]', '[512.0, 384]', '["512", 384]', '[true, 384]')
            + ('[63, 384]', '[512, 4097]', '[-512, 384]', '{"width": 512}', '[NaN, 1e999]')
        ],
    ],
)
def test_detect_profile_says_what_is_wrong(tmp_path, files, sentence):
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    with pytest.raises(ValueError, match=sentence):
        detect_profile(tmp_path)


@pytest.mark.parametrize('name', ['', 'robobrain-2.5'])
def test_the_canvas_belongs_to_the_checkpoint_whoever_names_the_profile(tmp_path, name):
    (tmp_path / 'robobrain.json').write_text('{"profile": "robobrain-tiny", "canvas": [512, 384]}')
    profile = detect_profile(tmp_path, name)
    assert (profile.name, profile.canvas) == (name or 'robobrain-tiny', (512, 384))
    assert get_profile(profile.name).canvas is None


def test_scales():
    assert get_profile('robobrain-2.5').scale(640, 480) == Scale(1000, 1000)
    assert get_profile('robobrain-tiny').scale(320, 256) == Scale(1000, 1000)
    assert get_profile('robobrain-2.0').scale(644, 476) == Scale(644, 476)


@pytest.mark.parametrize(
    ('x', 'y', 'expected'),
    [
        (0, 0, (0, 0)),
        (1000, 1000, (639, 479)),
        (500, 500, (320, 240)),
        (999, 999, (639, 479)),
        (512, 300, (328, 144)),
        (0.78125, 1.041666, (0, 0)),  # 0.5 and just below: halves go to the even neighbour
        (2.34375, 3.125, (2, 2)),  # 1.5 and 1.5
    ],
)
def test_to_pixel(x, y, expected):
    assert Scale(1000, 1000).to_pixel(x, y, 640, 480) == expected


@given(st.floats(0, 1000), st.floats(0, 1000), SIDES, SIDES)
def test_pixels_lie_in_the_image_within_half_a_pixel(x, y, width, height):
    u, v = Scale(1000, 1000).to_pixel(x, y, width, height)
    assert 0 <= u < width
    assert 0 <= v < height
    assert abs(u - min(x * width / 1000, width - 1)) <= 0.5 + 1e-9
    assert abs(v - min(y * height / 1000, height - 1)) <= 0.5 + 1e-9


@given(SIDES, SIDES, st.data())
def test_pixels_of_the_model_s_own_image_stay_what_they_are(width, height, data):
    u, v = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    assert get_profile('robobrain-2.0').scale(width, height).to_pixel(u, v, width, height) == (u, v)


def test_scale_refuses_what_has_no_size():
    with pytest.raises(ValueError, match='-1'):
        Scale(1000, -1)
    with pytest.raises(ValueError, match='0 x 480'):
        Scale(1000, 1000).to_pixel(1, 1, 0, 480)
