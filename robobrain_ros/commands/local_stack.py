"""Node and simulated camera as processes of their own, for the demo and for hosts without ``ros2 launch``."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence

import rclpy
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from robobrain_ros.ros.client import ACTIVATE, CONFIGURE, Client
from robobrain_ros.ros.fastdds import use_image_profile

START_S = 600.0
"""Longest start of the node: an 8B model from a slow disk takes minutes."""


def isolate() -> None:
    """Keep this process and those that it starts apart from all other ROS programs; before rclpy.init.

    Linux has ports for the domains 0 - 101 and 215 - 232; hardly anyone uses the latter. Of these it takes one in which
    no program is on this host.
    """
    domains = [215 + (os.getpid() + offset) % 18 for offset in range(18)]
    os.environ['ROS_DOMAIN_ID'] = str(next(filter(_is_free, domains), domains[0]))
    os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'


def _is_free(domain: int) -> bool:
    """Whether no participant of this domain holds the first one's port for discovery (RTPS 2.2, 9.6.1.1)."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        try:
            taken.bind(('', 7400 + 250 * domain + 10))
        except OSError:
            return False
    return True


class LocalStack:
    """Processes of this package's modules; they end with the ``with`` block."""

    def __init__(self) -> None:
        use_image_profile()
        self._processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> 'LocalStack':
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, module: str, arguments: Sequence[str] = ()) -> 'subprocess.Popen[bytes]':
        """Start a module of this package as a process; it shares this one's terminal, but not its Ctrl-C.

        :param module: its name below ``robobrain_ros``, such as ``ros.node``
        """
        process = subprocess.Popen(
            [sys.executable, '-m', f'robobrain_ros.{module}', *arguments], start_new_session=True
        )
        self._processes.append(process)
        return process

    def check(self) -> None:
        """Return if all processes run.

        :raises RuntimeError: if one has ended by itself; says which, and its exit code
        """
        for process in self._processes:
            if process.poll() is not None:
                raise RuntimeError(f'{" ".join(map(str, process.args[2:]))} ended with exit code {process.returncode}')  # type: ignore[index]


def bring_up(client: Client) -> None:
    """Drive a node that has just been started to active; blocks until its engine is warm.

    :raises NoReply: if the node does not answer, or a transition fails
    """
    client.wait_for_node(60.0)
    client.transition(CONFIGURE, START_S)
    client.transition(ACTIVATE, 10.0)


def up(node_arguments: Sequence[str], with_camera: bool, seed: int = 1) -> int:
    """Run the node, brought up to active, until Ctrl-C, SIGTERM, or the end of a process; returns the exit code.

    :param node_arguments: what follows the node's name on its command line
    :param with_camera: start the simulated camera, too
    :param seed: which table top the simulated camera sees
    """
    with LocalStack() as stack:
        if with_camera:
            stack.start('sim.camera', ['--ros-args', '-p', f'seed:={seed}'])
        node = stack.start('ros.node', node_arguments)
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        client = Client(Node('robobrain_up'), check=stack.check)
        bring_up(client)
        client.close()
        print('The node is active. Ask it from another terminal: robobrain query "the red mug"')
        print('With --output DIR, query also saves pictures with the answers. Ctrl-C here ends the node.', flush=True)
        return node.wait()
