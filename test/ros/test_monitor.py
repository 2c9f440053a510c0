# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Action ~/monitor, topic ~/progress and service ~/remember over DDS, with an engine that answers by a script."""

import math
import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration
from node_worlds import PICTURE, VIEW, up
from rclpy.action import ActionClient
from rclpy.qos import QoSProfile
from robobrain_ros.action import Monitor
from robobrain_ros.msg import Answer, Progress
from robobrain_ros.srv import Remember
from ros_helpers import SOON, Player, TestCamera, colour, until
from scripted_engine import Die, Gate
from std_msgs.msg import Header

from robobrain_ros.brain import image_files
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.client import ACTIVATE, DEACTIVATE

pytest_plugins = ('node_fixtures', 'node_worlds')
pytestmark = [
    pytest.mark.ros,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
TASK = 'put the red cube on the plate'
FAST = Duration(nanosec=100_000_000)


def score(percent: float) -> list[str]:
    return [f'<score>{percent:+g}', '%</score>']


class Watched:
    """A goal of ~/monitor on its way, and all that came back."""

    def __init__(self, world, instruction=TASK, **fields):
        self.feedback: list[Monitor.Feedback] = []
        self.handle = self.response = None
        goal = Monitor.Goal(instruction=instruction, **({'period': FAST} | fields))

        def send() -> None:
            hear = lambda message: self.feedback.append(message.feedback)  # noqa: E731
            world.monitor.send_goal_async(goal, feedback_callback=hear).add_done_callback(self._accepted)

        # in the thread that takes the replies: see ros_helpers.Goal
        until(world.ears.node.executor.create_task(send).done, 'sending the goal')

    def _accepted(self, future) -> None:
        self.handle = future.result()
        if self.handle.accepted:
            self.handle.get_result_async().add_done_callback(lambda done: setattr(self, 'response', done.result()))

    def accepted(self) -> bool:
        return until(lambda: self.handle, 'reply to the goal').accepted

    def heard(self, condition, what='feedback') -> Monitor.Feedback:
        return until(lambda: next((one for one in list(self.feedback) if condition(one.sample)), None), what)

    def end(self) -> tuple[int, Monitor.Result]:
        response = until(lambda: self.response, 'end of the goal')
        return response.status, response.result


def end(world, client):
    """End an action client in the thread that spins: rclpy may be putting it into its wait set."""
    until(world.ears.node.executor.create_task(client.destroy).done, 'the end of the client')


@pytest.fixture
def watching(world, pictures, tmp_path, monkeypatch):
    """The world, active, with a client of the action and an ear for the topic."""
    monkeypatch.setenv('HOME', str(tmp_path))
    world.directory = tmp_path / '.local' / 'share' / 'robobrain_ros' / 'references'
    up(world)
    world.monitor = ActionClient(world.ears.node, Monitor, f'{world.name}/monitor')
    world.progress = []
    world.ears.node.create_subscription(Progress, f'{world.name}/progress', world.progress.append, 50)
    until(world.monitor.server_is_ready, 'the action server')
    until(lambda: world.ears.node.count_publishers(f'{world.name}/progress'), 'the topic')
    until(lambda: world.answer('the mug').error_code == Answer.OK, 'a first answer')
    yield world
    end(world, world.monitor)


def remember(world, **fields) -> Remember.Response:
    return world.client.call(Remember, f'{world.name}/remember', Remember.Request(**fields), SOON)


def engine(saboteur):
    return saboteur.engines[-1]


def test_a_task_that_goes_well_succeeds_and_every_sample_is_told(watching, pictures, saboteur):
    engine(saboteur).script = score(50)
    goal = Watched(watching, drop=0.9)
    goal.heard(lambda sample: sample.value >= 0.5)
    engine(saboteur).script = score(100)
    status, result = goal.end()
    assert (status, result.outcome) == (GoalStatus.STATUS_SUCCEEDED, Monitor.Result.SUCCEEDED), result.reason
    assert (result.error_code, result.invalid) == (Answer.OK, 0)
    assert '0.95' in result.reason
    assert result.progress == result.values[-1] == 1
    assert result.values[0] == 0, 'the first images are the start'
    assert all(stamp in pictures.stamps for stamp in result.stamps)
    times = [stamp.sec * 10**9 + stamp.nanosec for stamp in result.stamps]
    assert times == sorted(set(times)), 'no image is used twice'
    until(lambda: len(goal.feedback) == len(result.values), 'the last feedback, which may come behind the result')
    assert [one.samples for one in goal.feedback] == [*range(1, len(result.values) + 1)]
    until(lambda: len(watching.progress) == len(result.values), 'all samples on the topic')
    last = watching.progress[-1]
    assert repr(last) == repr(goal.feedback[-1].sample)  # NaN is not equal to itself
    assert (last.instruction, last.model, last.camera) == (TASK, 'robobrain-tiny', '')
    assert last.goal_id == bytes(goal.handle.goal_id.uuid).hex()
    assert (last.header.stamp, last.header.frame_id) == (result.stamps[-1], 'camera_color_optical_frame')
    assert (last.incremental, last.forward, last.hop) == (1, 1, 1)
    assert math.isnan(last.backward), 'there is no goal image'
    assert math.isnan(last.weight)


def test_a_task_that_is_undone_fails(watching, saboteur):
    engine(saboteur).script = score(80)
    goal = Watched(watching, hold=2, modes=['forward'])
    goal.heard(lambda sample: sample.value > 0.7)
    until(lambda: len(goal.feedback) > 4, 'some more samples')
    engine(saboteur).script = score(10)
    status, result = goal.end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Monitor.Result.FAILED), result.reason
    assert result.error_code == Answer.OK
    assert 'fell' in result.reason
    assert math.isnan(goal.feedback[-1].sample.incremental), 'only forward was asked for'


