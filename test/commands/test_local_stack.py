# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Camera and node as processes of their own: what signals, kills and crashes leave behind, and what the goals get."""

import os
import signal
import threading
from pathlib import Path

import psutil
import pytest
from action_msgs.msg import GoalStatus
from rcl_interfaces.msg import Log
from rclpy.action import ActionClient
from rclpy.node import Node
from robobrain_ros.action import Query
from robobrain_ros.msg import Answer
from ros_helpers import SOON, Goal, own_domain, ros, spinning, until
from stand_in_server import listening

from robobrain_ros.commands.local_stack import LocalStack, bring_up
from robobrain_ros.engines.processes import MARK
from robobrain_ros.ros.client import CONFIGURE, Client, NoReply

pytestmark = [
    pytest.mark.ros,
    pytest.mark.engine,
    pytest.mark.filterwarnings('error::pytest.PytestUnhandledThreadExceptionWarning'),
]
LONG = ('trajectory', 'reach the red plate')


@pytest.fixture(scope='module')
def context():
    with own_domain(), ros() as context:
        yield context


@pytest.fixture(scope='module')
def stack(context):
    with LocalStack() as stack:
        stack.start('sim.camera', ['--ros-args', '-p', 'seed:=7'])
        yield stack


@pytest.fixture(scope='module')
def client(context, stack):
    client = Client(Node('client', context=context), check=stack.check)
    yield client
    client.close()
    client.node.destroy_node()


@pytest.fixture(scope='module')
def action(context):
    """An action client that another thread spins."""
    node = Node('asker', context=context)
    with spinning(node):
        yield ActionClient(node, Query, '/robobrain/query')
    node.destroy_node()


class NodeProcess:
    """The node in a process of its own, and everything below it."""

    def __init__(self, stack: LocalStack, client: Client) -> None:
        self.forget_ended(stack)
        self.client = client
        self.process = stack.start('ros.node', ['--ros-args', '-p', 'model:=tiny'])

    @staticmethod
    def forget_ended(stack: LocalStack) -> None:
        """Processes of earlier tests would fail the check of the stack."""
        stack._processes = {process: name for process, name in stack._processes.items() if process.poll() is None}

    def up(self) -> 'NodeProcess':
        bring_up(self.client)
        return self

    def family(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def engine_core(self) -> psutil.Process:
        """The largest of the engine's processes."""
        marked = [process for process in self.family() if MARK in process.environ()]
        return max(marked, key=lambda process: process.memory_info().rss)

    def goal(self, action: ActionClient) -> Goal:
        """A goal whose answer is being decoded."""
        until(action.server_is_ready, 'the action server')
        goal = Goal(action, *LONG)
        goal.reached('DECODE')
        return goal

    def unanswered(self, action: ActionClient) -> tuple[psutil.Process, Goal]:
        """A goal that cannot end by an answer, however late we act: the engine, which is returned too, is stopped."""
        core = self.engine_core()
        core.suspend()
        until(action.server_is_ready, 'the action server')
        goal = Goal(action, *LONG)
        goal.reached('PREFILL')
        return core, goal

    def exit_code(self, timeout: float) -> int:
        return self.process.wait(timeout)


@pytest.fixture
def start_node(stack, client):
    """Start the node; a test that fails must not leave it to the next one."""
    nodes = []

    def start() -> NodeProcess:
        nodes.append(NodeProcess(stack, client))
        return nodes[-1]

    yield start
    for node in nodes:
        if node.process.poll() is None:
            node.process.kill()
            node.process.wait(10)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(lives(process) for process in processes)


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # between the two looks
        return False


@pytest.mark.timeout(240)  # two starts of an engine, beside two other processes' on two cores
def test_an_engine_that_is_killed_comes_back_and_sigterm_ends_all(start_node, client, action):
    node = start_node().up()
    answer = client.query('pointing', 'the red plate')
    assert answer.error_code == Answer.OK, answer.error_message

    core, goal = node.unanswered(action)
    core.kill()
    status, result = goal.end(SOON)
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.ENGINE_DEAD)
    assert client.query('pointing', 'the red plate').error_code == Answer.ENGINE_DEAD
    assert client.state() == 'active'

    def answered() -> bool:
        found = client.query('pointing', 'the red plate').error_code
        assert found in (Answer.OK, Answer.ENGINE_DEAD)
        return found == Answer.OK

    until(answered, 'recovery', 90)

    family = node.family()
    assert family
    core, goal = node.unanswered(action)
    node.process.send_signal(signal.SIGTERM)
    status, result = goal.end(SOON)
    core.resume()
    assert (status, result.error_code) == (GoalStatus.STATUS_ABORTED, Answer.NOT_ACTIVE)
    assert node.exit_code(20) == 0
    until(lambda: gone(family), 'end of the engine')


