# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One task over many images: what is asked, what is made of the answers, and what a failure costs."""

import asyncio
import threading
from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from brain_fixtures import SOON
from scripted_engine import Die, Gate, ScriptedEngine

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.brain.tracker import BLANK, Tracker, Views
from robobrain_ros.errors import BadRequest, ErrorCode
from robobrain_ros.tasks.profiles import PROFILES
from robobrain_ros.tasks.progress import Mode

TASK = 'put the cube on the plate'


def picture(level: int, size: tuple[int, int] = (320, 240)) -> np.ndarray:
    """A picture of one level, by which a request's images are told apart."""
    return np.full((size[1], size[0], 3), level, np.uint8)


def levels(generation) -> list[int]:
    return [int(image[0, 0, 0]) for image in generation.images]


class Scored(ScriptedEngine):
    """Answers each mode with its own text; the order of the images tells which one it is."""

    def __init__(self, **answers: str | list[Die]) -> None:
        super().__init__()
        self.answers = answers

    async def generate(self, generation):
        start, goal, before = levels(generation)[:3]
        mode = 'backward' if before == goal else 'forward' if before == start else 'incremental'
        answer = self.answers[mode]
        self.script = [answer] if isinstance(answer, str) else answer
        async for delta in super().generate(generation):
            yield delta


@pytest.fixture
def load():
    """Makes brains whose engine runs, with a profile."""
    made = []

    def make(engine: ScriptedEngine, profile: str = 'robobrain-2.5', **options) -> Brain:
        brain = Brain(engine, PROFILES[profile], **options)
        made.append(brain)
        brain.start(lambda text: None, (64, 48)).result(SOON)
        return brain

    yield make
    for brain in made:
        brain.close()


def step(tracker: Tracker, level: int, stamp: float = 1.0, **sides):
    return asyncio.run(asyncio.wait_for(tracker.step(Views(picture(level), **sides), stamp), SOON))


def test_a_step_asks_each_mode_with_its_images_in_order(load):
    engine = Scored(incremental='<score>+50%</score>', forward='<score>+40%</score>', backward='<score>-20%</score>')
    tracker = Tracker(load(engine), TASK, picture(99))
    begin = step(tracker, 10)
    assert (begin.progress, begin.valid, engine.asked) == (0.0, True, [])
    first, second = step(tracker, 20, 2.0), step(tracker, 30, 3.0, left=picture(31), right=picture(32))
    asked = sorted(map(levels, engine.asked[:3]))
    assert asked == [[10, 99, 10, 10, 10, 20, 20, 20]] * 2 + [[10, 99, 99, 99, 99, 20, 20, 20]]
    assert sorted(map(levels, engine.asked[3:])) == [
        [10, 99, 10, 10, 10, 30, 31, 32],
        [10, 99, 20, 20, 20, 30, 31, 32],
        [10, 99, 99, 99, 99, 30, 31, 32],
    ]
    assert second.stamp_s == 3.0
    assert second.hop == 0.5
    assert second.modes[Mode.FORWARD] == pytest.approx(0.4)
    assert second.modes[Mode.BACKWARD] == pytest.approx(0.8)
    assert second.modes[Mode.INCREMENTAL] == pytest.approx(first.modes[Mode.INCREMENTAL] * 0.5 + 0.5)
    assert second.progress == pytest.approx(sum(second.modes.values()) / 3)
    assert 0 < second.weight < 1
    (request, *_) = engine.asked
    assert isinstance(request.content[0], str)
    assert isinstance(request.content[-1], str)
    assert (request.max_tokens, request.stop, request.guide) == (32, ('</score>',), None)


def test_a_model_that_knows_one_view_gets_one(load):
    engine = Scored(incremental='<score>0%</score>', forward='<score>0%</score>', backward='<score>0%</score>')
    tracker = Tracker(load(engine, 'robobrain-tiny'), TASK, picture(99))
    step(tracker, 10)
    step(tracker, 20, left=picture(31))
    assert levels(engine.asked[0])[0:2] == [10, 99]
    assert {len(generation.images) for generation in engine.asked} == {4}


