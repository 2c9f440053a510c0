# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""Who may ask the console's server: this machine's own pages, or who has the token. No ROS in here.

Four doors are closed: other machines (127.0.0.1, or a token), other names for this one (DNS rebinding: Host), other
pages in the same browser (Origin, Sec-Fetch-Site, and JSON, which no form sends), and bodies without end.
"""

import asyncio
import hmac
import json
import logging
import secrets
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from robobrain_ros.serving.config import is_loopback

_log = logging.getLogger(__name__)

LARGEST = 64 << 10
"""Bytes of a request's body; a question has at most some thousand letters."""
BODY_S = 10.0
"""It has to be here after this long, seconds."""
HEADERS = {
    'content-security-policy': "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
}
"""Added to every response: nothing is loaded from elsewhere, and no other page shows this one."""


@dataclass(frozen=True)
class Access:
    """Who may ask.

    :param port: that the server listens on
    :param token: what a browser has to bring once, in the address; empty: only this machine's names are answered
    """

    port: int
    token: str = field(default='', repr=False)

    @property
    def cookie(self) -> str:
        """Name of the cookie that keeps the token; cookies do not know ports."""
        return f'robobrain_console_{self.port}'


def new_token() -> str:
    """Return a token that nobody guesses."""
    return secrets.token_urlsafe(24)


class Refused(Exception):
    """A request that is not worked on.

    :param status: of HTTP
    :param message: a sentence for whoever asks
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Door:
    """An ASGI application before another: it checks every request, and no defect passes without a line in the log."""

    def __init__(self, inside: ASGIApp, access: Access) -> None:
        self._inside, self._access = inside, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI says."""
        if scope['type'] == 'websocket':
            await send({'type': 'websocket.close', 'code': 1008})
        if scope['type'] != 'http':
            return
        begun = False

        async def sending(message: Message) -> None:
            nonlocal begun
            if message['type'] == 'http.response.start':
                begun = True
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, 'headers': [*message['headers'], *own]}
            await send(message)

        try:
            if self._lets_in_by_address(scope):
                await self._keep_token(scope, sending)
                return
            self._check(scope)
            if scope['method'] not in ('GET', 'HEAD'):
                receive = await _whole_body(receive)
            await self._inside(scope, receive, sending)
        except Refused as refused:
            if not begun:
                await reply(sending, refused.status, {'error': str(refused)})
        except Exception:
            _log.exception('%s %s failed by a defect', scope['method'], scope['path'][:200])
            if begun:
                raise  # uvicorn closes the connection: the browser sees that something is missing
            await reply(sending, 500, {'error': 'a defect of the console; its log has more'})

    def _lets_in_by_address(self, scope: Scope) -> bool:
        """Tell whether this is the address that was printed, with the token in it."""
        if not self._access.token or scope['method'] != 'GET' or scope['path'] != '/':
            return False
        try:
            given = parse_qs(scope['query_string'].decode('latin-1'), max_num_fields=20).get('token', [''])[0]
        except ValueError:
            return False
        return _same(given, self._access.token)

    async def _keep_token(self, scope: Scope, send: Send) -> None:
        """Put the token into a cookie, and away from the address, which others may see."""
        cookie = f'{self._access.cookie}={self._access.token}; HttpOnly; SameSite=Strict; Path=/; Max-Age=2592000'
        headers = [(b'location', b'/'), (b'set-cookie', cookie.encode()), (b'content-length', b'0')]
        await send({'type': 'http.response.start', 'status': 303, 'headers': headers})
        await send({'type': 'http.response.body', 'body': b''})

    def _check(self, scope: Scope) -> None:
        """Let in or refuse.

        :raises Refused: 400, 401, 403, 413 or 415
        """
        headers = {name.decode('latin-1').lower(): value.decode('latin-1') for name, value in scope['headers']}
        host = _Place.read(headers.get('host', ''))
        if host is None:
            raise Refused(400, 'the request names no host')
        if self._access.token:
            if not _same(_cookie(headers.get('cookie', ''), self._access.cookie), self._access.token):
                raise Refused(401, 'open the address that robobrain console has printed: it holds the token')
        elif not (is_loopback(host.name) or host.name.endswith('.localhost')):
            raise Refused(403, f"this server answers for localhost, not for '{host.name[:80]}'")
        origin = headers.get('origin')
        if origin is not None and _Place.read(_netloc(origin)) != host:
            raise Refused(403, f"the page '{origin[:80]}' is none of this server's")
        if scope['method'] in ('GET', 'HEAD'):
            # a link from elsewhere may open the page; no other page may show pictures of this one
            if headers.get('sec-fetch-site') == 'cross-site' and headers.get('sec-fetch-mode') != 'navigate':
                raise Refused(403, "a page of another host asked for this server's data")
            return
        if headers.get('sec-fetch-site', 'same-origin') != 'same-origin':
            raise Refused(403, 'only the pages of this server may change anything')
        if headers.get('content-type', '').partition(';')[0].strip().lower() != 'application/json':
            raise Refused(415, "the content type must be 'application/json'")
        length = headers.get('content-length', '0')
        if length.isdigit() and int(length) > LARGEST:
            raise _too_large()


@dataclass(frozen=True)
class _Place:
    """A host and its port, as headers name them."""

    name: str
    port: int | None

    @classmethod
    def read(cls, text: str) -> '_Place | None':
        try:
            parts = urlsplit(f'//{text}')
            return cls(parts.hostname, parts.port) if parts.hostname else None
        except ValueError:  # as of '[::1', or ':port'
            return None


def _netloc(origin: str) -> str:
    """Give the host and port of an Origin header; empty for 'null' and for what is none."""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return ''
    return parts.netloc if parts.scheme in ('http', 'https') else ''


async def _whole_body(receive: Receive) -> Receive:
    """Read a request's body, and return what gives it to the application, then whatever else comes.

    :raises Refused: 408 or 413
    """
    parts: list[bytes] = []

    async def read() -> None:
        while True:
            message = await receive()
            if message['type'] == 'http.disconnect':
                raise Refused(400, 'the client went away')
            parts.append(message.get('body', b''))
            if sum(map(len, parts)) > LARGEST:
                raise _too_large()
            if not message.get('more_body'):
                return

    try:
        await asyncio.wait_for(read(), BODY_S)
    except asyncio.TimeoutError:
        raise Refused(408, f'the body was not here after {BODY_S:g} s') from None
    whole: list[Message] = [{'type': 'http.request', 'body': b''.join(parts), 'more_body': False}]

    async def replay() -> Message:
        return whole.pop() if whole else await receive()

    return replay


def _too_large() -> Refused:
    return Refused(413, f'the body is larger than {LARGEST >> 10} KiB')


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode('utf-8', 'replace'), right.encode())


def _cookie(header: str, name: str) -> str:
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ''
    return found.value if found else ''


async def reply(send: Send, status: int, body: dict[str, Any]) -> None:
    """Send a response of JSON."""
    data = json.dumps(body, ensure_ascii=False).encode('utf-8', 'replace')
    headers = [(b'content-type', b'application/json'), (b'content-length', str(len(data)).encode())]
    await send({'type': 'http.response.start', 'status': status, 'headers': headers})
    await send({'type': 'http.response.body', 'body': data})
