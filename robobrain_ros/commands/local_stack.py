# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Node and simulated camera as processes of their own, for the demo and for hosts without ``ros2 launch``."""

import itertools
import os
import selectors
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from robobrain_ros.commands.stage_line import StageLine
from robobrain_ros.engines import children
from robobrain_ros.engines.ending import uninterrupted
from robobrain_ros.errors import BadRequest
from robobrain_ros.ros import parameter_files, shared_memory, topics
from robobrain_ros.ros.client import ACTIVATE, CONFIGURE, Client
from robobrain_ros.ros.fastdds import use_image_profile

START_S = 600.0
"""Longest start of the node: an 8B model from a slow disk takes minutes."""
END_S = 10.0
"""So long the processes may take to end, seconds."""
INTERRUPTED_END_S = 2.0
"""And so long where somebody waits for the prompt; less than ending.END_S."""
DOMAINS = range(215, 233)
"""Linux has ports for the domains 0 - 101 and 215 - 232; hardly anyone uses the latter."""
PARTICIPANTS = 16
"""So many programs of one domain are looked for on this host."""

_reserved: dict[int, socket.socket] = {}
"""This process's domain, and what keeps it until the process ends."""


def isolate() -> None:
    """Keep this process and those that it starts apart from all other ROS programs; before rclpy.init.

    Takes a domain of DOMAINS in which no program is on this host, and which no other process has taken by this
    function: containers that share the host's network included.

    :raises RuntimeError: if all are taken
    """
    first = os.getpid() % len(DOMAINS)
    domains = [*_reserved, *DOMAINS[first:], *DOMAINS[:first]]
    domain = next((domain for domain in domains if domain in _reserved or _reserve(domain)), None)
    if domain is None:
        raise RuntimeError(
            f'all of the ROS domains {DOMAINS[0]} - {DOMAINS[-1]}, one for each command that runs apart, are in use on '
            'this host: end one of these commands first'
        )
    os.environ['ROS_DOMAIN_ID'] = str(domain)
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'


def _reserve(domain: int) -> bool:
    """Take a domain if it is free; it stays taken until this process has ended, however it ends."""
    reserved = socket.socket(socket.AF_UNIX)
    try:
        # an abstract name: it belongs to the network, as the ports do, and is gone when the process is
        reserved.bind(f'\0robobrain_ros_domain_{domain}')
        for port in _ports(domain):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
                taken.bind(('', port))
    except OSError:
        reserved.close()
        return False
    _reserved[domain] = reserved
    return True


def _ports(domain: int) -> list[int]:
    """Return the ports of a domain's first programs for discovery, the one that they share first (RTPS 2.2, 9.6.1)."""
    base = 7400 + 250 * domain
    return [base, *(base + 10 + 2 * number for number in range(PARTICIPANTS))]


@contextmanager
def ros() -> Iterator[None]:
    """Use rclpy inside the ``with`` block. Signals are left to the program: rclpy would end the context under it."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    try:
        yield
    finally:
        rclpy.try_shutdown()


class LocalStack:
    """Processes of this package's modules; they end with the ``with`` block, or with this process."""

    def __init__(self) -> None:
        use_image_profile()
        shared_memory.remove_leftovers()
        self._processes: dict[subprocess.Popen[bytes], str] = {}
        """And what to call them in errors."""

    def __enter__(self) -> 'LocalStack':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        used = shared_memory.of(process.pid for process in self._processes)
        children.end(self._processes, INTERRUPTED_END_S if interrupted else END_S)
        shared_memory.remove(used)

    def start(self, module: str, arguments: Sequence[str] = (), log: Path | None = None) -> 'subprocess.Popen[bytes]':
        """Start a module of this package as a process; call it in the main thread.

        It shares this one's terminal, but not its Ctrl-C.

        :param module: its name below ``robobrain_ros``, such as ``ros.node``
        :param log: file for what it says, instead of the terminal
        """
        command = [sys.executable, '-m', f'robobrain_ros.{module}', *arguments]
        with ExitStack() as opened, uninterrupted():  # else it might run, and nobody know
            file = opened.enter_context(log.open('w')) if log else None
            process = children.start(command, stdout=file, stderr=file)
            self._processes[process] = ' '.join(command[2:])
        return process

    def check(self) -> None:
        """Return if all processes run.

        :raises RuntimeError: if one has ended by itself; says which, and its exit code
        """
        for process, name in self._processes.items():
            if process.poll() is not None:
                raise RuntimeError(f'{name} ended with exit code {process.returncode}')

    def wait(self) -> None:
        """Block until a process ends by itself."""
        with selectors.DefaultSelector() as ends:
            for process in self._processes:
                ends.register(os.pidfd_open(process.pid), selectors.EVENT_READ)
            ends.select()


