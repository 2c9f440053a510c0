# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Task progress, over many images: each look at the robot is compared with the start, the goal and the look before.

The scores' meaning is in ``progress_values.py``; when a task is done or went wrong, ``progress_rules.py`` says.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import isnan, nan

import numpy as np

from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.frame import Rgb
from robobrain_ros.brain.pipeline import Settings
from robobrain_ros.brain.progress_values import after_hop, consistency, from_backward, from_forward, fused
from robobrain_ros.engines.base import Generation
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.geometry.resize import at_most
from robobrain_ros.tasks.progress import GUIDE, MAX_TOKENS, STOP, Mode, pieces, read_score

MOST_PIXELS = 320 * 240
"""Larger images of this task are scaled down to this: the model was trained with no more (``max_pixels`` 76800)."""
BLANK = 128
"""Level of the grey picture that stands for an unknown goal, as in the published scripts."""
Look = tuple[Rgb, ...]
"""The images of one moment as the model gets them: front, or front, left and right."""
HOLD_S = 1.0
"""A step waits so long for the robot's questions to end; then it is computed beside them."""


@dataclass(frozen=True)
class Views:
    """What the robot's cameras see at one moment: RGB images, height x width x 3, uint8, of any size each.

    :param front: the camera that sees the scene
    :param left: at the left wrist; None: there is none, and the front image is shown in its place
    :param right: at the right wrist, likewise
    """

    front: Rgb
    left: Rgb | None = None
    right: Rgb | None = None


@dataclass(frozen=True)
class Sample:
    """How far the task is at one moment. What is not known is NaN."""

    stamp_s: float
    """When the cameras saw it: the caller's stamp."""
    progress: float = nan
    """The mean of the modes that are known, 0 .. 1."""
    hop: float = nan
    """How much closer since the look before, -1 .. 1; mode incremental."""
    modes: Mapping[Mode, float] = field(default_factory=dict)
    """Progress by mode, 0 .. 1."""
    weight: float = nan
    """How well forward and backward agree, 0 .. 1."""
    texts: Mapping[Mode, str] = field(default_factory=dict)
    """The model's answers."""
    fault: str = ''
    """Why it is not valid."""
    milliseconds: float = 0.0
    """From the images to this sample."""
    code: ErrorCode = ErrorCode.OK
    """The kind of ``fault``: UNPARSABLE where the model gave no score, else what the engine said."""

    @property
    def valid(self) -> bool:
        """Whether any mode knows the progress."""
        return not isnan(self.progress)


