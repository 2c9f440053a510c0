# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Whether confidences and regions hold: figures of samples whose truth is known, and what calibration makes of them."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from robobrain_ros.answer import Answer, PointStatus, Target
from robobrain_ros.commands.output import console
from robobrain_ros.evaluation.fitting import FIRST_SEED, LEAST_SAMPLES, SHARE, calibrated
from robobrain_ros.evaluation.quantiles import chi_square, wilson
from robobrain_ros.evaluation.reliability import BINS, bins, figures, markdown, plot, rows, table
from robobrain_ros.evaluation.samples import Sample, samples
from robobrain_ros.evaluation.tabletop import FIRST_SEED as EVALUATED
from robobrain_ros.sim.questions import questions
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks.calibration import Calibration

SIZE = (640, 480)


def drawn(count, seed, worse=1.0, least=0.0, floor_m=0.0, odds=(0.0, 1.0), task='pointing'):
    """Samples of a model whose errors are ``worse`` times and ``least`` wider than it says, and its confidence off."""
    dice = np.random.default_rng(seed)
    for _ in range(count):
        confidence = float(dice.uniform(0.05, 0.999))
        chance = 1 / (1 + math.exp(-(odds[0] + odds[1] * math.log(confidence / (1 - confidence)))))
        spread = float(dice.uniform(1, 10)), float(dice.uniform(1, 10))
        true = [math.hypot(worse * sd, least * side) for sd, side in zip(spread, SIZE, strict=True)]
        offset = float(dice.normal(0, true[0])), float(dice.normal(0, true[1]))
        away = float(dice.normal(0, math.hypot(0.01, floor_m)))
        squared = sum((x / sd) ** 2 for x, sd in zip(offset, spread, strict=True)) + (away / 0.01) ** 2
        yield Sample(task, confidence, bool(dice.random() < chance), SIZE, spread, offset, 0.01, away, squared)


def after(found, known):
    """The samples as a calibrated model would have given them."""
    for one in found:
        worth = known.of(one.task)
        spread = tuple(map(worth.pixel_spread, one.spread, SIZE))
        depth = math.hypot(one.depth_spread, worth.depth_least_m)
        squared = sum((x / sd) ** 2 for x, sd in zip(one.offset, spread, strict=True)) + (one.depth_offset / depth) ** 2
        yield replace(one, confidence=worth.confidence(one.confidence), spread=spread, distance_squared=squared)


@pytest.mark.parametrize(
    'faults',
    [
        {},
        {'worse': 3.0},
        {'worse': 0.4},
        {'least': 0.02, 'floor_m': 0.05},
        {'odds': (-1.0, 0.5)},
        {'odds': (2.0, 1.0)},
    ],
)
def test_a_calibrated_model_says_what_is_true(faults):
    known = calibrated(list(drawn(4000, 1, **faults)), 100)
    told = figures(list(after(drawn(4000, 2, **faults), known)))['pointing']
    assert told['in_image_region'] == pytest.approx(SHARE, abs=0.02)
    assert told['in_space_region'] == pytest.approx(SHARE, abs=0.02)
    assert told['said'] == pytest.approx(told['right'], abs=0.025)
    assert told['calibration_error'] < 0.03


def test_figures_show_what_is_wrong():
    told = figures(list(drawn(2000, 3, worse=3.0, odds=(-1.0, 0.5))))['all']
    assert told['in_image_region'] < 0.5
    assert told['said'] > told['right'] + 0.1
    assert told['calibration_error'] > 0.1


def test_too_few_samples_are_no_calibration():
    found = [*drawn(LEAST_SAMPLES - 1, 4), *drawn(LEAST_SAMPLES, 5, task='grounding')]
    assert calibrated(found, 3).tasks.keys() == {'grounding'}


@pytest.mark.parametrize('right', [True, False])
def test_samples_that_are_all_right_or_all_wrong_give_finite_coefficients(right):
    found = [replace(one, right=right, confidence=0.9999) for one in drawn(200, 6)]
    known = calibrated(found, 10)
    assert abs(known.of('pointing').confidence(0.9999) - right) < 0.05
    assert Calibration.from_json(json.loads(known.to_json())) == known


def test_a_model_that_is_sure_of_what_is_wrong_is_not_turned_around():
    found = [replace(one, right=one.confidence < 0.5) for one in drawn(500, 7)]
    assert calibrated(found, 10).of('pointing').slope == 0


