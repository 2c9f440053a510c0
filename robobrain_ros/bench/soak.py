# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain bench soak``: continuous requests, and whether the memory of the node's process grows."""

import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

import psutil
from rclpy.node import Node

from robobrain_ros.bench import QUIET
from robobrain_ros.bench.load import Load
from robobrain_ros.commands.local_stack import LocalStack, bring_up_visibly, isolate, ros
from robobrain_ros.commands.output import Tell, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.ros.client import Client

MOST_GROWTH = 0.02
"""Share by which memory may grow."""
WARM_S = 60.0
"""Growth counts after so long: until then, caches fill."""
SAMPLE_S = 1.0
AVERAGED = 10
"""How many samples are averaged at either end."""


class Memory(NamedTuple):
    """What a process has in memory, MiB."""

    resident: float
    private: float
    """Without files and shared memory: what a leak adds to, also where the kernel drops pages of files meanwhile."""

    @staticmethod
    def of(process: psutil.Process) -> 'Memory':
        """Return what a process has now."""
        info = process.memory_info()
        return Memory(info.rss / 2**20, (info.rss - info.shared) / 2**20)

    def __str__(self) -> str:
        return f'{self.resident:.1f} MiB ({self.private:.1f} private)'


def median(samples: Sequence[Memory]) -> Memory:
    """Return the medians of resident and of private memory, each by itself."""
    return Memory(*map(statistics.median, zip(*samples, strict=True)))


def run(minutes: float, tell: Tell = ignore) -> int:
    """Ask without a pause, watch the node's memory, print what it did. Blocks.

    :param minutes: how long; in runs of less than two, the first half is for warming up
    :param tell: takes how requests ended, and the memory at first and at last
    :returns: the exit code: 1 if memory grew by more than MOST_GROWTH, or a request failed
    """
    isolate()
    seconds = 60 * minutes
    warm_s = min(WARM_S, seconds / 2)
    with LocalStack() as stack:
        stack.start('sim.camera', ['--ros-args', '--log-level', 'simulated_camera:=warn'])
        process = psutil.Process(stack.start('ros.node', QUIET).pid)
        with ros():
            client = Client(Node('bench_soak'), check=stack.check)
            bring_up_visibly(client)
            load = Load(client, at_once=2)
            samples: list[Memory] = []
            begin = time.monotonic()
            with Progress('bench soak', seconds, 's') as progress:
                while (elapsed := time.monotonic() - begin) < seconds:
                    load.pump(SAMPLE_S)
                    progress.reach(min(time.monotonic() - begin, seconds))
                    stack.check()
                    if elapsed < warm_s:
                        continue
                    samples.append(Memory.of(process))
                    if len(samples) % 30 == 1:
                        print(f'{elapsed:5.0f} s: {samples[-1]}, {load.outcomes.total()} requests', flush=True)
            load.drain()
            load.close()
            client.close()
    at_first, at_last = median(samples[:AVERAGED]), median(samples[-AVERAGED:])
    growth = at_last.resident / at_first.resident - 1
    print(f'{load.outcomes.total()} requests in {minutes:g} min: {dict(load.outcomes)}, {load.hung} hung')
    print(f'memory of the node: {at_first} after {warm_s:.0f} s, {at_last} at the end')
    print(f'growth {growth:+.2%}, {MOST_GROWTH:.0%} allowed')
    failures = load.outcomes.total() - load.answered + load.hung
    print(f'{failures} requests failed')
    passed = growth <= MOST_GROWTH and not failures
    tell(
        {
            'minutes': minutes,
            'outcomes': load.outcomes,
            'hung': load.hung,
            'failed': failures,
            'memory_mib': {'first': at_first._asdict(), 'last': at_last._asdict()},
            'growth': growth,
            'growth_allowed': MOST_GROWTH,
            'passed': passed,
        }
    )
    return 0 if passed else 1
