# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Simulated time without the cost of hearing every message of /clock.

Simulators publish /clock up to a thousand times a second. An rclpy executor rebuilds its wait set for every message,
which takes more than half of a processor core, and lets requests wait.
"""

import threading
import time
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.time_source import CLOCK_TOPIC

PERIOD_S = 0.01
"""How often the newest time is taken, seconds of real time."""


class Unwaited(CallbackGroup):
    """A callback group whose members no executor waits for."""

    def can_execute(self, entity: Any) -> bool:
        """Tell the executor to leave the member out of its wait set."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Tell the executor not to run the member's callback."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing: no executor runs the callback."""


class PolledClock:
    """Mix-in for nodes, in front of rclpy's class: ``use_sim_time`` takes the newest time 100 times a second.

    rclpy's own time source subscribes to /clock and sets the node's clock, here in a thread of its own that ends with
    the subscription. So the node's time also goes on while a callback blocks.
    """

    def create_subscription(self, *arguments: Any, **options: Any) -> Any:
        """Create a subscription as rclpy does; that of /clock is polled."""
        if CLOCK_TOPIC not in arguments:
            return super().create_subscription(*arguments, **options)  # type: ignore[misc]
        subscription = super().create_subscription(*arguments, **options, callback_group=Unwaited())  # type: ignore[misc]
        threading.Thread(target=_poll, args=(subscription,), name='robobrain-clock', daemon=True).start()
        return subscription


def _poll(subscription: Any) -> None:
    """Hand the newest message to the callback, again and again; blocks until the subscription is destroyed."""
    while True:
        try:
            with subscription.handle:
                taken = subscription.handle.take_message(subscription.msg_type, subscription.raw)
            if taken is not None:
                subscription.callback(taken[0])
        except InvalidHandle:
            return
        time.sleep(PERIOD_S)
