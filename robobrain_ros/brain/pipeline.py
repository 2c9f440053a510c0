# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One question about one image: prompt -> engine -> text -> values -> pixels -> metres. No ROS."""

import asyncio
import math
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from robobrain_ros.answer import Answer
from robobrain_ros.brain.frame import Frame, Rgb
from robobrain_ros.brain.jobs import Job, Policy, Stage
from robobrain_ros.brain.prepared_image import PreparedImage
from robobrain_ros.brain.targets import check_sure, targets
from robobrain_ros.engines.base import Engine, Generation
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode
from robobrain_ros.geometry.depth import DepthRules
from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.geometry.locate import locate_targets, locate_waypoints
from robobrain_ros.geometry.orientation import PoseOrientation
from robobrain_ros.tasks import MISSION, NAMES, TASKS, get_task
from robobrain_ros.tasks.base import Task
from robobrain_ros.tasks.calibration import Calibration
from robobrain_ros.tasks.certainty import Spelling, Token, with_certainty
from robobrain_ros.tasks.profiles import Profile
from robobrain_ros.tasks.values import Parsed

ALTERNATIVES = 3
"""So many of the likeliest tokens are asked for at each place of an answer that holds coordinates."""


@dataclass(frozen=True)
class Settings:
    """What may change between two requests."""

    guided_decoding: bool = False
    """Force answers into the task's format by a grammar."""
    temperature: float = 0.0
    """0 takes the likeliest token each time, so that the same question gets the same answer."""
    min_confidence: float = 0.0
    """A place that is less sure than this makes the answer UNSURE, 0 .. 1; 0 takes all, also of unknown confidence."""
    depth: DepthRules = field(default_factory=DepthRules)
    """How positions are read from the depth image."""
    orientation: PoseOrientation = PoseOrientation.RAY
    """Where z of poses points: ``surface``, ``ray``, ``down`` or ``none``, as in the parameter ``pose_orientation``."""
    policy: Policy = Policy.QUEUE
    """What happens to a request that comes while another one runs."""
    queue_size: int = 10
    """Requests that may wait, with policy QUEUE."""

    def __post_init__(self) -> None:
        """Take policy and orientation by their names, too.

        :raises BadRequest: for a policy or an orientation that there is not, and for numbers out of range
        """
        for name, kinds in (('policy', Policy), ('orientation', PoseOrientation)):
            value = getattr(self, name)
            try:
                object.__setattr__(self, name, kinds(value))
            except ValueError:
                names = ', '.join(repr(kind.value) for kind in kinds)
                raise BadRequest(f'{name} is {value!r}, but must be one of {names}') from None
        if not isinstance(self.min_confidence, int | float) or not 0 <= self.min_confidence <= 1:
            raise BadRequest(f'min_confidence is {self.min_confidence!r}, but must be a number in 0 .. 1')
        for name, value in (('temperature', self.temperature), ('queue_size', self.queue_size)):
            if not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise BadRequest(f'{name} is {value!r}, but must be a number that is not negative')


def generation(
    task: Task,
    instruction: str,
    rgb: Rgb,
    profile: Profile,
    *,
    request_id: str = '',
    max_tokens: int | None = None,
    settings: Settings | None = None,
) -> Generation:
    """What the engine is asked for one question: the only place where a prompt meets an image.

    :param instruction: what the user said
    :param rgb: the image as the model gets it, height x width x 3
    :param request_id: unique among the requests in flight; made up if empty
    :param max_tokens: where the answer is cut; None: where the task says
    :raises BadRequest: if the instruction is not fit for a prompt
    """
    settings = settings or Settings()
    return Generation(
        content=(rgb, task.prompt(instruction, profile)),
        max_tokens=task.max_tokens if max_tokens is None else max_tokens,
        request_id=request_id or uuid.uuid4().hex,
        stop=task.stop(profile),
        guide=task.guide(profile) if settings.guided_decoding else None,
        reply_prefix=profile.reply_prefix,
        temperature=settings.temperature,
        alternatives=ALTERNATIVES if task.places else 0,
    )


