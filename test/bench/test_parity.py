# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""How two engines' answers are compared: the figures, the gate, and what the simulation says is right."""

import json
import math

import pytest
from scripted_engine import words

from robobrain_ros.bench import parity
from robobrain_ros.bench.accuracy import right
from robobrain_ros.bench.parity import Outcome, cases, compare, relative_error
from robobrain_ros.checkpoints import TINY_MODEL
from robobrain_ros.engines.vllm.config import EngineConfig
from robobrain_ros.sim.questions import Question
from robobrain_ros.tasks.profiles import Scale, detect_profile
from robobrain_ros.tasks.values import Box, Parsed, Point

SCALE, SIZE = Scale(1000, 1000), (640, 480)
SURE = {1: -0.1, 2: -3.0, 3: -5.0}


def outcome(text='[(500, 500)]', scores=(SURE,), points=((500.0, 500.0),), is_right=True) -> Outcome:
    return Outcome(text, list(scores), list(points), is_right)


def test_equal_answers_are_at_no_distance():
    found = compare([outcome()] * 3, [outcome()] * 3, SCALE, SIZE)
    assert (found.cases, found.same_answers, found.same_tokens, found.accuracy_variant) == (3, 1.0, 1.0, 1.0)
    assert found.logits_error == found.distance_max == found.distance_px_max == 0.0
    assert found.passed


def test_distances_are_in_parts_of_the_image_and_in_pixels():
    other = outcome('[(503, 504)]', points=((503.0, 504.0),))
    found = compare([outcome()], [other], SCALE, SIZE)
    assert found.same_answers == 0.0
    assert found.distance == pytest.approx(5.0)
    assert found.distance_px == pytest.approx(math.hypot(3 * 0.64, 4 * 0.48))


def test_answers_with_other_places_have_no_distance():
    assert compare([outcome()], [outcome('?', points=())], SCALE, SIZE).distance_max == 0.0


def test_logits_are_known_up_to_a_constant():
    shifted = {token: value - 2.0 for token, value in SURE.items()}
    assert relative_error(SURE, shifted) == pytest.approx(0.0)
    assert relative_error(SURE, {1: -0.1, 2: -3.0, 9: -4.0}) == pytest.approx(0.0), 'only what both have'
    assert relative_error(SURE, {9: -1.0}) == 0.0
    assert relative_error({1: 1.0, 2: -1.0}, {1: 1.1, 2: -1.1}) == pytest.approx(0.1)


def test_tokens_agree_where_the_first_choice_is_the_same():
    other = {1: -3.0, 2: -0.1, 3: -5.0}
    assert compare([outcome(scores=(SURE, SURE))], [outcome(scores=(SURE, other))], SCALE, SIZE).same_tokens == 0.5


@pytest.mark.parametrize(('right_before', 'right_after', 'passed'), [(20, 19, True), (20, 18, False), (18, 20, True)])
def test_only_a_drop_of_more_than_five_points_fails(right_before, right_after, passed):
    def outcomes(count):
        return [outcome(is_right=index < count) for index in range(20)]

    assert compare(outcomes(right_before), outcomes(right_after), SCALE, SIZE).passed is passed


def test_where_nothing_can_be_judged_nothing_is_lost():
    assert compare([outcome(is_right=None)], [outcome(is_right=None)], SCALE, SIZE).passed


def test_the_cases_are_the_same_each_time():
    profile = detect_profile(TINY_MODEL)
    one, other = list(cases(profile, 1, 'a')), list(cases(profile, 1, 'a'))
    assert [words(case.generation) for case in one] == [words(case.generation) for case in other]
    assert len({case.generation.request_id for case in one}) == len(one) > 3
    assert all((a.generation.images[0] == b.generation.images[0]).all() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ('question', 'parsed', 'verdict'),
    [
        (Question('pointing', 'named', '', pixel=(320, 240)), Parsed(points=(Point(520, 520),)), True),
        (Question('pointing', 'named', '', pixel=(320, 240)), Parsed(points=(Point(600, 500),)), False),
        (Question('pointing', 'named', '', pixel=(320, 240)), Parsed(), False),
        (Question('pointing', 'vacant', '', pixel=(320, 240)), Parsed(), None),
        (Question('general', 'list', '', reply=('mug',)), Parsed(reply='mug'), None),
        (
            Question('trajectory', 'pick', '', waypoints=((0, 0, 1.0), (320, 240, 1.0))),
            Parsed(points=(Point(900, 900), Point(500, 500))),
            True,
        ),
        (Question('grounding', 'named', '', box=(0, 0, 320, 240)), Parsed(boxes=(Box(0, 0, 500, 500),)), True),
        (Question('grounding', 'named', '', box=(0, 0, 320, 240)), Parsed(boxes=(Box(0, 0, 200, 200),)), False),
    ],
)
def test_the_simulation_knows_what_is_right(question, parsed, verdict):
    assert right(question, parsed, SCALE, *SIZE) is verdict


def test_the_figures_are_printed_and_written_and_the_gate_is_the_exit_code(monkeypatch, tmp_path, capsys):
    results = iter([[outcome()] * 4, [outcome('x', is_right=False, points=())] * 4])
    monkeypatch.setattr(parity, 'collect', lambda *arguments: next(results))
    config = EngineConfig(TINY_MODEL)
    assert parity.run(config, config, 2, tmp_path / 'figures.json') == 1
    written = json.loads((tmp_path / 'figures.json').read_text())
    assert (written['cases'], written['passed'], written['accuracy_variant']) == (4, False, 0.0)
    assert 'gate: accuracy drops by +1.000, 0.05 allowed' in capsys.readouterr().out


@pytest.mark.engine
@pytest.mark.timeout(300)
def test_bfloat16_says_nearly_the_same_as_float32(tmp_path):
    """Two engines, one after the other: the command, on the checkpoint that ships."""
    from robobrain_ros.cli import main

    output = tmp_path / 'parity.json'
    assert main(['parity', '--dtype', 'bfloat16', '--scenes', '1', '--output', str(output)]) == 0
    figures = json.loads(output.read_text())
    assert figures['cases'] > 3
    assert 0.9 <= figures['same_tokens'] <= 1.0
    assert 0.0 < figures['logits_error'] < 0.05
    assert figures['distance'] <= 10
