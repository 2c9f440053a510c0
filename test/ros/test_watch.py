# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One watch without ROS and without a model: its pace, its ends, what it takes from cameras, and what it tells."""

import asyncio
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from robobrain_ros.action import Monitor
from std_msgs.msg import Header

from robobrain_ros.brain.progress_rules import Outcome, Rules
from robobrain_ros.brain.tracker import Sample, Views
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.ros import progress_messages
from robobrain_ros.ros.camera.views import NewestViews
from robobrain_ros.ros.progress_messages import Series, progress
from robobrain_ros.ros.stoppable import Ending
from robobrain_ros.ros.watch import Look, Watch
from robobrain_ros.tasks.progress import Mode

PIXEL = np.zeros((1, 1, 3), np.uint8)
CANCELLED = Ending(Outcome.CANCELLED, ErrorCode.CANCELLED, 'the client cancelled')


def header(seconds: float) -> Header:
    head = Header()
    head.stamp.sec, head.stamp.nanosec = int(seconds), round(seconds % 1 * 1e9)
    return head


def sample(value: float, stamp_s: float = 1.0, **fields: Any) -> Sample:
    return Sample(stamp_s, value, modes={Mode.FORWARD: value}, **fields)


class Robot:
    """Cameras and a model, which do at once what a test says."""

    def __init__(self, *found: Any) -> None:
        """:param found: samples, errors to raise, or seconds that a step takes"""
        self.found = list(found)
        self.told: list[Look] = []
        self.times: list[float] = []
        self.waits: list[float] = []

    async def look(self, timeout_s: float) -> tuple[Header, Views]:
        self.waits.append(timeout_s)
        self.times.append(asyncio.get_running_loop().time())
        return header(len(self.times)), Views(PIXEL)

    async def step(self, views: Views, stamp_s: float) -> Sample:
        found = self.found.pop(0) if len(self.found) > 1 else self.found[0]
        if isinstance(found, Exception):
            raise found
        if isinstance(found, float):
            await asyncio.sleep(found)
            return sample(0.0, stamp_s)
        return found

    async def prepare(self) -> Any:
        return self, self

    def watch(self, **fields: Any) -> Watch:
        goal: Any = {'period': 0.0, 'timeout': 20.0, 'image_timeout': 5.0, 'rules': Rules(hold=1), **fields}
        return Watch(SimpleNamespace(**goal))  # type: ignore[arg-type]

    def run(self, **fields: Any) -> Ending:
        return asyncio.run(self.watch(**fields).run(self.prepare, self.told.append))


def test_the_rules_end_it_and_every_look_is_told_before():
    robot = Robot(sample(0.2), sample(0.5), sample(1.0))
    assert robot.run() == Ending(
        Outcome.SUCCEEDED, ErrorCode.OK, 'progress is 1.00, at least 0.95, by the last 1 sample'
    )
    assert [look.found.progress for look in robot.told if isinstance(look.found, Sample)] == [0.2, 0.5, 1.0]
    assert [look.header.stamp.sec for look in robot.told] == [1, 2, 3]


def test_what_fails_is_told_and_the_next_look_follows():
    error = BrainError(ErrorCode.BAD_IMAGE, 'by design')
    robot = Robot(error, sample(math.nan, fault='no score', code=ErrorCode.UNPARSABLE), sample(1.0))
    assert robot.run().outcome is Outcome.SUCCEEDED
    assert robot.told[0].found is error
    assert robot.told[0].header.stamp.sec == 1, 'there was an image'


def test_a_defect_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        Robot(ZeroDivisionError()).run()
    with pytest.raises(TimeoutError, match='from somewhere else'):
        Robot(TimeoutError('from somewhere else')).run()


def test_a_goal_that_cannot_be_used_ends_without_an_outcome():
    async def refuse() -> Any:
        raise BadRequest('by design')

    ending = asyncio.run(Robot().watch().run(refuse, print))
    assert ending == Ending(None, ErrorCode.BAD_REQUEST, 'by design')


