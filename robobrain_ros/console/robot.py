# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The node that the console shows: which ones there are, which is chosen, its state, cameras and diagnostics."""

import itertools
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rcl_interfaces.srv import GetParameters
from rclpy.context import Context
from rclpy.node import Node
from rclpy.parameter import parameter_value_to_python
from rclpy.signals import SignalHandlerOptions

from robobrain_ros.commands.running_node import nodes_there
from robobrain_ros.console.board import Board
from robobrain_ros.console.views import Views
from robobrain_ros.ros import topics
from robobrain_ros.ros.client import Client, NoReply
from robobrain_ros.ros.fastdds import use_image_profile

_log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the node's state is looked at while a page is open, seconds."""
REPLY_S = 1.0
"""So long the node may take to say its state, seconds; while it starts its engine it says nothing."""
FRESH_S = 5.0
"""Diagnostics that are older are not shown, seconds."""
DRAW_FROM = ('cameras', 'image_transport', 'depth_transport', 'default_task')
"""Parameters of the node that decide what the page offers."""


class Robot:
    """Looks at the nodes in a thread of its own, while somebody looks at it.

    :param board: gets ``robot`` and ``diagnostics``
    :param name: full name of the node to show; empty: the first one that is found
    """

    def __init__(self, board: Board, name: str = '') -> None:
        use_image_profile()
        self._board, self.name = board, name
        self.context = Context()
        # without rclpy's handlers, Ctrl-C belongs to the server
        rclpy.init(context=self.context, signal_handler_options=SignalHandlerOptions.NO)
        self._numbers = itertools.count()
        self._making = threading.Lock()
        self._diagnostics: dict[str, dict[str, Any]] = {}
        self._ended = threading.Event()
        self._looked_at = 0.0
        self._client = self._new_client('')
        self.views = Views(self._client.node)
        self._client.node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, self._hear, 20)
        self._thread = threading.Thread(target=self._run, name='console-robot', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread and this process's part of ROS; blocks for a second at the most."""
        self._ended.set()
        self._thread.join(5)
        self.views.close()
        self._client.close()
        self._client.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    def look(self) -> None:
        """Say that somebody looks, so that the state is kept up to date for the next seconds."""
        self._looked_at = time.monotonic()

    def choose(self, name: str) -> None:
        """Show another node from now on.

        :param name: full name of one that was found
        """
        self.name = name
        self._diagnostics.clear()
        self.look()

    @contextmanager
    def client(self, name: str, check: Callable[[], None] = lambda: None) -> Iterator[Client]:
        """Give a client of a robobrain node for one thread; its own node is gone behind the ``with`` block.

        :param name: full name of the robobrain node; empty: the usual one
        :param check: called some times a second while the client waits; raises if that is in vain
        """
        client = self._new_client(name, check)
        try:
            yield client
        finally:
            with self._making:
                client.close()
                client.node.destroy_node()

    def _new_client(self, name: str, check: Callable[[], None] = lambda: None) -> Client:
        with self._making:
            own = f'robobrain_console_{os.getpid()}_{next(self._numbers)}'
            node = Node(own, context=self.context, use_global_arguments=False, enable_rosout=False)
            return Client(node, name or f'/{topics.NODE}', check)

    def _run(self) -> None:
        while not self._ended.is_set():
            with suppress(NoReply):
                self._client.until(self._ended.is_set, LOOK_S, 'the end')
            if time.monotonic() - self._looked_at > FRESH_S:
                continue
            try:
                self._look()
            except NoReply:
                continue
            except Exception:  # the page shows what was known, and the next look may be better
                _log.exception('the state of the node could not be read by a defect')

    def _look(self) -> None:
        nodes = nodes_there(self._client.node)
        if not self.name and nodes:
            self.name = nodes[0]
        name = self.name
        state, known = '', {}
        if name in nodes:
            self._client.name = name
            try:
                state = self._client.state(REPLY_S)
                known = self._parameters()
            except NoReply:
                state = 'busy'
        self.views.show(name, known, self._image_topics())
        self._board.post(
            'robot',
            {
                'nodes': nodes,
                'name': name,
                'state': state,
                'default_task': known.get('default_task', ''),
                'cameras': self.views.described(),
            },
        )
        fresh = time.monotonic() - FRESH_S
        shown = {key: value for key, value in self._diagnostics.items() if value['heard'] > fresh and name}
        self._board.post('diagnostics', [{key: one[key] for key in one if key != 'heard'} for one in shown.values()])

    def _parameters(self) -> dict[str, Any]:
        request = GetParameters.Request(names=list(DRAW_FROM))
        values = self._client.call(GetParameters, f'{self.name}/get_parameters', request, REPLY_S).values
        return dict(zip(DRAW_FROM, map(parameter_value_to_python, values), strict=False))

    def _hear(self, array: DiagnosticArray) -> None:
        for status in array.status:
            name, _, part = status.name.partition(': ')
            if name == self.name and part:
                self._diagnostics[part] = {
                    'name': part,
                    'level': min(status.level[0], 3),
                    'message': status.message,
                    'values': {pair.key: pair.value for pair in status.values},
                    'heard': time.monotonic(),
                }

    def _image_topics(self) -> dict[str, str]:
        """Return the image topics that the node says it hears, by camera: remapped or not."""
        return {
            part.removeprefix('camera').strip(): one['values']['topic']
            for part, one in list(self._diagnostics.items())
            if part.startswith('camera') and one['values'].get('topic')
        }
