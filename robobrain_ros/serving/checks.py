# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.


"""What an HTTP request must be before anything works on it."""

import hmac
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from robobrain_ros.serving.config import ServeConfig, is_loopback

LARGEST = 64 << 20
"""Bytes of a request's body: some dozens of photographs."""
_DEEPEST = 64
"""Levels of a request's JSON."""
_MOST_VALUES = 200_000
"""Values in a request's JSON: reading them holds up the robot's requests, too."""
_GRAMMAR = ('structured_outputs', 'response_format', 'tools', 'text')
"""Fields that become grammars. One is compiled at a time, for the robot's answers, too, and nothing can stop it."""
_LARGEST_GRAMMAR = 32 << 10
_COUNTED = re.compile(r'(?:min|max)(?:Length|Items|Properties)\\*"\s*:\s*([0-9]{1,18})')
_MOST_COUNTED = 20_000
"""Sum of the lengths in a grammar: it is compiled for each of them."""

Headers = Iterable[tuple[bytes, bytes]]


class Refused(Exception):
    """A request that is not worked on.

    :param status: of HTTP
    :param message: a sentence for the client
    :param headers: more of them for the response
    """

    def __init__(self, status: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers or {}

    def body(self) -> dict[str, Any]:
        """Return the error as OpenAI's API has it."""
        kind = 'invalid_request_error' if self.status < 500 else 'server_error'
        return {'error': {'message': str(self), 'type': kind, 'param': None, 'code': self.status}}


def admit(headers: Headers, config: ServeConfig) -> None:
    """Let in who has the key; without a key, who asked for this machine by a name that only this machine has.

    The latter keeps out web pages that a browser on this machine shows: the owner of such a page may let its host name
    stand for 127.0.0.1 (DNS rebinding).

    :raises Refused: 401 or 403
    """
    found = dict(headers)
    if config.api_key:
        kind, _, token = found.get(b'authorization', b'').partition(b' ')
        if kind.lower() != b'bearer' or not hmac.compare_digest(token.strip(), config.api_key.encode()):
            raise Refused(401, 'this server needs its API key as bearer token', {'WWW-Authenticate': 'Bearer'})
        return
    try:
        name = (urlsplit(b'//' + found.get(b'host', b'')).hostname or b'').decode('latin-1')
    except ValueError:  # as of '[::1'
        name = '?'
    if not (is_loopback(name) or name.endswith('.localhost')):
        raise Refused(403, f"without an API key this server answers for localhost, not for '{_short(name)}'")


def read_json(body: bytes, hosts: Iterable[str]) -> dict[str, Any]:
    """Read a request's JSON, and refuse images that would have to be fetched from other hosts.

    :param hosts: from which images may be fetched
    :raises Refused: 400
    """
    if body.count(b',') + body.count(b'[') + body.count(b'{') > _MOST_VALUES:
        raise Refused(400, f'the JSON has more than {_MOST_VALUES} values')
    try:
        read = json.loads(body)
        if b'\\ud' in body.lower():  # half of a pair is no text that could be told again
            json.dumps(read, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refused(400, f'the body is not JSON: {_short(error)}') from None
    if not isinstance(read, dict):
        raise Refused(400, f'the body must be a JSON object, not {type(read).__name__}')
    for url in _urls(read, 0):
        _check_url(url, frozenset(hosts))
    _check_places(read)
    _check_grammars(read)
    return read


def _check_places(read: dict[str, Any]) -> None:
    """One request takes one of the places that the model computes at a time: the robot's own is none of theirs."""
    for name in ('n', 'best_of'):
        if isinstance(read.get(name), int) and read[name] > 1:
            raise Refused(400, f'{name} is {_short(read[name])}, but must be 1: send several requests')
    if read.get('use_beam_search'):
        raise Refused(400, 'use_beam_search is set, but is not served here: it takes the places of several requests')
    prompts = read.get('prompt')
    if isinstance(prompts, list) and len(prompts) > 1 and not all(isinstance(token, int) for token in prompts):
        raise Refused(400, f'"prompt" holds {len(prompts)} prompts, but must be one: send several requests')


def _check_grammars(read: dict[str, Any]) -> None:
    for name in _GRAMMAR:
        if name in read:
            text = json.dumps(read[name])
            if len(text) > _LARGEST_GRAMMAR:
                raise Refused(400, f'"{name}" has {len(text)} characters, but may have {_LARGEST_GRAMMAR}')
            if (counted := sum(map(int, _COUNTED.findall(text)))) > _MOST_COUNTED:
                raise Refused(400, f'the lengths in "{name}" add up to {counted}, but may to {_MOST_COUNTED}')


def _urls(value: Any, depth: int) -> Iterator[str]:
    """Texts that stand for media anywhere in a request: under a key ``url``, or one that ends with ``_url``."""
    if depth > _DEEPEST:
        raise Refused(400, f'the JSON is nested more than {_DEEPEST} levels deep')
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str) and (key == 'url' or key.endswith('_url')):
                yield inner
            else:
                yield from _urls(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _urls(inner, depth + 1)


def _check_url(url: str, hosts: frozenset[str]) -> None:
    head = url[:2048].strip()
    if head[:5].lower() == 'data:':
        return
    with suppress(ValueError):  # what cannot be read is not allowed either
        parts = urlsplit(head)
        if parts.scheme in ('http', 'https') and parts.hostname in hosts:
            return
    raise Refused(
        400,
        f"an image is given as '{_short(head)}', but this server fetches nothing from there: send it as a data URL "
        '(data:image/jpeg;base64,...), or name the host in serve.image_hosts',
    )


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 80 else f'{text[:77]}...'
