# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The other side of the node, for the demo, tests and scripts: lifecycle, questions, parameters. Blocks its caller."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

import rclpy
from builtin_interfaces.msg import Duration
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.action import ActionClient
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.task import Future

from robobrain_ros.action import Monitor, Query, Track
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.msg import Answer
from robobrain_ros.ros import topics
from robobrain_ros.srv import Remember

if TYPE_CHECKING:
    from robobrain_ros.ros.monitor_client import Monitored
    from robobrain_ros.ros.track_client import Tracked

CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
DEACTIVATE, CLEANUP = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP
NAMES = {CONFIGURE: 'configure', ACTIVATE: 'activate', DEACTIVATE: 'deactivate', CLEANUP: 'clean up'}

SLICE_S = 0.25
"""rclpy hears no signal while it waits."""
ACCEPT_S = 2.0
"""How long a node may take to accept a request, also where the request's own time limit is shorter."""
CANCEL_S = 1.0
"""How long to wait for the node to confirm a cancellation."""
Querying: TypeAlias = 'ActionClient[Query.Goal, Query.Result, Query.Feedback]'


class NoReply(RuntimeError):
    """The node did not answer in time, or is not there."""


def _another_name() -> str:
    domain = os.environ.get('ROS_DOMAIN_ID', '0')
    return f'end the other one, or choose another ROS_DOMAIN_ID (now {domain}) or namespace (--ros-args -r __ns:=/NAME)'


def _absent(what: str, timeout_s: float) -> NoReply:
    """Say that something was not found on the network, and what decides whether it can be."""
    names = ('ROS_DOMAIN_ID', 'ROS_AUTOMATIC_DISCOVERY_RANGE')
    here = ', '.join(f'{name}={os.environ.get(name, "(unset)")}' for name in names)
    return NoReply(
        f'{what} was not found within {timeout_s:g} s. Is its process running, with the same {here} as here? '
        'robobrain doctor checks the network (loopback, multicast, shared memory)'
    )


def duration(seconds: float) -> Duration:
    """Seconds as ROS has them.

    :raises BadRequest: for more than it can say, which is 68 years
    """
    if not abs(seconds) < 1 << 31:  # NaN, too; rclpy would send another number
        raise BadRequest(f'{seconds:g} s is no duration in ROS, which counts up to {(1 << 31) - 1} s')
    return Duration(sec=int(seconds), nanosec=int(seconds % 1 * 1e9))


class Rejected(NoReply):
    """The node takes no requests now, because it is not active."""


