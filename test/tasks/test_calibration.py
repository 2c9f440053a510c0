# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""A checkpoint's calibration: the file beside it, and what is made of raw figures."""

import json
import math

import pytest

from robobrain_ros.tasks import detect_profile
from robobrain_ros.tasks.calibration import Calibration, Reliability

KNOWN = Calibration({'pointing': Reliability(0.5, 0.75, 1.0, 0.002, 0.01)}, 120, 2_000_000)


def test_confidence_is_a_logistic_function_of_the_log_odds():
    known = Reliability(intercept=-1.0, slope=0.5)
    for raw in (0.2, 0.5, 0.9):
        odds = -1 + 0.5 * math.log(raw / (1 - raw))
        assert known.confidence(raw) == pytest.approx(math.exp(odds) / (1 + math.exp(odds)))


def test_without_a_calibration_confidence_stays_but_is_never_certain():
    found = [Calibration().of('pointing').confidence(raw) for raw in (0.0, 0.25, 0.9, 1.0)]
    assert found == pytest.approx([1e-4, 0.25, 0.9, 1 - 1e-4])


def test_extreme_coefficients_do_not_overflow():
    assert 0 <= Reliability(-1e9, 1e9).confidence(0.5) < 1e-9
    assert 1 - 1e-9 < Reliability(1e9, 1e9).confidence(1.0) <= 1


def test_a_spread_is_scaled_then_widened_by_the_side():
    assert Reliability(pixel_factor=2, pixel_least=0.01).pixel_spread(1.5, 400) == pytest.approx(5.0)


def test_the_file_is_read_as_it_was_written(tmp_path):
    (tmp_path / 'robobrain.json').write_text('{"profile": "robobrain-tiny"}')
    assert detect_profile(tmp_path).calibration is None
    (tmp_path / 'calibration.json').write_text(KNOWN.to_json())
    for name in ('', 'robobrain-2.5'):
        assert detect_profile(tmp_path, name).calibration == KNOWN


@pytest.mark.parametrize(
    ('text', 'sentence'),
    [
        ('[]', 'calibration.json must hold a JSON object, not list'),
        ('{', 'calibration.json is not JSON'),
        ('{}', 'calibration.json: it has "tasks": None'),
        ('{"tasks": {"pointing": 1}}', 'must map names of tasks to objects'),
        ('{"tasks": {"pointing": {"slope": "steep"}}}', "of task 'pointing': slope is 'steep'"),
        ('{"tasks": {"pointing": {"slope": true}}}', 'slope is True'),
        ('{"tasks": {"pointing": {"slope": NaN}}}', 'slope is nan'),
        ('{"tasks": {"pointing": {"intercept": 1e999}}}', 'intercept is inf'),
        ('{"tasks": {"pointing": {"pixel_factor": 1e308}}}', r'pixel_factor is 1e\+308'),
        ('{"tasks": {"pointing": {"slope": 1%s}}}' % ('0' * 400), 'slope is 1000'),
        ('{"tasks": {"pointing": {"pixel_factor": -1}}}', 'pixel_factor is -1, .* not negative'),
        ('{"tasks": {"pointing": {"depth_least": 1}}}', "unexpected keyword argument 'depth_least'"),
        ('{"tasks": {}, "scenes": -1}', r'scenes and first_seed are \[-1, 0\]'),
        ('{"tasks": {}, "scenes": "many"}', "'many'"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path, text, sentence):
    (tmp_path / 'robobrain.json').write_text('{"profile": "robobrain-tiny"}')
    (tmp_path / 'calibration.json').write_text(text)
    with pytest.raises(ValueError, match=sentence):
        detect_profile(tmp_path)


def test_what_is_written_is_json_for_others_too():
    assert json.loads(KNOWN.to_json())['tasks']['pointing']['pixel_least'] == 0.002
