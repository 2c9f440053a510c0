# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The console's life: it listens, runs its parts, and ends them in order."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn

from robobrain_ros.console.access import Access, Door
from robobrain_ros.console.app import App
from robobrain_ros.console.board import Board
from robobrain_ros.console.controls import Controls
from robobrain_ros.console.history import History
from robobrain_ros.console.questions import Questions
from robobrain_ros.console.robot import Robot
from robobrain_ros.console.watching import Watching

END_S = 1
"""So long browsers get to read what is left, seconds."""


@contextlib.contextmanager
def console(history: Path, token: str, port: int, node: str = '') -> Iterator[Door]:
    """Give the console as an ASGI application; behind the ``with`` block its threads and goals have ended.

    :param history: the file that keeps the answers
    :param token: what browsers have to bring; empty: this machine's own are let in
    :param port: that it will be found at
    :param node: full name of the robobrain node; empty: the first one that is found
    :raises OSError: if the history cannot be used
    """
    with contextlib.ExitStack() as parts:
        kept = History(history)
        parts.callback(kept.close)
        board = Board()
        robot = Robot(board, node)
        parts.callback(robot.close)
        questions, watching, controls = Questions(robot, board, kept), Watching(robot, board), Controls(robot, board)
        for part in (questions, watching, controls):
            parts.callback(part.close)
        app = App(board, robot, questions, watching, controls, kept)
        yield Door(app.asgi, Access(port, token))


class Server(uvicorn.Server):
    """Serves an application at a socket that listens already, and leaves signals to whoever runs it."""

    def __init__(self, door: Door, listening: socket.socket) -> None:
        config = uvicorn.Config(
            door,
            log_config=None,
            log_level='warning',
            access_log=False,
            lifespan='off',
            server_header=False,
            timeout_graceful_shutdown=END_S,
            limit_concurrency=200,
        )
        super().__init__(config)
        self._listening = listening

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none: KeyboardInterrupt ends ``serve_until_interrupted``, as it ends every command."""
        yield

    def serve_until_interrupted(self, ready: Callable[[], None]) -> None:
        """Serve until Ctrl-C or a signal that ends commands; blocks.

        :param ready: called once browsers are answered
        """

        async def serve() -> None:
            serving = asyncio.ensure_future(self.serve([self._listening]))
            while not self.started and not serving.done():
                await asyncio.sleep(0.01)  # uvicorn tells nobody
            if self.started:
                ready()
            try:
                await asyncio.shield(serving)
            except asyncio.CancelledError:
                self.should_exit = True
                await serving
                raise

        asyncio.run(serve())
