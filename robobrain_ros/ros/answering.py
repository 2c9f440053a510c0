# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The one way of a request, however it came: the brain is asked, the answer is published, and nobody waits in vain."""

import concurrent.futures
import threading
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

from rclpy.lifecycle import LifecycleNode
from rclpy.task import Future
from std_msgs.msg import Header

from robobrain_ros.answer import Answer
from robobrain_ros.brain.brain import Brain
from robobrain_ros.brain.jobs import Job
from robobrain_ros.errors import BrainError, ErrorCode
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.msg import Instruction
from robobrain_ros.ros import messages
from robobrain_ros.ros.camera.camera_frame import CameraFrame
from robobrain_ros.ros.camera.camera_input import CameraInput
from robobrain_ros.ros.outputs import Outputs
from robobrain_ros.ros.request import Request
from robobrain_ros.ros.transforms import Transforms

LOGGED = 200
"""Characters of an instruction that go into the log."""

Published: TypeAlias = tuple[Answer, AnswerMessage]


class ActiveNode(NamedTuple):
    """What answers requests while the node is active."""

    brain: Brain
    cameras: Mapping[str, CameraInput]
    outputs: Outputs
    transforms: Transforms


async def _frame(parts: ActiveNode, wanted: Request) -> CameraFrame:
    """Wait for the image that a request asks for.

    :raises BrainError: if it does not come, or the way to the frame that is asked for cannot be known
    """
    frame = await parts.cameras[wanted.camera].frame(wanted.not_before_ns, wanted.max_image_age, wanted.image_timeout)
    aim(frame, parts.transforms, wanted)
    return frame


def aim(frame: CameraFrame, transforms: Transforms, wanted: Request) -> None:
    """Let a frame know the way to the frame that a request wants positions in.

    :raises BadRequest: if that way cannot be known on this host
    """
    target, camera = wanted.target_frame, wanted.camera
    transforms.check(target, frame.header.frame_id, camera)
    frame.to_target = lambda header: transforms.lookup(target, header, wanted.tf_timeout, camera)


