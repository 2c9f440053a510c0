# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""What a server streams, read: server-sent events, chunks of a chat completion, and where its answer ends."""

import json
import math
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from typing import Any

from robobrain_ros.engines.base import Delta
from robobrain_ros.engines.server.faults import Fault, Kind, message, short
from robobrain_ros.tasks.certainty import Token

LONGEST_LINE = 1 << 20
"""Bytes. Chunks of an answer have some hundreds; a line without end would fill the memory."""
DONE = '[DONE]'


async def events(pieces: AsyncIterable[bytes]) -> AsyncIterator[dict[str, Any]]:
    """Read server-sent events with a JSON object each, up to the one that says that all is done.

    :param pieces: bytes as they come
    :raises Fault: for anything else, and for an object that tells of an error
    """
    async for line in _lines(pieces):
        if not line.startswith('data:'):
            if line and not line.startswith((':', 'event:', 'id:', 'retry:')):
                raise Fault(Kind.FAILED, f'the server sends no events: {short(line)!r}')
            continue  # between events, a comment that keeps the connection alive, or what we need not know
        data = line[5:].strip()
        if data == DONE:
            return
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise Fault(Kind.FAILED, f'the server sends an event that is no JSON object: {short(data)!r}')
        if error := value.get('error'):
            code = error.get('code') if isinstance(error, dict) else None
            ours = isinstance(code, int) and 400 <= code < 500
            raise Fault(Kind.REFUSED if ours else Kind.FAILED, message(value) or short(data))
        yield value


async def _lines(pieces: AsyncIterable[bytes]) -> AsyncIterator[str]:
    rest = b''
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b'\n')
        for line in whole:
            yield line.rstrip(b'\r').decode(errors='replace')
        if len(rest) > LONGEST_LINE:
            raise Fault(Kind.FAILED, f'the server sends a line of over {LONGEST_LINE} bytes')
    if rest:
        yield rest.rstrip(b'\r').decode(errors='replace')


class Reader:
    """Makes deltas of the chunks of one answer.

    :param max_tokens: the answer is cut after this many, should the server go on
    :param stop: the answer ends with the first of these that it contains, included; empty where the server sees to it
    """

    def __init__(self, max_tokens: int, stop: Sequence[str] = ()) -> None:
        self._max_tokens = max_tokens
        self._stop = tuple(stop)
        self._text = ''
        """What was passed on, where stop strings have to be found."""
        self._tokens = 0
        self.finish = ''
        """Why the answer ended; empty while it goes on."""
        self.ended_here = False
        """The answer was cut here: the server need not go on."""

    def read(self, chunk: dict[str, Any]) -> Delta | None:
        """Read a chunk; None if it brings nothing.

        :raises Fault: if it is no chunk of a chat completion
        """
        try:
            return self._read(chunk)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            shown = short(json.dumps(chunk))
            raise Fault(
                Kind.FAILED, f'the server sends what is no piece of an answer: {shown} ({short(repr(error))})'
            ) from None

    def _read(self, chunk: dict[str, Any]) -> Delta | None:
        text, spelled = '', tuple[Token, ...]()
        for choice in chunk['choices'][:1]:
            said = _text((choice.get('delta') or {}).get('content'))
            text, spelled = self._cut(said), _spelled(choice.get('logprobs'))
            self.finish = self.finish or _text(choice.get('finish_reason'))
        tokens = self._count(chunk.get('usage'), len(spelled) or bool(text))
        if self._tokens > self._max_tokens and not self.finish:
            self.finish, self.ended_here = 'length', True
        return Delta(text, tokens, '', spelled) if text or tokens or spelled else None

    def _count(self, usage: Any, guess: int) -> int:
        """How many tokens are new, by the server's count, which comes with every chunk, or at the end, or never."""
        counted = (usage or {}).get('completion_tokens')
        total = self._tokens + guess if counted is None else int(counted)
        new, self._tokens = max(total - self._tokens, 0), max(total, self._tokens)
        return new

    def _cut(self, text: str) -> str:
        """The text up to the end of the first stop string."""
        if not self._stop:
            return text
        before, self._text = self._text, self._text + text
        found = [(place, stop) for stop in self._stop if (place := self._text.find(stop)) >= 0]
        if not found:
            return text
        place, stop = min(found)
        self.finish, self.ended_here = 'stop', True
        return self._text[len(before) : place + len(stop)]


def _spelled(logprobs: Any) -> tuple[Token, ...]:
    """Read the tokens with their alternatives; none where the server tells none."""
    places = (logprobs or {}).get('content') or ()
    return tuple(
        Token(_text(place['token']), tuple(dict(map(_odds, (place, *(place.get('top_logprobs') or ())))).items()))
        for place in places
    )


def _odds(place: dict[str, Any]) -> tuple[str, float]:
    text, odds = _text(place['token']), float(place['logprob'])
    if math.isnan(odds):
        raise ValueError(f'the log-probability of {text!r} is no number')
    return text, odds


def _text(value: Any) -> str:
    """A text that may be missing."""
    if not isinstance(value, str | None):
        raise TypeError(f'{value!r} is no text')
    return value or ''
