# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Requests in progress: what each one knows so far, who may run, and how every one of them comes to an end."""

import asyncio
import logging
import math
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from robobrain_ros.answer import Answer
from robobrain_ros.errors import BadRequest, BrainError, ErrorCode

_log = logging.getLogger(__name__)

LONGEST_S = 1e7
"""No request waits longer, some 4 months: asyncio takes no infinite time."""


class Stage(str, Enum):
    """Where a request is; the same names as in action/Query.action."""

    QUEUED = 'QUEUED'
    WAITING_IMAGE = 'WAITING_IMAGE'
    PREFILL = 'PREFILL'
    DECODE = 'DECODE'
    PARSE = 'PARSE'
    PROJECT = 'PROJECT'


class Policy(str, Enum):
    """What happens to a request that comes while another one runs."""

    QUEUE = 'queue'
    """It waits for its turn; the queue is bounded."""
    NEWEST_WINS = 'newest_wins'
    """It runs at once, and all others end with PREEMPTED."""
    REJECT = 'reject'
    """It ends with BUSY."""


@dataclass(eq=False)
class Job:
    """One request on its way to an answer. Read it from any thread; ``stop`` is the only way to change its course."""

    answer: Answer
    """What is known so far; the final one comes from ``done``."""
    loop: asyncio.AbstractEventLoop
    """Where the work is done."""
    report: Callable[['Job'], None] = lambda job: None
    """Called in the engine's loop at each new stage and each new piece of text; must not block."""
    stage: Stage = Stage.QUEUED
    begin: float = field(default_factory=time.monotonic)
    done: 'Future[Answer]' = field(default_factory=Future)
    """Gets the answer, always, and never an exception. Its ``cancel`` does nothing: call ``stop``."""
    _reason: tuple[ErrorCode, str] | None = None
    _task: 'asyncio.Task[None] | None' = None

    def __post_init__(self) -> None:
        self.done.set_running_or_notify_cancel()  # from here on it cannot be cancelled

    def update(self, stage: Stage, **known: object) -> None:
        """Note progress, and tell whoever listens."""
        self.stage = stage
        self.answer = replace(self.answer, **known)  # type: ignore[arg-type]
        try:
            self.report(self)
        except (Exception, SystemExit, KeyboardInterrupt):  # the listener's defect must cost neither answer nor loop
            _log.exception('nobody heard that request %r is at %s', self.answer.instruction, stage.value)

    def elapsed(self) -> float:
        """Seconds since the request was accepted."""
        return time.monotonic() - self.begin

    def stop(self, code: ErrorCode, message: str) -> None:
        """End it with this code and abort its work in the engine; from any thread. The first call counts."""
        if not self.done.done():
            self.loop.call_soon_threadsafe(self._stop, code, message)

    def _stop(self, code: ErrorCode, message: str) -> None:
        if self._reason is None and self._task is not None and not self._task.done():
            self._reason = (code, message)
            self._task.cancel()

    def start(self, work: Coroutine[Any, Any, None], timeout: float) -> None:
        """Run ``work``, which updates this job; to be called in the loop."""
        self._task = self.loop.create_task(work)
        self._task.add_done_callback(self._finish)
        timer = self.loop.call_later(timeout, self._stop, ErrorCode.TIMEOUT, f'no answer within {timeout:g} s')
        self._task.add_done_callback(lambda _: timer.cancel())

    def refuse(self, error: BrainError) -> None:
        """End it without any work; instead of ``start``."""
        self._end(error.code, str(error))

    def _finish(self, task: 'asyncio.Task[None]') -> None:
        # An exception knows the frames that it went through, and these know this job and its image: a cycle with the
        # task, in which megabytes would wait for the garbage collector.
        self._task = None
        error = None if task.cancelled() else task.exception()
        if task.cancelled():
            code, message = self._reason or (ErrorCode.CANCELLED, 'the brain is being closed')
        elif isinstance(error, BrainError):
            code, message = error.code, str(error)
        elif error is not None:
            what = f'request {self.answer.request_id} ({self.answer.task})'  # not what was asked: that may be private
            _log.error('%s failed by a defect', what, exc_info=error)
            code, message = ErrorCode.INTERNAL, f'{type(error).__name__}: {error}'
        else:
            code, message = self.answer.code, self.answer.message
        self._end(code, message)

    def _end(self, code: ErrorCode, message: str) -> None:
        self.answer.timings.total = 1000 * self.elapsed()
        complete = self.answer.complete and code is ErrorCode.OK
        self.answer = replace(self.answer, code=code, message=message, complete=complete)
        self.done.set_result(self.answer)


class Desk:
    """Decides which jobs run, by policy; lives in one event loop."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []
        self._turn = asyncio.Lock()

    def admit(
        self, job: Job, work: Callable[[], Coroutine[Any, Any, None]], timeout: float, policy: Policy, places: int
    ) -> None:
        """Start the job, or let it wait for its turn, or end it at once.

        :param work: does the job, updating it
        :param timeout: seconds until it ends with TIMEOUT, waiting included
        :param places: how many jobs may wait, for policy QUEUE
        :raises BadRequest: if the timeout is no number of seconds
        """
        timeout = _checked(timeout)
        self._jobs = [other for other in self._jobs if not other.done.done()]
        refusal = ''
        if policy is Policy.REJECT and self._jobs:
            refusal = 'another request is running, and preemption is "reject"'
        if policy is Policy.QUEUE and len(self._jobs) > places:
            refusal = f'{len(self._jobs) - 1} requests are waiting already, and queue_size is {places}'
        if refusal:
            job.refuse(BrainError(ErrorCode.BUSY, refusal))
            return
        if policy is Policy.NEWEST_WINS:
            self.stop_all(ErrorCode.PREEMPTED, f'a newer request came: {job.answer.instruction!r}')

        async def in_turn() -> None:
            async with self._turn:
                await work()

        self._jobs.append(job)
        job.update(Stage.QUEUED)
        job.start(in_turn(), timeout)

    async def until_idle(self, within_s: float) -> None:
        """Wait until the jobs that are here now have ended, or for so many seconds."""
        running = [asyncio.wrap_future(job.done) for job in self._jobs if not job.done.done()]
        if running:
            await asyncio.wait(running, timeout=within_s)

    def stop_all(self, code: ErrorCode, message: str) -> None:
        """End all jobs with this code."""
        for job in self._jobs:
            job._stop(code, message)


def _checked(timeout: float) -> float:
    """The timeout; BadRequest if it is no number of seconds."""
    if not isinstance(timeout, int | float) or math.isnan(timeout) or timeout < 0:
        raise BadRequest(f'timeout is {timeout!r}, but must be a number of seconds that is not negative')
    return min(float(timeout), LONGEST_S)