def test_without_a_goal_image_a_grey_one_stands_there_and_nothing_is_compared_with_it(load):
    engine = Scored(incremental='<score>+50%</score>', forward='<score>+40%</score>')
    tracker = Tracker(load(engine), TASK, start=Views(picture(10)))
    sample = step(tracker, 20)
    assert [levels(generation)[1] for generation in engine.asked] == [BLANK, BLANK]
    assert tracker.modes == (Mode.INCREMENTAL, Mode.FORWARD)
    assert sample.modes.keys() == set(tracker.modes)
    assert isnan(sample.weight)
    with pytest.raises(BadRequest, match='goal image'):
        Tracker(load(engine), TASK, modes=[Mode.BACKWARD])


def test_images_are_scaled_to_what_the_model_was_trained_with(load):
    engine = Scored(forward='<score>+40%</score>')
    tracker = Tracker(load(engine), TASK, picture(99, (1280, 720)), ['forward'], Views(picture(10, (64, 48))))
    asyncio.run(tracker.step(Views(picture(20, (640, 480)), picture(21, (100, 4000))), 1.0))
    assert [image.shape[:2] for image in engine.asked[0].images[:3]] == [(48, 64), (207, 369), (48, 64)]
    assert all(image.shape[0] * image.shape[1] <= 76800 for image in engine.asked[0].images)


@pytest.mark.parametrize('canvas', [None, (64, 48)])
def test_a_camera_may_write_over_its_image(canvas):
    engine = ScriptedEngine(['<score>+50%</score>'])
    brain = Brain(engine, replace(PROFILES['robobrain-tiny'], canvas=canvas))
    brain.start(lambda text: None, (64, 48)).result(SOON)
    seen = picture(10, (64, 48))
    tracker = Tracker(brain, TASK, seen, ['incremental'], Views(seen))
    for level in (20, 30):
        seen[:] = level
        asyncio.run(tracker.step(Views(seen), 1.0))
    brain.close()
    assert list(map(levels, engine.asked)) == [[10, 10, 10, 20], [10, 10, 20, 30]]


@pytest.mark.parametrize('size', [(1, 1), (4000, 20), (1, 9000), (64, 48)])
def test_images_of_any_shape_and_layout_fit(load, size):
    engine = ScriptedEngine(['<score>+50%</score>'])
    tracker = Tracker(load(engine), TASK, None, ['forward'], Views(picture(10)))
    for view in (picture(20, size), picture(20, size)[::-1, ::-1, ::-1], np.asfortranarray(picture(20, size))):
        view.flags.writeable = False
        assert asyncio.run(tracker.step(Views(view), 1.0)).progress == 0.5
        image = engine.asked[-1].images[-1]
        assert image.flags.c_contiguous
        assert 0 < image.size <= 3 * 76800


def test_an_answer_that_is_no_score_is_not_a_progress(load):
    engine = Scored(incremental='<score>+50%</score>', forward='<score>+50%</score>', backward='<score>-50%</score>')
    tracker = Tracker(load(engine), TASK, picture(99), start=Views(picture(10)))
    assert step(tracker, 20).progress == 0.5
    engine.answers |= {'forward': 'better', 'backward': '<score>-25.0.0.5</score>'}
    sample = step(tracker, 30)
    assert (sample.progress, sample.valid, sample.fault) == (0.75, True, '')
    assert isnan(sample.modes[Mode.FORWARD])
    assert isnan(sample.modes[Mode.BACKWARD])
    assert isnan(sample.weight)
    engine.answers['incremental'] = ''
    lost = step(tracker, 40)
    assert (isnan(lost.progress), isnan(lost.hop), lost.valid) == (True, True, False)
    assert 'no score' in lost.fault
    assert lost.code is ErrorCode.UNPARSABLE
    engine.answers['incremental'] = '<score>+50%</score>'
    assert step(tracker, 50).progress == 0.875
    assert 30 in [levels(one)[2] for one in engine.asked[-3:]], 'the look before is the last one that was understood'


def test_an_engine_that_dies_costs_samples_not_the_tracker(load):
    engine = Scored(forward=[Die()])
    brain = load(engine)
    tracker = Tracker(brain, TASK, None, ['forward'], Views(picture(10)))
    sample = step(tracker, 20)
    assert (sample.valid, sample.fault) == (False, 'the engine process died')
    assert sample.code is ErrorCode.ENGINE_DEAD
    engine.answers['forward'] = '<score>+40%</score>'
    engine._health = type(engine._health)(type(engine._health.state).READY)
    assert step(tracker, 30).progress == pytest.approx(0.4)


