# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node keeps nothing of requests that have ended, not even until the garbage collector's next look."""

import gc

import pytest
from builtin_interfaces.msg import Duration
from node_worlds import TEXTURED, up
from robobrain_ros.action import Monitor, Track
from robobrain_ros.srv import Remember
from ros_helpers import SOON, until
from scripted_engine import Gate

from robobrain_ros.brain.jobs import Job
from robobrain_ros.brain.pursuit import Pursuit
from robobrain_ros.brain.tracker import Tracker
from robobrain_ros.geometry.point_tracker import PointTracker
from robobrain_ros.ros import messages
from robobrain_ros.ros.camera.camera_frame import CameraFrame
from robobrain_ros.ros.track_run import TrackRun
from robobrain_ros.ros.watch import Watch

pytestmark = [pytest.mark.ros]
pytest_plugins = ('node_fixtures', 'node_worlds')


def alive(kind: type) -> int:
    return sum(type(thing) is kind for thing in gc.get_objects())


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def test_images_and_jobs_go_with_their_requests(world, pictures, saboteur, no_collector):
    images, jobs = alive(CameraFrame), alive(Job)
    up(world)
    saboteur.engines[0].scripts['the cat'] = ['not visible']
    for instruction in ('the cup', 'the cat', ''):
        world.request(instruction)
        world.ends()
    world.answer('the cup')  # after which the desk knows of no other
    assert world.ends().keys() == {'OK', 'NOT_FOUND', 'BAD_REQUEST'}
    until(lambda: alive(CameraFrame) <= images, 'end of all images')
    until(lambda: alive(Job) <= jobs + 1, 'end of all jobs but the last')


def test_an_answer_that_cannot_be_published_keeps_no_image(world, pictures, no_collector, monkeypatch):
    images, made = alive(CameraFrame), messages.answer

    def fails(answer, *arguments):
        if answer.success:
            raise ZeroDivisionError('a defect')
        return made(answer, *arguments)

    monkeypatch.setattr(messages, 'answer', fails)
    up(world)
    world.request('the cup')
    assert world.ends().keys() == {'INTERNAL'}
    until(lambda: alive(CameraFrame) <= images, 'end of all images')


def test_what_a_monitor_had_goes_with_it(world, pictures, saboteur, no_collector, tmp_path):
    kinds = (CameraFrame, Tracker, Watch)
    before = {kind: alive(kind) for kind in kinds}
    up(world)
    ends = (['<score>100%</score>'], Monitor.Result.SUCCEEDED), ([Gate()], Monitor.Result.TIMEOUT)
    for script, outcome in (*ends, (['no score'], Monitor.Result.CANCELLED)):
        saboteur.engines[0].script = script
        limit = 1.5 if outcome == Monitor.Result.TIMEOUT else SOON
        with world.client.monitor('put it there', limit, period=Duration(nanosec=50_000_000)) as watch:
            for feedback in watch:
                if not feedback.sample.valid:
                    break
        assert watch.result.outcome == outcome, watch.result.reason
    with world.client.monitor('', SOON) as watch:  # which cannot be used
        assert not list(watch)
    for directory in (str(tmp_path), '/dev/null/nowhere'):
        world.client.set_parameters(world.name, **{'monitor.directory': directory})
        request = Remember.Request(name='a')
        reply = world.client.call(Remember, f'{world.name}/remember', request, SOON)
        assert reply.success == (directory == str(tmp_path)), reply.message
    until(lambda: {kind: alive(kind) for kind in kinds} == before, 'end of all that the monitors had')


def test_what_a_track_had_goes_with_it(world, pictures, saboteur, no_collector):
    kinds = (CameraFrame, Pursuit, PointTracker, TrackRun)
    pictures.scene = TEXTURED
    before = {kind: alive(kind) for kind in kinds}
    up(world)
    for script, outcome in (
        (['[(500, 500)]'], Track.Result.CANCELLED),
        (['not visible'], Track.Result.LOST),
        ([Gate()], Track.Result.TIMEOUT),
    ):
        saboteur.engines[0].script = script
        limit = 1.5 if outcome == Track.Result.TIMEOUT else SOON
        lost = Duration(nanosec=600_000_000) if outcome == Track.Result.LOST else Duration(sec=60)
        with world.client.track('the mug', limit, period=Duration(nanosec=200_000_000), lost=lost) as track:
            for feedback in track:
                if feedback.poses > 3 and outcome == Track.Result.CANCELLED:
                    break
        assert track.result.outcome == outcome, track.result.reason
    with world.client.track('', SOON) as track:  # which cannot be used
        assert not list(track)
    until(lambda: {kind: alive(kind) for kind in kinds} == before, 'end of all that the tracks had')
