# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Action ~/track and topic ~/tracked_pose over DDS: a rendered thing moves, an engine answers by a script."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import PoseWithCovarianceStamped
from moving_scenes import RATE, MovingThing, film
from node_worlds import TOPICS, up
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterValue
from rclpy.action import ActionClient
from robobrain_ros.action import Track
from robobrain_ros.msg import Answer, Target
from ros_helpers import FRAME, Player, TestCamera, until
from scripted_engine import Die, Gate

from robobrain_ros.ros.client import DEACTIVATE

pytest_plugins = ('node_fixtures', 'node_worlds', 'moving_scenes')
pytestmark = [
    pytest.mark.ros,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
SIZE = (320, 240)
MOVING, COVERED = 15, 5
NOT_THERE = ['not visible']
ONCE = Duration(sec=3600)
"""Between two looks of the model: it looks no second time while the thing is seen."""


def place(stamp: Time) -> int:
    return stamp.sec * 10**9 + stamp.nanosec


class Film:
    """The scene of a Player: pictures that were drawn before, one after the other as far as ``play`` says."""

    def __init__(self) -> None:
        self.thing = MovingThing(5, 2, size=SIZE)
        times = np.arange(MOVING) / RATE
        states = [self.thing.at(time) for time in times]
        states += [self.thing.covered(times[-1], part) for part in np.linspace(0.2, 1, COVERED)]
        self._pictures = list(film(self.thing.world, states))
        self.view = self.thing.world.view
        self.shown: list[int] = []
        self._now = self._last = 0

    def begin(self) -> None:
        self.shown, self._now, self._last = [], 0, 0

    def play(self, last: int, at: int | None = None) -> None:
        """Go on to that picture, from the present one or from ``at``, and stay there."""
        self._now, self._last = self._now if at is None else at, last

    def render(self):
        self._now = min(self._now + 1, self._last) if self.shown else self._now
        self.shown.append(self._now)
        picture = self._pictures[self._now]
        return picture.rgb, picture.depth_m

    def says(self, number: int) -> list[str]:
        """The model's answer about a picture of the moving thing."""
        world = self.thing.world
        middle = self.thing._thing.position + [0, 0, self.thing._thing.item.height / 2]
        u, v, _ = world.view.project(middle + self.thing.offset(number / RATE))
        return [f'[({round((u + 0.5) / SIZE[0] * 1000)}, {round((v + 0.5) / SIZE[1] * 1000)})]']


class Truth:
    """The script of a model that sees the thing in the picture that is shown when it answers.

    On a loaded host pictures come so late that the thing is lost for a moment, and the model is asked once more.
    """

    def __init__(self, film: Film) -> None:
        self._film = film

    def __iter__(self):
        return iter(self._film.says(self._film.shown[-1]))


class Tracked:
    """A goal of ~/track on its way, and all that came back."""

    def __init__(self, world, instruction='the white cube', **fields):
        self.feedback: list[Track.Feedback] = []
        self.handle = self.response = None
        goal = Track.Goal(instruction=instruction, **({'period': ONCE} | fields))

        def send() -> None:
            hear = lambda message: self.feedback.append(message.feedback)  # noqa: E731
            world.track.send_goal_async(goal, feedback_callback=hear).add_done_callback(self._accepted)

        # in the thread that takes the replies: see ros_helpers.Goal
        until(world.ears.node.executor.create_task(send).done, 'sending the goal')

    def _accepted(self, future) -> None:
        self.handle = future.result()
        if self.handle.accepted:
            self.handle.get_result_async().add_done_callback(lambda done: setattr(self, 'response', done.result()))

    def accepted(self) -> bool:
        return until(lambda: self.handle, 'reply to the goal').accepted

    def reaches(self, state: int, since: int = 0) -> Track.Feedback:
        """The first feedback with a state, of those from ``since`` on."""
        return until(lambda: next((f for f in list(self.feedback)[since:] if f.state == state), None), f'state {state}')

    def cancel(self) -> tuple[int, Track.Result]:
        self.handle.cancel_goal_async()
        return self.end()

    def end(self) -> tuple[int, Track.Result]:
        response = until(lambda: self.response, 'end of the goal')
        return response.status, response.result


@pytest.fixture(scope='module')
def moving_film():
    return Film()


@pytest.fixture
def show(world, far_context, moving_film):
    """The film on the node's camera."""
    moving_film.begin()
    player = Player(
        TestCamera(far_context, names=[f'{world.node.get_namespace()}/{name}' for name in TOPICS]), moving_film
    )
    yield player
    player.close()


@pytest.fixture
def tracking(world, show, saboteur):
    """The world, active, with a client of the action and an ear for the topic."""
    up(world)
    world.track = ActionClient(world.ears.node, Track, f'{world.name}/track')
    world.poses = []
    world.ears.node.create_subscription(PoseWithCovarianceStamped, f'{world.name}/tracked_pose', world.poses.append, 50)
    until(world.track.server_is_ready, 'the action server')
    until(lambda: world.ears.node.count_publishers(f'{world.name}/tracked_pose'), 'the topic')
    until(lambda: world.node._cameras[''].status().depth_received > 1, 'depth')
    world.engine, world.film = saboteur.engines[-1], show.scene
    world.engine._size = SIZE
    world.engine.script = show.scene.says(0)
    yield world
    until(world.ears.node.executor.create_task(world.track.destroy).done, 'the end of the client')


def xyz(pose: PoseWithCovarianceStamped) -> np.ndarray:
    point = pose.pose.pose.position
    return np.array((point.x, point.y, point.z))


def test_a_moving_thing_is_followed_covered_and_found_again(tracking, show):
    film = tracking.film
    tracking.engine.script = Truth(film)
    goal = Tracked(tracking)
    first = goal.reaches(Track.Feedback.TRACKING)
    film.play(MOVING - 1)
    until(lambda: film.shown[-1] == MOVING - 1, 'the end of the motion')
    number = len(goal.feedback)
    until(lambda: len(goal.feedback) > number + 1, 'another picture')
    truth = {
        place(stamp): film.thing.truth(xyz(tracking.poses[0]), shown / RATE)
        for stamp, shown in zip(show.stamps, film.shown, strict=False)
        if shown < MOVING
    }
    errors = [np.linalg.norm(xyz(pose) - truth[place(pose.header.stamp)]) for pose in list(tracking.poses)]
    assert len(errors) > MOVING / 2
    assert np.median(errors) < 0.01
    assert max(errors) < 0.03

    pose = tracking.poses[-1]
    assert pose.header.frame_id == first.header.frame_id == FRAME
    assert np.linalg.matrix_rank(np.reshape(pose.pose.covariance, (6, 6))) == 6
    assert math.isclose(sum(getattr(pose.pose.pose.orientation, axis) ** 2 for axis in 'xyzw'), 1, abs_tol=1e-6)
    assert first.target.status == Target.STATUS_OK
    assert first.target.label == 'the white cube'
    assert 0 <= first.age_s < 30
    assert first.model_age_s >= first.age_s > -1
    assert 0 < first.quality <= 1

    tracking.engine.script, number = NOT_THERE, len(goal.feedback)
    film.play(MOVING + COVERED - 1)
    lost = goal.reaches(Track.Feedback.LOST, number)
    assert lost.message
    assert math.isnan(lost.target.u)
    until(lambda: film.shown[-1] == MOVING + COVERED - 1, 'the cover')
    covered = show.stamps[-1]
    number = len(goal.feedback)
    until(lambda: len(goal.feedback) > number + 4, 'more pictures')
    until(lambda: 'does not see it' in goal.feedback[-1].message, "the model's answer")
    assert place(tracking.poses[-1].header.stamp) < place(covered) + 0.3e9, 'nothing is published of what is covered'

    tracking.engine.script, number = film.says(MOVING - 1), len(goal.feedback)
    film.play(MOVING - 1, at=MOVING - 1)
    goal.reaches(Track.Feedback.TRACKING, number)
    status, result = goal.cancel()
    assert (status, result.outcome) == (GoalStatus.STATUS_CANCELED, Track.Result.CANCELLED)
    assert result.error_code == Answer.CANCELLED
    assert result.found >= 2
    until(lambda: len(tracking.poses) == result.poses, 'all poses on the topic')
    assert repr(result.pose) == repr(tracking.poses[-1])
    stamps = [place(pose.header.stamp) for pose in tracking.poses]
    assert stamps == sorted(set(stamps)), 'no picture is told of twice'
    assert set(stamps) <= set(map(place, show.stamps))


def test_what_is_not_found_in_time_ends_the_goal_with_the_reason(tracking):
    tracking.engine.script = NOT_THERE
    status, result = Tracked(tracking, lost=Duration(nanosec=600_000_000)).end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Track.Result.LOST)
    assert result.error_code == Answer.NOT_FOUND
    assert 'the model does not see it' in result.reason
    assert (result.poses, result.found, place(result.pose.header.stamp)) == (0, 0, 0)


