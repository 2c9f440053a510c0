# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Subscriptions to large messages: in a thread of their own, suited to their publishers, and only while wanted."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidHandle
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from robobrain_ros.ros.spin_safely import spin_safely

UPDATE_S = 0.5
"""How often publishers are looked at, seconds."""


class Policies(NamedTuple):
    """What a subscription asks of all publishers of its topic."""

    reliability: ReliabilityPolicy
    durability: DurabilityPolicy


class Topic(NamedTuple):
    """What to subscribe to; ``name`` is resolved already."""

    name: str
    kind: type
    callback: Callable[[Any], None]


def type_name(kind: type) -> str:
    """The name of a message's type, such as sensor_msgs/msg/Image."""
    return f'{kind.__module__.split(".")[0]}/msg/{kind.__name__}'


class Subscriptions:
    """Some topics that are subscribed to together. Callbacks run in the thread of this object.

    :param node: gives namespace and log
    :param name: the helper node's that owns the subscriptions
    :param topics: what to subscribe to, in this order
    :param idle_s: subscribe only while they are ``wanted``, and so many seconds longer; None: always
    :param released: called when nobody has wanted them for that long, after the last message
    """

    def __init__(
        self,
        node: Node,
        name: str,
        topics: Sequence[Topic],
        idle_s: float | None,
        released: Callable[[], None] = lambda: None,
    ) -> None:
        self._topics = topics
        self._idle_s = idle_s
        self._released = released
        self._lock = threading.Lock()
        self._waiting = 0
        self._wanted_until = -math.inf if idle_s is not None else math.inf
        self._held: dict[str, tuple[Policies, Any]] = {}
        self._held_since = math.inf
        # The names are resolved already, so the command line's remaps (of the node's name, too) must not apply again.
        # It has parameter services: ros2 param list waits for those of every node.
        self._node = Node(
            name,
            namespace=node.get_namespace(),
            context=node.context,
            use_global_arguments=False,
            enable_rosout=False,
        )
        self._update()
        self._node.create_timer(UPDATE_S, self._update, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._executor = SingleThreadedExecutor(context=node.context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(
            target=spin_safely, args=(self._executor, node.get_logger()), name=name, daemon=True
        )
        self._thread.start()

    @property
    def held(self) -> bool:
        """Whether there are subscriptions now."""
        return bool(self._held)

    @contextmanager
    def wanted(self) -> Iterator[None]:
        """Be subscribed inside the ``with`` block, and ``idle_s`` longer; in any thread, also at the same time."""
        if self._idle_s is None:
            yield
            return
        with self._lock:
            self._waiting += 1
        # at once, in the thread that owns them; also while subscribed, since that may be about to end
        with suppress(AttributeError):  # rclpy 7.1 (Jazzy), where this was closed meanwhile
            self._executor.create_task(self._update)
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._wanted_until = time.monotonic() + self._idle_s

    @property
    def held_since(self) -> float:
        """When it subscribed, by the monotonic clock, seconds; inf while there are no subscriptions."""
        return self._held_since

    def publishers(self, topic: str) -> list[str]:
        """Full names of the nodes that publish a topic now, each with its reliability; empty once this is closed."""
        try:
            infos = self._node.get_publishers_info_by_topic(topic)
        except InvalidHandle:
            return []
        return sorted(
            f'{info.node_namespace.rstrip("/")}/{info.node_name} '
            f'({info.qos_profile.reliability.name.lower().replace("_", " ")})'
            for info in infos
        )

    def fault(self, topic: str) -> str:
        """Why nothing comes on a topic, as a part of a sentence: it has another type; empty where that is not it."""
        wanted = {heard.name: type_name(heard.kind) for heard in self._topics}[topic]
        try:
            known = dict(self._node.get_topic_names_and_types())
        except InvalidHandle:
            return ''
        others = [name for name in known.get(topic, []) if name != wanted]
        if others:
            return f"'{topic}' has type {', '.join(others)}, and {wanted} is expected: look at the transport parameters"
        return ''

    def close(self) -> None:
        """Unsubscribe and end the thread."""
        self._executor.shutdown()
        self._thread.join(5)
        self._node.destroy_node()

    def _update(self) -> None:
        with self._lock:
            wanted = self._waiting > 0 or time.monotonic() < self._wanted_until
        held = self.held
        for topic in self._topics:
            now, subscription = self._held.get(topic.name, (None, None))
            policies = self._policies(topic.name) if wanted else None
            if policies == now:
                continue
            if subscription is not None:
                self._node.destroy_subscription(subscription)
                del self._held[topic.name]
            if policies is not None:
                qos = QoSProfile(depth=1, reliability=policies.reliability, durability=policies.durability)
                new = self._node.create_subscription(topic.kind, topic.name, topic.callback, qos)
                self._held[topic.name] = (policies, new)
        if not self.held:
            self._held_since = math.inf
        elif not held:
            self._held_since = time.monotonic()
        if held and not wanted:
            self._released()

    def _policies(self, topic: str) -> Policies:
        """The most that all publishers offer.

        Reliable loses fewer large images, transient local hears also what was published once, before; best effort and
        volatile hear all publishers.
        """
        offered = [info.qos_profile for info in self._node.get_publishers_info_by_topic(topic)]
        reliable = bool(offered) and all(qos.reliability is ReliabilityPolicy.RELIABLE for qos in offered)
        latched = bool(offered) and all(qos.durability is DurabilityPolicy.TRANSIENT_LOCAL for qos in offered)
        return Policies(
            ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
