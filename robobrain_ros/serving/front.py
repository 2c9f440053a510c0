# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""The front door for HTTP: it checks, counts and orders requests, and outlives the engine behind it."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from robobrain_ros.serving.checks import LARGEST, Refused, admit, read_json
from robobrain_ros.serving.config import ServeConfig

_log = logging.getLogger(__name__)

OWN = '/v1/robobrain/'
"""This package's own endpoints begin so."""
OPEN = ('/docs', '/openapi.json')
"""What describes them."""
THEIRS = frozenset(
    f'/{name}'
    for name in (
        *('v1/models', 'v1/chat/completions', 'v1/completions', 'v1/responses'),
        *('tokenize', 'detokenize', 'version', 'metrics'),
    )
)
"""vLLM's endpoints that clients get; its others change the engine, or belong to other kinds of models."""
BODY_S = 60.0
"""A request's body has to be here after this long, seconds."""
RETRY_S = 2
"""How long clients are told to wait before they try again, seconds."""


class Front:
    """An ASGI application before two others.

    :param config: who may ask, and how many at a time
    :param working: how many may be worked on at a time; the others wait
    :param theirs: gives vLLM's application; raises Refused while there is no engine
    :param own: this package's endpoints
    :param health: why nothing can be answered now; empty if all is well
    """

    def __init__(
        self,
        config: ServeConfig,
        working: int,
        theirs: Callable[[], Awaitable[ASGIApp]],
        own: ASGIApp,
        health: Callable[[], str],
    ) -> None:
        self._config, self._theirs, self._own, self._health = config, theirs, own, health
        self._turns = asyncio.Semaphore(working)
        self._count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's request, as ASGI says."""
        if scope['type'] == 'websocket':
            await send({'type': 'websocket.close', 'code': 1008})
        if scope['type'] != 'http':
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._answer(scope, receive, sending)
        except Refused as refused:
            await _reply(send, refused.status, refused.body(), refused.headers)
        except Exception:
            _log.exception('an HTTP request failed by a defect')
            if begun:
                raise  # uvicorn closes the connection: the client sees that something is missing
            defect = Refused(500, 'a defect of this server; its log has more')
            await _reply(send, defect.status, defect.body(), {})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope['path'].rstrip('/')
        if path == '/health':
            why = self._health()
            told = {'status': 'unavailable', 'reason': why} if why else {'status': 'ok'}
            await _reply(send, 503 if why else 200, told, {})
            return
        admit(scope['headers'], self._config)
        own = path.startswith(OWN) or path in OPEN
        if not own and path not in THEIRS:
            asked = f"{scope['method']} '{scope['path'][:80]}'"
            raise Refused(404, f"there is no {asked}; OpenAI's endpoints are below /v1, and /docs lists this package's")
        if scope['method'] != 'POST':
            await (self._own if own else await self._theirs())(scope, receive, send)
            return
        if self._count >= self._config.max_requests:
            raise Refused(429, f'{self._count} requests are being worked on; try again', {'Retry-After': str(RETRY_S)})
        self._count += 1
        try:
            body = await _body(scope, receive)
            read_json(body, self._config.image_hosts)
            inbox = _Inbox(body, receive)
            try:
                if own:  # waits in the robot's own queue
                    await self._own(scope, inbox.receive, send)
                elif await self._turn(inbox):
                    try:
                        await (await self._theirs())(scope, inbox.receive, send)
                    finally:
                        self._turns.release()
            finally:
                inbox.close()
        finally:
            self._count -= 1

    async def _turn(self, inbox: '_Inbox') -> bool:
        """Wait for a turn; False if the client goes first."""
        turn = asyncio.ensure_future(self._turns.acquire())
        try:
            await asyncio.wait([turn, inbox.gone], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if turn.done():
                self._turns.release()
            raise
        finally:
            if not turn.done():
                turn.cancel()
        return turn.done()


class _Inbox:
    """What still comes of a request whose body is here: only that the client is gone."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._first: Message | None = {'type': 'http.request', 'body': body, 'more_body': False}
        self.gone = asyncio.create_task(_disconnect(receive))

    async def receive(self) -> Message:
        first, self._first = self._first, None
        return await asyncio.shield(self.gone) if first is None else first

    def close(self) -> None:
        self.gone.cancel()


async def _disconnect(receive: Receive) -> Message:
    while (message := await receive())['type'] != 'http.disconnect':
        continue
    return message


async def _body(scope: Scope, receive: Receive) -> bytes:
    """The whole body.

    :raises Refused: if it is too large, or takes too long
    """
    too_large = Refused(413, f'the body is larger than {LARGEST >> 20} MiB', {'Connection': 'close'})
    length = dict(scope['headers']).get(b'content-length', b'0')
    if length.isdigit() and int(length) > LARGEST:
        raise too_large
    parts: list[bytes] = []

    async def read() -> bytes:
        size = 0
        while True:
            message = await receive()
            if message['type'] == 'http.disconnect':
                raise Refused(400, 'the client went away')
            parts.append(message.get('body', b''))
            size += len(parts[-1])
            if size > LARGEST:
                raise too_large
            if not message.get('more_body'):
                return b''.join(parts)

    try:
        return await asyncio.wait_for(read(), BODY_S)
    except asyncio.TimeoutError:
        raise Refused(408, f'the body was not here after {BODY_S:.0f} s', {'Connection': 'close'}) from None


async def _reply(send: Send, status: int, body: dict[str, Any], headers: dict[str, str]) -> None:
    data = json.dumps(body).encode()
    named = {'content-type': 'application/json', 'content-length': str(len(data))} | headers
    raw = [(name.lower().encode(), value.encode('latin-1')) for name, value in named.items()]
    await send({'type': 'http.response.start', 'status': status, 'headers': raw})
    await send({'type': 'http.response.body', 'body': data})
