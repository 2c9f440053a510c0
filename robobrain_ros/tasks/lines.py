# Copyright 2026 robobrain_ros contributors
# SPDX-License-Identifier: Apache-2.0
# Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with
# the License. You may obtain a copy of the License at http://www.apache.org/licenses/LICENSE-2.0 Unless required by
# applicable law or agreed to in writing, software distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific language
# governing permissions and limitations under the License.

"""The keys outside of brackets: YAML's ``key: value`` lines with their indentation, and tags such as ``<box>``."""

import re

from robobrain_ros.tasks.keys import looks_technical

# 'key:' at the start of a line, behind bullets and numbers; one word, quoted or not. Sentences are no keys.
_KEY_LINE = re.compile(
    r'(?P<indent>[ \t]*(?:(?:[-*+>•#]+|[0-9]{1,3}[.)])[ \t]+)*)(?:\*\*|["\'`])?'
    r'(?P<key>(?:[^\s:={}\[\]()"\'`*,<>.]|\.(?=\w)){1,40})(?:\*\*|["\'`])?[ \t]*[:=](?:\*\*)?(?=\s|[\[({]|\Z)[ \t]*'
)
# the same in the middle of a line, right in front of a bracket: ', point: [', '"size": ['
_KEY_HERE = re.compile(r'(?:\A|[,;|]|\.(?=\s))[ \t]*["\'`]?([^\s:={}\[\]()"\'`*,<>.;|]{1,40})["\'`]?[ \t]*[:=][ \t]*\Z')
_BULLET = re.compile(r'[ \t]*(?:[-*+>•#]+|[0-9]{1,3}[.)])[ \t]')
_TAG = re.compile(r'<(/?)([\w-]+)(\s[^<>]*)?/?>')
_FORMATTING = frozenset({
    'b', 'i', 'p', 's', 'u', 'br', 'em', 'hr', 'li', 'ul', 'ol', 'td', 'tr', 'th', 'pre', 'div', 'code', 'span', 'body',
    'html', 'table', 'strong', 'section', 'details', 'ref', 'img', 'image', 'xml', 'root', 'document', 'message',
    'assistant', 'output', 'result', 'response', 'tool_call', 'function', 'eos', 'bos', 'det', 'json', 'solution',
})  # fmt: skip
"""Tags that say nothing about what they hold."""
_DEEPEST = 40
"""Tags inside of tags; deeper ones are passed over, so that time is linear in the text."""
_WORD = re.compile(r'(?!(?:and|then|to|or)\b|[和与])[^\W\d_]')


class Lines:
    """Knows which keys hold at a place of a text; asked for places in order, so that each line is looked at once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next = 0
        """Start of the first line that has not been looked at."""
        self._past = 0
        """End of the last group, or tag."""
        self._path: list[tuple[int, str]] = []
        """Indentation and key of the lines that the current one belongs to."""
        self._value = 0
        """Where the value of the current line begins, if it has a key; else its start."""
        self._waiting = False
        """The last line was a key without a value."""
        self._tags: list[str] = []
        self._hidden = 0
        """Tags that are open too deep to be looked at."""

    def keys(self, place: int) -> tuple[str, ...]:
        """The keys at a place, outermost first."""
        while self._next <= place:
            end = self._text.find('\n', self._next)
            end = len(self._text) if end < 0 else end
            self._look(self._text[self._next : end], self._next)
            self._next = end + 1
        path = [key for _, key in self._path]
        begin = max(self._past, place - 60)
        front = self._text[begin:place].rpartition('\n')
        before = front[2] if front[1] or begin == self._past else '?' + front[2]  # not the start of a line
        if here := _KEY_HERE.search(before):
            return (*path[:-1], here[1])
        words = _WORD.search(self._text, max(self._past, self._value), place)
        if path and words and not looks_technical(path[-1]):
            del path[-1]  # 'Answer: (1, 2). The plate is at (3, 4)': the key is for what follows it at once
        return tuple(path)

    def tags(self) -> tuple[str, ...]:
        """The tags that are open."""
        return tuple(self._tags)

    def skip(self, place: int) -> None:
        """Pass over what a group holds."""
        self._past = place
        if self._next <= place:
            end = self._text.find('\n', place)
            self._next = len(self._text) + 1 if end < 0 else end + 1

    def tag(self, token: str, end: int) -> None:
        """Take a tag into account: keys hold between its two ends."""
        self._past = end
        match = _TAG.fullmatch(token)
        name = match[2].lower() if match else ''
        if not match or name in _FORMATTING or token.endswith('/>'):
            return
        if not match[1] and len(self._tags) == _DEEPEST:
            self._hidden += 1
        elif not match[1]:
            self._tags.append(name)
        elif self._hidden:
            self._hidden -= 1
        elif name in self._tags:
            del self._tags[len(self._tags) - 1 - self._tags[::-1].index(name) :]

    def _look(self, line: str, start: int) -> None:
        if not line.strip():
            return
        match = _KEY_LINE.match(line)
        self._value = start + (match.end() if match else 0)
        if match:
            indent = len(match['indent'])
            self._path = [(column, key) for column, key in self._path if column < indent]
            self._path.append((indent, match['key']))
            self._waiting = not line[match.end() :].strip()
            return
        bullet = _BULLET.match(line)
        indent = len(line) - len(line.lstrip())
        belongs = bullet or (self._waiting and line.lstrip()[0] in '[({<')
        self._path = [(column, key) for column, key in self._path if column < indent or (belongs and column == indent)]
        self._waiting = False
