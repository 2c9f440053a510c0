# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Where the model sees a thing, while pictures go on coming: its answer is about a picture that is old by then.

What has come meanwhile is kept, so that a tracker that begins in the picture of the question can catch up.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

import cv2
import numpy as np

from robobrain_ros.answer import Answer, Target
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Frame
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.point_tracker import Picture, PointTracker, Seen

HOLD_S = 1.0
"""A question waits so long for the robot's own requests to end; then it is computed beside them."""
TRAIL = 24
"""So many pictures are kept while the model thinks; of more, every second one is forgotten."""


@dataclass(frozen=True)
class Look:
    """One picture of a camera, converted."""

    frame: Frame
    picture: Picture
    stamp_s: float

    @classmethod
    def take(cls, frame: Frame, stamp_s: float) -> 'Look':
        """Convert a frame, which may take milliseconds.

        :param stamp_s: when the picture was taken, seconds
        :raises BrainError: BAD_IMAGE if the picture cannot be used; depth that cannot is left out
        """
        rgb, depth = frame.rgb(), None
        with suppress(BrainError):
            depth = frame.depth()
        if depth is not None and depth.shape != rgb.shape[:2]:
            depth = _of_size(depth, rgb.shape[1], rgb.shape[0])
        return cls(frame, Picture(rgb, depth), stamp_s)


class Anchor:
    """Asks the model where a thing is, one question at a time, after the robot's own requests; in the engine's loop.

    :param settings: for its questions
    :param timeout_s: time limit of each, seconds
    """

    def __init__(self, brain: Brain, task: str, instruction: str, settings: Settings, timeout_s: float) -> None:
        self._brain = brain
        self._task = task
        self._instruction = instruction
        self._settings = settings
        self._timeout_s = timeout_s
        self._newest: Look | None = None
        self._trail: list[Look] = []
        self._asking: asyncio.Task[Answer] | None = None
        self.asked_pixel: tuple[float, float] | None = None
        """Where the tracker saw the point in the picture of the question."""
        self.asked_s = 0.0
        """That picture's stamp, seconds."""
        self.pixel: tuple[float, float] | None = None
        """Where the tracker sees the point in the newest picture; None: nowhere."""

    def see(self, look: Look, pixel: tuple[float, float] | None) -> None:
        """Take the newest picture: the next question is about it, and the present one may need it to catch up.

        :param pixel: where the tracker sees the point in it; None: nowhere
        """
        self._newest, self.pixel = look, pixel
        if self._trail:
            self._trail.append(look)
            if len(self._trail) > TRAIL:
                self._trail = [*self._trail[:-1:2], look]

    @property
    def is_asking(self) -> bool:
        """Whether a question is on its way, or its answer has not been fetched."""
        return self._asking is not None

    def ask(self) -> None:
        """Ask about the picture that is the newest when the question's turn comes; returns at once."""
        self._asking = asyncio.get_running_loop().create_task(self._answer())

    def fetch(self) -> Answer | None:
        """Take the answer, if there is one."""
        if self._asking is None or not self._asking.done():
            return None
        asked, self._asking = self._asking, None
        return asked.result()

    def caught_up(self, target: Target) -> PointTracker | str:
        """Follow a target from the picture of the question to the newest one; some milliseconds a picture.

        :returns: a tracker that has seen the newest picture, or why it is not seen there
        """
        first, *others = self._trail
        try:
            tracker = PointTracker(first.picture, target.pixel, target.box)
        except ValueError as error:
            return str(error)
        seen: Seen | str = tracker.seen
        for look in others:
            seen = tracker.step(look.picture)
        return seen if isinstance(seen, str) else tracker

    def forget(self) -> None:
        """Give the pictures of the last question back."""
        self._trail = []

    def drop(self) -> None:
        """End the question, if there is one, and forget all pictures."""
        if self._asking is not None:
            self._asking.cancel()
        self._asking = self._newest = None
        self.forget()

    async def _answer(self) -> Answer:
        await self._brain.until_idle(HOLD_S)
        job = self._brain.submit(
            self._task, self._instruction, self._take, self._timeout_s, settings=self._settings, guest=True
        )
        try:
            return await asyncio.wrap_future(job.done)
        except asyncio.CancelledError:
            job.stop(ErrorCode.CANCELLED, 'nobody follows it any more')
            raise

    async def _take(self) -> Frame:
        """Take the newest picture for the question, whose turn has come."""
        assert self._newest is not None, 'nothing is asked before there is a picture'
        self._trail = [self._newest]
        self.asked_pixel, self.asked_s = self.pixel, self._newest.stamp_s
        return self._newest.frame


def _of_size(depth: np.ndarray, width: int, height: int) -> np.ndarray | None:
    """Depth in the size of its picture; None where it has another shape, and so shows something else."""
    if depth.shape[1] * height != depth.shape[0] * width:
        return None
    return np.asarray(cv2.resize(np.asarray(depth, np.float32), (width, height), interpolation=cv2.INTER_NEAREST))