def test_bins_hold_each_place_once_with_its_interval():
    found = [*drawn(500, 8), replace(next(drawn(1, 9)), confidence=None), replace(next(drawn(1, 9)), confidence=1.0)]
    known = bins(found)
    assert sum(one.places for one in known) == 501
    assert all(one.low <= one.right <= one.high for one in known)
    assert len(known) == len(BINS) - 1


@pytest.mark.parametrize(('level', 'dimensions', 'quantile'), [(0.9, 2, 4.605), (0.9, 3, 6.251), (0.5, 3, 2.366)])
def test_quantiles_of_chi_square(level, dimensions, quantile):
    """From the tables of Abramowitz and Stegun, 26.8."""
    assert chi_square(level, dimensions) == pytest.approx(quantile, abs=1e-3)


@pytest.mark.parametrize(('right', 'count'), [(8, 10), (0, 10), (10, 10), (95, 100)])
def test_the_ends_of_the_interval_are_shares_whose_deviation_reaches_what_was_measured(right, count):
    """Which is how Wilson defines them."""
    for end in wilson(right / count, count):
        assert (right / count - end) ** 2 == pytest.approx(1.96**2 * end * (1 - end) / count, abs=1e-12)


def test_tables_and_plot_are_made_of_nothing_and_of_much(tmp_path, capsys):
    for index, found in enumerate(([], list(drawn(100, 10)), [Sample('pointing', 0.5, True, SIZE, (1, 1))])):
        plot(found, tmp_path / f'{index}.png', 'a title')
        assert (tmp_path / f'{index}.png').stat().st_size > 5000
        assert len(markdown(found).splitlines()) == (2 + len(rows(found)) if found else 1)
        console().print(table(found))
    assert all(len(line) <= 80 for line in capsys.readouterr().out.splitlines())


def perfect(scene, question, sure=(2.0, 2.0, 0.0)):
    """What a perfect model would have answered, one pixel off, with how sure it is."""
    answer = Answer(question.task, question.instruction, image_size=(scene.view.width, scene.view.height))
    made = lambda u, v, **more: Target((u + 1.0, v), confidence=0.75, spread=sure, **more)  # noqa: E731
    if question.box:
        left, top, right, bottom = question.box
        return replace(answer, targets=(made((left + right) / 2, (top + bottom) / 2),))
    if question.waypoints:
        return replace(answer, waypoints=tuple(made(u, v, model_depth=depth) for u, v, depth in question.waypoints))
    return replace(answer, targets=(made(*question.pixel),))


def test_samples_of_answers_about_scenes():
    scene = TableTop(EVALUATED)
    kinds = set()
    for question in questions(scene, np.random.default_rng(0)):
        if question.pixel or question.box or question.waypoints:
            kinds.add(question.kind)
            found = list(samples(question, perfect(scene, question), scene, True))
            assert [one.confidence for one in found] == ([0.75, None] if question.waypoints else [0.75])
            expected = None if question.kind == 'vacant' else pytest.approx((1, 0), abs=0.01)
            assert [one.offset for one in found] == [expected] * len(found)
            assert {one.distance_squared for one in found} == {None}, 'nothing is known in space'
    assert {'named', 'vacant', 'gripper', 'pick'} <= kinds


def test_a_position_is_compared_with_what_is_seen_at_the_true_pixel():
    scene = TableTop(EVALUATED)
    question = next(q for q in questions(scene, np.random.default_rng(0)) if q.kind == 'named' and q.pixel)
    x, y, z = question.position
    exact = Target(question.pixel, confidence=0.5, spread=(1, 1, 0), status=PointStatus.OK)
    exact = replace(exact, position=(x, y, z + 0.02), covariance=(1e-4, 0, 0, 0, 1e-4, 0, 0, 0, 4e-4))
    answer = Answer('pointing', '', image_size=(scene.view.width, scene.view.height), targets=(exact,))
    (found,) = samples(question, answer, scene, True)
    assert (found.depth_offset, found.depth_spread) == pytest.approx((0.02, 0.02), abs=1e-3)
    assert found.distance_squared == pytest.approx(1.0, abs=0.2)


def test_calibration_and_evaluation_ask_about_different_scenes():
    assert EVALUATED + 100_000 < FIRST_SEED