@pytest.mark.parametrize('found', [sample(0.0), 100.0, BrainError(ErrorCode.NO_IMAGE, '')])
def test_the_time_limit_ends_it_whatever_goes_on(found):
    ending = Robot(found).run(timeout=0.2, period=0.01)
    assert ending == Ending(Outcome.TIMEOUT, ErrorCode.TIMEOUT, 'no outcome within 0.2 s')


@pytest.mark.parametrize('found', [sample(0.0), 100.0])
def test_stopping_ends_it_in_a_pause_and_in_a_step(found):
    async def go() -> tuple[Ending, bool]:
        robot = Robot(found)
        watch = robot.watch(period=100.0)
        running = asyncio.create_task(watch.run(robot.prepare, robot.told.append))
        await asyncio.sleep(0.05)
        watch.stop(CANCELLED)
        watch.stop(Ending(None, ErrorCode.NOT_ACTIVE, 'the second call does not count'))
        ending = await asyncio.wait_for(running, 5)
        watch.stop(CANCELLED)
        return ending, asyncio.current_task().cancelling() > 0

    assert asyncio.run(go()) == (CANCELLED, False)


def test_it_may_be_stopped_before_it_begins():
    robot = Robot(sample(1.0))
    watch = robot.watch()
    watch.stop(CANCELLED)
    assert asyncio.run(watch.run(robot.prepare, robot.told.append)) == CANCELLED
    assert not robot.told


def test_someone_elses_cancellation_goes_on():
    async def go() -> bool:
        robot = Robot(100.0)
        running = asyncio.create_task(robot.watch().run(robot.prepare, robot.told.append))
        await asyncio.sleep(0.05)
        running.cancel()
        await asyncio.wait([running], timeout=5)
        return running.cancelled()

    assert asyncio.run(go())


def test_looks_keep_their_times_and_those_that_were_missed_are_left_out():
    class Clock(asyncio.SelectorEventLoop):
        """Time passes only where someone sleeps."""

        now = 1000.0

        def time(self) -> float:
            return self.now

        def _run_once(self) -> None:
            if not self._ready and self._scheduled:
                self.now = max(self.now, self._scheduled[0].when())
            super()._run_once()

    robot = Robot(0.3, 0.4, 2.5, 0.1, 0.1, sample(1.0))
    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(robot.watch(period=1.0).run(robot.prepare, robot.told.append))
    assert [round(time - 1000, 3) for time in robot.times] == [0.0, 1.0, 2.0, 4.5, 5.5, 6.5]


@pytest.mark.parametrize(('period', 'limit', 'waits'), [(0.1, 5.0, 1.0), (3.0, 5.0, 3.0), (9.0, 5.0, 5.0)])
def test_images_are_waited_for_a_period_or_a_second(period, limit, waits):
    robot = Robot(sample(1.0))
    robot.run(period=period, image_timeout=limit)
    assert robot.waits == [waits]


# --- what it takes from cameras


class Camera:
    """A camera whose next images have these stamps, seconds."""

    def __init__(self, *stamps: float, value: int = 0) -> None:
        self.stamps, self.value = list(stamps), value
        self.asked: list[float] = []
        self.age_s = 0.0

    def status(self) -> Any:
        return self

    async def frame(self, not_before_ns: int, max_age_s: float, timeout_s: float) -> Any:
        self.asked.append(not_before_ns / 1e9)
        if not self.stamps:
            raise BrainError(ErrorCode.STALE_IMAGE, 'nothing new')
        return SimpleNamespace(header=header(self.stamps.pop(0)), light=True, rgb=lambda: PIXEL + self.value)


def eyes(cameras: dict[str, Camera], *names: str | None, now: float = 100.0) -> NewestViews:
    return NewestViews(cameras, names, 1.0, lambda: int(now * 1e9))  # type: ignore[arg-type]