def test_the_robot_s_questions_come_first(load):
    engine = Scored(forward='<score>+40%</score>')
    brain = load(engine)
    tracker = Tracker(brain, TASK, None, ['forward'], Views(picture(10)))
    gate = Gate()
    plain = ScriptedEngine.generate

    async def held(generation):
        if len(generation.images) == 1:
            await gate.wait()
            engine.script = ['[(500, 250)]']
            async for delta in plain(engine, generation):
                yield delta
        else:
            async for delta in Scored.generate(engine, generation):
                yield delta

    engine.generate = held
    job = brain.loop.submit(brain.ask_async('the cube', picture(10)))
    assert gate.reached.wait(SOON)
    stepping = brain.loop.submit(tracker.step(Views(picture(20)), 1.0))
    assert not engine.asked
    gate.open()
    assert job.result(SOON).success
    assert stepping.result(SOON).valid
    assert [len(generation.images) for generation in engine.asked] == [1, 8]


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        ({'instruction': ''}, 'empty'),
        ({'instruction': 'look at <image>'}, '<image>'),
        ({'modes': ['sideways']}, 'sideways'),
        ({'modes': []}, 'modes is'),
        ({'goal': np.zeros((4, 4), np.uint8)}, 'goal image is uint8'),
        ({'goal': np.zeros((0, 4, 3), np.uint8)}, 'no pixels'),
        ({'start': Views('front.jpg')}, 'front image is str'),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_be_followed_is_refused_at_once(load, arguments, says):
    with pytest.raises(BadRequest, match=says):
        Tracker(load(ScriptedEngine()), **({'instruction': TASK} | arguments))


def test_guided_decoding_holds_for_scores_too(load):
    engine = Scored(forward='<score>+40%</score>')
    tracker = Tracker(load(engine, settings=Settings(guided_decoding=True)), TASK, None, ['forward'])
    step(tracker, 10)
    assert step(tracker, 20).progress == pytest.approx(0.4)
    assert engine.asked[0].guide is not None


def test_steps_that_are_called_at_once_are_taken_one_after_the_other(load):
    engine = ScriptedEngine(['<score>+50%</score>'])
    tracker = Tracker(load(engine), TASK, modes=['incremental'])

    async def at_once():
        return await asyncio.gather(*(tracker.step(Views(picture(10 * look)), float(look)) for look in (1, 2, 3)))

    samples = asyncio.run(asyncio.wait_for(at_once(), SOON))
    assert [sample.progress for sample in samples] == [0, 0.5, 0.75]
    assert [levels(one)[::3] for one in engine.asked] == [[10, 10, 20], [10, 20, 30]]
    assert engine.most_running == 1


def test_a_cancelled_step_leaves_nothing_behind(load):
    gate = Gate()
    engine = ScriptedEngine([gate])
    tracker = Tracker(load(engine), TASK, None, ['incremental'], Views(picture(10)))

    async def cancelled():
        stepping = asyncio.create_task(tracker.step(Views(picture(20)), 1.0))
        assert await asyncio.to_thread(gate.reached.wait, SOON)
        stepping.cancel()
        await asyncio.wait([stepping], timeout=SOON)
        assert stepping.cancelled()

    asyncio.run(cancelled())
    engine.script = ['<score>+50%</score>']
    assert step(tracker, 30).progress == 0.5
    assert levels(engine.asked[-1])[::3] == [10, 10, 30]
    assert not engine.running


def test_a_brain_that_is_closed_makes_samples_that_say_so(load):
    gate = Gate()
    brain = load(ScriptedEngine([gate]))
    tracker = Tracker(brain, TASK, None, ['forward'], Views(picture(10)))
    closing = threading.Thread(target=lambda: gate.reached.wait(SOON) and brain.close())
    closing.start()
    meanwhile = step(tracker, 20)
    closing.join(SOON)
    later = step(tracker, 30)
    for sample in (meanwhile, later):
        assert (sample.valid, sample.code, list(sample.modes)) == (False, ErrorCode.ENGINE_DEAD, [Mode.FORWARD])
        assert 'the brain' in sample.fault
        assert 'closed' in sample.fault
