# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What can go wrong between this process and a server, in sentences that name what mends it."""

import json
import math
from dataclasses import dataclass
from enum import Enum

import httpx

from robobrain_ros.engines.key_file import KEY_VARIABLE

LONGEST = 300
"""Characters of what a server says that are passed on."""
UNAVAILABLE = (502, 503, 504)
"""What a server, or the router before it, answers while the model is not there."""
DENIED = (401, 403, 404)
"""What a server answers to a key or a model's name that it does not know."""

KEY_PLACE = f'the file that server.api_key_file names (of a command: --api-key-file, or the variable {KEY_VARIABLE})'


class Kind(Enum):
    """What a fault says of the server, and of the request."""

    DROPPED = 'an idle connection was closed as it was used again: nothing has been read'
    GONE = 'nothing answers, or not any more'
    DENIED = 'the server is there, but not for us: key, model or address are wrong'
    FULL = 'the server takes no more requests now'
    FAILED = 'the server failed at this request'
    REFUSED = 'the server does not take this request, and no other would'


@dataclass
class Fault(Exception):
    """One failed exchange with a server.

    :param kind: decides who is asked next
    :param text: a sentence for people, without the key
    :param wait_s: how long the server wants to be left alone, seconds
    :param status: the HTTP status, if there was one
    """

    kind: Kind
    text: str
    wait_s: float = 0.0
    status: int = 0

    def __str__(self) -> str:
        return self.text


def of_transport(error: Exception, address: str, begun: bool, connect_s: float) -> Fault:
    """Make a fault of what httpx raises while nothing but the network is at work.

    :param begun: the server had begun to answer
    :param connect_s: how long a connection may take, seconds
    """
    said = str(error) or type(error).__name__
    if 'CERTIFICATE' in said.upper() or 'SSL' in said.upper():
        mend = "set the environment variable SSL_CERT_FILE to the file of the server's certificate authority"
        if 'WRONG_VERSION' in said.upper() or 'RECORD_LAYER' in said.upper():
            mend = 'it seems to speak http, not https: change server.url'
        return Fault(Kind.GONE, f'no secure connection to {address}: {said}; {mend}')
    if isinstance(error, httpx.ConnectTimeout):
        why = f'no connection within {connect_s:g} s'
        return Fault(Kind.GONE, f'{address}: {why}; check the name, the port, the network and the firewall')
    if isinstance(error, httpx.ConnectError):
        return Fault(Kind.GONE, f'{address}: {said}; check that the server runs, and that server.url is right')
    if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout | httpx.PoolTimeout):
        return Fault(Kind.GONE, f'{address} has not answered in time')
    if isinstance(error, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError):
        if begun:
            return Fault(Kind.GONE, f'{address}: the connection was cut in the middle of the answer ({said})')
        return Fault(Kind.DROPPED, f'{address}: the connection was closed without an answer ({said})')
    return Fault(Kind.GONE, f'{address}: {said}')


def of_status(status: int, headers: httpx.Headers, body: bytes, address: str, key: str, path: str) -> Fault:
    """Make a fault of an answer that is no success.

    :param key: that was sent, which no sentence repeats; empty if none was
    :param path: what was asked for, such as ``/v1/models``
    """
    said = without_key(told(body), key)
    where = f'{address} answers {status}'
    if status in (401, 403):
        sent, mend = ('to our key', 'check the key in') if key else ('without a key', 'put its key into')
        return Fault(Kind.DENIED, f'{where} {sent}: {said}; {mend} {KEY_PLACE}', status=status)
    if status == 404:
        return Fault(Kind.DENIED, f'{where} to {path}: {said}; check server.url and server.model', status=status)
    if status == 429:
        wait = _seconds(headers.get('retry-after', ''))
        return Fault(Kind.FULL, f'{where}, it is full: {said}', wait, status)
    if status in UNAVAILABLE:
        return Fault(Kind.GONE, f'{where}: {said}; the model is not there, or not yet', status=status)
    if status >= 500:
        return Fault(Kind.FAILED, f'{where}: {said}', status=status)
    if 300 <= status < 400:
        place = without_key(headers.get('location', ''), key)
        return Fault(Kind.DENIED, f'{where} and points to {place!r}; set server.url to that place', status=status)
    if status == 413:
        mend = "set server.image_format to 'jpeg', max_pixels lower, or the server's limit higher"
        return Fault(Kind.REFUSED, f'{where}: the request is too large; {mend}', status=status)
    return Fault(Kind.REFUSED, said if 400 <= status < 500 else f'{where}: {said}', status=status)


def told(body: bytes) -> str:
    """What a server says in an answer that is no success: its message, or the beginning of whatever it sent."""
    text = body.decode(errors='replace')
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    return message(value) or short(text) or 'it gives no reason'


def message(value: object) -> str:
    """Find the message in an answer of the forms that servers use; empty if there is none."""
    for _ in range(3):
        if not isinstance(value, dict):
            break
        value = value.get('error') or value.get('message') or value.get('detail')
    return short(value if isinstance(value, str) else json.dumps(value)) if value else ''


def short(text: str) -> str:
    """One line that can be shown: no control characters, and not too long."""
    line = ' '.join(''.join(letter if letter.isprintable() else ' ' for letter in text).split())
    return line if len(line) <= LONGEST else f'{line[:LONGEST]}...'


def without_key(text: str, key: str) -> str:
    """Take the key out of a text: some servers repeat it in what they say.

    :param key: empty if there is none
    """
    return text.replace(key, '***') if key else text


def _seconds(text: str) -> float:
    """How long Retry-After says; 1 where it says nothing, or a date."""
    try:
        seconds = float(text)
    except ValueError:
        return 1.0
    return seconds if 0 <= seconds < math.inf else 1.0