def test_a_task_that_stands_still_stalls(watching, saboteur):
    engine(saboteur).script = score(0)
    status, result = Watched(watching, stall=Duration(nanosec=700_000_000), hold=1).end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Monitor.Result.STALLED), result.reason


def test_the_time_limit_ends_a_step_that_hangs(watching, saboteur):
    engine(saboteur).script = [Gate()]
    status, result = Watched(watching, timeout=Duration(sec=1)).end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Monitor.Result.TIMEOUT)
    assert (result.error_code, result.reason) == (Answer.TIMEOUT, 'no outcome within 1 s')
    until(lambda: not engine(saboteur).running, 'the end of the request')


def test_cancelling_ends_a_step_at_once(watching, saboteur):
    engine(saboteur).script = [Gate()]
    goal = Watched(watching)
    until(lambda: engine(saboteur).running, 'the request in the engine')
    goal.handle.cancel_goal_async()
    status, result = goal.end()
    assert (status, result.outcome) == (GoalStatus.STATUS_CANCELED, Monitor.Result.CANCELLED)
    assert (result.error_code, result.values) == (Answer.CANCELLED, type(result.values)('f', [0.0]))
    until(lambda: not engine(saboteur).running, 'the end of the request')


def test_an_answer_without_a_score_is_no_progress_and_no_evidence(watching, saboteur):
    engine(saboteur).script = ['<score>-25.0.0.5.6.6.6']
    goal = Watched(watching, stall=Duration(nanosec=300_000_000), hold=1, timeout=Duration(sec=2))
    bad = goal.heard(lambda sample: not sample.valid).sample
    assert math.isnan(bad.value)
    assert bad.error_code == Answer.UNPARSABLE
    assert '-25.0.0.5.6.6.6' in bad.error_message
    _, result = goal.end()
    assert result.outcome == Monitor.Result.TIMEOUT, 'neither failed nor stalled'
    assert result.invalid > 1
    assert result.progress == 0, 'the last one that was known'
    assert np.isnan(result.values[1:]).all()


def test_a_dead_engine_is_told_and_the_watch_goes_on(watching, saboteur):
    engine(saboteur).script = [Die()]
    goal = Watched(watching, hold=1)
    dead = goal.heard(lambda sample: not sample.valid).sample
    assert dead.error_code == Answer.ENGINE_DEAD
    assert dead.header.stamp.sec
    engine(saboteur).script = score(100)  # it is started again
    assert goal.end()[1].outcome == Monitor.Result.SUCCEEDED


def test_without_images_the_client_hears_why(watching, pictures, saboteur):
    engine(saboteur).script = score(10)
    goal = Watched(watching)
    goal.heard(lambda sample: sample.value > 0)
    pictures.disguise = lambda image: None
    blind = goal.heard(lambda sample: sample.error_code == Answer.STALE_IMAGE).sample
    assert not blind.valid
    assert blind.header == Header()
    assert 'no newer image has come within 1 s' in blind.error_message
    pictures.disguise = lambda image: image
    engine(saboteur).script = score(100)
    _, result = goal.end()
    assert result.outcome == Monitor.Result.SUCCEEDED
    assert len(result.values) < len(goal.feedback) + 1, 'samples without an image are not in the series'