class Pipeline:
    """Asks one engine one question at a time; all coroutines belong to the engine's loop."""

    def __init__(self, engine: Engine, profile: Profile) -> None:
        self.engine = engine
        self.profile = profile
        """What the checkpoint was trained with."""

    def letterbox(self, width: int, height: int) -> Letterbox:
        """How the model sees an image of this size, in pixels."""
        return Letterbox((width, height), self.profile.canvas or (width, height))

    def rehearsal(self, tasks: Sequence[str], image_size: tuple[int, int], settings: Settings) -> list[Generation]:
        """Make the requests that warm an engine up: each task once, about a grey picture, with short answers.

        :param tasks: their names, at least one; a mission stands for all that it is made of
        :param image_size: (width, height) of the picture, pixels
        :raises BadRequest: for a task that does not exist, or none at all
        """
        if not tasks:
            raise BadRequest(f'no task is named to warm up for; there are {", ".join(NAMES)}')
        width, height = image_size
        grey = self.letterbox(width, height).draw(np.full((height, width, 3), 127, np.uint8))
        names = TASKS if MISSION in tasks else tasks
        chosen = [task for task in map(get_task, names) if task.name in self.profile.prompts]
        return [generation(task, 'the table', grey, self.profile, max_tokens=8, settings=settings) for task in chosen]

    async def look(self, job: Job, get_frame: Callable[[], Awaitable[Frame]]) -> PreparedImage:
        """Take the image for a job, which may wait for it.

        :param get_frame: gives the frame, or raises BrainError
        """
        clock = _Clock(job.begin)
        timings = job.answer.timings
        job.update(Stage.WAITING_IMAGE)
        frame = await get_frame()
        timings.queue = clock.lap()
        at_once = frame.light and self.profile.canvas is None  # nothing to scale
        image = self._prepare(frame) if at_once else await asyncio.to_thread(self._prepare, frame)
        timings.convert = clock.lap()
        job.update(Stage.PREFILL, image_size=image.letterbox.image, frame_age=frame.age)
        return image

    def _prepare(self, frame: Frame) -> PreparedImage:
        rgb = frame.rgb()
        letterbox = self.letterbox(rgb.shape[1], rgb.shape[0])
        return PreparedImage(frame, letterbox, letterbox.draw(rgb))

    async def question(self, job: Job, image: PreparedImage, settings: Settings) -> None:
        """Ask the model a job's task and instruction about an image; what comes back goes into the job.

        :raises BrainError: if nothing in the model's answer can be used
        """
        clock = _Clock(time.monotonic())
        timings = job.answer.timings
        task = get_task(job.answer.task)
        asked = generation(task, job.answer.instruction, image.rgb, self.profile, settings=settings)
        finish, spelled = await self._generate(job, asked, clock)

        job.update(Stage.PARSE)
        scale = self.profile.scale(*self.engine.input_size(*image.letterbox.canvas))
        parsed = task.parse(job.answer.text, scale, self.profile, finish == 'length', job.answer.instruction)
        parsed = with_certainty(parsed, Spelling(job.answer.text, spelled), scale)
        parsed = image.letterbox.undo(parsed, scale)
        warnings = (*image.frame.notes, *(f'{item.text!r}: {item.reason}' for item in parsed.dropped))
        timings.parse = clock.lap()

        complete = finish != 'length' and all(item.repeat for item in parsed.dropped)
        job.update(Stage.PROJECT, warnings=warnings, complete=complete, steps=parsed.steps, reply=parsed.reply)
        _check(parsed, job.answer)
        # what was looked for names what was found; waypoints are places where nothing is
        way = task.name == 'trajectory'
        label = '' if way else job.answer.instruction
        reliability = (self.profile.calibration or Calibration()).of(task.name)
        if places := targets(parsed, scale, image.letterbox, label, way, reliability):
            locate = locate_waypoints if way else locate_targets
            rules = replace(settings.depth, least_spread_m=reliability.depth_least_m)
            located, faults = await asyncio.to_thread(
                image.locate, lambda scene: locate(places, scene, rules), settings.orientation, way
            )
            found = {'waypoints' if way else 'targets': located.targets}
            job.update(Stage.PROJECT, **found, warnings=warnings + faults + located.reasons)
            check_sure(located.targets, settings.min_confidence)
        timings.project = clock.lap()

    async def _generate(self, job: Job, asked: Generation, clock: '_Clock') -> tuple[str, list[Token]]:
        """Stream the answer into the job; returns why it ended, and its tokens."""
        spelled: list[Token] = []
        timings, text, tokens, finish = job.answer.timings, '', 0, ''
        async for delta in self.engine.generate(asked):
            if not delta.tokens and not delta.finish_reason:
                timings.prepare = clock.lap()
                continue
            if not tokens:
                timings.first_token = clock.lap()
            text, tokens, finish = text + delta.text, tokens + delta.tokens, delta.finish_reason
            spelled += delta.spelled
            job.update(Stage.DECODE, text=text, tokens=tokens, complete=finish == 'stop')
        timings.decode = clock.lap()
        if finish == 'abort':  # by nobody but the engine's end: requests are stopped by cancelling their task
            raise BrainError(ErrorCode.ENGINE_DEAD, 'the engine was ended meanwhile')
        if finish not in ('stop', 'length'):
            raise BrainError(ErrorCode.ENGINE_FAILED, f'the engine ended the answer early, reason {finish!r}')
        return finish, spelled


class _Clock:
    """Milliseconds between laps, by a steady clock."""

    def __init__(self, begin: float) -> None:
        self._last = begin

    def lap(self) -> float:
        last, self._last = self._last, time.monotonic()
        return 1000 * (self._last - last)


def _check(parsed: Parsed, answer: Answer) -> None:
    """BrainError if the model's answer holds nothing that can be used."""
    if parsed.not_found:
        raise BrainError(ErrorCode.NOT_FOUND, f'the model does not see it: {answer.text!r}')
    if not (parsed.points or parsed.boxes or parsed.steps or parsed.reply):
        why = '; '.join(answer.warnings) or 'the answer is empty'
        raise BrainError(ErrorCode.UNPARSABLE, f'the answer {answer.text!r} has nothing for {answer.task}: {why}')
