# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""Asking a hub, with the patience that a download over days and bad networks needs.

Both hubs are plain HTTP with Range, so one loop on httpx serves both and checks every file in the same way. httpx drops
credentials when it is redirected to another host. The hubs' own clients are not used: huggingface_hub comes with vLLM,
in the version that vLLM wants, and a robot without an engine has neither; modelscope would need the same code again.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from urllib.request import getproxies, proxy_bypass

import httpx

from robobrain_ros import __version__
from robobrain_ros.weights.folder import Unusable, json_object
from robobrain_ros.weights.hubs import Hub
from robobrain_ros.weights.listing import Listing

ATTEMPTS = 7
"""A download gives up after so many failures in a row, when nothing came between them."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
"""Wait after the first failure, doubled with each; and the longest wait that a hub may ask for."""
CONNECT_S, SILENCE_S = 15.0, 30.0
"""Longest wait for a connection, and for the next bytes."""
MOST_LISTING = 32_000_000
"""Bytes of a listing."""


class HubError(RuntimeError):
    """A hub that cannot be reached, or does not give what it lists; the message is a sentence."""


class Again(Exception):
    """A failure that may pass.

    :param reason: what happened, in words
    :param after_s: so long the hub wants to be left alone, seconds; None: it says nothing
    :param mend: further words for whom it does not pass
    """

    def __init__(self, reason: str, after_s: float | None = None, mend: str = '') -> None:
        super().__init__(reason)
        self.after_s, self.mend = after_s, mend


class Patience:
    """Waits longer after each failure, and gives up after ``ATTEMPTS`` of them in a row.

    :param say: takes a line about each wait
    """

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say, self._failures = say, 0

    def reset(self) -> None:
        """Begin anew, since something has come."""
        self._failures = 0

    def wait(self, error: Again) -> None:
        """Wait; blocks up to a minute.

        :raises HubError: if it has been enough
        """
        self._failures += 1
        if self._failures >= ATTEMPTS:
            words = f'{error}, {ATTEMPTS} times in a row{error.mend}'
            raise HubError(f'{words}; what is there is kept: try the same command later')
        if (error.after_s or 0) > LONGEST_WAIT_S:
            raise HubError(f'{error}, and wants to be left alone for {error.after_s:.0f} s: try the same command then')
        wait = FIRST_WAIT_S * 2 ** (self._failures - 1) if error.after_s is None else error.after_s
        self._say(f'{error}; trying again in {wait:g} s')
        time.sleep(wait)


class Connection:
    """A client of one hub for one repository, for a ``with`` block.

    :param say: takes lines about what is waited for
    """

    def __init__(self, hub: Hub, repo: str, revision: str, say: Callable[[str], object]) -> None:
        self.hub, self.repo, self.revision, self.say = hub, repo, revision, say
        self._client = httpx.Client(
            headers={'User-Agent': f'robobrain_ros/{__version__}', 'Accept-Encoding': 'identity'},
            timeout=httpx.Timeout(SILENCE_S, connect=CONNECT_S),
            follow_redirects=True,
        )

    def __enter__(self) -> 'Connection':
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def listing(self) -> Listing:
        """Ask which files there are; blocks, for some minutes if the hub does not answer.

        :raises HubError: if it gives no answer
        :raises BadRequest: if there is no such repository, it is not for everybody, or its list cannot be trusted
        """
        url, patience = self.hub.listing_url(self.repo, self.revision), Patience(self.say)
        while True:
            try:
                data = b''
                with self.stream(url) as response:
                    for chunk in response.iter_bytes():
                        data += chunk
                        if len(data) > MOST_LISTING:
                            raise HubError(f'the list of files of {self.repo} does not end')
                break
            except Again as error:
                patience.wait(error)
        try:
            answer = json_object(data, f'what {self.hub.host} says about {self.repo}')
        except Unusable as error:
            raise HubError(f'{error}; does the network want you to sign in first?') from error
        return self.hub.read(self.repo, self.revision, answer)

    @contextmanager
    def stream(self, url: str, start: int = 0) -> Iterator[httpx.Response]:
        """Open a file of the hub, for a ``with`` block in which it is read.

        :param start: the first byte that is wanted
        :raises Again: also while it is read: for what may pass
        :raises HubError: for a refusal
        """
        headers = self.hub.headers() | ({'Range': f'bytes={start}-'} if start else {})
        try:
            with self._client.stream('GET', url, headers=headers) as response:
                self._judge(response)
                yield response
        except httpx.TimeoutException as error:
            raise Again(f'{self.hub.host} does not answer') from error
        except httpx.ConnectError as error:
            host = _host(error, self.hub.host)
            proxy = getproxies().get('https') and not proxy_bypass(host)
            way = ' through the proxy that HTTPS_PROXY names' if proxy else ''
            mend = f'. Is this machine online? HTTPS_PROXY names a proxy, {self.hub.mirror_variable} a mirror'
            raise Again(f'cannot reach {host}{way} ({error})', mend=mend) from error
        except httpx.TransportError as error:
            raise Again(f'the connection to {_host(error, self.hub.host)} was cut') from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:  # such as redirections in a circle
            raise HubError(f'{self.hub.host} leads nowhere: {type(error).__name__}') from error

    def _judge(self, response: httpx.Response) -> None:
        status, host = response.status_code, response.url.host
        if status in (408, 429) or status >= 500:
            after = response.headers.get('Retry-After', '')
            words = 'asks to slow down' if status == 429 else 'has a problem'
            raise Again(f'{host} {words} (HTTP {status})', int(after[:9]) if after.isdecimal() else None)
        if status in (200, 206, 416):
            return
        asked = httpx.URL(self.hub.endpoint)
        if (host, response.url.port) != (asked.host, asked.port):  # a server of files behind the hub
            words = f'{host}, to which {self.hub.name} leads, refuses a file (HTTP {status})'
            raise HubError(words) if status == 404 else Again(words)  # its addresses expire: the next is a new one
        code = response.headers.get('X-Error-Code', '')
        raise HubError(self.hub.refusal(status, code, self.repo, self.revision))


def _host(error: httpx.TransportError, otherwise: str) -> str:
    """Return whom a failed request was sent to: after a redirection, not the hub itself."""
    try:
        return error.request.url.host or otherwise
    except RuntimeError:  # it was not sent
        return otherwise
