# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""One server: its connections, what it offers, and whether it is there."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

import httpx

from robobrain_ros.engines.base import Delta, Generation
from robobrain_ros.engines.server.completion import Offers, body
from robobrain_ros.engines.server.config import ServerConfig
from robobrain_ros.engines.server.events import Reader, events
from robobrain_ros.engines.server.faults import Fault, Kind, of_status, of_transport, without_key
from robobrain_ros.engines.watchdog import Stalled, Watchdog

CONNECT_S = 5.0
"""Longest time to connect, seconds."""
QUICK_S = 10.0
"""Longest answer to a question that needs no model, seconds."""
END_S = 0.1
"""So long a connection may take to end behind an answer before another one is opened for the next, seconds."""
COMPLETIONS = '/v1/chat/completions'
_MOST_LISTED, _MOST_SAID = 1 << 24, 1 << 16
"""Bytes that are read of a list of models, and of a response that is no success."""


class Endpoint:
    """One server. All coroutines belong to one event loop; the connections stay open from one request to the next.

    :param address: without ``/v1``
    :param key: empty if the server wants none
    """

    def __init__(self, address: str, config: ServerConfig, key: str) -> None:
        self.address = address
        self.model = config.model
        """Its name on this server; empty until ``probe`` finds it."""
        self.offers = Offers()
        self.in_flight = 0
        self.fault = f'{address} has not been asked yet'
        """Why it is left out; empty while it is there."""
        self._key = key
        self._connect_s = min(CONNECT_S, config.timeout_s)
        self._timeout_s = config.timeout_s
        self._watchdog = Watchdog(config.timeout_s)
        headers = {'Authorization': f'Bearer {key}'} if key else {}
        timeout = httpx.Timeout(QUICK_S, connect=self._connect_s, read=min(QUICK_S, config.timeout_s))
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=16, keepalive_expiry=60.0)
        self._client = httpx.AsyncClient(headers=headers, timeout=timeout, limits=limits)

    def __repr__(self) -> str:
        return f'Endpoint({self.address!r}, {self.fault or "there"!r})'

    async def get(self, path: str) -> bytes:
        """Ask for something that needs no model.

        :param path: such as ``/v1/models``
        :returns: the body of the answer
        :raises Fault: for everything but success
        """
        try:
            async with self._client.stream('GET', self.address + path) as response:
                said = await _limited(response, _MOST_LISTED)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise of_transport(error, self.address, False, self._connect_s) from error
        if response.status_code != 200:
            raise of_status(response.status_code, response.headers, said, self.address, self._key, path)
        return said

    async def answer(self, generation: Generation, image_urls: Sequence[str]) -> AsyncGenerator[Delta, None]:
        """Stream an answer; closing the stream closes the connection, whereupon the server aborts the request.

        :param image_urls: its images, packed
        :raises Fault: whatever goes wrong with the server
        :raises EngineRefused: for what the server does not offer
        """
        asked = body(generation, image_urls, self.model, self.offers)
        reader = Reader(generation.max_tokens, () if 'stop' in asked else generation.stop)
        self.in_flight += 1
        try:
            async with aclosing(self.chunks(asked, generation.request_id)) as chunks:
                async for chunk in self._watchdog.watch(chunks):
                    delta = reader.read(chunk) if chunk else Delta()
                    if delta is not None:
                        yield delta
                    if reader.ended_here:
                        break
        except Stalled:
            raise Fault(
                Kind.GONE, f'{self.address} sent nothing for {self._timeout_s:g} s (server.timeout_s)'
            ) from None
        except Fault as fault:
            if not reader.finish:  # else all is there, but for what comes behind an answer
                raise Fault(fault.kind, without_key(fault.text, self._key), fault.wait_s, fault.status) from fault
        finally:
            self.in_flight -= 1
        if not reader.finish:
            raise Fault(Kind.GONE, f'{self.address}: the answer has no end: the connection was closed in its middle')
        if reader.finish == 'error':
            raise Fault(Kind.FAILED, f'{self.address} ended the answer with an error')
        yield Delta(finish_reason=reader.finish)

    async def chunks(self, asked: Mapping[str, Any], request_id: str) -> AsyncGenerator[dict[str, Any], None]:
        """Ask, and pass on the pieces of the answer; the first one is empty, and says that the server has begun.

        :param asked: the body of the request
        :param request_id: for the server's log
        :raises Fault: whatever goes wrong
        """
        begun = False
        # how long an answer may take is the watchdog's to say
        timeout = httpx.Timeout(None, connect=self._connect_s, write=self._timeout_s)
        headers = {'X-Request-Id': request_id}
        try:
            async with self._client.stream(
                'POST', self.address + COMPLETIONS, json=asked, headers=headers, timeout=timeout
            ) as response:
                status, kind = response.status_code, response.headers.get('content-type', '')
                if status != 200:
                    said = await _limited(response, _MOST_SAID)
                    raise of_status(status, response.headers, said, self.address, self._key, COMPLETIONS)
                if not kind.startswith('text/event-stream'):
                    raise Fault(Kind.FAILED, f'{self.address} answers with {kind!r} instead of a stream of events')
                begun = True
                yield {}
                pieces = response.aiter_bytes()
                async for event in events(pieces):
                    yield event
                await _end(pieces)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise of_transport(error, self.address, begun, self._connect_s) from error

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


async def _end(pieces: AsyncIterator[bytes]) -> None:
    """Wait a moment for the end of a stream that has said all: only then its connection can be used again."""
    step = asyncio.ensure_future(anext(pieces, None))
    try:
        await asyncio.wait([step], timeout=END_S)
    finally:
        step.cancel()
        await asyncio.wait([step])
        _ = step.cancelled() or step.exception()  # a connection that breaks now harms nobody


async def _limited(response: httpx.Response, most: int) -> bytes:
    """The body of an answer, no more than ``most`` bytes of it."""
    said = b''
    async for piece in response.aiter_bytes():
        said += piece
        if len(said) >= most:
            break
    return said[:most]
