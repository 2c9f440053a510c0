# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Runs the MCP server: over stdin and stdout, or over HTTP for who has the key."""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import uvicorn
from mcp.server import Server
from mcp.server.stdio import stdio_server
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from robobrain_ros.planners.tools import motion, server
from robobrain_ros.planners.tools.link import Link
from robobrain_ros.planners.tools.questions import QUESTIONS
from robobrain_ros.planners.tools.robot import Robot
from robobrain_ros.planners.tools.watching import WATCHING
from robobrain_ros.serving.checks import Refused, admit
from robobrain_ros.serving.config import ServeConfig, listen

PATH = '/mcp'
"""Where clients find it over HTTP, as MCP's clients expect it."""


@dataclass(frozen=True)
class Options:
    """What the command line says.

    :param brain: full name of the node robobrain
    :param timeout_s: time limit of a call that sets none, seconds
    :param motion_s: a motion is stopped after so many seconds; 0: there are no tools that move
    :param http: where to serve, and who may ask; None: stdin and stdout
    """

    brain: str
    timeout_s: float
    motion_s: float = 0.0
    http: ServeConfig | None = None


def run(options: Options) -> int:
    """Serve until the client is gone, or a signal; blocks. What is under way then is cancelled in the node.

    :returns: 0
    :raises BadRequest: if the port cannot be had
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format='robobrain mcp: %(message)s')
    serve = _http(options.http) if options.http else _stdio
    link = Link()
    failed: list[BaseException] = []
    ended = threading.Event()

    def work() -> None:
        try:
            robot = Robot(link, options.brain, options.timeout_s)
            moving = motion.tools(motion.Motion(robot, options.motion_s)) if options.motion_s else ()
            asyncio.run(serve(server.make(robot, (*QUESTIONS, *WATCHING, *moving))))
        except BaseException as error:
            if not _is_gone(error):
                failed.append(error)
        finally:
            ended.set()

    # not in the main thread: a read from stdin cannot be interrupted, and a signal must cancel what is under way
    threading.Thread(target=work, name='robobrain-mcp', daemon=True).start()
    try:
        ended.wait()
    finally:
        link.close()
    if failed:
        raise failed[0]
    return 0


def _is_gone(error: BaseException) -> bool:
    """Whether all that went wrong is that the client reads no more; anyio gives errors in groups."""
    group = getattr(error, 'exceptions', ())
    return all(map(_is_gone, group)) if group else isinstance(error, BrokenPipeError)


async def _stdio(served: 'Server[object]') -> None:
    async with stdio_server() as (reading, writing):
        await served.run(reading, writing, served.create_initialization_options())


def _http(config: ServeConfig) -> 'Callable[[Server[object]], Coroutine[Any, Any, None]]':
    listening = listen(config, '--host', '--port')
    host, port = listening.getsockname()[:2]
    place = f'[{host}]' if ':' in host else host

    async def serve(served: 'Server[object]') -> None:
        app = Admission(served.streamable_http_app(streamable_http_path=PATH, host=config.host), config)
        settings = uvicorn.Config(app, log_config=None, log_level='warning', access_log=False, server_header=False)
        print(f'robobrain mcp: serving at http://{place}:{port}{PATH}', file=sys.stderr, flush=True)
        await uvicorn.Server(settings).serve([listening])

    return serve


class Admission:
    """An ASGI application before another: only who may ask comes through."""

    def __init__(self, app: ASGIApp, config: ServeConfig) -> None:
        self._app, self._config = app, config

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return
        try:
            admit(scope['headers'], self._config)
        except Refused as refused:
            body = {'error': str(refused)}
            await JSONResponse(body, refused.status, refused.headers)(scope, receive, send)
            return
        gone = scope[server.GONE] = asyncio.Event()

        async def hear() -> Message:
            message = await receive()
            if message['type'] == 'http.disconnect':
                gone.set()
            return message

        await self._app(scope, hear, send)
