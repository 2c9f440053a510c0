# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Episodes in the simulated world: what is asked for on which table top, when it is done, and how it ended.

The judge sees where things are in the simulator (topic ``objects``), never what the model has answered.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np

from robobrain_ros.commands.watching import Verdict
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Answer
from robobrain_ros.sim.questions import MOVABLE, RECEIVING
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.sim.world import State

KINDS = ('point', 'reach', 'put')


@dataclass(frozen=True)
class Episode:
    """One thing to do on one table top."""

    seed: int
    kind: str
    """point, reach or put."""
    what: str
    """Name of the thing, such as ``red cube``."""
    where: str = ''
    """Name of what the thing is to rest on or in; empty where it is not to be put anywhere."""

    @property
    def question(self) -> tuple[str, str]:
        """Task and instruction for the brain."""
        if self.kind == 'point':
            return 'pointing', f'the {self.what}'
        if self.kind == 'reach':
            return 'trajectory', f'reach the {self.what}'
        return 'mission', f'put the {self.what} {"in" if self.where.endswith("bowl") else "on"} the {self.where}'

    def judge(self, state: State) -> tuple[bool, float]:
        """Return whether it is done, and the metres left: from the gripper to ``what``, or that to ``where``."""
        what = state.body(self.what)
        if self.kind != 'put':
            return state.touches(self.what), what.distance(state.gripper)
        where = state.body(self.where)
        return state.rests_on(self.what, self.where), math.hypot(*(what.position - where.position)[:2])


def episodes(first_seed: int, kinds: Sequence[str] = KINDS) -> Iterator[Episode]:
    """Yield episodes without end: a new table top each, the kinds in turn, with things whose middle is in sight."""
    number = 0
    for seed in count(first_seed):
        rng = np.random.default_rng(seed)
        truth = TableTop(seed).truth()
        seen = [thing for index, thing in enumerate(truth.objects) if _at(truth.labels, thing.centre) == index]
        kind = kinds[number % len(kinds)]
        pairs = [
            (what.name, where.name)
            for what in seen
            for where in seen
            if what is not where
            and (kind != 'put' or (what.item.shape in MOVABLE and where.item.shape in RECEIVING))
            and not (what.item.shape == 'ball' and where.item.shape == 'cube')
        ]
        if pairs:
            what, where = pairs[rng.integers(len(pairs))]
            yield Episode(seed, kind, what, where if kind == 'put' else '')
            number += 1


def _at(labels: np.ndarray, pixel: tuple[float, float]) -> int:
    """Return the label at (u, v); -1 outside of the image."""
    column, row = round(pixel[0]), round(pixel[1])
    inside = 0 <= row < labels.shape[0] and 0 <= column < labels.shape[1]
    return int(labels[row, column]) if inside else -1


@dataclass(frozen=True)
class Outcome:
    """How an episode ended."""

    episode: Episode
    answer: Answer
    success: bool
    metres: float
    """Distance that was left at the end."""
    moved: bool
    pictures: tuple[np.ndarray, ...]
    """Three RGB images: before, with the answer on it, after."""
    seconds: float
    """From the question to the end of the motion."""
    fault: str = ''
    """What has gone wrong on purpose so far."""
    verdict: Verdict | None = None
    """What the monitor says; None where nothing was watched."""
    why: str = ''
    """What whoever moves says of it, if it could not do all of it."""
    carried_out: bool = False
    """Whether whoever moves says that it has done all of it; False where it says nothing."""

    @property
    def seems_failed(self) -> bool:
        """Whether it is to be tried again, as the monitor sees it.

        That it sees no progress any more says nothing where all has been carried out.
        """
        verdict = self.verdict
        return verdict is not None and verdict.bad and not (self.carried_out and verdict.outcome != 'FAILED')

    def remark(self) -> str:
        """Say why it failed, or how well it went."""
        if self.answer.error_code != Answer.OK:
            return str(self.answer.error_message)
        if self.why:
            return self.why
        far = f'{100 * self.metres:.1f} cm'
        if not self.moved:
            return f'nothing moved ({far}); ' + '; '.join(self.answer.warnings[:1])
        return f'{"the gripper is" if self.episode.kind != "put" else "their middles are"} {far} away'

    def record(self) -> dict[str, Any]:
        """Return what JSON can hold of it."""
        task, instruction = self.episode.question
        return {
            'seed': self.episode.seed,
            'kind': self.episode.kind,
            'task': task,
            'instruction': instruction,
            'success': self.success,
            'error': ErrorCode(self.answer.error_code).name,
            'moved': self.moved,
            'metres_left': self.metres,
            'seconds': self.seconds,
            'remark': self.remark(),
        }
