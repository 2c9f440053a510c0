# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The leaves Goto and AskPerson over DDS, and a server that goes away; Nav2 and the brain are stand-ins."""

import pytest
from py_trees.blackboard import Blackboard
from py_trees.common import Status
from rclpy.action import ActionServer
from rclpy.node import Node
from robobrain_ros.action import Query
from robobrain_ros.msg import Answer
from ros_helpers import ros, spinning, until
from std_msgs.msg import String
from ticking import Ticking

from robobrain_ros.planners.failure import Recovery
from robobrain_ros.planners.trees import Ask, AskPerson, Goto
from robobrain_ros.planners.trees.person import LATCHED

pytest_plugins = ('nav2_stand_in', 'goto_fixtures')
pytestmark = pytest.mark.ros


@pytest.fixture
def ticking(stand_in, goto_node):
    with ros() as context:
        ticking = Ticking(context)
        yield ticking
        stand_in.accepts, stand_in.code = True, Answer.OK
        ticking.close()


def begun(ticking, stand_in, leaf):
    """A tree that drives."""
    count = len(stand_in.poses)
    tree = ticking.tree(leaf)
    ticking.until(tree, lambda: len(stand_in.poses) > count, 'a drive')
    return tree


def test_goto_ends_where_it_stands_before_the_thing(ticking, stand_in):
    leaf = Goto('to the table', lambda: 'the table')
    tree = begun(ticking, stand_in, leaf)
    ticking.until(tree, lambda: 'm in front of it and' in leaf.feedback_message, 'the way')
    assert leaf.status is Status.RUNNING
    stand_in.finish('succeed')
    ticking.until(tree, lambda: leaf.status is not Status.RUNNING, 'the end')
    assert leaf.status is Status.SUCCESS
    place = Blackboard.get('/place')
    assert (place['state'], place['instruction']) == ('ARRIVED', 'the table')

    begun(ticking, stand_in, Goto('the same again', 'the table'))
    assert not Blackboard.exists('/place'), 'what was told of the first is not taken for the second'
    stand_in.finish('succeed')


def test_halting_stops_the_robot(ticking, stand_in):
    leaf = Goto('to the table', 'the table')
    tree = begun(ticking, stand_in, leaf)
    ended = stand_in.ends['canceled']
    assert ticking.halt(tree)
    until(lambda: stand_in.ends['canceled'] > ended, 'the cancel in Nav2')
    assert leaf.feedback_message == 'halted'


def test_what_the_node_says_of_a_failure_is_the_failure(ticking, stand_in):
    stand_in.code = Answer.NOT_FOUND
    leaf = Goto('to the unicorn', 'the unicorn')
    assert ticking.run(leaf) is Status.FAILURE
    assert (leaf.failure.code, leaf.failure.recovery) == ('NOT_FOUND', Recovery.LOOK_ELSEWHERE)
    assert 'as the test wants it' in leaf.feedback_message
    stand_in.code = Answer.OK

    tree = begun(ticking, stand_in, leaf)
    stand_in.finish('abort', 208, 'no valid path')
    ticking.until(tree, lambda: leaf.status is not Status.RUNNING, 'the end')
    assert (leaf.failure.code, leaf.failure.number) == ('NAVIGATION_FAILED', 208)


def test_another_instruction_ends_it(ticking, stand_in, goto_node):
    leaf = Goto('to the table', 'the table')
    tree = begun(ticking, stand_in, leaf)
    goto_node.executor.create_task(lambda: goto_node.go('the door'))
    ticking.until(tree, lambda: leaf.status is not Status.RUNNING, 'the end')
    assert leaf.failure.code == 'PREEMPTED'
    until(lambda: len(stand_in.driving) > stand_in.ends.total(), 'the drive to the door')
    stand_in.finish('succeed')


def test_a_node_that_only_publishes_the_pose_does_not_say_when_it_is_there(ticking, stand_in, goto_node, monkeypatch):
    monkeypatch.setattr(goto_node, '_navigator', None)
    leaf = Goto('to the table', 'the table')
    assert ticking.run(leaf) is Status.FAILURE
    assert leaf.failure.code == 'BAD_REQUEST'
    assert 'drive: action' in leaf.feedback_message


def test_a_node_that_is_not_there_is_named(ticking):
    leaf = Goto('to the table', 'the table', goto='/nowhere')
    leaf.found_s = 0.2
    assert ticking.run(leaf) is Status.FAILURE
    assert (leaf.failure.code, leaf.failure.recovery) == ('NO_GOTO', Recovery.WAIT)
    assert '/nowhere' in leaf.feedback_message


def test_a_server_that_goes_away_is_noticed(ticking):
    with ros() as context:
        brain = Node('brain_that_dies', context=context)
        server = ActionServer(brain, Query, 'mortal/query', lambda handle: Query.Result())
        leaf = Ask('for ever', 'the mug', brain='mortal')
        tree = ticking.tree(leaf)  # nobody spins the brain: the goal stays unanswered
        ticking.until(tree, lambda: leaf._goal is not None, 'the goal')
        server.destroy()
        brain.destroy_node()
        ticking.until(tree, lambda: leaf.status is not Status.RUNNING, 'the end')
    assert (leaf.failure.code, leaf.failure.recovery) == ('NO_BRAIN', Recovery.WAIT)


def test_a_person_is_asked_what_failed_and_replies(ticking):
    failing = Goto('to the table', 'the table', goto='/nowhere')
    failing.found_s = 0.2
    assert ticking.run(failing) is Status.FAILURE
    leaf = AskPerson('help')
    with ros() as context:
        person = Node('person', context=context)
        heard: list[str] = []
        person.create_subscription(String, 'question', lambda m: heard.append(m.data), LATCHED)
        replies = person.create_publisher(String, 'reply', 5)
        with spinning(person):
            tree = ticking.tree(leaf)
            ticking.until(tree, lambda: heard, 'the question')
            until(replies.get_subscription_count, 'the listener')
            replies.publish(String(data='it is back'))
            ticking.until(tree, lambda: leaf.status is not Status.RUNNING, 'the reply')
        person.destroy_node()
    assert heard == ['NO_GOTO: there is no node /nowhere: is it running?']
    assert (leaf.status, Blackboard.get('/reply')) == (Status.SUCCESS, 'it is back')
    alone = AskPerson('help', 'anybody?', timeout_s=0.1)
    assert ticking.run(alone) is Status.FAILURE
    assert alone.failure.code == 'TIMEOUT'
