"""JSON as models write it: in prose or code fences, single-quoted, with trailing commas, Python's words, or cut short.

Nothing is repaired: what is complete is read, what is not is marked. Time is linear in the text, nesting is bounded.
"""

import re
from dataclasses import dataclass
from typing import Any

from robobrain_ros.tasks.reading import NUMBER, STRING, drop, unquote
from robobrain_ros.tasks.values import Dropped

_DEEPEST = 8
# Lists start a value only where they hold objects, or where the text holds nothing else: prose has brackets, too.
_START = re.compile(r"""\{|\[(?=\s*\{)|\A(?:```[a-z]*\s*)?\[(?=\s*["'])""")
_TOKEN = re.compile(
    rf'\s*(?:(?P<mark>[{{}}\[\]:,])|(?P<string>{STRING})|(?P<number>{NUMBER})|(?P<word>[A-Za-z]+))', re.DOTALL
)
_WORDS = {'true': True, 'True': True, 'false': False, 'False': False, 'null': None, 'None': None}
_CUT_SHORT = 'cut short: it does not end'


class JsonObject(dict[str, Any]):
    """A JSON object and where it stands in the text: from ``start`` to ``end``, exclusive."""

    def __init__(self, start: int) -> None:
        super().__init__()
        self.start = start
        self.end = start
        self.flaw = ''
        """Why it is not complete; empty when it is. Values inside of it may be complete even so."""


class _Malformed(Exception):
    """The text stops being JSON."""


def read_values(text: str) -> tuple[list[Any], list[Dropped]]:
    """Every object and list in the text, outermost only, in order, and the unreadable ends of lists.

    Incomplete objects and lists are among them, with what they hold: see ``JsonObject.flaw``. Numbers are floats.
    """
    values: list[Any] = []
    dropped: list[Dropped] = []
    position = 0
    while start := _START.search(text, position):
        reader = _Reader(text, start.end() - 1)
        values.append(reader.read())
        dropped += reader.dropped
        position = max(reader.position, start.end())
    return values, dropped


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    start: int


class _Reader:
    """Reads the object or list at ``position``; afterwards ``position`` is where it ended or went wrong."""

    def __init__(self, text: str, position: int) -> None:
        self.text = text
        self.position = position
        self.open: list[JsonObject | list[Any]] = []
        self.dropped: list[Dropped] = []

    def read(self) -> Any:
        token = self._next()
        value = self._start(token)
        try:
            self._fill(value, token)
        except _Malformed as error:
            rest = self.text[self.position : self.position + 200].strip(' \n,`')
            if rest and isinstance(self.open[-1], list):
                self.dropped.append(drop(rest, str(error)))
            if str(error) == _CUT_SHORT:
                self.position = len(self.text)
            for item in self.open:
                if isinstance(item, JsonObject):
                    item.end = self.position
                    item.flaw = str(error)
        return value

    def _next(self) -> _Token:
        match = _TOKEN.match(self.text, self.position)
        if match and match.lastgroup:
            self.position = match.end()
            return _Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup))
        rest = self.text[self.position : self.position + 200].strip()
        if not rest or rest[0] in '"\'':  # a string that is not closed reaches to the end of the text
            raise _Malformed(_CUT_SHORT)
        raise _Malformed(f'malformed at {rest[:20]!r}')

    def _fail(self, token: _Token) -> _Malformed:
        self.position = token.start  # where another object may start
        return _Malformed(f'malformed at {self.text[token.start : token.start + 20]!r}')

    def _start(self, token: _Token) -> Any:
        """The value that a token starts; objects and lists still empty."""
        if token.kind == 'string':
            return unquote(token.text)
        if token.kind == 'number':
            return float(token.text)
        if token.text == '{':
            return JsonObject(token.start)
        if token.text == '[':
            return []
        if token.text in _WORDS:
            return _WORDS[token.text]
        raise self._fail(token)

    def _fill(self, value: JsonObject | list[Any], token: _Token) -> None:
        """Reads the items of an object or list up to its end."""
        if len(self.open) == _DEEPEST:
            raise self._fail(token)
        self.open.append(value)
        closer = '}' if isinstance(value, JsonObject) else ']'
        while (token := self._next()).text != closer:
            if isinstance(value, JsonObject):
                colon = self._next() if token.kind == 'string' else token
                if colon.text != ':':
                    raise self._fail(colon)
                key, token = unquote(token.text), self._next()
                item = value[key] = self._start(token)
            else:
                item = self._start(token)
                value.append(item)
            if isinstance(item, (JsonObject, list)):  # the holder has it by now, whatever becomes of it
                self._fill(item, token)
            comma = self._next()
            if comma.text != ',':
                if comma.text != closer:
                    raise self._fail(comma)
                self.position = comma.start
        if isinstance(value, JsonObject):
            value.end = self.position
        self.open.pop()