class Tracker:
    """Follows one task on one brain. Steps of one tracker are taken one after the other.

    ::

        tracker = Tracker(brain, 'put the red cube on the plate', goal_image)
        while True:
            sample = await tracker.step(Views(camera.read()), time.time())

    :param brain: it may be asked other things meanwhile; they come first
    :param instruction: the task, in one line
    :param goal: RGB image of the front camera with the task done, of this or an earlier run; None: it is unknown, which
        leaves out mode backward
    :param modes: what each look is compared with; progress is the mean of what they say
    :param start: what the cameras saw when the task began; None: the first step is the start
    :param settings: temperature and guided decoding; None takes the brain's
    :raises BadRequest: for an instruction that is not fit for the prompt, a model that cannot do this, or no mode that
        can be used
    """

    def __init__(
        self,
        brain: Brain,
        instruction: str,
        goal: Rgb | None = None,
        modes: Sequence[Mode | str] = tuple(Mode),
        start: Views | None = None,
        settings: Settings | None = None,
    ) -> None:
        self._brain, self._settings = brain, settings
        self._texts = pieces(instruction, brain.pipeline.profile)
        known = (Mode.INCREMENTAL, Mode.FORWARD) if goal is None else tuple(Mode)
        self.modes = tuple(dict.fromkeys(mode for mode in map(_mode, modes) if mode in known))
        """Those that are asked."""
        if not self.modes:
            names = [str(getattr(mode, 'value', mode)) for mode in modes]
            raise BadRequest(
                f'modes is {names}, but there must be one of {", ".join(mode.value for mode in known)}'
                + ('; backward needs a goal image' if goal is None else '')
            )
        self._goal = None if goal is None else self._fit(goal)
        self._start = self._before = None if start is None else self._images(start)
        self._progress = 0.0
        """What mode incremental says at ``_before``."""
        self._turn = asyncio.Lock()

    async def step(self, views: Views, stamp_s: float) -> Sample:
        """Take a look: compare what the cameras see now. From any event loop; cancelling it ends the requests.

        A step that is called while another one runs waits for its end. A failure of the engine makes a sample that is
        not valid and says why; the next step may succeed, unless the brain was closed.

        :param stamp_s: when the cameras saw it, seconds; returned with the sample
        :returns: progress; 0 for the first step of a tracker without a start, which asks nothing
        :raises BadRequest: for an image that is no RGB image
        """
        try:
            return await asyncio.wrap_future(self._brain.begin(partial(self._in_turn, views, stamp_s)))
        except BrainError as error:
            if error.code is not ErrorCode.ENGINE_DEAD:
                raise
            why = str(error)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is None or caller.cancelling():
                raise
            why = 'the brain was closed meanwhile'
        unknown = dict.fromkeys(self.modes, nan)
        texts = dict.fromkeys(self.modes, '')
        return Sample(stamp_s, modes=unknown, texts=texts, fault=why, code=ErrorCode.ENGINE_DEAD)

    async def _in_turn(self, views: Views, stamp_s: float) -> Sample:
        async with self._turn:
            return await self._step(views, stamp_s)

    async def _step(self, views: Views, stamp_s: float) -> Sample:
        begin = time.monotonic()
        now = await asyncio.to_thread(self._images, views)
        if self._start is None or self._before is None:
            self._start = self._before = now
            return Sample(stamp_s, 0.0, nan, dict.fromkeys(self.modes, 0.0))
        await self._brain.until_idle(HOLD_S)
        asked = [self._generation(mode, self._start, self._before, now) for mode in self.modes]
        replies = dict(zip(self.modes, await asyncio.gather(*map(self._ask, asked)), strict=True))
        return self._judged(stamp_s, now, replies, 1000 * (time.monotonic() - begin))

    def _judged(self, stamp_s: float, now: Look, replies: Mapping[Mode, '_Reply'], milliseconds: float) -> Sample:
        """What the replies say; the look becomes the one before, if it is known how far from there it is."""
        scores = {mode: reply.score for mode, reply in replies.items()}
        values = {mode: self._value(mode, score) for mode, score in scores.items()}
        hop, progress = scores.get(Mode.INCREMENTAL, nan), fused(values.values())
        if not isnan(hop):
            self._progress, self._before = values[Mode.INCREMENTAL], now
        bad = next((reply for reply in replies.values() if reply.fault and isnan(progress)), _Reply())
        weight = consistency(values.get(Mode.FORWARD, nan), values.get(Mode.BACKWARD, nan))
        texts = {mode: reply.text for mode, reply in replies.items()}
        return Sample(stamp_s, progress, hop, values, weight, texts, bad.fault, milliseconds, bad.code)

    def _value(self, mode: Mode, score: float) -> float:
        if mode is Mode.INCREMENTAL:
            return after_hop(self._progress, score)
        return from_forward(score) if mode is Mode.FORWARD else from_backward(score)

    def _generation(self, mode: Mode, start: Look, last: Look, now: Look) -> Generation:
        goal = self._goal if self._goal is not None else np.full_like(start[0], BLANK)
        # there are no goal images of the wrists: the front one stands for all
        before = {Mode.INCREMENTAL: last, Mode.FORWARD: start, Mode.BACKWARD: (goal,) * len(now)}[mode]
        images = (start[0], goal, *before, *now)
        content: list[str | np.ndarray] = [self._texts[0]]
        for image, text in zip(images, self._texts[1:], strict=True):
            content += [image, text]
        settings = self._settings or self._brain.settings
        return Generation(
            content=tuple(piece for piece in content if not isinstance(piece, str) or piece),
            max_tokens=MAX_TOKENS,
            request_id=uuid.uuid4().hex,
            stop=STOP,
            guide=GUIDE if settings.guided_decoding else None,
            reply_prefix=self._brain.pipeline.profile.reply_prefix,
            temperature=settings.temperature,
        )

    async def _ask(self, asked: Generation) -> '_Reply':
        text, finish = '', ''
        try:
            async for delta in self._brain.engine.generate(asked):
                text, finish = text + delta.text, delta.finish_reason
        except BrainError as error:
            return _Reply(text, nan, str(error), error.code)
        if finish == 'abort':
            return _Reply(text, nan, 'the engine was ended meanwhile', ErrorCode.ENGINE_DEAD)
        score = read_score(text, finish == 'length')
        if isnan(score):
            return _Reply(text, nan, f'the answer {text!r} is no score', ErrorCode.UNPARSABLE)
        return _Reply(text, score)

    def _images(self, views: Views) -> Look:
        """The images of one look as the model gets them, one for each view that its prompt shows."""
        front = self._fit(views.front, 'front')
        if self._brain.pipeline.profile.progress_views == 1:
            return (front,)
        sides = {'left': views.left, 'right': views.right}
        return (front, *(front if rgb is None else self._fit(rgb, name) for name, rgb in sides.items()))

    def _fit(self, rgb: Rgb, name: str = 'goal') -> Rgb:
        """Copy an image, scaled down to what the model was trained with: cameras may write over theirs."""
        if not (isinstance(rgb, np.ndarray) and rgb.dtype == np.uint8 and rgb.ndim == 3 and rgb.shape[2] == 3):
            what = f'{rgb.dtype} {rgb.shape}' if isinstance(rgb, np.ndarray) else type(rgb).__name__
            raise BadRequest(f'the {name} image is {what}, but must be height x width x 3 of uint8')
        height, width = rgb.shape[:2]
        if not width or not height:
            raise BadRequest(f'the {name} image is {width}x{height}: it has no pixels')
        if self._brain.pipeline.profile.canvas:
            return np.array(self._brain.pipeline.letterbox(width, height).draw(rgb), order='C')
        return at_most(rgb, MOST_PIXELS)


@dataclass(frozen=True)
class _Reply:
    """What came of one request."""

    text: str = ''
    score: float = nan
    fault: str = ''
    code: ErrorCode = ErrorCode.OK


def _mode(name: str) -> Mode:
    try:
        return Mode(name)
    except ValueError:
        known = ', '.join(repr(mode.value) for mode in Mode)
        raise BadRequest(f'mode is {name!r}, but must be one of {known}') from None