def test_a_dead_engine_is_told_until_the_thing_counts_as_lost(tracking):
    goal = Tracked(tracking)
    goal.reaches(Track.Feedback.TRACKING)
    assert goal.cancel()[1].outcome == Track.Result.CANCELLED
    tracking.engine.script = [Die()]
    status, result = Tracked(tracking, lost=Duration(nanosec=600_000_000)).end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Track.Result.LOST)
    assert result.error_code == Answer.ENGINE_DEAD
    assert 'engine' in result.reason


def test_a_silent_camera_is_told_and_what_comes_after_is_looked_at_anew(tracking, show):
    goal = Tracked(tracking)
    goal.reaches(Track.Feedback.TRACKING)
    show.disguise = lambda image: None
    silent = until(lambda: next((f for f in list(goal.feedback) if not place(f.header.stamp)), None), 'the silence')
    assert silent.state == Track.Feedback.LOST
    assert 'no newer image has come within 1 s' in silent.message
    number, poses = len(goal.feedback), len(tracking.poses)
    assert poses == silent.poses
    show.disguise = lambda image: image
    goal.reaches(Track.Feedback.TRACKING, number)
    assert len(tracking.engine.asked) >= 2, 'the model has found it again'
    goal.cancel()


def test_the_time_limit_ends_it(tracking):
    status, result = Tracked(tracking, timeout=Duration(sec=1)).end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Track.Result.TIMEOUT)
    assert (result.error_code, result.reason) == (Answer.TIMEOUT, 'the time of 1 s was up')


