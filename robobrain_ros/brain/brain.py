# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The brain: an engine's life, the queue before it, and one door for every task. No ROS.

The node, the command line, the evaluation and Python programs all ask through here.
"""

import asyncio
import logging
import os
import threading
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from robobrain_ros import checkpoints
from robobrain_ros.answer import Answer
from robobrain_ros.brain import mission
from robobrain_ros.brain.frame import Depth, Frame
from robobrain_ros.brain.jobs import Desk, Job, Policy
from robobrain_ros.brain.loading import engine_for
from robobrain_ros.brain.pipeline import Pipeline, Settings
from robobrain_ros.brain.stream import AnswerStream
from robobrain_ros.brain.upkeep import Upkeep
from robobrain_ros.engines.base import Engine, Health
from robobrain_ros.engines.loop import LoopThread
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.geometry.camera_model import CameraModel
from robobrain_ros.tasks import MISSION, NAMES, task_name
from robobrain_ros.tasks.profiles import Profile

_log = logging.getLogger(__name__)
T = TypeVar('T')

CLOSE_S = 120.0
"""Closing waits for imports and for vLLM; after this long it raises, and the watcher process ends the engine."""
TIMEOUT_S = 60.0
"""A request ends after this long, where nothing else is said."""


class Brain:
    """Answers requests with one engine. All methods may be called from any thread."""

    def __init__(self, engine: Engine, profile: Profile, settings: Settings | None = None) -> None:
        """Make a brain whose engine does not run yet: call ``start``; or take ``load``, which does both.

        It has a thread from here on; ``close`` ends it.
        """
        self.engine = engine
        self.pipeline = Pipeline(engine, profile)
        self.settings = settings or Settings()
        """Replace it at will: each request works with what it finds when it is accepted."""
        self.loop = LoopThread('robobrain-engine')
        """Where the engine's coroutines run."""
        self._process = os.getpid()
        self._closed = False
        self._door = threading.Lock()
        """Nothing gets into the loop's queue behind what closes it."""
        self._closing = threading.Lock()
        self._desk, self._guests = Desk(), Desk()
        self._upkeep = Upkeep(self.pipeline, lambda: self.settings)

    @property
    def model(self) -> str:
        """The model's name, which every answer carries; a server may tell it only when it is asked first."""
        profile = self.pipeline.profile
        return profile.name if profile.demonstration else self.engine.model

    @classmethod
    def load(
        cls,
        model: str | Path = checkpoints.TINY,
        device: str = 'auto',
        *,
        report: Callable[[str], None] = lambda text: None,
        settings: Settings | None = None,
        image_size: tuple[int, int] = (640, 480),
        warm_up: Sequence[str] = NAMES,
        **options: Any,
    ) -> 'Brain':
        """Load a checkpoint into an engine of this process and wait until it answers; takes seconds to minutes.

        Use it as a context manager, or call ``close``. The default is the tiny checkpoint that ships with the package:
        it knows the simulated table top and nothing else.

        :param model: directory of a checkpoint, or ``tiny``; or the address of an OpenAI-compatible server that runs
            the model, such as ``http://robot-server:9010``: then nothing is loaded here
        :param device: ``cpu``, ``cuda``, or ``auto``: what the installed torch offers
        :param report: hears what is going on, in words
        :param settings: for all requests that bring none of their own
        :param image_size: (width, height) in pixels that the engine warms up for; others work, the first a bit slower
        :param warm_up: names of the tasks that the engine warms up for; others work, the first a bit slower
        :param options: other fields of EngineConfig, such as ``quantization='fp8'``; of a server those of
            ServerConfig, such as ``api_key_file``, and ``served_model`` and ``profile`` where its names do not tell
        :raises BadRequest: for a directory without a model, or an option or a task that does not exist
        :raises EngineDead: if the model cannot be loaded, or the server cannot be used
        """
        brain = cls(*engine_for(model, device, options), settings)
        try:
            brain.start(report, image_size, warm_up).result()
        except BaseException:
            brain.close()
            raise
        return brain

    def __enter__(self) -> 'Brain':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # --- asking, from Python ----------------------------------------------------------------------------------------
    def ask(
        self,
        instruction: str,
        image: Any,
        *,
        task: str = 'pointing',
        depth: Depth | None = None,
        camera: CameraModel | None = None,
        timeout: float = TIMEOUT_S,
        settings: Settings | None = None,
    ) -> Answer:
        """Ask about a picture and wait for the answer.

        :param instruction: what to look for or what to do, such as ``the red mug``
        :param image: path of a file, height x width x 3 uint8 RGB array, PIL image, or Frame
        :param task: pointing, affordance, grounding, trajectory, planning, general or mission
        :param depth: height x width floats in metres along the optical axis, registered to the image; with ``camera``,
            targets get positions
        :param camera: the image's intrinsics
        :param timeout: seconds until the request ends with TIMEOUT, waiting for others included
        :param settings: for this request only
        :returns: always, also in failure: look at ``answer.code``, or call ``answer.raise_for_error()``
        """
        self.loop.forbid('ask')
        job = self._submit(instruction, image, task, depth, camera, timeout, settings)
        try:
            return job.done.result()
        except BaseException:  # such as Ctrl-C
            job.stop(ErrorCode.CANCELLED, 'nobody waits for the answer any more')
            raise

    async def ask_async(
        self,
        instruction: str,
        image: Any,
        *,
        task: str = 'pointing',
        depth: Depth | None = None,
        camera: CameraModel | None = None,
        timeout: float = TIMEOUT_S,
        settings: Settings | None = None,
    ) -> Answer:
        """Ask about a picture from a coroutine of any event loop; the parameters are those of ``ask``.

        Cancelling the coroutine ends the request in the engine, too. Do not change arrays before the answer is there.

        :returns: always, also in failure
        """
        job = self._submit(instruction, image, task, depth, camera, timeout, settings)
        try:
            return await asyncio.wrap_future(job.done)
        except asyncio.CancelledError:
            job.stop(ErrorCode.CANCELLED, 'the coroutine that asked was cancelled')
            raise

    def stream(
        self,
        instruction: str,
        image: Any,
        *,
        task: str = 'pointing',
        depth: Depth | None = None,
        camera: CameraModel | None = None,
        timeout: float = TIMEOUT_S,
        settings: Settings | None = None,
    ) -> AnswerStream:
        """Ask about a picture and read the model's text as it is written; the parameters are those of ``ask``.

        Do not change arrays before the answer is there.

        :returns: at once; iterating gives pieces of text, then ``.answer`` has the whole answer
        """
        return AnswerStream(
            lambda report: self._submit(instruction, image, task, depth, camera, timeout, settings, report)
        )

    def _submit(
        self,
        instruction: str,
        image: Any,
        task: str,
        depth: Depth | None,
        camera: CameraModel | None,
        timeout: float,
        settings: Settings | None,
        report: Callable[[Job], None] = lambda job: None,
    ) -> Job:
        async def frame() -> Frame:  # a file is read when the request's turn comes, beside the engine's loop
            return await asyncio.to_thread(Frame.of, image, depth, camera)

        return self.submit(task, instruction, frame, timeout, report, settings)

    # --- asking, from whoever has frames that come ------------------------------------------------------------------
    def submit(
        self,
        task: str,
        instruction: str,
        frame: Callable[[], Awaitable[Frame]],
        timeout: float = TIMEOUT_S,
        report: Callable[[Job], None] = lambda job: None,
        settings: Settings | None = None,
        request_id: str = '',
        guest: bool = False,
    ) -> Job:
        """Accept a request of any task; its job ends with an Answer, whatever happens. Does not block.

        A mission's answer has GroundedSteps, in its ``report`` already: all of them once the plan is there, and each
        one grounded when it is.

        :param task: a name in tasks.NAMES, in any case
        :param frame: gives the image when the request's turn comes; runs in the engine's loop, and may wait
        :param timeout: seconds until the request ends with TIMEOUT
        :param report: see Job
        :param settings: for this request only; None takes the brain's
        :param request_id: returned in the answer; empty: a unique one is made
        :param guest: it waits for other guests only, and takes no place of the robot's own requests
        """
        task = task_name(task) if isinstance(task, str) else task
        number, origin = request_id or uuid.uuid4().hex, self.engine.origin
        begun = Answer(task, instruction, model=self.model, model_origin=origin, request_id=number)
        job = Job(begun, self.loop.loop, report)
        chosen = settings or self.settings

        async def work() -> None:
            image = await self.pipeline.look(job, frame)
            if task == MISSION:
                await mission.Mission(self.pipeline, job, image, chosen).run()
            else:
                await self.pipeline.question(job, image, chosen)

        def admit() -> None:
            try:  # before it can take another one's place
                mission.check(task, instruction, self.pipeline.profile)
                desk, policy = (self._guests, Policy.QUEUE) if guest else (self._desk, chosen.policy)
                desk.admit(job, work, timeout, policy, chosen.queue_size)
            except BrainError as error:
                job.refuse(error)
            except Exception as error:
                _log.exception('a request could not be accepted by a defect')
                job.refuse(BrainError(ErrorCode.INTERNAL, f'{type(error).__name__}: {error}'))

        try:
            with self._opened():
                self.loop.loop.call_soon_threadsafe(admit)
        except BrainError as error:
            job.refuse(error)
        return job

    def begin(self, work: Callable[[], Coroutine[Any, Any, T]]) -> 'Future[T]':
        """Start a coroutine in the engine's loop, beside all requests; from any thread.

        :returns: a future with its result, which is cancelled if the brain is closed meanwhile
        :raises BrainError: ENGINE_DEAD if the brain is closed, or another process has loaded it
        """
        with self._opened():
            return self.loop.submit(work())

    @contextmanager
    def _opened(self) -> Iterator[None]:
        """Keep the brain from being closed for a moment."""
        if os.getpid() != self._process:
            raise BrainError(ErrorCode.ENGINE_DEAD, f'this brain belongs to process {self._process}: load another')
        with self._door:
            if self._closed:
                raise BrainError(ErrorCode.ENGINE_DEAD, 'the brain is closed')
            yield

    def stop_all(self, code: ErrorCode, message: str) -> None:
        """End all requests with this code; returns at once."""
        with self._door:
            if not self._closed:
                for desk in (self._desk, self._guests):
                    self.loop.loop.call_soon_threadsafe(desk.stop_all, code, message)

    async def until_idle(self, within_s: float) -> None:
        """Wait until the robot's requests have ended, or for so many seconds; to be awaited in the engine's loop."""
        await self._desk.until_idle(within_s)

    # --- the engine's life ------------------------------------------------------------------------------------------
    def start(
        self,
        report: Callable[[str], None],
        image_size: tuple[int, int] = (640, 480),
        warm_up: Sequence[str] = NAMES,
    ) -> Future[None]:
        """Start the engine and run each task of ``warm_up`` once; takes seconds to minutes.

        From then on the engine is started again whenever it dies.

        :param report: hears what is going on, in words, now and at later restarts; called in the engine's loop
        :param image_size: (width, height) in pixels of the picture that the tasks are run on
        :param warm_up: names of tasks; a mission runs all that it is made of
        :returns: a future that is done when the brain can be asked, or raises EngineDead; CancelledError if the brain
            is closed meanwhile
        """
        return self.loop.submit(self._upkeep.begin(report, image_size, warm_up))

    def health(self) -> Health:
        """The engine's state now; STARTING also while it warms up, when requests are answered, but slowly."""
        return self._upkeep.health()

    def close(self) -> None:
        """End all requests, then the engine, also while it starts; blocks for some seconds. Any number of times.

        The brain cannot be used afterwards: what is asked ends with ENGINE_DEAD.
        """
        self.loop.forbid('close')

        async def close() -> None:
            for desk in (self._desk, self._guests):
                desk.stop_all(ErrorCode.CANCELLED, 'the engine is being shut down')
            await self._upkeep.end()

        with self._closing:  # a second caller waits for the first
            with self._door:
                if self._closed:
                    return
                self._closed = True
                ended = self.loop.submit(close())
            try:
                ended.result(CLOSE_S)
            finally:
                self.loop.close()
