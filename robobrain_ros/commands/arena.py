# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where episodes are played: ask the brain, let the trajectory follower move, judge what has happened."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

from builtin_interfaces.msg import Time
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from visualization_msgs.msg import MarkerArray

from robobrain_ros.commands.annotated import Annotated
from robobrain_ros.commands.episodes import Episode, Outcome, episodes
from robobrain_ros.commands.output import Rows
from robobrain_ros.commands.watching import Verdict
from robobrain_ros.msg import Answer
from robobrain_ros.ros.camera.conversions import to_rgb
from robobrain_ros.ros.client import Client, NoReply
from robobrain_ros.sim.world import State
from robobrain_ros.sim.world_state import from_markers

CAMERA = '/simulated_camera'
COLUMNS = {'seed': 7, 'task': 10, 'instruction': None, 'end': 6, 's': 5, 'remark': None}
"""Titles and widths for ``Rows``."""
PATIENCE_S = 10.0
"""Longest wait for a picture, or for the world's state, after what must lead to it."""
LONGEST_S = 120.0
"""Longest motion."""


class Watching(Protocol):
    """What watches an attempt."""

    def remember(self, start: Image) -> None:
        """Take the image from before the attempt, as the camera gave it. May block."""

    def watch(self, instruction: str) -> Verdict:
        """Block until there is a verdict."""


@dataclass(frozen=True)
class Motion:
    """What came of carrying out an answer."""

    moved: bool
    verdict: Verdict | None = None
    """What the monitor says; None where nothing was watched."""
    why: str = ''
    """What whoever moves says of it, if it could not do all of it."""
    carried_out: bool = False
    """Whether it says that it has done all of it."""


class Arena:
    """The simulator as an outside observer sees it, and the brain as its clients do.

    :param client: of the brain that the simulated gripper follows
    """

    def __init__(self, client: Client) -> None:
        """Listen to the simulated camera and to the brain."""
        self._client = client
        self._heard: list[MarkerArray] = []
        self._images: list[Image] = []
        latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        client.node.create_subscription(MarkerArray, 'objects', self._heard.append, latched)
        client.node.create_subscription(Image, 'image', self._keep_image, 1)
        self._annotated = Annotated(client)

    def play(self, episode: Episode) -> Outcome:
        """Play one episode with one attempt; blocks for some seconds.

        :raises NoReply: if simulator or brain do not answer
        """
        self.begin(episode)
        return self.attempt(episode)

    def begin(self, episode: Episode, fault: str = '') -> None:
        """Let the simulator show the table top of an episode; blocks until it does.

        :param fault: what is to go wrong there once, such as 'slip' (sim/faults.py)
        :raises NoReply: if the simulator does not answer
        """
        asked = self._client.node.get_clock().now().to_msg()
        self._show(episode.seed, fault)
        begun = lambda: self._heard and _order(self._stamp()) >= _order(asked)  # noqa: E731
        self._until(begun, PATIENCE_S, 'the state of the world')
        del self._heard[:-1]

    def attempt(self, episode: Episode, watcher: Watching | None = None) -> Outcome:
        """Ask what to do about the present image, and see what comes of it; blocks for some seconds.

        :param watcher: watches the motion
        :raises NoReply: if simulator or brain do not answer
        """
        begin, known, stamp = time.monotonic(), len(self._heard), self._stamp()
        before = self._image_after(stamp)
        if watcher:
            watcher.remember(before)
        task, instruction = episode.question
        answer = self._client.query(task, instruction, timeout_s=60, not_before=stamp)
        ended = self._wait_for_motion(answer, known, watcher) if answer.error_code == Answer.OK else Motion(False)
        after = self._image_after(self._stamp())
        state = from_markers(self._heard[-1])
        done, metres = episode.judge(state)
        success = done and len(self._heard) > 1  # something has moved, now or in an attempt before
        drawn, first = self._annotated.of(answer), to_rgb(before)
        pictures = (first, first if drawn is None else drawn, to_rgb(after))
        took = time.monotonic() - begin
        return Outcome(
            episode, answer, success, metres, ended.moved, pictures, took, state.fault, ended.verdict, ended.why,
            ended.carried_out,
        )  # fmt: skip

    def _show(self, seed: int, fault: str) -> None:
        """Tell the simulator which table top to begin, and what is to go wrong there."""
        self._client.set_parameters(CAMERA, fault=fault, seed=seed)

    def _wait_for_motion(self, answer: Answer, known: int, watcher: Watching | None) -> Motion:
        """Block until what has been answered is carried out.

        :param known: so many states of the world had come before the question
        """
        verdict = watcher.watch(answer.instruction) if watcher else None
        moved = self._spin(lambda: len(self._heard) > known, PATIENCE_S)
        self._until(self._is_still, LONGEST_S, 'the end of the motion')
        return Motion(moved, verdict)

    def states(self) -> list[tuple[float, State]]:
        """Return what was seen of the world since the episode began: the time of its stamp, seconds, and the state."""
        stamps = (array.markers[0].header.stamp for array in self._heard)
        times = [stamp.sec + stamp.nanosec / 1e9 for stamp in stamps]
        return list(zip(times, map(from_markers, self._heard), strict=True))

    def _keep_image(self, image: Image) -> None:
        self._images[:] = [image]

    def _is_still(self) -> bool:
        return not from_markers(self._heard[-1]).moving

    def _stamp(self) -> Time:
        """Return when the newest state was true."""
        return self._heard[-1].markers[0].header.stamp

    def _image_after(self, stamp: Time) -> Image:
        later = lambda: self._images and _order(self._images[0].header.stamp) >= _order(stamp)  # noqa: E731
        self._until(later, PATIENCE_S, 'an image of the simulated camera')
        return self._images[0]

    def _spin(self, condition: Callable[[], object], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition() and time.monotonic() < end:
            self._client.executor.spin_once(0.1)
        return bool(condition())

    def _until(self, condition: Callable[[], object], seconds: float, what: str) -> None:
        if not self._spin(condition, seconds):
            raise NoReply(f'{what}: nothing within {seconds:g} s')


def _order(stamp: Time) -> tuple[int, int]:
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
