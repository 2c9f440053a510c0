# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The node robobrain_goto follows what moves: it asks again and again; brain and Nav2 are played by stand-ins."""

from types import SimpleNamespace

import pytest
from goto_fixtures import act, states, told
from rclpy.parameter import Parameter
from robobrain_ros.msg import Answer
from ros_helpers import until

from robobrain_ros.planners.status import FAILED, FOLLOWING

pytest_plugins = ('nav2_stand_in', 'goto_fixtures')
pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]  # the build comes first


@pytest.fixture
def follow(goto, stand_in):
    """Begins to follow, and waits until Nav2 does; the places that are published meanwhile are in ``published``."""

    def begin():
        act(goto, lambda: goto.go('the dog'))
        told(goto, FOLLOWING, 'the dog')
        until(lambda: stand_in.topics == ['/robobrain_goto/object_pose'], 'FollowObject')

    goto.set_parameters([Parameter('follow_s', value=0.05), Parameter('lost_s', value=0.4)])
    begin.published = []
    goto._object_pose = SimpleNamespace(
        publish=begin.published.append, topic_name=goto._object_pose.topic_name, real=goto._object_pose
    )
    yield begin
    goto._object_pose = goto._object_pose.real
    goto.set_parameters([Parameter('follow_s', value=0.0)])


def places(follow):
    return [(pose.pose.position.x, pose.pose.position.y) for pose in list(follow.published)]


def test_it_tells_again_and_again_where_the_thing_is(goto, stand_in, follow):
    follow()
    until(lambda: len(follow.published) > 2, 'places')
    stand_in.places = [(6.0, 5.0)]
    until(lambda: places(follow)[-1] == (6.0, 5.0), 'the new place')
    first, second = follow.published[:2]
    assert first.header.frame_id == 'map'
    assert (second.header.stamp.sec, second.header.stamp.nanosec) > (first.header.stamp.sec, first.header.stamp.nanosec)
    assert states(goto) == ['ASKING', 'FOLLOWING']
    assert not stand_in.poses


def test_cancelling_stops_to_follow(goto, stand_in, follow):
    follow()
    act(goto, goto.cancel)
    assert told(goto, FAILED, 'the dog')['code'] == 'CANCELLED'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')
    until(lambda: goto.settled, 'end of all questions')
    count = len(follow.published)
    act(goto, lambda: goto.go('the dog'))
    until(lambda: states(goto) == ['ASKING', 'FOLLOWING', 'FAILED', 'ASKING', 'FOLLOWING'], 'the same once more')
    assert len(follow.published) > count


def test_what_is_lost_is_not_followed_any_more(goto, stand_in, follow):
    follow()
    stand_in.places = []
    values = told(goto, FAILED, 'the dog')
    assert (values['code'], values['recovery']) == ('NOT_FOUND', 'LOOK_ELSEWHERE')
    assert 'not seen for 0.' in values['message']
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')
    assert set(places(follow)) == {(5.0, 5.0)}, 'never an old place as a new one'


def test_what_is_missing_for_a_moment_is_followed_on(goto, stand_in, follow):
    goto.set_parameters([Parameter('lost_s', value=60.0)])
    follow()
    stand_in.places = []
    asked = stand_in.asked
    until(lambda: stand_in.asked > asked + 3, 'questions')
    stand_in.places = [(7.0, 5.0)]
    until(lambda: places(follow)[-1] == (7.0, 5.0), 'the thing again')
    assert not goto.settled


@pytest.mark.parametrize('code', [Answer.PREEMPTED, Answer.BUSY, Answer.BAD_IMAGE])
def test_a_question_that_comes_to_nothing_is_asked_again(goto, stand_in, follow, code):
    goto.set_parameters([Parameter('lost_s', value=60.0)])
    follow()
    stand_in.code = code
    asked = stand_in.asked
    until(lambda: stand_in.asked > asked + 2, 'questions')
    count = len(follow.published)
    stand_in.code = Answer.OK
    until(lambda: len(follow.published) > count, 'places')
    assert states(goto) == ['ASKING', 'FOLLOWING']


def test_a_question_that_cannot_be_answered_ends_it(goto, stand_in, follow):
    goto.set_parameters([Parameter('lost_s', value=60.0)])
    follow()
    stand_in.code = Answer.BAD_REQUEST
    assert told(goto, FAILED, 'the dog')['message'] == 'as the test wants it'
    until(lambda: stand_in.ends == {'canceled': 1}, 'end in Nav2')


@pytest.mark.parametrize(('end', 'state'), [(('succeed',), 'FOLLOWED'), (('abort', 902, 'no detection'), 'FAILED')])
def test_nav2_may_end_it(goto, stand_in, follow, end, state):
    follow()
    stand_in.finish(*end)
    values = told(goto, state, 'the dog')
    assert values.get('number') == (str(end[1]) if end[1:] else None)
    until(lambda: goto.settled, 'end')
    until(lambda: not list(goto.timers), 'no timer that asks again')


def test_a_nav2_without_following_says_so(goto, follow, monkeypatch):
    monkeypatch.setattr(goto._navigator, '_follow', None)
    act(goto, lambda: goto.go('the dog'))
    assert told(goto, FAILED, 'the dog')['code'] == 'NO_FOLLOWING'
    until(lambda: goto.settled, 'end')
