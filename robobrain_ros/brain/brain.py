"""The one pipeline: an image and an instruction -> prompt -> engine -> text -> values -> pixels -> metres.

The node, the command line and evaluation all ask through here. No ROS.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from robobrain_ros.answer import Answer, Target
from robobrain_ros.brain.frame import Frame, PreparedImage
from robobrain_ros.brain.jobs import Desk, Job, Policy, Stage
from robobrain_ros.engines.base import Engine, EngineState, Generation, Health
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.engines.supervision import supervise
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.letterbox import Letterbox
from robobrain_ros.geometry.locate import DepthRules, locate_targets, locate_waypoints
from robobrain_ros.tasks import TASKS, get_task
from robobrain_ros.tasks.base import Task
from robobrain_ros.tasks.profiles import Profile, Scale
from robobrain_ros.tasks.values import Parsed

CLOSE_S = 120.0
"""Closing waits for imports and for vLLM; after this long it raises, and the watcher process ends the engine."""


@dataclass(frozen=True)
class Settings:
    """What may change between two requests."""

    guided_decoding: bool = False
    """Force answers into the task's format by a grammar."""
    temperature: float = 0.0
    depth: DepthRules = field(default_factory=DepthRules)
    policy: Policy = Policy.QUEUE
    queue_size: int = 10


