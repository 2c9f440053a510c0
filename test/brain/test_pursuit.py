# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""A thing that is followed, with an engine that answers by a script: what the model says, and when it is believed."""

import asyncio

import numpy as np
import pytest
from brain_fixtures import CAMERA, SOON
from scripted_engine import Die, Gate, ScriptedEngine

from robobrain_ros.answer import PointStatus
from robobrain_ros.brain import pursuit
from robobrain_ros.brain.frame import Frame
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.brain.pursuit import Pursuit, PursuitRules, Sighting, State
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.geometry.orientation import PoseOrientation

pytest_plugins = ('brain_fixtures',)
RATE = 10.0
START = (320.0, 120.0)
"""What the script's default answer means: [(500, 250)] of 640x480."""
BOARD = np.kron(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
NONE = ['not visible']
OFTEN = PursuitRules(period_s=0.0)


def says(u, v):
    return [f'[({round(u / 640 * 1000)}, {round(v / 480 * 1000)})]']


def frame(right=0, depth=1.0, rgb=BOARD):
    """The board, so many pixels to the right."""
    return Frame(np.roll(rgb, right, axis=1), np.full((480, 640), depth, np.float32), CAMERA)


class Answering(ScriptedEngine):
    """Answers by its script, but the next question by ``once``."""

    once = None

    async def generate(self, generation):
        usual, self.script, self.once = self.script, self.once or self.script, None
        try:
            async for delta in super().generate(generation):
                yield delta
        finally:
            self.script = usual


class Following:
    """A pursuit in the engine's loop, and pictures for it at a rate of their own."""

    def __init__(self, brain, rules=PursuitRules(period_s=60.0), task='pointing', settings=None):  # noqa: B008
        self.brain, self.engine, self.time = brain, brain.engine, 100.0
        self.pursuit = Pursuit(brain, task, 'the mug', settings or brain.settings, rules, SOON)

    def show(self, picture, gap=1 / RATE) -> Sighting:
        """What comes of the next picture; the model has answered about those before, if it was asked."""
        self.time += gap

        async def step() -> Sighting:
            seen = await self.pursuit.step(picture, self.time)
            for _ in range(1000):  # until it has answered, or waits for something
                if self.pursuit._anchor._asking is None or self.pursuit._anchor._asking.done():
                    break
                if self.engine.running and any(isinstance(item, Gate) for item in self.engine.script):
                    break
                await asyncio.sleep(0.002)
            return seen

        return self.brain.begin(step).result(SOON)

    def until(self, state, picture) -> Sighting:
        for _ in range(200):
            seen = self.show(picture)
            if seen.state is state:
                return seen
        raise AssertionError(f'it is {seen} still')


@pytest.fixture
def follow(make, monkeypatch):
    monkeypatch.setattr(pursuit, 'SEARCH_S', 0.0)  # the pictures come faster than a camera's
    followed = []

    def follow(script=None, **options) -> Following:
        engine = Answering(size=(640, 480), **({} if script is None else {'script': script}))
        followed.append(Following(make(engine), **options))
        return followed[-1]

    yield follow
    for one in followed:
        one.brain.loop.loop.call_soon_threadsafe(one.pursuit.close)


def test_it_is_found_then_followed_in_every_picture(follow):
    thing = follow()
    first = thing.show(frame())
    assert (first.state, first.target) == (State.SEARCHING, None)
    assert thing.show(frame()).state is State.TRACKING
    for right in (6, 12, 18):
        seen = thing.show(frame(right, depth=1.0 + right / 1000))
        assert seen.state is State.TRACKING, seen.message
        assert seen.target.pixel == pytest.approx((START[0] + right, START[1]), abs=1)
        assert seen.target.status is PointStatus.OK
        assert seen.target.position == pytest.approx((right / 500, -0.24, 1.0 + right / 1000), abs=0.01)
        assert seen.target.label == 'the mug'
        assert min(np.diag(np.reshape(seen.target.covariance, (3, 3)))) > 0
        assert sum(x * x for x in seen.target.orientation) == pytest.approx(1)
    assert len(thing.engine.asked) == 1, 'the model looks again after period_s only'


def test_an_answer_about_an_old_picture_is_brought_to_the_newest_one(follow):
    gate = Gate()
    thing = follow([gate, *says(*START)])
    for right in range(0, 120, 4):  # more than are kept
        assert thing.show(frame(right)).state is State.SEARCHING
    gate.open()
    seen = thing.until(State.TRACKING, frame(120))
    assert seen.target.pixel == pytest.approx((START[0] + 120, START[1]), abs=2)


def test_the_model_looks_again_every_period_and_its_answer_counts(follow):
    thing = follow(rules=OFTEN)
    thing.until(State.TRACKING, frame())
    thing.engine.script = says(START[0] + 10, START[1] + 5)
    thing.show(frame())
    seen = thing.show(frame())
    assert seen.target.pixel == pytest.approx((330, 125), abs=1)
    assert thing.pursuit.found >= 3


def test_the_model_is_asked_again_before_another_place_is_believed(follow):
    thing = follow(rules=OFTEN)
    thing.until(State.TRACKING, frame())
    thing.engine.script = says(150, 300)
    thing.show(frame())
    doubt = thing.show(frame())
    assert (doubt.state, doubt.target) == (State.LOST, None)
    assert 'the model sees it elsewhere, at pixel (150, 300)' in doubt.message
    seen = thing.until(State.TRACKING, frame())
    assert seen.target.pixel == pytest.approx((150, 300), abs=1)


def test_one_wrong_answer_does_not_move_it(follow):
    thing = follow(rules=OFTEN)
    thing.until(State.TRACKING, frame())
    thing.engine.once = says(150, 300)
    places = [thing.show(frame()).target for _ in range(20)]
    assert None in places, 'it was in doubt meanwhile'
    assert places[-1].pixel == pytest.approx(START, abs=1)
    assert all(place is None or place.pixel[0] > 300 for place in places)


def test_what_the_model_does_not_see_twice_is_lost(follow):
    thing = follow(rules=OFTEN)
    thing.until(State.TRACKING, frame())
    thing.engine.script = NONE
    lost = thing.until(State.LOST, frame())
    assert 'the model does not see it' in lost.message
    thing.until(State.LOST, frame())
    for _ in range(5):
        thing.show(frame())
    assert thing.pursuit._tracker is None
    thing.engine.script = says(*START)
    assert thing.until(State.TRACKING, frame()).target.pixel == pytest.approx(START, abs=1)


def test_what_is_covered_is_not_told_and_found_again_by_the_model(follow):
    thing = follow()
    thing.until(State.TRACKING, frame())
    thing.engine.script = NONE
    other = np.roll(BOARD[::-1], 99, axis=1)
    covers = [thing.show(frame(rgb=other, depth=0.6)) for _ in range(5)]
    assert {seen.state for seen in covers} == {State.LOST}
    assert all(seen.message for seen in covers)
    thing.engine.script = says(*START)
    assert thing.until(State.TRACKING, frame(40)).target.pixel == pytest.approx(START, abs=1), 'as the model says'


def test_a_flash_of_one_picture_does_not_lose_it(follow):
    thing = follow()
    thing.until(State.TRACKING, frame())
    white = np.full_like(BOARD, 255)
    assert thing.show(frame(rgb=white)).state is State.LOST
    assert thing.show(frame(4)).state is State.TRACKING


def test_after_a_gap_the_model_is_asked_first(follow):
    thing = follow()
    thing.until(State.TRACKING, frame())
    assert thing.show(frame(), gap=1.5).state is State.LOST
    assert thing.show(frame(), gap=-300).state is State.LOST, 'the clock was set back'


def test_it_is_not_told_for_longer_than_the_model_confirms_it(follow):
    thing = follow(rules=PursuitRules(period_s=0.0, unconfirmed_s=2.0))
    thing.until(State.TRACKING, frame())
    thing.engine.script = [Die()]
    seen = [thing.show(frame()).state for _ in range(40)]
    assert seen[5] is State.TRACKING
    assert seen[-1] is State.LOST
    late = thing.show(frame())
    assert 'the model has not confirmed it for' in late.message
    assert 'engine' in late.message
    assert thing.pursuit.fault.code is ErrorCode.ENGINE_DEAD


def test_without_depth_the_pixel_is_told_and_no_position(follow):
    thing = follow()
    blind = Frame(BOARD, None, CAMERA)
    seen = thing.until(State.TRACKING, blind)
    assert seen.target.status is PointStatus.NO_DEPTH
    assert 'no depth image' in seen.message
    assert thing.show(Frame(BOARD, np.full((100, 640), 1, np.float32), CAMERA)).target.position is None
    half = Frame(BOARD, np.full((240, 320), 1.5, np.float32), CAMERA)
    assert thing.show(half).target.position[2] == pytest.approx(1.5)


def test_the_robots_own_requests_go_first(follow):
    gate = Gate()
    thing = follow()
    thing.engine.scripts = {'the cup': [gate, *says(*START)]}
    job = thing.brain.submit('pointing', 'the cup', _give(frame()), SOON)
    assert gate.reached.wait(SOON)

    async def step() -> int:
        await thing.pursuit.step(frame(), 100.0)
        await asyncio.sleep(0.1)
        return len(thing.engine.asked)

    assert thing.brain.begin(step).result(SOON) == 1, 'the question of the pursuit waits'
    gate.open()
    assert job.done.result(SOON).success
    thing.until(State.TRACKING, frame())


def _give(picture):
    async def give():
        return picture

    return give


@pytest.mark.parametrize(
    ('task', 'why'), [('planning', "task is 'planning', but what is followed is found by one of pointing")]
)
def test_a_task_without_a_place_is_refused(follow, task, why):
    with pytest.raises(BadRequest, match=why):
        follow(task=task)


def test_an_orientation_that_cannot_be_had_ends_it(follow):
    thing = follow(settings=Settings(orientation=PoseOrientation.DOWN))
    with pytest.raises(BrainError, match='pose_orientation') as caught:
        thing.until(State.TRACKING, frame())
    assert caught.value.code is ErrorCode.BAD_REQUEST
