# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Simulated time at the rate of a simulator: it is taken as fast as it is needed, and wakes no executor."""

import threading
import time

import pytest
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from ros_helpers import SOON, own_domain, ros, until
from rosgraph_msgs.msg import Clock

from robobrain_ros.ros.polled_clock import PolledClock
from robobrain_ros.ros.spin_safely import spin_safely

pytestmark = pytest.mark.ros
NUMBER = 500


class Polled(PolledClock, Node):
    pass


class Counting(SingleThreadedExecutor):
    """An executor that counts how often it wakes."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.woken = 0

    def wait_for_ready_callbacks(self, *arguments, **options):
        found = super().wait_for_ready_callbacks(*arguments, **options)
        self.woken += 1
        return found


@pytest.fixture
def simulator():
    with own_domain(), ros() as context:
        node = Node('simulator', context=context)
        yield node.create_publisher(Clock, '/clock', 10)
        node.destroy_node()


def heard(simulator, kind: type[Node], number: int) -> int:
    """Let a node hear so many times, one after the other, and return how often its executor woke."""
    with ros() as context:
        use_sim_time = Parameter('use_sim_time', value=True)
        node = kind('hearer', context=context, parameter_overrides=[use_sim_time])
        executor = Counting(context=context)
        executor.add_node(node)
        thread = threading.Thread(target=spin_safely, args=(executor, node.get_logger()))
        thread.start()

        def now(nanoseconds: int) -> bool:
            return node.get_clock().now().nanoseconds == nanoseconds

        until(simulator.get_subscription_count, 'the node at /clock')
        message = Clock()
        for count in range(1, number + 1):
            message.clock.sec = count
            simulator.publish(message)
            time.sleep(0.001)
        until(lambda: simulator.publish(message) or now(number * 10**9), 'the newest time')
        woken = executor.woken
        executor.shutdown()
        thread.join(SOON)
        node.destroy_node()
    return woken


def test_a_fast_clock_wakes_no_executor(simulator):
    assert heard(simulator, Node, NUMBER) > NUMBER / 5, 'rclpy itself wakes for nearly every message'
    assert heard(simulator, Polled, NUMBER) < NUMBER / 10


def test_the_polling_ends_with_the_use_of_simulated_time(simulator):
    with ros() as context:
        node = Polled('hearer', context=context)

        def polling() -> bool:
            return any(thread.name == 'robobrain-clock' for thread in threading.enumerate())

        assert not polling()
        for sim in (True, False, True):
            node.set_parameters([Parameter('use_sim_time', value=sim)])
            until(lambda sim=sim: polling() is sim, f'use_sim_time {sim}')
        until(lambda: simulator.publish(Clock()) or node.get_clock().now().nanoseconds == 0, 'no time, as published')
        node.destroy_node()
        until(lambda: not polling(), 'the end of the thread')


def test_time_goes_on_while_a_callback_blocks(simulator):
    """Nothing spins here."""
    with ros() as context:
        node = Polled('busy', context=context, parameter_overrides=[Parameter('use_sim_time', value=True)])
        message = Clock()
        for second in (7, 3, 900):  # also backwards
            message.clock.sec = second
            until(
                lambda second=second: (
                    simulator.publish(message) or node.get_clock().now().nanoseconds == second * 10**9
                ),
                f'second {second}',
            )
        node.destroy_node()
