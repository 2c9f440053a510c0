# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""An answer as it is written: what ``Brain.stream`` gives."""

import queue
from collections.abc import Callable, Iterator
from types import TracebackType

from robobrain_ros.answer import Answer
from robobrain_ros.brain.jobs import Job
from robobrain_ros.errors import ErrorCode


class AnswerStream:
    """Pieces of the model's text in order, for one loop in one thread. Afterwards ``answer`` has everything.

    Leaving the loop or a ``with`` block before the end, or ``close``, ends the request with CANCELLED.
    """

    def __init__(self, submit: Callable[[Callable[[Job], None]], Job]) -> None:
        """Begin the request.

        :param submit: starts a job with the listener that it is given
        """
        self._texts: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        texts = self._texts  # not the stream itself: a job that knows it would keep it
        self._job = submit(lambda job: texts.put(job.answer.text))
        self._job.done.add_done_callback(lambda _: texts.put(None))

    def __iter__(self) -> Iterator[str]:
        """Wait for each piece of text; blocks until the answer has ended, however it ends."""
        told = ''
        try:
            while (text := self._texts.get()) is not None:
                if len(text) > len(told):
                    yield text[len(told) :]
                    told = text
        finally:
            self.close()
            self._texts.put(None)  # for whoever iterates once more: nothing is left

    @property
    def answer(self) -> Answer:
        """The whole answer, in success and in failure; blocks until it is there."""
        return self._job.done.result()

    def close(self) -> None:
        """End the request if it still runs; returns at once."""
        self._job.stop(ErrorCode.CANCELLED, 'the stream was closed')

    def __enter__(self) -> 'AnswerStream':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