def test_a_node_that_is_killed_leaves_no_engine(start_node, client, action):
    node = start_node().up()
    node.goal(action)
    family = node.family()
    assert len(family) >= 2
    node.process.kill()
    node.exit_code(10)
    until(lambda: gone(family), 'end of the engine')


def test_a_signal_that_another_thread_takes_ends_the_node(start_node, client):
    node = start_node()
    client.wait_for_node(30)
    os.kill(max(takers(node.process.pid)), signal.SIGTERM)  # Linux: to the whole process, this thread first
    assert node.exit_code(20) == 0


def takers(pid: int) -> list[int]:
    """The threads of a process that block no signals, without the first."""
    masks = {int(path.parts[-2]): path.read_text() for path in Path(f'/proc/{pid}/task').glob('*/status')}
    return [thread for thread, text in masks.items() if thread != pid and f'SigBlk:\t{0:016x}' in text]


@pytest.mark.parametrize(('when', 'number'), [('loading vLLM', signal.SIGTERM), ('starting the engine', signal.SIGINT)])
def test_a_signal_while_configuring(context, start_node, client, when, number):
    ears, heard = Node('ears', context=context), []
    ears.create_subscription(Log, '/rosout', heard.append, 10)
    node = start_node()
    client.wait_for_node(30)

    def configure() -> None:
        other = Client(Node('configurer', context=context))
        with pytest.raises(NoReply):
            other.transition(CONFIGURE, 30)
        other.close()
        other.node.destroy_node()

    with spinning(ears):
        until(lambda: ears.count_publishers('/rosout') > 1, 'the log')
        configuring = threading.Thread(target=configure)
        configuring.start()
        until(lambda: [log for log in heard if log.msg.startswith(when)], 'the start')
        family = node.family()
        node.process.send_signal(number)
        assert node.exit_code(30) == 0  # imports of vLLM cannot be interrupted
        until(lambda: gone(family), 'end of the engine')
        configuring.join(40)
    ears.destroy_node()
    # not at once: Python's resource tracker ends when it sees that the node has
    until(lambda: gone([process for process in psutil.process_iter() if belongs(process, node)]), 'end of all others')


def belongs(process: psutil.Process, node: NodeProcess) -> bool:
    """Whether a process is of the session that the stack made for the node."""
    try:
        return os.getsid(process.pid) == node.process.pid
    except ProcessLookupError:
        return False


def test_bringing_up_a_node_that_ends_says_so_at_once(stack, context):
    NodeProcess.forget_ended(stack)
    other = Client(Node('impatient', context=context), '/wrong/robobrain', check=stack.check)
    stack.start('ros.node', ['--ros-args', '-r', '__ns:=/wrong', '-p', 'device:=abacus'])
    with pytest.raises(RuntimeError, match=r'robobrain_ros\.ros\.node .* ended with exit code 1'):
        bring_up(other)
    other.close()
    other.node.destroy_node()


def test_a_node_of_the_same_name_is_said(stack, context):
    NodeProcess.forget_ended(stack)
    twin = Client(Node('twin_client', context=context), '/twin/robobrain', check=stack.check)
    with listening() as server:
        server.models = {'data': [{'id': 'RoboBrain2.5-8B'}]}
        arguments = ['--ros-args', '-r', '__ns:=/twin', '-p']
        first = stack.start('ros.node', [*arguments, f'model:={server.url}'])
        bring_up(twin)
        with pytest.raises(NoReply, match='a node /twin/robobrain already, and it is active: end the other one, or'):
            bring_up(twin)
        second = stack.start('ros.node', [*arguments, 'model:=/none'])
        until(lambda: twin.node.get_node_names_and_namespaces().count(('robobrain', '/twin')) > 1, 'the second node')
        with pytest.raises(NoReply, match='2 nodes have this name, and each got the request'):
            twin.transition(CONFIGURE, SOON)
        for process in (first, second):
            process.terminate()
            process.wait(SOON)
    twin.close()
    twin.node.destroy_node()
