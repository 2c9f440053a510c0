# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""``robobrain bench transport``: what listening to a camera costs, against a plain subscriber in the same run."""

import multiprocessing
import statistics
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

from robobrain_ros.bench import listeners
from robobrain_ros.bench.listeners import HEIGHT, RATE_HZ, WIDTH, Use
from robobrain_ros.commands.local_stack import isolate
from robobrain_ros.commands.output import Tell, ignore
from robobrain_ros.commands.progress_bar import Progress
from robobrain_ros.engines.ending import uninterrupted
from robobrain_ros.ros.fastdds import use_image_profile

T = TypeVar('T')
U = TypeVar('U')
TURN_S = 5.0
"""The subscribers take turns of about so long, so that what else the host does falls on all of them."""
MOST_ALWAYS, MOST_ON_DEMAND, LONGEST_FIRST_FRAME_MS, LEAST_RATE_HZ = 1.1, 0.1, 150.0, 29.5


@dataclass
class Figures:
    """What the three subscribers used, and how long first images took."""

    plain: Use = field(default_factory=Use)
    always: Use = field(default_factory=Use)
    idle: Use = field(default_factory=Use)
    first_frames_ms: list[float] = field(default_factory=list)

    def floors(self) -> list[tuple[str, str, str, bool]]:
        """Return rows: what was measured, the figure, what was promised, whether it holds."""
        always, idle = self.always.cpu / self.plain.cpu, self.idle.cpu / self.plain.cpu
        rate = self.always.rate_hz
        median, worst = statistics.median(self.first_frames_ms), max(self.first_frames_ms)
        return [
            ('plain subscriber', f'{self.plain.cpu:.1%} of a core, {self.plain.rate_hz:.2f} Hz', '', True),
            ('always', f'{self.always.cpu:.1%}, {always:.2f}x', f'<= {MOST_ALWAYS}x', always <= MOST_ALWAYS),
            ('always, received', f'{rate:.2f} Hz', f'>= {LEAST_RATE_HZ} Hz', rate >= LEAST_RATE_HZ),
            ('on_demand, idle', f'{self.idle.cpu:.1%}, {idle:.2f}x', f'<= {MOST_ON_DEMAND}x', idle <= MOST_ON_DEMAND),
            (
                f'on_demand, first of {len(self.first_frames_ms)}',
                f'median {median:.0f} ms, worst {worst:.0f} ms',
                f'<= {LONGEST_FIRST_FRAME_MS:.0f} ms',
                worst <= LONGEST_FIRST_FRAME_MS,
            ),
        ]


def run(seconds: float, requests: int, tell: Tell = ignore) -> int:
    """Measure, and print the table. Blocks.

    :param seconds: how long each subscriber is measured
    :param requests: how often the time to the first frame is measured
    :param tell: takes each figure with what was promised, and the times to first images
    :returns: the exit code: 1 if a floor does not hold
    """
    isolate()
    use_image_profile()
    processes = multiprocessing.get_context('spawn')
    camera = processes.Process(target=listeners.publish, daemon=True)
    with uninterrupted():  # a process that is half started would complain of it
        camera.start()
    figures = Figures()
    turns = max(round(seconds / TURN_S), 1)

    def measured(measure: Callable[[T], U], amount: T) -> U:
        # each in a fresh process, by a pool of its own: max_tasks_per_child hangs on 3.11, python/cpython#115634
        pool = ProcessPoolExecutor(1, processes, listeners.begin)
        with uninterrupted():
            future = pool.submit(measure, amount)
        result = future.result()
        pool.shutdown()  # not when this is interrupted: that would wait for the measurement, which is killed below
        return result

    try:
        with Progress('bench transport', 3 * turns, 'measurements') as progress:
            for _ in range(turns):
                figures.plain += measured(listeners.plain, seconds / turns)
                progress.advance()
                figures.always += measured(listeners.always, seconds / turns)
                progress.advance()
                figures.idle += measured(listeners.idle, seconds / turns)
                progress.advance()
            progress.say(f'{requests} requests for a first image ...')
            figures.first_frames_ms = measured(listeners.first_frames, requests)
    finally:
        for process in multiprocessing.active_children():  # the camera, and whoever measures when this is interrupted
            process.kill()
    floors = figures.floors()
    print(f'{WIDTH}x{HEIGHT} rgb8 at {RATE_HZ:.0f} Hz from another process, {seconds:g} s each, in {turns} turns')
    for what, figure, promise, holds in floors:
        print(f'{what:<24} {figure:<32} {promise:<12} {"" if not promise else "holds" if holds else "MISSED"}')
    passed = all(holds for *_, holds in floors)
    names = ('what', 'figure', 'promise', 'holds')
    uses = {name: getattr(figures, name) for name in ('plain', 'always', 'idle')}
    tell(
        {
            'figures': [dict(zip(names, floor, strict=True)) for floor in floors],
            'subscribers': {name: {'cpu': use.cpu, 'rate_hz': use.rate_hz} for name, use in uses.items()},
            'first_images_ms': figures.first_frames_ms,
            'passed': passed,
        }
    )
    return 0 if passed else 1