class Answering:
    """Answers requests while the node is active, refuses them while it is not, and brings every one to an end.

    :param node: its log gets one line a request; its executor runs ``ask``
    :param values: gives the parameters' values by name
    """

    def __init__(self, node: LifecycleNode, values: Callable[[], Mapping[str, Any]]) -> None:
        self._node = node
        self._values = values
        self._open: ActiveNode | None = None
        self._pending = 0
        self._stops: list[Callable[[], None]] = []
        """Each ends a piece of work that is no request of the brain."""
        self._idle = threading.Condition()

    @property
    def is_open(self) -> bool:
        """Whether requests are answered now."""
        return self._open is not None

    def open(self, parts: ActiveNode) -> None:
        """Answer requests from now on."""
        self._open = parts

    def shut(self) -> None:
        """Refuse requests from now on; those that run end with NOT_ACTIVE, soon after this returns."""
        with self._idle:
            if self._open is not None:
                self._open.brain.stop_all(ErrorCode.NOT_ACTIVE, 'the node was deactivated')
            self._open = None
            for stop in self._stops:
                stop()

    @contextmanager
    def at_work(self, stop: Callable[[], None]) -> Iterator[ActiveNode]:
        """Do work that is no request of the brain, but ends as requests do; yields what the active node has.

        :param stop: called by ``shut``, in any thread: lets the work end soon; ``wait`` waits for that
        :raises BrainError: NOT_ACTIVE if the node is not active
        """
        with self._idle:
            if self._open is None:
                raise BrainError(ErrorCode.NOT_ACTIVE, 'the node is not active')
            parts = self._open
            self._pending += 1
            self._stops.append(stop)
        try:
            yield parts
        finally:
            with self._idle:
                self._stops.remove(stop)
                self._pending -= 1
                self._idle.notify_all()

    def frame_of(self, camera: str) -> Callable[[], Awaitable[CameraFrame]]:
        """Return a function that waits for a camera's newest frame, by the parameters' limits of age and time.

        :param camera: one of the parameter cameras; empty: the default one
        :raises BrainError: BAD_REQUEST if there is no such camera; NOT_ACTIVE if the node is not active
        """
        wanted = Request.read(Instruction(camera=camera), self._values())
        parts = self._open
        if parts is None:
            raise BrainError(ErrorCode.NOT_ACTIVE, 'the node is not active')
        return lambda: _frame(parts, wanted)

    def wait(self, timeout_s: float) -> None:
        """Block until all clients have their answers, or for this many seconds; not in the executor's thread."""
        with self._idle:
            self._idle.wait_for(lambda: not self._pending, timeout_s)
        time.sleep(0.1)  # rclpy sends an action's result in a callback of its own, after ours

    async def ask(
        self,
        message: Any,
        report: Callable[[Job], None] = lambda job: None,
        started: Callable[[Job], None] = lambda job: None,
    ) -> AnswerMessage:
        """Ask the brain, publish the answer and return it, whatever goes wrong.

        :param message: with the fields of msg/Instruction.msg
        """
        try:
            return await self._answer(message, report, started)
        except BrainError as error:
            return self.refuse(_refusal(message, error.code, str(error)))
        except Exception as error:  # rclpy would leave a service's client without a reply
            self._node.get_logger().error(f'a request failed by a defect:\n{traceback.format_exc()}')
            return self.refuse(_refusal(message, ErrorCode.INTERNAL, f'{type(error).__name__}: {error}'))

    async def _answer(
        self, message: Any, report: Callable[[Job], None], started: Callable[[Job], None]
    ) -> AnswerMessage:
        wanted = Request.read(message, self._values())
        frames: list[CameraFrame] = []

        async def frame() -> CameraFrame:
            frame = await _frame(parts, wanted)
            frames.append(frame)
            return frame

        with self._idle:  # shut() must not come between: it would miss this job
            if self._open is None:
                raise BrainError(ErrorCode.NOT_ACTIVE, 'the node is not active')
            parts = self._open
            job = parts.brain.submit(
                wanted.task,
                wanted.instruction,
                frame,
                wanted.timeout,
                report,
                wanted.settings,
                wanted.request_id,
            )
            self._pending += 1
        outputs = parts.outputs  # not all parts: the desk remembers the last job, and so what publishes its answer

        def publish(answer: Answer) -> Published:
            image = frames[0] if frames else None
            return answer, outputs.publish(answer, image, wanted.camera, wanted.target_frame)

        try:
            started(job)
            # at once, where the job ends: this thread may be asleep, or busy with something else
            answer, message = await self._outcome(job, publish)
            self._log(answer)
            if frames:
                self._show(outputs, answer, frames[0], message.position_frame)
            return message
        finally:
            frames.clear()  # the job knows them by way of its callback, and the desk knows the job
            with self._idle:
                self._pending -= 1
                self._idle.notify_all()

    def _show(self, outputs: Outputs, answer: Answer, frame: CameraFrame, position_frame: str) -> None:
        try:
            outputs.show(answer, frame, position_frame)
        except Exception:  # costs the picture; the answer is out
            self._node.get_logger().error(f'an answer could not be drawn by a defect:\n{traceback.format_exc()}')

    def _log(self, answer: Answer) -> None:
        """One line a request, the same fields always, for people and for log tools."""
        logger = self._node.get_logger()
        line = (
            f'code={answer.code.name} task={answer.task} ms={answer.timings.total:.0f} tokens={answer.tokens} '
            f'frame_age_s={answer.frame_age:.3f} instruction={answer.instruction[:LOGGED]!r}'
        )
        if answer.success:
            logger.info(line)
        else:
            logger.warning(f'{line}: {answer.message}')

    def refuse(self, answer: Answer) -> AnswerMessage:
        """Log and publish the end of a request that the brain never heard of; returns it as a message."""
        self._log(answer)
        parts = self._open  # once: another thread may close it meanwhile
        model = parts.brain.model if parts else ''
        answer = replace(answer, model=model, request_id=answer.request_id or uuid.uuid4().hex)
        if parts:
            try:
                return parts.outputs.publish(answer, None, '', '')
            except Exception:  # the client gets its reply all the same
                why = traceback.format_exc()
                self._node.get_logger().error(f'an answer could not be published by a defect:\n{why}')
        return messages.answer(answer, Header(), '', '')

    def _outcome(self, job: Job, publish: Callable[[Answer], Published]) -> 'Future[Published]':
        """What ``publish`` makes of the job's answer, in the engine's loop, as a future that a callback can await."""
        executor = self._node.executor
        assert executor is not None
        future: Future[Published] = Future(executor=executor)

        def done(ended: 'concurrent.futures.Future[Answer]') -> None:  # must not know the job, which knows it: a cycle
            try:
                future.set_result(publish(ended.result()))
            except Exception as error:
                why = traceback.format_exc()
                self._node.get_logger().error(f'an answer could not be published by a defect:\n{why}')
                # its traceback knows the image, and the future: a cycle
                future.set_exception(error.with_traceback(None))
            executor.wake()  # after the result: an executor looks at pending coroutines once per wake

        job.done.add_done_callback(done)
        return future


def _refusal(message: Any, code: ErrorCode, reason: str) -> Answer:
    """The answer to a request that the brain did not get."""
    return Answer(message.task, message.instruction, code, reason, request_id=message.request_id)
