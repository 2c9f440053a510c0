# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""What pages may change of the node: its lifecycle, and the parameters that take effect with the next request."""

import logging
import threading
from typing import Any

from rcl_interfaces.msg import ParameterDescriptor
from rcl_interfaces.srv import DescribeParameters, GetParameters, ListParameters
from rclpy.parameter import parameter_value_to_python

from robobrain_ros.console.board import Board
from robobrain_ros.console.robot import Robot
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros.client import ACTIVATE, CLEANUP, CONFIGURE, DEACTIVATE, NoReply
from robobrain_ros.ros.parameters import BY_NAME

_log = logging.getLogger(__name__)

TRANSITIONS = {'configure': CONFIGURE, 'activate': ACTIVATE, 'deactivate': DEACTIVATE, 'cleanup': CLEANUP}
"""What the buttons do, by name."""
CHANGE_S = 600.0
"""Longest transition: to configure is to start the engine with an 8B model from a slow disk."""
REPLY_S = 5.0


def _offered(name: str) -> bool:
    """Tell whether pages may set a parameter: those that name folders of the node's host are left to that host."""
    return name in BY_NAME and BY_NAME[name].dynamic and not name.endswith('directory')


class Controls:
    """Transitions run one at a time, in a thread of their own; parameters block their caller.

    :param board: gets ``transition``: the one that runs, and how the newest one ended
    """

    def __init__(self, robot: Robot, board: Board) -> None:
        self._robot, self._board = robot, board
        self._lock = threading.Lock()
        self._running = ''
        self._ended = threading.Event()

    def close(self) -> None:
        """Wait no longer for a transition; the node goes on with it."""
        self._ended.set()

    def change(self, transition: str) -> None:
        """Begin a transition; does not block.

        :param transition: one of TRANSITIONS
        :raises BadRequest: if it is none, or another one runs
        """
        if transition not in TRANSITIONS:
            raise BadRequest(f'the transition is {transition!r}, but must be one of {", ".join(TRANSITIONS)}')
        with self._lock:
            if self._running:
                raise BadRequest(f'the node is asked to {self._running}: wait until it has')
            self._running = transition
        self._board.post('transition', {'running': transition, 'failed': ''})
        threading.Thread(target=self._change, args=(transition,), name='console-transition', daemon=True).start()

    def _change(self, transition: str) -> None:
        failed = ''
        try:
            with self._robot.client(self._robot.name, self._check) as client:
                client.transition(TRANSITIONS[transition], CHANGE_S)
        except NoReply as error:
            failed = str(error)
        except Exception:
            _log.exception('a transition failed by a defect')
            failed = 'a defect of the console; its log has more'
        with self._lock:
            self._running = ''
        self._robot.look()
        self._board.post('transition', {'running': '', 'failed': failed})

    def _check(self) -> None:
        if self._ended.is_set():
            raise NoReply('the console ends')

    def parameters(self) -> list[dict[str, Any]]:
        """Return the parameters that take effect with the next request, as the node describes them; blocks.

        :raises NoReply: if the node does not answer
        """
        with self._robot.client(self._robot.name) as client:
            name = client.name
            listed = client.call(ListParameters, f'{name}/list_parameters', ListParameters.Request(), REPLY_S)
            names = [one for one in listed.result.names if _offered(one)]
            described = client.call(
                DescribeParameters, f'{name}/describe_parameters', DescribeParameters.Request(names=names), REPLY_S
            )
            found = client.call(GetParameters, f'{name}/get_parameters', GetParameters.Request(names=names), REPLY_S)
        values = map(parameter_value_to_python, found.values)
        return [_described(one, value) for one, value in zip(described.descriptors, values, strict=False)]

    def set_parameter(self, name: str, value: Any) -> None:
        """Set a parameter of the node; blocks.

        :param name: of one that ``parameters`` lists
        :param value: as JSON has it
        :raises BadRequest: if there is none, or the value is wrong, in the node's words if it is the node that refuses
        :raises NoReply: if the node does not answer
        """
        if not _offered(name):
            raise BadRequest(f'the parameter is {name[:80]!r}, but must be one of those that this page lists')
        read = BY_NAME[name].read(value)
        BY_NAME[name].check(read)
        with self._robot.client(self._robot.name) as client:
            try:
                client.set_parameters(client.name, **{name: read})
            except ValueError as error:
                raise BadRequest(str(error)) from None


def _described(descriptor: ParameterDescriptor, value: Any) -> dict[str, Any]:
    ranges = [*descriptor.floating_point_range, *descriptor.integer_range]
    known = BY_NAME[descriptor.name]
    return {
        'name': descriptor.name,
        'value': list(value) if isinstance(known.default, list) else value,
        'default': known.default,
        'type': type(known.default).__name__,
        'description': descriptor.description,
        'low': ranges[0].from_value if ranges else None,
        'high': ranges[0].to_value if ranges else None,
        'step': getattr(ranges[0], 'step', 0) or None if ranges else None,
        'choices': list(known.choices),
    }
