# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""How sure an answer is: waypoints that follow each other, calibration, and answers that are not sure enough."""

import math
import re
from dataclasses import replace

import pytest
from brain_fixtures import SOON, said

from robobrain_ros.answer import Target
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.brain.targets import check_sure, targets
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.evaluation.tabletop import frame_of
from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.tasks.calibration import Calibration, Reliability
from robobrain_ros.tasks.profiles import Scale
from robobrain_ros.tasks.values import Certainty, Parsed, Point

pytest_plugins = ('brain_fixtures',)

RAW, SCALE, PLAIN = Reliability(), Scale(1000, 1000), Letterbox((1000, 1000), (1000, 1000))


def way(*sureness):
    """Points with (probability, standard deviation of x, of y) each; None: nothing is known of it."""
    points = []
    for index, known in enumerate(sureness):
        sure = () if known is None else (Certainty(known[1], known[0]), Certainty(known[2], 1.0))
        points.append(Point(10.0 * index, 20.0, sure=sure))
    return Parsed(points=tuple(points))


def test_a_waypoint_is_no_surer_than_those_before_it():
    found = targets(way((0.9, 1, 8), (0.5, 30, 2), (0.99, 2, 1)), SCALE, PLAIN, '', True, RAW)
    assert [target.confidence for target in found] == pytest.approx([0.9, 0.5, 0.5])
    assert [target.spread[0] for target in found] == pytest.approx([1, 30, 30], abs=0.1)
    assert [target.spread[1] for target in found] == pytest.approx([8, 8, 8], abs=0.1)


def test_targets_that_are_no_way_stand_for_themselves():
    found = targets(way((0.5, 30, 1), (0.9, 1, 1)), SCALE, PLAIN, '', False, RAW)
    assert [target.confidence for target in found] == pytest.approx([0.5, 0.9])


def test_behind_a_waypoint_of_which_nothing_is_known_nothing_is_known():
    found = targets(way((0.5, 1, 1), None, (0.9, 1, 1)), SCALE, PLAIN, '', True, RAW)
    assert [target.confidence for target in found] == [pytest.approx(0.5), None, None]
    assert [target.spread is None for target in found] == [False, True, True]


def test_the_calibration_changes_confidence_and_spread():
    known = Reliability(intercept=-1.0, slope=1.0, pixel_factor=2.0, pixel_least=0.003)
    (raw,), (target,) = (targets(way((0.5, 2, 2)), SCALE, PLAIN, '', False, worth) for worth in (RAW, known))
    assert (raw.confidence, target.confidence) == pytest.approx((0.5, 0.2689), abs=1e-4)
    assert target.spread[0] == pytest.approx((4 * raw.spread[0] ** 2 + 9) ** 0.5)


def test_an_answer_that_is_not_sure_enough_keeps_its_candidates(tiny_brain):
    frame = frame_of(TableTop(7))
    ask = lambda least: tiny_brain.ask('the gripper', frame, settings=Settings(min_confidence=least))  # noqa: E731
    sure = ask(0.0)
    assert sure.code is ErrorCode.OK
    assert sure.targets[0].covariance
    said_so = sure.targets[0].confidence
    assert 0 < said_so < 1
    assert ask(said_so).code is ErrorCode.OK
    unsure = ask(1.0)
    assert (unsure.code, unsure.success, unsure.complete) == (ErrorCode.UNSURE, False, False)
    assert unsure.targets == sure.targets
    u, v = sure.targets[0].pixel
    where = f'the place at pixel ({u:.0f}, {v:.0f})'
    shown = re.fullmatch(
        rf'the confidence of {re.escape(where)} is (0\.\d+), but min_confidence is 1\.0', unsure.message
    )
    assert float(shown[1]) == pytest.approx(said_so, abs=0.005)


def test_the_calibration_of_the_checkpoint_reaches_the_answer(tiny_brain):
    frame, profile = frame_of(TableTop(7)), tiny_brain.pipeline.profile
    found = []
    try:
        for worth in (Reliability(), Reliability(intercept=-2.0, pixel_factor=3.0, depth_least_m=0.1)):
            tiny_brain.pipeline.profile = replace(profile, calibration=Calibration({'pointing': worth}))
            found.append(tiny_brain.ask('the gripper', frame).targets[0])
    finally:
        tiny_brain.pipeline.profile = profile
    raw, target = found
    assert target.confidence < raw.confidence
    assert target.spread[0] == pytest.approx(3 * raw.spread[0])
    assert target.covariance[8] == pytest.approx(raw.covariance[8] + 0.01)


def test_where_no_confidence_is_known_none_is_enough(make):
    brain = make()
    assert said(brain, '[(500, 250)]').code is ErrorCode.OK
    brain.settings = Settings(min_confidence=0.01)
    unsure = said(brain, '[(500, 250)]')
    assert unsure.code is ErrorCode.UNSURE
    assert 'is not known: the engine tells no probabilities of its tokens' in unsure.message
    assert said(brain, 'not visible').code is ErrorCode.NOT_FOUND


def test_a_mission_s_step_that_is_not_sure_enough_fails(tiny_brain):
    settings = Settings(min_confidence=1.0)
    job = tiny_brain.ask(
        'pick up the red mug', frame_of(TableTop(7)), task='mission', settings=settings, timeout=SOON * 6
    )
    assert job.code in (ErrorCode.UNSURE, ErrorCode.NOT_FOUND)
    assert not any(step.targets or step.waypoints for step in job.steps)


@pytest.mark.parametrize(
    ('value', 'limit', 'shown'),
    [
        (0.5, 1.0, '0.50'),
        (0.9989, 0.9999, '0.999'),
        (0.896, 0.9, '0.896'),
        (0.9949, 0.995, '0.99'),
        (math.nextafter(0.3, 0.0), 0.3, '0.2999999999999999'),
    ],
)
def test_a_confidence_that_is_not_enough_is_seen_to_be_less(value, limit, shown):
    place = Target((1.0, 2.0), confidence=value)
    with pytest.raises(BrainError, match=rf'pixel \(1, 2\) is {re.escape(shown)}, but min_confidence is {limit}$'):
        check_sure([place], limit)


@pytest.mark.parametrize('least', [-0.1, 1.1, float('nan'), '0.5', None])
def test_min_confidence_is_a_probability(least):
    with pytest.raises(BadRequest, match=r'min_confidence is .*, but must be a number in 0 \.\. 1'):
        Settings(min_confidence=least)
