# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Episodes in which things go wrong on purpose: an attempt, the monitor's verdict, and another attempt if it is bad."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from robobrain_ros.commands.arena import Arena, Watching
from robobrain_ros.commands.episodes import Episode, Outcome
from robobrain_ros.sim.faults import Fault, other_near
from robobrain_ros.sim.goals import Goal, progress_of
from robobrain_ros.sim.layout import draw
from robobrain_ros.sim.world import Body

MOST = 3
"""So many attempts at the most."""


@dataclass(frozen=True)
class Trial:
    """How one episode went, attempt by attempt."""

    episode: Episode
    planned: str
    """What was to go wrong; empty: nothing."""
    outcomes: tuple[Outcome, ...]
    """How each attempt ended."""
    truth: tuple[tuple[float, float], ...]
    """The true progress from the start of the last attempt that began at that time: stamp, seconds, and 0 .. 1."""

    @property
    def fault(self) -> str:
        """What has gone wrong on purpose; empty where there was no occasion."""
        return self.outcomes[-1].fault

    @property
    def success(self) -> bool:
        """Whether the things are in their place in the end."""
        return self.outcomes[-1].success

    @property
    def first_success(self) -> bool:
        """Whether they were after the first attempt: all that there is without a monitor."""
        return self.outcomes[0].success

    @property
    def noticed(self) -> bool:
        """Whether the attempt in which the fault happened was taken for a failure."""
        struck = next((outcome for outcome in self.outcomes if outcome.fault), None)
        return struck is not None and struck.seems_failed

    @property
    def recovered(self) -> bool:
        """Whether a fault happened, and the things are in their place nevertheless."""
        return bool(self.fault) and self.success

    @property
    def false_alarm(self) -> bool:
        """Whether an attempt that had succeeded was taken for a failure."""
        return any(outcome.success and outcome.seems_failed for outcome in self.outcomes)

    @property
    def false_success(self) -> bool:
        """Whether an attempt that had failed was taken for a success."""
        pairs = ((outcome.success, outcome.verdict) for outcome in self.outcomes)
        return any(not success and verdict is not None and verdict.good for success, verdict in pairs)

    @property
    def seconds(self) -> float:
        """What all attempts took."""
        return sum(outcome.seconds for outcome in self.outcomes)

    def record(self) -> dict[str, Any]:
        """Return what JSON can hold of it: that of the last attempt, and what is said about all of them."""
        attempts = [
            {
                'success': outcome.success,
                'remark': outcome.remark(),
                'verdict': outcome.verdict.outcome if outcome.verdict else None,
                'reason': outcome.verdict.reason if outcome.verdict else None,
                'progress': [list(sample) for sample in outcome.verdict.samples] if outcome.verdict else [],
            }
            for outcome in self.outcomes
        ]
        return self.outcomes[-1].record() | {
            'seconds': self.seconds,
            'planned_fault': self.planned,
            'fault': self.fault,
            'noticed': self.noticed,
            'recovered': self.recovered,
            'false_alarm': self.false_alarm,
            'false_success': self.false_success,
            'success_without_monitor': self.first_success,
            'attempts': attempts,
            'true_progress': [list(sample) for sample in self.truth],
        }


def run(arena: Arena, watcher: Watching | None, episode: Episode, fault: str) -> Trial:
    """Play one episode; blocks for some seconds an attempt.

    Asks again from the present image as long as the monitor says that it has failed, ``MOST`` times at the most. A
    question that is answered by an error moves nothing and ends the episode: the same image would be answered alike.

    :param watcher: None: there is one attempt
    :param fault: what is to go wrong, one of ``Fault``; empty: nothing
    :raises NoReply: if simulator or brain do not answer
    """
    outcomes: list[Outcome] = []
    goal = Goal('put', episode.what, episode.where)
    truth: list[tuple[float, float]] = []
    arena.begin(episode, fault)
    while len(outcomes) < MOST:
        before = len(arena.states()) - 1
        outcomes.append(arena.attempt(episode, watcher))
        (known, start), *later = arena.states()[before:]
        asked = outcomes[-1].answer.header.stamp
        truth.append((asked.sec + asked.nanosec / 1e9 if asked.sec else known, 0.0))
        truth += [(stamp, progress_of(start, state, goal)) for stamp, state in later]
        if not outcomes[-1].seems_failed:
            break
    return Trial(episode, fault, tuple(outcomes), tuple(truth))


def plant(found: Iterable[Episode], share: float) -> Iterator[tuple[Episode, str]]:
    """Yield each episode with what is to go wrong in it, in turn; empty for all but ``share`` (0 .. 1) of them.

    A fault that has no occasion on this table top gives way to the next one, and comes up soon after.
    """
    due = [fault.value for fault in Fault]
    for number, episode in enumerate(found):
        if math.floor(share * (number + 1) + 1e-9) == math.floor(share * number + 1e-9):
            yield episode, ''
            continue
        wrong = _can_be_mistaken(episode)
        fault = next(fault for fault in due if fault != Fault.WRONG or wrong)
        due.remove(fault)
        due.append(fault)
        yield episode, fault


def _can_be_mistaken(episode: Episode) -> bool:
    bodies = [Body(item, np.array([item.x, item.y, 0.0])) for item in draw(episode.seed, 640, 480).items]
    return any(body.name == episode.what and other_near(body, bodies) for body in bodies)
