# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The question that is being answered: it belongs to this process, so pages may come and go meanwhile."""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from typing import Any

from robobrain_ros.action import Query
from robobrain_ros.commands.querying import record
from robobrain_ros.console.board import Board
from robobrain_ros.console.history import History
from robobrain_ros.console.pictures import jpeg
from robobrain_ros.console.robot import Robot
from robobrain_ros.console.video import Video
from robobrain_ros.errors import ErrorCode
from robobrain_ros.msg import Answer as AnswerMessage
from robobrain_ros.ros import from_messages, topics
from robobrain_ros.ros.client import Client, NoReply, Rejected

_log = logging.getLogger(__name__)

TIMEOUT_S = 120.0
"""The longest that a question may take, missions included, seconds."""
PICTURE_S = 2.0
"""So long a question waits for the camera's first picture, which it is then drawn on, seconds."""
PICTURE, THUMBNAIL = 1920, 240
"""Pixels of the longer side of pictures that are kept."""
MATCH_S = 0.5
"""So often the chosen node is looked at: a client that is there before the question loses no reply, seconds."""
WORDS = 20_000
"""Letters of a partial answer that pages get."""


class Busy(Exception):
    """A question is being answered already."""


@dataclass(frozen=True)
class Question:
    """What a page asks: the fields of action ``~/query`` that it offers, checked already."""

    task: str
    instruction: str
    camera: str
    target_frame: str


class _Cancelled(Exception):
    """A page has cancelled the question."""


class Questions:
    """Asks one question at a time in a thread of its own.

    :param robot: whose chosen node is asked
    :param board: gets ``question``: what is known of the newest one
    :param history: gets the answers
    """

    def __init__(self, robot: Robot, board: Board, history: History) -> None:
        self._robot, self._board, self._history = robot, board, history
        self._lock = threading.Lock()
        self._asked: queue.SimpleQueue[Question | None] = queue.SimpleQueue()
        self._busy = False
        self._cancel = threading.Event()
        self._known: dict[str, Any] = {}
        self._held = ExitStack()
        self._client: Client | None = None
        self._found = False
        """The node that is asked has been there since the question began."""
        self._thread = threading.Thread(target=self._run, name='console-questions', daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Cancel what runs, in the node too, and end the thread; blocks for some seconds at the most."""
        self._cancel.set()
        self._asked.put(None)
        self._thread.join(5)

    def ask(self, question: Question) -> None:
        """Ask; does not block.

        :raises Busy: while another question is being answered
        """
        with self._lock:
            if self._busy:
                raise Busy('another question is being answered: cancel it, or wait for its answer')
            self._busy = True
            self._cancel.clear()
        self._asked.put(question)

    def cancel(self) -> bool:
        """Cancel the question that runs; tells whether there was one."""
        with self._lock:
            if self._busy:
                self._cancel.set()
            return self._busy

    def _run(self) -> None:
        with self._held:
            while (question := self._next()) is not None:
                self._try(question)

    def _next(self) -> Question | None:
        """Wait for a question; None: there will be none. Meanwhile hold a client of the chosen node."""
        while True:
            try:
                return self._asked.get(timeout=MATCH_S)
            except queue.Empty:
                if self._robot.name:
                    self._client_of(self._robot.name)

    def _client_of(self, name: str) -> Client:
        if self._client is None or self._client.name != (name or f'/{topics.NODE}'):
            self._held.close()
            self._client = self._held.enter_context(self._robot.client(name, self._check))
        return self._client

    def _check(self) -> None:
        if self._cancel.is_set():
            self._cancel.clear()  # the goal is cancelled next, and that takes waiting, too
            raise _Cancelled
        if self._found and self._client and not self._client.is_there():
            raise NoReply(f'{self._client.name} has ended')

    def _try(self, question: Question) -> None:
        try:
            self._answer(question)
        except Exception:
            _log.exception('a question could not be asked by a defect')
            self._end('INTERNAL', 'a defect of the console; its log has more')
        finally:
            with self._lock:
                self._busy = False

    def _answer(self, question: Question) -> None:
        name, begun = self._robot.name, time.monotonic()
        self._known = vars(question) | {
            'node': name,
            'asked_at': time.time(),
            'running': True,
            'stages': [['SENT', 0.0]],
            'text': '',
            'tokens': 0,
            'steps': [],
        }
        self._board.post('question', self._known)
        video = self._robot.views.video(question.camera)
        self._found = False
        try:
            client = self._client_of(name)
            with video.wanted() if video else nullcontext():
                client.wait_for_action(2.0)
                self._found = True
                message = self._ask(client, question, video, lambda heard: self._hear(heard, begun))
                self._keep(message, question, video, begun)
        except _Cancelled:
            self._end(ErrorCode.CANCELLED.name, 'cancelled here')
        except Rejected as error:
            self._end(ErrorCode.NOT_ACTIVE.name, str(error))
        except NoReply as error:
            self._end('NO_REPLY', str(error))

    def _ask(
        self, client: Client, question: Question, video: Video | None, hear: Callable[[Query.Feedback], None]
    ) -> AnswerMessage:
        """Ask about a picture that is here, or a newer one: the answer is drawn on it."""
        goal: dict[str, Any] = {}
        if video and (stamp := asyncio.run(video.newest_stamp(PICTURE_S))):
            goal['not_before'] = stamp
        return client.query(
            question.task,
            question.instruction,
            TIMEOUT_S,
            hear,
            camera=question.camera,
            target_frame=question.target_frame,
            **goal,
        )

    def _hear(self, heard: Query.Feedback, begun: float) -> None:
        stages = self._known['stages']
        if stages[-1][0] != heard.stage:
            stages = [*stages, [heard.stage, round(time.monotonic() - begun, 3)]]
        plan = AnswerMessage(steps=heard.steps)
        self._known = self._known | {
            'stages': stages,
            'text': heard.partial_text[-WORDS:],
            'tokens': heard.tokens,
            'steps': from_messages.answer(plan).to_dict()['steps'],
        }
        self._board.post('question', self._known)

    def _keep(self, message: AnswerMessage, question: Question, video: Video | None, begun: float) -> None:
        """Put the answer and the picture that it is about into the history, and tell the pages."""
        took = time.monotonic() - begun
        picture = thumbnail = None
        off = None
        if video and message.image_width and (found := video.at(message.header.stamp)):
            rgb, off = found
            picture, thumbnail = jpeg(rgb, PICTURE), jpeg(rgb, THUMBNAIL)
        kept = record(message, from_messages.answer(message)) | {
            'asked_at': self._known['asked_at'],
            'node': self._known['node'],
            'target_frame': question.target_frame,
            'stages': self._known['stages'],
            'took_s': round(took, 3),
            'has_picture': picture is not None,
            'picture_off_s': off,
        }
        number = self._history.add(kept, picture, thumbnail)
        self._known = self._known | {'running': False, 'number': number, 'answer': kept}
        self._board.post('question', self._known)
        self._board.post('history', number)

    def _end(self, code: str, message: str) -> None:
        self._known = self._known | {'running': False, 'failed': {'code': code, 'message': message}}
        self._board.post('question', self._known)