def test_images_that_cannot_be_read_are_told(watching, pictures, saboteur):
    def garbled(image):
        image.encoding = 'nonsense'
        return image

    pictures.disguise = garbled
    goal = Watched(watching)
    bad = goal.heard(lambda sample: sample.error_code == Answer.BAD_IMAGE).sample
    assert 'nonsense' in bad.error_message
    pictures.disguise = lambda image: image
    engine(saboteur).script = score(100)
    assert goal.end()[1].outcome == Monitor.Result.SUCCEEDED


def test_images_without_a_stamp_are_told_what_to_do(watching, pictures):
    def unstamped(image):
        image.header.stamp.sec = image.header.stamp.nanosec = 0
        return image

    pictures.disguise = unstamped
    assert watching.transition(DEACTIVATE)  # what came before is forgotten
    assert watching.transition(ACTIVATE)
    goal = Watched(watching)
    bad = goal.heard(lambda sample: sample.error_code == Answer.BAD_IMAGE).sample
    assert 'stamp_source' in bad.error_message
    goal.handle.cancel_goal_async()
    assert goal.end()[1].outcome == Monitor.Result.CANCELLED


def test_a_query_is_answered_while_a_task_is_watched(watching, saboteur):
    engine(saboteur).scripts['cube'] = score(10)
    goal = Watched(watching)
    goal.heard(lambda sample: sample.value > 0)
    for _ in range(3):
        assert watching.answer('the mug').error_code == Answer.OK
    count = len(goal.feedback)
    until(lambda: len(goal.feedback) > count + 1, 'the watch goes on')
    goal.handle.cancel_goal_async()
    assert goal.end()[1].outcome == Monitor.Result.CANCELLED


def test_a_new_goal_takes_the_place_of_the_running_one(watching, saboteur):
    engine(saboteur).script = score(10)
    first = Watched(watching)
    first.heard(lambda sample: sample.value > 0)
    refused = Watched(watching, '')
    assert refused.end()[1].error_code == Answer.BAD_REQUEST
    count = len(first.feedback)
    until(lambda: len(first.feedback) > count + 1, 'a goal that is no good ends no other')
    second = Watched(watching, 'open the drawer')
    status, result = first.end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Monitor.Result.NOT_MONITORED)
    assert (result.error_code, 'open the drawer' in result.reason) == (Answer.PREEMPTED, True)
    engine(saboteur).script = score(100)
    assert second.end()[1].outcome == Monitor.Result.SUCCEEDED


def test_of_many_goals_at_once_the_last_one_stays(watching, saboteur, tmp_path):
    file = tmp_path / 'done.png'
    image_files.write(file, PICTURE)
    engine(saboteur).script = score(10)
    goals = [Watched(watching, f'open drawer {n}', goal_file=str(file) if n % 2 else '') for n in range(8)]
    for goal in goals[:-1]:
        assert goal.end()[1].error_code == Answer.PREEMPTED
    goals[-1].heard(lambda sample: sample.value > 0)
    engine(saboteur).script = score(0)
    goals[-1].handle.cancel_goal_async()
    assert goals[-1].end()[1].outcome == Monitor.Result.CANCELLED


@pytest.mark.parametrize('timeout_s', [0.0, -1.0, math.inf, math.nan])
def test_a_time_limit_that_is_none_is_refused_by_the_client(watching, timeout_s):
    with pytest.raises(BadRequest, match=f'{timeout_s:g}'):
        watching.client.monitor(TASK, timeout_s)


def test_no_goal_of_a_burst_is_lost(watching, saboteur):
    engine(saboteur).script = score(10)
    many = QoSProfile(depth=1000)
    services = {f'{service}_service_qos_profile': many for service in ('goal', 'cancel', 'result')}
    client = ActionClient(watching.ears.node, Monitor, f'{watching.name}/monitor', **services)
    until(client.server_is_ready, 'the action server')
    sent, ends = [], []

    def ended(accepted) -> None:
        accepted.result().get_result_async().add_done_callback(lambda done: ends.append(done.result().result))

    def send() -> None:
        goal = Monitor.Goal(instruction=TASK, period=FAST, hold=100, timeout=Duration(sec=3))
        sent.extend(client.send_goal_async(goal) for _ in range(40))
        for future in sent:
            future.add_done_callback(ended)

    until(watching.ears.node.executor.create_task(send).done, 'sending the goals')
    until(lambda: len(ends) == 40, 'the end of every goal')
    assert [result.outcome for result in ends].count(Monitor.Result.TIMEOUT) == 1
    end(watching, client)