def test_a_cancel_and_a_newer_goal_end_the_question_in_the_engine(tracking):
    tracking.engine.script = [Gate()]
    older = Tracked(tracking)
    until(lambda: tracking.engine.running, 'the question')
    newer = Tracked(tracking, 'the green cube')
    status, result = older.end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Track.Result.NOT_TRACKED)
    assert (result.error_code, result.reason) == (Answer.PREEMPTED, "a newer goal came: 'the green cube'")
    until(lambda: len(tracking.engine.asked) > 1, 'the question of the newer one')
    assert newer.cancel()[0] == GoalStatus.STATUS_CANCELED
    until(lambda: not tracking.engine.running, 'the end of both')


def test_deactivation_ends_it_and_refuses_new_ones(tracking):
    goal = Tracked(tracking)
    goal.reaches(Track.Feedback.TRACKING)
    assert tracking.transition(DEACTIVATE)
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.NOT_ACTIVE)
    assert result.reason == 'the node was deactivated'
    assert not Tracked(tracking).accepted()


def option(name: str, **value) -> list[ParameterMessage]:
    return [ParameterMessage(name=name, value=ParameterValue(**value))]


def test_goals_that_make_no_sense_end_with_a_sentence(tracking):
    bad = [
        ({'instruction': ''}, 'instruction'),
        ({'task': 'planning'}, "task is 'planning', but what is followed is found by one of pointing, affordance"),
        ({'task': 'tracking'}, 'tracking'),
        ({'camera': 'rear'}, "camera is 'rear', but this node has a single camera"),
        ({'target_frame': 'base_link'}, "target_frame is 'base_link', but only"),
        ({'period': Duration(sec=-1)}, 'period is -1 s, but must lie in 0.1 .. 3600 s'),
        ({'lost': Duration(nanosec=1000)}, 'lost is 1e-06 s, but must lie in 0.1 .. 86400 s'),
        ({'timeout': Duration(sec=-2)}, 'timeout is -2 s, but must lie in 0 .. 86400 s'),
        ({'max_image_age': Duration(sec=-1)}, 'max_image_age is -1 s'),
        ({'options': option('preemption', type=4, string_value='reject')}, "option 'preemption' cannot be set"),
        ({'options': option('pose_orientation', type=4, string_value='down')}, "pose_orientation is 'down'"),
    ]
    for fields, why in bad:
        status, result = Tracked(tracking, **fields).end()
        assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Track.Result.NOT_TRACKED), fields
        assert result.error_code == Answer.BAD_REQUEST, (fields, result.reason)
        assert why in result.reason, (fields, result.reason)
    good = Tracked(tracking)
    good.reaches(Track.Feedback.TRACKING)
    Tracked(tracking, camera='rear').end()
    assert good.response is None, 'a goal that cannot be used ends no other'
    good.cancel()


def test_the_constants_are_those_of_the_parts():
    from robobrain_ros.brain.pursuit import State
    from robobrain_ros.errors import ErrorCode

    assert {state.name: state.value for state in State} == {
        name: getattr(Track.Feedback, name) for name in ('SEARCHING', 'TRACKING', 'LOST')
    }
    result = SimpleNamespace(OK=Track.Result.OK)
    for code in ErrorCode:
        assert (result.OK if code is ErrorCode.OK else getattr(Track.Result, f'ERROR_{code.name}')) == code