class Client:
    """Talks to one robobrain node.

    :param node: of the caller; the client spins it itself, while it waits
    :param name: full name of the robobrain node
    :param check: called some times a second while the client waits; raises if that is in vain
    """

    def __init__(self, node: Node, name: str = f'/{topics.NODE}', check: Callable[[], None] = lambda: None) -> None:
        self.node = node
        self.name = name
        self._check = check
        self.executor = SingleThreadedExecutor(context=node.context)
        self.executor.add_node(node)
        self._query: Querying = ActionClient(node, Query, f'{name}/{topics.QUERY}')

    def close(self) -> None:
        """Leave the caller's node."""
        self._query.destroy()
        self.executor.shutdown()

    def wait(self, future: 'Future[Any]', timeout_s: float, what: str) -> Any:
        """Block until a future is done, and give its result; callbacks of the caller's node run meanwhile.

        :param what: what is waited for, in the words of an error
        :raises NoReply: after ``timeout_s`` seconds
        """
        for slice_s in self._slices(timeout_s):
            self.executor.spin_until_future_complete(future, slice_s)
            if future.done():
                return future.result()
        raise NoReply(f'{what}: no reply within {timeout_s:g} s')

    def _slices(self, timeout_s: float) -> Iterator[float]:
        """Pieces that are so short that Ctrl-C is noticed soon, with a check after each."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            yield min(left, SLICE_S)
            self._check()

    def until(self, condition: Callable[[], Any], timeout_s: float, what: str) -> None:
        """Block until a condition holds; callbacks of the caller's node run meanwhile.

        :param what: what is waited for, in the words of an error
        :raises NoReply: after ``timeout_s`` seconds
        """
        slices = self._slices(timeout_s)
        while not condition():
            slice_s = next(slices, None)
            if slice_s is None:
                raise NoReply(f'{what}: nothing came within {timeout_s:g} s')
            self.executor.spin_once(slice_s)

    def call(self, kind: Any, service: str, request: Any, timeout_s: float) -> Any:
        """Call a service of any node, once; blocks until it replies.

        :param kind: the service's type, such as lifecycle_msgs.srv.GetState
        :param service: its full name
        :raises NoReply: after ``timeout_s`` seconds
        """
        client: Any = self.node.create_client(kind, service)
        try:
            if not any(client.wait_for_service(slice_s) for slice_s in self._slices(timeout_s)):
                raise _absent(f'service {service}', timeout_s)
            return self.wait(client.call_async(request), timeout_s, service)
        finally:
            self.node.destroy_client(client)

    def wait_for_node(self, timeout_s: float) -> None:
        """Block until the node answers: a service that is merely known may belong to a process that was killed.

        :raises NoReply: after ``timeout_s`` seconds
        """
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self.state(2.0)
            except NoReply:
                if time.monotonic() > deadline:
                    raise _absent(f'node {self.name}', timeout_s) from None
            else:
                return

    def transition(self, number: int, timeout_s: float) -> None:
        """Drive the node's lifecycle; blocks until it is there. Configuring takes as long as the engine takes to start.

        :param number: a transition, such as CONFIGURE
        :raises NoReply: after ``timeout_s`` seconds, or if the node refuses; its log says why
        """
        request = ChangeState.Request(transition=Transition(id=number))
        if not self.call(ChangeState, f'{self.name}/change_state', request, timeout_s).success:
            what = NAMES.get(number, f'make transition {number}')
            raise NoReply(f'{self.name} refused or failed to {what}; its log says why{self._namesakes()}')

    def require_new(self, timeout_s: float) -> None:
        """Check that no node of the name has been started by somebody else before; blocks until one answers.

        :raises NoReply: if the one that answers is configured already, or none answers within ``timeout_s`` seconds
        """
        if (found := self.state(timeout_s)) != 'unconfigured':
            raise NoReply(f'there is a node {self.name} already, and it is {found}: {_another_name()}')

    def _namesakes(self) -> str:
        """What to do if several nodes have the name, since each of them gets every request then; else empty."""
        known = [f'{space.rstrip("/")}/{name}' for name, space in self.node.get_node_names_and_namespaces()]
        count = known.count(self.name)
        return f'. {count} nodes have this name, and each got the request: {_another_name()}' if count > 1 else ''

    def state(self, timeout_s: float = 20.0) -> str:
        """The name of the lifecycle state that the node is in now, such as ``active``; blocks until it replies.

        :raises NoReply: after ``timeout_s`` seconds
        """
        reply = self.call(GetState, f'{self.name}/get_state', GetState.Request(), timeout_s)
        return str(reply.current_state.label)

    def set_parameters(self, node: str, /, **values: Any) -> None:
        """Set parameters of a node; blocks until it has taken or refused them.

        :param node: its full name
        :param values: new values by name
        :raises NoReply: after 10 seconds
        :raises ValueError: if the node refuses, with its reason
        """
        parameters = [rclpy.Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]
        request = SetParameters.Request(parameters=parameters)
        for result in self.call(SetParameters, f'{node}/set_parameters', request, 10.0).results:
            if not result.successful:
                raise ValueError(result.reason)

    def is_there(self) -> bool:
        """Whether action ``~/query`` is known now; does not block. A node that was killed is known for a while."""
        return bool(self._query.server_is_ready())

    def wait_for_action(self, timeout_s: float) -> None:
        """Block until action ``~/query`` is known.

        :raises NoReply: after ``timeout_s`` seconds
        """
        if not any(self._query.wait_for_server(slice_s) for slice_s in self._slices(timeout_s)):
            raise _absent(f'action {self.name}/{topics.QUERY}', timeout_s)

    def query(
        self,
        task: str,
        instruction: str,
        timeout_s: float = 60.0,
        feedback: Callable[[Query.Feedback], None] = lambda feedback: None,
        **goal: Any,
    ) -> Answer:
        """Ask through action ``~/query``, and block until the answer is there.

        If waiting ends otherwise, such as by Ctrl-C, the goal is cancelled in the node first.

        :param task: one of the tasks' names; empty: the node's parameter default_task
        :param instruction: what to look for or to do, in words
        :param timeout_s: the request ends with TIMEOUT after this, seconds
        :param feedback: called with each feedback, while this waits
        :param goal: further fields of the goal (action/Query.action)
        :raises NoReply: if the node is not there or does not answer
        :raises Rejected: if it is not active
        """
        if not self.is_there():
            self.wait_for_action(timeout_s)
        request = Query.Goal(task=task, instruction=instruction, timeout=duration(timeout_s), **goal)
        sent = self._query.send_goal_async(request, feedback_callback=lambda message: feedback(message.feedback))
        try:
            accepted_s = max(timeout_s, ACCEPT_S)
            handle = self.wait(sent, accepted_s, f'request to {self.name}, which may be loading its model')
            if not handle.accepted:
                raise Rejected(f'{self.name} rejected the request, because it was not active')
            # a little longer than the node's own limit, which ends with an answer
            return self.wait(handle.get_result_async(), timeout_s + 5, 'query').result.answer
        except BaseException:  # such as Ctrl-C
            self._cancel(sent)
            raise

    def monitor(self, instruction: str, timeout_s: float = 600.0, **goal: Any) -> 'Monitored':
        """Let the node watch a task by action ``~/monitor``; blocks until it has accepted that.

        ::

            with client.monitor('put the red cube on the plate', goal_name='put_cube') as watch:
                for feedback in watch:
                    print(feedback.sample.value)
            print(watch.result.outcome == Monitor.Result.SUCCEEDED, watch.result.reason)

        :param instruction: the task, in one line
        :param timeout_s: it ends with TIMEOUT after this, seconds, more than 0 and at most a day
        :param goal: further fields of the goal (action/Monitor.action)
        :raises BadRequest: for a time limit that is none
        :raises NoReply: if the node is not there or does not answer
        :raises Rejected: if it is not active
        """
        from robobrain_ros.ros.monitor_client import Monitored

        goal = {'timeout': _limit(timeout_s)} | goal
        return Monitored(self, Monitor.Goal(instruction=instruction, **goal), timeout_s)

    def track(self, instruction: str, timeout_s: float = 600.0, **goal: Any) -> 'Tracked':
        """Let the node follow a thing by action ``~/track``; blocks until it has accepted that.

        ::

            with client.track('the red mug', target_frame='base_link') as track:
                for feedback in track:
                    if feedback.state == feedback.TRACKING:
                        print(feedback.target.position)

        :param instruction: the thing, in words
        :param timeout_s: it ends with TIMEOUT after this, seconds, more than 0 and at most a day
        :param goal: further fields of the goal (action/Track.action)
        :raises BadRequest: for a time limit that is none
        :raises NoReply: if the node is not there or does not answer
        :raises Rejected: if it is not active
        """
        from robobrain_ros.ros.track_client import Tracked

        goal = {'timeout': _limit(timeout_s)} | goal
        return Tracked(self, Track.Goal(instruction=instruction, **goal), timeout_s)

    def remember(self, name: str, timeout_s: float = 20.0, **request: Any) -> str:
        """Keep a start or goal image by name, by service ``~/remember``; blocks until it is kept.

        :param name: what ``monitor`` finds it by, as ``goal_name`` or ``start_name``
        :param request: further fields of the request (srv/Remember.srv), such as ``camera``
        :returns: where the node keeps it, on its own host
        :raises NoReply: after ``timeout_s`` seconds
        :raises BrainError: if the node cannot keep it
        """
        reply = self.call(Remember, f'{self.name}/{topics.REMEMBER}', Remember.Request(name=name, **request), timeout_s)
        if not reply.success:
            raise BrainError(ErrorCode(reply.error_code), reply.message)
        return str(reply.message)

    def _cancel(self, sent: 'Future[Any]') -> None:
        """Cancel a goal for which nobody waits any more, and wait until the node has heard it."""
        with suppress(NoReply):
            handle = self.wait(sent, CANCEL_S, 'query')
            if handle.accepted:
                self.wait(handle.cancel_goal_async(), CANCEL_S, 'cancelling')


def _limit(timeout_s: float) -> Duration:
    if timeout_s <= 0:  # the node would take its own, and this side would not know it
        raise BadRequest(f'timeout_s is {timeout_s:g}, but must be more than 0 s')
    return duration(timeout_s)