def test_deactivating_ends_it_and_then_goals_are_rejected(watching, saboteur):
    engine(saboteur).script = [Gate()]
    goal = Watched(watching)
    until(lambda: engine(saboteur).running, 'the request in the engine')
    assert watching.transition(DEACTIVATE)
    status, result = goal.end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Monitor.Result.NOT_MONITORED)
    assert (result.error_code, result.reason) == (Answer.NOT_ACTIVE, 'the node was deactivated')
    assert not Watched(watching).accepted()
    reply = remember(watching, name='put_cube')
    assert (reply.success, reply.error_code) == (False, Answer.NOT_ACTIVE)


def test_a_defect_ends_the_goal_with_internal(watching, monkeypatch):
    def broken(*arguments, **options):
        raise ZeroDivisionError('by design')

    monkeypatch.setattr('robobrain_ros.ros.monitoring.Tracker', broken)
    status, result = Watched(watching).end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.INTERNAL)
    assert 'by design' in result.reason
    until(lambda: watching.logged('Traceback'), 'the traceback in the log')


@pytest.mark.parametrize(
    ('fields', 'says'),
    [
        ({'instruction': '  '}, 'empty'),
        ({'instruction': 'a <image> b'}, "'<image>'"),
        ({'camera': 'rear'}, "'rear'"),
        ({'left_camera': 'rear'}, "'rear'"),
        ({'modes': ['sideways']}, "'sideways', but must be one of incremental, forward, backward"),
        ({'modes': ['backward']}, 'goal image'),
        ({'period': Duration(nanosec=1000)}, '0.05 .. 3600'),
        ({'timeout': Duration(sec=-1)}, 'timeout is -1 s'),
        ({'success_at': 1.5}, 'success_at is 1.5'),
        ({'drop': -0.1}, 'drop is -0.1'),
        ({'hold': 1000}, 'hold is 1000'),
        ({'goal_name': 'never_seen'}, "no goal image is kept as 'never_seen'"),
        ({'start_name': '../../etc/passwd'}, "'../../etc/passwd', but must be"),
        ({'goal_file': '/nonexistent.png'}, "'/nonexistent.png' is no file"),
        ({'goal_file': 'a', 'goal_name': 'b'}, 'goal_file and goal_name'),
    ],
)
def test_a_goal_that_cannot_be_used_is_answered_with_a_sentence(watching, fields, says):
    status, result = Watched(watching, **fields).end()
    assert (status, result.outcome) == (GoalStatus.STATUS_ABORTED, Monitor.Result.NOT_MONITORED)
    assert result.error_code in (Answer.BAD_REQUEST, Answer.BAD_IMAGE)
    assert says in result.reason
    assert math.isnan(result.progress)
    assert not result.stamps


def test_what_a_camera_shows_is_remembered_and_serves_as_start_and_goal(watching, saboteur, tmp_path):
    for kind in (Remember.Request.GOAL, Remember.Request.START):
        reply = remember(watching, name='put_cube', kind=kind)
        assert (reply.success, reply.error_code) == (True, Answer.OK), reply.message
        assert (image_files.read(watching.directory / reply.message) == PICTURE).all()
    engine(saboteur).script = score(-20)
    goal = Watched(watching, goal_name='put_cube', start_name='put_cube')
    first = goal.heard(lambda sample: True).sample
    assert first.backward == pytest.approx(0.8)
    assert not math.isnan(first.forward), 'there is a start already'
    goal.handle.cancel_goal_async()
    assert goal.end()[1].outcome == Monitor.Result.CANCELLED


