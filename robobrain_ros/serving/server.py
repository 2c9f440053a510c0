# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The HTTP server's life: it begins on a running brain, outlives its engine's deaths, and ends before it."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from robobrain_ros.brain.brain import Brain
from robobrain_ros.engines.base import EngineState
from robobrain_ros.engines.vllm.embedded import EmbeddedEngine
from robobrain_ros.errors import BadRequest
from robobrain_ros.serving.ask import Cameras, own_app
from robobrain_ros.serving.checks import Refused
from robobrain_ros.serving.config import ServeConfig, listen
from robobrain_ros.serving.front import RETRY_S, Front

_log = logging.getLogger(__name__)

CLOSE_S = 2.0
"""How long clients get to read what is left, seconds."""


class HttpServer:
    """Serves a brain over HTTP, in the brain's own loop.

    :param brain: whose engine runs in this process: requests of both share one model in memory
    :param config: who may ask, and where
    :param cameras: the node's cameras; None: there are none
    :raises BadRequest: if the engine runs elsewhere
    """

    def __init__(self, brain: Brain, config: ServeConfig, cameras: Cameras | None = None) -> None:
        if not isinstance(brain.engine, EmbeddedEngine):
            raise BadRequest('only an engine that runs here can be served: let clients ask its server themselves')
        self._brain, self._engine, self._config = brain, brain.engine, config
        self._front = Front(
            config,
            max(self._engine.config.max_num_seqs - 1, 1),  # one place is the robot's
            self._theirs,
            own_app(brain, cameras),
            self._trouble,
        )
        self._name = config.served_name(brain.model)
        self._guests: Any = None
        self._app: ASGIApp | None = None
        self._building = asyncio.Lock()
        self._server: _Uvicorn | None = None
        self._task: asyncio.Task[None] | None = None
        self.port = 0
        """Where it listens, once ``start`` has returned."""

    @property
    def url(self) -> str:
        """What clients take as base URL."""
        host = f'[{self._config.host}]' if ':' in self._config.host else self._config.host
        return f'http://{host}:{self.port}/v1'

    @property
    def model_name(self) -> str:
        """What clients name as the model."""
        return self._name

    def start(self) -> None:
        """Listen; blocks for some seconds, while vLLM's server is imported. Not in the brain's loop.

        :raises BadRequest: if the port cannot be had
        """
        listening = listen(self._config)
        from robobrain_ros.engines.vllm import openai_app

        openai_app.preload()
        self.port = listening.getsockname()[1]
        self._brain.loop.submit(self._start(listening)).result()

    async def _start(self, listening: socket.socket) -> None:
        config = uvicorn.Config(
            self._front,
            log_config=None,
            log_level='warning',
            access_log=False,
            lifespan='off',
            server_header=False,
            timeout_graceful_shutdown=int(CLOSE_S),
        )
        self._server = _Uvicorn(config)
        self._task = asyncio.create_task(self._server.serve([listening]))
        with contextlib.suppress(Refused):
            await self._theirs()

    def close(self) -> None:
        """End it: streams that run get their end. Blocks for up to some seconds; any number of times."""
        if self._server is not None:
            self._brain.loop.submit(self._close()).result()

    async def _close(self) -> None:
        server, task = self._server, self._task
        self._server = self._task = None
        if server is None or task is None:
            return
        server.should_exit = True
        if self._guests is not None:
            await self._guests.end_all()
        await asyncio.wait([task], timeout=2 * CLOSE_S)
        task.cancel()

    def _trouble(self) -> str:
        health = self._brain.health()
        return '' if health.state is EngineState.READY else health.error or f'the engine is {health.state.value}'

    async def _theirs(self) -> ASGIApp:
        """The application of vLLM for the engine that runs now.

        :raises Refused: 503 while there is none
        """
        async with self._building:
            client = self._engine.client
            if client is None:
                raise Refused(503, self._trouble() or 'the engine is being started', {'Retry-After': str(RETRY_S)})
            if self._guests is None or self._guests.llm is not client:
                from robobrain_ros.engines.vllm.openai_app import Guests, openai_app

                guests = Guests(client, self._engine.until_idle)
                self._app = await openai_app(guests, self._name, self._engine.has_tools, self._config.image_hosts)
                self._guests = guests
                _log.info('HTTP clients find the model %s at %s', self._name, self.url)
            assert self._app is not None
            return self._app


class _Uvicorn(uvicorn.Server):
    """Leaves the process' signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
