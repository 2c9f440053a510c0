# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Episodes in the simulated world: ask the brain, let the trajectory follower move, judge what has happened.

The judge sees where things are in the simulator (topic ``objects``), never what the model has answered.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from robobrain_ros.commands.annotated import Annotated
from robobrain_ros.commands.output import Rows
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Answer
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.client import Client, NoReply
from robobrain_ros.sim.scene import TableTop
from robobrain_ros.sim.world import State
from robobrain_ros.sim.world_state import from_markers

KINDS = ('point', 'reach', 'put')
MOVABLE = ('cube', 'ball', 'cylinder', 'mug')
RECEIVING = ('bowl', 'plate', 'cube')
CAMERA = '/simulated_camera'
COLUMNS = {'seed': 7, 'task': 10, 'instruction': None, 'end': 6, 's': 5, 'remark': None}
"""Titles and widths for ``Rows``."""
PATIENCE_S = 10.0
"""Longest wait for a picture, or for the world's state, after what must lead to it."""


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


def episodes(first_seed: int) -> Iterator[Episode]:
    """Yield episodes without end: a new table top each, the kinds in turn, with things whose middle is in sight."""
    kinds = 0
    for seed in count(first_seed):
        rng = np.random.default_rng(seed)
        truth = TableTop(seed).truth()
        seen = [thing for index, thing in enumerate(truth.objects) if _at(truth.labels, thing.centre) == index]
        kind = KINDS[kinds % len(KINDS)]
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
            kinds += 1


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

    def remark(self) -> str:
        """Say why it failed, or how well it went."""
        if self.answer.error_code != Answer.OK:
            return str(self.answer.error_message)
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


class Arena:
    """The simulator as an outside observer sees it, and the brain as its clients do."""

    def __init__(self, client: Client) -> None:
        """Listen to the simulated camera, which follows this client's brain, and to the brain."""
        self._client = client
        self._states: list[MarkerArray] = []
        self._images: list[Image] = []
        latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        client.node.create_subscription(MarkerArray, 'objects', self._states.append, latched)
        client.node.create_subscription(Image, 'image', self._keep_image, 1)
        self._annotated = Annotated(client)

    def play(self, episode: Episode) -> Outcome:
        """Run one episode; blocks for some seconds.

        :raises NoReply: if simulator or brain do not answer
        """
        begin = time.monotonic()
        asked = self._client.node.get_clock().now().to_msg()
        self._client.set_parameters(CAMERA, seed=episode.seed)
        begun = lambda: self._states and _seconds(self._stamp()) >= _seconds(asked)  # noqa: E731
        self._until(begun, PATIENCE_S, 'the state of the world')
        state, stamp = self._states[-1], self._stamp()
        self._states.clear()
        before = self._image_after(stamp)
        task, instruction = episode.question
        answer = self._client.query(task, instruction, timeout_s=60, not_before=stamp)
        moved = answer.error_code == Answer.OK and self._spin(lambda: self._states, PATIENCE_S)
        if moved:
            state = self._states[-1]
        after = self._image_after(state.markers[0].header.stamp)
        success, metres = episode.judge(from_markers(state))
        drawn = self._annotated.of(answer)
        pictures = (before, before if drawn is None else drawn, after)
        seconds = time.monotonic() - begin
        return Outcome(episode, answer, moved and success, metres, moved, pictures, seconds)

    def _keep_image(self, image: Image) -> None:
        self._images[:] = [image]

    def _stamp(self) -> Time:
        """Return when the newest state was true."""
        return self._states[-1].markers[0].header.stamp

    def _image_after(self, stamp: Time) -> np.ndarray:
        later = lambda: self._images and _seconds(self._images[0].header.stamp) >= _seconds(stamp)  # noqa: E731
        self._until(later, PATIENCE_S, 'an image of the simulated camera')
        return to_rgb(self._images[0])

    def _spin(self, condition: Callable[[], object], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self._client.executor.spin_once(0.1)
        return bool(condition())

    def _until(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        if not self._spin(condition, seconds):
            raise NoReply(f'{what}: nothing within {seconds:g} s')


def _seconds(stamp: Time) -> tuple[int, int]:
    return stamp.sec, stamp.nanosec


def play(arena: Arena, number: int, first_seed: int) -> Iterator[Outcome]:
    """Play this many episodes, printing a row of a table for each; blocks."""
    table = Rows(COLUMNS)
    for episode in islice(episodes(first_seed), number):
        outcome = arena.play(episode)
        task, instruction = episode.question
        end = 'done' if outcome.success else 'FAILED'
        table.add(
            str(episode.seed), task, instruction, end, f'{outcome.seconds:.1f}', outcome.remark(),
            style='' if outcome.success else 'red',
        )  # fmt: skip
        yield outcome