def test_a_goal_image_is_sent_or_read_from_a_file(watching, saboteur, tmp_path):
    file = tmp_path / 'done.png'
    image_files.write(file, PICTURE)
    engine(saboteur).script = score(0)
    for given in ({'goal_image': colour(Header(), PICTURE)}, {'goal_file': str(file)}):
        goal = Watched(watching, modes=['backward'], hold=2, **given)
        status, result = goal.end()
        assert (status, result.outcome) == (GoalStatus.STATUS_SUCCEEDED, Monitor.Result.SUCCEEDED), result.reason
        assert math.isnan(goal.feedback[-1].sample.forward)
    asked = [one for one in engine(saboteur).asked if len(one.images) > 1]
    assert asked
    assert all((image == asked[0].images[0]).all() for one in asked for image in one.images)


def test_an_image_that_a_client_sends_is_remembered(watching):
    other = PICTURE // 2
    reply = remember(watching, name='sent', image=colour(Header(), other))
    assert reply.success, reply.message
    assert (image_files.read(watching.directory / reply.message) == other).all()
    bad = colour(Header(), other)
    bad.encoding = 'nonsense'
    reply = remember(watching, name='sent', image=bad)
    assert (reply.success, reply.error_code) == (False, Answer.BAD_IMAGE)
    assert 'nonsense' in reply.message
    assert os.listdir(watching.directory) == ['sent.goal.png']


@pytest.mark.parametrize(
    ('fields', 'says'),
    [
        ({'name': ''}, "name is ''"),
        ({'name': '../escape'}, "'../escape'"),
        ({'name': 'a', 'kind': 7}, 'kind is 7'),
        ({'name': 'a', 'camera': 'rear'}, "'rear'"),
    ],
)
def test_what_cannot_be_remembered_is_said(watching, fields, says):
    reply = remember(watching, **fields)
    assert (reply.success, reply.error_code) == (False, Answer.BAD_REQUEST)
    assert says in reply.message
    assert not watching.directory.exists()


def test_without_an_image_nothing_is_remembered(watching, pictures):
    pictures.disguise = lambda image: None
    watching.client.set_parameters(watching.name, max_image_age_s=0.2, image_timeout_s=0.5)
    until(lambda: remember(watching, name='a').error_code == Answer.STALE_IMAGE, 'no fresh image')
    assert remember(watching, name='b').error_code == Answer.STALE_IMAGE


def test_shutting_down_gives_every_client_its_result(watching, saboteur):
    engine(saboteur).script = [Gate()]
    goal = Watched(watching)
    until(lambda: engine(saboteur).running, 'the request in the engine')
    watching.node.finish_requests(SOON)
    status, result = goal.end()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.NOT_ACTIVE)


@pytest.mark.parametrize('world', [{'image_subscription': 'on_demand', 'image_idle_s': 0.1}], indirect=True)
def test_on_demand_the_camera_is_listened_to_for_each_sample(watching, saboteur):
    engine(saboteur).script = score(100)
    goal = Watched(watching, period=Duration(nanosec=500_000_000))
    assert goal.end()[1].outcome == Monitor.Result.SUCCEEDED
    assert not goal.end()[1].invalid


@pytest.mark.parametrize(
    'world',
    [{'cameras': ['front', 'wrist'], 'model_profile': 'robobrain-2.5', 'monitor.period_s': 0.1}],
    indirect=True,
)
def test_three_views_and_the_front_stands_for_what_is_missing(world, far_context, saboteur):
    players = []
    for name, value in (('front', 50), ('wrist', 200)):
        names = [f'{world.node.get_namespace()}/{name}/{topic}' for topic in ('image', 'depth/image', 'camera_info')]
        scene: Any = SimpleNamespace(
            view=VIEW, render=lambda value=value: (PICTURE * 0 + value, np.ones((48, 64), np.float32))
        )
        players.append(Player(TestCamera(far_context, names=names, frame=name), scene))
    try:
        up(world)
        world.monitor = ActionClient(world.ears.node, Monitor, f'{world.name}/monitor')
        until(world.monitor.server_is_ready, 'the action server')
        engine(saboteur).script, engine(saboteur).scripts = score(100), {}  # 'hang' is a part of the published prompt
        goal = Watched(world, left_camera='wrist', right_camera='front', period=Duration())
        assert goal.end()[1].outcome == Monitor.Result.SUCCEEDED
        assert goal.feedback[-1].sample.camera == goal.feedback[-1].sample.header.frame_id == 'front'
        shown = [[int(image[24, 32, 0]) for image in one.images] for one in engine(saboteur).asked]
        assert {tuple(values[-3:]) for values in shown} == {(50, 200, 50)}, 'AFTER: front, left wrist, right wrist'
    finally:
        for player in players:
            player.close()
