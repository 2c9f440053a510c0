# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain bench faults``: the engine is killed again and again while goals run, and everything comes to an end."""

import random
import time
from contextlib import suppress
from pathlib import Path

import psutil
from rclpy.node import Node

from robobrain_ros.bench import QUIET
from robobrain_ros.bench.load import Load
from robobrain_ros.commands.local_stack import LocalStack, bring_up, isolate, ros
from robobrain_ros.commands.output import Tell, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.engines.processes import MARK
from robobrain_ros.ros.client import Client

RECOVERY_S = 180.0
"""Longest wait for an answer after a kill."""
LONGEST_PAUSE_S = 3.0
"""Kills come up to this long after the first answer of an engine."""
LOG = Path('bench_output', 'faults.log')
"""What the node says goes here: a kill is an error to it, and it tells of each at length."""
ENDING_S = 10.0
"""What the node started may take so long to end after it."""


def run(kills: int, tell: Tell = ignore) -> int:
    """Kill the engine, wait for recovery, again and again, and print what came of it. Blocks.

    :param kills: how often
    :param tell: takes the seconds of each recovery, and how goals ended
    :returns: the exit code: 1 if a goal hung, a process stayed, or an engine did not come back
    """
    isolate()
    LOG.parent.mkdir(exist_ok=True)
    print(f"The engine will be killed {kills} times, on purpose. What the node says of it is in '{LOG}'.", flush=True)
    recoveries: list[float] = []
    with LocalStack() as stack, Progress('bench faults', kills, 'kills') as progress:
        stack.start('sim.camera', ['--ros-args', '--log-level', 'simulated_camera:=warn'])
        node = psutil.Process(stack.start('ros.node', QUIET, log=LOG).pid)
        with ros():
            client = Client(Node('bench_faults'), check=stack.check)
            bring_up(client)
            load = Load(client, at_once=4)
            seen: set[psutil.Process] = set()
            load.pump(2.0)
            for number in range(1, kills + 1):
                load.pump(random.uniform(0.0, LONGEST_PAUSE_S))
                seen |= _kill_engine(node)
                took = _recovery(load, stack)
                if took is None:
                    print(f'kill {number}: no answer within {RECOVERY_S:.0f} s', flush=True)
                    break
                recoveries.append(took)
                progress.advance()
                print(f'kill {number}: answers again after {took:.1f} s; {dict(load.outcomes)}', flush=True)
            family = set(node.children(recursive=True))
            orphans = {process for process in seen - family if _lives(process)}
            load.drain()
            load.close()
            client.close()
    orphans |= _remaining(family)
    for process in orphans:
        print(f'orphan: {process}')
    print(
        f'{kills} kills: {len(recoveries)} recoveries, {load.hung} hung goals, {len(orphans)} orphans, '
        f'{load.outcomes.total()} goals ended: {dict(load.outcomes)}'
    )
    passed = len(recoveries) == kills and not load.hung and not orphans
    tell(
        {
            'kills': kills,
            'recoveries_s': recoveries,
            'hung': load.hung,
            'orphans': len(orphans),
            'outcomes': load.outcomes,
            'passed': passed,
        }
    )
    return 0 if passed else 1


def _kill_engine(node: psutil.Process) -> set[psutil.Process]:
    """Send SIGKILL to the engine core; returns everything below the node until then."""
    family = set(node.children(recursive=True))
    sizes = {}
    for process in family:
        with suppress(psutil.Error):  # it ended just now
            if MARK in process.environ():
                sizes[process] = process.memory_info().rss
    max(sizes, key=lambda process: sizes[process]).kill()  # the one with the model
    return family


def _recovery(load: Load, stack: LocalStack) -> float | None:
    """Wait for the next answer and return how many seconds it took; None if none came."""
    begin = time.monotonic()
    load.pump(0.5)  # answers that were under way count for nothing
    answered = load.answered
    while load.answered == answered:
        if time.monotonic() - begin > RECOVERY_S:
            return None
        load.pump(0.1)
        stack.check()
    return time.monotonic() - begin


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _remaining(processes: set[psutil.Process]) -> set[psutil.Process]:
    """Return the processes that have not ended within ENDING_S."""
    deadline = time.monotonic() + ENDING_S
    while (living := {process for process in processes if _lives(process)}) and time.monotonic() < deadline:
        time.sleep(0.1)
    return living
