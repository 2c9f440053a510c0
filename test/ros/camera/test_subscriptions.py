# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Subscriptions that are there only while they are wanted, and as reliable as their publishers."""

import threading
import time
from contextlib import contextmanager

import pytest
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from ros_helpers import SOON, own_domain, ros, until
from std_msgs.msg import String

from robobrain_ros.ros.camera.subscriptions import Subscriptions, Topic

pytestmark = [pytest.mark.ros, pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning')]

RELIABLE, BEST_EFFORT = ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT
VOLATILE, TRANSIENT_LOCAL = DurabilityPolicy.VOLATILE, DurabilityPolicy.TRANSIENT_LOCAL
NAMES = ('/large/one', '/large/two')


@pytest.fixture(scope='module')
def contexts():
    """The node's side, and the publishers' side."""
    with own_domain(), ros() as near, ros() as far:
        yield near, far


class Rig:
    """Subscriptions to two topics, and what came."""

    def __init__(self, context, idle_s):
        self.node = Node('robobrain', context=context)
        self.heard: list[str] = []
        topics = [Topic(name, String, self._hear) for name in NAMES]
        self.released = 0
        self.subscriptions = Subscriptions(self.node, 'robobrain_images', topics, idle_s, self._release)
        self.closed = False

    def _hear(self, message):
        self.heard.append(message.data)
        self.thread = threading.current_thread()

    def _release(self):
        self.released += 1

    def close(self):
        if not self.closed:
            self.closed = True
            self.subscriptions.close()
            self.node.destroy_node()


@pytest.fixture
def make(contexts):
    rigs = []

    def make(idle_s=None) -> Rig:
        rigs.append(Rig(contexts[0], idle_s))
        return rigs[-1]

    yield make
    for rig in rigs:
        rig.close()


class Driver:
    """Publishes on both topics."""

    def __init__(self, context, reliability=RELIABLE, durability=VOLATILE):
        self.node = Node('driver', context=context)
        qos = QoSProfile(depth=5, reliability=reliability, durability=durability)
        self.publishers = [self.node.create_publisher(String, name, qos) for name in NAMES]

    def linked(self) -> int:
        """How many of the topics are subscribed to."""
        return sum(publisher.get_subscription_count() for publisher in self.publishers)

    def reliability(self) -> set:
        infos = [info for name in NAMES for info in self.node.get_subscriptions_info_by_topic(name)]
        return {info.qos_profile.reliability for info in infos}

    def say(self, text: str) -> None:
        for publisher in self.publishers:
            publisher.publish(String(data=text))


@contextmanager
def driving(contexts, *arguments):
    driver = Driver(contexts[1], *arguments)
    try:
        yield driver
    finally:
        driver.node.destroy_node()


def test_always_means_from_the_start_to_the_end(make, contexts):
    with driving(contexts) as driver:
        rig = make()
        assert rig.subscriptions.held
        until(lambda: driver.linked() == 2 and driver.reliability() == {RELIABLE}, 'both subscriptions')
        with rig.subscriptions.wanted():
            driver.say('hello')
            until(lambda: rig.heard == ['hello'] * 2, 'messages')
        assert rig.thread.name == 'robobrain_images'
        assert len(rig.subscriptions.publishers(NAMES[0])) == 1
        rig.close()
        until(lambda: driver.linked() == 0, 'no subscription')
        assert 'robobrain_images' not in {thread.name for thread in threading.enumerate()}


def test_on_demand_there_is_none_until_it_is_wanted_and_none_after_an_idle_time(make, contexts):
    with driving(contexts) as driver:
        rig = make(0.3)
        until(lambda: len(rig.subscriptions.publishers(NAMES[1])) == 1, 'the publisher')
        assert not rig.subscriptions.held
        assert driver.linked() == 0
        for turn in range(3):
            with rig.subscriptions.wanted():
                until(lambda: rig.subscriptions.held and driver.linked() == 2, 'subscriptions')
                assert driver.reliability() == {RELIABLE}
                driver.say(f'turn {turn}')
                until(lambda t=turn: rig.heard.count(f'turn {t}') == 2, 'messages')
                end = time.monotonic()
            assert rig.released == turn
            until(lambda: not rig.subscriptions.held, 'release')
            until(lambda t=turn: rig.released == t + 1, 'word of it')
            assert time.monotonic() - end >= 0.3
            until(lambda: driver.linked() == 0, 'no subscription')


def test_it_stays_while_anyone_wants_it(make, contexts):
    rig = make(0.1)
    entered, leave = threading.Semaphore(0), [threading.Event(), threading.Event()]

    def want(number):
        with rig.subscriptions.wanted():
            entered.release()
            leave[number].wait(SOON)

    threads = [threading.Thread(target=want, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    assert entered.acquire(timeout=SOON)
    assert entered.acquire(timeout=SOON)
    until(lambda: rig.subscriptions.held, 'subscriptions')
    leave[0].set()
    threads[0].join(SOON)
    until(lambda: time.monotonic() > rig.subscriptions._wanted_until + 1.0, 'two looks after the idle time')
    assert rig.subscriptions.held, 'the other one still wants it'
    leave[1].set()
    threads[1].join(SOON)
    until(lambda: not rig.subscriptions.held, 'release')


def test_wanting_it_fails_like_the_block_does(make):
    rig = make(0.1)
    with pytest.raises(KeyError), rig.subscriptions.wanted():
        raise KeyError('the request was cancelled')
    until(lambda: not rig.subscriptions.held, 'release')
    assert rig.subscriptions._waiting == 0


def test_wanted_before_there_is_a_publisher(make, contexts):
    rig = make(5.0)
    with rig.subscriptions.wanted():
        until(lambda: rig.subscriptions.held, 'subscriptions')
        for policy in (BEST_EFFORT, RELIABLE):
            with driving(contexts, policy) as driver:
                until(lambda d=driver: d.linked() == 2, 'both subscriptions')
                until(lambda d=driver, p=policy: d.reliability() == {p}, f'reliability {policy.name}')
                until(lambda d=driver, p=policy: d.say(p.name) or rig.heard.count(p.name) >= 2, 'messages')
            until(lambda: not rig.subscriptions.publishers(NAMES[0]), 'the end of the driver')
        assert rig.released == 0, 'another reliability is no release'


def test_what_was_said_once_is_heard_by_whoever_comes_later(make, contexts):
    with driving(contexts, RELIABLE, TRANSIENT_LOCAL) as latched:
        for text in ('first', 'last'):
            latched.say(text)
        rig = make()
        until(lambda: rig.heard.count('last') == 2, 'messages')
        with driving(contexts) as driver:
            until(lambda: driver.linked() == 2, 'both subscriptions')  # also to one that keeps nothing
            driver.say('now')
            until(lambda: rig.heard.count('now') == 2, 'messages')


def test_closing_while_it_is_wanted(make, contexts):
    with driving(contexts) as driver:
        rig = make(5.0)
        with rig.subscriptions.wanted():
            until(lambda: driver.linked() == 2, 'both subscriptions')
            rig.close()
            assert 'robobrain_images' not in {thread.name for thread in threading.enumerate()}
            until(lambda: driver.linked() == 0, 'no subscription')


def test_wanting_it_after_it_was_closed_changes_nothing(make):
    """A request may be between two awaits when the node is deactivated."""
    rig = make(5.0)
    rig.close()
    with rig.subscriptions.wanted():
        assert not rig.subscriptions.held