def bring_up(client: Client) -> None:
    """Drive a node that has just been started to active; blocks until its engine is warm.

    :raises NoReply: if the node does not answer, a transition fails, or another node with its name runs
    """
    client.wait_for_node(60.0)
    client.require_new(10.0)
    client.transition(CONFIGURE, START_S)
    client.transition(ACTIVATE, 10.0)


def node_name(arguments: Sequence[str]) -> tuple[str, str]:
    """Return the namespace and the name that a command line gives to the node, by ``-r __ns:=`` and ``-r __node:=``.

    :param arguments: what follows the node's name on its command line
    """
    rules = dict(argument.rpartition(':=')[::2] for argument in arguments if ':=' in argument)
    named = {rule.rpartition(':')[2]: value for rule, value in rules.items()}  # a rule may begin with a node's name
    name = named.get('__node') or named.get('__name') or topics.NODE
    return f'/{named.get("__ns", "").strip("/")}', name


def require_files(arguments: Sequence[str]) -> None:
    """Check that each parameter file of a node's command line is there: rcl would name its own source lines.

    :param arguments: what follows the node's name on its command line
    :raises BadRequest: for one that is not there, or is a folder
    """
    for option, file in itertools.pairwise(arguments):
        if option == parameter_files.OPTION and not Path(file).is_file():
            what = 'that is a folder' if Path(file).is_dir() else 'there is no such file'
            raise BadRequest(f'{option} is {file!r}, but {what}')


def bring_up_visibly(client: Client) -> None:
    """Drive a node that has just been started to active, and show on stderr how far its engine is. Blocks until it is.

    For nodes that do not log that on this terminal themselves; ``bring_up`` is for the others.

    :raises NoReply: if the node does not answer, or a transition fails
    """
    with StageLine() as line:

        def show(array: DiagnosticArray) -> None:
            for status in array.status:
                if status.name.endswith(': engine'):
                    line.show(status.message)

        line.show('starting the node')
        heard = client.node.create_subscription(DiagnosticArray, topics.DIAGNOSTICS, show, 5)
        try:
            bring_up(client)
        finally:
            client.node.destroy_subscription(heard)


def up(node_arguments: Sequence[str], with_camera: bool, seed: int = 1) -> int:
    """Run the node, brought up to active, until Ctrl-C or the end of a process.

    :param node_arguments: what follows the node's name on its command line
    :param with_camera: start the simulated camera, too, and the tiny checkpoint where the arguments name no model
    :param seed: which table top the simulated camera sees
    :returns: the exit code: 0 if the node was ended from outside
    :raises BadRequest: if a parameter file of the arguments is not there
    :raises RuntimeError: if a process ends otherwise
    """
    require_files(node_arguments)
    namespace, name = node_name(node_arguments)
    full_name = f'{namespace.rstrip("/")}/{name}'
    with LocalStack() as stack:
        if with_camera:
            stack.start('sim.camera', ['--ros-args', '-p', f'seed:={seed}', '-r', f'__ns:={namespace}'])
        model = ['--ros-args', '-p', 'model:=tiny', '--'] if with_camera else []  # another one in the arguments wins
        node = stack.start('ros.node', [*model, *node_arguments])
        with ros():  # only so long: a node that nobody spins would keep tools waiting for its parameters
            client = Client(Node('robobrain_up'), full_name, stack.check)
            bring_up(client)
            client.close()
            client.node.destroy_node()  # Jazzy's shutdown leaves it in the graph
        where = '' if full_name == f'/{topics.NODE}' else f'--node {full_name} '
        print(f'The node is active. Ask it from another terminal: robobrain query {where}"the red bowl"')
        print('With --output DIR, query also saves pictures with the answers. Ctrl-C here ends the node.', flush=True)
        stack.wait()
        if node.poll() != 0:
            stack.check()
        return 0