def test_every_look_asks_for_a_newer_image():
    camera = Camera(10.0, 11.0)
    views = eyes({'': camera}, '', None, None)
    for stamp in (10, 11):
        head, seen = asyncio.run(views.look(1.0))
        assert (head.stamp.sec, seen.left, seen.right) == (stamp, None, None)
    assert camera.asked == [0.0, pytest.approx(10.0)]
    assert camera.asked[1] > 10.0
    for age_s, says in (
        (0.5, 'no newer image has come within 1 s'),
        (9.0, 'no newer image has come within 1 s; nothing'),
        (-9.0, 'no newer image has come within 1 s; nothing'),  # the clocks differ, which the camera says
    ):
        camera.age_s = age_s
        with pytest.raises(BrainError, match=says) as caught:
            asyncio.run(views.look(1.0))
        assert ('nothing new' in str(caught.value)) == (abs(age_s) > 1)


def test_a_clock_that_jumped_back_makes_older_stamps_new():
    camera = Camera(50.0, 3.0)
    views = eyes({'': camera}, '', None, None, now=3.5)
    for _ in range(2):
        asyncio.run(views.look(1.0))
    assert camera.asked == [0.0, 0.0]


def test_each_camera_is_asked_once_and_the_front_last():
    cameras = {'front': Camera(3.0, value=1), 'wrist': Camera(2.0, value=2)}
    head, seen = asyncio.run(eyes(cameras, 'front', 'wrist', 'wrist').look(1.0))
    assert seen.left is not None
    assert seen.right is not None
    assert (head.stamp.sec, seen.front.max(), seen.left.max(), seen.right.max()) == (3, 1, 2, 2)
    assert len(cameras['wrist'].asked) == 1


def test_a_fault_names_its_camera():
    cameras = {'front': Camera(3.0), 'wrist': Camera()}
    with pytest.raises(BrainError, match="camera 'wrist': nothing new"):
        asyncio.run(eyes(cameras, 'front', None, 'wrist').look(1.0))
    with pytest.raises(BrainError, match=r"camera 'front': images have no stamp.*stamp_source to 'arrival'"):
        asyncio.run(eyes({'front': Camera(0.0)}, 'front', None, None).look(1.0))


# --- what it tells


def test_a_mode_without_a_score_is_named_though_the_others_make_a_value():
    found = Sample(1.0, 0.5, modes={Mode.FORWARD: 0.5, Mode.BACKWARD: math.nan}, texts={Mode.BACKWARD: 'well done'})
    message = progress(Look(header(1.0), found), camera='front')
    assert (message.valid, message.value, message.camera) == (True, 0.5, 'front')
    assert math.isnan(message.incremental)
    assert message.error_code == ErrorCode.UNPARSABLE
    assert message.error_message == "a mode has no score, backward: 'well done'"


def test_an_error_has_no_figure_that_could_be_taken_for_one():
    message = progress(Look(Header(), BrainError(ErrorCode.NO_IMAGE, 'dark')))
    figures = [message.value, message.hop, message.weight, message.incremental, message.forward, message.backward]
    assert np.isnan(figures).all()
    assert (message.valid, message.error_code, message.error_message) == (False, ErrorCode.NO_IMAGE, 'dark')


def test_the_series_has_all_that_had_an_image_and_the_latest_of_too_many(monkeypatch):
    monkeypatch.setattr(progress_messages, 'MOST_SAMPLES', 3)
    series = Series()
    for second, value in enumerate([0.1, 0.2, math.nan, 0.4, math.nan]):
        series.add(progress(Look(header(second + 1), sample(value))))
    series.add(progress(Look(Header(), BrainError(ErrorCode.NO_IMAGE, 'dark'))))
    result = series.result(Ending(Outcome.FAILED, ErrorCode.OK, 'it fell'))
    assert (series.count, result.invalid, result.outcome) == (6, 3, Monitor.Result.FAILED)
    assert [stamp.sec for stamp in result.stamps] == [3, 4, 5]
    assert (result.values[1], result.progress) == (pytest.approx(0.4), 0.4)
    assert result.reason == 'it fell; 3 of 6 samples were not valid, the last because dark'


def test_every_outcome_has_its_constant():
    names = {
        outcome.name if outcome else 'NOT_MONITORED': number for outcome, number in progress_messages.OUTCOMES.items()
    }
    assert names == {name: getattr(Monitor.Result, name) for name in names}
    assert len(set(names.values())) == 6


def test_nothing_known_is_nan_in_the_result():
    assert math.isnan(Series().result(CANCELLED).progress)