class Brain:
    """Answers requests with one engine. All methods may be called from any thread."""

    def __init__(self, engine: Engine, profile: Profile, settings: Settings | None = None) -> None:
        self.engine = engine
        self.profile = profile
        self.settings = settings or Settings()
        """Replace it at will: each request works with what it finds when it is accepted."""
        self._loop = LoopThread('robobrain-engine')
        self._desk = Desk()
        self._upkeep: asyncio.Task[Any] | None = None
        """Starts the engine, then watches it."""
        self._warm = False

    def start(self, report: Callable[[str], None], image_size: tuple[int, int] = (640, 480)) -> Future[None]:
        """Start the engine and run every task once at ``image_size`` (width, height); takes seconds to minutes.

        From then on the engine is started again whenever it dies.

        :param report: hears what is going on, in words, now and at later restarts; called in the engine's loop
        :returns: a future that is done when the brain can be asked, or raises EngineDead
        """

        async def start() -> None:
            self._upkeep = asyncio.current_task()
            await self._start(report, image_size)
            revive = lambda: self._start(report, image_size)  # noqa: E731
            self._upkeep = asyncio.create_task(supervise(self.engine, revive, report))

        return self._loop.submit(start())

    async def _start(self, report: Callable[[str], None], image_size: tuple[int, int]) -> None:
        self._warm = False
        await self.engine.start(report)
        report(f'warming up with images of {image_size[0]}x{image_size[1]}')
        grey = self._letterbox(*image_size).draw(np.full((image_size[1], image_size[0], 3), 127, np.uint8))
        tasks = [task for task in TASKS.values() if task.name in self.profile.prompts]
        took = await self.engine.warm_up(
            [self._generation(task, 'the table', grey, self.settings, 8) for task in tasks]
        )
        self._warm = True
        report(f'warm after {sum(took) / 1000:.1f} s; the last request took {took[-1]:.0f} ms')

    def health(self) -> Health:
        """The engine's state now; STARTING also while it warms up, when requests are answered, but slowly."""
        health = self.engine.health()
        cold = health.state is EngineState.READY and not self._warm
        return replace(health, state=EngineState.STARTING) if cold else health

    def ask(
        self,
        task: str,
        instruction: str,
        frame: Callable[[], Awaitable[Frame]],
        timeout: float = 60.0,
        report: Callable[[Job], None] = lambda job: None,
        settings: Settings | None = None,
    ) -> Job:
        """Accept a request; its job ends with an Answer, whatever happens. Does not block.

        :param task: a name in TASKS
        :param frame: gives the image when the request's turn comes; runs in the engine's loop, and may wait
        :param timeout: seconds until the request ends with TIMEOUT
        :param report: see Job
        :param settings: for this request only; None takes the brain's
        """

        async def work(job: Job, chosen: Settings) -> None:
            await self.question(job, await self.look(job, frame), chosen)

        check = lambda: get_task(task).prompt(instruction, self.profile)  # noqa: E731
        return self.accept(Answer(task, instruction), check, work, timeout, report, settings)

    def accept(
        self,
        answer: Answer,
        check: Callable[[], object],
        work: Callable[[Job, Settings], Coroutine[Any, Any, None]],
        timeout: float,
        report: Callable[[Job], None],
        settings: Settings | None,
    ) -> Job:
        """Accept work of any kind as one request; does not block.

        :param answer: what is known at its beginning
        :param check: raises BrainError for what is not to be accepted, before it can take another one's place
        :param work: updates the job, in the engine's loop, by ``look`` and ``question``
        """
        job = Job(answer, self._loop.loop, report)
        chosen = settings or self.settings

        def admit() -> None:
            try:
                check()
            except BrainError as error:
                job.refuse(error)
                return
            self._desk.admit(job, lambda: work(job, chosen), timeout, chosen.policy, chosen.queue_size)

        self._loop.loop.call_soon_threadsafe(admit)
        return job

    def stop_all(self, code: ErrorCode, message: str) -> None:
        """End all requests with this code; returns at once."""
        self._loop.loop.call_soon_threadsafe(self._desk.stop_all, code, message)

    def close(self) -> None:
        """End all requests, then the engine, also while it starts; blocks for some seconds.

        The brain cannot be used afterwards.
        """

        async def close() -> None:
            self._desk.stop_all(ErrorCode.CANCELLED, 'the engine is being shut down')
            if self._upkeep is not None:
                self._upkeep.cancel()
                await asyncio.wait([self._upkeep])
            await self.engine.close()

        try:
            self._loop.submit(close()).result(CLOSE_S)
        finally:
            self._loop.close()

    def _letterbox(self, width: int, height: int) -> Letterbox:
        """How the model sees an image of this size."""
        return Letterbox((width, height), self.profile.canvas or (width, height))

    def _generation(
        self, task: Task, instruction: str, rgb: np.ndarray, settings: Settings, max_tokens: int = 0
    ) -> Generation:
        return Generation(
            text=task.prompt(instruction, self.profile),
            image=rgb,
            max_tokens=max_tokens or task.max_tokens,
            request_id=uuid.uuid4().hex,
            stop=task.stop(self.profile),
            guide=task.guide(self.profile) if settings.guided_decoding else None,
            reply_prefix=self.profile.reply_prefix,
            temperature=settings.temperature,
        )

    def _see(self, frame: Frame) -> PreparedImage:
        rgb = frame.rgb()
        letterbox = self._letterbox(rgb.shape[1], rgb.shape[0])
        return PreparedImage(frame, letterbox, letterbox.draw(rgb))

    async def look(self, job: Job, get_frame: Callable[[], Awaitable[Frame]]) -> PreparedImage:
        """Take the image for a job, which may wait for it."""
        clock = _Clock(job.begin)
        timings = job.answer.timings
        job.update(Stage.WAITING_IMAGE)
        frame = await get_frame()
        timings.queue = clock.lap()
        at_once = frame.light and self.profile.canvas is None  # nothing to scale
        seen = self._see(frame) if at_once else await asyncio.to_thread(self._see, frame)
        timings.convert = clock.lap()
        job.update(Stage.PREFILL, image_size=seen.letterbox.image, frame_age=frame.age)
        return seen

    async def question(self, job: Job, seen: PreparedImage, settings: Settings) -> None:
        """Ask the model a job's task and instruction about an image; what comes back goes into the job.

        :raises BrainError: if nothing in the model's answer can be used
        """
        clock = _Clock(time.monotonic())
        timings = job.answer.timings
        task = get_task(job.answer.task)
        width, height = seen.letterbox.image
        finish = await self._generate(job, self._generation(task, job.answer.instruction, seen.image, settings), clock)

        job.update(Stage.PARSE)
        scale = self.profile.scale(*self.engine.input_size(*seen.letterbox.canvas))
        parsed = task.parse(job.answer.text, scale, self.profile, cut_short=finish == 'length')
        parsed = seen.letterbox.undo(parsed, scale)
        warnings = tuple(f'{item.text!r}: {item.reason}' for item in parsed.dropped)
        timings.parse = clock.lap()

        complete = finish != 'length' and all(item.repeat for item in parsed.dropped)
        job.update(Stage.PROJECT, warnings=warnings, complete=complete, steps=parsed.steps, reply=parsed.reply)
        _check(parsed, job.answer)
        targets = [*_points(parsed, scale, width, height), *_boxes(parsed, scale, width, height)]
        if targets:
            locate = locate_waypoints if task.name == 'trajectory' else locate_targets
            places = 'waypoints' if task.name == 'trajectory' else 'targets'
            located, faults = await asyncio.to_thread(seen.locate, lambda scene: locate(targets, scene, settings.depth))
            job.update(Stage.PROJECT, **{places: located.targets}, warnings=warnings + faults + located.reasons)
        timings.project = clock.lap()

    async def _generate(self, job: Job, generation: Generation, clock: '_Clock') -> str:
        """Stream the answer into the job; returns why it ended."""
        timings, text, tokens, finish = job.answer.timings, '', 0, ''
        async for delta in self.engine.generate(generation):
            if not delta.tokens and not delta.finish_reason:
                timings.prepare = clock.lap()
                continue
            if not tokens:
                timings.first_token = clock.lap()
            text, tokens, finish = text + delta.text, tokens + delta.tokens, delta.finish_reason
            job.update(Stage.DECODE, text=text, tokens=tokens, complete=finish == 'stop')
        timings.decode = clock.lap()
        if finish == 'abort':  # by nobody but the engine's end: requests are stopped by cancelling their task
            raise BrainError(ErrorCode.ENGINE_DEAD, 'the engine was ended meanwhile')
        if finish not in ('stop', 'length'):
            raise BrainError(ErrorCode.ENGINE_FAILED, f'the engine ended the answer early, reason {finish!r}')
        return finish


class _Clock:
    """Milliseconds between laps, steady."""

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


def _points(parsed: Parsed, scale: Scale, width: int, height: int) -> list[Target]:
    return [
        Target(scale.to_pixel(point.x, point.y, width, height), label=point.label, model_depth=point.depth)
        for point in parsed.points
    ]


def _boxes(parsed: Parsed, scale: Scale, width: int, height: int) -> list[Target]:
    """Targets at the boxes' centres."""
    targets = []
    for box in parsed.boxes:
        left, top = scale.to_pixel(box.x1, box.y1, width, height)
        right, bottom = scale.to_pixel(box.x2, box.y2, width, height)
        centre = ((left + right) / 2, (top + bottom) / 2)
        targets.append(Target(centre, (left, top, right, bottom), box.label))
    return targets
